"""AIME 2024: both papers of the American Invitational Mathematics Examination, 30 integers."""

import re
from collections.abc import Mapping
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

# The page of a problem names its paper and number, such as 2024_AIME_II_Problems/Problem_7.
_PAGE = re.compile(r"AIME_(I{1,2})_Problems/Problem_(\d+)")


def convert(row: Mapping[str, Any], _: int) -> Problem:
    """A row of the hub as a problem; answers lose the leading zeros of the answer sheet."""
    page = _PAGE.search(row["url"])
    if page is None:
        raise ValueError(f"no paper and number in {row['url']!r}")
    raw = str(row["answer"])
    answer = str(int(raw))
    meta = {"source_id": str(row["id"])}
    if raw != answer:
        meta["answer_raw"] = raw
    return Problem(
        id=f"aime24-{page[1]}-{int(page[2]):02d}",
        question=row["problem"],
        answer=answer,
        solution=row["solution"],
        meta=meta,
    )


BENCHMARK = Benchmark(
    name="aime24",
    size=30,
    hub=HubSource(
        path="HuggingFaceH4/aime_2024",
        split="train",
        revision="2fe88a2f1091d5048c0f36abc874fb997b3dd99a",
    ),
    convert=convert,
)
