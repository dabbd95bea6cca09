import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.records import Finish, Outcome, Problem, Sample
from boundary.suites.countdown import BENCHMARK_3TO4, FIRST_ROW, TEST_ROWS, solve, with_equations
from boundary.verifiers import Task
from boundary.verifiers.countdown import CountdownVerifier
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, countdown_hub, needs_shared, write


def is_right(problem: Problem) -> bool:
    """Whether the verifier takes the gold answer for right."""
    sample = Sample(problem.id, 0, 0, f"<answer>{problem.answer}</answer>", None, None, Finish.STOP)
    (verdicts,) = CountdownVerifier().judge([Task(problem, sample, "answer_tag")])
    return {v.outcome for v in verdicts} == {Outcome.CORRECT}


def test_the_hubs_fields_are_mapped(hub: Hub) -> None:
    suite = hub(BENCHMARK_3TO4, countdown_hub()).load(data=None)
    first = suite.problems[0]
    assert (first.id, len(suite.problems)) == ("countdown-3to4-0000", 1024)
    assert first.question == (
        "Using the numbers [3, 2, 3], create an equation that equals 9. "
        "Use each number exactly once with + - * /."
    )
    assert first.meta == {"nums": [3, 2, 3], "target": 9, "source_id": "327680"}
    assert (suite.template, suite.verifier) == ("r1@rlvr", "countdown")
    assert all(is_right(problem) for problem in suite.problems[::97])


def test_only_the_rows_of_the_test_half_are_read(hub: Hub) -> None:
    source = BENCHMARK_3TO4.hub
    assert source is not None
    assert source.rows == (FIRST_ROW, FIRST_ROW + TEST_ROWS)
    small = replace(BENCHMARK_3TO4, size=3, hub=replace(source, rows=(4, 7)))
    problems = hub(small, countdown_hub(10)).load(data=None).problems
    assert [p.meta["target"] for p in problems] == [13, 14, 15]


def test_too_few_rows_are_refused(hub: Hub) -> None:
    with pytest.raises(SuiteError, match=r"'countdown_3to4' is not to be had"):
        hub(BENCHMARK_3TO4, countdown_hub(99)).load(data=None)


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({}, "has no list of whole numbers"),
        ({"nums": "1, 2", "target": 3}, "has no list of whole numbers"),
        ({"nums": [1, 2.5], "target": 3}, "has no list of whole numbers"),
        ({"nums": [1, 2], "target": None}, "has no list of whole numbers"),
        ({"nums": [1, 2], "target": 7}, r"has no solution: \[1, 2\] do not make 7"),
    ],
)
def test_a_problem_that_is_no_puzzle_is_named(meta: dict[str, object], message: str) -> None:
    with pytest.raises(SuiteError, match=f"problem 'p' {message}"):
        with_equations((Problem("p", "?", "3", meta=meta),))


def test_without_a_local_copy_the_three_numbers_are_not_to_be_had(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"lies on no hub and not in .*countdown_3\.jsonl"):
        suites.load("countdown", data=tmp_path)
    with pytest.raises(SuiteError, match="lies on no hub: give --data"):
        suites.load("countdown")


def test_a_local_copy_of_another_size_is_refused(tmp_path: Path) -> None:
    row = {"id": "a", "problem": "?", "answer": "3", "nums": [1, 2], "target": 3}
    write(tmp_path / "countdown_3.jsonl", [row])
    with pytest.raises(SuiteError, match="has 1 problems, not 256"):
        suites.load("countdown", data=tmp_path)


def reachable(nums: list[int]) -> set[Fraction]:
    """Every value that the numbers make, by the order of operations in all its forms."""
    if len(nums) == 1:
        return {Fraction(nums[0])}
    values: set[Fraction] = set()
    for size in range(1, len(nums)):
        for places in itertools.combinations(range(len(nums)), size):
            left = reachable([nums[i] for i in places])
            right = reachable([n for i, n in enumerate(nums) if i not in places])
            for a, b in itertools.product(left, right):
                values |= {a + b, a - b, a * b} | ({a / b} if b else set())
    return values


@pytest.mark.parametrize("nums", [[5], [3, 8], [1, 5, 5], [2, 2, 7], [1, 3, 4, 6], [0, 4, 9]])
def test_a_solution_is_found_wherever_there_is_one(nums: list[int]) -> None:
    values = reachable(nums)
    for target in range(-5, 40):
        found = solve(nums, target)
        assert (found is not None) == (target in values)
        if found:
            puzzle = {"nums": nums, "target": target}
            assert is_right(Problem("p", "?", f"{found} = {target}", meta=puzzle))


@needs_shared
def test_every_gold_equation_of_the_local_copy_is_right() -> None:
    suite = suites.load("countdown", data=SHARED)
    assert suite.problems[0].answer == "(93+(30-100)) = 23"
    assert all(is_right(problem) for problem in suite.problems)
