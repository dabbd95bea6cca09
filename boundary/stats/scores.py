"""Score intervals of proportions and of their paired differences, where each problem is 0 or 1."""

import math
from statistics import NormalDist

from boundary.stats.arrays import LEVEL, TOLERANCE, FloatArray, IntArray
from boundary.stats.bootstrap import group_sums


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
    z2 = normal_quantile(level) ** 2
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
    z = normal_quantile(level)
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


def normal_quantile(level: float) -> float:
    """How many standard errors a normal interval of that coverage reaches to either side."""
    return NormalDist().inv_cdf((1 + level) / 2)
