"""The ``verify`` stage: gives every stored sample its verdicts."""

import contextlib
import queue
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from boundary import prompts
from boundary.errors import BoundaryError, VerifierError
from boundary.progress import SILENT, Advance, Progress
from boundary.records import Outcome, Problem, Sample, Tier, Verdict
from boundary.store import Run
from boundary.verifiers import create
from boundary.verifiers.base import Task, Verifier

if TYPE_CHECKING:
    from boundary.store.marks import Marks

_CHUNK = 1024
_HEED_SECONDS = 0.1
_BACKLOG = 16_384
"""Samples that wait to be judged beside the drawing; more of them are left to the next verify."""


def run(run: Run, *, verifier: str | None = None, progress: Progress = SILENT) -> int:
    """Judge what has no verdict yet by this version of the verifier.

    Verdicts that another tool gave came with an imported run; they are kept as they are.

    Args:
        run: A stored run.
        verifier: Its name; the run's own unless told.
        progress: Told how far it is.

    Returns:
        The number of samples judged now.

    Raises:
        VerifierError: The verifier cannot be set up.
        StoreError: The run cannot be read or written.
    """
    name = verifier or run.manifest.verifier
    if name in run.manifest.told:
        progress.notice(f"the verdicts of {name} came with {run.name}: they are read as they are")
        return 0
    with contextlib.closing(create(name)) as judge:
        known = judged(run, judge)
        pending = _pending(run, known)
        if not pending:
            return 0
        before = run.manifest.confinements.get(name, ())
        with progress.task(f"verify {run.name}", total=pending) as advance:
            count = _judge_all(run, judge, known, advance)
        if not known.outcome.any():
            # Every sample was judged now: no verdict of before is read any more.
            _note_confinement(run, judge, over=before)
        return count


def _note_confinement(run: Run, judge: Verifier, over: Collection[str] = ()) -> None:
    """A verdict on programs is worth what held them: that is told before the first is kept."""
    level = getattr(judge, "confinement", None)
    if level is not None:
        run.note_confinement(judge.name, level, over=over)


def judged(run: Run, judge: Verifier) -> "Marks":
    """The verdicts of this version of the verifier."""
    return run.marks(judge.name, Tier.STRICT, judge.version)


def _pending(run: Run, known: "Marks") -> int:
    return sum(int((~known.known(table)).sum()) for table in run.samples(["problem_id", "index"]))


def _judge_all(run: Run, judge: Verifier, known: "Marks", advance: Advance) -> int:
    problems = {p.problem.id: p.problem for p in run.problems()}
    channel = channel_of(run)
    samples = run.sample_records(skip=known, with_tokens=False)
    writer = run.verdict_writer(judge.name)
    count = 0
    while chunk := list(islice(samples, _CHUNK)):
        for verdicts in judge.judge(_tasks(chunk, problems, channel)):
            _note_confinement(run, judge)
            writer.add(*verdicts)
        count += len(chunk)
        advance(len(chunk), "")
    writer.flush()
    return count


def channel_of(run: Run) -> str:
    """Where the run's template asks for the answer; an import may know no template."""
    if run.manifest.imported:
        return str(run.manifest.identity["channel"])
    return prompts.get(run.manifest.identity["template"]).channel


def _tasks(samples: Iterable[Sample], problems: dict[str, Problem], channel: str) -> Iterator[Task]:
    return (Task(problems[s.problem_id], s, channel) for s in samples)


class Companion:
    """Judges samples beside a run that is still being drawn, in a thread of its own.

    Only samples that are on disk are handed to it. What it has not judged when it is stopped
    is left to the next ``verify``. ``outcomes`` receives each strict verdict as (problem, index,
    whether it is right) if ``tells``.
    """

    def __init__(
        self, run: Run, problems: Sequence[Problem], *, verifier: str, tells: bool = False
    ) -> None:
        self._run = run
        self._judge = create(verifier)
        self._problems = {p.id: p for p in problems}
        self._channel = channel_of(run)
        self._writer = run.verdict_writer(self._judge.name)
        self._queue: queue.SimpleQueue[list[Sample] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._tells = tells
        # One is counted by the caller's thread, the other by this one's own.
        self._taken = self._seen = 0
        self._failure: BoundaryError | None = None
        self.outcomes: queue.SimpleQueue[tuple[str, int, bool]] = queue.SimpleQueue()
        self.correct = 0
        self.judged = 0
        self._thread = threading.Thread(target=self._work, name="verify", daemon=True)
        self._thread.start()

    def take(self, samples: list[Sample]) -> None:
        """Queue samples for judgement.

        Raises:
            BoundaryError: Judging failed; the samples themselves are stored.
        """
        if self._failure:
            raise self._failure
        if not self._thread.is_alive():
            # Otherwise an adaptive run would wait for verdicts that never come.
            raise VerifierError("judging has ended unexpectedly", remedy="run it again")
        is_swamped = self._taken - self._seen > _BACKLOG and not self._tells
        if samples and not is_swamped:
            self._taken += len(samples)
            self._queue.put(samples)

    def finish(self, *, drain: bool, stops: Callable[[], bool] = lambda: False) -> None:
        """End the thread, after judging all that was queued or at the next sample.

        Args:
            drain: Judge all of it first.
            stops: Asked meanwhile whether to leave it after all.

        Raises:
            BoundaryError: Judging failed, and ``drain`` asked for all of it.
        """
        if not drain:
            self._stopping.set()
        self._queue.put(None)
        while self._thread.is_alive():
            self._thread.join(_HEED_SECONDS)
            if stops():
                self._stopping.set()
        self._judge.close()
        if self._failure and drain:
            raise self._failure

    def _work(self) -> None:
        try:
            while (samples := self._queue.get()) is not None and not self._stopping.is_set():
                tasks = _tasks(samples, self._problems, self._channel)
                for verdicts in self._judge.judge(tasks):
                    self._seen += 1
                    self._keep(verdicts)
                    if self._stopping.is_set():
                        break
            self._writer.flush()
        except BoundaryError as error:
            self._failure = error

    def _keep(self, verdicts: tuple[Verdict, ...]) -> None:
        _note_confinement(self._run, self._judge)
        self._writer.add(*verdicts)
        for verdict in verdicts:
            if verdict.tier is Tier.STRICT:
                is_right = verdict.outcome is Outcome.CORRECT
                self.judged += 1
                self.correct += is_right
                if self._tells:
                    self.outcomes.put((verdict.problem_id, verdict.index, is_right))
