"""How many problems, and how many samples of each, a paired comparison at k needs.

The test is of the mean over P problems of D = other's pass@k minus base's, each estimated without
bias; its variance over problems is

    V(D) = V(base's estimate) + V(other's estimate) - 2 Cov(base's pass@k, other's pass@k).

The first two hold the spread of the problems and the noise of n samples, both exactly for a
success rate that is Beta over problems: the variance of the estimate under the beta-binomial law.
The noise of two arms is independent, so that only the true rates covary. Their rates are taken to
be joined by a Gaussian copula, whose correlation is the one that explains the covariance of the
arms' rates in a calibration on the same problems. The paired t test at the two-sided 5 % level
then has power nct(delta sqrt(P / V(D))), noncentral t with P - 1 degrees of freedom.
"""

from functools import lru_cache
from math import log
from typing import NamedTuple

import numpy as np

from boundary.records import Design
from boundary.stats.adaptive import adaptive_pass_at_k, strings
from boundary.stats.arrays import FloatArray, IntArray
from boundary.stats.estimators import pass_at_k
from boundary.stats.rates import Rates, log_choose, log_ratio

LEVEL, POWER = 0.05, 0.8
MOST_CORRELATION = 0.95
"""A short calibration cannot show that two arms find the same problems equally hard."""
_ORDERS = np.arange(1, 40)
_LATENT = np.linspace(-6.0, 6.0, 201)
_RESOLUTION = 96


class Pair(NamedTuple):
    """Two arms on the same problems: their laws, and how their pass@k goes together.

    ``correlation`` is that of the copula and ``covariance`` that of both arms' true pass@k, (B,)
    each: one for each pair of laws.
    """

    base: Rates
    other: Rates
    k: int
    correlation: FloatArray
    covariance: FloatArray


def pair_rates(
    base: Rates,
    other: Rates,
    k: int,
    observed: tuple[FloatArray, FloatArray] | None,
    rng: np.random.Generator,
) -> Pair:
    """Find how pass@k of two arms goes together.

    Args:
        base: The base's laws.
        other: The other arm's.
        k: Draw size.
        observed: (P,) rates of the base, and of the other on the same problems; without them the
            arms count as independent, which asks for the most problems.
        rng: Source of a Bayesian bootstrap of the problems, one for each pair of laws.

    Returns:
        The pair, its correlation in [0, MOST_CORRELATION].
    """
    if observed is None or len(observed[0]) < 2:
        return joined(base, other, k, np.zeros(len(base.alpha)))
    x, y = observed
    weights = rng.dirichlet(np.ones(len(x)), size=len(base.alpha))
    covariance = (weights @ (x * y) - (weights @ x) * (weights @ y)) * len(x) / (len(x) - 1)
    grid = np.linspace(0.0, MOST_CORRELATION, _RESOLUTION)
    possible = (_terms(base, 1) * _terms(other, 1)) @ (grid ** _ORDERS[:, None])
    rising = np.maximum.accumulate(possible, axis=1)
    r = np.array([np.interp(*each, grid) for each in zip(covariance, rising, strict=True)])
    return joined(base, other, k, r)


def joined(base: Rates, other: Rates, k: int, correlation: FloatArray) -> Pair:
    """Two arms whose rates are joined by a copula of that (B,) correlation, below 1."""
    terms = _terms(base, k) * _terms(other, k)
    return Pair(base, other, k, correlation, (terms * correlation[:, None] ** _ORDERS).sum(axis=1))


def _terms(rates: Rates, k: int) -> FloatArray:
    """(B, M) Hermite coefficients, from the first, of pass@k as a function of a normal variable.

    Two arms whose variables correlate by r have the covariance ``sum r^m a_m b_m`` (Mehler 1866).
    """
    from numpy.polynomial.hermite_e import hermevander
    from scipy.special import betaincinv, gammaln, ndtr

    basis = hermevander(_LATENT, _ORDERS[-1])[:, 1:] / np.exp(gammaln(_ORDERS + 1) / 2)
    density = np.exp(-(_LATENT**2) / 2) / np.sqrt(2 * np.pi) * (_LATENT[1] - _LATENT[0])
    p = betaincinv(rates.alpha[:, None], rates.beta[:, None], ndtr(_LATENT))
    terms: FloatArray = (-np.expm1(k * np.log1p(-np.minimum(p, 1 - 1e-12))) * density) @ basis
    return terms


class Estimates(NamedTuple):
    """What a problem can show at the end of its sampling: (S,) each."""

    n: IntArray
    correct: IntArray
    log_ways: FloatArray
    pass_at_k: FloatArray


@lru_cache(maxsize=32)
def possible_estimates(design: Design, k: int) -> Estimates:
    """Every count that a stop rule can end at, its number of strings and its pass@k.

    A design with one look is a run of a fixed n.

    Raises:
        SampleSizeError: k exceeds the last look.
    """
    last = design.looks[-1]
    if len(design.looks) == 1:
        c = np.arange(last + 1)
        return Estimates(
            np.full(last + 1, last), c, log_choose(last, c), pass_at_k(c, last, [k])[:, 0]
        )
    ends = [
        (n, c, log(ways))
        for n in design.looks
        for c in range(0 if n == last else design.stop_after, n + 1)
        if (ways := strings(design, 0, n, c))
    ]
    sizes, counts = (np.array([end[place] for end in ends]) for place in (0, 1))
    rates = adaptive_pass_at_k(counts, sizes, [k], design)[:, 0]
    return Estimates(sizes, counts, np.array([end[2] for end in ends]), rates)


def estimate_moments(rates: Rates, found: Estimates) -> tuple[FloatArray, FloatArray]:
    """Mean and variance over problems of one arm's estimate.

    Returns:
        (B,) each: the noise of the samples and the spread of the problems together.
    """
    alpha, beta = rates.alpha[:, None], rates.beta[:, None]
    chance = np.exp(found.log_ways + log_ratio(alpha, beta, found.correct, found.n))
    mean = chance @ found.pass_at_k
    variance: FloatArray = np.maximum(chance @ found.pass_at_k**2 - mean**2, 0.0)
    return mean, variance


def difference_variance(pair: Pair, designs: tuple[Design, Design], gap: float) -> FloatArray:
    """Variance over problems of the difference of two arms' estimates.

    It is at least what such a gap itself brings: where pass@k is all or nothing on each problem,
    a gap of delta has a share delta of the problems change hands, with variance
    ``delta (1 - delta)``; between, that is scaled by how much of all or nothing there is,
    ``V / (mean (1 - mean))``.

    Args:
        pair: Both arms.
        designs: How the base is drawn, and how the other.
        gap: The gap to be found, in (0, 1).

    Returns:
        (B,) variances, one under each pair of laws.
    """
    arms = [
        estimate_moments(rates, possible_estimates(design, pair.k))
        for rates, design in zip((pair.base, pair.other), designs, strict=True)
    ]
    outright = [v / np.maximum(m * (1 - m), 1e-12) for m, v in arms]
    least = gap * (1 - gap) * np.clip(np.mean(outright, axis=0), 0.0, 1.0)
    variance: FloatArray = np.maximum(arms[0][1] + arms[1][1] - 2 * pair.covariance, least)
    return variance


def paired_power(gap: float, variance: float, problems: int) -> float:
    """Chance that a paired t test finds a gap, with its sign, at the two-sided 5 % level.

    Args:
        gap: The true mean difference, above 0.
        variance: Of the difference, over problems.
        problems: At least 2; with fewer there is no test, and no power.
    """
    from scipy.special import nctdtr, stdtrit

    if problems < 2:
        return 0.0
    if variance <= 0:
        return 1.0
    degrees = problems - 1
    shift = gap * (problems / variance) ** 0.5
    return 1.0 - float(nctdtr(degrees, shift, stdtrit(degrees, 1 - LEVEL / 2)))


def problems_needed(gap: float, variance: float) -> int:
    """Fewest problems with which :func:`paired_power` is at least 80 %."""
    from scipy.special import ndtri

    normal = (ndtri(1 - LEVEL / 2) + ndtri(POWER)) ** 2 * variance / gap**2
    problems = max(2, int(normal))
    while paired_power(gap, variance, problems) < POWER:
        problems += 1
    return problems
