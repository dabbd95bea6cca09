"""The pass@k figure, element by element."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from boundary.plots import palette, plot_curve
from boundary.records import Crossing, CrossingKind, Design
from tests.plots import data

CROSSING = Crossing(CrossingKind.CROSSES, 14.6, 9.1, 31.4, 0.02)


@pytest.fixture(scope="module")
def made():
    return data.study()


def axes_of(figure):
    (axes,) = figure.axes
    return axes


def line(axes, label):
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return found


def words(axes):
    return [text.get_text() for text in axes.texts]


@pytest.fixture
def axes(made):
    return axes_of(plot_curve(list(made.curves.values()), suite="math500"))


@pytest.mark.parametrize("arm", data.ARMS)
def test_each_arm_has_its_line_in_percent(axes, made, arm):
    x, y = line(axes, arm).get_data()
    assert x.tolist() == made.curves[arm].ks.tolist()
    assert y == pytest.approx(100 * made.curves[arm].mean)


@pytest.mark.parametrize("place", range(3))
def test_each_arm_has_its_band(axes, made, place):
    assert len(axes.collections) == 3
    curve = made.curves[data.ARMS[place]]
    corners = axes.collections[place].get_paths()[0].vertices
    for k, low, high in zip(curve.ks, curve.low, curve.high, strict=True):
        at_k = corners[np.isclose(corners[:, 0], k), 1]
        assert at_k.min() == pytest.approx(100 * low)
        assert at_k.max() == pytest.approx(100 * high)


def test_lines_and_labels_wear_the_look_of_their_arm(axes):
    looks = palette(data.ARMS)
    for arm, text in zip(data.ARMS, axes.texts, strict=True):
        assert line(axes, arm).get_color() == looks[arm].color == text.get_color()
        assert line(axes, arm).get_marker() == looks[arm].marker


def test_each_line_is_named_at_its_end_with_its_last_value(axes, made):
    last = [f"{arm}  {100 * made.curves[arm].mean[-1]:.1f}" for arm in data.ARMS]
    assert words(axes) == last


def test_end_labels_do_not_overlap_and_stay_on_the_sheet(made):
    same = [
        data.curve_of(f"arm number {i}", made.counts["base"], made.n, made.ids) for i in range(6)
    ]
    figure = plot_curve(same, suite="s")
    figure.draw_without_rendering()  # annotations find their place on drawing
    extents = (Text.get_window_extent(text) for text in axes_of(figure).texts)
    boxes = sorted(extents, key=lambda box: box.y0)
    assert len(boxes) == 6
    assert all(a.y1 <= b.y0 + 0.5 for a, b in pairwise(boxes))
    assert max(box.x1 for box in boxes) <= figure.bbox.x1


def test_ticks_are_powers_of_two_printed_plainly(axes):
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks == ["1", "2", "4", "8", "16", "32", "64", "128"]
    assert axes.get_xscale() == "log"


def test_a_long_grid_thins_its_ticks_and_keeps_the_largest():
    ids = ("a", "b", "c")
    curve = data.curve_of("base", np.array([0, 3, 9000]), 16384, ids)
    ticks = [
        label.get_text() for label in axes_of(plot_curve([curve], suite="s")).get_xticklabels()
    ]
    assert ticks == ["1", "4", "16", "64", "256", "1024", "4096", "16384"]


def test_axes_carry_units(axes):
    assert axes.get_ylabel() == "problems solved, %"
    assert axes.get_xlabel().startswith("k, samples")


def test_nothing_drawn_leaves_the_frame(made):
    axes = axes_of(plot_curve(list(made.curves.values()), suite="s"))
    low, high = axes.get_ylim()
    assert low <= 100 * min(c.low.min() for c in made.curves.values())
    assert high >= 100 * max(c.high.max() for c in made.curves.values())


def test_bounds_are_dotted_where_present_and_absent_else(made):
    curve = data.with_bounds(made.curves["base"])
    axes = axes_of(plot_curve([curve, made.curves["rl"]], suite="s"))
    dotted = [one for one in axes.lines if one.get_linestyle() == ":"]
    assert [one.get_ydata()[0] for one in dotted] == pytest.approx(
        [100 * curve.bound_low[0], 100 * curve.bound_high[0]]
    )


def test_valid_curves_are_dashed_and_named(made):
    valid = data.valid_of(made.curves["rl"])
    axes = axes_of(plot_curve([made.curves["base"], made.curves["rl"]], suite="s", valid=[valid]))
    found = line(axes, "rl, valid")
    assert found.get_ydata() == pytest.approx(100 * valid.mean)
    assert found.get_linestyle() == "--"
    assert found.get_color() == line(axes, "rl").get_color()
    assert f"rl, valid  {100 * valid.mean[-1]:.1f}" in words(axes)


def test_the_crossing_has_hairline_interval_and_label(made):
    axes = axes_of(plot_curve([made.curves["base"]], suite="s", crossing=CROSSING))
    hairlines = [one for one in axes.lines if set(one.get_xdata()) == {14.6}]
    assert len(hairlines) == 1
    assert "k = 15 [9.1, 31]" in words(axes)
    (span,) = axes.patches
    assert span.get_bbox().intervalx.tolist() == pytest.approx([9.1, 31.4])


def test_a_bound_beyond_the_data_says_so(made):
    open_end = Crossing(CrossingKind.CROSSES, 80.0, 20.0, None, 0.3)
    axes = axes_of(plot_curve([made.curves["base"]], suite="s", crossing=open_end))
    assert "k = 80 [20, > 128]" in words(axes)


@pytest.mark.parametrize("kind", [CrossingKind.TIE, CrossingKind.BASE_AHEAD])
def test_no_crossing_draws_none(made, kind):
    axes = axes_of(
        plot_curve([made.curves["base"]], suite="s", crossing=Crossing(kind, None, None, None, 1.0))
    )
    assert not axes.patches
    assert not [word for word in words(axes) if word.startswith("k =")]


def test_a_single_k_is_still_a_figure():
    curve = data.curve_of("base", np.array([0, 1]), 1, ("a", "b"))
    axes = axes_of(plot_curve([curve], suite="s"))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1"]


def test_an_adaptive_arm_has_an_n_at_most(made):
    early = replace(made.curves["rl"], design=Design(16, (64, 128)))
    figure = plot_curve([made.curves["base"], early], suite="s")
    told = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "n = 128 or up to 128" in told
