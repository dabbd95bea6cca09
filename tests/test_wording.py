"""p-values and reasons are written in one way everywhere."""

import re
from pathlib import Path

import pytest

from boundary.wording import FAULTS, p_number, p_text, unjudged_text


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (1.0, "1"),
        (0.5, ".5"),
        (0.125, ".125"),
        (0.0106, ".0106"),
        (0.000855, ".0009"),
        (0.0001, ".0001"),
        (0.00009, "< .0001"),
        (0.0, "< .0001"),
    ],
)
def test_p(p: float, shown: str) -> None:
    assert p_number(p) == shown
    assert p_text(p) == (f"p {shown}" if "<" in shown else f"p = {shown}")


def test_unjudged_answers_are_told_with_whose_fault_it_is() -> None:
    assert unjudged_text("no_tests", 3, ["a"]) == (
        "unjudged: 3 no_tests in 1 problem (there are no tests for the problem;"
        " the suite is at fault): a"
    )
    ids = [f"p{i}" for i in range(1200)]
    assert unjudged_text("theirs", 1500, ids) == (
        "unjudged: 1,500 theirs in 1,200 problems: p0, p1, p2, p3, p4 and 1,195 more"
    )


def test_every_reason_that_leaves_an_answer_unjudged_has_words() -> None:
    root = Path(__file__).parents[1] / "boundary"
    source = "\n".join(path.read_text() for path in root.rglob("*.py"))
    named = set(re.findall(r'Outcome\.UNJUDGED, "(\w+)"', source))
    assert {"bad_test", "no_tests", "sandbox_error", "grader_error", "no_score"} <= named
    assert named <= FAULTS.keys()
