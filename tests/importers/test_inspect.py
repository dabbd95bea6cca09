"""The reader of Inspect's logs, with and without the package that opens them."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from boundary.importers import inspect
from boundary.importers.base import Told
from boundary.records import Finish, Outcome
from tests import shell
from tests.importers.data import LOGS


def sample(**more: Any) -> SimpleNamespace:
    """A sample as the package hands it over."""
    score = SimpleNamespace(value="C", answer="1")
    output = SimpleNamespace(
        completion="It is 1",
        usage=SimpleNamespace(output_tokens=4),
        choices=[SimpleNamespace(stop_reason="stop")],
    )
    own = {"id": 7, "epoch": 3, "input": "?", "target": "1", "output": output, "error": None}
    return SimpleNamespace(**{**own, "scores": {"match": score}, **more})


def scored(value: object) -> dict[str, Told]:
    scores = {"match": SimpleNamespace(value=value, answer="1")}
    return dict(inspect._entry(sample(scores=scores), "here").told)


def test_the_package_is_named_with_its_install_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    said = shell.refused("import", "inspect", LOGS / "inspect", where=tmp_path)
    assert "pip install 'boundary[inspect]'" in said
    assert not list((tmp_path).rglob("manifest.json"))


def test_two_logs_are_two_runs(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.eval").touch()
    said = shell.refused("import", "inspect", tmp_path, where=tmp_path)
    assert "2 .eval files were named" in said


def test_an_epoch_is_an_index() -> None:
    entry = inspect._entry(sample(), "here")
    assert (entry.question.id, entry.index, entry.text, entry.n_tokens) == ("7", 2, "It is 1", 4)
    assert entry.finish is Finish.STOP


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("C", {"inspect:match": Told(Outcome.CORRECT, "told", "1")}),
        ("I", {"inspect:match": Told(Outcome.WRONG, "told", "1")}),
        ("N", {"inspect:match": Told(Outcome.WRONG, "no_answer", "1")}),
        ("P", {"inspect:match": Told(Outcome.UNJUDGED, "partial_score", "1")}),
        (0.3, {"inspect:match": Told(Outcome.UNJUDGED, "partial_score", "1")}),
        (
            {"a": 1, "b": 0},
            {
                "inspect:match.a": Told(Outcome.CORRECT, "told", "1"),
                "inspect:match.b": Told(Outcome.WRONG, "told", "1"),
            },
        ),
    ],
)
def test_grades(value: object, expected: dict[str, Told]) -> None:
    assert scored(value) == expected


def test_a_sample_that_failed_is_unjudged() -> None:
    entry = inspect._entry(sample(error=SimpleNamespace(message="timeout")), "here")
    assert entry.finish is Finish.ABORT
    assert entry.told["inspect:match"].outcome is Outcome.UNJUDGED


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("max_tokens", Finish.LENGTH), ("model_length", Finish.LENGTH), ("content_filter", None)],
)
def test_ends(reason: str, finish: Finish | None) -> None:
    one = sample()
    one.output.choices[0].stop_reason = reason
    assert inspect._entry(one, "here").finish is finish


def test_a_conversation_is_asked_by_its_user() -> None:
    said = [SimpleNamespace(role=role, text=role) for role in ("system", "user")]
    assert inspect._entry(sample(input=said), "here").question.question == "user"
