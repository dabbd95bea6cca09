"""Two vLLM engines in processes of their own, behind one command."""

from pathlib import Path

import pytest

from tests import runs


@pytest.mark.timeout(900)
def test_two_replicas_draw_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LIMIT_S", 800)
    command = (
        *("sample", "zoo/base", "--suite", "dial", "--limit", 6, "-n", 80, "--engine", "vllm"),
        *("--temperature", 1, "--top-p", 1, "--max-tokens", 96, "--replicas", 2),
    )
    runs.done(tmp_path, *command)
    folder = next(tmp_path.glob("results/*"))
    assert len(runs.texts(folder)) == 6 * 80
    seeds = {row["seed"] for row in runs.rows(folder)}
    assert len(seeds) == 6 * 80
