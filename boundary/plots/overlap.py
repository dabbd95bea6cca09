"""Solved problems of base and tuned model as two circles with true areas."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from boundary.plots.base import INK, MUTED, RULE, Style, canvas, house_style, named, plain, resolve
from boundary.plots.labels import fitted
from boundary.records import ExpectedOverlap, Overlap
from boundary.wording import p_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.4  # of the drawing, in its own units


@dataclass(frozen=True, slots=True)
class FourWay:
    """The four counts, whole or expected, and how to print them."""

    both: float
    base_only: float
    other_only: float
    neither: float
    is_expected: bool

    @property
    def total(self) -> float:
        """All problems."""
        return self.both + self.base_only + self.other_only + self.neither

    def text(self, value: float) -> str:
        """A count with its share of all problems."""
        share = 100 * value / self.total if self.total else 0.0
        return f"{value:.1f}" if self.is_expected else f"{value:.0f} ({share:.1f} %)"


@dataclass(frozen=True, slots=True)
class Circles:
    """Radii and centres on one horizontal line; a radius of 0 is no circle."""

    base_radius: float
    other_radius: float
    base_x: float
    other_x: float


def plot_overlap(
    overlap: Overlap | ExpectedOverlap,
    *,
    labels: tuple[str, str],
    suite: str,
    styles: Mapping[str, Style] | None = None,
) -> "Figure":
    """Draw which problems base and tuned model solve within k samples.

    The areas of both circles and of what they share stand in the ratio of the counts.

    Args:
        overlap: Lists of solved problems, or the counts expected at k < n.
        labels: The base's and the tuned model's name.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    counts = four_way(overlap)
    looks = resolve(styles, labels)
    with house_style():
        figure, axes = canvas(
            f"Problems solved within k = {overlap.k:,} on {suite}",
            _subtitle(overlap, counts, labels),
            size=(7.4, 4.2),
        )
        axes.set_position((0.03, 0.02, 0.94, 0.81))
        axes.set_axis_off()
        axes.set_xlim(-WIDTH / 2, WIDTH / 2)
        axes.set_ylim(-1.0, 1.15)
        axes.set_aspect("equal")
        circles = circles_of(counts)
        _draw_circles(axes, circles, labels, (looks[labels[0]], looks[labels[1]]))
        _draw_words(axes, counts, circles, labels, (looks[labels[0]], looks[labels[1]]))
    return figure


def four_way(overlap: Overlap | ExpectedOverlap) -> FourWay:
    """The counts of either kind of record."""
    if isinstance(overlap, ExpectedOverlap):
        return FourWay(
            overlap.both, overlap.base_only, overlap.other_only, overlap.neither, is_expected=True
        )
    lists = (overlap.both, overlap.base_only, overlap.other_only, overlap.neither)
    both, base, other, neither = (float(len(ids)) for ids in lists)
    return FourWay(both, base, other, neither, is_expected=False)


def _subtitle(overlap: Overlap | ExpectedOverlap, counts: FourWay, labels: tuple[str, str]) -> str:
    problems = f"{counts.total:,.0f} problems"
    if isinstance(overlap, ExpectedOverlap):
        return f"{problems} · expected numbers from counts alone; no test"
    names = f"{plain(labels[0])} only against {plain(labels[1])} only"
    return f"{problems} · {names}: exact McNemar test, {p_text(overlap.p_value)}"


def circles_of(counts: FourWay) -> Circles:
    """Circles with areas in the ratio of the counts, together centred on 0.

    Nested sets touch from inside at most, disjoint ones keep a gap.
    """
    base, other = counts.both + counts.base_only, counts.both + counts.other_only
    scale = 0.72 / sqrt(max(base, other, 1e-12))
    first, second = scale * sqrt(base), scale * sqrt(other)
    if counts.both <= 0:
        distance = first + second + (0.12 if first and second else 0.0)
    elif counts.base_only <= 0 or counts.other_only <= 0:
        distance = abs(first - second)
    else:
        distance = _distance(counts) * scale
    left = min(-first, distance - second)
    right = max(first, distance + second)
    shift = -(left + right) / 2
    return Circles(first, second, shift, distance + shift)


def _distance(counts: FourWay) -> float:
    """Distance of the centres of two circles that overlap, where the unit's area is pi."""
    from matplotlib_venn.layout.venn2 import DefaultLayoutAlgorithm

    laid = DefaultLayoutAlgorithm()((counts.base_only, counts.other_only, counts.both))
    unit = laid.radii[0] / sqrt(counts.both + counts.base_only)
    return float(abs(laid.centers[1].x - laid.centers[0].x) / unit)


def _draw_circles(
    axes: "Axes", circles: Circles, labels: tuple[str, str], styles: tuple[Style, Style]
) -> None:
    """Both circles, where they have an area."""
    from matplotlib.patches import Circle

    pairs = (
        (circles.base_x, circles.base_radius, labels[0], styles[0]),
        (circles.other_x, circles.other_radius, labels[1], styles[1]),
    )
    for x, radius, label, style in pairs:
        if radius > 0:
            fill = Circle((x, -0.12), radius, facecolor=style.color, alpha=0.2, linewidth=0)
            edge = Circle((x, -0.12), radius, fill=False, edgecolor=style.color, linewidth=2.0)
            edge.set_linestyle(style.line)
            axes.add_patch(named(fill, "set", label))
            axes.add_patch(named(edge, "edge", label))


def _regions(circles: Circles) -> tuple[float, float, float]:
    """An x inside base only, both, and tuned only, on the line through the centres."""
    base = (circles.base_x - circles.base_radius, circles.base_x + circles.base_radius)
    other = (circles.other_x - circles.other_radius, circles.other_x + circles.other_radius)
    left = (base[0] + min(base[1], other[0])) / 2 if base[0] < other[0] else base[1]
    right = (other[1] + max(base[1], other[0])) / 2 if other[1] > base[1] else other[0]
    middle = (max(base[0], other[0]) + min(base[1], other[1])) / 2
    return left, middle, right


def _draw_words(
    axes: "Axes",
    counts: FourWay,
    circles: Circles,
    labels: tuple[str, str],
    styles: tuple[Style, Style],
) -> None:
    """The four counts: three above with a hairline to their region, ``neither`` below."""
    base, other = (plain(label) for label in labels)
    words = (
        (-1.5, "base_only", counts.base_only, f"{base} only", styles[0].color),
        (0.0, "both", counts.both, "both", INK),
        (1.5, "other_only", counts.other_only, f"{other} only", styles[1].color),
    )
    for (x, cell, value, name, color), target in zip(words, _regions(circles), strict=True):
        number = axes.text(x, 0.98, counts.text(value), ha="center", fontsize=13)
        number.set_fontweight("bold")
        named(number, "count", cell)
        text = axes.text(x, 0.82, name, ha="center", fontsize=10, color=color, fontweight="bold")
        named(fitted(text, 2.2), "name", cell)
        if value > 0:
            axes.plot([x, target], [0.77, -0.12], color=RULE, linewidth=0.8, zorder=4)
            axes.plot([target], [-0.12], marker="o", markersize=3.2, color=INK, zorder=5)
    neither = axes.text(
        WIDTH / 2,
        -0.98,
        f"solved by neither: {counts.text(counts.neither)}",
        ha="right",
        color=MUTED,
    )
    named(neither, "count", "neither")
    if counts.both + counts.base_only + counts.other_only <= 0:
        axes.text(0, -0.12, "no problem is solved by either", ha="center", color=MUTED)
