"""95 % intervals of means over a population of problems, by the method that fits the data.

Resampling problems over their unbiased estimates already holds the noise of finite n, so samples
are not resampled again. Where each problem is 0 or 1 (k = n), and wherever the bootstrap has no
width, score intervals take over: Wilson for a rate, Tango for a paired difference. Below 100
problems (or groups) the percentiles of a bootstrap are too narrow, and t intervals with added
problems replace them: docs/calibration.md compares both. No interval here has zero width.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from boundary.stats.arrays import LEVEL, TOLERANCE, FloatArray, IntArray
from boundary.stats.bootstrap import group_sums
from boundary.stats.scores import effective_size, is_binary, tango, wilson

# Fewer problems or groups than this have t intervals with added problems.
FEW = 100
_ADDED_TO_RATES, _ADDED_TO_GAPS = 2.0, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """(K,) lower and upper limits, and for each k the name of the method that made them."""

    low: FloatArray
    high: FloatArray
    method: tuple[str, ...]


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
