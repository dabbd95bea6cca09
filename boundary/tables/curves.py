"""Tables of single arms: counts, pass@k and its kin, smaller budgets, k beyond n, cost."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from boundary.records import Counts, Curve
from boundary.stats import Extrapolation
from boundary.store import CountsTable
from boundary.tables.base import Extra, design_columns, frame_of, points

if TYPE_CHECKING:
    import pandas as pd

TAUS = ("0.25", "0.5", "0.75", "1")
COVERS = ("0.01", "0.05", "0.1", "0.25", "0.5", "0.75", "1")


def curves(found: Iterable[Curve]) -> "pd.DataFrame":
    """Rows of arm and k: pass@k with its interval, and the bounds for unjudged samples."""
    return frame_of(
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
            **design_columns(curve.design),
            **({} if curve.guess is None else {"guess": curve.guess[j]}),
        }
        for curve in found
        for j, k in enumerate(curve.ks)
    )


def per_problem(found: Iterable[Curve]) -> "pd.DataFrame":
    """Rows of arm, problem and k: the unbiased estimate of that problem."""
    return frame_of(
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
    return frame_of(
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
                **design_columns(table.design),
                "reached_n": last.n,
                "reached_c": last.correct,
                "reached_unjudged": last.unjudged,
            },
        )


def budgets(found: Iterable[tuple[int, float, Curve]]) -> Extra:
    """Rows of arm, budget and k: the curve of the same run cut at fewer tokens."""
    rows = (
        {"arm": curve.label, "budget": budget, "truncated": cut, **values}
        for budget, cut, curve in found
        for values in points(curve, "pass_at_k")
    )
    return Extra("budgets", "pass@k at smaller budgets of tokens", frame_of(rows))


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
    return Extra("extrapolation", "extrapolated pass@k, not measured", frame_of(rows))


def metrics(found: Iterable[tuple[str, str | None, Curve]]) -> Extra:
    """Rows of arm, metric, tau and k."""
    rows = (
        {"arm": curve.label, "metric": name, "tau": tau, **values}
        for name, tau, curve in found
        for values in points(curve, "value")
    )
    return Extra("metrics", "how reliably problems are solved", frame_of(rows))


def costs(found: Iterable[tuple[Curve, float, float | None]]) -> Extra:
    """Rows of arm and k: pass@k against the tokens that k answers to a problem take.

    The prompt's stand apart, where they are known: read once for all k answers, as with a cache
    of prefixes, or once for each.
    """
    rows = (
        {
            "arm": curve.label,
            "k": int(k),
            "tokens": int(k) * tokens,
            "prompt_tokens": prompt,
            "with_prompt_once": None if prompt is None else int(k) * tokens + prompt,
            "with_prompt_each": None if prompt is None else int(k) * (tokens + prompt),
            "pass_at_k": curve.mean[j],
            "low": curve.low[j],
            "high": curve.high[j],
        }
        for curve, tokens, prompt in found
        for j, k in enumerate(curve.ks)
    )
    title = "pass@k against tokens drawn per problem, and with those of its prompt"
    return Extra("cost", title, frame_of(rows))
