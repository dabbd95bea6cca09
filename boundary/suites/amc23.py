"""AMC 2023: 40 problems of both AMC 12 papers, reworded so that each answer is an integer.

The two papers have 50 problems; those whose answer is no number were left out by whoever made the
set, so ids have gaps. Known of the hub's copy from public code that reads it: the split test, 40
rows, the columns ``question``, ``answer`` and ``url``; a sister copy holds answers as floats (27.0)
and numbers its rows in ``id``. The pages in ``url`` give the ids here. No revision is pinned.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

# The page of a problem names its paper and number, such as 2023_AMC_12A_Problems/Problem_7.
_PAGE = re.compile(r"2023_AMC_12([AB])_Problems/Problem_(\d+)")

# How the source counts: the pages of a paper in the order of their names, Problem_10 before
# Problem_2.
_PLACES = {
    (paper, number): 25 * half + place
    for half, paper in enumerate("AB")
    for place, number in enumerate(sorted(map(str, range(1, 26))))
}


def convert(row: Mapping[str, Any], _: int) -> Problem:
    """A row of the hub as a problem; whole answers lose their decimal point."""
    page = _PAGE.search(row["url"])
    if page is None:
        raise ValueError(f"no paper and number in {row['url']!r}")
    answer = Fraction(str(row["answer"]))
    if answer.denominator != 1:
        raise ValueError(f"the answer {row['answer']!r} is no whole number")
    return Problem(
        id=f"amc23-{_PLACES[page[1], page[2]]:02d}",
        question=row["question"] if "question" in row else row["problem"],
        answer=str(answer),
        meta={"source_id": page[0]},
    )


BENCHMARK = Benchmark(
    name="amc23",
    size=40,
    hub=HubSource(path="math-ai/amc23", split="test"),
    convert=convert,
)
