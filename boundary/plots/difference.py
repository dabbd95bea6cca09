"""The paired difference of two pass@k curves, other minus base."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from boundary.plots.base import (
    INK,
    MUTED,
    PAPER,
    Style,
    canvas,
    house_style,
    k_axis,
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


def plot_difference(
    comparison: Comparison, *, suite: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw the difference in percentage points with its band and the line of no difference.

    Settled points are filled, unsettled ones hollow.

    Args:
        comparison: Two arms on the same problems.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    base, other = comparison.base.label, comparison.other.label
    style = resolve(styles, [base, other])[other]
    problems = len(comparison.base.problem_ids)
    with house_style():
        figure, axes = canvas(
            f"pass@k of {other} minus {base} on {suite}",
            f"{problems:,} problems, paired · band: 95 % interval · "
            "filled: settled · hollow: not settled",
        )
        name_axes(axes, "k, samples drawn per problem (log scale)", "percentage points")
        place(axes, right=0.3)
        k_axis(axes, [int(k) for k in comparison.ks])
        axes.set_ylim(*_limits(comparison))
        _draw_line(axes, comparison, style)
        _name_sides(axes, base, other)
    return figure


def _limits(comparison: Comparison) -> tuple[float, float]:
    """Limits that hold the band and a strip on either side of zero."""
    low = min(0.0, 100 * float(comparison.low.min()))
    high = max(0.0, 100 * float(comparison.high.max()))
    pad = max(1.0, 0.12 * (high - low))
    return low - pad, high + pad


def _draw_line(axes: "Axes", comparison: Comparison, style: Style) -> None:
    """Zero line, band, line, and the two kinds of points."""
    ks, points = comparison.ks, 100 * comparison.difference
    other = comparison.other.label
    named(axes.axhline(0.0, color=INK, linewidth=1.0, zorder=1), "zero")
    band = axes.fill_between(
        ks, 100 * comparison.low, 100 * comparison.high, color=style.color, alpha=0.14, linewidth=0
    )
    named(band, "band", other)
    (line,) = axes.plot(ks, points, color=style.color, linestyle=style.line, zorder=3)
    named(line, "difference", other)
    settled = comparison.is_settled
    for mask, face, name in ((settled, style.color, "settled"), (~settled, PAPER, "not settled")):
        (marks,) = axes.plot(
            ks[mask],
            points[mask],
            linestyle="none",
            marker=style.marker,
            markersize=7.0,
            markerfacecolor=face,
            markeredgecolor=style.color,
            markeredgewidth=1.4,
            label=name,
            zorder=4,
        )
        named(marks, "points", name)


def _name_sides(axes: "Axes", base: str, other: str) -> None:
    """Say which side of zero is whose, in the corners that lie on that side."""
    for name, y, va in ((other, 0.985, "top"), (base, 0.02, "bottom")):
        arrow = "↑" if va == "top" else "↓"
        text = axes.text(
            0.995,
            y,
            f"{arrow} {plain(name)} ahead",
            transform=axes.transAxes,
            ha="right",
            va=va,
            fontsize=9.5,
            color=MUTED,
        )
        named(text, "side", name)
