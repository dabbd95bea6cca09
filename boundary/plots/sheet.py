"""All figures of one suite, each with its file name, title, caption and the rows it shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boundary import tables
from boundary.plots import rows
from boundary.plots.base import Style, palette
from boundary.plots.budget import plot_budget
from boundary.plots.cost import plot_cost
from boundary.plots.curve import crossing_text, plot_curve
from boundary.plots.difference import plot_difference
from boundary.plots.difficulty import plot_difficulty, rates
from boundary.plots.entropy import plot_entropy
from boundary.plots.extrapolation import plot_extrapolation
from boundary.plots.files import Drawn, write
from boundary.plots.histogram import first_looks, plot_histogram
from boundary.plots.overlap import plot_overlap
from boundary.plots.perplexity import plot_perplexity
from boundary.plots.solved import plot_solved, solved_sets
from boundary.plots.transition import plot_transition
from boundary.plots.trend import plot_trend
from boundary.published import Reference
from boundary.records import Comparison, CrossingKind, Curve, EntropyProfile, PerplexityCell
from boundary.tables import Extra

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Drawn", "Series", "Sheet", "draw", "write"]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Checkpoints of one training run in order, with their steps."""

    curves: Sequence[Curve]
    steps: Sequence[float]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What the figures of one suite are drawn from.

    ``extras`` are drawn where there is a figure for them, ``references`` laid under the curves.
    """

    suite: str
    curves: Sequence[Curve] = ()
    valid: Sequence[Curve] = ()
    comparisons: Sequence[Comparison] = ()
    perplexity: Sequence[PerplexityCell] = ()
    extras: Sequence[Extra] = ()
    series: Series | None = None
    references: Sequence[Reference] = ()
    entropies: Sequence[EntropyProfile] = ()


def draw(sheet: Sheet, styles: Mapping[str, Style] | None = None) -> Iterator[Drawn]:
    """Yield the figures of a sheet, one at a time."""
    looks = styles or palette(_labels(sheet))
    if sheet.curves:
        yield _curves(sheet, looks)
    if sheet.valid:
        yield _valid(sheet, looks)
    yield from _solved(sheet, looks)
    for comparison in sheet.comparisons:
        yield from _pair(comparison, sheet.suite, looks)
    for extra in sheet.extras:
        yield from _extra(extra, sheet, looks)
    if sheet.perplexity:
        figure = plot_perplexity(sheet.perplexity, suite=sheet.suite, styles=looks)
        problems = _range(len(cell.problem_ids) for cell in sheet.perplexity)
        caption = (
            f"One median per problem, {problems} problems; the dot and bar are the mean and its"
            " 95 % interval over problems."
        )
        frame = rows.with_whiskers(tables.perplexities(sheet.perplexity), sheet.perplexity)
        yield Drawn("perplexity", "perplexity", "Perplexity", caption, figure, frame)
    if sheet.entropies:
        figure = plot_entropy(sheet.entropies, suite=sheet.suite, styles=looks)
        problems = _range(one.tempered.problems for one in sheet.entropies)
        caption = (
            f"Means over the tokens at each stretch of positions, {problems} problems; no interval."
        )
        frame = tables.entropy_along(sheet.entropies)
        yield Drawn("entropy", "entropy", "Entropy", caption, figure, frame)


def _labels(sheet: Sheet) -> list[str]:
    """The arms, bases first: a base keeps its colour in every figure."""
    bases = [c.base.label for c in sheet.comparisons]
    others = [c.other.label for c in sheet.comparisons]
    series = [c.label for c in sheet.series.curves] if sheet.series else []
    under = [c.under for c in sheet.perplexity]
    arms = [one.arm for one in sheet.entropies]
    return [*bases, *(c.label for c in sheet.curves), *others, *series, *under, *arms]


def _curves(sheet: Sheet, looks: Mapping[str, Style]) -> Drawn:
    crosses = (c for c in sheet.comparisons if c.crossing.kind is CrossingKind.CROSSES)
    crossed = next(crosses, None)
    figure = plot_curve(
        sheet.curves,
        suite=sheet.suite,
        styles=looks,
        crossing=crossed.crossing if crossed else None,
        references=sheet.references,
    )
    caption = _of(sheet.curves)
    if crossed:
        last = max(int(curve.ks[-1]) for curve in sheet.curves)
        caption += (
            f" The hairline is where {crossed.base.label} overtakes {crossed.other.label},"
            f" {crossing_text(crossed.crossing, last)}; the shade is its 95 % interval."
        )
    if sheet.references:
        sources = dict.fromkeys(f"{one.label}: {one.about}" for one in sheet.references)
        caption += f" Published, not measured here: {'; '.join(sources)}."
    frame = rows.with_references(tables.curves(sheet.curves), sheet.references)
    return Drawn("curve", "passk", f"pass@k on {sheet.suite}", caption, figure, frame)


def _of(curves: Sequence[Curve]) -> str:
    """Problems, samples and interval, for a caption."""
    return f"{_sizes(curves)}. Bands are 95 % intervals over problems."


def _sizes(curves: Sequence[Curve]) -> str:
    """How many problems, and how many samples of each."""
    problems = _range(len(curve.problem_ids) for curve in curves)
    sizes = sorted({(curve.n, curve.design is not None) for curve in curves})
    told = " or ".join(f"{'at most ' * stops_early}{n:,}" for n, stops_early in sizes)
    return f"{problems} problems, n = {told} samples each"


def _range(sizes: Iterator[int]) -> str:
    """One number, or the least and the most."""
    found = sorted(set(sizes))
    return " to ".join(
        f"{size:,}" for size in (found if len(found) < 2 else found[:: len(found) - 1])
    )


def _valid(sheet: Sheet, looks: Mapping[str, Style]) -> Drawn:
    figure = plot_curve(sheet.curves, suite=sheet.suite, styles=looks, valid=sheet.valid)
    caption = f"Dashed: answers whose written derivation holds as well. {_of(sheet.curves)}"
    frame = rows.with_valid(tables.curves(sheet.curves), tables.curves(sheet.valid))
    title = "Answers with a valid derivation"
    return Drawn("curve", "passk-valid", title, caption, figure, frame)


def _solved(sheet: Sheet, looks: Mapping[str, Style]) -> Iterator[Drawn]:
    """Who solves what, of three or more arms together."""
    sets = solved_sets(sheet.comparisons)
    if sets is None:
        return
    figure = plot_solved(sets, suite=sheet.suite, styles=looks)
    caption = (
        f"{len(sets.members):,} problems by the arms that solve them;"
        f" solved is one right answer in {sets.k:,}. Numbers of these problems, no interval."
    )
    title = "Solved problems of all arms"
    yield Drawn("solved", "solved-sets", title, caption, figure, rows.of_sets(sets))


def _pair(one: Comparison, suite: str, looks: Mapping[str, Style]) -> Iterator[Drawn]:
    labels = (one.base.label, one.other.label)
    pair = f"{labels[1]}-{labels[0]}"
    versus = f"{labels[1]} against {labels[0]}"
    sizes = _sizes((one.base, one.other))
    settled = (
        f"{sizes}. Band: 95 % interval over problems. Filled points are settled: the interval"
        " leaves out 0 and the paired test has p < .05."
    )
    figure = plot_difference(one, suite=suite, styles=looks)
    frame = tables.differences([one])
    name = f"difference-{pair}"
    yield Drawn("difference", name, f"Difference, {versus}", settled, figure, frame)
    figure = plot_overlap(one.overlap, labels=labels, suite=suite, styles=looks)
    caption = (
        f"{sizes}. A problem counts as solved with one right answer in {one.overlap.k:,}."
        " Areas stand in the ratio of the counts; no interval."
    )
    title = f"Solved problems, {versus}"
    yield Drawn("overlap", f"overlap-{pair}", title, caption, figure, rows.of_overlap(one))
    figure = plot_histogram(one, suite=suite, styles=looks)
    share = f"{sizes}{first_looks(one)}. How many problems are answered right how often;"
    caption = f"{share} no interval."
    frame = tables.histograms([one])
    yield Drawn("histogram", f"histogram-{pair}", f"Accuracy, {versus}", caption, figure, frame)
    if one.transition is not None:
        figure = plot_transition(one, suite=suite)
        caption = f"{share} columns for {labels[0]}, rows for {labels[1]}, no interval."
        frame = tables.transitions([one])
        title = f"Accuracy from {labels[0]} to {labels[1]}"
        yield Drawn("transition", f"transition-{pair}", title, caption, figure, frame)
    if (found := rates(one)) is not None:
        figure = plot_difficulty(one, suite=suite, styles=looks)
        caption = f"{sizes}. One mark per pair of rates; no interval."
        frame = rows.of_rates(one, found)
        title = f"Difficulty, {versus}"
        yield Drawn("difficulty", f"difficulty-{pair}", title, caption, figure, frame)


def _extra(extra: Extra, sheet: Sheet, looks: Mapping[str, Style]) -> Iterator[Drawn]:
    """The figure of a table besides the usual ones, where there is one and it has rows."""
    frame, suite = extra.frame, sheet.suite
    if frame.empty:
        return
    if extra.name == "budgets":
        figure = plot_budget(frame, suite=suite, styles=looks)
        caption = _measured(frame, sheet, "The same answers cut at fewer tokens")
        yield Drawn("budget", "budgets", "pass@k at smaller budgets", caption, figure, frame)
    elif extra.name == "cost":
        figure = plot_cost(frame, suite=suite, styles=looks)
        caption = _measured(frame, sheet, "Tokens are k times the mean length of an answer")
        yield Drawn("cost", "cost", "pass@k against tokens", caption, figure, frame)
    elif extra.name == "extrapolation" and sheet.curves:
        figure = plot_extrapolation(frame, sheet.curves, suite=suite, styles=looks)
        caption = f"Fitted beyond the rule, not measured there. {_of(sheet.curves)}"
        yield Drawn("extrapolation", extra.name, "Beyond the measured k", caption, figure, frame)
    elif extra.name == "trend" and sheet.series is not None:
        curves, steps = sheet.series.curves, sheet.series.steps
        figure = plot_trend(frame, curves, steps, suite=suite, styles=looks)
        caption = f"{_sizes(curves)}. Bars are 95 % intervals over problems."
        points = rows.of_series(frame, curves, steps)
        yield Drawn("trend", "series", "pass@k over training", caption, figure, points)


def _measured(frame: "pd.DataFrame", sheet: Sheet, words: str) -> str:
    curves = [one for one in sheet.curves if one.label in set(frame["arm"])]
    told = f" {_sizes(curves)}." if curves else ""
    return f"{words}.{told} Bands are 95 % intervals over problems."
