"""One answer to one problem of a suite."""

from pathlib import Path

import pytest

from boundary import grade_problem, suites
from boundary.errors import ConfigError, SuiteError
from boundary.records import Outcome
from tests.suites.data import SHARED, needs_shared

PROGRAM = (
    "def has_close_elements(numbers, threshold):\n"
    "    near = sorted(numbers)\n"
    "    return any(b - a < threshold for a, b in zip(near, near[1:]))\n"
)


@needs_shared
@pytest.mark.parametrize(
    "text", [PROGRAM, f"So:\n```python\n{PROGRAM}```\n", f"{PROGRAM}```\nThat is it."]
)
def test_a_program_is_judged_as_it_is_or_in_a_block(text: str) -> None:
    suite = suites.load("humanevalplus", data=SHARED)
    verdicts = grade_problem.run(suite, "HumanEval/0", text)
    assert [v.outcome for v in verdicts] == [Outcome.CORRECT] * 2
    (other, _) = grade_problem.run(suite, "HumanEval/0", text.replace("<", "<="))
    assert (other.outcome, other.reason) == (Outcome.WRONG, "mismatch")


def test_a_problem_of_any_suite() -> None:
    suite = suites.load("dial")
    problem = suite.problems[0]
    (strict, *_) = grade_problem.run(suite, problem.id, f"={problem.answer}")
    assert strict.problem_id == problem.id
    with pytest.raises(SuiteError, match="no problem 'dial-1000': did you mean 'dial-"):
        grade_problem.run(suite, "dial-1000", "")
    with pytest.raises(ConfigError, match="no template"):
        grade_problem.run(suite, problem.id, "", template="nothing")


def test_an_answer_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    path.write_bytes(b"caf\xe9")
    assert grade_problem.answer_of(path) == "caf\ufffd"
    with pytest.raises(SuiteError, match="cannot be read"):
        grade_problem.answer_of(tmp_path / "none")
