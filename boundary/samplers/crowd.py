"""Many answers made of several requests each, advanced together in one generation of an engine.

Whichever request ends first, its answer goes on at once: none waits for the slowest of a round,
and the engine's batch stays full.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Protocol

from boundary.engines import Decoding, Engine, Request, Watch
from boundary.records import Key, Prefix, Sample

_SHARE = 1.25
"""Answers at work, as a share of what the engine takes: some wait, so that its batch stays full."""


class Course(Protocol):
    """One answer on its way; its requests have keys that no other course's has."""

    def ask(self) -> Sequence[Request]:
        """The requests that it can make now and has not made yet."""
        ...

    def learn(self, sample: Sample) -> Sample | None:
        """Take what one of its requests gave; returns the answer where that ends it."""
        ...

    def state(self, held: Callable[[], Mapping[Key, Prefix]]) -> Prefix | None:
        """All that is needed to go on from here, ``None`` where that is nothing.

        ``held`` tells what the engine holds of the requests that it works on.
        """
        ...


class Crowd:
    """The courses of one generation; it watches the engine on behalf of its own watch."""

    def __init__(
        self,
        requests: Iterable[Request | None],
        begin: Callable[[Request], Course],
        most: int,
        watch: Watch,
    ) -> None:
        self._requests = iter(requests)
        self._begin = begin
        self._most = most
        self._watch = watch
        self._courses: dict[Key, Course] = {}
        self._ready: deque[Request] = deque()
        self._owner: dict[Key, Key] = {}
        self._is_dry = False

    def requests(self) -> Iterator[Request | None]:
        """What the engine is to draw; ``None`` while that waits for what it draws already."""
        while True:
            if self._ready:
                request = self._ready.popleft()
                # A course that was called off leaves its requests behind.
                if request.key in self._owner:
                    yield request
            elif not self._is_dry and len(self._courses) < self._most:
                # The source may wait for what is in flight, and is asked again.
                if not self._open():
                    yield None
            elif self._courses:
                yield None
            else:
                return

    def _open(self) -> bool:
        """Begin another answer; whether there was one, or will be none."""
        try:
            request = next(self._requests)
        except StopIteration:
            self._is_dry = True
            return True
        if request is None:
            return False
        self._courses[request.key] = self._begin(request)
        self._advance(request.key)
        return True

    def _advance(self, key: Key) -> None:
        for request in self._courses[key].ask():
            self._owner[request.key] = key
            self._ready.append(request)

    def learn(self, sample: Sample) -> Iterator[Sample]:
        """Take what the engine drew; yields the answer where that ends one."""
        key = self._owner.pop((sample.problem_id, sample.index), None)
        if key is None:
            return
        answer = self._courses[key].learn(sample)
        if answer is None:
            self._advance(key)
        else:
            del self._courses[key]
            yield answer

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        """See Watch.beat."""

        def states() -> list[Prefix]:
            # Not every course asks, and the engine is to be asked once.
            held = cache(lambda: {(p.problem_id, p.index): p for p in in_flight()})
            found = (course.state(held) for course in self._courses.values())
            return [state for state in found if state is not None]

        self._watch.beat(states)

    def cancelled(self) -> Collection[Key]:
        """See Watch.cancelled."""
        unwanted = set(self._watch.cancelled())
        for key in unwanted:
            self._courses.pop(key, None)
        dropped = {own for own, key in self._owner.items() if key in unwanted} if unwanted else ()
        for own in dropped:
            del self._owner[own]
        return dropped


def drive(
    engine: Engine,
    requests: Iterable[Request | None],
    decoding: Decoding,
    watch: Watch,
    begin: Callable[[Request], Course],
) -> Iterator[Sample]:
    """Yield every answer as it ends.

    Args:
        engine: Who draws.
        requests: What is asked for, taken lazily.
        decoding: The law that the courses' own requests are drawn from.
        watch: Called after each step; what is in flight are the states of the courses.
        begin: Makes the course of a request.
    """
    crowd = Crowd(requests, begin, max(1, int(_SHARE * engine.capacity)), watch)
    for sample in engine.generate(crowd.requests(), decoding, crowd):
        yield from crowd.learn(sample)
