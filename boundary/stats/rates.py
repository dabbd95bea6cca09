"""How success rates vary over problems: a Beta law, from a few samples of each problem.

A problem's rate p is Beta(a, b) and its correct samples are binomial. Before any sample is seen,
the mean a / (a + b) and the correlation 1 / (a + b + 1) of two samples of one problem are uniform
between 0 and 1; the posterior, found on a grid of both, stands as equally likely pairs (a, b), B
of them. So a calibration that saw nothing right, or nothing wrong, still says what it leaves open.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from boundary.records import Design
from boundary.stats.arrays import FloatArray, IntArray
from boundary.stats.estimators import checked_counts

_MEANS, _CORRELATIONS, _DRAWS = 100, 60, 200


class Rates(NamedTuple):
    """Equally likely laws Beta(alpha, beta) of the success rate: (B,) each."""

    alpha: FloatArray
    beta: FloatArray


def fit_rates(correct: IntArray, n: IntArray, rng: np.random.Generator) -> Rates:
    """Laws of the success rate that the counts leave plausible, in random order.

    Args:
        correct: (P,) correct samples per problem.
        n: (P,) samples per problem.
        rng: Source of the order, so that those of two arms pair at random.

    Returns:
        Draws from the posterior, spread evenly over it.

    Raises:
        ConfigError: Counts are not whole numbers in [0, n], or there are none.
        SampleSizeError: A problem has no samples.
    """
    counts, sizes = checked_counts(correct, n)
    mean, correlation = np.meshgrid(_nodes(_MEANS), _nodes(_CORRELATIONS), indexing="ij")
    total = 1 / correlation - 1
    alpha, beta = mean * total, (1 - mean) * total
    # Nodes are denser towards 0 and 1; the weights make the prior uniform again.
    log_weight = np.log(mean * (1 - mean) * correlation * (1 - correlation)) / 2
    states, repeats = np.unique(np.stack([counts, sizes]), axis=1, return_counts=True)
    for (hits, tries), times in zip(states.T, repeats, strict=True):
        log_weight += times * log_ratio(alpha, beta, hits, tries)
    weight = np.exp(log_weight - log_weight.max()).ravel().cumsum()
    places = np.searchsorted(weight, (np.arange(_DRAWS) + 0.5) / _DRAWS * weight[-1])
    places = rng.permutation(places)
    return Rates(alpha.ravel()[places], beta.ravel()[places])


def _nodes(count: int) -> FloatArray:
    """Points in (0, 1), sin^2 of evenly spaced angles."""
    nodes: FloatArray = np.sin(np.pi / 2 * (np.arange(count) + 0.5) / count) ** 2
    return nodes


def log_ratio(
    alpha: FloatArray, beta: FloatArray, hits: IntArray | int, tries: IntArray | int
) -> FloatArray:
    """Log-probability of one string of ``tries`` samples with ``hits`` correct ones."""
    from scipy.special import betaln

    ratio: FloatArray = betaln(alpha + hits, beta + (tries - hits)) - betaln(alpha, beta)
    return ratio


def log_choose(n: int, c: IntArray) -> FloatArray:
    """Logarithm of the number of ways to choose c of n."""
    from scipy.special import gammaln

    ways: FloatArray = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    return ways


def expected_samples(design: Design, rates: Rates, correct: IntArray, n: IntArray) -> FloatArray:
    """Samples that a problem takes until a stop rule ends it, given what was seen of it.

    The sum over blocks of a block's size times the chance that the looks before it had fewer
    than ``stop_after`` correct, which is beta-binomial.

    Args:
        design: The stop rule.
        rates: Laws of the success rate.
        correct: (P,) correct samples seen before, in a run apart.
        n: (P,) samples seen; 0 for a problem never asked.

    Returns:
        (P,) expectations, over all laws.
    """
    states, inverse = np.unique(np.stack([correct, n]), axis=1, return_inverse=True)
    hits, tries = states
    alpha, beta = rates.alpha[:, None] + hits, rates.beta[:, None] + (tries - hits)
    taken = np.full(alpha.shape, float(design.looks[0]))
    for low, high in pairwise(design.looks):
        taken += (high - low) * _chance_below(design.stop_after, low, alpha, beta)
    expected: FloatArray = taken.mean(axis=0)[np.reshape(inverse, -1)]
    return expected


def _chance_below(limit: int, n: int, alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """Chance of fewer than ``limit`` correct among n samples."""
    if limit > n:
        return np.ones_like(alpha)
    ways = log_choose(n, np.arange(limit))
    terms = (np.exp(ways[c] + log_ratio(alpha, beta, c, n)) for c in range(limit))
    return np.minimum(sum(terms, np.zeros_like(alpha)), 1.0)


def simulated_samples(
    design: Design, rates: Rates, correct: IntArray, n: IntArray, rng: np.random.Generator
) -> IntArray:
    """Samples that a whole run takes, once under each law.

    Args:
        design: The stop rule.
        rates: Laws of the success rate.
        correct: (P,) correct samples seen before, in a run apart.
        n: (P,) samples seen; 0 for a problem never asked.
        rng: Source of the rates and of the samples.

    Returns:
        (B,) totals over the problems.
    """
    p = rng.beta(rates.alpha[:, None] + correct, rates.beta[:, None] + (n - correct))
    taken = np.full(p.shape, design.looks[0])
    hits = rng.binomial(design.looks[0], p)
    for low, high in pairwise(design.looks):
        goes_on = hits < design.stop_after
        taken[goes_on] = high
        hits[goes_on] += rng.binomial(high - low, p[goes_on])
    totals: IntArray = taken.sum(axis=1)
    return totals
