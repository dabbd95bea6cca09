"""One answer to one problem of a suite."""

import json
from pathlib import Path

import pytest

from boundary import grade_problem, suites
from boundary.errors import ConfigError, SuiteError
from boundary.records import Outcome
from tests.shell import boundary
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
    found = grade_problem.run(suite, "HumanEval/0", text)
    assert [v.outcome for v in found.verdicts] == [Outcome.CORRECT] * 2
    assert (found.confinement, found.tests) == ("bubblewrap, seccomp", None)
    (other, _) = grade_problem.run(suite, "HumanEval/0", text.replace("<", "<=")).verdicts
    assert (other.outcome, other.reason) == (Outcome.WRONG, "mismatch")


def test_a_problem_of_any_suite() -> None:
    suite = suites.load("dial")
    problem = suite.problems[0]
    found = grade_problem.run(suite, problem.id, f"={problem.answer}")
    assert found.verdicts[0].problem_id == problem.id
    assert found.confinement is None
    with pytest.raises(ConfigError, match="not judged by tests"):
        grade_problem.run(suite, problem.id, "", all_tests=True)
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


@needs_shared
def test_all_tests_are_told_of(tmp_path: Path) -> None:
    file = tmp_path / "answer.py"
    file.write_text(PROGRAM.replace("<", "<="))
    asked = ("--suite", "humanevalplus", "--problem", "HumanEval/0", "--answer-file", file)
    ended = boundary("grade", *asked, "--data", SHARED, "--all-tests", "--json", where=tmp_path)
    assert ended.err == "sandbox: bubblewrap, seccomp\n"
    found = ended.json()
    assert found["confinement"] == "bubblewrap, seccomp"
    assert {v["reason"] for v in found["verdicts"]} == {"mismatch"}
    assert set(found["tests"]) == {"passed", "mismatch"}
    assert len(found["tests"]) > 900
    fewer = boundary("grade", *asked, "--data", SHARED, "--json", where=tmp_path).json()
    assert fewer == {**found, "tests": None}
    lines = boundary("grade", *asked, "--data", SHARED, "--all-tests", where=tmp_path).out
    passed = found["tests"].count("passed")
    assert f"tests: {passed:,} of {len(found['tests']):,} passed" in lines
    first = found["tests"].index("mismatch")
    assert f"  test {first}: mismatch" in lines.splitlines()


@needs_shared
def test_a_test_that_fails_by_itself_is_the_suites_fault(tmp_path: Path) -> None:
    first, *others = (SHARED / "humaneval.jsonl").read_text().splitlines()
    broken = {**json.loads(first), "test": "def check(candidate):\n    raise RuntimeError\n"}
    (tmp_path / "humaneval.jsonl").write_text("\n".join([json.dumps(broken), *others]))
    file = tmp_path / "answer.py"
    file.write_text(PROGRAM)
    asked = ("--suite", "humaneval", "--problem", "HumanEval/0", "--answer-file", file)
    lines = boundary("grade", *asked, "--data", tmp_path, where=tmp_path).out.splitlines()
    assert lines[0].startswith("strict: unjudged (bad_test)")
    assert lines[-1].endswith("the suite is at fault")
