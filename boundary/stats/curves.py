"""From counts to records: pass@k curves and perplexity cells."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from boundary.errors import ConfigError, SampleSizeError
from boundary.records import Counts, Curve, PerplexityCell
from boundary.stats.arrays import FloatArray, IntArray
from boundary.stats.estimators import checked_counts, checked_ks, default_ks, pass_at_k
from boundary.stats.intervals import (
    LEVEL,
    TOLERANCE,
    Intervals,
    bootstrap_means,
    fixed_suite_intervals,
    rate_intervals,
)

Target = Literal["population", "fixed_suite"]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Counts of one arm as arrays, (P,) each; ``groups`` is ``None`` where each is its own."""

    problem_ids: tuple[str, ...]
    n: IntArray
    correct: IntArray
    unjudged: IntArray
    groups: IntArray | None


def tabulate(counts: Sequence[Counts]) -> Table:
    """Turn counts into arrays.

    Args:
        counts: One entry per problem.

    Returns:
        The same as a table, in the order given.

    Raises:
        ConfigError: There are no problems, a problem comes twice, or correct and unjudged
            samples exceed n.
        SampleSizeError: A problem has no samples.
    """
    if not counts:
        raise ConfigError("no problems to compute from", remedy="give at least one problem")
    twice = [name for name, times in Counter(c.problem_id for c in counts).items() if times > 1]
    if twice:
        raise ConfigError(
            f"{len(twice)} problem(s) come twice, such as {twice[0]!r}",
            remedy="give one row per problem and model",
        )
    sizes = np.array([c.n for c in counts], dtype=np.int64)
    correct = np.array([c.correct for c in counts], dtype=np.int64)
    unjudged = np.array([c.unjudged for c in counts], dtype=np.int64)
    checked_counts(correct, sizes)
    checked_counts(unjudged, sizes)
    checked_counts(correct + unjudged, sizes)
    ids = tuple(c.problem_id for c in counts)
    return Table(ids, sizes, correct, unjudged, group_codes([c.group for c in counts]))


def group_codes(names: Sequence[str | None]) -> IntArray | None:
    """Number the groups; a problem without a name is its own group.

    Args:
        names: P group names.

    Returns:
        (P,) codes from 0, or ``None`` where no two problems share a group.
    """
    codes: dict[str | int, int] = {}
    keys = [i if name is None else name for i, name in enumerate(names)]
    numbered = np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)
    return numbered if len(codes) < len(keys) else None


def curve(
    label: str,
    counts: Sequence[Counts],
    ks: Sequence[int] | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    target: Target = "population",
) -> Curve:
    """Estimate a pass@k curve with 95 % intervals.

    Unjudged samples count as not correct in the estimate; where there are any, ``bound_low``
    and ``bound_high`` take all of them as wrong and all of them as right.

    Args:
        label: Name of the arm.
        counts: One entry per problem.
        ks: Rising draw sizes; powers of two up to the smallest n when ``None``.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems or groups.
        target: ``population`` for the mean over a population of problems, ``fixed_suite`` for
            new samples on these very problems.

    Returns:
        The curve; its ``n`` is the smallest n.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.
        ConfigError: The counts contradict themselves, or there are none.
    """
    table = tabulate(counts)
    grid = draw_sizes(ks, table.n)
    per_problem = pass_at_k(table.correct, table.n, grid)
    if target == "fixed_suite":
        intervals = fixed_suite_intervals(table.correct, table.n, grid)
    else:
        means = bootstrap_means(per_problem, rng, resamples=resamples, groups=table.groups)
        intervals = rate_intervals(per_problem, means, table.groups)
    return curve_of(label, table, grid, per_problem, intervals)


def valid_curve(
    label: str,
    counts: Sequence[Counts],
    ks: Sequence[int] | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    target: Target = "population",
) -> Curve:
    """Estimate the curve of answers whose derivation was checked and holds (CoT-pass@k).

    Args:
        label: Name of the arm.
        counts: One entry per problem, each with ``valid``.
        ks: Rising draw sizes; powers of two up to the smallest n when ``None``.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems or groups.
        target: As for ``curve``.

    Returns:
        The curve over ``valid`` in place of ``correct``.

    Raises:
        ConfigError: Some problem has no ``valid`` count; else as for ``curve``.
        SampleSizeError: Some k is below 1 or above the smallest n.

    Source: Wen et al. 2025, arXiv:2506.14245.
    """
    checked: list[Counts] = []
    for entry in counts:
        if entry.valid is None:
            raise ConfigError(
                f"problem {entry.problem_id!r} has no count of valid derivations",
                remedy="verify the run with a verifier that checks derivations",
            )
        checked.append(replace(entry, correct=entry.valid))
    return curve(label, checked, ks, rng=rng, resamples=resamples, target=target)


def draw_sizes(ks: Sequence[int] | None, sizes: IntArray) -> IntArray:
    """Return the (K,) draw sizes asked for, checked, or the default grid.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.
        ConfigError: The draw sizes do not rise.
    """
    if ks is None:
        return default_ks(sizes)
    return checked_ks(ks, sizes)


def curve_of(
    label: str, table: Table, ks: IntArray, per_problem: FloatArray, intervals: Intervals
) -> Curve:
    """Put the parts of a curve together and add the bounds for unjudged samples.

    Args:
        label: Name of the arm.
        table: Its counts.
        ks: (K,) draw sizes.
        per_problem: (P, K) pass@k.
        intervals: Of its mean.

    Returns:
        The curve.
    """
    mean = per_problem.mean(axis=0)
    bounds: tuple[FloatArray | None, FloatArray | None] = (None, None)
    if table.unjudged.any():
        best = pass_at_k(table.correct + table.unjudged, table.n, ks)
        bounds = (mean.copy(), best.mean(axis=0))
    return Curve(
        label=label,
        problem_ids=table.problem_ids,
        n=int(table.n.min()),
        ks=ks,
        per_problem=per_problem,
        mean=mean,
        low=intervals.low,
        high=intervals.high,
        method=intervals.method,
        bound_low=bounds[0],
        bound_high=bounds[1],
    )


def perplexity(
    answers_of: str,
    under: str,
    per_answer: Mapping[str, Sequence[float]],
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    subset: str = "all",
) -> PerplexityCell:
    """Summarise perplexities: the median over each problem's answers, then over problems.

    Args:
        answers_of: Name of the arm that wrote the answers.
        under: Name of the model that scored them.
        per_answer: Problem id to the perplexity of each answer; problems without answers are
            left out, as nothing is known of them.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems.
        subset: Which answers these are.

    Returns:
        The cell, with mean, quartiles and the 95 % bootstrap interval of the mean. Where the
        problems' medians do not vary (one problem, for one) ``low`` and ``high`` are NaN: such
        data hold no spread to make an interval from.

    Raises:
        ConfigError: A perplexity is not a finite positive number.
        SampleSizeError: There are no answers at all.
    """
    scored = {name: list(values) for name, values in per_answer.items() if len(values)}
    _require_perplexities(scored, f"answers of {answers_of} under {under}")
    medians = np.array([np.median(values) for values in scored.values()])
    means = bootstrap_means(medians[:, None], rng, resamples=resamples)[:, 0]
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    mean = float(medians.mean())
    flat = high - low <= TOLERANCE * mean
    first, second, third = np.quantile(medians, [0.25, 0.5, 0.75])
    return PerplexityCell(
        answers_of=answers_of,
        under=under,
        problem_ids=tuple(scored),
        per_problem=medians,
        mean=mean,
        low=math.nan if flat else min(float(low), mean),
        high=math.nan if flat else max(float(high), mean),
        quartiles=(float(first), float(second), float(third)),
        n_answers=sum(len(values) for values in scored.values()),
        subset=subset,
    )


def _require_perplexities(scored: Mapping[str, Sequence[float]], where: str) -> None:
    if not scored:
        raise SampleSizeError(f"no scored {where}", remedy="score some answers first")
    for name, values in scored.items():
        if not all(math.isfinite(value) and value > 0 for value in values):
            raise ConfigError(
                f"a perplexity of problem {name!r} ({where}) is not a finite positive number",
                remedy="leave out answers of no tokens, and score without a top-p mask",
            )
