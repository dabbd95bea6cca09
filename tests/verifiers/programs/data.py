"""Tasks for the code verifier."""

from collections.abc import Iterable
from typing import Any

from boundary import cases
from boundary.records import Finish, Problem, Sample, Tier, Verdict
from boundary.verifiers import Task
from boundary.verifiers.code import CodeVerifier


def adder(**changes: Any) -> Problem:
    """A problem that asks for the sum of two numbers."""
    meta = {
        "task": "function",
        "entry": "add",
        "head": "",
        "cpu_s": 2.0,
        "rule": "equal",
        "cases": cases.pack([(1, 2), (-1, 1), (10, 20)], [3, 0, 30]),
    }
    question = 'def add(a, b):\n    """The sum."""'
    return Problem("add", question, "add passes", meta={**meta, **changes})


ADD = "def add(a, b):\n    return a + b\n"


def task(
    problem: Problem, text: str, *, channel: str = "code_open", finish: Finish = Finish.STOP
) -> Task:
    """A task with that answer."""
    return Task(problem, Sample(problem.id, 0, 0, text, None, None, finish), channel)


def judged(verifier: CodeVerifier, tasks: Iterable[Task]) -> list[tuple[str, str]]:
    """Outcome and reason of each task in the strict tier."""
    return [outcome(v for v in verdicts) for verdicts in verifier.judge(tasks)]


def outcome(verdicts: Iterable[Verdict], tier: Tier = Tier.STRICT) -> tuple[str, str]:
    """Outcome and reason in a tier."""
    verdict = next(v for v in verdicts if v.tier is tier)
    return str(verdict.outcome), verdict.reason


def fenced(program: str) -> str:
    """An answer in a chat."""
    return f"Here it is:\n```python\n{program}```\n"
