"""Tidy tables of statistics: one row per observation, rates in [0, 1]."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary import stats
from boundary.errors import StoreError
from boundary.records import (
    Comparison,
    Counts,
    Curve,
    Design,
    ExpectedOverlap,
    Overlap,
    PerplexityCell,
)
from boundary.stats import AllPairs, Extrapolation, Trend, support
from boundary.store import CountsTable
from boundary.store.classes import Classes

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from boundary.records import FloatArray

_OF_DESIGN = ("stop_after", "reached_n", "reached_c", "reached_unjudged")
TAUS = ("0.25", "0.5", "0.75", "1")
COVERS = ("0.01", "0.05", "0.1", "0.25", "0.5", "0.75", "1")
GUESSABLE = 0.5
"""Chance of a hit at the largest k from which on a problem counts as guessable."""
_CELLS = ("both", "base_only", "other_only", "neither")
_BINS = ("0", *(f"({i / 10:g}, {(i + 1) / 10:g}]" for i in range(9)), "(0.9, 1)", "1")


def curves(found: Iterable[Curve]) -> "pd.DataFrame":
    """Rows of arm and k: pass@k with its interval, and the bounds for unjudged samples."""
    return _frame(
        {
            "arm": curve.label,
            "k": int(k),
            "pass_at_k": curve.mean[j],
            "low": curve.low[j],
            "high": curve.high[j],
            "method": curve.method[j],
            "bound_low": None if curve.bound_low is None else curve.bound_low[j],
            "bound_high": None if curve.bound_high is None else curve.bound_high[j],
            "problems": len(curve.problem_ids),
            "n": curve.n,
            **_design(curve.design),
            **({} if curve.guess is None else {"guess": curve.guess[j]}),
        }
        for curve in found
        for j, k in enumerate(curve.ks)
    )


def per_problem(found: Iterable[Curve]) -> "pd.DataFrame":
    """Rows of arm, problem and k: the unbiased estimate of that problem."""
    return _frame(
        {
            "arm": curve.label,
            "problem_id": problem,
            "k": int(k),
            "pass_at_k": curve.per_problem[i, j],
        }
        for curve in found
        for i, problem in enumerate(curve.problem_ids)
        for j, k in enumerate(curve.ks)
    )


def counts(found: Iterable[tuple[str, CountsTable]]) -> "pd.DataFrame":
    """A counts table of several models, as ``passk`` and ``compare`` read it back.

    Of an adaptive run ``n`` and ``c`` are those of the first look, so that a reader who knows of
    no stop rule makes no biased number of them; what was reached stands beside them.
    """
    return _frame(
        {
            "problem_id": count.problem_id,
            "model": label,
            "n": count.n,
            "c": count.correct,
            "unjudged": count.unjudged,
            "valid": count.valid,
            "group": count.group,
            **more,
        }
        for label, table in found
        for count, more in _fixed_counts(table)
    )


def _fixed_counts(table: CountsTable) -> Iterator[tuple[Counts, dict[str, Any]]]:
    """Counts over indices fixed in advance, each with where an adaptive run stopped."""
    if table.design is None or table.first_look is None:
        yield from ((count, {}) for count in table.counts)
        return
    for first, last in zip(table.first_look, table.counts, strict=True):
        yield (
            first,
            {
                **_design(table.design),
                "reached_n": last.n,
                "reached_c": last.correct,
                "reached_unjudged": last.unjudged,
            },
        )


def _design(design: Design | None) -> dict[str, Any]:
    """Columns of an adaptive run's stop rule; none for a run of a fixed n."""
    if design is None:
        return {}
    return {"stop_after": design.stop_after, "looks": " ".join(map(str, design.looks))}


def differences(found: Iterable[Comparison]) -> "pd.DataFrame":
    """Rows of pair and k: other minus base with interval and paired p-value."""
    return _frame(
        {
            "base": c.base.label,
            "other": c.other.label,
            "k": int(k),
            "difference": c.difference[j],
            "low": c.low[j],
            "high": c.high[j],
            "method": c.method[j],
            "p_value": c.p_value[j],
            "settled": bool(c.is_settled[j]),
            "p_adjusted": _at(c.p_adjusted, j),
            "suite_low": _at(c.suite_low, j),
            "suite_high": _at(c.suite_high, j),
        }
        for c in found
        for j, k in enumerate(c.ks)
    )


def _at(values: "FloatArray | None", j: int) -> float | None:
    return None if values is None else float(values[j])


def summaries(found: Iterable[Comparison]) -> "pd.DataFrame":
    """One row per pair: four-way table and what it rests on, crossing point and sampling gap."""
    return _frame(_summary(c) for c in found)


def _summary(c: Comparison) -> dict[str, Any]:
    return {
        "base": c.base.label,
        "other": c.other.label,
        "solved_at": c.overlap.k,
        **_four_way(c.overlap),
        "mcnemar_p": getattr(c.overlap, "p_value", None),
        "crossing": c.crossing.kind.value,
        "crossing_k": c.crossing.k,
        "crossing_low": c.crossing.low,
        "crossing_high": c.crossing.high,
        "share_without_crossing": c.crossing.share_without,
        "delta_se": c.delta_se.value,
        "delta_se_k": c.delta_se.k,
        "base_at_delta_se_k": c.delta_se.base_at_k,
        "other_at_1": c.delta_se.other_at_1,
        "reversal": getattr(c.sensitivity, "reversal", None),
        "unsettling": getattr(c.sensitivity, "unsettling", None),
        "floor_k": c.floor.base.k if c.floor else None,
        "floor_lost": c.floor.base.base_only if c.floor else None,
    }


def _four_way(split: Overlap | ExpectedOverlap) -> dict[str, float]:
    """Numbers of problems, whole where the problems are known."""
    values = {name: getattr(split, name) for name in _CELLS}
    if isinstance(split, Overlap):
        return {name: len(ids) for name, ids in values.items()}
    return values


def supports(found: Iterable[Comparison]) -> "pd.DataFrame":
    """One row per pair: what the solved set kept, gained and lost."""
    return _frame(
        {
            "base": c.base.label,
            "other": c.other.label,
            "k": c.support.k,
            "srr": c.support.kept,
            "ndr": c.support.new,
            "sds": c.support.score,
            "nscr": c.support.net,
            "expansion": c.support.expansion,
            "shrinkage": c.support.shrinkage,
            "zero_set_unlock": c.support.unlock,
            "detectability": c.support.epsilon,
        }
        for c in found
        if c.support
    )


def floors(found: Iterable[Comparison]) -> "pd.DataFrame":
    """Rows of pair and control: the four-way table that resampling alone gives, and the pair's."""
    return _frame(
        {
            "base": c.base.label,
            "other": c.other.label,
            "table": name,
            "k": split.k,
            **_four_way(split),
            "zero_set_unlock": support(split).unlock,
        }
        for c in found
        if c.floor
        for name, split in (
            ("half of base, other half of base", c.floor.base),
            ("half of base, half of other", c.floor.other),
            ("base, second run of base", c.floor.second),
            ("base, other", c.overlap),
        )
        if split
    )


def transitions(found: Iterable[Comparison]) -> "pd.DataFrame":
    """Rows of pair and two accuracy bins: the problems that go from the one to the other."""
    return _frame(
        {
            "base": c.base.label,
            "other": c.other.label,
            "base_accuracy": _BINS[i],
            "other_accuracy": _BINS[j],
            "problems": int(c.transition[i, j]),
        }
        for c in found
        if c.transition is not None
        for i in range(len(_BINS))
        for j in range(len(_BINS))
    )


def overlaps(found: Iterable[Comparison]) -> "pd.DataFrame":
    """Rows of pair and problem: which of the two solve it; empty where only counts are known."""
    return _frame(
        {
            "base": c.base.label,
            "other": c.other.label,
            "solved_at": c.overlap.k,
            "problem_id": problem,
            "solved_by": cell,
        }
        for c in found
        if isinstance(c.overlap, Overlap)
        for cell in _CELLS
        for problem in getattr(c.overlap, cell)
    )


def histograms(found: Iterable[Comparison]) -> "pd.DataFrame":
    """Rows of arm and accuracy bin: the number of problems in it."""
    bars = {}
    for c in found:
        bars[c.base.label] = c.base_histogram
        bars[c.other.label] = c.other_histogram
    return _frame(
        {"arm": arm, "accuracy": name, "problems": int(count)}
        for arm, counts in bars.items()
        for name, count in zip(_BINS, counts, strict=True)
    )


def perplexities(found: Iterable[PerplexityCell]) -> "pd.DataFrame":
    """Rows of (answers of, under): the mean of the problems' medians, and quartiles."""
    return _frame(
        {
            "answers_of": cell.answers_of,
            "under": cell.under,
            "subset": cell.subset,
            "mean": cell.mean,
            "low": cell.low,
            "high": cell.high,
            "q1": cell.quartiles[0],
            "median": cell.quartiles[1],
            "q3": cell.quartiles[2],
            "problems": len(cell.problem_ids),
            "answers": cell.n_answers,
        }
        for cell in found
    )


@dataclass(frozen=True, slots=True, eq=False)
class Extra:
    """A table besides the usual ones: its file's name without ending, its title, and its rows."""

    name: str
    title: str
    frame: "pd.DataFrame"


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """One arm's answers as classes, with each problem's gold answer and chance of a blind guess."""

    label: str
    classes: tuple[Classes, ...]
    golds: Mapping[str, tuple[str, float | None]]

    @property
    def elsewhere(self) -> dict[str, float]:
        """Per problem the share of the arm's answers to other problems that would be right."""
        given = {one.problem_id: one.right + one.wrong for one in self.classes}
        accepted = {
            one.problem_id: {self.golds[one.problem_id][0], *one.right} for one in self.classes
        }
        return stats.hits_elsewhere(given, accepted)


def budgets(found: Iterable[tuple[int, float, Curve]]) -> Extra:
    """Rows of arm, budget and k: the curve of the same run cut at fewer tokens."""
    rows = (
        {"arm": curve.label, "budget": budget, "truncated": cut, **values}
        for budget, cut, curve in found
        for values in _values(curve, "pass_at_k")
    )
    return Extra("budgets", "pass@k at smaller budgets of tokens", _frame(rows))


def extrapolations(found: Iterable[tuple[str, int, bool, Extrapolation | None]]) -> Extra:
    """Rows of arm, model and k beyond n: what a fitted law would give."""
    rows = (
        {
            "arm": label,
            "model": "beta, and a share never solved" if never else "beta",
            "measured_to": n,
            "k": int(k),
            "extrapolated": made.mean[j],
            "low": made.low[j],
            "high": made.high[j],
            "alpha": made.law.alpha,
            "beta": made.law.beta,
            "never": made.law.never,
            "log_likelihood": made.law.log_likelihood,
        }
        for label, n, never, made in found
        if made is not None
        for j, k in enumerate(made.ks)
    )
    return Extra("extrapolation", "extrapolated pass@k, not measured", _frame(rows))


def metrics(found: Iterable[tuple[str, str | None, Curve]]) -> Extra:
    """Rows of arm, metric, tau and k."""
    rows = (
        {"arm": curve.label, "metric": name, "tau": tau, **values}
        for name, tau, curve in found
        for values in _values(curve, "value")
    )
    return Extra("metrics", "how reliably problems are solved", _frame(rows))


def costs(found: Iterable[tuple[Curve, float]]) -> Extra:
    """Rows of arm and k: pass@k against the tokens that k answers to a problem take."""
    rows = (
        {
            "arm": curve.label,
            "k": int(k),
            "tokens": int(k) * tokens,
            "pass_at_k": curve.mean[j],
            "low": curve.low[j],
            "high": curve.high[j],
        }
        for curve, tokens in found
        for j, k in enumerate(curve.ks)
    )
    return Extra("cost", "pass@k against tokens drawn per problem, prompts left out", _frame(rows))


def votes(found: Iterable[Curve]) -> Extra:
    """Rows of arm and k: the chance that the vote of k answers is right."""
    rows = (
        {"arm": curve.label, **values} for curve in found for values in _values(curve, "maj_at_k")
    )
    return Extra("majority", "maj@k; samples without an answer abstain", _frame(rows))


def answers(found: Iterable[Spread]) -> Extra:
    """Rows of arm and problem: how its answers spread, and what answers to others would hit."""
    rows = (
        {
            "arm": spread.label,
            "problem_id": one.problem_id,
            "samples": one.right.total() + one.wrong.total() + one.silent,
            "right": one.right.total(),
            "silent": one.silent,
            "distinct": bool(one.right) + len(one.wrong),
            "entropy": stats.answer_entropy([one.right.total(), *one.wrong.values(), one.silent]),
            "hit_elsewhere": elsewhere[one.problem_id],
        }
        for spread in found
        for elsewhere in [spread.elsewhere]
        for one in spread.classes
    )
    return Extra("answers", "answers of each problem", _frame(rows))


def guesses(found: Iterable[tuple[str, Curve]]) -> Extra:
    """Rows of arm, curve and k: pass@k beside what guessing gives, and without what it solves."""
    return Extra("guesses", "pass@k beside what guessing would give", _frame(_named(found)))


def filtered(found: Iterable[tuple[str, Curve]]) -> Extra:
    """Rows of arm, choice of problems and k: with and without those hit by direct answers."""
    title = "pass@k without problems that direct answers hit by luck"
    return Extra("direct", title, _frame(_named(found)))


def _named(found: Iterable[tuple[str, Curve]]) -> Iterator[dict[str, Any]]:
    return (
        {"arm": curve.label, "curve": name, "problems": len(curve.problem_ids), **values}
        for name, curve in found
        for values in _values(curve, "value")
    )


def _values(curve: Curve, name: str) -> Iterator[dict[str, Any]]:
    """k, value and interval of each point of a curve."""
    return (
        {
            "k": int(k),
            name: curve.mean[j],
            "low": curve.low[j],
            "high": curve.high[j],
            "method": curve.method[j],
        }
        for j, k in enumerate(curve.ks)
    )


def pairs(found: AllPairs) -> Extra:
    """Rows of two arms and k: the later minus the earlier, from one paired bootstrap."""
    rows = (
        {
            "base": gap.base,
            "other": gap.other,
            "k": int(k),
            "difference": gap.difference[j],
            "low": gap.low[j],
            "high": gap.high[j],
            "method": gap.method[j],
            "crossing": gap.crossing.kind.value,
            "crossing_k": gap.crossing.k,
            "crossing_low": gap.crossing.low,
            "crossing_high": gap.crossing.high,
        }
        for gap in found.gaps
        for j, k in enumerate(found.ks)
    )
    return Extra("pairs", "differences of all pairs", _frame(rows))


def trends(found: Iterable[tuple[int, Trend]]) -> Extra:
    """Rows of k: the slope of pass@k over training steps."""
    rows = (
        {
            "k": k,
            "slope_per_step": one.slope,
            "low": one.low,
            "high": one.high,
            "p_value": one.p_value,
            "spearman": one.spearman,
        }
        for k, one in found
    )
    return Extra("trend", "trend of pass@k over the series", _frame(rows))


def lengths(found: Iterable[tuple[str, Mapping[str, "NDArray[np.int32]"]]]) -> Extra:
    """Rows of arm and outcome: how many tokens its answers have."""
    import numpy as np

    rows = (
        {
            "arm": label,
            "outcome": outcome,
            "samples": len(tokens),
            "mean": float(np.mean(tokens)),
            **{
                name: float(value)
                for name, value in zip(
                    ("q1", "median", "q3"), np.quantile(tokens, [0.25, 0.5, 0.75]), strict=True
                )
            },
        }
        for label, groups in found
        for outcome, tokens in groups.items()
        if len(tokens)
    )
    return Extra("lengths", "tokens of answers by outcome", _frame(rows))


def write(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table as CSV, at full precision.

    Raises:
        StoreError: The place cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False)
    except OSError as error:
        raise StoreError(
            f"cannot write {path} ({error.strerror})", remedy="choose another --out directory"
        ) from error


def _frame(rows: Iterable[dict[str, Any]]) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    # Runs of a fixed n have none of these, and a gap would make fractions of the others.
    return frame.astype({name: "Int64" for name in _OF_DESIGN if name in frame})
