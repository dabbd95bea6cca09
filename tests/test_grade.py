"""Judging answers that belong to no run."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boundary import grade
from boundary.errors import ConfigError, VerifierError
from boundary.grade import Row
from boundary.records import Outcome, Tier
from tests.suites.data import needs_shared, rows_of


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNDARY_CACHE", "off")


@pytest.mark.parametrize(
    ("gold", "pred", "outcome", "reason", "extracted"),
    [
        ("5", "5", "correct", "text", "5"),
        ("0.5", r"\frac12", "correct", "number", r"\frac12"),
        ("5", "The answer is 5.", "correct", "text", "5"),
        ("5", r"so \boxed{5}", "correct", "text", "5"),
        ("5", "6", "wrong", "mismatch", "6"),
        ("5", "The answer is 6.", "wrong", "mismatch", "6"),
        ("n is a multiple of 3", "n is a multiple of 3", "correct", "text", "n is a multiple of 3"),
        ("5", "We add 4 and\nthen 5", "wrong", "no_answer", None),
        ("5", "", "wrong", "no_answer", None),
        ("5", "\x00", "wrong", "no_answer", None),
        ("5", "5\x00\ud800", "wrong", "mismatch", "5\x00\ud800"),
        (r"\frac{1}{", "5", "unjudged", "bad_gold", "5"),
        ("", "5", "unjudged", "no_gold", "5"),
    ],
)
def test_one_answer(gold: str, pred: str, outcome: str, reason: str, extracted: str | None) -> None:
    found = grade.one(gold, pred)
    assert (found.outcome.value, found.reason, found.extracted) == (outcome, reason, extracted)
    assert found.tier is Tier.LENIENT
    assert found.verifier_version


def test_strict_reads_the_channel_only() -> None:
    assert grade.one("5", "5", tier=Tier.STRICT).reason == "no_answer"
    assert grade.one("5", r"\boxed{5}", tier=Tier.STRICT).outcome is Outcome.CORRECT
    found = grade.one("5", "Answer: 5", tier=Tier.STRICT, channel="answer_line")
    assert found.outcome is Outcome.CORRECT


def test_another_verifier() -> None:
    assert grade.one("5", "5.0", verifier="exact").outcome is Outcome.WRONG
    with pytest.raises(VerifierError, match="no verifier is named"):
        grade.one("5", "5", verifier="exactly")


def test_rows_stream_in_their_order() -> None:
    taken = []

    def rows() -> Iterator[Row]:
        for number in range(2000):
            taken.append(number)
            yield Row(str(number), str(number + number % 2))

    found = grade.many(rows())
    assert next(found).outcome is Outcome.CORRECT
    assert len(taken) < 600
    assert [graded.outcome for graded in found][:3] == ["wrong", "correct", "wrong"]
    assert len(taken) == 2000


def test_rows_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [b'{"gold": "5", "pred": "5"}', b"", b'{"gold": 5, "pred": 5.0, "id": 1}']
    path.write_bytes(b"\n".join([*lines, b'{"gold": "x", "pred": "\xff\\u0000"}', b""]))
    assert list(grade.read(path)) == [Row("5", "5"), Row("5", "5.0"), Row("x", "\ufffd\x00")]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no JSON object"),
        ('{"gold": "5"}', "has no 'pred'"),
        ('{"gold": null, "pred": "5"}', "has a 'gold' that is neither text nor a number"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_malformed_line_is_named(line: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"gold": "5", "pred": "5"}) + "\n" + line + "\n")
    with pytest.raises(ConfigError, match=f"line 2 {what}"):
        list(grade.read(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        list(grade.read(tmp_path / "nowhere"))


# Labels held to be wrong, and what is read from no clear statement: docs/verifier.md lists them.
DISAGREEMENTS = {"eq-0087", "eq-0301", "eq-0270", "eq-0364"}
CONVENTIONS = {
    *("eq-0033", "eq-0040", "eq-0042", "eq-0081", "eq-0090", "eq-0183", "eq-0184"),
    *("eq-0067", "eq-0161", "eq-0305", "eq-0393"),
}


@needs_shared
def test_agreement_with_the_labels() -> None:
    rows = rows_of("equivalence_cases")
    found = grade.many(Row(row["gold"], row["pred"]) for row in rows)
    other = {
        row["id"]: "convention" in row
        for row, graded in zip(rows, found, strict=True)
        if (graded.outcome is Outcome.CORRECT) != row["equal"]
    }
    assert {key for key, tagged in other.items() if not tagged} == DISAGREEMENTS
    assert {key for key, tagged in other.items() if tagged} == CONVENTIONS


@needs_shared
def test_every_solution_that_boxes_a_gold_answer_is_right() -> None:
    rows = [r for r in rows_of("aime24") + rows_of("math500") if "boxed" in r.get("solution", "")]
    found = grade.many(Row(row["answer"], row["solution"]) for row in rows)
    wrong = [
        (row["id"], graded.extracted)
        for row, graded in zip(rows, found, strict=True)
        if graded.outcome is not Outcome.CORRECT
    ]
    assert len(rows) > 500
    assert wrong == []
