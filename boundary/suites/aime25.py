"""AIME 2025: both papers of the American Invitational Mathematics Examination, 30 integers.

Known of the hub's copy from public code that reads it: the configurations AIME2025-I and
AIME2025-II of 15 rows each, the split test, the columns ``question`` and ``answer``. One answer is
written with a degree sign there. No revision is pinned.
"""

import re
from collections.abc import Mapping
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

PAPERS = ("I", "II")
PER_PAPER = 15

_DEGREES = re.compile(r"\s*(?:\^\{?\\circ\}?|\\degree|\u00b0)\s*$")


def convert(row: Mapping[str, Any], index: int) -> Problem:
    """A row of the hub as a problem; answers lose leading zeros and the sign of degrees."""
    raw = str(row["answer"])
    answer = str(int(_DEGREES.sub("", raw.strip("$ "))))
    meta = {"source_id": str(index)}
    if raw != answer:
        meta["answer_raw"] = raw
    paper, number = divmod(index, PER_PAPER)
    return Problem(
        id=f"aime25-{PAPERS[paper]}-{number + 1:02d}",
        question=row["question"] if "question" in row else row["problem"],
        answer=answer,
        meta=meta,
    )


BENCHMARK = Benchmark(
    name="aime25",
    size=30,
    hub=HubSource(path="opencompass/AIME2025", configs=("AIME2025-I", "AIME2025-II"), split="test"),
    convert=convert,
)
