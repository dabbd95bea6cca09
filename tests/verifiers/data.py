"""Tasks and verdicts in short."""

from collections.abc import Iterable

from boundary.records import Finish, Problem, Sample, Tier, Verdict
from boundary.verifiers import Task, Verifier


def task(
    gold: str, text: str, *, channel: str = "boxed", finish: Finish = Finish.STOP, index: int = 0
) -> Task:
    """One answer to a problem with that gold answer."""
    problem = Problem(f"p{index}", "What is it?", gold)
    return Task(problem, Sample(problem.id, index, 1, text, None, None, finish), channel)


def boxed(gold: str, answer: str, *, index: int = 0) -> Task:
    """An answer in a box."""
    return task(gold, f"It is $\\boxed{{{answer}}}$.", index=index)


def strict(verifier: Verifier, tasks: Iterable[Task]) -> list[tuple[str, str]]:
    """Outcome and reason of each task in the strict tier."""
    found = [of_tier(verdicts, Tier.STRICT) for verdicts in verifier.judge(tasks)]
    return [(verdict.outcome.value, verdict.reason) for verdict in found]


def of_tier(verdicts: tuple[Verdict, ...], tier: Tier) -> Verdict:
    """The one verdict of a tier."""
    (found,) = (verdict for verdict in verdicts if verdict.tier is tier)
    return found
