"""All figures of one suite, each with its file name, title and caption."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boundary.plots.base import Style, palette, save
from boundary.plots.curve import plot_curve
from boundary.plots.difference import plot_difference
from boundary.plots.histogram import plot_histogram
from boundary.plots.overlap import plot_overlap
from boundary.plots.perplexity import plot_perplexity
from boundary.records import Comparison, CrossingKind, Curve, PerplexityCell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAND = "Bands are 95 % intervals over problems."


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What the figures of one suite are drawn from."""

    suite: str
    curves: Sequence[Curve] = ()
    valid: Sequence[Curve] = ()
    comparisons: Sequence[Comparison] = ()
    perplexity: Sequence[PerplexityCell] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A figure; ``kind`` is its name in ``PLOTS``, ``name`` a file's, without its ending."""

    kind: str
    name: str
    title: str
    caption: str
    figure: "Figure"


def draw(sheet: Sheet, styles: Mapping[str, Style] | None = None) -> Iterator[Drawn]:
    """Yield the figures of a sheet, one at a time."""
    looks = styles or palette(_labels(sheet))
    if sheet.curves:
        yield _curves(sheet, looks)
    if sheet.valid:
        yield _valid(sheet, looks)
    for comparison in sheet.comparisons:
        yield from _pair(comparison, sheet.suite, looks)
    if sheet.perplexity:
        figure = plot_perplexity(sheet.perplexity, suite=sheet.suite, styles=looks)
        caption = "One median per problem; the dot and bar are the mean and its 95 % interval."
        yield Drawn("perplexity", "perplexity", "Perplexity", caption, figure)


def _labels(sheet: Sheet) -> list[str]:
    """The arms, bases first: a base keeps its colour in every figure."""
    bases = [c.base.label for c in sheet.comparisons]
    others = [c.other.label for c in sheet.comparisons]
    return [*bases, *(c.label for c in sheet.curves), *others, *(c.under for c in sheet.perplexity)]


def _curves(sheet: Sheet, looks: Mapping[str, Style]) -> Drawn:
    crossing = next(
        (c.crossing for c in sheet.comparisons if c.crossing.kind is CrossingKind.CROSSES), None
    )
    figure = plot_curve(sheet.curves, suite=sheet.suite, styles=looks, crossing=crossing)
    return Drawn("curve", "passk", f"pass@k on {sheet.suite}", _BAND, figure)


def _valid(sheet: Sheet, looks: Mapping[str, Style]) -> Drawn:
    figure = plot_curve(sheet.curves, suite=sheet.suite, styles=looks, valid=sheet.valid)
    caption = f"Dashed: answers whose written derivation holds as well. {_BAND}"
    return Drawn("curve", "passk-valid", "Answers with a valid derivation", caption, figure)


def _pair(one: Comparison, suite: str, looks: Mapping[str, Style]) -> Iterator[Drawn]:
    labels = (one.base.label, one.other.label)
    pair = f"{labels[1]}-{labels[0]}"
    versus = f"{labels[1]} against {labels[0]}"
    difference = plot_difference(one, suite=suite, styles=looks)
    settled = (
        "Filled points are settled: the interval leaves out 0 and the paired test has p < .05."
    )
    yield Drawn("difference", f"difference-{pair}", f"Difference, {versus}", settled, difference)
    overlap = plot_overlap(one.overlap, labels=labels, suite=suite, styles=looks)
    caption = f"A problem counts as solved with one right answer in {one.overlap.k}."
    yield Drawn("overlap", f"overlap-{pair}", f"Solved problems, {versus}", caption, overlap)
    histogram = plot_histogram(one, suite=suite, styles=looks)
    caption = "How many problems are answered right how often."
    yield Drawn("histogram", f"histogram-{pair}", f"Accuracy, {versus}", caption, histogram)


def write(drawn: Drawn, folder: Path) -> list[Path]:
    """Save a figure as SVG and PNG under its own name."""
    safe = "".join(c if c.isalnum() or c in "-._" else "-" for c in drawn.name)
    return save(drawn.figure, folder / safe)
