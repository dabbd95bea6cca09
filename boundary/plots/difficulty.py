"""Each problem's rate under base and tuned model, both on log axes with a lane for zero."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from boundary.plots.base import (
    INK,
    MUTED,
    PAPER,
    RULE,
    Style,
    canvas,
    header,
    house_style,
    name_axes,
    named,
    place,
    plain,
    resolve,
)
from boundary.records import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 0.09
"""Share of each axis that the lane of zero takes."""
DOT = 16.0
"""Area of one problem's mark, in square points; that of several grows with their number."""
FEW = 100
"""Problems up to which marks may be larger."""
LARGEST = 1600.0
"""Area of the largest mark; where one stands for many problems, all get smaller."""
ROW = 0.21
"""Inches of a line of the key."""
TICKS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def rates(comparison: Comparison) -> "Counter[tuple[float, float]] | None":
    """How many problems have each pair of rates; ``None`` where the curves leave out k = 1."""
    at = [int(k) for k in comparison.ks]
    if 1 not in at:
        return None
    base, other = (
        curve.per_problem[:, [int(k) for k in curve.ks].index(1)]
        for curve in (comparison.base, comparison.other)
    )
    return Counter((float(x), float(y)) for x, y in zip(base, other, strict=True))


def plot_difficulty(
    comparison: Comparison, *, suite: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw one mark per pair of rates, its area in the ratio of the problems that share it.

    Marks above the diagonal wear the look of the tuned model, those below that of the base. A
    rate of 0 has no place on a log axis and stands in a lane of its own: below it is not
    known how far.

    Args:
        comparison: Two arms on the same problems, with k = 1 in their curves.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    found = rates(comparison)
    assert found is not None, "the rate of a problem is its pass@1"
    base, other = comparison.base.label, comparison.other.label
    looks = resolve(styles, [base, other])
    low = min([1.0, *(rate for pair in found for rate in pair if rate > 0)])
    first = min(low * 0.8, 0.5)
    with house_style():
        figure, axes = canvas(
            f"How often each problem is solved, {other} against {base} on {suite}",
            f"{found.total():,} problems by pass@1, n = {_sizes(comparison)} · area: number of"
            " problems · the lanes hold a rate of 0, which no log axis shows",
            size=(7.4, 6.4),
        )
        name_axes(
            axes,
            f"rate under {plain(base)} (log scale)",
            f"rate under {plain(other)} (log scale)",
        )
        place(axes, right=0.2, top=ROW * 3 + 0.1)
        zero = _draw_frame(axes, first)
        sides = ((1, "above", looks[other]), (-1, "below", looks[base]), (0, "same", None))
        words = _words(found, base, other)
        for row, (side, name, look) in enumerate(sides):
            _draw_marks(axes, found, zero, (side, name), look)
            _draw_key(axes, row, words[side], name, look)
    return figure


def _sizes(comparison: Comparison) -> str:
    sizes = {curve.n: curve.design is not None for curve in (comparison.base, comparison.other)}
    return " or ".join(f"{'up to ' * early}{n:,}" for n, early in sorted(sizes.items()))


def _draw_frame(axes: "Axes", first: float) -> float:
    """Log axes from ``first`` to 1 with a lane before them; returns the place of zero."""
    import math

    span = -math.log10(first) + 0.06
    edge = first
    start = 10 ** (math.log10(first) - span * SIDE / (1 - SIDE))
    zero = math.sqrt(start * edge)
    for axis, scale, limit in (
        (axes.xaxis, axes.set_xscale, axes.set_xlim),
        (axes.yaxis, axes.set_yscale, axes.set_ylim),
    ):
        scale("log")
        limit(start, 10**0.06)
        shown = [tick for tick in TICKS if tick > edge]
        shown = shown if len(shown) < 8 else [t for t in shown if f"{t:g}".strip("0.") in ("1", "")]
        axis.set_ticks([zero, *shown], ["0", *(f"{tick:g}" for tick in shown)])
        axis.set_ticks([], minor=True)
    named(axes.axvspan(start, edge, color=MUTED, alpha=0.09, linewidth=0, zorder=0), "lane", "base")
    named(
        axes.axhspan(start, edge, color=MUTED, alpha=0.09, linewidth=0, zorder=0), "lane", "other"
    )
    (same,) = axes.plot([edge, 1.0], [edge, 1.0], color=RULE, linewidth=1.0, zorder=1)
    named(same, "same")
    return zero


def _draw_marks(
    axes: "Axes",
    found: "Counter[tuple[float, float]]",
    zero: float,
    where: tuple[int, str],
    look: Style | None,
) -> None:
    """The problems on one side of the diagonal, or on it."""
    side, name = where
    dot = min(DOT if found.total() > FEW else 2.5 * DOT, LARGEST / max(found.values()))
    here = {
        (x or zero, y or zero): count
        for (x, y), count in found.items()
        if (y > x) - (y < x) == side
    }
    if not here:
        return
    marks = axes.scatter(
        [x for x, _ in here],
        [y for _, y in here],
        s=[max(4.0, dot * count) for count in here.values()],
        c=[look.color if look else MUTED],
        marker=look.marker if look else "D",
        alpha=0.6,
        edgecolors=PAPER,
        linewidths=0.5,
        zorder=3,
    )
    named(marks, "problems", name)


def _words(found: "Counter[tuple[float, float]]", base: str, other: str) -> dict[int, str]:
    """How many problems lie on each side of the diagonal, and on it."""
    above = sum(n for (x, y), n in found.items() if y > x)
    below = sum(n for (x, y), n in found.items() if y < x)
    never = found.get((0.0, 0.0), 0)
    same = found.total() - above - below
    solved = f", {never:,} of them never" if never else ""
    return {
        1: f"{plain(other)} more often: {above:,}",
        -1: f"{plain(base)} more often: {below:,}",
        0: f"as often: {same:,}{solved}",
    }


def _draw_key(axes: "Axes", row: int, words: str, name: str, look: Style | None) -> None:
    """One line between header and frame: a mark and what it counts."""
    figure = axes.figure
    width, height = figure.get_size_inches()  # type: ignore[union-attr]
    y = 1 - (header(figure) - 0.22 + ROW * (row + 0.5)) / height  # type: ignore[arg-type]
    x = 0.2 / width
    axes.plot(
        [x],
        [y],
        marker=look.marker if look else "D",
        color=look.color if look else MUTED,
        markeredgecolor=PAPER,
        markersize=7,
        linestyle="none",
        transform=figure.transFigure,
        clip_on=False,
    )
    text = axes.annotate(
        words,
        (x + 0.12 / width, y),
        xycoords="figure fraction",
        va="center",
        fontsize=9.5,
        color=INK,
        annotation_clip=False,
    )
    named(text, "count", name)
