"""The table of errata: its entries fit the real copies, and applying them does what it says."""

import re
from dataclasses import replace

import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.records import Problem
from boundary.suites import ERRATA, SUITES, Erratum, Suite, errata
from boundary.suites.base import digest_of
from boundary.suites.errata import Kind, corrected, of
from tests.suites.data import SHARED, needs_shared

PROBLEMS = (
    Problem("a", "What is \x0crac{1}{2}?", "5"),
    Problem("b", "What is it?", "wrong"),
    Problem("c", "What was T?", "1"),
)
SUITE = Suite("s", PROBLEMS, "raw", "exact", "here", digest_of(PROBLEMS))


def erratum(key: str, kind: Kind, found: str, correction: str | None = None) -> Erratum:
    return Erratum("s", key, kind, found, "because", "own check", correction)


ALL = (
    erratum("a", Kind.TEXT, "\x0crac", "\\frac"),
    erratum("b", Kind.GOLD, "wrong", "right"),
    erratum("c", Kind.AMBIGUOUS, "T"),
)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errata, "ERRATA", ALL)


@pytest.mark.usefixtures("table")
def test_errata_mend_or_leave_out_and_change_the_digest() -> None:
    mended = corrected(SUITE)
    assert mended.problems == (
        replace(PROBLEMS[0], question="What is \\frac{1}{2}?"),
        replace(PROBLEMS[1], answer="right"),
    )
    assert mended.errata == ("a", "b", "c")
    assert mended.digest == digest_of(mended.problems) != SUITE.digest
    assert SUITE.errata == ()


@pytest.mark.usefixtures("table")
def test_a_copy_without_the_faults_stays_as_it_is() -> None:
    good = (
        Problem("a", "What is \\frac{1}{2}?", "5"),
        Problem("b", "What is it?", "right"),
        Problem("c", "What is two?", "1"),
        Problem("d", "T", "wrong"),
    )
    suite = replace(SUITE, problems=good, digest=digest_of(good))
    assert corrected(suite) == suite
    assert not list(of(replace(SUITE, name="other")))


def test_two_faults_of_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    more = (*ALL, erratum("a", Kind.GOLD, "5", "6"), erratum("b", Kind.DUPLICATE, "What"))
    monkeypatch.setattr(errata, "ERRATA", more)
    (only,) = corrected(SUITE).problems
    assert (only.question, only.answer) == ("What is \\frac{1}{2}?", "6")
    assert corrected(SUITE).errata == ("a", "b", "c")


def test_a_suite_of_which_nothing_is_left_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tuple(erratum(p.id, Kind.DUPLICATE, p.question) for p in PROBLEMS)
    monkeypatch.setattr(errata, "ERRATA", gone)
    with pytest.raises(SuiteError, match="errata leave nothing of suite 's'"):
        corrected(SUITE)


def test_the_table_is_whole() -> None:
    assert {one.suite for one in ERRATA} <= SUITES.keys()
    assert len({(one.suite, one.id, one.kind) for one in ERRATA}) == len(ERRATA)
    for one in ERRATA:
        assert one.kind.is_mended == (one.correction is not None)
        assert one.found not in (one.correction or "")
        assert one.reason.endswith(".")
        assert re.fullmatch(r"own check|https://\S+", one.source)


@needs_shared
@pytest.mark.parametrize("name", sorted({one.suite for one in ERRATA}))
def test_every_entry_fits_the_local_copy(name: str) -> None:
    plain, mended = (suites.load(name, data=SHARED, errata=flag) for flag in (False, True))
    entries = [one for one in ERRATA if one.suite == name]
    assert list(of(plain)) == entries
    assert not list(of(mended))
    assert mended.digest != plain.digest
    assert mended.errata == tuple(one.id for one in entries)
    left_out = {one.id for one in entries if not one.kind.is_mended}
    assert len(mended.problems) == len(plain.problems) - len(left_out)
    before = {p.id: p for p in plain.problems}
    changed = {p.id for p in mended.problems if p != before[p.id]}
    assert changed == {one.id for one in entries} - left_out


@needs_shared
def test_without_errata_nothing_changes() -> None:
    assert suites.load("aime24", data=SHARED) == suites.load("aime24", data=SHARED, errata=False)
    same = suites.load("amc23", data=SHARED, errata=True)
    assert same == suites.load("amc23", data=SHARED)


@needs_shared
def test_the_mended_texts() -> None:
    aime25 = {p.id: p.question for p in suites.load("aime25", data=SHARED, errata=True).problems}
    assert aime25["aime25-II-04"].count("\\frac{\\log_") == 5
    assert "circumcircle of $\\triangle DEF$" in aime25["aime25-II-05"]
    assert not any(char in text for text in aime25.values() for char in "\x0c\t")
    aime24 = {p.id: p.question for p in suites.load("aime24", data=SHARED, errata=True).problems}
    assert aime24["aime24-II-08"].count("internally") == 1
    assert aime24["aime24-II-08"].count("externally") == 1
