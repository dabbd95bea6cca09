"""Tidy tables of statistics: one row per observation, rates in [0, 1]."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary.errors import StoreError
from boundary.records import Comparison, Counts, Curve, Design, Overlap, PerplexityCell
from boundary.store import CountsTable

if TYPE_CHECKING:
    import pandas as pd

_OF_DESIGN = ("stop_after", "reached_n", "reached_c", "reached_unjudged")
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
        }
        for c in found
        for j, k in enumerate(c.ks)
    )


def summaries(found: Iterable[Comparison]) -> "pd.DataFrame":
    """One row per pair: four-way table, McNemar's p, crossing point and sampling gap."""
    return _frame(_summary(c) for c in found)


def _summary(c: Comparison) -> dict[str, Any]:
    cells = ("both", "base_only", "other_only", "neither")
    listed = isinstance(c.overlap, Overlap)
    values = {name: getattr(c.overlap, name) for name in cells}
    return {
        "base": c.base.label,
        "other": c.other.label,
        "solved_at": c.overlap.k,
        **({name: len(ids) for name, ids in values.items()} if listed else values),
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
    }


def overlaps(found: Iterable[Comparison]) -> "pd.DataFrame":
    """Rows of pair and problem: which of the two solve it; empty where only counts are known."""
    cells = ("both", "base_only", "other_only", "neither")
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
        for cell in cells
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
