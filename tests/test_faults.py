"""What goes wrong while a command works: interruption, death, a second writer, a full disk."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from boundary import engines, sample, study, suites
from boundary.config import load_study
from boundary.engines import UNWATCHED, Decoding, Request, Watch
from boundary.engines.fake import FakeEngine
from boundary.errors import EngineError
from boundary.records import Sample
from boundary.store import Run, count_run, schema
from boundary.store.files import Folder
from boundary.store.parts import read_whole
from tests import shell
from tests.runs import (
    LIMIT_S,
    OFTEN,
    ZOO,
    cli,
    done,
    environment,
    halting,
    job,
    kill,
    paragraph,
    parts,
    refused,
    rows,
    run_in,
    started,
    texts,
    wait_for,
    wait_until_halted,
)

BASE, RL = "fake/p=0.2,delay=0.01", "fake/p=0.6,delay=0.01"
PROBLEMS, N = 3, 50


def study_in(folder: Path) -> Path:
    settings = {
        "suites": {"dial": {"n": N, "limit": PROBLEMS}},
        "arms": {"base": {"model": BASE}, "rl": {"model": RL}},
        "resamples": 100,
        "perplexity": {"answers": 2},
    }
    (folder / "slow.yaml").write_text(yaml.safe_dump(settings))
    return folder / "results" / "slow" / "runs"


def folders(runs: Path) -> dict[str, Path]:
    """The runs by their model."""
    found = (path.parent for path in runs.glob("*/manifest.json"))
    return {str(Run.open(Folder.at(f)).manifest.identity["model_id"]): f for f in found}


def stored(runs: Path) -> dict[str, bytes]:
    return {
        f"{folder.name}/{name}": data
        for folder in (runs.iterdir() if runs.exists() else ())
        for name, data in {**parts(folder), **parts(folder, "verdicts")}.items()
    }


def assert_whole(folder: Path) -> None:
    """Every part of a run is one that a reader takes."""
    for path in folder.glob("samples/*.parquet"):
        read_whole(Folder.at(path.parent), path.name, schema.samples())
    for path in folder.glob("verdicts/*/*.parquet"):
        read_whole(Folder.at(path.parent), path.name, schema.verdicts())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[tuple[str, int], str]]:
    """The texts that the study's arms give when nothing happens."""
    here = tmp_path_factory.mktemp("undisturbed")
    study_in(here)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boundary.engines.fake.time.sleep", lambda _seconds: None)
        jobs = study.plan(load_study(here / "slow.yaml"), Folder.at(here / "runs"))
        runs = [sample.run(job) for _, job in jobs]
    return {str(r.manifest.identity["model_id"]): texts(Path(str(r.folder))) for r in runs}


def assert_as_undisturbed(runs: Path, undisturbed: dict[str, dict[tuple[str, int], str]]) -> None:
    found = folders(runs)
    assert found.keys() == undisturbed.keys()
    for model, folder in found.items():
        assert_whole(folder)
        assert texts(folder) == undisturbed[model]
        for row in rows(folder):
            assert row["seed"] == sample.seed_of(0, model, row["problem_id"], row["index"])
        keys = [(r["problem_id"], r["index"], r["tier"]) for r in rows(folder, "verdicts")]
        assert len(keys) == len(set(keys)) == 2 * PROBLEMS * N
        counts = count_run(Run.open(Folder.at(folder))).counts
        assert [(c.n, c.unjudged) for c in counts] == [(N, 0)] * PROBLEMS


def test_an_interrupt_keeps_what_was_drawn(
    tmp_path: Path, undisturbed: dict[str, dict[tuple[str, int], str]]
) -> None:
    """Even what no part held yet: the usual ten seconds between parts have not passed."""
    runs = study_in(tmp_path)
    with started(tmp_path, "study", "slow.yaml", before=halting(0, seconds=10.0)) as child:
        wait_until_halted(child)
        # As a terminal does it: to the command and to its workers.
        os.killpg(child.pid, signal.SIGINT)
        child.send_signal(signal.SIGCONT)
        said, told = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 130
    assert "interrupted" in told
    assert "Traceback" not in told
    assert said == ""
    before = stored(runs)
    kept = sum(len(rows(folder)) for folder in folders(runs).values())
    assert 0 < kept < 2 * PROBLEMS * N

    done(tmp_path, "study", "slow.yaml")
    after = stored(runs)
    assert before.items() <= after.items()
    assert_as_undisturbed(runs, undisturbed)
    assert (runs.parent / "report.html").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_workers_of_the_verifier_too(
    number: signal.Signals, tmp_path: Path
) -> None:
    lines = (f'{{"id": "p{i}", "problem": "?", "answer": "x^2+{i}"}}' for i in range(3))
    (tmp_path / "own.jsonl").write_text("\n".join(lines))
    command = ("sample", BASE, "--suite", "own.jsonl", "-n", 100)
    with started(tmp_path, *command, before=halting(1)) as child:
        wait_until_halted(child)
        child.send_signal(number)
        child.send_signal(signal.SIGCONT)
        _, told = child.communicate(timeout=LIMIT_S)
        assert child.returncode == 130, told
        # Nobody is left in the child's process group.
        with pytest.raises(ProcessLookupError):
            os.killpg(child.pid, 0)
    assert_whole(Path(str(run_in(tmp_path).folder)))


def test_a_study_killed_again_and_again_ends_as_if_nothing_had_happened(
    tmp_path: Path, undisturbed: dict[str, dict[tuple[str, int], str]]
) -> None:
    runs = study_in(tmp_path)
    rng = random.Random(20261121)
    kept: dict[str, bytes] = {}
    for more in (0, 1, 3, 0, 2, 4):
        before = len(stored(runs))
        with started(tmp_path, "study", "slow.yaml", before=OFTEN) as child:
            if more:
                wait_for(child, lambda: len(stored(runs)) >= before + more)  # noqa: B023
                time.sleep(rng.uniform(0, 0.15))
            else:
                time.sleep(rng.uniform(0.2, 1.5))
            kill(child)
        assert child.returncode == -signal.SIGKILL
        now = stored(runs)
        assert kept.items() <= now.items()
        for folder in folders(runs).values():
            assert_whole(folder)
        kept = now
    assert 0 < sum(len(rows(folder)) for folder in folders(runs).values()) < 2 * PROBLEMS * N

    done(tmp_path, "study", "slow.yaml")
    assert kept.items() <= stored(runs).items()
    assert_as_undisturbed(runs, undisturbed)


def test_a_run_that_dies_between_drawing_and_judging_is_judged_by_the_next_call(
    tmp_path: Path,
) -> None:
    command = ("sample", "fake/first=2", "--suite", "dial", "-n", 4, "--limit", 3)
    dies = (
        "import os, boundary.verify\n"
        "boundary.verify.Companion.finish = lambda *_, **__: os.kill(os.getpid(), 9)"
    )
    assert cli(tmp_path, *command, before=dies).returncode == -signal.SIGKILL
    folder = Path(str(run_in(tmp_path).folder))
    samples = parts(folder)
    assert len(texts(folder)) == 12
    assert rows(folder, "verdicts") == []
    assert "boundary verify" in refused(tmp_path, "passk", folder)

    done(tmp_path, *command)
    assert parts(folder) == samples
    counts = count_run(run_in(tmp_path)).counts
    assert [(c.n, c.correct, c.unjudged) for c in counts] == [(4, 2, 0)] * 3


def test_a_second_writer_is_refused_and_the_first_is_not_disturbed(
    tmp_path: Path, undisturbed: dict[str, dict[tuple[str, int], str]]
) -> None:
    runs = study_in(tmp_path)
    with started(tmp_path, "study", "slow.yaml", before=halting(0, seconds=10.0)) as child:
        # Halted, so that it holds its locks however long the others take to be refused.
        wait_until_halted(child)
        same = refused(tmp_path, "study", "slow.yaml")
        one = ("sample", BASE, "--suite", "dial", "-n", N, "--limit", PROBLEMS)
        into = refused(tmp_path, *one, "--results", runs)
        child.send_signal(signal.SIGCONT)
        _, told = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 0, told
    for message in (same, into):
        assert "another process is writing to" in message
        assert "wait for it to end" in message
    assert str(runs.parent) in same
    assert str(folders(runs)[BASE]) in into
    assert_as_undisturbed(runs, undisturbed)


def test_an_engine_that_stops_answering_leaves_what_it_gave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(FakeEngine):
        def generate(
            self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch = UNWATCHED
        ) -> Iterator[Sample]:
            for count, one in enumerate(super().generate(requests, decoding, watch)):
                if count == 7:
                    raise EngineError("the engine is gone", remedy="start it")
                yield one

    with monkeypatch.context() as patch:
        patch.setitem(engines.ENGINES, "fake", Dying)
        with pytest.raises(EngineError, match="the engine is gone"):
            sample.run(job(tmp_path / "a", 4))
    folder = Path(str(run_in(tmp_path / "a").folder))
    before = parts(folder)
    assert len(texts(folder)) == 7
    sample.run(job(tmp_path / "a", 4))
    assert before.items() <= parts(folder).items()
    whole = sample.run(job(tmp_path / "b", 4))
    assert texts(folder) == texts(Path(str(whole.folder)))


LONG = "fake/p=0.3,tokens=2000"


def test_a_file_that_may_not_grow_is_one_paragraph(tmp_path: Path) -> None:
    """The kernel's own refusal in mid-write, for any user: a limit on the size of a file."""
    command = ("sample", LONG, "--suite", "dial", "--limit", 3, "-n")
    done(tmp_path, *command, 2)
    folder = Path(str(run_in(tmp_path).folder))
    before = {**parts(folder), **parts(folder, "verdicts")}
    narrow = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (20_000, r.RLIM_INFINITY))"
    message = refused(tmp_path, *command, 60, before=narrow)
    assert f"cannot write to {folder / 'samples'} (" in message
    assert "File too large" in message
    assert "what was stored before is intact" in message
    assert {**parts(folder), **parts(folder, "verdicts")} == before
    assert not list(folder.glob("**/*.tmp"))
    done(tmp_path, *command, 60)
    assert len(texts(folder)) == 180


def in_own_mounts(script: str, where: Path, *args: object) -> "subprocess.CompletedProcess[str]":
    """Run a shell script that mounts what only it and its children see."""
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", *map(str, args)],
        cwd=where,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.fixture
def mounts(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed: a test cannot mount a file system")
    (tmp_path / "try").mkdir()
    tried = in_own_mounts("mount -t tmpfs -o size=64k none try", tmp_path)
    if tried.returncode:
        pytest.skip(f"file systems cannot be mounted here: {tried.stderr.strip()}")


@pytest.mark.usefixtures("mounts")
def test_a_full_disk_is_one_paragraph_and_the_parts_before_it_are_valid(tmp_path: Path) -> None:
    command = ("sample", LONG, "--suite", "dial", "--limit", 3, "-n")
    (tmp_path / "disk").mkdir()
    script = """
        mount -t tmpfs -o size=400k none disk || exit 99
        "$@" --results disk; code=$?
        cp -a disk/. results; exit $code
    """
    # Small parts by count, not by time: some fit however slow the machine is.
    small = (
        "import boundary.store.parts as p\np.PartWriter.__init__.__kwdefaults__['max_records'] = 5"
    )
    child = f"{small}\nfrom boundary.cli import main\nmain()"
    ended = in_own_mounts(script, tmp_path, sys.executable, "-c", child, *command, 300)
    assert ended.returncode == 1, ended.stderr
    message = paragraph(ended.stderr)
    assert "cannot write to" in message
    assert "No space left on device" in message
    folder = Path(str(run_in(tmp_path / "results").folder))
    assert_whole(folder)
    kept, before = texts(folder), parts(folder)
    assert 0 < len(kept) < 900

    # With room again the same command goes on.
    done(tmp_path, *command, 300)
    after = texts(folder)
    assert before.items() <= parts(folder).items()
    assert kept.items() <= after.items()
    assert len(after) == 900


@pytest.mark.usefixtures("mounts")
def test_results_that_are_read_only_can_be_read_and_not_added_to(tmp_path: Path) -> None:
    command = ("sample", "fake/first=1", "--suite", "dial", "--limit", 2, "-n")
    done(tmp_path, *command, 2)
    folder = Path(str(run_in(tmp_path).folder))
    script = """
        mount --bind results results && mount -o remount,bind,ro results || exit 99
        "$@"
    """
    python = (sys.executable, "-m", "boundary")
    ended = in_own_mounts(script, tmp_path, *python, *command, 3)
    assert ended.returncode == 1, ended.stderr
    message = paragraph(ended.stderr)
    assert f"cannot write to {folder} (Read-only file system)" in message
    read = ("passk", folder.name, "--k", 1, "--json", "--resamples", 100)
    assert in_own_mounts(script, tmp_path, *python, *read).stdout == done(tmp_path, *read)


needs_zoo = pytest.mark.skipif(not ZOO.is_dir(), reason="boundary/zoo/checkpoints is not there")
ZOO_SETTINGS: dict[str, Any] = {"temperature": 1.0, "top_p": 1.0, "max_tokens": 48, "limit": 6}
ZOO_COMMAND = (
    *("sample", "zoo/base", "--suite", "dial", "-n", 50, "--batch-size", 24),
    *(f"--{key.replace('_', '-')}={value}" for key, value in ZOO_SETTINGS.items()),
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict[str, Any]]:
    """What zoo/base answers when nothing happens."""
    here = tmp_path_factory.mktemp("zoo")
    run = sample.run(job(here, 50, "zoo/base", suite=suites.load("dial"), **ZOO_SETTINGS))
    return {(row["problem_id"], row["index"]): row for row in rows(Path(str(run.folder)))}


def assert_same_answers(folder: Path, answers: dict[tuple[str, int], dict[str, Any]]) -> None:
    found = texts(folder)
    assert found.keys() == answers.keys()
    assert sum(found[key] == answers[key]["text"] for key in found) >= 0.999 * len(found)


@needs_zoo
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_checkpoint_that_is_stopped_in_mid_answer_goes_on_from_there(
    number: signal.Signals, tmp_path: Path, answers: dict[tuple[str, int], dict[str, Any]]
) -> None:
    with started(tmp_path, *ZOO_COMMAND, before=halting(2)) as child:
        wait_until_halted(child)
        child.send_signal(number)
        child.send_signal(signal.SIGCONT)
        child.communicate(timeout=LIMIT_S)
    assert child.returncode == (130 if number == signal.SIGTERM else -signal.SIGKILL)
    run = run_in(tmp_path)
    folder = Path(str(run.folder))
    before, aloft = parts(folder), run.in_flight()
    assert 0 < len(texts(folder)) < 300
    assert 0 < len(aloft) <= 24
    assert not aloft.keys() & texts(folder).keys()
    true = [[*p.token_ids] == answers[k]["token_ids"][: len(p.token_ids)] for k, p in aloft.items()]
    assert sum(true) >= 0.999 * len(true)
    assert any(len(p.token_ids) > 5 for p in aloft.values())

    shell.done(*ZOO_COMMAND, where=tmp_path)
    assert before.items() <= parts(folder).items()
    assert_same_answers(folder, answers)
    run = run_in(tmp_path)
    assert [(s.continued, s.restarted) for s in run.manifest.sessions] == [(0, 0), (len(aloft), 0)]
    assert run.in_flight() == {}
    for row in rows(folder):
        if (key := (row["problem_id"], row["index"])) in aloft:
            assert row["logprob"] == pytest.approx(answers[key]["logprob"], abs=1e-3)


@needs_zoo
def test_two_shards_side_by_side_make_one_run(
    tmp_path: Path, answers: dict[tuple[str, int], dict[str, Any]]
) -> None:
    with (
        started(tmp_path, *ZOO_COMMAND, "--shard", "1/2", before=OFTEN) as one,
        started(tmp_path, *ZOO_COMMAND, "--shard", "2/2", before=OFTEN) as two,
    ):
        told = [child.communicate(timeout=LIMIT_S)[1] for child in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0), told
    run = run_in(tmp_path)
    folder = Path(str(run.folder))
    assert_same_answers(folder, answers)
    assert {s.shard for s in run.manifest.sessions} == {"1-of-2", "2-of-2"}
    assert [(c.n, c.unjudged) for c in count_run(run).counts] == [(50, 0)] * 6
    assert shell.done("passk", folder, "--k", 1, "--resamples", 100, where=tmp_path)
    held = parts(folder)
    shell.done(*ZOO_COMMAND, where=tmp_path)
    assert parts(folder) == held
    assert len(run_in(tmp_path).manifest.sessions) == 2


def test_a_shard_beside_the_whole_or_another_splitting_is_refused(tmp_path: Path) -> None:
    command = ("sample", BASE, "--suite", "dial", "-n", N, "--limit", PROBLEMS)
    with started(tmp_path, *command, "--shard", "1/2", before=halting(1)) as child:
        wait_until_halted(child)
        for other in ([], ["--shard", "1/2"], ["--shard", "3/3"]):
            assert "another process is writing to" in refused(tmp_path, *command, *other)
        done(tmp_path, *command, "--shard", "2/2")
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGCONT)
        child.communicate(timeout=LIMIT_S)
    assert child.returncode == 130
    # Whoever comes next finishes what both of them left.
    done(tmp_path, *command)
    found = texts(Path(str(run_in(tmp_path).folder)))
    assert len(found) == PROBLEMS * N
