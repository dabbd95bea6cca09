"""From counts to records: pass@k curves and perplexity cells."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from boundary.errors import ConfigError, SampleSizeError
from boundary.records import Counts, Curve, PerplexityCell
from boundary.stats.arms import Arm, Table, tabulate
from boundary.stats.arrays import LEVEL, TOLERANCE, FloatArray, IntArray
from boundary.stats.bootstrap import bootstrap_means
from boundary.stats.estimators import checked_ks, default_ks
from boundary.stats.fixed_suite import fixed_suite_intervals
from boundary.stats.intervals import Intervals, rate_intervals

Target = Literal["population", "fixed_suite"]


def curve(
    arm: Arm,
    ks: Sequence[int] | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    target: Target = "population",
) -> Curve:
    """Estimate a pass@k curve with 95 % intervals.

    Unjudged samples count as not correct in the estimate; where there are any, ``bound_low``
    and ``bound_high`` take all of them as wrong and all of them as right. An adaptive arm has
    its curve up to the last look.

    Args:
        arm: Counts of each problem, and how their sampling stopped.
        ks: Rising draw sizes; powers of two up to the smallest limit when ``None``: each
            problem's n, or the last look of an adaptive arm.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems or groups.
        target: ``population`` for the mean over a population of problems, ``fixed_suite`` for
            new samples on these very problems.

    Returns:
        The curve; its ``n`` is the smallest limit.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest limit.
        ConfigError: The counts contradict themselves or the design, there are none, or the
            fixed suite is the target of an adaptive arm.
    """
    table = tabulate(arm.counts, arm.design)
    grid = draw_sizes(ks, table.limits)
    per_problem = table.pass_at(grid)
    if target == "fixed_suite":
        _require_fixed(arm)
        intervals = fixed_suite_intervals(table.correct, table.n, grid)
    else:
        means = bootstrap_means(per_problem, rng, resamples=resamples, groups=table.groups)
        intervals = rate_intervals(per_problem, means, table.groups)
    return curve_of(arm.label, table, grid, per_problem, intervals)


def _require_fixed(arm: Arm) -> None:
    if arm.design is not None:
        raise suite_unknown(arm.label)


def suite_unknown(label: str) -> ConfigError:
    """The error of asking an adaptive arm for its interval on this very suite."""
    return ConfigError(
        f"{label} stops early: its interval for this very suite is not known",
        remedy="take the interval over a population of problems",
    )


def valid_curve(
    arm: Arm,
    ks: Sequence[int] | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    target: Target = "population",
) -> Curve:
    """Estimate the curve of answers whose derivation was checked and holds (CoT-pass@k).

    An adaptive arm stops at correct answers, valid or not, and says nothing of valid ones
    beyond that: its curve is that of the first look.

    Args:
        arm: Counts of each problem, each with ``valid``.
        ks: Rising draw sizes; powers of two up to the smallest n when ``None``.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems or groups.
        target: As for ``curve``.

    Returns:
        The curve over ``valid`` in place of ``correct``.

    Raises:
        ConfigError: Some problem has no ``valid`` count; else as for ``curve``.
        SampleSizeError: Some k is below 1 or above the smallest n, or the first look.

    Source: Wen et al. 2025, arXiv:2506.14245.
    """
    checked: list[Counts] = []
    for entry in arm.fixed_counts:
        if entry.valid is None:
            raise ConfigError(
                f"problem {entry.problem_id!r} has no count of valid derivations",
                remedy="verify the run with a verifier that checks derivations",
            )
        checked.append(replace(entry, correct=entry.valid))
    return curve(Arm(arm.label, checked), ks, rng=rng, resamples=resamples, target=target)


def metric(
    arm: Arm,
    per_problem: FloatArray,
    ks: Sequence[int] | IntArray,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> Curve:
    """A curve of any metric in [0, 1] that each problem has a value of.

    Args:
        arm: Whose problems and groups these are; an adaptive one's first look.
        per_problem: (P, K) values, in the order of the arm's counts.
        ks: (K,) draw sizes they belong to.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems or groups.

    Returns:
        The curve, its intervals made as those of pass@k.
    """
    table = tabulate(arm.fixed_counts)
    means = bootstrap_means(per_problem, rng, resamples=resamples, groups=table.groups)
    intervals = rate_intervals(per_problem, means, table.groups)
    return replace(
        curve_of(arm.label, table, np.asarray(ks), per_problem, intervals),
        bound_low=None,
        bound_high=None,
    )


def draw_sizes(ks: Sequence[int] | None, limits: IntArray) -> IntArray:
    """Return the (K,) draw sizes asked for, checked, or the default grid.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest limit.
        ConfigError: The draw sizes do not rise.
    """
    if ks is None:
        return default_ks(limits)
    return checked_ks(ks, limits)


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
        bounds = (mean.copy(), table.best_at(ks).mean(axis=0))
    return Curve(
        label=label,
        problem_ids=table.problem_ids,
        n=int(table.limits.min()),
        ks=ks,
        per_problem=per_problem,
        mean=mean,
        low=intervals.low,
        high=intervals.high,
        method=intervals.method,
        bound_low=bounds[0],
        bound_high=bounds[1],
        design=table.design,
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
