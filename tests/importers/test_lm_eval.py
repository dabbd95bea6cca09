"""Sample logs that lm-eval wrote, and ones with faults put there."""

import json
import shutil
from pathlib import Path

import pytest

from tests import shell
from tests.importers.data import LOGS, figures, imported, lines, outcomes, pass_at_1, samples

LAST, WHOLE = "lm-eval:exact_match,last-code", "lm-eval:exact_match,whole"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS / "lm_eval", tmp_path / "log"))


def results(log: Path) -> Path:
    (found,) = log.glob("results_*.json")
    return found


def written(log: Path) -> Path:
    (found,) = log.glob("samples_*.jsonl")
    return found


def test_a_log_becomes_a_run_with_the_figure_of_the_tool(tmp_path: Path, log: Path) -> None:
    own = json.loads(results(log).read_text())["results"]["dial_1"]["exact_match,last-code"]
    run, told = imported(tmp_path, "lm-eval", log)
    assert 0 < own < 1
    assert figures(told)[LAST] == (own, pytest.approx(own))
    assert figures(told)[WHOLE] == (0, 0)
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(own)
    assert told["notes"] == []


def test_what_the_log_tells_is_in_the_run(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "lm-eval", log)
    identity = run.manifest.identity
    first = json.loads(written(log).read_text().splitlines()[0])
    assert identity["imported"]["version"] == "0.4.13"
    assert identity["model_id"] == "zoo-base"
    assert (identity["temperature"], identity["max_tokens"]) == (1.0, 40)
    assert identity["top_p"] is None
    assert run.verifiers() == [LAST, WHOLE]
    stored = run.problems()[0]
    assert stored.problem.question == first["doc"]["question"]
    assert stored.problem.answer == first["target"]
    assert samples(run)[0]["text"] == first["resps"][0][0]


def test_the_answers_stand_there_once_however_many_filters(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "lm-eval", log)
    assert len(written(log).read_text().splitlines()) == 24
    assert len(samples(run)) == 12


def test_of_repeats_the_first_is_judged_and_the_rest_is_told(tmp_path: Path) -> None:
    run, told = imported(tmp_path, "lm-eval", LOGS / "lm_eval_repeats")
    judged = outcomes(run, LAST)
    assert {index for _, index in judged} == {0}
    said, counted = figures(told)[LAST]
    assert said == pytest.approx(counted)
    assert told["audit"]["unjudged"] == 24
    assert any("judged 12 of 36 answers" in note for note in told["notes"])


def test_a_majority_of_repeats_is_no_verdict_on_the_first(tmp_path: Path) -> None:
    log = Path(shutil.copytree(LOGS / "lm_eval_repeats", tmp_path / "log"))
    path = written(log)
    path.write_text(path.read_text().replace('"filter": "last-code"', '"filter": "maj@3"'))
    run, _ = imported(tmp_path, "lm-eval", path)
    assert run.verifiers() == [WHOLE]


def test_without_results_the_model_must_be_named(tmp_path: Path, log: Path) -> None:
    results(log).unlink()
    said = shell.refused("import", "lm-eval", log, where=tmp_path)
    assert "no results_*.json lies beside samples_dial_1" in said
    assert "--model" in said
    run, told = imported(tmp_path, "lm-eval", log, "--model", "mine")
    assert run.manifest.identity["imported"]["version"] is None
    assert any("does not tell which version" in note for note in told["notes"])


def test_another_version_is_named(tmp_path: Path, log: Path) -> None:
    path = results(log)
    path.write_text(path.read_text().replace('"0.4.13"', '"9.1"'))
    _, told = imported(tmp_path, "lm-eval", log)
    assert any("written by lm-eval 9.1" in note for note in told["notes"])


def test_a_row_of_an_unknown_version_is_refused_by_its_field(tmp_path: Path, log: Path) -> None:
    path = written(log)
    path.write_text(path.read_text().replace('"resps"', '"responses"', 4))
    said = shell.refused("import", "lm-eval", log, where=tmp_path)
    assert "has no 'resps'" in said
    assert "line 1" in said


def test_several_tasks_are_refused_by_name(tmp_path: Path, log: Path) -> None:
    shutil.copy(written(log), log / "samples_other_2026-01-01T00-00-00.jsonl")
    said = shell.refused("import", "lm-eval", log, where=tmp_path)
    assert "several tasks (dial_1, other)" in said


def test_two_runs_of_a_task_are_not_mixed(tmp_path: Path, log: Path) -> None:
    shutil.copy(written(log), log / "samples_dial_1_2027-01-01T00-00-00.jsonl")
    assert "several runs of dial_1" in shell.refused("import", "lm-eval", log, where=tmp_path)


def test_a_folder_without_samples_says_how_to_get_them(tmp_path: Path, log: Path) -> None:
    written(log).unlink()
    assert "--log_samples" in shell.refused("import", "lm-eval", log, where=tmp_path)


def test_likelihoods_of_choices_are_no_answers(tmp_path: Path) -> None:
    row = {"doc_id": 0, "resps": [[[-1.0, False]], [[-2.0, True]]], "filtered_resps": [[-1, 0]]}
    path = lines(tmp_path / "samples_mc_2026-01-01T00-00-00.jsonl", [row])
    said = shell.refused("import", "lm-eval", path, "--model", "m", where=tmp_path)
    assert "likelihoods of given choices" in said
