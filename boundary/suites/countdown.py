"""Countdown: reach a target from some numbers with + - * /, each number used exactly once.

Two sets, under two names because they hold other problems:

- ``countdown``: 256 problems with three numbers, the test set of d1 (arXiv 2504.12216); it lies on
  no hub and is read from a local ``countdown_3.jsonl`` with ``nums`` and ``target``;
- ``countdown_3to4``: 1,024 problems with three or four numbers, the rows from 327,680 on of the
  hub's set, which the recipe of TinyZero keeps for its test.

Many answers are right, so the gold answer is one valid equation: the one the copy brings, or else
the first that an exhaustive search finds. The verifier reads ``nums`` and ``target`` in ``meta``.

Known of the hub's copy from public code that reads it: the one split train, the columns ``nums``
and ``target``. No revision is pinned.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from boundary.errors import SuiteError
from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

FIRST_ROW, TEST_ROWS = 327_680, 1_024

Term = tuple[int, int, str]
"""A value as a fraction, not reduced, and the expression that has it."""


def convert(row: Mapping[str, Any], index: int) -> Problem:
    """A row of the hub as a problem; the gold answer is still the bare target."""
    nums, target = [int(number) for number in row["nums"]], int(row["target"])
    return Problem(
        id=f"countdown-3to4-{index:04d}",
        question=f"Using the numbers {nums}, create an equation that equals {target}. "
        "Use each number exactly once with + - * /.",
        answer=str(target),
        meta={"nums": nums, "target": target, "source_id": str(FIRST_ROW + index)},
    )


def with_equations(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The same problems, each with a valid equation as its gold answer.

    Raises:
        SuiteError: A problem has no numbers or target, or no equation at all.
    """
    return tuple(replace(problem, answer=_equation(problem)) for problem in problems)


def _equation(problem: Problem) -> str:
    nums, target = problem.meta.get("nums"), problem.meta.get("target")
    if not (isinstance(nums, list) and all(type(n) is int for n in nums) and type(target) is int):
        raise SuiteError(
            f"problem {problem.id!r} has no list of whole numbers 'nums' and whole 'target'",
            remedy="replace the copy with one that has both in each line",
        )
    found = problem.solution or solve(nums, target)
    if found is None:
        raise SuiteError(
            f"problem {problem.id!r} has no solution: {nums} do not make {target}",
            remedy="replace the copy it was read from",
        )
    return f"{found} = {target}"


def solve(nums: Sequence[int], target: int) -> str | None:
    """The first expression found that uses each number once and equals the target, or ``None``."""
    found = _reached([(number, 1, str(number)) for number in nums], target)
    return found.removeprefix("(").removesuffix(")") if found and len(nums) > 1 else found


def _reached(terms: list[Term], target: int) -> str | None:
    if len(terms) == 1:
        above, below, text = terms[0]
        return text if above == target * below else None
    for i, one in enumerate(terms):
        for j, other in enumerate(terms[:i]):
            rest = [term for place, term in enumerate(terms) if place not in (i, j)]
            for made in _combined(other, one):
                if found := _reached([*rest, made], target):
                    return found
    return None


def _combined(one: Term, other: Term) -> Iterator[Term]:
    (a, b, left), (c, d, right) = one, other
    yield a * d + c * b, b * d, f"({left} + {right})"
    yield a * c, b * d, f"({left} * {right})"
    yield a * d - c * b, b * d, f"({left} - {right})"
    yield c * b - a * d, b * d, f"({right} - {left})"
    if c:
        yield a * d, b * c, f"({left} / {right})"
    if a:
        yield c * b, a * d, f"({right} / {left})"


BENCHMARK = Benchmark(
    name="countdown",
    size=256,
    hub=None,
    convert=convert,
    template="r1@rlvr",
    verifier="countdown",
    files=("countdown_3",),
    arrange=with_equations,
)

BENCHMARK_3TO4 = Benchmark(
    name="countdown_3to4",
    size=TEST_ROWS,
    hub=HubSource(
        path="Jiayi-Pan/Countdown-Tasks-3to4",
        split="train",
        rows=(FIRST_ROW, FIRST_ROW + TEST_ROWS),
    ),
    convert=convert,
    template="r1@rlvr",
    verifier="countdown",
    arrange=with_equations,
)
