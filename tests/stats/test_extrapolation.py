"""The law beyond n: known values, recovered parameters, gradients, and what has no fit."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import betabinom

from boundary.stats import BetaLaw, extrapolate, fit_beta
from boundary.stats.extrapolation import _cost

LAW = BetaLaw(0.3, 0.7, 0.0, 0.0)


def test_the_worked_example():
    np.testing.assert_allclose(
        LAW.pass_at([1, 16, 128, 1024]), [0.3, 0.6669, 0.8204, 0.9037], atol=5e-5
    )
    product = 1 - np.prod([(0.7 + i) / (1.0 + i) for i in range(16)])
    assert LAW.pass_at([16])[0] == pytest.approx(product, rel=1e-12)


def test_parameters_are_found_again():
    rng = np.random.default_rng(0)
    counts = rng.binomial(64, rng.beta(0.4, 1.1, 20_000))
    law = fit_beta(counts, 64)
    assert law is not None
    assert (law.alpha, law.beta) == pytest.approx((0.4, 1.1), rel=0.05)
    assert law.log_likelihood < 0


def test_a_share_that_is_never_solved_is_found_and_fits_better():
    rng = np.random.default_rng(1)
    rates = np.where(rng.random(20_000) < 0.3, 0.0, rng.beta(1.5, 2.0, 20_000))
    counts = rng.binomial(64, rates)
    plain, mixed = (fit_beta(counts, 64, never=never) for never in (False, True))
    assert plain is not None
    assert mixed is not None
    assert mixed.never == pytest.approx(0.3, abs=0.02)
    assert (mixed.alpha, mixed.beta) == pytest.approx((1.5, 2.0), rel=0.1)
    assert mixed.log_likelihood > plain.log_likelihood + 100
    assert mixed.pass_at([10**6])[0] <= 1 - mixed.never + 1e-12


@pytest.mark.parametrize("point", [(-0.5, 0.4), (-0.5, 0.4, -1.0), (1.0, 2.0, 0.5)])
def test_the_gradient_and_the_likelihood(point):
    counts, sizes, weights = np.array([0, 3, 9]), np.array([9, 9, 12]), np.array([4.0, 1.0, 2.0])
    x = np.array(point)
    slope = approx_fprime(x, lambda at: _cost(at, counts, sizes, weights)[0], 1e-7)
    np.testing.assert_allclose(_cost(x, counts, sizes, weights)[1], slope, atol=1e-5)
    if len(point) == 2:
        law = betabinom(sizes, *np.exp(x))
        ways = betabinom(sizes, 1, 1)  # each count equally likely, so the ways to it drop out
        want = law.logpmf(counts) - ways.logpmf(counts)
        ours = -_cost(x, counts, sizes, weights)[0] * weights.sum()
        flat = -_cost(np.zeros(2), counts, sizes, weights)[0] * weights.sum()
        assert ours - flat == pytest.approx(float(weights @ want))


@pytest.mark.parametrize("counts", [[0, 0, 0], [8, 8]])
def test_where_nothing_varies_nothing_is_fitted(counts):
    assert fit_beta(counts, 8) is None
    assert extrapolate(counts, 8, [16], np.random.default_rng(0)) is None


def test_an_extrapolation_covers_the_truth_of_its_own_law():
    rng = np.random.default_rng(2)
    hits = []
    for _ in range(10):
        counts = rng.binomial(32, rng.beta(0.3, 0.7, 300))
        found = extrapolate(counts, 32, [64, 1024], rng, refits=30)
        assert found is not None
        assert (found.low <= found.mean).all()
        assert (found.mean <= found.high).all()
        hits.append(
            (found.low <= LAW.pass_at([64, 1024])) & (LAW.pass_at([64, 1024]) <= found.high)
        )
    assert np.mean(hits) > 0.75
