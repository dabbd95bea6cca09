"""How far a number would move if these very problems were sampled again."""

import math

import numpy as np

from boundary.stats.arrays import LEVEL, TOLERANCE, FloatArray, IntArray
from boundary.stats.estimators import checked_counts, checked_ks, pass_at_k
from boundary.stats.intervals import Intervals
from boundary.stats.scores import normal_quantile, wilson


def fixed_suite_intervals(
    correct: IntArray, n: int | IntArray, ks: IntArray, *, level: float = LEVEL
) -> Intervals:
    """Intervals of mean pass@k for these very problems under new samples (``fixed_suite``).

    Answers another question than the bootstrap over problems, and is narrower: how far would
    the number move if the same suite were sampled again?

    Args:
        correct: (P,) correct samples per problem.
        n: Samples finished, one number or (P,).
        ks: (K,) draw sizes, each in [1, min n].
        level: Coverage asked for.

    Returns:
        Normal intervals from ``within_problem_variance``, cut to [0, 1]; where these have no
        width, ``wilson`` over the blocks of k samples that the data hold.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.
    """
    _, sizes = checked_counts(correct, n)
    mean = pass_at_k(correct, n, ks).mean(axis=0)
    total = within_problem_variance(correct, n, ks).sum(axis=0)
    half = normal_quantile(level) * np.sqrt(total) / len(sizes)
    low, high = np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0)
    flat = high - low <= TOLERANCE
    for j in np.flatnonzero(flat):
        # Disjoint blocks of k samples are independent trials of "solved within k".
        blocks = float((sizes // ks[j]).sum())
        low[j], high[j] = wilson(float(mean[j]) * blocks, blocks, level=level)
    return Intervals(low, high, tuple("wilson" if f else "fixed_suite" for f in flat))


def fixed_suite_gap_intervals(
    base: tuple[IntArray, IntArray],
    other: tuple[IntArray, IntArray],
    ks: IntArray,
    *,
    level: float = LEVEL,
) -> Intervals:
    """Intervals of the mean difference on these very problems under new samples of both arms.

    Args:
        base: (P,) correct samples and (P,) n of the base.
        other: The same of the other arm.
        ks: (K,) draw sizes, each in [1, min n] of both.
        level: Coverage asked for.

    Returns:
        Normal intervals from the sum of both arms' within-problem variances, cut to [-1, 1];
        where these have no width, the two arms' ``fixed_suite_intervals`` put together
        (``newcombe``).

    Source: Hoeffding 1948 (the variances); Newcombe 1998 (two intervals put together).
    """
    sides = [fixed_suite_intervals(c, n, ks, level=level) for c, n in (base, other)]
    means = [pass_at_k(c, n, ks).mean(axis=0) for c, n in (base, other)]
    gap = means[1] - means[0]
    total = sum(within_problem_variance(c, n, ks).sum(axis=0) for c, n in (base, other))
    half = normal_quantile(level) * np.sqrt(total) / len(base[0])
    down = np.hypot(means[1] - sides[1].low, sides[0].high - means[0])
    up = np.hypot(sides[1].high - means[1], means[0] - sides[0].low)
    flat = half <= TOLERANCE
    low, high = gap - np.where(flat, down, half), gap + np.where(flat, up, half)
    methods = tuple("newcombe" if f else "fixed_suite" for f in flat)
    return Intervals(np.maximum(low, -1.0), np.minimum(high, 1.0), methods)


def normal_p(difference: FloatArray, limits: Intervals, *, level: float = LEVEL) -> FloatArray:
    """(K,) two-sided p-values of the normal law whose interval has that width."""
    errors = (limits.high - limits.low) / 2 / normal_quantile(level)
    ratios = zip(np.abs(difference), errors, strict=True)
    return np.array([math.erfc(gap / error / math.sqrt(2)) for gap, error in ratios])


def within_problem_variance(correct: IntArray, n: int | IntArray, ks: IntArray) -> FloatArray:
    """Variance of each problem's pass@k over new samples of that problem.

    For 2k <= n the unbiased estimate ``m(k)^2 - m(2k)`` with m(k) the estimated chance that k
    samples all miss; it is never negative. Beyond that none exists, and for columns where it
    is 0 for all problems none is useful: there the exact variance of the estimator is taken at
    the rate (c + 1/2) / (n + 1).

    Args:
        correct: (P,) correct samples per problem.
        n: Samples finished, one number or (P,).
        ks: (K,) draw sizes, each in [1, min n].

    Returns:
        (P, K) variances.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.

    Source: Hoeffding 1948 (variance of a U-statistic).
    """
    counts, sizes = checked_counts(correct, n)
    grid = checked_ks(ks, sizes)
    columns = [_variance_column(counts, sizes, int(k)) for k in grid]
    return np.stack(columns, axis=1)


def _variance_column(counts: IntArray, sizes: IntArray, k: int) -> FloatArray:
    if 2 * k <= sizes.min():
        miss = 1.0 - pass_at_k(counts, sizes, np.array([k, 2 * k]))
        unbiased = np.maximum(miss[:, 0] ** 2 - miss[:, 1], 0.0)
        if float(unbiased.max()) > TOLERANCE:
            return unbiased
    pairs, inverse = np.unique(np.stack([counts, sizes]), axis=1, return_inverse=True)
    distinct = np.array([_plug_in_variance(int(c), int(n), k) for c, n in pairs.T])
    return distinct[np.reshape(inverse, -1)]


def _plug_in_variance(c: int, n: int, k: int) -> float:
    """Exact variance at rate (c + 1/2) / (n + 1), from the overlap of two k-subsets of n."""
    from scipy.special import gammaln

    def log_choose(total: int, part: IntArray) -> FloatArray:
        chosen: FloatArray = gammaln(total + 1) - gammaln(part + 1) - gammaln(total - part + 1)
        return chosen

    shared = np.arange(max(0, 2 * k - n), k + 1)
    log_weight = log_choose(k, shared) + log_choose(n - k, k - shared)
    log_weight -= log_choose(n, np.array(k))
    log_miss = math.log1p(-(c + 0.5) / (n + 1))
    second_moment = float(np.exp(log_weight + (2 * k - shared) * log_miss).sum())
    return max(second_moment - math.exp(2 * k * log_miss), 0.0)
