"""How many problems are solved how often: the 12-bin histogram of both arms."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from boundary.plots.base import (
    PAPER,
    Style,
    canvas,
    house_style,
    name_axes,
    named,
    place,
    plain,
    resolve,
    whole_ticks,
)
from boundary.records import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from boundary.records import IntArray

BINS = ("0", *(f"({t}0, {t + 1}0]".replace("(00", "(0") for t in range(9)), "(90, 100)", "100")
WIDTH = 0.4


def plot_histogram(
    comparison: Comparison, *, suite: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw how many problems fall into each bin of the share of correct samples.

    The bins are {0}, ten of width 10 %, the last of them open at 100, and {100}.

    Args:
        comparison: Two arms on the same problems.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    base, other = comparison.base.label, comparison.other.label
    looks = resolve(styles, [base, other])
    with house_style():
        figure, axes = canvas(
            f"How often problems are solved on {suite}",
            f"{len(comparison.base.problem_ids):,} problems by their share of correct samples"
            f"{first_looks(comparison)}",
        )
        name_axes(axes, "correct samples of a problem, %", "problems")
        place(axes, right=0.2)
        for side, label in ((-1, base), (1, other)):
            counts = comparison.base_histogram if side < 0 else comparison.other_histogram
            _draw_bars(axes, counts, looks[label], side, label)
        axes.set_xticks(range(len(BINS)), BINS, fontsize=8.5)
        axes.set_xlim(-0.6, len(BINS) - 0.4)
        axes.margins(y=0.1)
        whole_ticks(axes)
        # the middle bins are the low ones, so the names stand free there
        legend = axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.99), ncols=2, fontsize=10)
        named(legend, "legend")
    return figure


def first_looks(comparison: Comparison) -> str:
    """What problems are sorted by where a run is adaptive: the samples that all of them have."""
    designs = [curve.design for curve in (comparison.base, comparison.other)]
    firsts = sorted({design.looks[0] for design in designs if design})
    return f", the first {' or '.join(map(str, firsts))} of an adaptive run" if firsts else ""


def _draw_bars(axes: "Axes", counts: "IntArray", style: Style, side: int, label: str) -> None:
    """One arm's bars with their counts on top; empty bins keep a quiet 0."""
    centres = [index + side * WIDTH / 2 for index in range(len(counts))]
    bars = axes.bar(
        centres,
        counts,
        WIDTH * 0.94,
        facecolor=style.color,
        edgecolor=PAPER,
        linewidth=0,
        hatch=style.hatch,
        label=plain(label),
    )
    for index, bar in enumerate(bars):
        named(bar, "bar", label, index)
    numbers = axes.bar_label(
        bars, [f"{int(c)}" for c in counts], fontsize=7.5, padding=1.5, color=style.color
    )
    for index, number in enumerate(numbers):
        named(number, "count", label, index)
