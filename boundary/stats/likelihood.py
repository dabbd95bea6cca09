"""Means over problems of numbers that are no rates, and paired differences of them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from boundary.errors import SampleSizeError
from boundary.records import Mean, PerplexityCell, PerplexityGap
from boundary.stats.arrays import LEVEL, TOLERANCE, FloatArray
from boundary.stats.bootstrap import bootstrap_means
from boundary.stats.intervals import rate_intervals


def mean_over(
    per_problem: Mapping[str, Sequence[float]],
    rng: np.random.Generator,
    *,
    resamples: int = 2000,
    are_rates: bool = False,
) -> Mean:
    """Mean over problems of the means over their answers, with its interval over problems.

    Args:
        per_problem: Problem id to one number per answer; problems without any are left out.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems.
        are_rates: The numbers lie in [0, 1], so that they have score intervals where they do not
            vary; otherwise limits are NaN there.

    Raises:
        SampleSizeError: There are no answers at all.
    """
    scored = [list(values) for values in per_problem.values() if len(values)]
    if not scored:
        raise SampleSizeError("no answers to take a mean of", remedy="score some first")
    values = np.array([np.mean(one) for one in scored])
    answers = sum(map(len, scored))
    means = bootstrap_means(values[:, None], rng, resamples=resamples)
    mean = float(values.mean())
    if are_rates:
        found = rate_intervals(values[:, None], means)
        return Mean(mean, float(found.low[0]), float(found.high[0]), len(scored), answers)
    return Mean(mean, *_limits(mean, means[:, 0]), len(scored), answers)


def _limits(mean: float, means: FloatArray) -> tuple[float, float]:
    """Percentile limits that hold the mean; NaN where the resamples do not vary."""
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    if high - low <= TOLERANCE * max(1.0, abs(mean)):
        return math.nan, math.nan
    return min(float(low), mean), max(float(high), mean)


def perplexity_gap(
    one: PerplexityCell,
    other: PerplexityCell,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> PerplexityGap | None:
    """Difference of two cells, other minus one, over the problems that both have.

    Also the ratio: the exponential of the mean difference of logarithms, which a few problems of
    very large perplexity do not decide.

    Args:
        one: A cell.
        other: Another; the problems are paired.
        rng: Source of the resamples, the same for both numbers.
        resamples: Bootstrap resamples of problems.

    Returns:
        The gap; ``None`` where the cells share no problem.
    """
    place = {name: i for i, name in enumerate(one.problem_ids)}
    shared = [(place[name], j) for j, name in enumerate(other.problem_ids) if name in place]
    if not shared:
        return None
    rows, columns = (np.array(side) for side in zip(*shared, strict=True))
    left, right = one.per_problem[rows], other.per_problem[columns]
    gaps = np.column_stack([right - left, np.log(right) - np.log(left)])
    means = bootstrap_means(gaps, rng, resamples=resamples)
    difference, log_ratio = (float(x) for x in gaps.mean(axis=0))
    low, high = _limits(log_ratio, means[:, 1])
    return PerplexityGap(
        (one.answers_of, one.under, one.subset),
        (other.answers_of, other.under, other.subset),
        difference,
        *_limits(difference, means[:, 0]),
        math.exp(log_ratio),
        math.exp(low),
        math.exp(high),
        len(shared),
    )
