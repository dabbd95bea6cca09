"""What the page says of reachability and entropy, from made-up numbers, and untrusted tokens."""

import pytest

from boundary.page import MarkedText, Page, SuiteSection, render
from boundary.passk import Curves, Settings
from boundary.ppl import Likelihood, Marked
from boundary.records import Comparison, EntropyProfile, Mean, Reachability
from boundary.sections import Findings, entropy, reachability
from tests.plots import data


def mean(value: float, answers: int = 200, problems: int = 20) -> Mean:
    return Mean(value, value - 0.1, value + 0.1, problems, answers)


def reach(of: str, share: float, subset: str = "correct", **changes) -> Reachability:
    own = of == "base"
    values = {
        "first": None if own else 12.0,
        "rank": None if own else 7.0,
        "probability": None if own else 0.0004,
    }
    settled = {"undecided": 0, "reachable": round(200 * share), **values, **changes}
    return Reachability(
        of,
        "base",
        0.6,
        0.95,
        subset,
        mean(share),
        share,
        outside=0.01,
        smallest=0.002,
        ratio=mean(3.5),
        **settled,
    )


@pytest.fixture(scope="module")
def pair() -> Comparison:
    return data.study(problems=40, n=32).comparison("base", "rl")


def findings(pair: Comparison, found: Likelihood) -> Findings:
    return Findings("dial", {}, {}, Curves((), (), ()), (pair,), found, Settings())


def test_the_reading_gives_the_share_beside_the_bases_own(pair: Comparison) -> None:
    told = [reach("base", 0.9), reach("rl", 0.55), reach("rl", 0.2, "wrong")]
    made = reachability.section(findings(pair, Likelihood(reach=told)))
    assert made is not None
    (line,) = made.lines
    assert "Of rl's correct answers, base could have drawn 55.0 % [45.0, 65.0]" in line
    assert "at temperature 0.6, top-p 0.95 (110 of 200 answers, 20 problems)" in line
    assert "of its own correct answers 90.0 % [80.0, 100.0]" in line
    assert "is number 12 in the median, of rank 7 and probability 0.0004" in line
    assert "decided" not in line
    (table,) = made.tables
    assert [len(row) for row in table.rows] == [len(table.heads)] * 3


def test_what_is_not_decided_is_said(pair: Comparison) -> None:
    told = [reach("rl", 0.5, undecided=4)]
    made = reachability.section(findings(pair, Likelihood(reach=told)))
    assert made is not None
    assert "4 answers are not decided and count as not drawn" in made.lines[0]


def test_marked_tokens_stand_in_the_page_escaped(pair: Comparison) -> None:
    hostile = "<script>alert(1)</script>"
    pieces = (("a & b", False), (hostile, True), ("\n", True), ("\u202eend", False))
    shown = Marked("rl", "base", "p-1", 4, pieces)
    made = reachability.section(
        findings(pair, Likelihood(reach=[reach("rl", 0.5)], marked=[shown]))
    )
    assert made is not None
    assert made.marked == (
        MarkedText(
            "A correct answer of rl to p-1 (sample 4); marked is what base would not have drawn",
            pieces,
        ),
    )
    text = render(Page("t", "", "", "0", (SuiteSection("dial", more=(made,)),)))
    assert hostile not in text
    assert "<mark>&lt;script&gt;alert(1)&lt;/script&gt;</mark>" in text
    assert "<mark>⏎\n</mark>" in text, "a line feed alone would not be seen"
    assert "a &amp; b" in text
    assert "\u202e" not in text


def profile(arm: str, value: float, slack: float = 0.0) -> EntropyProfile:
    along = ((1, 1, 1.0, 1.2, 30), (2, 2, 0.5, 0.6, 30), (3, 4, 0.1, 0.2, 55))
    return EntropyProfile(arm, 0.6, 0.95, mean(value), mean(2 * value), slack, slack, along)


def test_entropies_are_told_for_each_pair_and_along_the_answer(pair: Comparison) -> None:
    told = [profile("base", 0.7), profile("rl", 0.2)]
    made = entropy.section(findings(pair, Likelihood(entropies=told)))
    assert made is not None
    (line,) = made.lines
    assert "rl draws from has 0.200 [0.100, 0.300] nats" in line
    assert "that of base 0.700 [0.600, 0.800] at 0.6" in line
    assert "overlap" not in line
    assert "least" not in made.note
    means, along = made.tables
    assert [row[2] for row in means.rows] == ["0.700", "0.200"]
    assert [row[1] for row in along.rows] == ["1", "2", "3 to 4"] * 2


def test_bounds_are_shown_as_bounds_and_overlaps_are_said(pair: Comparison) -> None:
    told = [profile("base", 0.3, 0.04), profile("rl", 0.25, 0.04)]
    made = entropy.section(findings(pair, Likelihood(entropies=told)))
    assert made is not None
    assert "intervals that overlap" in made.lines[0]
    assert made.tables[0].rows[0][2] == "0.300 + 0.040"
    assert "the least that it can be" in made.note
