import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.suites.gpqa_diamond import BENCHMARK, LETTERS, order_of
from tests.suites.conftest import Hub
from tests.suites.data import gpqa_hub


def save(path: Path, rows: list[dict[str, Any]]) -> None:
    """The archive of the authors: one table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_the_letter_stands_at_the_right_choice(hub: Hub) -> None:
    suite = hub(BENCHMARK, gpqa_hub()).load(data=None)
    assert len(suite.problems) == 198
    for i, problem in enumerate(suite.problems):
        assert problem.id == f"gpqa-rec{i:05d}"
        assert problem.question.startswith(f"Which particle is number {i}?\n\nA) ")
        assert f"\n{problem.answer}) right {i}\n" in problem.question.replace("\n\n", "\n")
        assert problem.question.count(f" {i}") == 5
        assert sorted(problem.meta["order"]) == [0, 1, 2, 3]
        assert problem.meta["order"][LETTERS.index(problem.answer)] == 0


def test_the_order_hangs_on_the_id_alone_and_favours_no_letter(hub: Hub) -> None:
    rows = gpqa_hub()
    there = hub(BENCHMARK, rows).load(data=None).problems
    assert order_of("rec00000") == tuple(there[0].meta["order"])
    letters = Counter(LETTERS[order_of(f"rec{i:05d}").index(0)] for i in range(4000))
    assert all(abs(letters[letter] - 1000) < 120 for letter in LETTERS)
    assert len({order_of(f"rec{i:05d}") for i in range(400)}) == 24


def test_guessing_is_named_in_the_suite_and_in_each_problem(hub: Hub) -> None:
    suite = hub(BENCHMARK, gpqa_hub()).load(data=None)
    assert suite.guess == 0.25
    assert {p.meta["guess"] for p in suite.problems} == {0.25}
    assert (suite.verifier, suite.template) == ("math", "qwen-boxed")
    assert suites.load("dial").guess is None


@pytest.mark.usefixtures("cache")
def test_the_archive_of_the_authors_is_read_from_the_data_folder(tmp_path: Path, hub: Hub) -> None:
    rows = gpqa_hub()
    rows[9] |= {"Correct Answer": "None", "Incorrect Answer 3": "2.50"}
    save(tmp_path / "gpqa_diamond.csv", rows)
    local = suites.load("gpqa_diamond", data=tmp_path)
    assert local.source == str(tmp_path / "gpqa_diamond.csv")
    assert local.problems == hub(BENCHMARK, rows).load(data=None).problems
    assert all(f") {choice}\n" in local.problems[9].question for choice in ("None", "2.50"))


@pytest.mark.usefixtures("cache")
def test_a_copy_of_another_size_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "gpqa_diamond.csv", gpqa_hub(448))
    with pytest.raises(SuiteError, match="has 448 problems, not 198"):
        suites.load("gpqa_diamond", data=tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("Incorrect Answer 2", " ", "no question or an empty choice"),
        ("Question", "\n", "no question or an empty choice"),
        ("Incorrect Answer 2", "right 6", "two choices are the same"),
        ("Incorrect Answer 1", None, "is no problem of"),
    ],
)
def test_a_malformed_row_is_named(hub: Hub, field: str, value: str | None, message: str) -> None:
    rows = gpqa_hub()
    rows[6][field] = value
    with pytest.raises(SuiteError, match=rf"row 6 of .*{message}"):
        hub(BENCHMARK, rows).load(data=None)


def test_the_terms_are_named_where_the_data_are_not_to_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    def gated(*_: object, **__: object) -> None:
        raise datasets.exceptions.DatasetNotFoundError("it is a gated dataset\non the Hub")

    monkeypatch.setattr(datasets, "load_dataset", gated)
    with pytest.raises(
        SuiteError, match=r"\(it is a gated dataset\): accept its terms at https://\S+/gpqa and log"
    ):
        suites.load("gpqa_diamond")
