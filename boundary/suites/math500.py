"""MATH-500: 500 competition problems of the MATH test set (Lightman et al., arXiv 2305.20050)."""

from collections.abc import Mapping
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource


def convert(row: Mapping[str, Any], index: int) -> Problem:
    """A row of the hub as a problem; ids follow the order of the file."""
    return Problem(
        id=f"math500-{index:04d}",
        question=row["problem"],
        answer=row["answer"],
        solution=row["solution"],
        meta={"level": int(row["level"]), "subject": row["subject"], "source_id": row["unique_id"]},
    )


BENCHMARK = Benchmark(
    name="math500",
    size=500,
    hub=HubSource(
        path="HuggingFaceH4/MATH-500",
        split="test",
        revision="6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
    ),
    convert=convert,
)
