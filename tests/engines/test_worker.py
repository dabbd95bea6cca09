"""What a worker tells its caller, and when: by the clock, whole, and never in between."""

from collections.abc import Iterable, Iterator
from itertools import islice
from queue import SimpleQueue
from typing import Any

import pytest

from boundary.engines import Decoding, Request, Watch, worker
from boundary.engines.worker import Begin, Cancel, Close, End, More, Report
from boundary.errors import EngineError
from boundary.records import Finish, Prefix, Sample
from tests.engines import data

DECODING = Decoding(1.0, 1.0, 9)


class Scripted:
    """Takes three requests, ends the first in step 2, the second in step 5, the third in 8."""

    name = "scripted"

    def __init__(self, clock: list[float], *, tells: bool = True, leaves: bool = False) -> None:
        self.clock, self.tells, self.leaves = clock, tells, leaves

    def generate(
        self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch
    ) -> Iterator[Sample]:
        source = iter(requests)
        live = {r.draw.index: r for r in islice(source, 3) if r}
        ends = {2: 0, 5: 1, 8: 2}
        for step in range(1, 9):
            for key in watch.cancelled():
                live = {i: r for i, r in live.items() if r.key != key}
            request = live.pop(ends.get(step, -1), None)
            if request:
                yield sample(request, step)
            now = [prefix(r, step if self.tells else 0) for r in live.values()]
            watch.beat(lambda now=now: now)
            self.clock[0] += 0.04
        if not self.leaves:
            assert next(source, None) is None


def sample(request: Request, count: int) -> Sample:
    ids = list(range(count))
    return Sample(*request.key, request.draw.seed, "?", ids, count, Finish.STOP)


def prefix(request: Request, count: int) -> Prefix:
    return Prefix(*request.key, list(range(count)), -1.0 * count, -2.0 * count)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(worker.time, "monotonic", lambda: now[0])
    return now


class Caller:
    """Gives orders at once, the last ones when all the samples have come."""

    def __init__(self, orders: Iterable[Any], samples: int) -> None:
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self.said: list[Any] = []
        self.missing = samples
        for order in orders:
            self.inbox.put(order)
        self.put(Report(0, [], []))
        del self.said[0]

    def put(self, word: Any) -> None:
        self.said.append(word)
        self.missing -= len(word.samples)
        if not self.missing:
            self.inbox.put(End(is_now=False))
            self.inbox.put(Close())


def told(engine: Any, *orders: Any, samples: int = 3) -> list[Any]:
    caller = Caller([Begin(7, DECODING), *orders], samples)
    worker.serve(engine, caller.inbox, caller)  # type: ignore[arg-type]
    return caller.said


THREE = [data.request([1], seed, index) for index, seed in enumerate((11, 12, 13))]


def test_reports_come_when_they_are_due_and_hold_all_of_that_moment(clock: list[float]) -> None:
    found = told(Scripted(clock), More(THREE))
    assert all(isinstance(r, Report) and r.number == 7 for r in found)
    view: dict[int, list[int]] = {}
    steps = []
    for report in found:
        for one in report.samples:
            view.pop(one.index, None)
        for growth in report.growths:
            _, index = growth.key
            tokens = view.setdefault(index, [])
            tokens[growth.start :] = growth.token_ids.tolist()
            assert (growth.logprob, growth.draw_logprob) == (-len(tokens), -2 * len(tokens))
        # Every answer in flight is as long as the steps so far: one state, not several.
        lengths = {len(tokens) for tokens in view.values()}
        assert len(lengths) <= 1
        steps += lengths
    assert [[s.index for s in r.samples] for r in found] == [[0], [1], [2]]
    # Steps take .04 s and a report is due .1 s after the last: not when an answer ends (2, 5, 8).
    assert steps == [4, 7]


def test_nothing_is_known_of_answers_that_an_engine_does_not_tell(clock: list[float]) -> None:
    begun = [
        Request(r.draw, r.prompt_ids, prefix=prefix(r, 3)) if r.draw.index == 2 else r
        for r in THREE
    ]
    found = told(Scripted(clock, tells=False), More(begun))
    assert [growth for report in found for growth in report.growths] == []


def test_what_is_called_back_is_dropped(clock: list[float]) -> None:
    keys = frozenset({THREE[1].key, ("nowhere", 5)})
    found = told(Scripted(clock), More(THREE), Cancel(keys), samples=2)
    assert [s.index for report in found for s in report.samples] == [0, 2]


def test_an_end_at_once_leaves_the_rest_unsaid_and_the_next_generation_works(
    clock: list[float],
) -> None:
    orders = (More(THREE), End(is_now=True), Begin(8, DECODING), More(THREE))
    found = told(Scripted(clock), *orders)
    assert {report.number for report in found} == {8}
    assert [s.index for report in found for s in report.samples] == [0, 1, 2]


def test_an_engine_that_leaves_its_requests_is_an_error(clock: list[float]) -> None:
    with pytest.raises(EngineError, match="the engine scripted ended before its requests did"):
        told(Scripted(clock, leaves=True), More(THREE * 2), samples=6)
