"""Outputs in the documented form of NeMo-Skills, a file for each seed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import shell
from tests.importers.data import figures, imported, lines, outcomes, pass_at_1, samples

SYMBOLIC, JUDGE = "nemo-skills:symbolic_correct", "nemo-skills:judge_correct"


def row(problem: int, seed: int, **more: Any) -> dict[str, Any]:
    right = (problem + seed) % 2 == 0
    own = {
        "problem": f"What is {problem} + 1?",
        "expected_answer": str(problem + 1),
        "generation": f"It is \\boxed{{{problem + right}}}, seed {seed}",
        "predicted_answer": str(problem + right),
        "symbolic_correct": right,
        "num_generated_tokens": 9,
        "finish_reason": "stop",
    }
    return {**own, **more}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "eval-results" / "sums"
    for seed in range(3):
        lines(folder / f"output-rs{seed}.jsonl", [row(i, seed) for i in range(4)])
    scores = {"pass@1[avg-of-3]": {"symbolic_correct": 50.0, "num_entries": 4}}
    (folder / "metrics.json").write_text(json.dumps({"sums": scores}))
    return folder


def test_each_seed_is_an_index(tmp_path: Path, log: Path) -> None:
    run, told = imported(tmp_path, "nemo-skills", log, "--model", "m")
    assert len(samples(run)) == 12
    assert all(f"seed {r['index']}" in r["text"] for r in samples(run))
    assert figures(told)[SYMBOLIC] == (0.5, pytest.approx(0.5))
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(0.5)
    assert run.manifest.identity["suite"] == "sums"


def test_no_answer_and_judges(tmp_path: Path, log: Path) -> None:
    rows = [
        row(i, 3, symbolic_correct=False, predicted_answer=None, judgement=said)
        for i, said in enumerate(["Judgement: No", "So.\nJudgement: **Yes**", "?", "Judgement: No"])
    ]
    lines(log / "output-rs0.jsonl", rows)
    run, _ = imported(tmp_path, "nemo-skills", log / "output-rs0.jsonl", "--model", "m")
    assert outcomes(run, SYMBOLIC)["0", 0] == ("wrong", "no_answer")
    judged = [outcomes(run, JUDGE)[str(i), 0] for i in range(4)]
    assert judged == [
        ("wrong", "told"),
        ("correct", "told"),
        ("unjudged", "no_score"),
        ("wrong", "told"),
    ]


def test_the_older_name_of_the_verdict(tmp_path: Path) -> None:
    old = {**row(0, 0), "is_correct": True}
    del old["symbolic_correct"]
    path = lines(tmp_path / "sums" / "output.jsonl", [old])
    run, _ = imported(tmp_path, "nemo-skills", path, "--model", "m")
    assert outcomes(run, SYMBOLIC)["0", 0][0] == "correct"


def test_a_missing_seed_is_told(tmp_path: Path, log: Path) -> None:
    (log / "output-rs1.jsonl").unlink()
    run, told = imported(tmp_path, "nemo-skills", log, "--model", "m")
    assert any("no output for seed 1" in note for note in told["notes"])
    assert {r["index"] for r in samples(run)} == {0, 1}


def test_a_seed_that_did_not_finish_is_refused(tmp_path: Path, log: Path) -> None:
    lines(log / "output-rs2.jsonl", [row(i, 2) for i in range(3)])
    said = shell.refused("import", "nemo-skills", log, "--model", "m", where=tmp_path)
    assert "output-rs2.jsonl has 3 problems, and output-rs0.jsonl has 4" in said
    lines(log / "output-rs2.jsonl-async", [row(3, 2)])
    said = shell.refused("import", "nemo-skills", log, "--model", "m", where=tmp_path)
    assert "still being written" in said


def test_seeds_of_different_problems_are_refused(tmp_path: Path, log: Path) -> None:
    lines(log / "output-rs2.jsonl", [row(i + 1, 2) for i in range(4)])
    said = shell.refused("import", "nemo-skills", log, "--model", "m", where=tmp_path)
    assert "mix sets of problems" in said


def test_several_benchmarks_are_named(tmp_path: Path, log: Path) -> None:
    lines(log.parent / "other" / "output-rs0.jsonl", [row(0, 0)])
    said = shell.refused("import", "nemo-skills", log.parent, "--model", "m", where=tmp_path)
    assert "several benchmarks (other, sums)" in said


def test_the_model_is_not_told(tmp_path: Path, log: Path) -> None:
    said = shell.refused("import", "nemo-skills", log, where=tmp_path)
    assert "do not tell the model" in said
