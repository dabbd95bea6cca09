"""Lines in the form of the RLVR boundary paper's published code."""

from pathlib import Path
from typing import Any

import pytest

from tests import shell
from tests.importers.data import imported, lines, outcomes, pass_at_1, samples

SCORE = "limit-of-rlvr:score"


def row(idx: int, **more: Any) -> dict[str, Any]:
    own = {
        "idx": idx,
        "question": f"What is {idx} + 1?",
        "gt": str(idx + 1),
        "code": [f"\\boxed{{{idx + 1}}}", "no idea", f"\\boxed{{{idx}}}", "and so on, and"],
        "pred": [str(idx + 1), "", str(idx), ""],
        "score": [True, False, False, False],
        "finish_reason": ["stop", "stop", "stop", "length"],
    }
    return {**own, **more}


def name(seed: int = 0, temperature: float = 0.6) -> str:
    return f"test_qwen-boxed_-1_seed{seed}_t{temperature}_s0_e-1.jsonl"


def test_lists_become_answers(tmp_path: Path) -> None:
    path = lines(tmp_path / "aime24" / name(), [row(i) for i in range(3)])
    run, told = imported(tmp_path, "limit-of-rlvr", path, "--model", "m")
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(0.25)
    assert told["audit"]["truncated"] == pytest.approx(0.25)
    assert outcomes(run, SCORE)["1", 1] == ("wrong", "no_answer")
    identity = run.manifest.identity
    assert (identity["suite"], identity["temperature"], identity["seed"]) == ("aime24", 0.6, 0)
    assert identity["imported"]["version"] is None


def test_files_of_several_seeds_follow_each_other(tmp_path: Path) -> None:
    for seed in (0, 1):
        lines(tmp_path / "aime24" / name(seed), [row(0, pred=[str(seed)] * 4)])
    run, _ = imported(tmp_path, "limit-of-rlvr", tmp_path / "aime24", "--model", "m")
    assert [r["index"] for r in samples(run)] == list(range(8))
    assert run.manifest.identity["seed"] is None


def test_another_temperature_is_another_run(tmp_path: Path) -> None:
    for temperature in (0.6, 1.0):
        lines(tmp_path / "aime24" / name(0, temperature), [row(0)])
    said = shell.refused("import", "limit-of-rlvr", tmp_path / "aime24", where=tmp_path)
    assert "temperatures 0.6, 1.0" in said


def test_lists_of_unequal_length_are_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / name(), [row(0, score=[True])])
    said = shell.refused("import", "limit-of-rlvr", path, "--model", "m", where=tmp_path)
    assert "4 answers and as many 'score' as 1" in said


def test_one_file_twice_is_refused(tmp_path: Path) -> None:
    for seed in (0, 1):
        lines(tmp_path / "aime24" / name(seed), [row(0)])
    said = shell.refused(
        "import", "limit-of-rlvr", tmp_path / "aime24", "--model", "m", where=tmp_path
    )
    assert "its answers would count twice" in said
