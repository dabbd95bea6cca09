"""Lines of anybody's own, with a map of their fields."""

from pathlib import Path

import pytest

from tests import shell
from tests.importers.data import imported, lines, outcomes, pass_at_1, samples

CORRECT = "jsonl:correct"


def test_fields_are_mapped_one_level_down_too(tmp_path: Path) -> None:
    rows = [
        {"q": "1 + 1?", "a": 2, "out": {"text": f"say {i}", "end": end}, "ok": i == 2}
        for i, end in enumerate(["stop", "length", "other", None])
    ]
    path = lines(tmp_path / "mine.jsonl", rows)
    maps = ["question=q", "gold=a", "text=out.text", "finish=out.end", "correct=ok"]
    words = [word for one in maps for word in ("--map", one)]
    run, told = imported(tmp_path, "jsonl", path, "--model", "m", *words)
    assert [r["finish"] for r in samples(run)] == ["stop", "length", None, None]
    assert told["audit"]["truncated"] == 0.5
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(0.25)
    assert run.problems()[0].problem.answer == "2"
    assert run.manifest.identity["imported"]["fields"]["text"] == "out.text"


def test_a_line_may_hold_a_list_of_answers(tmp_path: Path) -> None:
    rows = [{"id": "x", "text": ["a", "b"], "correct": [1, 0.5], "n_tokens": [1, 2]}]
    run, told = imported(tmp_path, "jsonl", lines(tmp_path / "m.jsonl", rows), "--model", "m")
    assert outcomes(run, CORRECT)["x", 0] == ("correct", "told")
    assert outcomes(run, CORRECT)["x", 1] == ("unjudged", "partial_score")
    assert any("a score between 0 and 1" in note for note in told["notes"])
    rows[0]["correct"] = [1]
    path = lines(tmp_path / "n.jsonl", rows)
    said = shell.refused("import", "jsonl", path, "--model", "m", where=tmp_path)
    assert "2 answers in a list" in said


def test_what_is_missing_is_named_with_the_map(tmp_path: Path) -> None:
    path = lines(tmp_path / "m.jsonl", [{"id": "x", "response": "a"}])
    said = shell.refused("import", "jsonl", path, "--model", "m", where=tmp_path)
    assert "line 1 has no 'text': it holds id, response" in said
    assert "--map text=YOUR_FIELD" in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--map", "texts=a"], "no field 'texts'"),
        (["--map", "text"], "maps nothing"),
    ],
)
def test_a_map_that_maps_nothing(tmp_path: Path, words: list[str], expected: str) -> None:
    path = lines(tmp_path / "m.jsonl", [{"id": "x", "text": "a"}])
    said = shell.refused("import", "jsonl", path, "--model", "m", *words, where=tmp_path)
    assert expected in said


@pytest.mark.parametrize("index", [-1, "0", 1.5, True])
def test_an_index_that_is_none(tmp_path: Path, index: object) -> None:
    path = lines(tmp_path / "m.jsonl", [{"id": "x", "text": "a", "index": index}])
    said = shell.refused("import", "jsonl", path, "--model", "m", where=tmp_path)
    assert f"has the index {index!r}" in said


def test_answers_numbered_from_one_are_refused(tmp_path: Path) -> None:
    rows = [{"id": "x", "text": "a", "index": i} for i in (1, 2)]
    path = lines(tmp_path / "m.jsonl", rows)
    said = shell.refused("import", "jsonl", path, "--model", "m", where=tmp_path)
    assert "numbers them from 1" in said


def test_a_gap_is_told_and_not_filled(tmp_path: Path) -> None:
    rows = [{"id": "x", "text": "a", "index": i, "correct": True} for i in (0, 1, 3)]
    path = lines(tmp_path / "m.jsonl", rows)
    run, told = imported(tmp_path, "jsonl", path, "--model", "m")
    assert any("1 of 1 problems lack an answer" in note for note in told["notes"])
    assert sorted(r["index"] for r in samples(run)) == [0, 1, 3]
