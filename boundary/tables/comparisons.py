"""Tables of pairs of arms: differences, solved sets, crossing points, and a series' trend."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from boundary.records import Comparison, ExpectedOverlap, Overlap
from boundary.stats import AllPairs, Trend, support
from boundary.tables.base import Extra, frame_of

if TYPE_CHECKING:
    import pandas as pd

    from boundary.records import FloatArray

_CELLS = ("both", "base_only", "other_only", "neither")
_BINS = ("0", *(f"({i / 10:g}, {(i + 1) / 10:g}]" for i in range(9)), "(0.9, 1)", "1")


def differences(found: Iterable[Comparison]) -> "pd.DataFrame":
    """Rows of pair and k: other minus base with interval and paired p-value."""
    return frame_of(
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
    return frame_of(_summary(c) for c in found)


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
    return frame_of(
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
    return frame_of(
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
    return frame_of(
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
    return frame_of(
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
    return frame_of(
        {"arm": arm, "accuracy": name, "problems": int(count)}
        for arm, counts in bars.items()
        for name, count in zip(_BINS, counts, strict=True)
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
    return Extra("pairs", "differences of all pairs", frame_of(rows))


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
    return Extra("trend", "trend of pass@k over the series", frame_of(rows))
