"""Drawing what a schedule asks for: stored in consistent cuts, judged beside, stoppable."""

import contextlib
import math
import queue
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType

from boundary import verify
from boundary.engines import (
    Request,
)
from boundary.progress import Advance
from boundary.records import Finish, Key, Prefix, Sample
from boundary.schedule import Schedule
from boundary.store import Run

_COMMIT_SECONDS = 10.0
"""Between two cuts on disk at most: what a kill can cost."""
_LOOK_SECONDS = 1.0
"""The same at the beginning: an adaptive run waits for verdicts, which stored samples get."""
_COMMIT_SHARE = 0.05
"""Between the two, the share of a session's time that passes from one cut to the next."""
_UNWATCHED_SECONDS = 60.0
"""After which samples are stored although the engine, another package's, never beats."""
_PART = 4096
"""Samples meant to come from one cut to the next, at the rate so far."""
_TELL_SECONDS = 0.2
_WAIT_SECONDS = 0.05


@dataclass(slots=True)
class Tally:
    """What the progress line tells, of this session."""

    samples: int = 0
    tokens: int = 0
    truncated: int = 0
    began: float = 0.0

    def add(self, sample: Sample) -> None:
        """Count a sample."""
        self.samples += 1
        self.tokens += sample.n_tokens or 0
        self.truncated += sample.finish is Finish.LENGTH

    def line(self, judge: verify.Companion, settled: str) -> str:
        """Problems, rate, accuracy so far and truncation."""
        rate = self.tokens / max(1e-9, time.monotonic() - self.began)
        solved = f", {judge.correct / judge.judged:.1%} right" if judge.judged else ""
        cut = f", {self.truncated / max(1, self.samples):.1%} cut"
        return f"{settled}, {rate:,.0f} tokens/s{solved}{cut}"


@dataclass(eq=False)
class Drawing:
    """One session of sampling: gives the engine its requests, watches it, stores what comes.

    Samples are written together with what is in flight at that moment; see
    :mod:`boundary.store.flight`. Used as a context manager, which stores what is held at its end
    and then has it judged, or leaves that to the next ``verify`` if it ends by an exception.

    Args:
        run: Where the samples go.
        problems: Number of problems asked.
        schedule: What is asked for.
        request: Makes the request of a key; given the prefix that is to be continued, if any.
        judge: Judges what is stored; closed at the end.
        capacity: Requests that keep the engine busy.
        prefixes: What earlier sessions left unfinished.
        is_alone: No other shard writes to the run.
        advance: Told of samples drawn or spared.
    """

    run: Run
    problems: int
    schedule: Schedule
    request: Callable[[Key, Prefix | None], Request]
    judge: verify.Companion
    capacity: int
    prefixes: dict[Key, Prefix]
    is_alone: bool
    advance: Advance

    def __post_init__(self) -> None:
        self._writer = self.run.sample_writer(max_seconds=math.inf)
        self._ledger = self.run.ledger_writer(max_seconds=math.inf)
        self._flights = self.run.flight_log()
        self._out: set[Key] = set()
        self._dropped: list[Key] = []
        self._aloft: list[Prefix] = []
        self._tally = Tally(began=time.monotonic())
        self._told = 0
        self._spared = self.schedule.spared
        self._last_told = self._last_commit = time.monotonic()
        self._span = min(_LOOK_SECONDS, _COMMIT_SECONDS)
        self._has_taken_over = self._has_beat = self._is_over = False
        self._stop = _Stop()
        if not self.is_alone:
            # Another shard's answers move on while this one holds what they were.
            wanted = self.schedule.may_ask
            self.prefixes = {key: p for key, p in self.prefixes.items() if wanted(key)}

    def __enter__(self) -> "Drawing":
        self._stop.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if not self._is_over:
                self._commit(self._left())
            if kind is None and not self.prefixes:
                self._flights.clear(all_sessions=self.is_alone)
        finally:
            self._tell()
            try:
                self.judge.finish(drain=kind is None, stops=lambda: self._stop.is_asked)
            finally:
                self._stop.__exit__(kind, value, None)
        if kind is None:
            self._heed()

    def _left(self) -> list[Prefix]:
        """What the engine held at its end: as the last cut had it, or nobody knows how much.

        Until the end every cut was made between two steps, and held all that was in flight.
        """
        held = [p for p in self._aloft if (p.problem_id, p.index) in self._out]
        known = {(p.problem_id, p.index) for p in held} | self.prefixes.keys()
        return held + [Prefix(*key, ()) for key in sorted(self._out - known)]

    def requests(self) -> Iterator[Request | None]:
        """What the engine is to draw; ``None`` while that waits for verdicts."""
        while True:
            self._hear()
            try:
                key = self._next()
            except StopIteration:
                return
            if key is not None:
                self._out.add(key)
                yield self.request(key, self.prefixes.get(key))
            elif self._out:
                yield None
            else:
                self._await_verdict()

    def _next(self) -> Key | None:
        key = self.schedule.next(is_idle=False)
        if key is None:
            # Whatever is asked for now runs ahead of verdicts, and may be for nothing.
            key = self.schedule.next(is_idle=len(self._out) < self.capacity)
        return key

    def _await_verdict(self) -> None:
        """Nothing is in flight: store all, and sleep until a verdict comes."""
        if self._writer.held:
            self._commit([])
        self.judge.take([])
        self._heed()
        with contextlib.suppress(queue.Empty):
            self._learn(self.judge.outcomes.get(timeout=_WAIT_SECONDS))

    def _hear(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._learn(self.judge.outcomes.get_nowait())

    def _learn(self, told: tuple[str, int, bool]) -> None:
        problem_id, index, is_right = told
        unwanted = list(self.schedule.judged(problem_id, index, is_right=is_right))
        self._dropped += self._out.intersection(unwanted)
        self._out.difference_update(unwanted)
        for key in unwanted:
            self.prefixes.pop(key, None)

    def take(self, sample: Sample) -> None:
        """Keep a sample, on disk from the next cut on."""
        key = (sample.problem_id, sample.index)
        self._out.discard(key)
        self.prefixes.pop(key, None)
        self.schedule.drawn(key)
        self._tally.add(sample)
        self._writer.hold(sample)
        if sample.ledger is not None:
            self._ledger.hold(sample.ledger)
        is_old = time.monotonic() - self._last_commit >= _UNWATCHED_SECONDS
        if is_old and not self._has_beat:
            self._commit(self._left())

    def cancelled(self) -> Collection[Key]:
        """See Watch.cancelled."""
        self._hear()
        dropped, self._dropped = self._dropped, []
        return set(dropped)

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        """See Watch.beat.

        Raises:
            KeyboardInterrupt: The process was told to end; all is stored.
        """
        self._has_beat = True
        now = time.monotonic()
        if now - self._last_told >= _TELL_SECONDS:
            self._tell()
        is_time = now - self._last_commit >= self._span and (self._writer.held or self._out)
        if self._stop.is_asked or is_time or self._writer.is_due:
            self._commit(in_flight())
        self._heed()

    def _heed(self) -> None:
        """End here if told to; the cut just made holds everything."""
        if self._stop.is_asked:
            self._is_over = True
            raise KeyboardInterrupt

    def _commit(self, aloft: Iterable[Prefix]) -> None:
        """Store what is held with what is in flight: one state that the run was in."""
        self._aloft = [*aloft]
        known = dict(self.prefixes)
        known.update({(p.problem_id, p.index): p for p in self._aloft if self._is_news(p)})
        self._flights.save(list(known.values()), self._writer.last)
        # Before the samples: one that is there has its ledger, and one drawn again another.
        self._ledger.flush()
        self.judge.take(self._writer.flush())
        if self.is_alone and not self._has_taken_over:
            # What earlier sessions left is by now on disk as a sample, or in this snapshot.
            self._flights.clear_others()
            self._has_taken_over = True
        self._last_commit = time.monotonic()
        self._span = self._next_span()

    def _next_span(self) -> float:
        """Seconds to the next cut, from what is known at this one.

        Were a cut made whenever enough answers have ended, a kill would undo the work of times
        in which they go on and keep that of times in which they end, which favours short ones.
        The writer's own limit on what it holds is only for bursts.
        """
        elapsed = self._last_commit - self._tally.began
        span = min(max(_LOOK_SECONDS, _COMMIT_SHARE * elapsed), _COMMIT_SECONDS)
        return min(span, _PART * elapsed / max(1, self._tally.samples))

    def _is_news(self, prefix: Prefix) -> bool:
        """Whether it holds more than an earlier session left."""
        old = self.prefixes.get((prefix.problem_id, prefix.index))
        # A sampler's state only goes forward, and its answer may become shorter.
        is_state = prefix.state is not None
        return old is None or is_state or len(prefix.token_ids) >= len(old.token_ids)

    def _tell(self) -> None:
        new = self._tally.samples - self._told + self.schedule.spared - self._spared
        settled = f"{self.schedule.settled} of {self.problems} problems"
        self.advance(new, self._tally.line(self.judge, settled))
        self._told, self._spared = self._tally.samples, self.schedule.spared
        self._last_told = time.monotonic()


class _Stop:
    """Turns the first SIGINT or SIGTERM into a wish, so that it never strikes in mid-step.

    The second one strikes. Outside the main thread signals stay as they are.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True
