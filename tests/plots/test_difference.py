"""The paired difference, element by element."""

import numpy as np
import pytest

from boundary.plots import plot_difference
from boundary.plots.base import PAPER
from tests.plots import data


@pytest.fixture(scope="module")
def pair():
    return data.study(problems=40, n=64, seed=2).comparison()


@pytest.fixture
def axes(pair):
    (axes,) = plot_difference(pair, suite="math500").axes
    return axes


def points(axes, label):
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return found


def test_the_study_has_both_kinds_of_points(pair):
    assert 0 < pair.is_settled.sum() < len(pair.ks)


def test_settled_points_are_filled_and_unsettled_hollow(axes, pair):
    settled, hollow = points(axes, "settled"), points(axes, "not settled")
    assert settled.get_xdata().tolist() == pair.ks[pair.is_settled].tolist()
    assert hollow.get_xdata().tolist() == pair.ks[~pair.is_settled].tolist()
    assert settled.get_markerfacecolor() == settled.get_markeredgecolor()
    assert hollow.get_markerfacecolor() == PAPER


def test_the_line_is_the_difference_in_points(axes, pair):
    lines = [one for one in axes.lines if len(one.get_xdata()) == len(pair.ks)]
    assert lines[0].get_ydata() == pytest.approx(100 * pair.difference)


def test_the_band_holds_low_and_high(axes, pair):
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(100 * pair.low.min())
    assert corners[:, 1].max() == pytest.approx(100 * pair.high.max())


def test_zero_is_drawn_and_inside_the_frame(axes):
    assert [one for one in axes.lines if list(one.get_ydata()) == [0.0, 0.0]]
    low, high = axes.get_ylim()
    assert low < 0 < high


def test_the_sides_of_zero_are_named(axes):
    assert [text.get_text() for text in axes.texts] == ["↑ rl ahead", "↓ base ahead"]


def test_unit_and_title_state_the_sign(pair):
    figure = plot_difference(pair, suite="math500")
    assert figure.get_suptitle() == "pass@k of rl minus base on math500"
    assert figure.axes[0].get_ylabel() == "percentage points"
    assert np.all(pair.ks[[0, -1]] == [1, 64])
