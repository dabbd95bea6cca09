"""How success rates vary, and when a stop rule ends a problem: against enumeration and chance."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from boundary.errors import ConfigError
from boundary.records import Design
from boundary.stats import Rates, expected_samples, fit_rates, simulated_samples

DESIGN = Design(2, (3, 5, 8))


def rng(seed=0):
    return np.random.default_rng(seed)


def law(alpha, beta):
    return Rates(np.array([float(alpha)]), np.array([float(beta)]))


def mean_of(rates):
    return rates.alpha / (rates.alpha + rates.beta)


def correlation_of(rates):
    return 1 / (rates.alpha + rates.beta + 1)


def taken(outcomes, design):
    """The stop rule by its definition."""
    return next(
        (n for n in design.looks if sum(outcomes[:n]) >= design.stop_after), design.looks[-1]
    )


def by_enumeration(p, design):
    last = design.looks[-1]
    return sum(
        taken(s, design) * p ** sum(s) * (1 - p) ** (last - sum(s))
        for s in itertools.product((0, 1), repeat=last)
    )


@pytest.mark.parametrize("p", [Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)])
@pytest.mark.parametrize("design", [DESIGN, Design(1, (2, 9)), Design(4, (3, 9)), Design(2, (6,))])
def test_a_point_mass_takes_what_every_string_together_takes(p, design):
    many = 1e6
    found = expected_samples(
        design, law(float(p) * many, float(1 - p) * many), np.array([0]), np.array([0])
    )
    assert found[0] == pytest.approx(float(by_enumeration(p, design)), rel=2e-5)


def test_a_uniform_rate_takes_the_mean_over_all_rates():
    exact = np.mean([by_enumeration(p, DESIGN) for p in (np.arange(100) + 0.5) / 100])
    found = expected_samples(DESIGN, law(1, 1), np.array([0]), np.array([0]))
    assert found[0] == pytest.approx(exact, rel=1e-3)


def test_what_was_seen_of_a_problem_moves_its_expectation():
    found = expected_samples(DESIGN, law(1, 1), np.array([0, 0, 4]), np.array([0, 4, 4]))
    # After c of 4 under a uniform law the rate is Beta(1 + c, 5 - c).
    apart = [expected_samples(DESIGN, law(a, b), np.array([0]), np.array([0]))[0]
             for a, b in ((1, 1), (1, 5), (5, 1))]  # fmt: skip
    np.testing.assert_allclose(found, apart)
    assert found[1] > found[0] > found[2]


def test_simulated_runs_average_to_the_expectation():
    rates = Rates(np.full(4000, 0.4), np.full(4000, 1.1))
    correct, n = np.array([0, 2, 0, 0]), np.array([4, 4, 0, 0])
    totals = simulated_samples(DESIGN, rates, correct, n, rng())
    assert totals.shape == (4000,)
    assert set(totals) <= set(range(4 * 3, 4 * 8 + 1))
    error = totals.std() / len(totals) ** 0.5
    assert abs(totals.mean() - expected_samples(DESIGN, rates, correct, n).sum()) < 4 * error


@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 1.2), (2.0, 2.0), (30.0, 10.0)])
def test_many_problems_give_back_their_law(alpha, beta):
    p = rng(1).beta(alpha, beta, 2000)
    correct = rng(2).binomial(16, p)
    rates = fit_rates(correct, np.full(2000, 16), rng())
    assert mean_of(rates).mean() == pytest.approx(alpha / (alpha + beta), abs=0.02)
    assert correlation_of(rates).mean() == pytest.approx(1 / (alpha + beta + 1), abs=0.02)


def test_the_posterior_is_the_prior_s_where_one_sample_tells_nothing_of_it():
    # One sample of one problem: the mean becomes Beta(2, 1), the correlation stays uniform.
    rates = fit_rates(np.array([1]), np.array([1]), rng())
    assert mean_of(rates).mean() == pytest.approx(2 / 3, abs=0.01)
    assert correlation_of(rates).mean() == pytest.approx(1 / 2, abs=0.02)
    np.testing.assert_allclose(
        np.quantile(mean_of(rates), [0.1, 0.5, 0.9]), np.sqrt([0.1, 0.5, 0.9]), atol=0.02
    )


@pytest.mark.parametrize(("hits", "centre"), [(0, 1 / 66), (4, 65 / 66)])
def test_all_wrong_and_all_right_leave_a_range_open(hits, centre):
    rates = fit_rates(np.full(16, hits), np.full(16, 4), rng())
    low, high = np.quantile(mean_of(rates), [0.05, 0.95])
    assert low < centre < high
    assert 0.02 < high - low < 0.25
    assert np.isfinite([rates.alpha, rates.beta]).all()


def test_most_ranges_hold_the_truth():
    """80 % ranges of the mean, over 200 calibrations of 16 problems with 4 samples."""
    source, hits = rng(7), 0
    for _ in range(200):
        alpha, beta = 0.5, 1.0
        correct = source.binomial(4, source.beta(alpha, beta, 16))
        low, high = np.quantile(mean_of(fit_rates(correct, np.full(16, 4), source)), [0.1, 0.9])
        hits += low <= 1 / 3 <= high
    assert 0.72 <= hits / 200 <= 0.92


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="5 correct of n = 4"):
        fit_rates(np.array([5]), np.array([4]), rng())
