"""Solved problems of three arms and more: true areas where there are some, else every bar."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import pytest

from boundary.plots.solved import HONEST, SolvedSets, plot_solved, solved_sets
from boundary.records import ExpectedOverlap
from tests.plots import data

ORDER = [tuple(bool(i >> j & 1) for j in range(3)) for i in range(8)]
"""None, then each combination of three models."""


def sets_of(counts: Iterable[int], labels: tuple[str, ...] = ("base", "rl", "distill")):
    combinations = list(product((False, True), repeat=len(labels)))
    order = ORDER if len(labels) == 3 else combinations
    members = {
        f"{place}-{i}": one
        for place, (one, count) in enumerate(zip(order, counts, strict=False))
        for i in range(count)
    }
    return SolvedSets(128, labels, members)


def named(figure, part):
    gids = [artist.get_gid() or "" for artist in figure.findobj()]
    return [gid.removeprefix(f"{part}:") for gid in gids if gid.startswith(f"{part}:")]


def test_sets_follow_from_the_pairs():
    made = data.study(problems=40, n=16)
    found = solved_sets([made.comparison(), made.comparison(other="distill")])
    assert found.labels == ("base", "rl", "distill")
    assert found.k == 16
    for i, problem in enumerate(made.ids):
        assert found.members[problem] == tuple(made.counts[arm][i] > 0 for arm in found.labels)
    assert sum(found.counts.values()) == 40


def test_two_arms_expected_tables_and_other_problems_make_no_sets():
    from dataclasses import replace

    made = data.study(problems=40, n=16)
    first, second = made.comparison(), made.comparison(other="distill")
    assert solved_sets([first]) is None
    expected = replace(second, overlap=ExpectedOverlap(8, 1.0, 2.0, 3.0, 4.0))
    assert solved_sets([first, expected]) is None
    other_k = replace(second, overlap=replace(second.overlap, k=8))
    assert solved_sets([first, other_k]) is None
    fewer = replace(second, overlap=replace(second.overlap, neither=()))
    assert solved_sets([first, fewer]) is None


@pytest.mark.parametrize(
    "counts",
    [(12, 18, 5, 10, 3, 20, 4, 440), (1, 0, 0, 0, 16, 44, 0, 59), (0, 3, 2, 4, 6, 5, 7, 90)],
)
def test_circles_have_the_areas_of_the_counts(counts):
    sets = sets_of(counts)
    figure = plot_solved(sets, suite="s")
    (axes,) = figure.axes
    circles = [patch for patch in axes.patches if patch.get_fill()]
    assert len(circles) == 3
    x, y = np.meshgrid(np.linspace(-1.6, 1.6, 900), np.linspace(-1.2, 1.2, 900))
    inside = np.array([np.hypot(x - c.center[0], y - c.center[1]) < c.radius for c in circles])
    union = inside.any(axis=0).sum()
    for one, count in zip(ORDER[1:], counts[1:], strict=True):
        share = (inside == np.array(one)[:, None, None]).all(axis=0).sum() / union
        assert share == pytest.approx(count / sum(counts[1:]), abs=HONEST + 0.005)


def test_each_hairline_ends_in_its_region():
    sets = sets_of((12, 18, 5, 10, 3, 20, 4, 440))
    (axes,) = plot_solved(sets, suite="s").axes
    circles = [patch for patch in axes.patches if patch.get_fill()]
    ends = [line.get_xydata()[0] for line in axes.lines if len(line.get_xdata()) == 3]
    regions = {tuple(bool(np.hypot(*(end - c.center)) < c.radius) for c in circles) for end in ends}
    assert regions == set(ORDER[1:])


def test_what_no_three_circles_show_is_drawn_as_bars():
    sets = sets_of((0, 1, 1, 50, 1, 50, 50, 1))  # three pairs and hardly a common core
    figure = plot_solved(sets, suite="s")
    assert named(figure, "set") == []
    assert set(named(figure, "total")) == set(sets.labels)


def test_bars_hold_every_count_and_every_total():
    labels = ("a", "b", "c", "d")
    sets = sets_of([4, 9, 2, 7, 1, 3, 5, 6, 8, 2, 2, 2, 1, 1, 1, 11], labels)
    figure = plot_solved(sets, suite="s")
    bars = {a.get_gid(): a for a in figure.findobj() if (a.get_gid() or "").startswith("bar:")}
    assert len(bars) == 12  # of fifteen; the three smallest are summed in words
    heights = sorted((bar.get_height() for bar in bars.values()), reverse=True)
    counts = sorted((n for one, n in sets.counts.items() if any(one)), reverse=True)
    assert heights == counts[:12]
    words = " ".join(text.get_text() for text in figure.texts)
    assert "3 smaller combinations hold 3" in words.replace("\n", " ")
    assert "solved by none: 4" in words.replace("\n", " ")
    for place, label in enumerate(labels):
        (total,) = [a for a in figure.findobj() if a.get_gid() == f"total:{label}"]
        assert total.get_width() == sum(member[place] for member in sets.members.values())


@pytest.mark.parametrize("counts", [(5, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 5)])
def test_nothing_and_everything_solved_are_figures(counts):
    figure = plot_solved(sets_of(counts), suite="s")
    assert figure.get_suptitle().endswith("on s")
