"""Several processes of one engine behind the protocol of one: each has GPUs or cores of its own.

Requests are handed out as replicas have room, in runs, so that those of one problem mostly meet
in one place and share the pass over its prompt. Samples come in reports
(:mod:`boundary.engines.worker`), each a cut through one replica, and ``in_flight`` tells the
state as of the last reports, the very one that the samples yielded belong to. It asks for nothing
newer: a fresh report would bring samples that the caller cannot take within its beat. What a stop
costs is the drawing since the last report, mostly a tenth of a second, and no bias.

The same holds for a replica that dies: what it finished since its last report is lost together
with what it drew of the others meanwhile, and all of them go on from the report, elsewhere.
"""

import time
import weakref
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count as counter
from multiprocessing.connection import wait
from typing import Any

from boundary.engines.base import (
    UNWATCHED,
    Decoding,
    EngineConfig,
    Feed,
    Request,
    Watch,
)
from boundary.engines.gpus import environments
from boundary.engines.replica import Held, Replica, told
from boundary.engines.scored import Inspected, Nucleus
from boundary.engines.worker import (
    Answer,
    Ask,
    Begin,
    Cancel,
    Close,
    End,
    Failed,
    Hello,
    More,
    Order,
    Report,
    Word,
)
from boundary.errors import BoundaryError, EngineError
from boundary.records import Key, Prefix, Problem, Sample

_TICK_S = 0.05
"""Longest wait for a message, thus between two beats."""
_MOST_DEATHS = 3
"""Deaths of one replica without a token between them before all is given up."""
_PAUSE_S = 2.0
"""Wait before another start, for each death but the first: memory takes a while to be freed."""
_CLOSE_S = 10.0
_RUN = 16
"""Requests handed out in one go, at most."""
_ASKED = 2
"""Calls other than ``generate`` that one replica has at once."""
_SCORED = 64
"""Answers scored in one call, at most."""


class Replicas:
    """``count`` processes of the engine of a name, each with the same model loaded.

    A process that dies is started again and its answers in flight are continued; one that keeps
    dying ends all. A worker's problems have no ``meta``, which no engine reads.

    Args:
        name: The engine's name in the registry.
        config: What each is made from; the ``stream`` differs from process to process.
        count: Number of processes.

    Raises:
        EngineError: The model does not load.
    """

    def __init__(self, name: str, config: EngineConfig, count: int) -> None:
        self._engine = name
        self._config = config
        places = environments(count, config.options)
        self._replicas = [Replica(number, place) for number, place in enumerate(places)]
        self._hellos: list[Hello] = []
        self._pending: deque[Held] = deque()
        self._ready: deque[Sample] = deque()
        self._questions: deque[Ask] = deque()
        self._answers: dict[int, Any] = {}
        self._numbers = counter()
        self._generation: Begin | None = None
        self._has_moved = False
        self._problems: dict[str, Problem] = {}
        # Also runs when the engine is forgotten, and at exit.
        self._finalizer = weakref.finalize(self, _end_all, self._replicas)
        try:
            while not all(replica.is_ready for replica in self._replicas):
                self._pump()
        except BaseException:
            self._finalizer()
            raise
        hello = self._hellos[0]
        self.name, self.dtype, self.checkpoint = hello.name, hello.dtype, hello.checkpoint
        self.capacity = sum(replica.capacity for replica in self._replicas)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that are alive."""
        return tuple(r.process.pid for r in self._replicas if r.process)

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        """See Engine.encode; a replica at work answers between two steps."""
        ids: list[int] = self._call("encode", text, start=start)
        return ids

    def token_id(self, text: str) -> int | None:
        """See Engine.token_id."""
        found: int | None = self._call("token_id", text)
        return found

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> Iterator[list[float]]:
        """See Engine.score; the replicas share the work."""
        yield from self._share("score", prompts, answers)

    def inspect(
        self,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
        nucleus: Nucleus,
    ) -> Iterator[Inspected]:
        """See Engine.inspect; the replicas share the work."""
        yield from self._share("inspect", prompts, answers, nucleus)

    def _share(
        self,
        method: str,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
        *more: Any,
    ) -> Iterator[Any]:
        each = -(-len(answers) // (_ASKED * len(self._replicas)))
        size = max(1, min(_SCORED, each))
        asked: deque[int] = deque()
        for start in range(0, len(answers), size):
            part = slice(start, start + size)
            asked.append(self._ask(method, prompts[part], answers[part], *more))
            if len(asked) > _ASKED * len(self._replicas):
                yield from self._await(asked.popleft())
        while asked:
            yield from self._await(asked.popleft())

    def _call(self, method: str, *args: Any, **options: Any) -> Any:
        return self._await(self._ask(method, *args, **options))

    def _ask(self, method: str, *args: Any, **options: Any) -> int:
        number = next(self._numbers)
        self._questions.append(Ask(number, method, args, options))
        return number

    def _await(self, number: int) -> Any:
        while number not in self._answers:
            self._pump()
        return self._answers.pop(number)

    def generate(
        self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch = UNWATCHED
    ) -> Iterator[Sample]:
        """See Engine.generate; an exception out of the watch ends the workers at once."""
        generation = Begin(next(self._numbers), decoding)
        self._generation, self._has_moved = generation, False
        self._tell(generation)
        is_now = True
        try:
            yield from self._generate(Feed(requests), watch)
            is_now = False
        except GeneratorExit:
            raise
        except BaseException:
            self._finalizer()
            raise
        finally:
            self._generation = None
            self._tell(End(is_now))
            self._forget()

    def _generate(self, feed: Feed, watch: Watch) -> Iterator[Sample]:
        failure = None
        while failure is None and not (feed.is_empty and self._is_idle()):
            self._call_back(watch.cancelled())
            try:
                self._hand_out(feed)
                self._pump()
            except BoundaryError as error:
                failure = error
            # What came before a failure stands, and the caller hears of the rest.
            while self._ready:
                yield self._ready.popleft()
            watch.beat(self._in_flight)
        if failure:
            raise failure

    def _is_idle(self) -> bool:
        return not self._pending and not any(replica.held for replica in self._replicas)

    def _in_flight(self) -> list[Prefix]:
        """Every answer asked for and not yielded, as of the last reports."""
        held = [*self._pending, *(h for r in self._replicas for h in r.held.values())]
        return [one.prefix() for one in held]

    def _tell(self, message: Order) -> None:
        for replica in self._replicas:
            if replica.is_ready:
                replica.send(message)

    def _forget(self) -> None:
        self._pending.clear()
        self._ready.clear()
        self._problems.clear()
        for replica in self._replicas:
            replica.held.clear()

    def _call_back(self, keys: Collection[Key]) -> None:
        """Drop the answers that are no longer wanted, wherever they are."""
        unwanted = frozenset(keys)
        if not unwanted:
            return
        self._pending = deque(h for h in self._pending if h.request.key not in unwanted)
        for replica in self._replicas:
            theirs = unwanted & replica.held.keys()
            for key in theirs:
                del replica.held[key]
            if theirs:
                replica.send(Cancel(theirs))

    def _hand_out(self, feed: Feed) -> None:
        """Give the replicas what they have room for, the emptiest first."""
        # The caller's requests may call encode: nothing is half done while they are taken.
        room = sum(replica.room for replica in self._replicas) - len(self._pending)
        self._pending.extend(map(Held.of, feed.take(room) if room > 0 else ()))
        batches: dict[int, list[Request]] = {}
        while self._pending:
            free = [replica for replica in self._replicas if replica.room]
            if not free:
                break
            replica = min(free, key=lambda r: len(r.held) / r.target)
            for _ in range(max(1, min(_RUN, replica.target // 8))):
                if self._pending:
                    one = self._pending.popleft()
                    replica.held[one.request.key] = one
                    batches.setdefault(replica.number, []).append(self._light(one.continued()))
        for number, batch in batches.items():
            self._replicas[number].send(More(batch))

    def _light(self, request: Request) -> Request:
        """The request without what only a verifier reads, which can be large."""
        problem = request.draw.problem
        if not problem.meta:
            return request
        known = self._problems.get(problem.id)
        if known is None:
            known = self._problems[problem.id] = replace(problem, meta={})
        return replace(request, draw=replace(request.draw, problem=known))

    def _pump(self) -> None:
        """Start who is to be started, ask what is to be asked, and listen for a moment.

        Raises:
            EngineError: The model does not load, or a replica keeps dying.
        """
        if not self._finalizer.alive:
            raise EngineError("the engine is closed", remedy="load it again")
        for replica in self._replicas:
            if not replica.process and time.monotonic() >= replica.start_at:
                replica.start(self._engine, self._config)
        self._put_questions()
        wait([r.connection for r in self._replicas if r.connection], _TICK_S)
        for replica in self._replicas:
            if replica.process:
                self._listen(replica)

    def _put_questions(self) -> None:
        while self._questions:
            free = [r for r in self._replicas if r.is_ready and len(r.asked) < _ASKED]
            if not free:
                return
            replica = min(free, key=lambda r: (len(r.asked), len(r.held)))
            question = self._questions.popleft()
            replica.asked[question.number] = question
            replica.send(question)

    def _listen(self, replica: Replica) -> None:
        try:
            for message in replica.hear():
                self._take(replica, message)
        except EOFError:
            self._bury(replica)

    def _take(self, replica: Replica, message: Word) -> None:
        match message:
            case Report():
                self._take_report(replica, message)
            case Answer(number, value):
                del replica.asked[number]
                self._answers[number] = value
                replica.deaths = 0
            case Hello():
                self._welcome(replica, message)
            case Failed(problem, remedy, kind):
                replica.failure = problem
                if self._is_hopeless(replica, kind):
                    raise (kind or EngineError)(problem, remedy=remedy or _REMEDY)

    def _take_report(self, replica: Replica, report: Report) -> None:
        """Samples and what is in flight beside them, both or neither."""
        if not self._generation or report.number != self._generation.number:
            return
        for sample in report.samples:
            # A sample that was called back is not held.
            if replica.held.pop((sample.problem_id, sample.index), None):
                self._ready.append(sample)
        replica.recent = len(report.samples)
        for growth in report.growths:
            held = replica.held.get(growth.key)
            if held:
                held.tokens[growth.start :] = growth.token_ids
                held.logprob, held.draw_logprob = growth.logprob, growth.draw_logprob
        replica.deaths = 0
        self._has_moved = True

    def _welcome(self, replica: Replica, hello: Hello) -> None:
        self._hellos.append(hello)
        if hello.checkpoint != self._hellos[0].checkpoint:
            raise EngineError(
                f"{hello.checkpoint.model_id} changed while it was in use",
                remedy="sample from it again under another name",
            )
        replica.capacity, replica.is_ready = hello.capacity, True
        if self._generation:
            replica.send(self._generation)

    def _is_hopeless(self, replica: Replica, kind: type[BoundaryError] | None) -> bool:
        """Whether another start would end the same way, as far as one can tell."""
        if replica.starts == 1 and not replica.is_ready:
            return True
        # Once something was drawn, it is the machine rather than the request.
        return kind is not None and (bool(replica.asked) or not self._has_moved)

    def _bury(self, replica: Replica) -> None:
        """See off a worker that died; its work is for whoever has room.

        Raises:
            EngineError: It dies again and again.
        """
        status = replica.end()
        self._pending.extendleft(reversed(replica.held.values()))
        self._questions.extendleft(reversed(replica.asked.values()))
        replica.held.clear()
        replica.asked.clear()
        replica.deaths += 1
        replica.start_at = time.monotonic() + (replica.deaths - 1) * _PAUSE_S
        if replica.deaths > _MOST_DEATHS:
            last = replica.failure or told(status)
            raise EngineError(
                f"a replica of {self._config.model} ended {replica.deaths} times in a row"
                f" without drawing anything (the last time: {last})",
                remedy=_REMEDY,
            )

    def close(self) -> None:
        """See Engine.close; a worker that does not end in time is ended."""
        if not self._finalizer.alive:
            return
        self._tell(Close())
        deadline = time.monotonic() + _CLOSE_S
        for replica in self._replicas:
            with suppress(EOFError):
                while replica.is_ready and time.monotonic() < deadline:
                    for _ in replica.hear():
                        pass
                    time.sleep(_TICK_S)
        self._finalizer()


_REMEDY = "all finished samples are stored; see what it wrote above, or take --replicas 1"


def _end_all(replicas: Sequence[Replica]) -> None:
    for replica in replicas:
        replica.end()
