"""Perplexity of answers under models: one box per pair, on a log axis."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boundary.plots.base import (
    INK,
    PAPER,
    Style,
    canvas,
    house_style,
    name_axes,
    named,
    place,
    plain,
)
from boundary.plots.base import resolve as resolve_styles
from boundary.plots.labels import widen
from boundary.records import PerplexityCell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

GROUP_GAP = 0.7
UPRIGHT = 5
"""Boxes that stand beside each other; more lie below each other, each named in one line."""
WIDTH = 6.5
"""Inches that the names under boxes may take together."""
ROW = 0.34
"""Inches of a box that lies."""

_TWO_DECADES = 100.0


def plot_perplexity(
    cells: Sequence[PerplexityCell], *, suite: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw box plots of the per-problem perplexities, grouped by whose answers they are.

    The box holds the quartiles of the record, the whiskers the 5th to 95th percentile, rings
    what lies outside; the dot with its bar is the mean and its 95 % interval.

    Args:
        cells: One per pair of answers and model (and subset).
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    ordered = _grouped(cells)
    lies = len(ordered) > UPRIGHT or _widest(ordered) * len(ordered) > WIDTH
    looks = resolve_styles(styles, [cell.answers_of for cell in ordered])
    with house_style():
        figure, axes = canvas(
            f"Perplexity of answers on {suite}",
            "box: quartiles over problems · whiskers: 5th to 95th percentile · "
            "dot: mean with 95 % interval",
            size=(max(7.4, 1.6 + 1.4 * len(ordered)), 4.7)
            if not lies
            else (7.4, 1.7 + ROW * (_places(ordered)[-1] + 1)),
        )
        places = _places(ordered)
        for cell, at in zip(ordered, places, strict=True):
            _draw_box(axes, cell, at, looks[cell.answers_of], lies=lies)
        if lies:
            _name_rows(axes, ordered, places)
        else:
            name_axes(axes, "", "perplexity (log scale)")
            axes.set_yscale("log")
            axes.set_xticks(places, [_tick(cell) for cell in ordered], fontsize=9.5, color=INK)
            _plain_numbers(axes.yaxis)
            place(axes, right=0.2, bottom=0.82)
    return figure


def _widest(cells: Sequence[PerplexityCell]) -> float:
    """About how many inches the longest name under a box takes."""
    lines = [line for cell in cells for line in _tick(cell).split("\n")]
    return 0.078 * max(map(len, lines), default=0)


def _name_rows(axes: "Axes", cells: Sequence[PerplexityCell], places: Sequence[float]) -> None:
    """Names at the left of boxes that lie, the first on top."""
    axes.set_xscale("log")
    axes.set_xlabel("perplexity (log scale)", fontsize=9.5, labelpad=6)
    axes.grid(visible=True, axis="x")
    axes.set_ylim(places[-1] + 0.6, places[0] - 0.6)
    names = [_tick(cell).replace("\n", " ") for cell in cells]
    axes.set_yticks(places, names, fontsize=9, color=INK)
    _plain_numbers(axes.xaxis)
    widths = [label.get_window_extent().width for label in axes.get_yticklabels()]
    figure = axes.figure
    left = 0.3 + max(widths) / figure.dpi
    widen(figure, left)  # type: ignore[arg-type]
    place(axes, right=0.2, left=left)


def _grouped(cells: Sequence[PerplexityCell]) -> list[PerplexityCell]:
    """Cells with the same answers beside each other, in order of first appearance."""
    names = list(dict.fromkeys(cell.answers_of for cell in cells))
    return sorted(cells, key=lambda cell: names.index(cell.answers_of))


def _places(cells: Sequence[PerplexityCell]) -> list[float]:
    """Positions one apart, with a wider gap where the answers change."""
    places: list[float] = []
    for index, cell in enumerate(cells):
        is_new = index > 0 and cells[index - 1].answers_of != cell.answers_of
        places.append((places[-1] + 1.0 if places else 0.0) + GROUP_GAP * is_new)
    return places


def _tick(cell: PerplexityCell) -> str:
    """Words under one box."""
    subset = "" if cell.subset == "all" else f"\n{plain(cell.subset)}"
    return f"answers of {plain(cell.answers_of)}\nunder {plain(cell.under)}{subset}"


def _statistics(cell: PerplexityCell) -> dict[str, Any]:
    """What matplotlib's box needs; the quartiles are the record's own."""
    import numpy as np

    values = cell.per_problem[np.isfinite(cell.per_problem)]
    first, median, third = cell.quartiles
    low, high = np.percentile(values, [5, 95])
    outside = values[(values < low) | (values > high)]
    return {
        "q1": first,
        "med": median,
        "q3": third,
        "whislo": min(low, first),
        "whishi": max(high, third),
        "fliers": outside,
    }


def _draw_box(axes: "Axes", cell: PerplexityCell, at: float, style: Style, *, lies: bool) -> None:
    """One box and its mean; a cell without a finite value stays empty."""
    import numpy as np

    if not np.isfinite(cell.per_problem).any():
        across = axes.get_yaxis_transform() if lies else axes.get_xaxis_transform()
        x, y = (0.5, at) if lies else (at, 0.5)
        axes.text(x, y, "no value", transform=across, ha="center", va="center")
        return
    line = {"color": style.color, "linewidth": 1.3}
    of = (cell.answers_of, cell.under, cell.subset)
    drawn = axes.bxp(
        [_statistics(cell)],
        positions=[at],
        widths=0.5,
        patch_artist=True,
        boxprops={"facecolor": (*_rgb(style.color), 0.16), "edgecolor": style.color} | {"lw": 1.3},
        medianprops=line | {"linewidth": 2.2},
        whiskerprops=line,
        capprops=line,
        flierprops={"marker": "o", "markersize": 3, "markeredgecolor": style.color, "alpha": 0.6},
        manage_ticks=False,
        orientation="horizontal" if lies else "vertical",
    )
    named(drawn["boxes"][0], "box", *of)
    named(drawn["medians"][0], "median", *of)
    for index, whisker in enumerate(drawn["whiskers"]):
        named(whisker, "whisker", *of, index)
    spread = [[max(0.0, cell.mean - cell.low)], [max(0.0, cell.high - cell.mean)]]
    bars = axes.errorbar(
        [cell.mean] if lies else [at],
        [at] if lies else [cell.mean],
        xerr=spread if lies else None,
        yerr=None if lies else spread,
        fmt="o",
        markersize=6,
        color=INK,
        markeredgecolor=PAPER,
        elinewidth=1.4,
        zorder=5,
    )
    named(bars.lines[0], "mean", *of)
    named(bars.lines[2][0], "interval", *of)


def _rgb(color: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(color)


def _plain_numbers(axis: "Axis") -> None:
    """Ticks at round numbers, the fewer the more decades there are, written plainly."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axis.get_view_interval()
    is_wide = high / low > _TWO_DECADES
    within = (1.0, 3.0) if is_wide else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    axis.set_major_locator(LogLocator(base=10, subs=within))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
