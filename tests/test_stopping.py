"""Runs that stop early, through the command line, against runs that do not."""

import json
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boundary import engines, sample, suites
from boundary.engines import UNWATCHED, Decoding, Request, Watch
from boundary.engines.fake import FakeEngine
from boundary.errors import EngineError
from boundary.records import Design, Sample, Tier
from boundary.sample import Crew
from boundary.schedule import MISSING, Adaptive
from boundary.stats import StoppingState, adaptive_pass_at_k, pass_at_k, stopping_state
from boundary.store import Run, count_run
from boundary.store.files import Folder, Shard
from boundary.store.marks import CORRECT
from tests import shell
from tests.runs import ZOO, halting, job, kill, rows, started, texts, wait_until_halted

MODEL, LIMIT, N = "fake/p=0.25", 10, 24
PLAIN = ("sample", MODEL, "--suite", "dial", "--limit", LIMIT)
STOP = (*PLAIN, "--stop-after", 3, "--looks", "4,8")
DESIGN = Design(3, (4, 8, N))
Key = tuple[str, int]


def made(where: Path, *command: object) -> Run:
    said = json.loads(shell.done(*command, "--json", where=where))
    return Run.open(Folder.at(said["path"]))


def folder_of(run: Run) -> Path:
    return Path(str(run.folder))


def outcomes(run: Run) -> dict[str, Any]:
    """Per problem, whether each sample was judged right."""
    marks = run.marks("dial", Tier.STRICT)
    return {key: marks.of(key) == CORRECT for key in marks.ids}


def ends(run: Run) -> dict[str, tuple[int, int]]:
    return {c.problem_id: (c.n, c.correct) for c in count_run(run).counts}


def expected(whole: Run, design: Design) -> dict[str, tuple[int, int]]:
    states = {k: stopping_state(x[: design.looks[-1]], design) for k, x in outcomes(whole).items()}
    return {key: (found.n, found.correct) for key, found in states.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run without a stop, to the larger n of any test."""
    return made(tmp_path_factory.mktemp("whole"), *PLAIN, "-n", 2 * N)


def assert_stopped_as_the_whole_run_says(run: Run, whole: Run, design: Design) -> None:
    assert run.design == design
    assert ends(run) == expected(whole, design)
    own, all_texts = texts(folder_of(run)), texts(folder_of(whole))
    assert own.items() <= all_texts.items()
    counted = {(key, i) for key, (n, _) in ends(run).items() for i in range(n)}
    assert counted <= own.keys()


def test_problems_stop_where_the_whole_run_says_and_samples_are_the_same(
    tmp_path: Path, whole: Run
) -> None:
    run = made(tmp_path, *STOP, "-n", N)
    assert_stopped_as_the_whole_run_says(run, whole, DESIGN)
    assert {n for n, _ in ends(run).values()} == {4, 8, N}, "every look ends some problem"
    assert run.name != whole.name
    before = texts(folder_of(run))
    assert texts(folder_of(made(tmp_path, *STOP, "-n", N))) == before


def test_a_larger_n_keeps_the_old_cap_as_a_look(tmp_path: Path, whole: Run) -> None:
    first = made(tmp_path, *STOP, "-n", N)
    stopped = {key for key, (n, correct) in ends(first).items() if correct >= 3}
    have = {key: [i for p, i in texts(folder_of(first)) if p == key] for key in stopped}
    run = made(tmp_path, *STOP, "-n", 2 * N)
    assert run.name == first.name
    assert_stopped_as_the_whole_run_says(run, whole, Design(3, (4, 8, N, 2 * N)))
    for key, indices in have.items():
        assert sorted(indices) == sorted(i for p, i in texts(folder_of(run)) if p == key)
    # And a smaller one takes nothing back.
    again = made(tmp_path, *STOP, "-n", 10)
    assert again.manifest.looks == (4, 8, N, 2 * N)
    assert ends(again) == ends(run)


def test_a_new_look_below_the_old_cap_is_refused(tmp_path: Path) -> None:
    """With looks of its own a run has another name; those that follow from n can meet."""
    stop = (*PLAIN, "--stop-after", 3)
    run = made(tmp_path, *stop, "-n", 70)
    assert run.manifest.looks == (64, 70)
    assert made(tmp_path, *stop, "-n", 130).manifest.looks == (64, 70, 128, 130)
    assert made(tmp_path, *stop, "-n", 300).manifest.looks == (64, 70, 128, 130, 256, 300)


def stopped_at(monkeypatch: pytest.MonkeyPatch, count: int, where: Path) -> Run:
    """An adaptive run whose engine dies."""

    class Dying(FakeEngine):
        def generate(
            self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch = UNWATCHED
        ) -> Iterator[Sample]:
            for place, one in enumerate(super().generate(requests, decoding, watch)):
                if place == count:
                    raise EngineError("the engine is gone", remedy="start it")
                yield one

    with monkeypatch.context() as patch:
        patch.setitem(engines.ENGINES, "fake", Dying)
        # Nothing runs ahead, so that some problem is the first to be short of its look.
        patch.setattr(Adaptive, "_ahead", lambda self, going: None)
        patch.setattr("boundary.drawing._LOOK_SECONDS", 0.0)
        assert "the engine is gone" in shell.refused(*STOP, "-n", N, where=where)
    (folder,) = where.glob("results/*")
    shell.done("verify", folder, where=where)
    return Run.open(Folder.at(folder))


def test_an_unfinished_run_is_read_to_what_all_problems_have_reached(
    tmp_path: Path, whole: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stopped_at(monkeypatch, 4 * LIMIT + 17, tmp_path)
    table = count_run(run)
    (note,) = table.notes
    assert "have not reached the look at 8, so it is read to k = 4" in note
    assert table.design == Design(3, (4,))
    assert ends(run) == {key: (4, int(x[:4].sum())) for key, x in outcomes(whole).items()}
    rates = shell.boundary("passk", run.folder, "--json", "--resamples", 100, where=tmp_path)
    assert [row["k"] for row in rates.json()] == [1, 2, 4]
    assert note in rates.err
    told = shell.refused("passk", run.folder, "--k", 8, "--resamples", 100, where=tmp_path)
    assert "8" in told
    assert_stopped_as_the_whole_run_says(made(tmp_path, *STOP, "-n", N), whole, DESIGN)


def test_a_run_short_of_its_first_look_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stopped_at(monkeypatch, 4 * LIMIT - 6, tmp_path)
    told = shell.refused("passk", run.folder, where=tmp_path)
    assert "2 of 10 problems" in told
    assert "first look of 4 samples" in told


def test_verdicts_that_did_not_decide_count_the_first_look_only(tmp_path: Path) -> None:
    run = made(tmp_path, *STOP, "-n", N, "--template", "qwen-boxed", "--verifier", "exact")
    shell.done("verify", run.name, "--verifier", "math", where=tmp_path)
    assert len({n for n, _ in ends(run).values()}) > 1
    for options in (["--lenient"], ["--verifier", "math"]):
        found = shell.boundary(
            "passk", run.name, *options, "--json", "--resamples", 100, where=tmp_path
        )
        assert {row["k"] for row in found.json()} == {1, 2, 4}
        assert {row["n"] for row in found.json()} == {4}
        assert "counted over the first 4 samples of each problem" in found.err


def test_shards_of_an_adaptive_run_take_whole_problems(tmp_path: Path, whole: Run) -> None:
    dial = suites.load("dial")
    asked = [
        sample.Job(
            arm=job(tmp_path, N, MODEL).arm,
            suite=dial,
            n=N,
            results=Folder.at(tmp_path),
            limit=LIMIT,
            stop_after=3,
            looks=(4, 8),
            crew=Crew(shard=Shard(number, 2)),
        )
        for number in (1, 2)
    ]
    halves = [{key for key, _ in texts(folder_of(sample.run(one)))} for one in asked]
    assert len(halves[0]) == LIMIT / 2
    run = sample.run(asked[0])
    assert_stopped_as_the_whole_run_says(run, whole, DESIGN)


SLOW = f"{MODEL},delay=0.01"


def test_a_killed_adaptive_run_ends_where_one_left_alone_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("sample", SLOW, *STOP[2:], "-n", N)
    for more in (1, 4):
        with started(tmp_path, *command, before=halting(more)) as child:
            wait_until_halted(child)
            kill(child)
        assert child.returncode == -signal.SIGKILL
    run = made(tmp_path, *command)
    monkeypatch.setattr("boundary.engines.fake.time.sleep", lambda seconds: None)
    alone = made(tmp_path / "results", *command)
    assert ends(run) == ends(alone)
    counted = {(key, i) for key, (n, _) in ends(run).items() for i in range(n)}
    one, other = texts(folder_of(run)), texts(folder_of(alone))
    assert counted <= one.keys() & other.keys()
    assert all(one[key] == other[key] for key in one.keys() & other.keys())
    assert len(rows(folder_of(run), "verdicts")) == 2 * len(one)


BLOCKS, BLOCK = 200, 32


def assert_blocks_agree(verdicts: "np.ndarray", design: Design) -> None:
    """Over (P, blocks * n) verdicts: the mean adaptive pass@k of the blocks is the whole's.

    Each block is read as a run of its own, by the schedule that decides what to ask for.
    """
    problems = len(verdicts)
    blocks = verdicts.reshape(problems, BLOCKS, BLOCK)
    ks = np.array([1, 2, 4, 8, 16, 32])
    states = [[drawn_state(blocks[p, b], design) for p in range(problems)] for b in range(BLOCKS)]
    reached = np.array([[state.n for state in row] for row in states])
    correct = np.array([[state.correct for state in row] for row in states])
    assert reached.mean() < 0.9 * BLOCK, "stopping must have happened to be tested"
    means = np.array(
        [
            adaptive_pass_at_k(c, n, ks, design).mean(axis=0)
            for c, n in zip(correct, reached, strict=True)
        ]
    )
    full = pass_at_k(verdicts.sum(axis=1), BLOCKS * BLOCK, ks).mean(axis=0)
    # No less than one block more or less: at k = 32 hardly any is unsolved.
    error = np.maximum(means.std(axis=0, ddof=1) / np.sqrt(BLOCKS), 1 / (BLOCKS * problems))
    off = (means.mean(axis=0) - full) / error
    assert (np.abs(off) < 4).all(), off


def drawn_state(truth: "np.ndarray", design: Design) -> StoppingState:
    """What an adaptive schedule comes to, told one verdict after the other."""
    schedule = Adaptive(design, {"p": np.full(0, MISSING, np.uint8)})
    asked = []
    while True:
        try:
            key = schedule.next(is_idle=False)
        except StopIteration:
            return stopping_state(truth[: len(asked)], design)
        assert key is not None
        asked.append(key[1])
        schedule.judged("p", key[1], is_right=bool(truth[key[1]]))


def verdicts_of(run: Run) -> "np.ndarray":
    return np.array([x[: BLOCKS * BLOCK] for x in outcomes(run).values()])


@pytest.mark.parametrize("design", [Design(3, (8, 16, 32)), Design(1, (2, 32))], ids=str)
def test_blocks_of_one_stored_run_agree_with_the_whole(design: Design, stored: Run) -> None:
    assert_blocks_agree(verdicts_of(stored), design)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three problems of one chance each, and enough samples for 200 blocks."""
    asked = job(
        tmp_path_factory.mktemp("blocks"),
        BLOCKS * BLOCK,
        "fake/p=0.15,tokens=2",
        suite=suites.load("dial"),
        limit=3,
    )
    return sample.run(asked)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not ZOO.is_dir(), reason="boundary/zoo/checkpoints is not there")
def test_blocks_of_one_stored_run_of_a_checkpoint_agree_with_the_whole(tmp_path: Path) -> None:
    """About 77,000 answers of zoo/base to twelve problems, easy ones and hard ones."""
    asked = job(
        tmp_path,
        BLOCKS * BLOCK,
        "zoo/base",
        suite=suites.load("dial"),
        limit=12,
        temperature=1.0,
        top_p=1.0,
        max_tokens=48,
    )
    verdicts = verdicts_of(sample.run(asked))
    rates = verdicts.mean(axis=1)
    assert rates.min() < 0.1 < rates.max()
    for design in (Design(3, (8, 16, 32)), Design(1, (2, 32))):
        assert_blocks_agree(verdicts, design)
