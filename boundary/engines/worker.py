"""One engine in a process of its own, and what it and its caller say to each other.

A report holds the samples finished since the last one, and what every other answer holds at that
same moment: taken together they are a state that this engine was really in. The caller
(:mod:`boundary.engines.replicas`) takes a report whole or not at all, and what came after the
last one is lost where a process dies. So that this has no say in how long answers are,

- no answer is seen as it was before another one ended: continued from there, it would have a
  second chance to end soon;
- the time of a report is fixed at the one before, by the clock. Were the end of an answer to bring
  one about, work would be kept where answers end and lost where they go on.
"""

import os
import signal
import sys
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any

from boundary.engines.base import (
    Decoding,
    Engine,
    EngineConfig,
    Request,
)
from boundary.engines.checkpoint import Checkpoint
from boundary.errors import BoundaryError, EngineError
from boundary.records import Key, Prefix, Sample

_DUE_S, _LATEST_S = 0.1, 5.0
"""Seconds between two reports, at least and at most."""
_DUE_COSTS = 20.0
"""The same in the time that a report takes: a twentieth of the engine's time goes into them."""


@dataclass(frozen=True, slots=True)
class Start:
    """To a worker, first of all: load this model into the engine of this name."""

    engine: str
    config: EngineConfig


@dataclass(frozen=True, slots=True)
class Begin:
    """To a worker: generation ``number`` begins."""

    number: int
    decoding: Decoding


@dataclass(frozen=True, slots=True)
class More:
    """To a worker: further requests of the generation."""

    requests: list[Request]


@dataclass(frozen=True, slots=True)
class Cancel:
    """To a worker: samples no longer wanted."""

    keys: frozenset[Key]


@dataclass(frozen=True, slots=True)
class End:
    """To a worker: no more requests come; ``is_now`` gives up those in flight."""

    is_now: bool


@dataclass(frozen=True, slots=True)
class Close:
    """To a worker: free the model and end."""


@dataclass(frozen=True, slots=True)
class Ask:
    """To a worker: call a method of the engine's; answered between two steps."""

    number: int
    method: str
    args: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hello:
    """From a worker: its engine is loaded."""

    name: str
    dtype: str
    checkpoint: Checkpoint
    capacity: int


@dataclass(frozen=True, slots=True)
class Growth:
    """The tokens of an answer in flight from position ``start`` on: new since the last report."""

    key: Key
    start: int
    token_ids: "array[int]"
    logprob: float | None
    draw_logprob: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """From a worker: what ended in generation ``number``, and how the others have grown."""

    number: int
    samples: list[Sample]
    growths: list[Growth]


@dataclass(frozen=True, slots=True)
class Answer:
    """From a worker: what the method asked for returned."""

    number: int
    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """From a worker, last of all: why it ends; ``kind`` is ``None`` for what no engine reports."""

    problem: str
    remedy: str
    kind: type[BoundaryError] | None


Order = Start | Begin | More | Cancel | End | Close | Ask
Word = Hello | Report | Answer | Failed


class _AbandonedError(Exception):
    """Ends a generation that its caller has given up."""


class _Generation:
    """Feeds one ``Engine.generate`` from the inbox, and reports as its watch."""

    def __init__(
        self,
        begin: Begin,
        engine: Engine,
        inbox: "SimpleQueue[Order]",
        outbox: "SimpleQueue[Word | None]",
    ) -> None:
        self._begin = begin
        self._engine = engine
        self._inbox = inbox
        self._outbox = outbox
        self._waiting: deque[Request] = deque()
        # Of each answer the engine works on, how many tokens the caller knows.
        self._told: dict[Key, int] = {}
        self._finished: list[Sample] = []
        self._unwanted: set[Key] = set()
        self._is_over = self._is_abandoned = self.is_closing = False
        self._due = time.monotonic() + _DUE_S

    def run(self) -> None:
        """Generate until the caller says that this is the end."""
        found = self._engine.generate(self._requests(), self._begin.decoding, self)
        with suppress(_AbandonedError):
            for sample in found:
                self._told.pop((sample.problem_id, sample.index), None)
                self._finished.append(sample)
        if not self._is_over:
            raise EngineError(
                f"the engine {self._engine.name} ended before its requests did",
                remedy="report this to whoever wrote it",
            )

    def _requests(self) -> Iterator[Request | None]:
        """Requests as they come; waits for one only where nothing is in flight."""
        while True:
            if not self._told:
                self._wait()
            self._listen()
            if self._waiting:
                request = self._waiting.popleft()
                self._told[request.key] = len(request.prefix_ids)
                yield request
            elif self._is_over:
                return
            else:
                yield None

    def _wait(self) -> None:
        """Until there is a request, or none will come; a report is made when it is due."""
        while not self._waiting and not self._is_over:
            left = max(0.0, self._due - time.monotonic()) if self._finished else None
            try:
                self._hear(self._inbox.get(timeout=left))
            except Empty:
                self._report(list)

    def _listen(self) -> None:
        # What comes after the end is not for this generation.
        while not self._is_over and not self._inbox.empty():
            self._hear(self._inbox.get())

    def _hear(self, order: Order) -> None:
        match order:
            case More(requests):
                self._waiting.extend(requests)
            case Cancel(keys):
                self._waiting = deque(r for r in self._waiting if r.key not in keys)
                self._unwanted |= keys
            case Ask():
                answer(order, self._engine, self._outbox)
            case End(is_now):
                self._is_over = True
                self._is_abandoned |= is_now
            case Close():
                self._is_over = self._is_abandoned = self.is_closing = True
            case Start() | Begin():
                raise _astray(order)
        if self._is_abandoned:
            self._waiting.clear()

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        """See Watch.beat."""
        self._listen()
        if self._is_abandoned:
            raise _AbandonedError
        if time.monotonic() >= self._due:
            self._report(in_flight if self._told else list)

    def cancelled(self) -> Collection[Key]:
        """See Watch.cancelled."""
        keys = self._unwanted & self._told.keys()
        self._unwanted.clear()
        for key in keys:
            del self._told[key]
        return keys

    def _report(self, in_flight: Callable[[], list[Prefix]]) -> None:
        begun = time.monotonic()
        growths = [self._growth(p) for p in in_flight() if (p.problem_id, p.index) in self._told]
        grown = [growth for growth in growths if growth]
        if self._finished or grown:
            self._outbox.put(Report(self._begin.number, self._finished, grown))
            self._finished = []
        now = time.monotonic()
        self._due = now + min(_LATEST_S, max(_DUE_S, _DUE_COSTS * (now - begun)))

    def _growth(self, prefix: Prefix) -> Growth | None:
        key, now = (prefix.problem_id, prefix.index), len(prefix.token_ids)
        told = self._told[key]
        # None at all: the engine does not tell what this answer holds.
        if now in (0, told):
            return None
        self._told[key] = now
        start = told if told < now else 0
        tokens = array("i", prefix.token_ids[start:])
        return Growth(key, start, tokens, prefix.logprob, prefix.draw_logprob)


def answer(ask: Ask, engine: Engine, outbox: "SimpleQueue[Word | None]") -> None:
    """Call the method asked for and send what it returns, an iterator's items as a list."""
    value = getattr(engine, ask.method)(*ask.args, **ask.options)
    outbox.put(Answer(ask.number, list(value) if isinstance(value, Iterator) else value))


def serve(engine: Engine, inbox: "SimpleQueue[Order]", outbox: "SimpleQueue[Word | None]") -> None:
    """Do as the messages say, until one says to close."""
    while True:
        match inbox.get():
            case Begin() as begin:
                generation = _Generation(begin, engine, inbox, outbox)
                generation.run()
                if generation.is_closing:
                    return
            case Ask() as ask:
                answer(ask, engine, outbox)
            case Close():
                return
            case More() | Cancel() | End():
                pass  # The generation they were for has ended.
            case Start() as order:
                raise _astray(order)


def _astray(order: Order) -> EngineError:
    return EngineError(f"a worker was told to {type(order).__name__} at work", remedy="report this")


def _work(inbox: "SimpleQueue[Order]", outbox: "SimpleQueue[Word | None]") -> None:
    from boundary.engines import create

    start = inbox.get()
    assert isinstance(start, Start)
    try:
        engine = create(start.engine, start.config)
        outbox.put(Hello(engine.name, engine.dtype, engine.checkpoint, engine.capacity))
        serve(engine, inbox, outbox)
        engine.close()
    except BoundaryError as error:
        outbox.put(Failed(error.problem, error.remedy, type(error)))
    # Whatever it was, the caller hears of it and goes on with a fresh process.
    except Exception as error:  # noqa: BLE001
        (line, *_) = [*str(error).splitlines(), ""]
        outbox.put(Failed(f"{type(error).__name__}: {line}", "", None))


def _read(connection: Connection, inbox: "SimpleQueue[Order]") -> None:
    """Pass on what the caller says; when it is gone, so is this process with all it started."""
    try:
        while True:
            inbox.put(connection.recv())
    finally:
        os.killpg(os.getpgid(0), signal.SIGKILL)


def _write(connection: Connection, outbox: "SimpleQueue[Word | None]") -> None:
    """Send what is to be said, so that the engine need not wait for a busy caller."""
    with suppress(OSError):
        while (message := outbox.get()) is not None:
            connection.send(message)


def main(arguments: Sequence[str]) -> None:
    """Work for the process that holds the other end of the socket of this number.

    It must lead a process group of its own: the group ends when the caller does.
    """
    connection = Connection(int(arguments[0]))
    os.set_inheritable(connection.fileno(), False)  # noqa: FBT003
    # Signals are the caller's business; handlers, unlike SIG_IGN, are not passed to programs.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    inbox: SimpleQueue[Order] = SimpleQueue()
    outbox: SimpleQueue[Word | None] = SimpleQueue()
    threading.Thread(target=_read, args=(connection, inbox), daemon=True).start()
    writer = threading.Thread(target=_write, args=(connection, outbox), daemon=True)
    writer.start()
    _work(inbox, outbox)
    outbox.put(None)
    writer.join()
    sys.stdout.flush()
    # What an engine left running in this process does not hold it up.
    os._exit(0)
