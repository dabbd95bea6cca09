"""The command line on vLLM: quiet, killed, interrupted, continued, and a whole study."""

import json
import os
import signal
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests import runs
from tests.vllm.processes import family_of, wait_for_the_end

N, LIMIT = 150, 12
COMMAND = (
    *("sample", "zoo/base", "--suite", "dial", "--limit", LIMIT, "-n", N, "--engine", "vllm"),
    *("--temperature", 1, "--top-p", 1, "--max-tokens", 96),
)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LIMIT_S", 800)


def keys(where: Path) -> Counter[tuple[str, int]]:
    folder = next(where.glob("results/*/samples"), None)
    files = folder.glob("**/*.parquet") if folder else []
    return Counter(
        (row["problem_id"], row["index"])
        for file in files
        for row in pq.read_table(file, columns=["problem_id", "index"]).to_pylist()
    )


def check_complete(where: Path) -> None:
    found = keys(where)
    assert set(found.values()) == {1}
    assert Counter(problem for problem, _ in found) == dict.fromkeys(
        {problem for problem, _ in found}, N
    )
    assert len(found) == N * LIMIT
    rows = runs.rows(next(where.glob("results/*")))
    assert all(len(row["token_ids"]) == row["n_tokens"] <= 96 for row in rows)
    assert all(row["logprob"] < 0 for row in rows)


@pytest.mark.timeout(900)
def test_killed_interrupted_and_continued_gives_exactly_the_set(tmp_path: Path) -> None:
    with runs.started(tmp_path, *COMMAND, before=runs.halting(2)) as child:
        runs.wait_until_halted(child)
        family = family_of(child.pid)
        # The command alone, with no chance to end what it started.
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        wait_for_the_end(family)
    killed_at = len(keys(tmp_path))
    assert 0 < killed_at < N * LIMIT
    with runs.started(tmp_path, *COMMAND, before=runs.halting(2)) as child:
        runs.wait_until_halted(child)
        family = family_of(child.pid)
        # As a terminal sends it: to every process of the group.
        os.killpg(child.pid, signal.SIGINT)
        child.send_signal(signal.SIGCONT)
        _, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    wait_for_the_end(family)
    assert killed_at < len(keys(tmp_path)) < N * LIMIT
    ended = runs.cli(tmp_path, *COMMAND)
    assert ended.returncode == 0, ended.stderr
    check_complete(tmp_path)
    *_, last = json.loads(next(tmp_path.glob("results/*/manifest.json")).read_text())["sessions"]
    assert last["continued"] > 0
    # At most those that waited in vLLM's queue.
    assert last["restarted"] <= 64
    for word in ("Triton", "Warning", "WARNING", "INFO", "Gloo", "EngineCore"):
        assert word not in ended.stdout + ended.stderr


@pytest.mark.timeout(900)
def test_a_study_on_vllm(tmp_path: Path) -> None:
    study = yaml.safe_load((runs.REPOSITORY / "configs" / "smoke.yaml").read_text())
    study["suites"]["dial"] = {"n": 8, "limit": 8}
    study["arms"] = {
        "base": {**study["arms"]["base"], "engine": "vllm"},
        "rl": study["arms"]["rl"],
    }
    study["compare"] = [["base", "rl"]]
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(study))
    runs.done(tmp_path, "study", "small.yaml")
    assert (tmp_path / "results" / "small" / "report.html").stat().st_size > 10_000
    for manifest in tmp_path.glob("results/small/runs/*/manifest.json"):
        assert json.loads(manifest.read_text())["identity"]["engine"] == "vllm"
