"""GSM8K: 1,319 grade-school word problems, the test half (Cobbe et al., arXiv 2110.14168)."""

from collections.abc import Mapping
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

# Stands before the gold answer, at the end of the worked solution.
MARK = "####"


def convert(row: Mapping[str, Any], index: int) -> Problem:
    """A row of the hub as a problem; the gold answer loses its thousands separators."""
    _, mark, answer = row["answer"].rpartition(MARK)
    if not mark or not answer.strip():
        raise ValueError(f"no answer after {MARK}")
    return Problem(
        id=f"gsm8k-{index:04d}",
        question=row["question"],
        answer=answer.strip().replace(",", ""),
        solution=row["answer"],
        meta={"source_id": str(index)},
    )


BENCHMARK = Benchmark(
    name="gsm8k",
    size=1319,
    hub=HubSource(
        path="openai/gsm8k",
        configs=("main",),
        split="test",
        revision="740312add88f781978c0658806c59bc2815b9866",
    ),
    convert=convert,
)
