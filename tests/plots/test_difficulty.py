"""The difficulty scatter: every problem at its two rates, zeros in their lane."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from boundary.plots import palette, plot_difficulty
from boundary.plots.difficulty import LARGEST, rates
from tests.plots import data

N = 16


@pytest.fixture(scope="module")
def pair():
    return data.study(problems=80, n=N).comparison()


@pytest.fixture
def axes(pair):
    (axes,) = plot_difficulty(pair, suite="math500").axes
    return axes


def marks(axes, side):
    return [c for c in axes.collections if c.get_gid() == f"problems:{side}"]


def test_rates_are_the_unbiased_pass_at_1(pair):
    made = data.study(problems=80, n=N)
    expected = Counter(zip(made.counts["base"], made.counts["rl"], strict=True))
    found = rates(pair)
    assert {(round(x * N), round(y * N)): n for (x, y), n in found.items()} == expected
    assert all(abs(x * N - round(x * N)) < 1e-9 for pair in found for x in pair)


def test_without_k_1_there_are_no_rates(pair):
    cut = replace(pair, ks=pair.ks[1:])
    assert rates(cut) is None


def test_every_mark_lies_on_its_side_with_its_multiplicity(axes, pair):
    found = rates(pair)
    signs = {"above": 1, "same": 0, "below": -1}
    seen = Counter()
    for side, sign in signs.items():
        for cloud in marks(axes, side):
            for (x, y), area in zip(cloud.get_offsets(), cloud.get_sizes(), strict=True):
                assert np.sign(round(y - x, 12)) == sign or 0 in (x, y)
                seen[side] += area
    totals = {
        side: sum(n for (x, y), n in found.items() if np.sign(y - x) == sign)
        for side, sign in signs.items()
    }
    areas = {side: seen[side] / totals[side] for side in signs if totals[side]}
    assert len({round(area, 6) for area in areas.values()}) == 1


def test_zeros_stand_in_the_lane_and_nothing_else_does(axes, pair):
    lane = next(patch for patch in axes.patches if patch.get_gid() == "lane:base")
    edge = lane.get_bbox().x1
    found = rates(pair)
    zeros = {x for x, _ in found if x == 0}
    inside = sorted({x for c in axes.collections for x, _ in c.get_offsets() if x < edge})
    assert zeros
    assert len(inside) == 1
    assert edge < 1 / N
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[0] == "0"
    assert axes.get_xticks()[0] == pytest.approx(inside[0])


def test_both_axes_are_logarithmic_and_alike(axes):
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert axes.get_xlim() == pytest.approx(axes.get_ylim())


def test_sides_wear_the_look_of_who_is_ahead(axes):
    from matplotlib.colors import to_rgb

    looks = palette(["base", "rl"])
    for side, arm in (("above", "rl"), ("below", "base")):
        (cloud,) = marks(axes, side)
        assert tuple(cloud.get_facecolor()[0][:3]) == pytest.approx(to_rgb(looks[arm].color))


def test_many_problems_at_one_place_do_not_cover_the_figure(pair):
    same = np.ones_like(pair.base.per_problem)
    solved = replace(pair.base, per_problem=same)
    one = replace(pair, base=solved, other=replace(solved, label="rl"))
    (axes,) = plot_difficulty(one, suite="s").axes
    (cloud,) = marks(axes, "same")
    assert cloud.get_sizes().tolist() == [pytest.approx(LARGEST)]
