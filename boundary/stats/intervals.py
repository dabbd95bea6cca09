"""95 % intervals: bootstrap over problems or groups, score intervals, and the fixed suite.

The default target is the mean over a population of problems. Resampling problems over their
unbiased estimates already holds the noise of finite n, so samples are not resampled again.
Where each problem is 0 or 1 (k = n), and wherever the bootstrap has no width, score intervals
take over: Wilson for a rate, Tango for a paired difference. Below 100 problems (or groups) the
percentiles of a bootstrap are too narrow, and t intervals with added problems replace them:
docs/calibration.md compares both. No interval here has zero width.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from boundary.errors import ConfigError
from boundary.stats.arrays import FloatArray, IntArray
from boundary.stats.estimators import checked_counts, checked_ks, pass_at_k

LEVEL = 0.95
# Means of rates are exact to about 1e-15; the smallest step that data can make is far larger.
TOLERANCE = 1e-12
# Fewer problems or groups than this have t intervals with added problems.
FEW = 100
_ADDED_TO_RATES, _ADDED_TO_GAPS = 2.0, 0.5
# Cells of one chunk of the weight matrix: 16 MB at eight bytes each.
_CHUNK_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """(K,) lower and upper limits, and for each k the name of the method that made them."""

    low: FloatArray
    high: FloatArray
    method: tuple[str, ...]


def bootstrap_means(
    per_problem: FloatArray,
    rng: np.random.Generator,
    *,
    resamples: int = 2000,
    groups: IntArray | None = None,
) -> FloatArray:
    """Resample problems, or whole groups of dependent ones, and take the mean of each column.

    A resample draws as many groups as there are, with replacement, and divides its sum by the
    number of problems drawn. The same draw serves every column, so differences of columns are
    paired. Weights are made in chunks: memory does not grow with the number of resamples.

    Args:
        per_problem: (P, K) values.
        rng: Source of the draws.
        resamples: B, at least 1.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        (B, K) means.

    Raises:
        ConfigError: Fewer than one resample is asked for.

    Source: Efron 1979; for groups, Field and Welsh 2007 (cluster bootstrap).
    """
    if resamples < 1:
        raise ConfigError(f"{resamples} bootstrap resamples", remedy="ask for at least 1")
    sums, sizes = group_sums(per_problem, groups)
    means = np.empty((resamples, sums.shape[1]))
    for rows in chunks(resamples, len(sizes)):
        weights = _resample_weights(rows.stop - rows.start, len(sizes), rng)
        means[rows] = (weights @ sums) / (weights @ sizes)[:, None]
    return means


def chunks(rows: int, columns: int) -> Iterator[slice]:
    """Cut ``rows`` into slices whose (rows, columns) matrices stay at 16 MB."""
    step = max(1, _CHUNK_CELLS // max(columns, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def group_sums(per_problem: FloatArray, groups: IntArray | None) -> tuple[FloatArray, FloatArray]:
    """Add up the problems of each group.

    Args:
        per_problem: (P, K) values.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        (G, K) sums and (G,) numbers of problems.
    """
    if groups is None:
        return per_problem, np.ones(len(per_problem))
    _, codes = np.unique(groups, return_inverse=True)
    sums = np.zeros((int(codes.max()) + 1, per_problem.shape[1]))
    np.add.at(sums, codes, per_problem)
    return sums, np.bincount(codes).astype(np.float64)


def _resample_weights(rows: int, size: int, rng: np.random.Generator) -> FloatArray:
    """(rows, size) how often each of ``size`` groups is drawn in each resample."""
    drawn = rng.integers(0, size, size=(rows, size))
    weights = np.empty((rows, size))
    # Counted row by row, as one row's counts stay in the cache.
    for row, picks in enumerate(drawn):
        weights[row] = np.bincount(picks, minlength=size)
    return weights


def rate_intervals(
    per_problem: FloatArray, replicates: FloatArray, groups: IntArray | None = None
) -> Intervals:
    """Intervals of the mean of rates in [0, 1].

    Args:
        per_problem: (P, K) rates.
        replicates: (B, K) bootstrap means of the same columns.
        groups: (P,) group of each problem, as given to the bootstrap.

    Returns:
        Percentile intervals (``bootstrap``), or ``augmented`` with fewer than 100 problems or
        groups; ``wilson`` where each problem is 0 or 1 or the bootstrap has no width. With groups,
        Wilson counts an effective number of problems.
    """

    def score(j: int) -> tuple[float, float]:
        column = per_problem[:, j]
        size = effective_size(column, groups)
        return wilson(float(column.mean()) * size, size)

    binary = np.array([is_binary(column) for column in per_problem.T])
    found = _intervals(per_problem.mean(axis=0), replicates, binary, score, "wilson")
    few = augmented(per_problem, groups, added=_ADDED_TO_RATES, centre=0.5, lowest=0.0)
    return _for_few(found, few, binary)


def gap_intervals(
    base: FloatArray, other: FloatArray, replicates: FloatArray, groups: IntArray | None = None
) -> Intervals:
    """Intervals of the mean paired difference, other minus base, in [-1, 1].

    Args:
        base: (P, K) rates.
        other: (P, K) rates of the same problems.
        replicates: (B, K) bootstrap means of ``other - base``.
        groups: (P,) group of each problem, as given to the bootstrap.

    Returns:
        Percentile intervals (``bootstrap``), or ``augmented`` with fewer than 100 problems or
        groups; ``tango`` where each problem is 0 or 1 on both sides or the bootstrap has no width.
    """
    gaps = other - base

    def score(j: int) -> tuple[float, float]:
        column = gaps[:, j]
        size = effective_size(column, groups)
        gain = float(np.maximum(column, 0.0).mean()) * size
        loss = float(np.maximum(-column, 0.0).mean()) * size
        return tango(gain, loss, size)

    binary = np.array([is_binary(a) and is_binary(b) for a, b in zip(base.T, other.T, strict=True)])
    found = _intervals(gaps.mean(axis=0), replicates, binary, score, "tango")
    few = augmented(gaps, groups, added=_ADDED_TO_GAPS, centre=0.0, lowest=-1.0)
    return _for_few(found, few, binary)


def augmented(
    values: FloatArray,
    groups: IntArray | None,
    *,
    added: float,
    centre: float,
    lowest: float,
    level: float = LEVEL,
) -> Intervals | None:
    """T intervals of means with a few extreme problems added: half at either end of the scale.

    Rates gain one problem that is always solved and one that never is; differences a quarter of a
    problem gained and one lost. So the interval knows that problems unlike those seen exist.

    Args:
        values: (P, K) rates or differences.
        groups: (P,) group of each problem; each its own when ``None``.
        added: Problems added, half of them at ``lowest`` and half at 1.
        centre: Middle of the scale.
        lowest: Its lower end; its upper end is 1.
        level: Coverage asked for.

    Returns:
        The intervals, cut to the scale, each holding its mean; ``None`` with 100 groups or more.

    Source: Agresti and Coull 1998, American Statistician 52; Agresti and Min 2005, Statistics in
    Medicine 24 (pairs), carried over to rates between 0 and 1; measured in docs/calibration.md.
    """
    from scipy.special import stdtrit

    sums, sizes = group_sums(values, groups)
    count = len(sizes)
    if count >= FEW:
        return None
    units = sums * (count / sizes.sum())
    total, spread = count + added, (1.0 - lowest) / 2
    mean = (units.sum(axis=0) + added * centre) / total
    squares = (units**2).sum(axis=0) + added * (centre**2 + spread**2)
    variance = np.maximum(squares / total - mean**2, 0.0) / (total - 1)
    half = float(stdtrit(total - 1, (1 + level) / 2)) * np.sqrt(variance)
    own = values.mean(axis=0)
    low = np.clip(np.minimum(mean - half, own), lowest, 1.0)
    high = np.clip(np.maximum(mean + half, own), lowest, 1.0)
    return Intervals(low, high, ("augmented",) * len(own))


def _for_few(found: Intervals, few: Intervals | None, binary: np.ndarray) -> Intervals:
    """The intervals for few problems where there are any, but where each problem is 0 or 1."""
    if few is None:
        return found
    methods = zip(binary, found.method, few.method, strict=True)
    return Intervals(
        np.where(binary, found.low, few.low),
        np.where(binary, found.high, few.high),
        tuple(old if is_binary else new for is_binary, old, new in methods),
    )


def _intervals(
    mean: FloatArray,
    replicates: FloatArray,
    binary: np.ndarray,
    score: Callable[[int], tuple[float, float]],
    name: str,
) -> Intervals:
    """Percentile limits per column, and ``score(column)`` where those cannot be trusted."""
    low, high = np.quantile(replicates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    by_score = binary | (high - low <= TOLERANCE)
    for j in np.flatnonzero(by_score):
        low[j], high[j] = score(int(j))
    # An interval holds its own estimate, also with a handful of resamples.
    low, high = np.minimum(low, mean), np.maximum(high, mean)
    return Intervals(low, high, tuple(name if s else "bootstrap" for s in by_score))


def is_binary(column: FloatArray) -> bool:
    """Whether each value is exactly 0 or 1."""
    return bool(((column == 0.0) | (column == 1.0)).all())


def effective_size(values: FloatArray, groups: IntArray | None) -> float:
    """Number of independent problems that would give a mean of the same variance.

    Args:
        values: (P,) one value per problem.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        P without groups; else P over the design effect, at most P; the number of groups where
        the values do not vary, and 1 where there is one group only.

    Source: Kish 1965 (design effect); Dean and Pagano 2015 (its use in score intervals).
    """
    total = float(len(values))
    if groups is None:
        return total
    residuals = values - values.mean()
    sums, sizes = group_sums(residuals[:, None], groups)
    independent = float((residuals**2).sum())
    if len(sizes) == 1 or independent <= TOLERANCE:
        return float(len(sizes))
    clustered = float((sums**2).sum()) * len(sizes) / (len(sizes) - 1)
    return total * min(1.0, independent / max(clustered, TOLERANCE))


def wilson(successes: float, trials: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Score interval of a proportion.

    Also right, if wide, for a mean of rates: none varies more than a 0/1 value of that mean.

    Args:
        successes: Successes, or a sum of rates, in [0, trials].
        trials: Trials, above 0.
        level: Coverage asked for.

    Returns:
        Lower and upper limit in [0, 1].

    Source: Wilson 1927, JASA 22.
    """
    z2 = _normal_quantile(level) ** 2
    rate = min(max(successes / trials, 0.0), 1.0)
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = math.sqrt(z2 * rate * (1 - rate) / trials + (z2 / (2 * trials)) ** 2)
    half = spread / (1 + z2 / trials)
    # At the ends one limit is the estimate itself; rounding must not move it inside.
    low = 0.0 if rate == 0.0 else max(0.0, centre - half)
    high = 1.0 if rate == 1.0 else min(1.0, centre + half)
    return low, high


def tango(
    gains: float, losses: float, pairs: float, *, level: float = LEVEL
) -> tuple[float, float]:
    """Score interval of a paired difference of proportions, (gains - losses) / pairs.

    Holds the differences d that the score test with d as null hypothesis does not reject; the
    nuisance parameter is its maximum-likelihood value at d.

    Args:
        gains: Pairs that only the second arm solves.
        losses: Pairs that only the first arm solves.
        pairs: All pairs, above 0.
        level: Coverage asked for.

    Returns:
        Lower and upper limit in [-1, 1].

    Source: Tango 1998, Statistics in Medicine 17, 891-908.
    """
    z = _normal_quantile(level)
    upper = _tango_upper(gains, losses, pairs, z)
    return -_tango_upper(losses, gains, pairs, z), upper


def _tango_upper(gains: float, losses: float, pairs: float, z: float) -> float:
    """Largest difference that the score test keeps, found by bisection."""
    kept = (gains - losses) / pairs
    rejected = 1.0
    if _tango_keeps(rejected, (gains, losses, pairs), z):
        return rejected
    for _ in range(60):
        middle = (kept + rejected) / 2
        if _tango_keeps(middle, (gains, losses, pairs), z):
            kept = middle
        else:
            rejected = middle
    return kept


def _tango_keeps(d: float, counts: tuple[float, float, float], z: float) -> bool:
    """Whether the score test at difference d stays within z standard errors."""
    gains, losses, pairs = counts
    linear = (2 * pairs - gains + losses) * d - gains - losses
    root = math.sqrt(max(linear**2 + 8 * pairs * losses * d * (1 - d), 0.0))
    lost = max((root - linear) / (4 * pairs), 0.0, -d)
    variance = max(2 * lost + d * (1 - d), 0.0)
    return (gains - losses - pairs * d) ** 2 <= z**2 * pairs * variance


def _normal_quantile(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


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
    half = _normal_quantile(level) * np.sqrt(total) / len(sizes)
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
    half = _normal_quantile(level) * np.sqrt(total) / len(base[0])
    down = np.hypot(means[1] - sides[1].low, sides[0].high - means[0])
    up = np.hypot(sides[1].high - means[1], means[0] - sides[0].low)
    flat = half <= TOLERANCE
    low, high = gap - np.where(flat, down, half), gap + np.where(flat, up, half)
    methods = tuple("newcombe" if f else "fixed_suite" for f in flat)
    return Intervals(np.maximum(low, -1.0), np.minimum(high, 1.0), methods)


def normal_p(difference: FloatArray, limits: Intervals, *, level: float = LEVEL) -> FloatArray:
    """(K,) two-sided p-values of the normal law whose interval has that width."""
    errors = (limits.high - limits.low) / 2 / _normal_quantile(level)
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
