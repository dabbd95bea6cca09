"""Arms in the order of their training steps: does pass@k rise or fall along it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boundary.errors import ConfigError
from boundary.stats.arrays import LEVEL, TOLERANCE, FloatArray, IntArray
from boundary.stats.bootstrap import bootstrap_means
from boundary.stats.contrasts import permutation_p


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope of the mean rate per step, its 95 % interval, an exact paired p, and rank order.

    The limits are NaN where all problems have the same slope. ``spearman`` correlates the means'
    ranks with the steps'.
    """

    slope: float
    low: float
    high: float
    p_value: float
    spearman: float


def trend(
    steps: Sequence[float],
    rates: FloatArray,
    rng: np.random.Generator,
    *,
    resamples: int = 2000,
    groups: IntArray | None = None,
) -> Trend:
    """Fit a line through the mean rates of several checkpoints, paired by problem.

    Each problem has its own least-squares slope. Where the step is of no account, reading the
    series backwards is as likely: the p-value flips the signs of the problems' slopes.

    Args:
        steps: (A,) rising steps.
        rates: (A, P) rates of the same problems.
        rng: Source of resamples and flips.
        resamples: Bootstrap resamples of problems or groups.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        The trend.

    Raises:
        ConfigError: There are fewer than two steps, or they do not rise.

    Source: Page 1963, JASA 58 (ordered alternatives in blocks), with a linear score.
    """
    places = np.asarray(steps, dtype=np.float64)
    if len(places) < 2 or len(places) != len(rates) or bool((np.diff(places) <= 0).any()):
        raise ConfigError(f"a series over the steps {list(steps)}", remedy="give rising steps")
    scores = (places - places.mean()) / ((places - places.mean()) ** 2).sum()
    slopes = (scores @ rates)[:, None]
    means = bootstrap_means(slopes, rng, resamples=resamples, groups=groups)[:, 0]
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    slope = float(slopes.mean())
    flat = high - low <= TOLERANCE * np.abs(scores).max()
    return Trend(
        slope=slope,
        low=math.nan if flat else min(float(low), slope),
        high=math.nan if flat else max(float(high), slope),
        p_value=float(permutation_p(slopes, rng, groups=groups)[0]),
        spearman=_spearman(rates.mean(axis=1)),
    )


def _spearman(means: FloatArray) -> float:
    """Rank correlation with 0, 1, 2, …; 0 where all means are equal."""
    below = (means[:, None] > means).sum(axis=1)
    ranks = below + ((means[:, None] == means).sum(axis=1) - 1) / 2
    if np.ptp(ranks) == 0:
        return 0.0
    return float(np.corrcoef(np.arange(len(means)), ranks)[0, 1])
