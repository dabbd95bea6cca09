"""Several processes must be one engine: the same samples, the same law, whatever dies."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boundary import engines
from boundary.config import ArmSettings
from boundary.engines import (
    Decoding,
    EngineConfig,
    Request,
    create,
    replicas,
)
from boundary.engines.replica import _stream
from boundary.engines.replicas import Replicas
from boundary.errors import EngineError, PackageError
from boundary.records import Draw, Finish, Key, Prefix, Problem, Sample
from tests.engines import data

LIMIT_S = 120
DECODING = Decoding(1.0, 1.0, 400)
LONG = Decoding(1.0, 1.0, 10**9)
FRESH = "fake/fresh=1,tokens=30,delay=0.002,rows=16"


def requests(count: int, *, per_problem: int = 25) -> list[Request]:
    problems = [
        Problem(f"p{i}", "?", str(i), meta={"tests": object})
        for i in range(count // per_problem + 1)
    ]
    return [Request(Draw(problems[i // per_problem], i, 7919 * i), (1, 2, 3)) for i in range(count)]


def two(model: str, engine: str = "fake", **options: Any) -> "contextlib.closing[Replicas]":
    return closing(Replicas(engine, EngineConfig(model, **options), 2))


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked about does not."""
    asked = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def assert_gone(pids: Iterable[int]) -> None:
    end = time.monotonic() + LIMIT_S
    while any(map(is_alive, pids)):
        assert time.monotonic() < end, "a worker outlives its caller"
        time.sleep(0.05)


def texts(samples: Iterable[Sample]) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for sample in samples:
        key = sample.problem_id, sample.index
        assert key not in found, "a sample came twice"
        found[key] = sample.text
    return found


class Watcher:
    """Checks every beat: an answer is either yielded or in flight, and never shrinks."""

    def __init__(self, act: Callable[["Watcher"], None] = lambda _watch: None) -> None:
        self.act = act
        self.taken: dict[Key, Request] = {}
        self.samples: dict[Key, Sample] = {}
        self.flight: dict[Key, Prefix] = {}
        self.unwanted: set[Key] = set()
        self.dropped: set[Key] = set()
        self.beats = 0

    def taking(self, asked: Iterable[Request | None]) -> Iterator[Request | None]:
        for request in asked:
            if request:
                self.taken[request.key] = request
            yield request

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        self.beats += 1
        told = in_flight()
        flight = {(p.problem_id, p.index): p for p in told}
        assert len(flight) == len(told)
        assert flight.keys() | self.samples.keys() | self.dropped == self.taken.keys()
        assert not flight.keys() & self.samples.keys()
        for key, prefix in flight.items():
            before = self.flight.get(key)
            known = before.token_ids if before else self.taken[key].prefix_ids
            assert list(prefix.token_ids[: len(known)]) == list(known)
        self.flight = flight
        self.act(self)

    def cancelled(self) -> Collection[Key]:
        keys, self.unwanted = self.unwanted, set()
        self.dropped |= (keys & self.taken.keys()) - self.samples.keys()
        return keys

    def run(
        self, engine: Any, asked: Iterable[Request | None], decoding: Decoding = DECODING
    ) -> dict[Key, Sample]:
        for sample in engine.generate(self.taking(asked), decoding, self):
            key = sample.problem_id, sample.index
            assert key not in self.samples, "a sample came twice"
            self.samples[key] = sample
        return self.samples


def test_a_fake_engine_twice_gives_the_samples_of_one() -> None:
    asked = requests(1000)
    with closing(create("fake", EngineConfig("fake/p=0.4"))) as one:
        expected = sorted(one.generate(asked, DECODING), key=lambda s: s.index)
    with two("fake/p=0.4") as engine:
        assert (engine.name, engine.dtype, engine.capacity) == ("fake", "none", 2)
        assert engine.checkpoint == one.checkpoint
        found = sorted(engine.generate(iter(asked), DECODING), key=lambda s: s.index)
        assert found == expected
        # And again: nothing of one generation reaches the next.
        assert texts(engine.generate(asked[:40], DECODING)) == texts(expected[:40])
        assert list(engine.generate([], DECODING)) == []


def test_a_checkpoint_twice_gives_the_samples_of_one(folder: Path, engine: Any) -> None:
    asked = data.requests(120)
    decoding = Decoding(1.0, 0.9, 25)
    expected = data.by_index(engine.generate(asked, decoding))
    with two(str(folder), "transformers", batch_size=16) as both:
        assert (both.dtype, both.capacity) == ("float32", 32)
        watch = Watcher()
        found = data.by_index(watch.run(both, asked, decoding).values())
        assert found.keys() == expected.keys()
        assert both.encode("12", start=False) == engine.encode("12", start=False)
        assert both.token_id("<eos>") == data.EOS
        prompts, answers = [[3], [4, 5], [6, 7, 8]] * 9, [[5, 6, 7], [8], [9, 10]] * 9
        one = list(engine.score(prompts, answers))
        for scores, other in zip(one, both.score(prompts, answers), strict=True):
            assert scores == pytest.approx(other, abs=1e-4)
    same = [found[i].token_ids == expected[i].token_ids for i in expected]
    # Batches of other make-up round differently; a draw at the edge may turn.
    assert sum(same) >= 0.98 * len(same)
    assert list(both.pids) == []


def test_encoding_is_answered_while_replicas_are_at_work() -> None:
    """As the sample stage does it: a prompt is encoded when its problem's turn comes."""

    def asked() -> Iterator[Request]:
        for request in requests(200, per_problem=10):
            yield replace(request, prompt_ids=tuple(engine.encode(request.draw.problem.id)))

    with two(FRESH) as engine:
        watch = Watcher()
        assert len(watch.run(engine, asked())) == 200


def test_work_is_shared_and_problems_stay_together() -> None:
    with two("fake/delay=0.02,p=0.5") as engine:
        seen: dict[int, list[str]] = {}

        def act(watch: Watcher) -> None:
            for replica in engine._replicas:
                seen.setdefault(replica.number, []).extend(key[0] for key in replica.held)

        Watcher(act).run(engine, requests(30, per_problem=10))
    assert all(seen[number] for number in (0, 1))


@pytest.mark.parametrize("model", ["fake/p=0.4,delay=0.002", FRESH])
def test_a_worker_that_is_killed_loses_nothing(model: str) -> None:
    asked = requests(400)
    with two(model) as engine:
        first = engine.pids
        killed: list[int] = []

        def act(watch: Watcher) -> None:
            if len(watch.samples) > 100 * (len(killed) + 1) and len(killed) < 2:
                killed.append(engine.pids[len(killed) % 2])
                os.kill(killed[-1], signal.SIGKILL)

        watch = Watcher(act)
        watch.run(engine, asked)
        assert set(watch.samples) == {request.key for request in asked}
        assert len(killed) == 2
        assert set(engine.pids).isdisjoint(killed)
        assert first[0] in killed
    if "fresh" not in model:
        with closing(create("fake", EngineConfig("fake/p=0.4"))) as one:
            assert texts(watch.samples.values()) == texts(one.generate(asked, DECODING))


def test_signals_to_the_workers_are_left_to_the_caller() -> None:
    with two(FRESH) as engine:
        pids = engine.pids

        def act(watch: Watcher) -> None:
            for pid in pids:
                os.kill(pid, signal.SIGINT if watch.beats % 2 else signal.SIGTERM)

        Watcher(act).run(engine, requests(150))
        assert engine.pids == pids


def test_answers_keep_their_law_when_workers_are_killed() -> None:
    rng = random.Random(5)
    due, kills = [0.0], []
    with two(FRESH) as engine:

        def act(watch: Watcher) -> None:
            now = time.monotonic()
            # One that has drawn nothing yet is spared: it may die three times in a row, no more.
            at_work = [r.process.pid for r in engine._replicas if r.process and r.recent]
            if now >= due[0] and at_work:
                if due[0]:
                    os.kill(rng.choice(at_work), signal.SIGKILL)
                    kills.append(now)
                due[0] = now + rng.uniform(0.3, 0.6)

        samples = Watcher(act).run(engine, requests(2400), LONG).values()
    assert len(samples) == 2400
    assert kills
    assert all(s.finish is Finish.STOP for s in samples)
    data.assert_geometric([s.n_tokens or 0 for s in samples], 30)


class Stop(KeyboardInterrupt):
    """Raised by a beat, as a stage does on a signal."""


def test_answers_keep_their_law_over_stops_and_continuations() -> None:
    """Each session takes up what the last beat of the one before told."""
    rng = random.Random(6)
    waiting = {request.key: request for request in requests(1600)}
    lengths: list[int] = []
    continued = 0
    for session in range(13):
        end = [0.0]

        def act(watch: Watcher, end: list[float] = end, last: bool = session >= 12) -> None:
            end[0] = end[0] or time.monotonic() + rng.uniform(0.1, 0.5)
            if time.monotonic() > end[0] and not last:
                raise Stop

        watch = Watcher(act)
        with two(FRESH) as engine, contextlib.suppress(Stop):
            watch.run(engine, list(waiting.values()), LONG)
        for key, sample in watch.samples.items():
            lengths.append(sample.n_tokens or 0)
            assert len(sample.token_ids or ()) == sample.n_tokens
            del waiting[key]
        for key, prefix in watch.flight.items():
            if prefix.token_ids:
                continued += 1
                waiting[key] = replace(waiting[key], prefix=prefix)
        if not waiting:
            break
    assert not waiting
    assert continued > 20
    data.assert_geometric(lengths, 30)


def test_an_interrupt_ends_the_workers() -> None:
    with two("fake/fresh=1,tokens=1000000,delay=0.001") as engine:
        pids = engine.pids

        def act(watch: Watcher) -> None:
            """Beats come, with answers that grow, though none ends."""
            if len(watch.flight) >= 60 and all(p.token_ids for p in watch.flight.values()):
                raise Stop

        watch = Watcher(act)
        with pytest.raises(Stop):
            watch.run(engine, requests(60), LONG)
        assert not watch.samples
        assert engine.pids == ()
        assert not any(map(is_alive, pids))
        with pytest.raises(EngineError, match="the engine is closed"):
            list(engine.generate(requests(1), DECODING))


def test_a_caller_may_leave_and_come_back() -> None:
    with two("fake/fresh=1,tokens=20,delay=0.001") as engine:
        pids = engine.pids
        for _ in range(3):
            running = engine.generate(requests(500), DECODING)
            assert next(running).n_tokens
            running.close()
        assert len(texts(engine.generate(requests(60), DECODING))) == 60
        assert len(list(engine.score([[1]] * 5, [[2, 3]] * 5))) == 5
        assert engine.pids == pids


def test_requests_are_taken_lazily() -> None:
    with two("fake/p=0.5,delay=0.01") as engine:
        watch = Watcher()
        running = engine.generate(watch.taking(requests(10_000)), DECODING, watch)
        next(running)
        assert len(watch.taken) < 50
        running.close()


def test_none_among_the_requests_means_later() -> None:
    asked = requests(40)

    def feed() -> Iterator[Request | None]:
        for place, request in enumerate(asked):
            if place % 7 == 0:
                start = watch.beats
                while watch.beats < start + 3:
                    yield None
            yield request

    with two("fake/p=0.5") as engine:
        watch = Watcher()
        assert set(watch.run(engine, feed())) == {r.key for r in asked}


def test_cancelled_samples_do_not_come() -> None:
    asked = requests(300)
    last = {r.key for r in asked if int(r.draw.problem.id[1:]) % 2}

    def act(watch: Watcher) -> None:
        if watch.samples and not watch.dropped:
            watch.unwanted = set(last)

    with two("fake/fresh=1,tokens=50,delay=0.002,rows=8") as engine:
        watch = Watcher(act)
        # Those that no replica has taken are the caller's to leave out.
        found = watch.run(engine, (r for r in asked if not watch.dropped or r.key not in last))
    assert watch.dropped
    assert not watch.dropped & found.keys()
    assert {r.key for r in asked} - last <= found.keys()
    assert len(found) < len(asked)


def test_an_answer_begun_earlier_is_in_flight_from_the_start_and_continued() -> None:
    asked = [
        replace(r, prefix=Prefix(*r.key, (5, 6, 7), -0.75, -0.75)) if r.draw.index % 2 else r
        for r in requests(200)
    ]
    with two(FRESH) as engine:
        found = Watcher().run(engine, asked)
    for request in asked:
        sample = found[request.key]
        assert list(sample.token_ids or ())[: len(request.prefix_ids)] == list(request.prefix_ids)
        assert sample.logprob == pytest.approx(-0.25 * (sample.n_tokens or 0))


def test_a_model_that_does_not_load_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as single:
        create("transformers", EngineConfig(str(tmp_path / "none")))
    with pytest.raises(EngineError) as failure:
        Replicas("transformers", EngineConfig(str(tmp_path / "none")), 2)
    assert str(failure.value) == str(single.value)


def test_an_arm_is_loaded_into_as_many_as_asked() -> None:
    arm = ArmSettings(model="fake/p=0.5")
    with closing(engines.load(arm, replicas=2)) as several:
        assert isinstance(several, Replicas)
        assert len(several.pids) == 2
    with closing(engines.load(arm, replicas="auto")) as one:
        assert not isinstance(one, Replicas)
    with pytest.raises(EngineError, match="no engine named 'vlm'"):
        engines.load(ArmSettings(model="fake/p=0.5", engine="vlm"), replicas=2)


def test_no_two_processes_share_a_stream() -> None:
    found = [_stream(s, n, r) for s in (0, 1, 10**12) for n in range(20) for r in range(20)]
    assert len(set(found)) == len(found)
    assert all(0 <= stream < 2**31 for stream in found)


PARENT = """
import signal, sys, time
from boundary.engines import Decoding, EngineConfig, Request
from boundary.engines.replicas import Replicas
from boundary.records import Draw, Problem
if __name__ == "__main__":
    # A shell starts what it puts into the background with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    engine = Replicas("fake", EngineConfig("fake/fresh=1,tokens=100000,delay=0.001"), 2)
    print(*engine.pids, flush=True)
    asked = (Request(Draw(Problem("p", "?", "1"), i, i), (1,)) for i in range(100))
    list(engine.generate(asked, Decoding(1.0, 1.0, 10**9)))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_workers_end_with_their_caller(number: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as caller:
        try:
            assert caller.stdout
            pids = [int(pid) for pid in caller.stdout.readline().split()]
            assert len(pids) == 2
            caller.send_signal(number)
            caller.wait(timeout=LIMIT_S)
        finally:
            caller.kill()
    assert_gone(pids)


THEIRS = """
import os
from pathlib import Path
from boundary.engines.fake import FakeEngine
from boundary.errors import EngineError, PackageError

class Engine(FakeEngine):
    def __init__(self, config):
        self.options, self.stream = config.options, config.stream
        if self.options["how"] == "package":
            raise PackageError("theirs is not there", remedy="get it")
        if self.options["how"] == "start":
            os._exit(7)
        if self.options["how"] == "late" and self._count("starts") > 2:
            raise EngineError("it cannot load again", remedy="wait")
        super().__init__(config)

    def _count(self, name):
        path = Path(self.options["folder"]) / name
        with path.open("a") as file:
            file.write("x")
        return path.stat().st_size

    def token_id(self, text):
        return self.stream

    def generate(self, requests, decoding, watch):
        how = self.options["how"]
        for count, sample in enumerate(super().generate(requests, decoding, watch)):
            if how == "exit":
                os._exit(3)
            if how == "refuse":
                raise EngineError("these are no requests", remedy="ask otherwise")
            if how == "bug":
                raise ZeroDivisionError("of course")
            # Some come before each end, so that there is progress.
            if how in ("often", "late") and count == 60:
                raise EngineError("out of memory", remedy="less")
            yield sample
"""


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], EngineConfig]:
    """An engine of another package, which fails as it is told to."""
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[boundary.engines]\ntheirs = theirs_engine:Engine\n")
    (tmp_path / "theirs_engine.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(replicas, "_PAUSE_S", 0.01)
    return lambda how: EngineConfig(
        "fake/p=0.5,delay=0.001", options={"how": how, "folder": str(tmp_path)}
    )


def test_another_packages_engine_is_found_by_the_workers(theirs: Any) -> None:
    with closing(Replicas("theirs", theirs("well"), 2)) as engine:
        assert len(texts(engine.generate(requests(50), DECODING))) == 50
        streams = Counter(engine.token_id("x") for _ in range(6))
        assert sum(streams.values()) == 6
        assert not set(streams) - {_stream(0, 0, 0), _stream(0, 1, 0)}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("exit", "ended 4 times in a row without .* exit status 3"),
        ("bug", "ended 4 times in a row without .* ZeroDivisionError: of course"),
        ("refuse", "these are no requests: ask otherwise"),
    ],
)
def test_a_replica_that_keeps_dying_ends_all(theirs: Any, how: str, expected: str) -> None:
    with closing(Replicas("theirs", theirs(how), 2)) as engine:
        pids = engine.pids
        watch = Watcher()
        with pytest.raises(EngineError, match=expected):
            watch.run(engine, requests(20))
        assert watch.beats
        assert not watch.samples
        assert engine.pids == ()
    assert_gone(pids)


def test_a_replica_that_never_starts_is_given_up(theirs: Any) -> None:
    with pytest.raises(EngineError, match=r"ended 4 times .* exit status 7"):
        Replicas("theirs", theirs("start"), 2)
    with pytest.raises(PackageError, match="theirs is not there: get it"):
        Replicas("theirs", theirs("package"), 2)


def test_an_engine_that_fails_now_and_then_is_started_again(theirs: Any) -> None:
    with closing(Replicas("theirs", theirs("often"), 2)) as engine:
        asked = requests(400)
        assert set(Watcher().run(engine, asked)) == {r.key for r in asked}


def test_what_came_before_the_last_failure_stands(theirs: Any) -> None:
    with closing(Replicas("theirs", theirs("late"), 2)) as engine:
        watch = Watcher()
        with pytest.raises(EngineError, match="it cannot load again"):
            watch.run(engine, requests(400))
    assert 0 < len(watch.samples) < 400
    assert watch.flight.keys() | watch.samples.keys() == watch.taken.keys()
