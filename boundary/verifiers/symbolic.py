"""The maths verifier: equal as text, equal as numbers, or equal by math-verify.

Both tiers are judged in one pass. math-verify runs in worker processes that a hung comparison
cannot outlive; what hangs or breaks it is unjudged, and touches no other answer.
"""

import os
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from boundary.errors import PackageError
from boundary.records import Outcome, Tier, Verdict
from boundary.verifiers import extract, latex
from boundary.verifiers.base import Decision, Task, closed, verdict_of
from boundary.verifiers.pool import Job, Pool

LIMIT_S = 5.0
MAX_WORKERS = 4

# Tasks read ahead while the first of them waits for a worker.
WINDOW = 256

# Verdicts of math-verify kept, one per pair of gold answer and answer.
CACHE_PAIRS = 20_000

_CORRECT_TEXT = Decision(Outcome.CORRECT, "text")
_CORRECT_NUMBER = Decision(Outcome.CORRECT, "number")
_CORRECT_SYMBOLIC = Decision(Outcome.CORRECT, "symbolic")
_MISMATCH = Decision(Outcome.WRONG, "mismatch")
_TOO_LONG = Decision(Outcome.WRONG, "too_long")
_NO_ANSWER = Decision(Outcome.WRONG, "no_answer")
_NO_GOLD = Decision(Outcome.UNJUDGED, "no_gold")
_TIMEOUT = Decision(Outcome.UNJUDGED, "grader_timeout")
_ERROR = Decision(Outcome.UNJUDGED, "grader_error")


@dataclass(slots=True)
class _Claim:
    """One tier's answer, decided or waiting for its job."""

    tier: Tier
    extracted: str | None
    decision: Decision | Job


@dataclass(slots=True)
class _Pending:
    task: Task
    claims: tuple[_Claim, ...]

    @property
    def is_done(self) -> bool:
        jobs = (c.decision for c in self.claims if isinstance(c.decision, Job))
        return all(job.reply is not None for job in jobs)


class MathVerifier:
    """Judges mathematical answers; see the module.

    Args:
        workers: Number of worker processes at most; one per core up to four when not given.
        limit_s: Seconds of wall-clock time for one comparison, then it is unjudged.
        window: Tasks read ahead at most while one waits.

    Raises:
        PackageError: math-verify is not installed.
    """

    name = "math"

    def __init__(
        self, *, workers: int | None = None, limit_s: float = LIMIT_S, window: int = WINDOW
    ) -> None:
        """Start nothing yet."""
        self.version = f"1+math-verify-{_math_verify_version()}"
        program = Path(__file__).with_name("worker.py")
        self._pool = Pool(program, size=workers or _cores(), limit_s=limit_s)
        self._window = window
        self._jobs: OrderedDict[tuple[str, str], Job] = OrderedDict()
        self._closed = False

    def judge(self, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, ...]]:
        """See :meth:`boundary.verifiers.base.Verifier.judge`.

        Raises:
            VerifierError: The verifier is closed, its workers do not start, or a task's channel
                is unknown.
        """
        if self._closed:
            raise closed(self.name)
        return self._judge(tasks)

    def close(self) -> None:
        """See :meth:`boundary.verifiers.base.Verifier.close`."""
        self._closed = True
        self._pool.close()

    def _judge(self, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, ...]]:
        ahead: deque[_Pending] = deque()
        for task in tasks:
            ahead.append(self._begin(task))
            self._pool.pump(block=False)
            yield from self._finished(ahead)
            while len(ahead) >= self._window:
                self._pool.pump(block=True)
                yield from self._finished(ahead)
        while ahead:
            self._pool.pump(block=True)
            yield from self._finished(ahead)

    def _finished(self, ahead: deque[_Pending]) -> Iterator[tuple[Verdict, ...]]:
        while ahead and ahead[0].is_done:
            pending = ahead.popleft()
            yield tuple(
                verdict_of(pending.task, c.tier, _settled(c.decision), c.extracted, self.version)
                for c in pending.claims
            )

    def _begin(self, task: Task) -> _Pending:
        return _Pending(task, tuple(self._claim(task, tier) for tier in Tier))

    def _claim(self, task: Task, tier: Tier) -> _Claim:
        answer, early = extract.read(task, tier)
        decision = early or self._compare(task.problem.answer, answer or "")
        return _Claim(tier, answer, decision)

    def _compare(self, gold: str, answer: str) -> Decision | Job:
        # Nobody states an answer at such length; what does is text that lost its way.
        if len(answer) > 2000 + 4 * len(gold):
            return _TOO_LONG
        expected, given = latex.clean(gold), latex.clean(answer)
        if not expected:
            return _NO_GOLD
        if not given:
            return _NO_ANSWER
        if latex.key(expected) == latex.key(given):
            return _CORRECT_TEXT
        return _as_numbers(expected, given) or self._job(gold, answer)

    def _job(self, gold: str, answer: str) -> Job:
        pair = gold, answer
        job = self._jobs.get(pair)
        if job is None:
            job = self._jobs[pair] = Job({"gold": gold, "answer": answer})
            self._pool.submit(job)
        self._jobs.move_to_end(pair)
        # A job that is let go here stays alive in the claims that wait for it.
        if len(self._jobs) > CACHE_PAIRS:
            self._jobs.popitem(last=False)
        return job


def _as_numbers(gold: str, answer: str) -> Decision | None:
    expected, given = latex.number(gold), latex.number(answer)
    if expected is None or given is None:
        return None
    return _CORRECT_NUMBER if latex.same_number(expected, given) else _MISMATCH


def _settled(decision: Decision | Job) -> Decision:
    if isinstance(decision, Decision):
        return decision
    return _of_reply(decision.reply or {})


def _of_reply(reply: Mapping[str, Any]) -> Decision:
    if "equal" in reply:
        return _CORRECT_SYMBOLIC if reply["equal"] else _MISMATCH
    return _TIMEOUT if reply.get("error") == "timeout" else _ERROR


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(MAX_WORKERS, cores)


def _math_verify_version() -> str:
    try:
        return version("math-verify")
    except PackageNotFoundError as error:
        raise PackageError(
            "the maths verifier needs the package math-verify, which is missing",
            remedy="pip install math-verify",
        ) from error
