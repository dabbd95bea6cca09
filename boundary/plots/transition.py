"""From how often to how often: problems by the base's bin of accuracy and the tuned model's."""

from typing import TYPE_CHECKING

from boundary.plots.base import INK, canvas, header, house_style, named, plain
from boundary.plots.histogram import BINS, first_looks
from boundary.records import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from boundary.records import IntArray

LIGHTEST, DARKEST = 0.95, 0.2
DARK = 0.55
"""Root of the share of the largest count from which on the number is written in white."""
ON_DARK, ON_LIGHT = "#fefefe", "#010101"
"""Colours that a dark page leaves as they are, as it does the greys below them."""


def plot_transition(comparison: Comparison, *, suite: str) -> "Figure":
    """Draw how many problems go from each bin of the base to each bin of the tuned model.

    The bins are those of the histogram; the diagonal, where nothing changes, is outlined.

    Args:
        comparison: Two arms on the same problems, with ``transition``.
        suite: Name of the suite, for the title.

    Returns:
        The figure.
    """
    counts = comparison.transition
    assert counts is not None, "a comparison without transitions has no such figure"
    base, other = comparison.base.label, comparison.other.label
    size = len(BINS)
    up = sum(int(counts[i, j]) for i in range(size) for j in range(size) if j > i)
    down = sum(int(counts[i, j]) for i in range(size) for j in range(size) if j < i)
    with house_style():
        figure, axes = canvas(
            f"From {base} to {other} on {suite}",
            f"{int(counts.sum()):,} problems by their share of correct samples"
            f"{first_looks(comparison)} · {up:,} in a higher bin, {down:,} in a lower,"
            f" {int(counts.sum()) - up - down:,} in the same",
            size=(7.4, 6.2),
        )
        height = float(figure.get_size_inches()[1])
        axes.set_position((0.14, 0.105, 0.83, 1 - 0.105 - header(figure) / height))
        axes.set_xlabel(f"{plain(base)}: correct samples of a problem, %", fontsize=9.5, labelpad=6)
        axes.set_ylabel(f"{plain(other)}, %", fontsize=9.5, rotation=0, ha="left", va="bottom")
        axes.yaxis.set_label_coords(-0.13, 1.015)
        axes.set_xticks(range(size), BINS, fontsize=8)
        axes.set_yticks(range(size), BINS, fontsize=8)
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        _draw_cells(axes, counts)
    return figure


def _draw_cells(axes: "Axes", counts: "IntArray") -> None:
    """Squares that darken with the root of their count, the numbers on top."""
    import numpy as np
    from matplotlib.patches import Rectangle

    most = max(1, int(counts.max()))
    size = len(counts)
    axes.set(xlim=(-0.5, size - 0.5), ylim=(-0.5, size - 0.5))
    for i, j in zip(*np.nonzero(counts), strict=True):
        shade = float(np.sqrt(counts[i, j] / most))
        grey = f"{LIGHTEST + (DARKEST - LIGHTEST) * shade:.3f}"
        cell = Rectangle((i - 0.5, j - 0.5), 1, 1, facecolor=grey, linewidth=0)
        axes.add_patch(named(cell, "cell", i, j))
        text = axes.text(
            i,
            j,
            f"{int(counts[i, j]):,}",
            ha="center",
            va="center",
            fontsize=9,
            color=ON_DARK if shade > DARK else ON_LIGHT,
            zorder=3,
        )
        named(text, "count", i, j)
    for i in range(len(counts)):
        square = Rectangle((i - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=0.7)
        axes.add_patch(named(square, "same", i))
