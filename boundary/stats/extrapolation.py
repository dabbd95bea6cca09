"""pass@k beyond n from a law of success rates fitted by maximum likelihood: an extrapolation.

A problem's correct samples are beta-binomial; in the second model a share of problems is never
solved. What lies beyond n rests on the shape of the law near 0, which n samples do not see: these
numbers stand apart from measured ones, and are called extrapolated wherever they are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boundary.stats.arrays import LEVEL, TOLERANCE, FloatArray, IntArray
from boundary.stats.estimators import checked_counts
from boundary.stats.rates import log_ratio

REFITS = 100
_FARTHEST = 14.0
_START = (-0.7, 0.3, -2.0)


@dataclass(frozen=True, slots=True)
class BetaLaw:
    """Rates are Beta(alpha, beta), but for a share ``never`` of problems, whose rate is 0."""

    alpha: float
    beta: float
    never: float
    log_likelihood: float

    def pass_at(self, ks: IntArray | Sequence[int]) -> FloatArray:
        """(K,) mean pass@k of problems of that law, ``1 - B(a, b + k) / B(a, b)``."""
        missed = log_ratio(np.array(self.alpha), np.array(self.beta), 0, np.asarray(ks))
        found: FloatArray = -(1 - self.never) * np.expm1(missed)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Extrapolation:
    """A fitted law and the pass@k that it leads to, with the spread of refits, (K,) each.

    The limits are NaN where refits do not spread, as they say nothing then.
    """

    law: BetaLaw
    ks: IntArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray


def fit_beta(
    correct: IntArray | Sequence[int],
    n: int | IntArray | Sequence[int],
    *,
    never: bool = False,
) -> BetaLaw | None:
    """Fit the law of success rates over problems by maximum likelihood.

    Args:
        correct: (P,) correct samples per problem.
        n: Samples, one number or (P,).
        never: Let a share of problems have rate 0.

    Returns:
        The law, or ``None`` where none is likeliest: all samples wrong, or all right.

    Raises:
        ConfigError: Counts are not whole numbers in [0, n], or there are none.
        SampleSizeError: A problem has no samples.

    Source: Kazdan et al. 2025, arXiv:2510.05197; the beta-binomial of Skellam 1948.
    """
    counts, sizes = checked_counts(correct, n)
    states, times = np.unique(np.stack([counts, sizes]), axis=1, return_counts=True)
    return _fit(states, times.astype(np.float64), never=never)


def extrapolate(
    correct: IntArray | Sequence[int],
    n: int | IntArray | Sequence[int],
    ks: IntArray | Sequence[int],
    rng: np.random.Generator,
    *,
    never: bool = False,
    refits: int = REFITS,
) -> Extrapolation | None:
    """Extrapolate mean pass@k, with the spread of fits to resampled problems.

    Args:
        correct: (P,) correct samples per problem.
        n: Samples, one number or (P,).
        ks: (K,) draw sizes, of any size.
        rng: Source of the resamples.
        never: Let a share of problems have rate 0.
        refits: Resamples of the problems.

    Returns:
        The extrapolation, ``None`` where no law is likeliest. Its interval holds only what the
        law leaves open, and nothing of whether rates follow such a law.
    """
    counts, sizes = checked_counts(correct, n)
    states, inverse = np.unique(np.stack([counts, sizes]), axis=1, return_inverse=True)
    codes = np.reshape(inverse, -1)
    weights: FloatArray = np.bincount(codes).astype(np.float64)
    law = _fit(states, weights, never=never)
    if law is None:
        return None
    grid = np.asarray(ks, dtype=np.int64)
    curves = []
    for _ in range(refits):
        drawn = codes[rng.integers(0, len(codes), len(codes))]
        times: FloatArray = np.bincount(drawn, minlength=len(weights)).astype(np.float64)
        again = _fit(states, times, never=never, near=law)
        if again is not None:
            curves.append(again.pass_at(grid))
    mean = law.pass_at(grid)
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(curves, ends, axis=0) if curves else (mean, mean)
    low, high = np.minimum(low, mean), np.maximum(high, mean)
    flat = high - low <= TOLERANCE
    low[flat] = high[flat] = np.nan
    return Extrapolation(law, grid, mean, low, high)


def _fit(
    states: IntArray, weights: FloatArray, *, never: bool, near: BetaLaw | None = None
) -> BetaLaw | None:
    from scipy.optimize import minimize

    states, weights = states[:, weights > 0], weights[weights > 0]
    counts, sizes = states
    if not counts.any() or bool((counts == sizes).all()):
        return None
    start = list(_START[: 2 + never])
    if near is not None:
        start = [np.log(near.alpha), np.log(near.beta), _logit(near.never)][: 2 + never]
    found = minimize(
        _cost,
        start,
        args=(counts, sizes, weights),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_FARTHEST, _FARTHEST)] * len(start),
    )
    alpha, beta = np.exp(found.x[:2])
    share = 1 / (1 + np.exp(-found.x[2])) if never else 0.0
    return BetaLaw(float(alpha), float(beta), float(share), float(-found.fun * weights.sum()))


def _logit(share: float) -> float:
    return float(np.clip(np.log(max(share, 1e-300)) - np.log1p(-share), -_FARTHEST, _FARTHEST))


def _cost(
    x: FloatArray, counts: IntArray, sizes: IntArray, weights: FloatArray
) -> tuple[float, FloatArray]:
    """Mean negative log-likelihood of one string, and its gradient in log a, log b, logit never."""
    from scipy.special import digamma, expit

    alpha, beta = np.exp(x[:2])
    logs = log_ratio(alpha, beta, counts, sizes)
    common = digamma(alpha + beta) - digamma(alpha + beta + sizes)
    slopes = np.stack(
        [
            alpha * (digamma(alpha + counts) - digamma(alpha) + common),
            beta * (digamma(beta + sizes - counts) - digamma(beta) + common),
        ]
    )
    if len(x) > 2:
        logs, slopes = _with_never(logs, slopes, counts == 0, float(expit(x[2])))
    total = weights.sum()
    return float(-(weights @ logs) / total), -(slopes @ weights) / total


def _with_never(
    logs: FloatArray, slopes: FloatArray, is_zero: FloatArray, share: float
) -> tuple[FloatArray, FloatArray]:
    """The same where a share of problems is never solved."""
    able = np.log1p(-share) + logs
    mixed = np.where(is_zero, np.logaddexp(np.log(share), able), able)
    kept = np.exp(able - mixed)
    return mixed, np.vstack([slopes * kept, np.where(is_zero, 1 - kept - share, -share)])
