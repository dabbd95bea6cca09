"""One session of sampling, driven by an engine whose every step is known."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boundary import drawing, sample, verify
from boundary.drawing import Drawing
from boundary.engines import (
    UNWATCHED,
    Decoding,
    Feed,
    Request,
    Watch,
)
from boundary.errors import EngineError, VerifierError
from boundary.records import Design, Draw, Finish, Key, Prefix, Sample
from boundary.schedule import Adaptive, Fixed, Schedule
from boundary.store import Run
from boundary.store.files import Folder
from tests.runs import job, suite, texts

PROBLEMS = {p.id: p for p in suite(3).problems}
DECODING = Decoding(0.6, 0.95, 100)


def length_of(key: Key) -> int:
    """Tokens of an answer, 2 to 9."""
    problem, index = key
    return 2 + (3 * index + 5 * int(problem[2:])) % 8


def tokens_of(key: Key) -> tuple[int, ...]:
    return tuple(100 * int(key[0][2:]) + 10 * key[1] + i for i in range(length_of(key)))


class Steps:
    """Gives every row one token per step; the tokens of an answer follow from its key.

    ``act`` is called in each step, between two samples if there are some, with its number.
    """

    def __init__(self, rows: int = 3, act: Callable[[int], None] = lambda step: None) -> None:
        self.rows, self.act = rows, act
        self.begun: dict[Key, int] = {}
        self.dropped: set[Key] = set()
        self.pauses = 0

    def generate(
        self, requests: Iterable[Request | None], watch: Watch = UNWATCHED
    ) -> Iterator[Sample]:
        feed, live, step = Feed(requests), dict[Key, list[int]](), 0
        while live or not feed.is_empty:
            gone = {key for key in watch.cancelled() if live.pop(key, None) is not None}
            self.dropped |= gone
            entering = feed.take(self.rows - len(live))
            self.pauses += not entering and len(live) < self.rows and not feed.is_empty
            for request in entering:
                assert request.prefix_ids == tokens_of(request.key)[: len(request.prefix_ids)]
                self.begun[request.key] = len(request.prefix_ids)
                live[request.key] = [*request.prefix_ids]
            for key, ids in live.items():
                ids.append(tokens_of(key)[len(ids)])
            for key in [key for key, ids in live.items() if len(ids) == length_of(key)]:
                self.act(step)
                yield answer(key, live.pop(key))
            self.act(step)
            watch.beat(lambda: [Prefix(*key, tuple(ids)) for key, ids in live.items()])
            step += 1


def is_right(key: Key) -> bool:
    """All answers to p-0, one to p-1, none to p-2."""
    return key[0] == "p-0" or key == ("p-1", 3)


def answer(key: Key, ids: list[int]) -> Sample:
    assert tuple(ids) == tokens_of(key)
    return Sample(*key, 1, text_of(key), ids, len(ids), Finish.STOP)


def text_of(key: Key) -> str:
    said = PROBLEMS[key[0]].answer if is_right(key) else "none"
    return f"{' '.join(map(str, tokens_of(key)))} \\boxed{{{said}}}"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    stored, manifest = sample.describe(job(tmp_path, suite=suite(3)))
    return Run.create(Folder.at(tmp_path / "run"), manifest, stored)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut at every beat."""
    monkeypatch.setattr(drawing, "_COMMIT_SECONDS", 0.0)


ALL = {key: np.arange(5) for key in PROBLEMS}
KEYS = {(key, i) for key in PROBLEMS for i in range(5)}


def session(run: Run, schedule: Schedule | None = None, **changes: Any) -> Drawing:
    """A session on what a run lacks, and on what its last one left."""
    have = run.indices()
    left = {key: np.setdiff1d(asked, have.get(key, [])) for key, asked in ALL.items()}
    schedule = schedule or Fixed({key: indices for key, indices in left.items() if len(indices)})
    own = {
        "problems": len(PROBLEMS),
        "schedule": schedule,
        "request": lambda key, prefix: Request(
            Draw(PROBLEMS[key[0]], key[1], 1), (1,), prefix=prefix
        ),
        "judge": verify.Companion(
            run, suite(3).problems, verifier="exact", tells=isinstance(schedule, Adaptive)
        ),
        "capacity": 3,
        "prefixes": {key: p for key, p in run.in_flight().items() if p.token_ids},
        "is_alone": True,
        "advance": lambda count, line: None,
    }
    return Drawing(run=run, **{**own, **changes})


def draw(run: Run, engine: Steps, schedule: Schedule | None = None, **changes: Any) -> None:
    with session(run, schedule, **changes) as doing:
        for one in engine.generate(doing.requests(), doing):
            doing.take(one)


def state(run: Run) -> tuple[frozenset[Key], dict[Key, int]]:
    """What is on disk: finished answers, and how far each of the others is."""
    found = texts(Path(str(run.folder)))
    assert found == {key: text_of(key) for key in found}
    aloft = run.in_flight()
    for key, prefix in aloft.items():
        assert tuple(prefix.token_ids) == tokens_of(key)[: len(prefix.token_ids)]
    return frozenset(found), {key: len(p.token_ids) for key, p in aloft.items()}


def snapshots(run: Run) -> list[str]:
    return (run.folder / "inflight").names()


def test_all_is_drawn_once_and_judged_and_nothing_is_left_in_flight(run: Run, often: None) -> None:
    draw(run, Steps())
    assert state(run) == (KEYS, {})
    assert snapshots(run) == []
    assert verify.run(run) == 0


def test_nothing_is_written_between_two_beats(run: Run, often: None) -> None:
    """The parts of a step hold all the samples of it, whenever a kill comes."""
    seen: dict[int, set[tuple[str, ...]]] = {}

    def look(step: int) -> None:
        seen.setdefault(step, set()).add((*run.sample_parts(), *snapshots(run)))

    draw(run, Steps(act=look))
    assert all(len(states) == 1 for states in seen.values())
    assert len(set.union(*seen.values())) > 5


def test_a_cut_is_made_when_it_is_due_and_not_before(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    draw(run, Steps(act=lambda step: written.append(len(run.sample_parts()) + len(snapshots(run)))))
    assert set(written) == {0}
    assert len(run.sample_parts()) == 1


class Killed(BaseException):
    """Stands in for a death: whoever meets it can do no more."""


class Doom:
    """Strikes at the n-th moment before or after a file gets its name or is deleted.

    The files of verdicts do not count: another thread writes them.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.strikes_after: int | None = None
        self.moments = 0
        for name in ("_settle", "remove"):
            monkeypatch.setattr(Folder, name, self._mortal(getattr(Folder, name)))

    def _mortal(self, act: Callable[..., None]) -> Callable[..., None]:
        def mortal(folder: Folder, *args: str) -> None:
            if "verdicts" in str(folder):
                act(folder, *args)
                return
            self._pass()
            act(folder, *args)
            self._pass()

        return mortal

    def _pass(self) -> None:
        self.moments += 1
        if self.strikes_after is not None and self.moments > self.strikes_after:
            raise Killed

    def __call__(self, run: Run, rows: int, *, after: int | None) -> list[Any]:
        """A session that dies then, or ends well; the states that it was in at its cuts."""
        doing, engine = session(run), Steps(rows)
        states = [state(run)]
        done = set(states[0][0])
        commit = doing._commit

        def noted(aloft: Iterable[Prefix]) -> None:
            aloft = [*aloft]
            now = {key: len(p.token_ids) for key, p in doing.prefixes.items()}
            now.update({(p.problem_id, p.index): len(p.token_ids) for p in aloft})
            states.append((frozenset(done), now))
            commit(aloft)

        doing._commit = noted  # type: ignore[method-assign]
        self.moments, self.strikes_after = 0, after
        try:
            for one in engine.generate(doing.requests(), doing):
                done.add((one.problem_id, one.index))
                doing.take(one)
            doing.__exit__(None, None, None)
        except Killed:
            doing.judge.finish(drain=False)
        finally:
            self.strikes_after = None
        return states


@pytest.mark.usefixtures("often")
def test_a_kill_between_any_two_file_operations_leaves_a_state_that_the_run_was_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a second session on top of a first that was killed too; no earlier work is lost."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    stored, manifest = sample.describe(job(tmp_path, suite=suite(3)))
    kill = Doom(monkeypatch)
    first = Run.create(Folder.at(tmp_path / "first"), manifest, stored)
    states = kill(first, 3, after=21)
    done, aloft = state(first)
    assert (done, aloft) in states[-2:]
    assert done
    assert len(aloft) > 2

    def second(name: str, after: int | None) -> Run:
        shutil.copytree(tmp_path / "first", tmp_path / name)
        run = Run.open(Folder.at(tmp_path / name))
        # Two rows, so that some of what three rows left waits for its turn.
        states = kill(run, 2, after=after)
        found = state(run)
        assert found in states[-2:]
        assert done <= found[0]
        assert all(key in found[0] or found[1][key] >= n for key, n in aloft.items())
        return run

    assert state(second("undisturbed", None)) == (KEYS, {})
    whole = kill.moments
    # Taking over, and the usual cuts that follow; then the last one, and clearing up.
    for moment in (*range(24), *range(whole - 12, whole)):
        run = second(f"second-{moment}", moment)
        if moment % 6 == 0:
            draw(run, Steps())
            assert state(run) == (KEYS, {})
            assert snapshots(run) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_wish_and_all_is_stored(number: signal.Signals, run: Run) -> None:
    before = signal.getsignal(number)
    steps: list[int] = []

    def ask(step: int) -> None:
        if step == 4 not in steps:
            os.kill(os.getpid(), number)
        steps.append(step)

    engine = Steps(act=ask)
    with pytest.raises(KeyboardInterrupt):
        draw(run, engine)
    assert steps[-1] == 4, "the step that it came in is finished, and no other begins"
    assert signal.getsignal(number) is before
    done, aloft = state(run)
    assert done | aloft.keys() == engine.begun.keys()
    assert done
    assert all(0 < n < length_of(key) for key, n in aloft.items())

    # What was interrupted goes on from where it was, and nothing is asked for twice.
    second = Steps()
    draw(run, second)
    assert second.begun.keys() == KEYS - done
    assert {key: n for key, n in second.begun.items() if n} == aloft
    assert state(run) == (KEYS, {})


def test_the_second_signal_strikes_and_the_last_cut_stands(run: Run, clock: "Clock") -> None:
    struck: list[int] = []

    def ask(step: int) -> None:
        clock.now += 20 * (step == 2)
        if step == 6:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGTERM)
            except KeyboardInterrupt:
                struck.append(step)
                raise

    engine = Steps(act=ask)
    with pytest.raises(KeyboardInterrupt):
        draw(run, engine)
    assert struck == [6]
    assert_kept_what_it_could(run, engine)


def assert_kept_what_it_could(run: Run, engine: Steps) -> None:
    """All that came by step 6, and what was in flight at the cut in step 2.

    Of an answer begun since nobody knows how far it came: it is named, as its restart counts.
    """
    done, aloft = state(run)
    assert done == {("p-0", i) for i in (0, 1, 3)}
    assert aloft == {("p-0", 2): 3, ("p-0", 4): 0, ("p-1", 0): 0}
    assert done | aloft.keys() == engine.begun.keys()
    draw(run, Steps())
    assert state(run) == (KEYS, {})


def test_an_engine_that_fails_leaves_what_it_gave_and_what_it_held_at_the_last_cut(
    run: Run, clock: "Clock"
) -> None:
    def fail(step: int) -> None:
        clock.now += 20 * (step == 2)
        if step == 6:
            raise EngineError("the engine is gone", remedy="start it")

    engine = Steps(act=fail)
    with pytest.raises(EngineError, match="the engine is gone"):
        draw(run, engine)
    assert_kept_what_it_could(run, engine)


class Clock:
    """Time as a test has it pass."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(time, "monotonic", found)
    return found


def asked_in(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
    """The process is told to end when that method is entered, and its verdicts wait for it."""
    act, keep, go = getattr(owner, name), verify.Companion._keep, threading.Event()

    def entered(self: Any, *args: Any, **options: Any) -> None:
        if not go.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
            go.set()
        act(self, *args, **options)

    def late(self: verify.Companion, verdicts: Any) -> None:
        assert go.wait(30)
        keep(self, verdicts)

    monkeypatch.setattr(verify.Companion, "_keep", late)
    monkeypatch.setattr(owner, name, entered)


def test_a_signal_while_the_rest_is_judged_ends_the_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would be lost, and in a study the next arm would begin."""
    asked_in(monkeypatch, verify.Companion, "finish")
    with pytest.raises(KeyboardInterrupt):
        draw(run, Steps())
    assert state(run) == (KEYS, {})


@pytest.mark.usefixtures("often")
def test_what_was_not_taken_up_again_is_kept_for_the_next_session(run: Run) -> None:
    left = {("p-2", 4): 1, ("p-1", 3): 2}
    run.flight_log().save([Prefix(*key, tokens_of(key)[:n]) for key, n in left.items()], "")
    engine = Steps(act=lambda step: os.kill(os.getpid(), signal.SIGINT) if step == 2 else None)
    with pytest.raises(KeyboardInterrupt):
        draw(run, engine)
    assert not engine.begun.keys() & left.keys()
    assert state(run)[1].items() >= left.items()
    assert len({name.rsplit("-", 1)[0] for name in snapshots(run)}) == 1, "it took all over"
    second = Steps()
    draw(run, second)
    assert {key: second.begun[key] for key in left} == left


def test_what_is_not_asked_for_now_is_kept_for_a_larger_n(run: Run) -> None:
    """Thrown away, a long answer would be drawn anew, and its short neighbours would stay."""
    run.flight_log().save([Prefix("p-0", 9, tokens_of(("p-0", 9))[:2])], "")
    draw(run, Steps())
    assert state(run) == (KEYS, {("p-0", 9): 2})


@pytest.mark.usefixtures("often")
def test_a_shard_leaves_the_answers_of_others_alone(run: Run) -> None:
    """Its own copy of them would be older than theirs, and win as the newer session's."""
    key, other = ("p-2", 1), run.flight_log()
    other.save([Prefix(*key, tokens_of(key)[:1])], "")

    def meanwhile(step: int) -> None:
        if step == 3:
            other.save([Prefix(*key, tokens_of(key)[:4])], "")
            os.kill(os.getpid(), signal.SIGTERM)

    mine = Fixed({"p-0": np.arange(5), "p-1": np.arange(5)})
    with pytest.raises(KeyboardInterrupt):
        draw(run, Steps(act=meanwhile), mine, is_alone=False)
    assert state(run)[1][key] == 4
    have = run.indices()
    rest = Fixed({p: np.setdiff1d(np.arange(5), have.get(p, [])) for p in ("p-0", "p-1")})
    draw(run, Steps(), rest, is_alone=False)
    assert state(run)[1] == {key: 4}
    draw(run, Steps())
    assert state(run) == (KEYS, {})


def adaptive(stop_after: int = 2) -> Adaptive:
    return Adaptive(Design(stop_after, (2, 5)), {key: np.zeros(0, np.uint8) for key in PROBLEMS})


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that wait for verdicts have a cut at every beat."""
    monkeypatch.setattr(drawing, "_COMMIT_SECONDS", 0.0)


def told(doing: list[Drawing]) -> Callable[[int], None]:
    """Lets no step begin before all that is on disk was judged."""

    def wait(step: int) -> None:
        end = time.monotonic() + 30
        while doing[0].judge.judged < len(texts(Path(str(doing[0].run.folder)))):
            assert time.monotonic() < end
            time.sleep(0.001)

    return wait


@pytest.mark.usefixtures("at_once")
def test_an_adaptive_session_ends_where_the_rule_says(run: Run) -> None:
    engine = Steps(rows=2)
    draw(run, engine, adaptive(), capacity=2)
    done, aloft = state(run)
    whole = {(key, i) for key in ("p-1", "p-2") for i in range(5)}
    assert {("p-0", 0), ("p-0", 1)} | whole <= done
    assert engine.dropped <= {("p-0", i) for i in (2, 3, 4)}
    assert aloft == {}
    assert verify.run(run) == 0


@pytest.mark.usefixtures("at_once")
def test_what_ran_ahead_in_vain_is_called_back_from_the_engine(run: Run) -> None:
    doing: list[Drawing] = []
    engine = Steps(rows=8, act=told(doing))
    with session(run, adaptive(), capacity=8) as one:
        doing.append(one)
        for found in engine.generate(one.requests(), one):
            one.take(found)
    # Of p-0 the first two end the problem, when others of it have begun.
    assert ("p-0", 2) in engine.dropped <= {("p-0", i) for i in (2, 3, 4)}
    assert not engine.dropped & state(run)[0]
    assert engine.pauses, "it was told that there is nothing at present"


@pytest.mark.usefixtures("at_once")
def test_a_busy_engine_is_never_asked_to_run_ahead(run: Run) -> None:
    doing: list[Drawing] = []
    engine = Steps(rows=3, act=told(doing))
    with session(run, adaptive(), capacity=0) as one:
        doing.append(one)
        for found in engine.generate(one.requests(), one):
            one.take(found)
    assert engine.begun.keys() == KEYS - {("p-0", i) for i in (2, 3, 4)}


def test_verdicts_are_not_waited_for_in_vain_while_the_engine_runs_ahead(
    run: Run, clock: Clock
) -> None:
    """Only stored samples are judged: requests that run ahead are made for want of verdicts."""
    cuts: list[tuple[int, int]] = []

    def tick(step: int) -> None:
        clock.now += 0.6
        cuts.append((step, len(run.sample_parts())))

    draw(run, Steps(rows=7, act=tick), adaptive(), capacity=7)
    # The first answer comes in step 1; the usual ten seconds pass by step 16.
    assert any(parts for step, parts in cuts if step <= 5)


@pytest.mark.usefixtures("at_once")
def test_a_signal_while_verdicts_are_waited_for_ends_the_session(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_in(monkeypatch, Drawing, "_await_verdict")
    with pytest.raises(KeyboardInterrupt):
        draw(run, Steps(rows=6), adaptive(), capacity=0)
    assert state(run) == ({(key, i) for key in PROBLEMS for i in (0, 1)}, {})


@pytest.mark.usefixtures("at_once")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_judge_that_is_gone_is_not_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(self: verify.Companion, verdicts: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(verify.Companion, "_keep", fall)
    with pytest.raises(VerifierError, match="judging has ended unexpectedly"):
        draw(run, Steps(), adaptive())
    assert state(run)[0]


@pytest.mark.usefixtures("at_once")
def test_waiting_for_a_verdict_writes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a snapshot at every turn, though an earlier session left answers unfinished."""
    run.flight_log().save([Prefix("p-0", 9, (1, 2))], "")
    keep, go = verify.Companion._keep, threading.Event()

    def late(self: verify.Companion, verdicts: Any) -> None:
        assert go.wait(30)
        keep(self, verdicts)

    waits: list[list[str]] = []
    await_verdict = Drawing._await_verdict

    def watched(self: Drawing) -> None:
        await_verdict(self)
        waits.append(snapshots(run))
        if len(waits) == 6:
            go.set()

    monkeypatch.setattr(verify.Companion, "_keep", late)
    monkeypatch.setattr(Drawing, "_await_verdict", watched)
    draw(run, Steps(rows=6), adaptive(), capacity=0)
    assert waits[0] == waits[5] != []
