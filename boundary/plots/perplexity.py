"""Perplexity of answers under models: one box per pair, on a log axis."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boundary.plots.base import INK, PAPER, Style, canvas, house_style, name_axes, place, plain
from boundary.plots.base import resolve as resolve_styles
from boundary.records import PerplexityCell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUP_GAP = 0.7

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
    looks = resolve_styles(styles, [cell.answers_of for cell in ordered])
    with house_style():
        figure, axes = canvas(
            f"Perplexity of answers on {suite}",
            "box: quartiles over problems · whiskers: 5th to 95th percentile · "
            "dot: mean with 95 % interval",
            size=(max(7.4, 1.6 + 1.4 * len(ordered)), 4.7),
        )
        name_axes(axes, "", "perplexity (log scale)")
        axes.set_yscale("log")
        places = _places(ordered)
        for cell, x in zip(ordered, places, strict=True):
            _draw_box(axes, cell, x, looks[cell.answers_of])
        axes.set_xticks(places, [_tick(cell) for cell in ordered], fontsize=9.5, color=INK)
        _plain_numbers(axes)
        place(axes, right=0.2, bottom=0.82)
    return figure


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


def _draw_box(axes: "Axes", cell: PerplexityCell, x: float, style: Style) -> None:
    """One box and its mean; a cell without a finite value stays empty."""
    import numpy as np

    if not np.isfinite(cell.per_problem).any():
        axes.text(x, 0.5, "no value", transform=axes.get_xaxis_transform(), ha="center")
        return
    line = {"color": style.color, "linewidth": 1.3}
    axes.bxp(
        [_statistics(cell)],
        positions=[x],
        widths=0.5,
        patch_artist=True,
        boxprops={"facecolor": (*_rgb(style.color), 0.16), "edgecolor": style.color} | {"lw": 1.3},
        medianprops=line | {"linewidth": 2.2},
        whiskerprops=line,
        capprops=line,
        flierprops={"marker": "o", "markersize": 3, "markeredgecolor": style.color, "alpha": 0.6},
        manage_ticks=False,
    )
    axes.errorbar(
        [x],
        [cell.mean],
        yerr=[[max(0.0, cell.mean - cell.low)], [max(0.0, cell.high - cell.mean)]],
        fmt="o",
        markersize=6,
        color=INK,
        markeredgecolor=PAPER,
        elinewidth=1.4,
        zorder=5,
    )


def _rgb(color: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(color)


def _plain_numbers(axes: "Axes") -> None:
    """Ticks at round numbers, the fewer the more decades there are, written plainly."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axes.get_ylim()
    is_wide = high / low > _TWO_DECADES
    within = (1.0, 3.0) if is_wide else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=within))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
