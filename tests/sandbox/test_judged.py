"""The attacks as answers of a model: what the verifier itself says of them, and of what follows."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from boundary import cases
from boundary.records import Finish, Problem, Sample
from boundary.sandbox import Limits
from boundary.verifiers import Task
from boundary.verifiers.code import CodeVerifier
from boundary.verifiers.programs import plan
from tests.sandbox.attacks import ATTACKS, ESCAPES, INPUTS, LIMITS, OUTPUTS, PACKED, RIGHT, Attack

pytestmark = [pytest.mark.xdist_group("sandbox")]

FUNCTION = Problem(
    "function",
    "Add one to the square.",
    "-",
    meta={
        "task": "function",
        "entry": "f",
        "head": "",
        "rule": "evalplus",
        "atol": 0.0,
        "cpu_s": LIMITS.cpu_s,
        "cases": cases.pack(INPUTS, RIGHT),
    },
)
STDIN = Problem(
    "stdin",
    "Add one to the square.",
    "-",
    meta={
        "task": "stdin",
        "entry": None,
        "rule": "lines",
        "judge_imports": True,
        "cpu_s": LIMITS.cpu_s,
        "cases": cases.pack([f"{x}\n" for (x,) in INPUTS], [f"{y}\n" for y in RIGHT]),
    },
)
# Not those that answer with what no text can be, or that find the same nothing either way.
PRINTED = [attack for attack in ATTACKS if attack not in [*OUTPUTS, *PACKED, *ESCAPES]]


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the attacks: a program that may sleep for ten seconds would."""

    def limits(cpu_s: float, *, per_input: bool = True) -> Limits:
        return replace(LIMITS, cpu_s=cpu_s, per_input=per_input)

    monkeypatch.setattr(plan, "_limits", limits)


def tasks(problem: Problem, attacks: Iterable[Attack]) -> list[Task]:
    """Each attack, and an honest program after it."""
    sources = []
    for attack in attacks:
        sources += [attack.source, f"def f(x):\n    return x * x + 1\n# after {attack.name}\n"]
    if problem is STDIN:
        sources = [f"{source}\nprint(f(int(input())))\n" for source in sources]
    texts = [f"```python\n{source}\n```\n" for source in sources]
    return [
        Task(problem, Sample(problem.id, n, 0, text, None, None, Finish.STOP), "code")
        for n, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("problem", "attacks"),
    [(FUNCTION, ATTACKS), (STDIN, PRINTED)],
    ids=["called", "on standard input"],
)
def test_no_attack_is_right_and_no_right_answer_suffers(
    problem: Problem, attacks: list[Attack]
) -> None:
    verifier = CodeVerifier(workers=2)
    found = list(verifier.judge(tasks(problem, attacks)))
    verifier.close()
    told = [{(str(v.outcome), v.reason) for v in verdicts} for verdicts in found]
    names = [attack.name for attack in attacks]
    # Nor is one unjudged: that would leave it out of the count.
    outcomes = [{outcome for outcome, _ in each} for each in told[::2]]
    assert [n for n, each in zip(names, outcomes, strict=True) if each != {"wrong"}] == []
    right = {("correct", "passed")}
    assert [n for n, each in zip(names, told[1::2], strict=True) if each != right] == []
