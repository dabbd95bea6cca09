"""Power of a paired comparison: against textbooks, exact sums and simulated studies."""

import numpy as np
import pytest
from scipy import stats as reference
from scipy.special import betaincinv, ndtr, ndtri

from boundary.errors import SampleSizeError
from boundary.records import Design
from boundary.stats import (
    Rates,
    adaptive_pass_at_k,
    difference_variance,
    fit_rates,
    pair_rates,
    paired_power,
    pass_at_k,
    problems_needed,
    stopping_state,
)
from boundary.stats.power import estimate_moments, joined, possible_estimates

BASE, OTHER = (0.4, 0.9), (0.7, 0.8)
FIXED = Design(1, (32,))
ADAPTIVE = Design(4, (8, 16, 32))


def rng(seed=0):
    return np.random.default_rng(seed)


def law(alpha, beta):
    return Rates(np.array([float(alpha)]), np.array([float(beta)]))


def pair(k, correlation):
    return joined(law(*BASE), law(*OTHER), k, np.array([correlation]))


def rates_of(problems, correlation, source):
    """Success rates of both arms on the same problems, joined by a Gaussian copula."""
    one, two = source.normal(size=(2, problems))
    two = correlation * one + (1 - correlation**2) ** 0.5 * two
    return betaincinv(*BASE, ndtr(one)), betaincinv(*OTHER, ndtr(two))


@pytest.mark.parametrize("problems", [5, 30, 500])
@pytest.mark.parametrize("gap", [0.03, 0.1])
def test_power_is_that_of_the_paired_t_test(problems, gap):
    shift = gap * (problems / 0.05) ** 0.5
    critical = reference.t.isf(0.025, problems - 1)
    expected = reference.nct.sf(critical, problems - 1, shift)
    assert paired_power(gap, 0.05, problems) == pytest.approx(expected, abs=1e-9)


def test_many_problems_have_the_power_of_the_normal_textbook_formula():
    wanted = (ndtri(0.975) + ndtri(0.8)) ** 2 * 0.04 / 0.01**2
    assert problems_needed(0.01, 0.04) == pytest.approx(wanted, abs=3)
    assert paired_power(0.01, 0.04, round(wanted)) == pytest.approx(0.8, abs=1e-3)


def test_a_textbook_sample_size():
    # G*Power 3.1, matched pairs, dz = 0.5, two-sided .05, power .80: 34 pairs.
    assert problems_needed(0.5, 1.0) == 34
    # The same for dz = 0.2: 199.
    assert problems_needed(0.2, 1.0) == 199


@pytest.mark.parametrize("variance", [1e-6, 0.01, 0.2])
@pytest.mark.parametrize("gap", [0.02, 0.3])
def test_the_problems_needed_are_the_fewest(gap, variance):
    found = problems_needed(gap, variance)
    assert paired_power(gap, variance, found) >= 0.8
    assert found == 2 or paired_power(gap, variance, found - 1) < 0.8


def test_no_test_has_no_power_and_no_noise_all_of_it():
    assert paired_power(0.1, 0.1, 1) == 0
    assert paired_power(0.1, 0.0, 2) == 1


@pytest.mark.parametrize("design", [FIXED, ADAPTIVE], ids=["fixed", "adaptive"])
@pytest.mark.parametrize("k", [1, 8, 32])
def test_moments_are_those_of_simulated_estimates(design, k):
    source = rng(3)
    p = source.beta(*BASE, 20_000)
    outcomes = source.random((20_000, 32)) < p[:, None]
    states = [stopping_state(row, design) for row in outcomes]
    if design is FIXED:
        estimates = pass_at_k(outcomes.sum(axis=1), 32, [k])[:, 0]
    else:
        sizes = np.array([state.n for state in states])
        counts = np.array([state.correct for state in states])
        estimates = adaptive_pass_at_k(counts, sizes, [k], design)[:, 0]
    mean, variance = estimate_moments(law(*BASE), possible_estimates(design, k))
    error = (estimates.var() / len(estimates)) ** 0.5
    assert abs(estimates.mean() - mean[0]) < 4 * error
    assert estimates.var() == pytest.approx(variance[0], rel=0.06)


@pytest.mark.parametrize("design", [FIXED, ADAPTIVE], ids=["fixed", "adaptive"])
def test_the_estimates_of_a_design_are_all_there_is(design):
    found = possible_estimates(design, 4)
    for p in (0.03, 0.4, 0.97):
        chance = np.exp(
            found.log_ways + found.correct * np.log(p) + (found.n - found.correct) * np.log1p(-p)
        )
        assert chance.sum() == pytest.approx(1, abs=1e-10)
        assert chance @ found.pass_at_k == pytest.approx(1 - (1 - p) ** 4, abs=1e-10)


def test_a_k_beyond_the_design_is_refused():
    with pytest.raises(SampleSizeError):
        possible_estimates(FIXED, 33)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("k", [1, 16])
def test_the_covariance_of_a_copula_is_that_of_simulated_rates(correlation, k):
    x, y = rates_of(200_000, correlation, rng(5))
    seen = np.cov(1 - (1 - x) ** k, 1 - (1 - y) ** k)[0, 1]
    assert pair(k, correlation).covariance[0] == pytest.approx(seen, abs=0.002)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_a_large_calibration_finds_how_arms_go_together(correlation):
    source = rng(11)
    x, y = rates_of(3000, correlation, source)
    n = np.full(3000, 8)
    base, other = (source.binomial(8, p) for p in (x, y))
    laws = fit_rates(base, n, source), fit_rates(other, n, source)
    found = pair_rates(*laws, 16, (base / 8, other / 8), source)
    assert found.correlation.mean() == pytest.approx(correlation, abs=0.06)
    designs = (FIXED, FIXED)
    exact = difference_variance(pair(16, correlation), designs, 0.03)[0]
    assert difference_variance(found, designs, 0.03).mean() == pytest.approx(exact, rel=0.08)


def test_without_a_common_calibration_arms_count_as_independent():
    found = pair_rates(law(*BASE), law(*OTHER), 4, None, rng())
    assert (found.correlation[0], found.covariance[0]) == (0, 0)
    alone = [estimate_moments(law(*a), possible_estimates(FIXED, 4))[1][0] for a in (BASE, OTHER)]
    assert difference_variance(found, (FIXED, FIXED), 0.03)[0] == pytest.approx(sum(alone))


def test_arms_that_solve_everything_still_change_hands_where_there_is_a_gap():
    sure = law(50.0, 0.5)
    (variance,) = difference_variance(joined(sure, sure, 4, np.zeros(1)), (FIXED, FIXED), 0.03)
    spread = estimate_moments(sure, possible_estimates(FIXED, 4))[1][0]
    assert variance > 10 * spread
    assert variance <= 0.03 * 0.97


@pytest.mark.parametrize(("k", "correlation", "problems"), [(1, 0.8, 24), (16, 0.5, 40)])
def test_power_is_that_of_simulated_studies(k, correlation, problems):
    """2,000 studies with n = 32, each tested as scipy tests pairs."""
    source, studies = rng(13), 2000
    means = [estimate_moments(law(*a), possible_estimates(FIXED, k))[0][0] for a in (BASE, OTHER)]
    gap = means[1] - means[0]
    x, y = rates_of(problems * studies, correlation, source)
    one, two = (
        pass_at_k(source.binomial(32, p), 32, [k])[:, 0].reshape(studies, problems) for p in (x, y)
    )
    tested = reference.ttest_rel(two, one, axis=1)
    found = ((tested.pvalue < 0.05) & (tested.statistic > 0)).mean()
    variance = difference_variance(pair(k, correlation), (FIXED, FIXED), 1e-6)[0]
    # Four standard errors of the share, and a point for rates that are not normal.
    assert paired_power(gap, variance, problems) == pytest.approx(found, abs=0.055)
    assert 0.3 < found < 0.97
