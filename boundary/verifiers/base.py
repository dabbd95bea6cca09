"""What a verifier is."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from boundary.errors import VerifierError
from boundary.records import Outcome, Problem, Sample, Tier, Verdict


class Task(NamedTuple):
    """One sample to judge; ``channel`` is where the template asks for the answer."""

    problem: Problem
    sample: Sample
    channel: str


class Decision(NamedTuple):
    """An outcome and what decided it."""

    outcome: Outcome
    reason: str


class Verifier(Protocol):
    """Decides whether samples are right; knows nothing of engines or of files."""

    name: str
    version: str

    def judge(self, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, ...]]:
        """Yield the verdicts of each task, one per tier, in the order of the tasks.

        A task that the verifier fails on is ``UNJUDGED`` with the reason, never ``WRONG``.
        """
        ...

    def close(self) -> None:
        """Release worker processes; judging again after it is an error."""
        ...


class PureVerifier(ABC):
    """A verifier that decides in process: a subclass says how for one task."""

    name: str
    version: str
    _closed = False

    @abstractmethod
    def decide(self, task: Task) -> tuple[Verdict, ...]:
        """The verdicts of one task, one per tier."""

    def judge(self, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, ...]]:
        """See :meth:`Verifier.judge`.

        Raises:
            VerifierError: The verifier is closed, or a task's channel is unknown to it.
        """
        if self._closed:
            raise closed(self.name)
        return (self._guarded(task) for task in tasks)

    def _guarded(self, task: Task) -> tuple[Verdict, ...]:
        try:
            return self.decide(task)
        except VerifierError:
            raise
        # What a model wrote may break any code; that says nothing of the answer.
        except Exception:  # noqa: BLE001
            failed = Decision(Outcome.UNJUDGED, "grader_error")
            return tuple(verdict_of(task, tier, failed, None, self.version) for tier in Tier)

    def close(self) -> None:
        """See :meth:`Verifier.close`."""
        self._closed = True


def verdict_of(
    task: Task, tier: Tier, decision: Decision, extracted: str | None, version: str
) -> Verdict:
    """The verdict of a verifier that checks answers, not derivations."""
    return Verdict(
        problem_id=task.sample.problem_id,
        index=task.sample.index,
        tier=tier,
        outcome=decision.outcome,
        reason=decision.reason,
        extracted=extracted,
        valid=None,
        verifier_version=version,
    )


def closed(name: str) -> VerifierError:
    """The error of judging after :meth:`Verifier.close`."""
    return VerifierError(f"the verifier {name!r} is closed", remedy="create another")
