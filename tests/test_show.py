"""Looking at runs, lists and the doctor's findings, on runs whose truth is known."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from boundary import doctor, show
from boundary.errors import ConfigError
from boundary.store import Run
from boundary.store.files import Folder
from tests.shell import boundary, done, refused


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("show")
    done("sample", "fake/first=2", "--suite", "dial", "-n", 6, "--limit", 5, where=where)
    (found,) = (where / "results").iterdir()
    return found


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return Run.open(Folder.at(folder))


def test_a_run_at_a_glance(run: Run) -> None:
    view = show.run(run)
    assert (view.name, view.asked, view.audit.samples) == (run.name, 30, 30)
    assert [(p.problem_id, p.n, p.correct) for p in view.problems] == [
        (f"dial-00{i}", 6, 2) for i in range(5)
    ]
    assert view.audit.correct == pytest.approx(1 / 3)


def test_one_problem_with_its_answers(run: Run) -> None:
    page = show.problem(run, "dial-003", most=4)
    (asked,) = (p for p in run.problems() if p.problem.id == "dial-003")
    assert (page.prompt, page.answer) == (asked.prompt, asked.problem.answer)
    assert [a.index for a in page.answers] == [0, 1, 2, 3]
    assert [a.outcome for a in page.answers] == ["correct", "correct", "wrong", "wrong"]
    assert page.answers[0].extracted == page.answer
    assert page.answers[0].text.endswith(f"={page.answer}")
    assert len({a.seed for a in page.answers}) == 4


def test_an_unknown_problem(run: Run, folder: Path) -> None:
    with pytest.raises(ConfigError, match="no problem 'dial-999': name one such as dial-000"):
        show.problem(run, "dial-999")
    assert "dial-000" in refused("show", folder, "dial-999", where=folder)


def test_answers_that_are_not_judged_yet(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / folder.name)
    shutil.rmtree(tmp_path / folder.name / "verdicts")
    bare = Run.open(Folder.at(tmp_path / folder.name))
    view = show.run(bare)
    assert view.audit.correct is None
    assert view.audit.unjudged == 30
    assert [p.correct for p in view.problems] == [0] * 5
    assert show.problem(bare, "dial-000").answers[0].outcome is None
    shown = done("show", str(bare.folder), "dial-000", where=tmp_path)
    assert "--- 0: not judged" in shown


def test_the_terminal_shows_progress_and_health(folder: Path) -> None:
    shown = done("show", folder, where=folder)
    for line in ("30 of 30", "33.33%", "repeated seeds", "mean tokens"):
        assert line in shown
    page = done("show", folder, "dial-001", "--answers", 3, where=folder)
    assert page.count("\n---") == 3
    assert "gold: " in page
    assert "correct (exact)" in page


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("suites", ["dial", "math500", "FILE.jsonl"]),
        ("engines", ["fake", "transformers"]),
        ("samplers", ["plain"]),
        ("verifiers", ["math", "exact", "dial"]),
        ("templates", ["raw", "qwen-boxed"]),
        ("models", ["zoo/base", "fake/p=0.3"]),
    ],
)
def test_lists_name_what_there_is(kind: str, names: list[str], tmp_path: Path) -> None:
    shown = done("list", kind, where=tmp_path)
    first_words = [line.split()[0] for line in shown.splitlines() if line.strip()]
    assert set(names) <= set(first_words)


def test_the_doctor_finds_what_is_needed_here(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(doctor, "_samples", lambda: "its example is tried with the others")
    checks = {check.name: check for check in doctor.run(tmp_path / "results")}
    assert checks["results directory"].is_fine
    assert checks["maths verifier"].is_fine
    assert "math-verify" in checks["maths verifier"].detail
    assert {name for name, check in checks.items() if check.is_needed} == {
        "Python", "results directory", "maths verifier",
    }  # fmt: skip
    assert not any((tmp_path / "results").iterdir()), "it leaves nothing behind"


def test_the_doctor_says_what_is_missing(tmp_path: Path, monkeypatch: Any) -> None:
    def broken() -> str:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(doctor, "_grades", broken)
    monkeypatch.setattr(doctor, "_samples", lambda: "skipped here")
    ended = boundary("doctor", where=tmp_path)
    assert ended.code == 1
    assert "no such luck" in ended.out
    monkeypatch.setattr(doctor, "_grades", lambda: "fine")
    monkeypatch.setattr(doctor, "_samples", broken)
    assert boundary("doctor", where=tmp_path).code == 0, "an engine may be missing"


def test_the_doctor_counts_local_suites(tmp_path: Path, monkeypatch: Any) -> None:
    for name in ("math500.jsonl", "gsm8k.jsonl.gz", "notes.txt"):
        (tmp_path / name).write_text("")
    monkeypatch.setenv("BOUNDARY_DATA", str(tmp_path))
    assert doctor._data().startswith("2 files")
    monkeypatch.setenv("BOUNDARY_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(RuntimeError, match="is no folder"):
        doctor._data()
