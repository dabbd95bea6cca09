"""The measurement: grading, the tables, and that the card states what the tables hold."""

import json
from collections import Counter
from pathlib import Path

import pytest

import boundary.zoo
from boundary.records import Problem
from boundary.suites import dial
from boundary.zoo import NAMES, measure, model

HOME = Path(boundary.zoo.__file__).parent
PROBLEM = Problem("p", "a1234 b2345 c3456 d4567\n", "5678", meta={"family": "const"})


@pytest.mark.parametrize(
    ("text", "strategy", "faithful", "correct", "valid"),
    [
        ("d-c:4567-3456=1111+4567=5678", "d-c", True, True, True),
        ("d-c:4567-3456=1112+4567=5678", "d-c", False, True, False),
        ("d-b:4567-2345=2222+4567=6789", "d-b", True, False, False),
        ("b-a:2345-1234=1111 c+d:3456+4567=7913", "c+d", True, False, False),
        ("=5678", "bare", False, True, False),
    ],
)
def test_grade(text, strategy, faithful, correct, valid):
    found = measure.grade(PROBLEM, text, ended=True)
    assert found == measure.Graded("p", strategy, faithful, correct, valid)


def test_a_cut_answer_is_wrong():
    found = measure.grade(PROBLEM, "d-c:4567-3456=1111+4567=5678", ended=False)
    assert not found.correct
    assert not found.valid


def test_sampling_writes_a_row_per_problem_and_checkpoint(tmp_path):
    for name in NAMES:
        model.save(model.build(0), tmp_path / name)
    problems = dial.stratified("measure", 10, name="m")
    measure.sample(tmp_path, seed=5, problems=problems, n=2)
    counts = measure.read_rows(tmp_path / measure.COUNTS)
    assert [(r["seed"], r["model"]) for r in counts] == [("5", n) for n in NAMES for _ in problems]
    assert {r["n"] for r in counts} == {"2"}
    habits = measure.read_rows(tmp_path / measure.HABITS)
    per_model = Counter()
    for row in habits:
        per_model[row["model"]] += int(row["samples"])
    assert per_model == dict.fromkeys(NAMES, 20)


def test_figures_are_those_of_the_tables():
    assert json.loads((HOME / "figures.json").read_text()) == measure.figures(HOME)


def test_the_card_states_the_figures():
    card = (HOME / "CARD.md").read_text(encoding="utf-8")
    stated = card.partition(measure.BEGIN + "\n")[2].partition(measure.END)[0]
    assert stated == measure.card_tables(HOME)


def test_the_tables_cover_three_seeds_of_the_embedded_suite():
    rows = measure.read_rows(HOME / measure.COUNTS)
    problems = {p.id: p.meta["family"] for p in dial.load()}
    assert Counter((r["seed"], r["model"]) for r in rows) == {
        (seed, name): len(problems) for seed in "012" for name in NAMES
    }
    assert all(problems[r["problem_id"]] == r["family"] for r in rows)
    assert all(0 <= int(r["valid"]) <= int(r["c"]) <= int(r["n"]) == 256 for r in rows)


def test_an_unsolved_contrast_by_hand():
    def rows(*right):
        return [
            {"problem_id": str(i), "n": "256", "c": str(c), "valid": "0", "family": "const"}
            for i, c in enumerate(right)
        ]

    found = measure._contrast(rows(64, 64, 1, 1), rows(256, 256, 0, 0))
    assert found["difference"][0] == pytest.approx(0.375 - 0.5 / 256, abs=1e-4)
    assert found["difference"][-1] == -0.5
    assert found["solved"] == {"both": 2, "base_only": 2, "other_only": 0, "neither": 0}
    assert found["mcnemar_p"] == 0.5
