"""Where two verifiers differ on the same stored answers, through the command."""

import json
from pathlib import Path

import pytest

from boundary import disagreement, sample, verify
from boundary.errors import StoreError
from boundary.records import Finish, Sample
from boundary.store import Run
from boundary.store.files import Folder
from tests.runs import done, job


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Halves, written in three ways: one verifier reads letters, the other numbers."""
    asked = job(tmp_path / "results", 4, limit=2)
    stored, manifest = sample.describe(asked)
    run = Run.create(Folder.at(tmp_path / "results" / manifest.name), manifest, stored)
    writer = run.sample_writer()
    texts = {0: "1", 1: "1.0", 2: "2/2", 3: "7"}
    for problem in ("p-0", "p-1"):
        for index, said in texts.items():
            text = f"So \\boxed{{{said}}}."
            writer.add(Sample(problem, index, index, text, None, 1, Finish.STOP))
    writer.flush()
    return run


def test_answers_judged_differently_are_shown_with_what_was_read(run: Run, tmp_path: Path) -> None:
    told = json.loads(done(tmp_path, "verify", run.folder, "--diff", "exact", "math", "--json"))
    assert (told["judged"], told["differing"]) == (8, 2)
    assert [(r["problem_id"], r["index"], r["answers"]) for r in told["rows"]] == [
        ("p-0", 1, 1),
        ("p-0", 2, 1),
    ]
    assert {tuple(r["outcome"]) for r in told["rows"]} == {("wrong", "correct")}
    assert {r["gold"] for r in told["rows"]} == {"1"}
    assert told["rows"][1]["extracted"] == ["2/2", "2/2"]


def test_the_table_names_the_answers(run: Run, tmp_path: Path) -> None:
    said = done(tmp_path, "verify", run.folder, "--diff", "exact", "math")
    assert "2 of 8 answers are judged differently (strict tier)" in said
    assert "p-0 2" in said


def test_a_verifier_that_has_not_judged_is_named(run: Run) -> None:
    verify.run(run, verifier="exact")
    with pytest.raises(StoreError, match="no verdicts by math"):
        disagreement.run(run, "exact", "math")
