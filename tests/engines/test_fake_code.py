"""Wrong programs of a fake model: varied, and wrong under every rule."""

import ast
from typing import Any

import pytest

from boundary.engines import fake_code, fake_text
from boundary.records import Problem
from tests.verifiers.programs.data import adder

SOLUTION = '''\
def add(a, b):
    """The sum, as in 1 + 2 == 3."""
    if a % 10 != b and f"{a - b:>{4}}":
        return (a) + (b)  # not a - b
    return "ü", a * 7
'''


def solved(**changes: Any) -> Problem:
    problem = adder(**changes)
    return Problem(problem.id, problem.question, problem.answer, None, SOLUTION, problem.meta)


def test_each_operator_and_number_is_changed_and_nothing_else() -> None:
    found = fake_code.changes(SOLUTION, "def add(a, b):")
    lines = [
        line.strip()
        for text in found
        for line, own in zip(text.splitlines(), SOLUTION.splitlines(), strict=True)
        if line != own
    ]
    assert sorted(lines) == [
        'if a % 10 == b and f"{a - b:>{4}}":',
        'if a % 11 != b and f"{a - b:>{4}}":',
        'if a + 10 != b and f"{a - b:>{4}}":',
        'return "ü", a * 8',
        'return "ü", a + 7',
        "return (a) - (b)  # not a - b",
    ]
    assert all(ast.parse(text) for text in found)


@pytest.mark.parametrize(
    ("solution", "why"),
    [
        ("def f(x):\n    while x > 1:\n        x -= 1\n", "it might not end"),
        ("def f(x):\n    return x[::\n", "it is no Python"),
        ("def f(x, by=1 + 1):\n    return x", "that was asked"),
    ],
)
def test_what_is_not_changed(solution: str, why: str) -> None:
    assert fake_code.changes(solution, "def f(x, by=1 + 1):") == (), why


def test_a_wrong_program_has_another_kind_at_the_next_index() -> None:
    changed, dropped, raising, cut = (fake_code.wrong(solved(), i) for i in range(4))
    assert changed.startswith(fake_code.changes(SOLUTION, solved().question)[0])
    assert dropped.startswith(SOLUTION)
    assert dropped.endswith("add = _spoilt(add)")
    assert raising.endswith("raise ValueError('no')")
    assert cut == "def add("
    other = fake_code.wrong(solved(), 4)
    assert other.startswith(fake_code.changes(SOLUTION, solved().question)[1])
    assert fake_code.wrong(solved(rule="set"), 0) == dropped, "a set may be equal all the same"


SPOILT = {
    "a number": ("x + 1", "x + 2", 5, 7),
    "a number that is the same": ("x", "x * 1", 5, None),
    "an answer that is false": ("x", "x * 1", 0, True),
    "a truth value": ("x > 3", "x <= 3", 5, False),
    "a list is no plain value": ("[x]", "[x + 1]", 5, None),
    "nothing": ("None", "0", 5, True),
    "a number of another type": ("x", "x + 0.5", 5, None),
    "it calls itself": ("x and 1 + f(x - 1)", "x and 2 + f(x - 1)", 5, 6),
}


@pytest.mark.parametrize(("right", "changed", "given", "found"), SPOILT.values(), ids=SPOILT)
def test_what_a_changed_program_gives_is_never_right(
    right: str, changed: str, given: int, found: object
) -> None:
    space: dict[str, Any] = {}
    source = f"def f(x):\n    return {changed}\n_changed = f\ndef f(x):\n    return {right}\n"
    exec(f"{source}{fake_code._SPOILT}f = _spoilt(f, _changed)", space)  # noqa: S102
    assert space["f"](given) is found or space["f"](given) == found
    assert space["f"](given) == found, "again"


def test_programs_without_a_function_and_assertions_are_damaged_too() -> None:
    problem = Problem("p", "?", "passes", None, "print(int(input()))", {"task": "stdin"})
    assert fake_code.wrong(problem, 3) == "print('no')\nprint(int(input()))"
    meta = {"task": "output", "input": "1, 2", "output": "[3]"}
    problem = Problem("p", "?", "f(1, 2) == [3]", None, "assert f(1, 2) == [3]", meta)
    assert fake_text.wrong(problem, "assertion", 0) == (
        "[ANSWER]\nassert f(1, 2) == [[3]]\n[/ANSWER]"
    )
    assert len({fake_code.wrong(problem, index) for index in range(9)}) == 3
