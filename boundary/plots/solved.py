"""Solved problems of three or more models: circles with true areas, or bars over a matrix."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from boundary.plots.base import (
    INK,
    MUTED,
    RULE,
    Style,
    canvas,
    header,
    house_style,
    named,
    plain,
    resolve,
    whole_ticks,
)
from boundary.plots.labels import fitted
from boundary.records import Comparison, Overlap

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from boundary.records import FloatArray

FEWEST = 3
LARGEST = 12
"""Combinations that a plot shows; the smallest beyond are summed."""
HONEST = 0.03
"""Share of all solved problems by which a region of the circles may be off."""
_GRID = 400
_COMBINATIONS = tuple(product((False, True), repeat=FEWEST))


@dataclass(frozen=True, slots=True)
class SolvedSets:
    """Which models solve each problem within k: ``members`` by problem, in the models' order."""

    k: int
    labels: tuple[str, ...]
    members: Mapping[str, tuple[bool, ...]]

    @property
    def counts(self) -> dict[tuple[bool, ...], int]:
        """Problems of each combination of models that occurs, most frequent first."""
        found: dict[tuple[bool, ...], int] = {}
        for member in self.members.values():
            found[member] = found.get(member, 0) + 1
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def name(self, combination: Sequence[bool]) -> str:
        """The combination in words."""
        inside = [label for label, is_in in zip(self.labels, combination, strict=True) if is_in]
        return " + ".join(inside) or "none"


def solved_sets(comparisons: Sequence[Comparison]) -> SolvedSets | None:
    """What each model of some comparisons solves, where the problems are known and the same.

    Returns:
        ``None`` for fewer than three models, and where one of the tables is only expected, or
        has another k or other problems.
    """
    solved: dict[str, set[str]] = {}
    found: dict[int, set[str]] = {}
    for one in comparisons:
        split = one.overlap
        if not isinstance(split, Overlap):
            return None
        solved.setdefault(one.base.label, {*split.both, *split.base_only})
        solved.setdefault(one.other.label, {*split.both, *split.other_only})
        every = {*split.both, *split.base_only, *split.other_only, *split.neither}
        if found.setdefault(split.k, every) != every:
            return None
    if len(solved) < FEWEST or len(found) != 1:
        return None
    ((k, problems),) = found.items()
    members = {
        problem: tuple(problem in inside for inside in solved.values())
        for problem in sorted(problems)
    }
    return SolvedSets(k, tuple(solved), members)


def plot_solved(
    sets: SolvedSets, *, suite: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw which of three or more models solve which problems within k samples.

    Three models are three circles, whose areas and overlaps stand in the ratio of the counts,
    where circles can show these to within 3 % of all solved problems; else, and for more models,
    each combination is a bar over a matrix of dots (an UpSet plot: Lex et al. 2014,
    doi:10.1109/TVCG.2014.2346248).

    Args:
        sets: Models and what they solve.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    looks = resolve(styles, sets.labels)
    title = f"Problems solved within k = {sets.k:,} on {suite}"
    subtitle = (
        f"{len(sets.members):,} problems by which of the {len(sets.labels)} models solve them"
    )
    laid = _circles(sets) if len(sets.labels) == FEWEST else None
    with house_style():
        if laid is None:
            return _upset(sets, looks, title, subtitle)
        figure, axes = canvas(
            title, f"{subtitle} · areas in the ratio of the counts, to within {HONEST:.0%}"
        )
        _draw_circles(axes, sets, laid, looks)
    return figure


Laid = tuple[tuple[float, float, float], ...]
"""Centre and radius of each circle, the union's area about 1."""


def _circles(sets: SolvedSets) -> Laid | None:
    """Three circles with true areas; ``None`` where there are no such circles."""
    from matplotlib_venn.layout.venn3 import DefaultLayoutAlgorithm

    order = [tuple(bool(i >> j & 1) for j in range(3)) for i in range(1, 8)]
    sizes = [sets.counts.get(one, 0) for one in order]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # its word for sets that no three circles can show
        try:
            laid = DefaultLayoutAlgorithm()(sizes)
        except (UserWarning, RuntimeWarning, ValueError):
            return None
    circles = tuple(
        (float(at.x), float(at.y), float(radius))
        for at, radius in zip(laid.centers, laid.radii, strict=True)
    )
    drawn = _areas(circles)
    if drawn is None:
        return None
    total = sum(sizes)
    off = max(abs(drawn.get(one, 0.0) - n / total) for one, n in zip(order, sizes, strict=True))
    return circles if off <= HONEST else None


def _areas(circles: Laid) -> dict[tuple[bool, ...], float] | None:
    """Share of the union that each region has, on a fine grid."""
    import numpy as np

    if not all(np.isfinite(circle).all() for circle in map(np.array, circles)):
        return None
    _, _, inside = _raster(circles)
    total = inside.any(axis=0).sum()
    return {one: float(_where(inside, one).sum() / total) for one in _COMBINATIONS}


def _where(inside: "NDArray[np.bool_]", one: Sequence[bool]) -> "NDArray[np.bool_]":
    """The points that lie in exactly these circles."""
    import numpy as np

    return np.asarray((inside == np.array(one)[:, None, None]).all(axis=0))


def _raster(circles: Laid) -> "tuple[FloatArray, FloatArray, NDArray[np.bool_]]":
    """A grid over the circles, and for each circle which of its points lie inside."""
    import numpy as np

    left, right = (min(x - r for x, _, r in circles), max(x + r for x, _, r in circles))
    low, high = (min(y - r for _, y, r in circles), max(y + r for _, y, r in circles))
    x, y = np.meshgrid(np.linspace(left, right, _GRID), np.linspace(low, high, _GRID))
    inside = np.array([(x - cx) ** 2 + (y - cy) ** 2 < r**2 for cx, cy, r in circles])
    return x, y, inside


def _draw_circles(
    axes: "Axes", sets: SolvedSets, circles: Laid, looks: Mapping[str, Style]
) -> None:
    """Circles on the left, every combination with its count and a hairline on the right."""
    from matplotlib.patches import Circle

    figure = axes.figure
    height = float(figure.get_size_inches()[1])  # type: ignore[union-attr]
    axes.set_position((0.03, 0.03, 0.94, 1 - (header(figure) - 0.2) / height))  # type: ignore[arg-type]
    axes.set_axis_off()
    axes.set_aspect("equal")
    scale = 2.0 / max(
        max(y + r for _, y, r in circles) - min(y - r for _, y, r in circles),
        0.7 * (max(x + r for x, _, r in circles) - min(x - r for x, _, r in circles)),
    )
    middle_x = (max(x + r for x, _, r in circles) + min(x - r for x, _, r in circles)) / 2
    middle_y = (max(y + r for _, y, r in circles) + min(y - r for _, y, r in circles)) / 2
    placed = tuple(
        ((x - middle_x) * scale, (y - middle_y) * scale, r * scale) for x, y, r in circles
    )
    for label, (x, y, radius) in zip(sets.labels, placed, strict=True):
        look = looks[label]
        fill = Circle((x, y), radius, facecolor=look.color, alpha=0.16, linewidth=0)
        edge = Circle((x, y), radius, fill=False, edgecolor=look.color, linewidth=2.0)
        edge.set_linestyle(look.line)
        axes.add_patch(named(fill, "set", label))
        axes.add_patch(named(edge, "edge", label))
    axes.set_xlim(-1.55, 3.2)
    axes.set_ylim(-1.08, 1.08)
    _list_combinations(axes, sets, placed, looks)


def _list_combinations(
    axes: "Axes", sets: SolvedSets, circles: Laid, looks: Mapping[str, Style]
) -> None:
    """One line per combination; each but the last has a hairline to its region."""
    spots = _spots(circles)
    shown = [one for one in sets.counts if any(one)]
    shown.sort(key=lambda one: -spots[one][1])
    rows = [*shown, (False,) * len(sets.labels)]
    step = min(0.22, 1.5 / len(rows))
    for index, one in enumerate(rows):
        y = step * ((len(rows) - 1) / 2 - index) - 0.25
        count = sets.counts.get(one, 0)
        if any(one):
            x0, y0 = spots[one]
            axes.plot([x0, 1.5, 1.58], [y0, y, y], color=MUTED, linewidth=0.6, zorder=4)
            axes.plot([x0], [y0], marker="o", markersize=3.0, color=INK, zorder=5)
        for place, (label, is_in) in enumerate(zip(sets.labels, one, strict=True)):
            _dot(axes, (1.68 + 0.13 * place, y), looks[label], is_in=is_in)
        share = 100 * count / len(sets.members)
        words = f"{count:,} ({share:.1f} %)  {_short(sets, one)}"
        text = axes.text(2.06, y, words, va="center", fontsize=9.5)
        named(fitted(text, 1.75), "count", sets.name(one))
    _name_circles(axes, sets, looks, step * (len(rows) - 1) / 2 - 0.1)


def _name_circles(axes: "Axes", sets: SolvedSets, looks: Mapping[str, Style], top: float) -> None:
    """The models with all that each solves, over the list."""
    for place, label in enumerate(sets.labels):
        y = top + 0.17 * (len(sets.labels) - place)
        total = sum(member[place] for member in sets.members.values())
        _dot(axes, (1.68 + 0.13 * place, y), looks[label], is_in=True)
        text = axes.text(2.06, y, f"{plain(label)}  {total:,}", va="center", fontsize=9.5)
        text.set(color=looks[label].color, fontweight="bold")
        named(fitted(text, 1.75), "name", label)


def _short(sets: SolvedSets, combination: Sequence[bool]) -> str:
    if all(combination):
        return "all"
    if not any(combination):
        return "none"
    only = " only" if sum(combination) == 1 else ""
    return plain(sets.name(combination)) + only


def _spots(circles: Laid) -> dict[tuple[bool, ...], tuple[float, float]]:
    """A point well inside each region: the one farthest from all edges."""
    import numpy as np

    x, y, inside = _raster(circles)
    apart = np.min([np.abs(np.hypot(x - cx, y - cy) - r) for cx, cy, r in circles], axis=0)
    spots = {}
    for combination in _COMBINATIONS:
        mask = _where(inside, combination)
        if any(combination):
            best = int(np.argmax(np.where(mask, apart, -1.0)))
            spots[combination] = (float(x.flat[best]), float(y.flat[best]))
    return spots


def _dot(axes: "Axes", at: tuple[float, float], look: Style, *, is_in: bool) -> None:
    """A model's mark, pale where it is no member."""
    axes.plot(
        [at[0]],
        [at[1]],
        marker=look.marker if is_in else ".",
        markersize=6.0 if is_in else 3.0,
        color=look.color if is_in else RULE,
        linestyle="none",
        clip_on=False,
        zorder=6 if is_in else 1,
    )


def _upset(sets: SolvedSets, looks: Mapping[str, Style], title: str, subtitle: str) -> "Figure":
    """Bars of the combinations over a matrix of who is in them, totals at the left."""
    shown = [one for one in sets.counts if any(one)][:LARGEST]
    rest = [one for one in sets.counts if any(one) and one not in shown]
    none = sets.counts.get((False,) * len(sets.labels), 0)
    parts = [subtitle, f"solved by none: {none:,}"]
    if rest:
        held = sum(sets.counts[one] for one in rest)
        parts.append(f"{len(rest)} smaller combinations hold {held:,}")
    figure, axes = canvas(
        title,
        " · ".join(parts),
        size=(max(7.4, 3.4 + 0.45 * len(shown)), 3.6 + 0.27 * len(sets.labels)),
    )
    width, height = figure.get_size_inches()
    matrix_high = 0.27 * len(sets.labels)
    names = 0.3 + 0.085 * min(24, max(len(label) for label in sets.labels))
    left = (names + 1.35) / width
    axes.set_position(
        (left, (matrix_high + 0.35) / height, 1 - left - 0.15 / width,
         1 - (matrix_high + 0.35 + header(figure)) / height)
    )  # fmt: skip
    _draw_bars(axes, sets, shown)
    matrix = figure.add_axes((left, 0.2 / height, 1 - left - 0.15 / width, matrix_high / height))
    _draw_matrix(matrix, sets, shown, looks)
    totals = figure.add_axes((0.15 / width, 0.2 / height, 1.1 / width, matrix_high / height))
    _draw_totals(totals, sets, looks)
    return figure


def _draw_bars(axes: "Axes", sets: SolvedSets, shown: Sequence[tuple[bool, ...]]) -> None:
    counts = [sets.counts[one] for one in shown]
    bars = axes.bar(range(len(shown)), counts, 0.62, color=INK)
    numbers = axes.bar_label(bars, [f"{count:,}" for count in counts], fontsize=9, padding=2)
    for one, bar, number in zip(shown, bars, numbers, strict=True):
        named(bar, "bar", sets.name(one))
        named(number, "count", sets.name(one))
    axes.set_ylabel("problems", fontsize=9.5, rotation=0, ha="left", va="bottom")
    axes.yaxis.set_label_coords(0.0, 1.03)
    axes.grid(visible=True, axis="y")
    axes.set_xlim(-0.6, max(0.6, len(shown) - 0.4))
    axes.margins(y=0.12)
    whole_ticks(axes)
    axes.set_xticks([])


def _draw_matrix(
    axes: "Axes",
    sets: SolvedSets,
    shown: Sequence[tuple[bool, ...]],
    looks: Mapping[str, Style],
) -> None:
    """A row per model, a column per combination, its members joined by a line."""
    axes.set_xlim(-0.6, max(0.6, len(shown) - 0.4))
    axes.set_ylim(len(sets.labels) - 0.5, -0.5)
    axes.set_axis_off()
    for column, one in enumerate(shown):
        inside = [row for row, is_in in enumerate(one) if is_in]
        axes.plot([column] * 2, [inside[0], inside[-1]], color=MUTED, linewidth=1.2, zorder=2)
        for row, label in enumerate(sets.labels):
            _dot(axes, (column, row), looks[label], is_in=one[row])
    for row, label in enumerate(sets.labels):
        text = axes.text(
            -0.02, row, plain(label), color=looks[label].color, fontweight="bold",
            ha="right", va="center", fontsize=9.5, transform=axes.get_yaxis_transform(),
        )  # fmt: skip
        named(text, "name", label)


def _draw_totals(axes: "Axes", sets: SolvedSets, looks: Mapping[str, Style]) -> None:
    """How many problems each model solves, bars growing to the left."""
    totals = [sum(member[i] for member in sets.members.values()) for i in range(len(sets.labels))]
    axes.set_axis_off()
    axes.set_ylim(len(sets.labels) - 0.5, -0.5)
    axes.set_xlim(1.75 * max(1, *totals), 0)
    for row, (label, total) in enumerate(zip(sets.labels, totals, strict=True)):
        look = looks[label]
        (bar,) = axes.barh(row, total, 0.5, color=look.color)
        named(bar, "total", label)
        text = axes.text(
            total, row, f"{total:,} ", ha="right", va="center", fontsize=9, color=look.color
        )
        named(text, "total-count", label)
