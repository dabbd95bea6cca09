"""Every section of the page, from made-up findings: what it says, and when it says nothing."""

from dataclasses import replace

import pytest

from boundary import stats
from boundary.page.text import percent
from boundary.passk import Curves, Settings
from boundary.ppl import Likelihood
from boundary.records import ExpectedOverlap, Floor, Overlap
from boundary.sections import SECTIONS, Findings, chance, solved
from boundary.stats import support
from tests.page.data import expected
from tests.plots import data


@pytest.fixture(scope="module")
def pair():
    found = data.study(problems=40, n=32).comparison("base", "rl")
    noise = expected(found)
    return replace(found, support=support(found.overlap), floor=Floor(noise, noise, found.overlap))


def findings(*pairs):
    return Findings("dial", {}, {}, Curves((), (), ()), pairs, Likelihood(), Settings())


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_with_nothing_to_tell_is_none(name):
    assert SECTIONS[name](findings()) is None


@pytest.mark.parametrize("name", SECTIONS)
def test_every_row_has_a_cell_for_each_head(name, pair):
    made = SECTIONS[name](findings(pair))
    for table in made.tables if made else ():
        assert {len(row) for row in table.rows} == {len(table.heads)}


def test_the_solved_set_s_measures_are_those_of_the_table(pair):
    (table,) = solved.section(findings(pair)).tables
    (row,) = table.rows
    assert row[:3] == ("base", "rl", pair.overlap.k)
    assert row[3] == percent(pair.support.kept)
    assert row[4:6] == (str(len(pair.overlap.base_only)), str(len(pair.overlap.other_only)))


def test_expected_problems_have_a_decimal(pair):
    split = ExpectedOverlap(4, 1.25, 2.5, 3.0, 33.25)
    (table,) = solved.section(findings(replace(pair, support=support(split)))).tables
    assert table.rows[0][4:6] == ("2.5", "3")


def test_chance_says_the_controls_and_shows_their_tables(pair):
    made = chance.section(findings(pair))
    assert made.lines == tuple(f"rl against base: {line}." for line in stats.controls(pair))
    (table,) = made.tables
    assert [row[1] for row in table.rows] == [
        "half of base, its other half", "half of base, half of rl", "base, a second run of it",
        "base, rl",
    ]  # fmt: skip
    assert table.rows[0][4] == f"{pair.floor.base.base_only:.1f}"
    assert table.rows[3][4] == str(len(pair.overlap.base_only))


def test_a_pair_without_a_floor_has_no_table(pair):
    bare = replace(pair, floor=None, overlap=Overlap(4, ("a",), ("b",), ("c",), (), 1.0))
    made = chance.section(findings(bare))
    assert made is None or made.tables == ()
