"""What EvalPlus wrote on two functions, judged by it and by us."""

import json
import shutil
from pathlib import Path

import pytest

from tests import shell
from tests.importers.data import LOGS, imported, outcomes, pass_at_1, samples

BASE, PLUS = "evalplus:base", "evalplus:plus"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS / "evalplus", tmp_path / "log"))


def test_base_and_plus_have_the_figures_that_the_tool_printed(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "evalplus", log, "--model", "m")
    # Of the same eight programs EvalPlus 0.3.1 printed 0.625 and 0.375.
    assert pass_at_1(tmp_path, run.folder, "--verifier", BASE) == pytest.approx(0.625)
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(0.375)
    assert run.verifiers() == [PLUS, BASE]
    # It says no more of a program that never ended than that it failed.
    assert outcomes(run, PLUS)["HumanEval/1", 3] == ("wrong", "told")


def test_the_order_of_a_task_is_that_of_its_samples(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "evalplus", log, "--model", "m")
    rows = [json.loads(line) for line in (log / "samples.jsonl").read_text().splitlines()]
    own: dict[str, list[str]] = {}
    for row in rows:
        own.setdefault(row["task_id"], []).append(row["solution"])
    assert {(r["problem_id"], r["index"]): r["text"] for r in samples(run)} == {
        (key, place): text for key, texts in own.items() for place, text in enumerate(texts)
    }


def test_results_alone_hold_the_programs(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "evalplus", log / "samples_eval_results.json", "--model", "m")
    assert len(samples(run)) == 8


def test_samples_alone_are_unjudged_and_told(tmp_path: Path, log: Path) -> None:
    (log / "samples_eval_results.json").unlink()
    run, told = imported(tmp_path, "evalplus", log, "--model", "m")
    assert run.verifiers() == []
    assert any("has judged none of it" in note for note in told["notes"])
    assert told["audit"]["unjudged"] == 8


def test_results_of_other_samples_are_refused(tmp_path: Path, log: Path) -> None:
    path = log / "samples.jsonl"
    path.write_text(path.read_text().replace("return x + 2", "return x + 3"))
    said = shell.refused("import", "evalplus", log, "--model", "m", where=tmp_path)
    assert "does not judge the samples" in said
    assert "line 3" in said
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    said = shell.refused("import", "evalplus", log, "--model", "m", where=tmp_path)
    assert "its end" in said


def test_an_older_results_file_is_named(tmp_path: Path, log: Path) -> None:
    (log / "samples_eval_results.json").write_text('{"base": []}')
    said = shell.refused("import", "evalplus", log, "--model", "m", where=tmp_path)
    assert "before 0.2" in said


def test_half_a_results_file_is_refused(tmp_path: Path, log: Path) -> None:
    path = log / "samples_eval_results.json"
    path.write_bytes(path.read_bytes()[:-20])
    assert "no JSON" in shell.refused("import", "evalplus", log, "--model", "m", where=tmp_path)
