"""Which answers to other problems would be right, by the verifier where it reads answers alone."""

from collections import Counter

import pytest

from boundary import guessing
from boundary.records import Problem
from boundary.store.classes import Classes

PROBLEMS = {
    "half": Problem("half", "?", "0.5"),
    "two": Problem("two", "?", "2"),
    "word": Problem("word", "?", "\\text{east}"),
}
GIVEN = [
    Classes("half", Counter({"1/2": 3}), Counter({"east": 2, "4": 1}), 0),
    Classes("two", Counter({"2": 1}), Counter({"\\frac{1}{2}": 5, "x</answer>": 9}), 2),
    Classes("word", Counter(), Counter({"2.0": 4, "\n": 1, "?": 1}), 0),
]


def test_the_verifier_tells_what_equal_text_cannot() -> None:
    found = guessing.accepted(GIVEN, PROBLEMS, "math")
    assert found.answers["half"] == {"0.5", "1/2", "\\frac{1}{2}"}
    assert found.answers["two"] == {"2", "2.0"}
    assert found.answers["word"] == {"\\text{east}", "east"}


def test_only_so_many_pairs_are_judged_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "MOST_PAIRS", 9)
    found = guessing.accepted(GIVEN, PROBLEMS, "math")
    assert found.answers["half"] == {"0.5", "1/2", "\\frac{1}{2}"}
    assert found.answers["two"] == {"2", "2.0"}
    assert found.answers["word"] == {"\\text{east}"}
    assert found.judged_by == "math, equal text beyond the 2 most frequent of 9 answers"


@pytest.mark.parametrize("verifier", ["dial", "code", "countdown"])
def test_who_reads_more_than_an_answer_is_not_asked(verifier: str) -> None:
    found = guessing.accepted(GIVEN, PROBLEMS, verifier)
    assert found.judged_by == guessing.BY_TEXT
    assert found.answers["half"] == {"0.5", "1/2"}


def test_letters_are_judged_by_the_exact_verifier() -> None:
    problems = {name: Problem(name, "?", gold) for name, gold in (("a", "B"), ("b", "C"))}
    given = [Classes("a", Counter(), Counter({"c": 2}), 0), Classes("b", Counter(), Counter(), 1)]
    found = guessing.accepted(given, problems, "exact")
    assert found.answers == {"a": {"B"}, "b": {"C", "c"}}
    assert found.judged_by == "exact"
