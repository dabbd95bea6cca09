"""The accuracy histogram, bar by bar."""

from dataclasses import replace

import pytest
from matplotlib.text import Text

from boundary.plots import plot_histogram
from boundary.records import Design
from tests.plots import data


@pytest.fixture(scope="module")
def pair():
    return data.study(problems=50, n=32).comparison()


@pytest.fixture
def axes(pair):
    (axes,) = plot_histogram(pair, suite="math500").axes
    return axes


@pytest.mark.parametrize("place", [0, 1])
def test_every_bin_has_its_bar(axes, pair, place):
    counts = (pair.base_histogram, pair.other_histogram)[place]
    bars = axes.containers[place]
    assert [bar.get_height() for bar in bars] == counts.tolist()
    assert len(bars) == 12


def test_every_bar_carries_its_count(axes, pair):
    expected = [str(c) for c in [*pair.base_histogram, *pair.other_histogram]]
    assert [text.get_text() for text in axes.texts] == expected


def test_bins_are_named_with_their_open_and_closed_ends(axes):
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks[:3] == ["0", "(0, 10]", "(10, 20]"]
    assert ticks[-3:] == ["(80, 90]", "(90, 100)", "100"]
    assert len(ticks) == 12


def test_arms_are_named_and_differ_without_colour(axes):
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["base", "rl"]
    base, other = (axes.containers[place][0] for place in (0, 1))
    assert base.get_hatch() != other.get_hatch()


def test_axes_carry_units(axes):
    assert axes.get_ylabel() == "problems"
    assert axes.get_xlabel() == "correct samples of a problem, %"


def test_bars_of_a_bin_stand_side_by_side(axes):
    for base, other in zip(*axes.containers[:2], strict=True):
        assert base.get_x() + base.get_width() <= other.get_x() + 1e-9


def test_an_adaptive_run_is_sorted_by_its_first_look(pair):
    early = replace(pair, other=replace(pair.other, design=Design(4, (16, 32))))
    for shown, count in ((early, 1), (pair, 0)):
        told = [text.get_text() for text in plot_histogram(shown, suite="s").findobj(Text)]
        assert sum("samples, the first 16 of an adaptive run" in text for text in told) == count
