"""From records to what the template and the explorer print."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from boundary.page.model import Cell, FigureSpec, ProblemView, SuiteSection
from boundary.page.pack import Packed, pack
from boundary.page.svg import inline
from boundary.page.text import interval, number, percent, short_k, visible
from boundary.records import Comparison, Crossing, CrossingKind, Curve, ExpectedOverlap, Overlap

if TYPE_CHECKING:
    from boundary.records import IntArray

OF_CURVES = ("curve", "extrapolation", "budget", "cost", "trend")
OF_GAPS = ("difference",)
OF_SETS = ("solved", "overlap")
OF_RATES = ("histogram", "difficulty")
"""Kinds of figures by the table that they stand beside."""
_SEARCHED = 1_000
"""Characters of a prompt or a gold answer that the text filter looks through."""
CLASSES = ("both", "base_only", "other_only", "neither")
NOT_CROSSING = {
    CrossingKind.NO_CROSSING: "The curves do not cross within n.",
    CrossingKind.BASE_AHEAD: "The curves do not cross: the base is ahead throughout.",
    CrossingKind.TIE: "The curves meet at n without crossing: a tie.",
}


def grid(curves: Sequence[Curve]) -> list[int]:
    """Every k of some curves, rising."""
    return sorted({int(k) for curve in curves for k in curve.ks})


def curve_cell(curve: Curve, k: int) -> tuple[str, str, str] | None:
    """Mean, interval and bounds at k; no bounds is an empty text, no such k is ``None``."""
    at = [index for index, value in enumerate(curve.ks) if int(value) == k]
    if not at:
        return None
    index = at[0]
    bounds = ""
    if curve.bound_low is not None and curve.bound_high is not None:
        bounds = f"{percent(curve.bound_low[index])} to {percent(curve.bound_high[index])}"
    return percent(curve.mean[index]), interval(curve.low[index], curve.high[index]), bounds


def methods_note(ks: "Sequence[int] | IntArray", methods: Sequence[str]) -> str:
    """Which interval stands at which k, in words."""
    spans: dict[str, list[int]] = {}
    for k, method in zip(ks, methods, strict=True):
        spans.setdefault(method, []).append(int(k))
    return "; ".join(f"{method} at k = {_span(at)}" for method, at in spans.items())


def curves_note(curves: Sequence[Curve]) -> str:
    """Which interval stands at which k, said once where all curves agree."""
    notes = {curve.label: methods_note(curve.ks, curve.method) for curve in curves}
    if len(set(notes.values())) == 1:
        return next(iter(notes.values()))
    return "; ".join(f"{label}: {note}" for label, note in notes.items())


def _span(ks: Sequence[int]) -> str:
    return f"{ks[0]:,}" if len(ks) == 1 else f"{ks[0]:,} to {ks[-1]:,}"


def crossing_words(crossing: Crossing, n: int) -> str:
    """Where the curves cross, or how they lie if they do not."""
    if crossing.k is None:
        return NOT_CROSSING.get(crossing.kind, crossing.kind.value)
    bounds = (crossing.low, crossing.high)
    low, high = (f"> {n:,}" if bound is None else short_k(bound) for bound in bounds)
    without = percent(crossing.share_without)
    where = f"The curves cross at k = {short_k(crossing.k)} [{low}, {high}]"
    return f"{where}; {without} % of resamples do not cross."


def four_way(overlap: Overlap | ExpectedOverlap) -> dict[str, float]:
    """Counts by class."""
    values = {name: getattr(overlap, name) for name in CLASSES}
    return {name: v if isinstance(v, float) else len(v) for name, v in values.items()}


def is_listed(overlap: Overlap | ExpectedOverlap) -> bool:
    """Whether the problems behind the counts are known."""
    return isinstance(overlap, Overlap)


def figures_of(section: SuiteSection, kinds: Sequence[str]) -> list[tuple[int, FigureSpec]]:
    """The section's figures of some kinds, with their place among all of its figures."""
    return [(i, figure) for i, figure in enumerate(section.figures) if figure.kind in kinds]


def other_figures(section: SuiteSection) -> list[tuple[int, FigureSpec]]:
    """The section's figures that stand beside no table."""
    placed = {kind for part in section.more for kind in part.kinds}
    if section.curves:
        placed.update(OF_CURVES)
    if section.comparisons:
        placed.update((*OF_GAPS, *OF_SETS, *OF_RATES))
    return [(i, figure) for i, figure in enumerate(section.figures) if figure.kind not in placed]


def cell(value: Cell) -> str:
    """One cell of a section's table as it is printed."""
    if isinstance(value, str):
        return value
    return number(value, 0 if isinstance(value, int) else 2)


def inline_figure(figure: FigureSpec, prefix: str) -> str:
    """The figure's ``<svg>``, named by title and caption."""
    return inline(figure.svg, prefix, visible(f"{figure.title}. {figure.caption}"))


def arms_of(section: SuiteSection) -> list[str]:
    """The arms that the explorer knows, in the order of the curves."""
    named = [curve.label for curve in section.curves]
    named += [arm for c in section.comparisons for arm in (c.base.label, c.other.label)]
    named += [arm for problem in section.problems for arm in problem.rates]
    named += [answer.arm for problem in section.problems for answer in problem.answers]
    return list(dict.fromkeys(named))


def explorer(
    section: SuiteSection, colors: Sequence[tuple[str, str]], budget: float
) -> dict[str, Any]:
    """What the explorer of problems reads; arms are named by their place in ``arms``.

    ``budget`` is the characters that the problems' texts may take.
    """
    arms = arms_of(section)
    known = dict(colors)
    packed = pack(section.problems, arms, budget)
    return {
        "arms": [{"name": visible(arm), "color": known.get(arm, "")} for arm in arms],
        "comparisons": [_comparison(c, section.problems, arms) for c in section.comparisons],
        "problems": [
            _problem(problem, arms, text)
            for problem, text in zip(section.problems, packed.texts, strict=True)
        ],
        "note": visible(" ".join([section.sampling, *_left_out(packed)]).strip()),
    }


def _left_out(packed: Packed) -> Iterator[str]:
    """What the page does not hold, in sentences."""
    if packed.dropped:
        kept = "only the first of each kind is here" if packed.answers else "none is here"
        yield f"To keep this page small, {kept}."
    if packed.cut:
        yield (
            f"Longer than {packed.limit:,} characters, and shown by their start and end, of the"
            f" {packed.answers:,} answers here: {packed.cut:,}."
        )


def _comparison(
    comparison: Comparison, problems: Sequence[ProblemView], arms: Sequence[str]
) -> dict[str, Any]:
    """The pair of arms, and each problem's class."""
    base, other = comparison.base.label, comparison.other.label
    overlap = comparison.overlap
    if isinstance(overlap, Overlap):
        known = dict(_listed(overlap))
        classes = [known.get(problem.id) for problem in problems]
        rule = f"solved within the first {overlap.k:,} samples"
    else:
        classes = [_class_by_rates(problem, base, other) for problem in problems]
        rule = "solved at least once in all samples"
    return {
        "base": arms.index(base),
        "other": arms.index(other),
        "classes": classes,
        "rule": rule,
    }


def _listed(overlap: Overlap) -> Iterator[tuple[str, str]]:
    for name in CLASSES:
        for problem_id in getattr(overlap, name):
            yield problem_id, name


def _class_by_rates(problem: ProblemView, base: str, other: str) -> str | None:
    """The class by any success at all, where no lists are known."""
    if base not in problem.rates or other not in problem.rates:
        return None
    solved = (problem.rates[base][0] > 0, problem.rates[other][0] > 0)
    order = {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}
    return CLASSES[order[solved]]


def _problem(problem: ProblemView, arms: Sequence[str], packed: str) -> dict[str, Any]:
    """What a row of the list needs at once; the rest is unpacked when it is opened."""
    return {
        "id": visible(problem.id),
        "question": visible(problem.question[:_SEARCHED]),
        "answer": visible(problem.answer[:_SEARCHED]),
        "group": visible(problem.group or ""),
        "rates": [list(problem.rates[arm]) if arm in problem.rates else None for arm in arms],
        "packed": packed,
    }


def seen(text: str) -> str:
    """A marked piece whose spaces would leave nothing to see, written with signs for them."""
    if text.strip():
        return text
    return text.replace("\n", "⏎\n").replace("\t", "⇥").replace(" ", "␣") or "∅"
