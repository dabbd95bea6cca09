"""One run that is killed 25 times at random moments, and the law of what it holds in the end."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from boundary import sample, suites
from boundary.store import Run, count_run
from tests.runs import LIMIT_S, OFTEN, Ready, done, job, rows, run_in, texts

KILLS, PROBLEMS = 25, 8


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Ready]:
    found = Ready(tmp_path)
    yield found
    found.close()


def killed_again_and_again(
    ready: Ready, where: Path, command: tuple[object, ...], *, before: str = OFTEN
) -> list[int]:
    """Kill a command 25 times, sometimes before it draws; the parts that it had by then."""
    rng, held = Random(20261121), [0]

    def parts() -> int:
        return len(list(where.glob("results/*/samples/*.parquet")))

    for kill in range(KILLS):
        more = rng.randrange(5) if kill % 5 else 0
        ready.start(*command, before=before)
        end = time.monotonic() + LIMIT_S
        while parts() < held[-1] + more:
            assert time.monotonic() < end, (where / "told.txt").read_text()
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.12 if more else 0.5))
        assert ready.kill(), "it came to its end before it was killed"
        held.append(parts())
    return held


def test_a_run_killed_25_times_holds_what_one_left_alone_holds(
    ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, n = "fake/p=0.4,delay=0.005,spread=0.9", 200
    command = ("sample", model, "--suite", "dial", "--limit", PROBLEMS, "-n", n)
    held = killed_again_and_again(ready, tmp_path, command)
    assert held == sorted(held), "what was stored stays"
    run = run_in(tmp_path)
    folder = Path(str(run.folder))
    assert len(texts(folder)) < PROBLEMS * n
    done(tmp_path, *command)

    monkeypatch.setattr("boundary.engines.fake.time.sleep", lambda seconds: None)
    dial = suites.load("dial")
    whole = sample.run(job(tmp_path / "whole", n, model, suite=dial, limit=PROBLEMS))
    assert len(texts(folder)) == PROBLEMS * n
    assert texts(folder) == texts(Path(str(whole.folder)))
    assert count_run(run).counts == count_run(whole).counts
    keys = [(r["problem_id"], r["index"], r["tier"]) for r in rows(folder, "verdicts")]
    assert len(keys) == len(set(keys)) == 2 * PROBLEMS * n


MEAN, CAP, LONG = 40, 120, 80
"""Of the lengths: each token is the last with chance 1 / MEAN, and none comes after CAP."""
STREAM = f"fake/p=0.3,fresh=1,rows=48,tokens={MEAN},delay=0.006"


def deviations(where: Path) -> tuple[float, float]:
    """Mean length and share of long answers, less the law's, in standard errors."""
    found = np.array([row["n_tokens"] for row in rows(Path(str(run_in(where).folder)))])
    assert found.max() == CAP
    size = np.arange(1, CAP + 1)
    law = (1 - 1 / MEAN) ** (size - 1) / MEAN
    law[-1] = (1 - 1 / MEAN) ** (CAP - 1)
    mean, share = float(law @ size), float(law[LONG - 1 :].sum())
    spread = math.sqrt(float(law @ (size - mean) ** 2))
    root = math.sqrt(len(found))
    return (
        (found.mean() - mean) / spread * root,
        ((found >= LONG).mean() - share) / math.sqrt(share * (1 - share)) * root,
    )


def interrupted(ready: Ready, where: Path, *, before: str = "") -> Run:
    """A run of an engine that never answers twice alike, after 25 kills."""
    command = ("sample", STREAM, "--suite", "dial", "--limit", PROBLEMS, "-n", 250)
    command += ("--max-tokens", CAP)
    killed_again_and_again(ready, where, command, before=f"{OFTEN}\n{before}")
    ready.start(*command, before=before)
    assert not ready.wait()
    run = run_in(where)
    assert len(texts(Path(str(run.folder)))) == PROBLEMS * 250
    return run


def test_25_kills_leave_the_law_of_the_answers_as_it_was(ready: Ready, tmp_path: Path) -> None:
    run = interrupted(ready, tmp_path)
    assert sum(session.continued for session in run.manifest.sessions) > 20 * KILLS
    assert sum(session.restarted for session in run.manifest.sessions) == 0
    assert all(abs(z) < 4 for z in deviations(tmp_path)), deviations(tmp_path)


@pytest.mark.slow
def test_the_law_tells_when_answers_in_flight_are_forgotten(ready: Ready, tmp_path: Path) -> None:
    """That the test above could fail: long answers are those that a kill finds in flight."""
    forgets = "import boundary.store.run as r; r.read_flight = lambda folder, parts: {}"
    run = interrupted(ready, tmp_path, before=forgets)
    assert sum(session.continued for session in run.manifest.sessions) == 0
    assert all(z < -4 for z in deviations(tmp_path)), deviations(tmp_path)
