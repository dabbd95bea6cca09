"""Transitions, budgets, cost, extrapolation and trend: their numbers as drawn."""

import numpy as np
import pytest

from boundary.plots import (
    plot_budget,
    plot_cost,
    plot_extrapolation,
    plot_transition,
    plot_trend,
)
from boundary.plots.base import element
from tests.plots import data


@pytest.fixture(scope="module")
def made():
    return data.study(problems=40, n=16)


def by_name(figure):
    return {artist.get_gid(): artist for artist in figure.findobj() if artist.get_gid()}


def test_transitions_are_written_where_they_belong(made):
    pair = made.comparison()
    drawn = by_name(plot_transition(pair, suite="s"))
    for i, j in np.ndindex(12, 12):
        text = drawn.get(f"count:{i}:{j}")
        assert (text.get_text() if text else "0") == str(pair.transition[i, j])
        if text:
            assert text.get_position() == (i, j)
    shades = {
        (i, j): drawn[f"cell:{i}:{j}"].get_facecolor()[0]
        for i, j in zip(*np.nonzero(pair.transition), strict=True)
    }
    by_count = sorted(shades, key=lambda place: pair.transition[place])
    assert [shades[place] for place in by_count] == sorted(shades.values(), reverse=True)


def test_all_that_a_figure_draws_survives_on_the_page():
    """The page keeps shapes and words of a figure and drops what else an SVG may hold."""
    from xml.etree import ElementTree

    from boundary.page.svg import KEPT
    from boundary.plots import svg_text
    from boundary.plots.sheet import draw

    for one in draw(data.everything(data.study(problems=20, n=16))):
        tags = {
            node.tag.rpartition("}")[2]
            for node in ElementTree.fromstring(svg_text(one.figure)).iter()
        }
        dropped = tags - KEPT - {"metadata", "RDF", "Work", "type", "format", "style"}
        assert not dropped, one.name


def test_transitions_say_how_many_rise_and_fall(made):
    pair = made.comparison()
    up, down = (np.triu(pair.transition, 1).sum(), np.tril(pair.transition, -1).sum())
    words = " ".join(t.get_text() for t in plot_transition(pair, suite="s").texts)
    told = words.replace("\n", " ")
    assert f"{up} in a higher bin, {down} in a lower, {40 - up - down} in the same" in told


@pytest.mark.parametrize(("k", "is_full"), [(1, False), (16, True)])
def test_budgets_have_a_line_at_the_smallest_and_the_largest_k(made, k, is_full):
    frame = data.budget_table(made).frame
    line = by_name(plot_budget(frame, suite="s"))[f"curve:rl:{k}"]
    rows = frame[(frame["arm"] == "rl") & (frame["k"] == k)]
    assert line.get_xdata().tolist() == rows["budget"].tolist() == [256, 512, 1024]
    assert line.get_ydata() == pytest.approx(100 * rows["pass_at_k"])
    assert (line.get_markerfacecolor() == line.get_color()) == is_full


def test_cost_draws_coverage_over_tokens(made):
    frame = data.cost_table(made).frame
    line = by_name(plot_cost(frame, suite="s"))["curve:distill"]
    rows = frame[frame["arm"] == "distill"]
    assert line.get_xdata().tolist() == rows["tokens"].tolist()
    assert line.get_ydata() == pytest.approx(100 * rows["pass_at_k"])


def test_cost_without_lengths_says_so(made):
    frame = data.cost_table(made).frame.assign(tokens=np.nan)
    (axes,) = plot_cost(frame, suite="s").axes
    assert "no answer's length is known" in [text.get_text() for text in axes.texts]


def test_nothing_fitted_stands_among_the_measured(made):
    frame = data.extrapolation_table(made).frame
    curves = list(made.curves.values())
    figure = plot_extrapolation(frame, curves, suite="s")
    laws = list(dict.fromkeys(frame["model"]))
    assert len(figure.axes) == len(laws) == 2
    drawn = by_name(figure)
    for axes, law in zip(figure.axes, laws, strict=True):
        (edge,) = set(drawn[element("rule", law)].get_xdata())
        assert edge == made.n
        for arm in data.ARMS:
            measured = drawn[element("curve", arm, law)]
            fitted = drawn[element("fit", arm, law)]
            assert measured.axes is fitted.axes is axes
            assert max(measured.get_xdata()) <= edge < min(fitted.get_xdata())
            assert measured.get_markerfacecolor() != fitted.get_markerfacecolor()
        assert law in axes.get_ylabel()


def test_the_frames_of_an_extrapolation_do_not_touch(made):
    frame = data.extrapolation_table(made).frame
    figure = plot_extrapolation(frame, list(made.curves.values()), suite="s")
    figure.draw_without_rendering()
    upper, lower = (axes.get_tightbbox() for axes in figure.axes)
    assert lower.y1 <= upper.y0
    assert max(upper.x1, lower.x1) <= figure.bbox.x1


def test_the_trend_goes_through_the_checkpoints(made):
    curves = list(made.curves.values())
    frame = data.trend_table(made).frame
    figure = plot_trend(frame, curves, data.STEPS, suite="s")
    drawn = by_name(figure)
    for k in (1, 16):
        j = [int(one) for one in curves[0].ks].index(k)
        means = [100 * curve.mean[j] for curve in curves]
        slope, start = np.polyfit(data.STEPS, means, 1)
        ends = drawn[f"fit:{k}"].get_xydata()
        assert ends[:, 1] == pytest.approx(start + slope * ends[:, 0])
        for step, curve, mean in zip(data.STEPS, curves, means, strict=True):
            assert drawn[f"point:{curve.label}:{k}"].get_xydata().tolist() == [
                [step, pytest.approx(mean)]
            ]
