"""Reference solutions are right and damaged ones are not: a few here, all in `make test-code`."""

from collections import Counter
from collections.abc import Iterator

import pytest

from boundary import suites
from boundary.engines import fake_text
from boundary.records import Problem
from boundary.verifiers.code import CodeVerifier
from tests.suites.data import SHARED, needs_shared
from tests.verifiers.programs.data import fenced, judged, task

pytestmark = needs_shared

SIZES = {
    "humaneval": 164,
    "humanevalplus": 164,
    "mbppplus": 378,
    "cruxeval_o": 800,
    "cruxeval_i": 800,
}
# Arguments that are no plain data: two functions, a range, a variable beside the function.
NOT_PLAIN = {f"cruxeval-i-{n}" for n in (258, 344, 364, 522)}
# Seconds, not fractions of one: large outputs, or a reference to be run first.
HEAVY = {
    *(f"HumanEval/{n}" for n in (14, 15, 83, 100, 130, 139)),
    *(f"Mbpp/{n}" for n in (255, 462, 599, 603, 630)),
}


@pytest.fixture(scope="module")
def verifier() -> Iterator[CodeVerifier]:
    made = CodeVerifier(workers=2)
    yield made
    made.close()


def reasons(verifier: CodeVerifier, problems: list[Problem]) -> dict[str, str]:
    """Problems whose own solution is not right, and why."""
    tasks = [task(p, fenced(f"{p.solution}\n"), channel="code") for p in problems]
    found = zip(problems, judged(verifier, tasks), strict=True)
    return {p.id: reason for p, (outcome, reason) in found if outcome != "correct"}


@pytest.mark.parametrize("name", SIZES)
def test_some_solutions_are_right(verifier: CodeVerifier, name: str) -> None:
    problems = [p for p in suites.load(name, data=SHARED).problems if p.id not in HEAVY]
    chosen = [*problems[:: len(problems) // 12], *(p for p in problems if p.id in NOT_PLAIN)]
    assert reasons(verifier, chosen) == {}


def test_the_one_with_a_test_that_nothing_passes_is_judged_as_a_root(
    verifier: CodeVerifier,
) -> None:
    for name in ("humaneval", "humanevalplus"):
        (problem,) = (p for p in suites.load(name, data=SHARED).problems if p.id == "HumanEval/32")
        assert reasons(verifier, [problem]) == {}
        wrong = f"{problem.solution}\nroot = find_zero\ndef find_zero(xs): return root(xs) + 1\n"
        assert judged(verifier, [task(problem, wrong)]) == [("wrong", "mismatch")]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SIZES)
def test_every_solution_is_right(verifier: CodeVerifier, name: str) -> None:
    problems = suites.load(name, data=SHARED).problems
    assert len(problems) == SIZES[name]
    assert reasons(verifier, list(problems)) == {}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_useless_solutions_are_wrong(verifier: CodeVerifier) -> None:
    for name in ("humanevalplus", "mbppplus"):
        problems = [p for p in suites.load(name, data=SHARED).problems if p.id not in HEAVY]
        texts = [f"{p.solution}\n\ndef {p.meta['entry']}(*_): return 'no'\n" for p in problems]
        found = Counter(judged(verifier, list(map(task, problems, texts))))
        assert set(found) == {("wrong", "mismatch")}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("channel", ["code", "completion"])
def test_every_wrong_answer_of_the_fake_model_is_wrong(
    verifier: CodeVerifier, name: str, channel: str
) -> None:
    asked = "assertion" if name.startswith("cruxeval") else channel
    tasks = [
        task(problem, fake_text.wrong(problem, asked, index), channel=asked)
        for problem in suites.load(name, data=SHARED).problems
        for index in range(4)
    ]
    found = {(str(v.outcome), v.reason) for verdicts in verifier.judge(tasks) for v in verdicts}
    assert {outcome for outcome, _ in found} == {"wrong"}
    assert {reason for _, reason in found} <= {"mismatch", "exception", "syntax", "not_literal"}
    assert len(found) > 1
