"""The maths verifier: equal as text, equal as forms, or equal by math-verify.

Both tiers are judged in one pass. Gold and answer are read into forms (``forms``) and compared by
rules that are bounded in time and memory; what those cannot tell goes to math-verify, in worker
processes that a hung comparison cannot outlive. What hangs or breaks it is unjudged, and touches
no other answer. docs/verifier.md lists the stages and the conventions.
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
from boundary.verifiers import cache, extract, forms
from boundary.verifiers.base import Decision, Task, closed, verdict_of
from boundary.verifiers.pool import Job, Pool

LIMIT_S = 5.0
MAX_WORKERS = 4

# Tasks read ahead while the first of them waits for a worker.
WINDOW = 256

# Verdicts kept in memory, one per pair of gold answer and answer, and gold answers read.
CACHE_PAIRS = 50_000
CACHE_GOLDS = 4096

# Pairs longer than this are not kept: they hardly come twice.
_KEPT_CHARS = 2000

_CORRECT_TEXT = Decision(Outcome.CORRECT, "text")
_CORRECT_SYMBOLIC = Decision(Outcome.CORRECT, "symbolic")
_MISMATCH = Decision(Outcome.WRONG, "mismatch")
_TOO_LONG = Decision(Outcome.WRONG, "too_long")
_NO_ANSWER = Decision(Outcome.WRONG, "no_answer")
_NO_GOLD = Decision(Outcome.UNJUDGED, "no_gold")
_BAD_GOLD = Decision(Outcome.UNJUDGED, "bad_gold")
_TIMEOUT = Decision(Outcome.UNJUDGED, "grader_timeout")
_ERROR = Decision(Outcome.UNJUDGED, "grader_error")


@dataclass(frozen=True, slots=True)
class _Gold:
    """A gold answer, read once: its own text, its spelling and key, and its form if it has one."""

    text: str
    spelled: str
    key: str
    form: forms.Form | None


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
        self.version = f"2+math-verify-{_math_verify_version()}"
        program = Path(__file__).with_name("worker.py")
        self._pool = Pool(program, size=workers or _cores(), limit_s=limit_s)
        self._window = window
        self._decided: OrderedDict[tuple[str, str], Decision | Job] = OrderedDict()
        self._golds: OrderedDict[str, _Gold] = OrderedDict()
        self._cache = cache.VerdictCache(f"{self.name} {self.version}", cache.folder())
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
        self._cache.close()

    def _judge(self, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, ...]]:
        ahead: deque[_Pending] = deque()
        for task in tasks:
            ahead.append(self._begin(task))
            if len(ahead) > 1 or not ahead[0].is_done:
                self._pool.pump(block=False)
            yield from self._finished(ahead)
            while len(ahead) >= self._window:
                self._pool.pump(block=True)
                yield from self._finished(ahead)
        while ahead:
            self._pool.pump(block=True)
            yield from self._finished(ahead)
        self._cache.flush()

    def _finished(self, ahead: deque[_Pending]) -> Iterator[tuple[Verdict, ...]]:
        while ahead and ahead[0].is_done:
            pending = ahead.popleft()
            self._keep(pending)
            yield tuple(
                verdict_of(pending.task, c.tier, _settled(c.decision), c.extracted, self.version)
                for c in pending.claims
            )

    def _keep(self, pending: _Pending) -> None:
        """What a worker said is put in the place of its job, and into the cache across runs."""
        for claim in pending.claims:
            if not isinstance(claim.decision, Job):
                continue
            job, claim.decision = claim.decision, _settled(claim.decision)
            pair = pending.task.problem.answer, claim.extracted or ""
            if self._decided.get(pair) is job:
                self._decided[pair] = claim.decision
            if job.reply and "equal" in job.reply:
                self._cache.put(**job.request, equal=bool(job.reply["equal"]))

    def _begin(self, task: Task) -> _Pending:
        asked = extract.strict(task.sample.text, task.channel)
        # Where the asked channel holds an answer, lenient reads the same.
        any_ = asked or extract.lenient(task.sample.text, task.channel)
        answers = {Tier.STRICT: asked, Tier.LENIENT: any_}
        return _Pending(task, tuple(self._claim(task, tier, answers[tier]) for tier in Tier))

    def _claim(self, task: Task, tier: Tier, answer: str | None) -> _Claim:
        early = extract.early(task, tier, answer)
        return _Claim(tier, answer, early or self._compare(task.problem.answer, answer or ""))

    def _compare(self, gold: str, answer: str) -> Decision | Job:
        # Nobody states an answer at such length; what does is text that lost its way.
        if len(answer) > 2000 + 4 * len(gold):
            return _TOO_LONG
        pair = gold, answer
        found = self._decided.get(pair)
        if found is not None:
            self._decided.move_to_end(pair)
            return found
        found = self._decide(self._gold(gold), answer)
        if len(gold) + len(answer) <= _KEPT_CHARS:
            self._decided[pair] = found
            # A job that is let go here stays alive in the claims that wait for it.
            if len(self._decided) > CACHE_PAIRS:
                self._decided.popitem(last=False)
        return found

    def _gold(self, text: str) -> _Gold:
        gold = self._golds.get(text)
        if gold is None:
            gold = self._golds[text] = _read_gold(text)
            if len(self._golds) > CACHE_GOLDS:
                self._golds.popitem(last=False)
        return gold

    def _decide(self, gold: _Gold, answer: str) -> Decision | Job:
        if not gold.spelled:
            return _NO_GOLD
        decision = compare(gold, answer)
        return decision or self._asked(gold.text, answer)

    def _asked(self, gold: str, answer: str) -> Decision | Job:
        """The verdict of math-verify: the one kept, or that of a worker."""
        kept = self._cache.get(gold, answer)
        if kept is not None:
            return _CORRECT_SYMBOLIC if kept else _MISMATCH
        job = Job({"gold": gold, "answer": answer})
        self._pool.submit(job)
        return job


def _read_gold(text: str) -> _Gold:
    own = extract.of_gold(text)
    spelled = forms.spell(own)
    return _Gold(own, spelled, forms.key(spelled), forms.read(spelled))


def compare(gold: _Gold, answer: str) -> Decision | None:
    """What the rules decide, or ``None`` where they cannot tell."""
    spelled = forms.spell(answer)
    if not spelled:
        return _NO_ANSWER
    if forms.key(spelled) == gold.key:
        return _CORRECT_TEXT
    notation = forms.notation_of(gold.spelled, spelled)
    expected = gold.form if notation is forms.PLAIN else forms.read(gold.spelled, notation)
    if expected is None and not _is_balanced(gold.spelled):
        return _BAD_GOLD
    given = forms.read(spelled, notation)
    if given is None and expected is not None and not forms.is_beyond(gold.spelled, spelled):
        # math-verify makes something of any broken formula: 60' and 2516_8_8 are right to it.
        return _MISMATCH
    if expected is None or given is None:
        return None
    finding = forms.compare(expected, given)
    if finding.equal is None:
        return None
    return Decision(Outcome.CORRECT, finding.stage) if finding.equal else _MISMATCH


def _is_balanced(text: str) -> bool:
    return text.count("{") - text.count("\\{") == text.count("}") - text.count("\\}")


def _settled(decision: Decision | Job) -> Decision:
    if isinstance(decision, Decision):
        return decision
    return _of_reply(decision.reply or {})


def _of_reply(reply: Mapping[str, Any]) -> Decision:
    if "equal" in reply:
        return _CORRECT_SYMBOLIC if reply["equal"] else _MISMATCH
    if reply.get("error") == "bad_gold":
        return _BAD_GOLD
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
