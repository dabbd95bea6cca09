"""The box plots of perplexity, box by box."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from boundary.plots import palette, plot_perplexity
from tests.plots import data


@pytest.fixture(scope="module")
def cells():
    return data.perplexities(data.study(problems=40, n=8))


@pytest.fixture
def axes(cells):
    (axes,) = plot_perplexity(cells, suite="math500").axes
    return axes


def medians(axes):
    return [
        line.get_ydata()[0]
        for line in axes.lines
        if line.get_linewidth() == 2.2 and len(set(line.get_ydata())) == 1
    ]


def test_there_is_one_box_per_cell_with_its_quartiles(axes, cells):
    assert len(axes.patches) == len(cells)
    for box, cell in zip(axes.patches, cells, strict=True):
        heights = box.get_path().vertices[:, 1]
        assert heights.min() == pytest.approx(cell.quartiles[0])
        assert heights.max() == pytest.approx(cell.quartiles[2])


def test_medians_are_the_record_s_own(axes, cells):
    assert medians(axes) == pytest.approx([cell.quartiles[1] for cell in cells])


def test_means_carry_their_interval(axes, cells):
    for bars, cell in zip(axes.containers, cells, strict=True):
        (segments,) = bars.lines[2][0].get_segments()
        assert bars.lines[0].get_ydata()[0] == pytest.approx(cell.mean)
        assert sorted(segments[:, 1]) == pytest.approx([cell.low, cell.high])


def test_boxes_are_named_by_answers_and_model(axes):
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "answers of base\nunder base",
        "answers of rl\nunder base",
        "answers of rl\nunder rl",
        "answers of distill\nunder base",
    ]


def test_answers_of_one_arm_stand_together_whatever_the_order(cells):
    shuffled = [cells[1], cells[0], cells[3], cells[2]]
    (axes,) = plot_perplexity(shuffled, suite="s").axes
    names = [label.get_text().split("\n")[0] for label in axes.get_xticklabels()]
    assert names == ["answers of rl", "answers of rl", "answers of base", "answers of distill"]
    steps = np.diff(axes.get_xticks())
    assert steps[0] < steps[1]


def test_boxes_wear_the_colour_of_whose_answers_they_are(axes, cells):
    from matplotlib.colors import to_rgba

    looks = palette([cell.answers_of for cell in cells])
    for box, cell in zip(axes.patches, cells, strict=True):
        assert box.get_edgecolor() == to_rgba(looks[cell.answers_of].color)


def test_the_axis_is_logarithmic_and_printed_plainly(axes):
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "perplexity (log scale)"
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert not [text for text in shown if "10^" in text or "times" in text]


def test_a_subset_is_named_under_its_box(cells):
    (axes,) = plot_perplexity([replace(cells[0], subset="correct")], suite="s").axes
    assert axes.get_xticklabels()[0].get_text() == "answers of base\nunder base\ncorrect"


def test_a_cell_without_a_finite_value_says_so(cells):
    empty = replace(cells[0], per_problem=np.array([np.nan, np.inf]))
    (axes,) = plot_perplexity([empty, cells[1]], suite="s").axes
    assert "no value" in [text.get_text() for text in axes.texts]
    assert len(axes.patches) == 1


def test_many_boxes_lie_below_each_other_with_the_same_numbers(cells):
    many = [replace(cell, subset=subset) for cell in cells for subset in ("all", "correct")]
    (axes,) = plot_perplexity(many, suite="s").axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:2] == ["answers of base under base", "answers of base under base correct"]
    ordered = [cell for cell in cells for _ in range(2)]
    for box, cell in zip(axes.patches, ordered, strict=True):
        widths = box.get_path().vertices[:, 0]
        assert widths.min() == pytest.approx(cell.quartiles[0])
        assert widths.max() == pytest.approx(cell.quartiles[2])
    for bars, cell in zip(axes.containers, ordered, strict=True):
        (segments,) = bars.lines[2][0].get_segments()
        assert sorted(segments[:, 0]) == pytest.approx([cell.low, cell.high])
    assert axes.get_xscale() == "log"
    assert axes.figure.get_size_inches()[0] < 9


def test_long_names_do_not_run_into_each_other(cells):
    long = [replace(cell, answers_of=f"{cell.answers_of}-math500-0123456789ab") for cell in cells]
    (axes,) = plot_perplexity(long, suite="s").axes
    axes.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(not a.overlaps(b) for a, b in pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0
