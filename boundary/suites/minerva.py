r"""Minerva maths: 272 quantitative questions of MIT course material (arXiv 2206.14858).

Known of the hub's copy from public code that reads it: the split test, 272 rows, the columns
``question`` and ``answer``. Other copies have no answer but a worked solution with the answer in
``\boxed{…}``, and call the question ``problem``; they are read as well. No revision is pinned.
"""

from collections.abc import Mapping
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

_BOX = r"\boxed"


def convert(row: Mapping[str, Any], index: int) -> Problem:
    """A row of the hub as a problem; ids follow the order of the file."""
    solution = row.get("solution")
    return Problem(
        id=f"minerva-{index:04d}",
        question=row["question"] if "question" in row else row["problem"],
        answer=row["answer"] if row.get("answer") else boxed(row["solution"]),
        solution=solution,
        meta={"source_id": str(index)},
    )


def boxed(solution: str) -> str:
    r"""What the last ``\boxed{…}`` of a worked solution encloses.

    Raises:
        ValueError: There is none, or it is not closed.
    """
    start = solution.rfind(_BOX)
    depth = 0
    for place in range(start + len(_BOX), len(solution)):
        depth += {"{": 1, "}": -1}.get(solution[place], 0)
        if depth == 0:
            break
    else:
        start = -1
    if start < 0:
        raise ValueError(f"no answer in {_BOX}")
    return solution[start + len(_BOX) : place].removeprefix("{").strip()


BENCHMARK = Benchmark(
    name="minerva",
    size=272,
    hub=HubSource(path="math-ai/minervamath", split="test"),
    convert=convert,
)
