"""Score intervals: published values, their own equations, and dependent problems."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

from boundary.stats import (
    bootstrap_means,
    gap_intervals,
    pass_at_k,
    rate_intervals,
    tango,
    wilson,
)

Z = 1.959963984540054


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_against_published_values(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(st.integers(1, 400), st.data())
def test_wilson_limits_solve_the_score_equation(trials, data):
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials)
    assert 0 <= low < high <= 1
    for limit in (low, high):
        if 0 < limit < 1:
            error = math.sqrt(limit * (1 - limit) / trials)
            assert abs(successes / trials - limit) / error == pytest.approx(Z, rel=1e-6)


def independent_tango(gains, losses, pairs):
    """Root of the score statistic, its nuisance parameter found by numerical maximisation."""

    def score(d):
        def negative(lost):
            cells = ((gains, lost + d), (losses, lost), (pairs - gains - losses, 1 - 2 * lost - d))
            return -sum(m * math.log(max(q, 1e-300)) for m, q in cells if m)

        ends = (max(0.0, -d), (1 - d) / 2)
        lost = minimize_scalar(negative, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
        error = math.sqrt(pairs * (2 * lost + d * (1 - d)))
        return (gains - losses - pairs * d) / error

    middle, edge = (gains - losses) / pairs, 1 - 1e-9
    return (
        brentq(lambda d: score(d) - Z, -edge, middle - 1e-9),
        brentq(lambda d: score(d) + Z, middle + 1e-9, edge),
    )


@pytest.mark.parametrize(
    ("gains", "losses", "pairs"),
    [(3, 19, 500), (0, 4, 30), (1, 1, 30), (10, 3, 40), (12, 2, 14), (0, 1, 44), (7, 25, 100)],
)
def test_tango_limits_solve_the_score_equation(gains, losses, pairs):
    want = independent_tango(gains, losses, pairs)
    assert tango(gains, losses, pairs) == pytest.approx(want, abs=1e-5)


@pytest.mark.parametrize("pairs", [1, 2, 30, 500])
def test_tango_without_discordant_pairs_has_a_closed_form(pairs):
    edge = Z**2 / (pairs + Z**2)
    assert tango(0, 0, pairs) == pytest.approx((-edge, edge), abs=1e-9)
    assert tango(pairs, 0, pairs)[1] == 1
    assert tango(0, pairs, pairs)[0] == -1


@settings(deadline=None)
@given(st.integers(1, 200), st.data())
def test_tango_holds_its_estimate_and_is_antisymmetric(pairs, data):
    gains = data.draw(st.integers(0, pairs))
    losses = data.draw(st.integers(0, pairs - gains))
    low, high = tango(gains, losses, pairs)
    assert -1 <= low < high <= 1
    assert low <= (gains - losses) / pairs <= high
    assert tango(losses, gains, pairs) == pytest.approx((-high, -low), abs=1e-12)


def test_score_intervals_where_each_problem_is_zero_or_one():
    counts, n = np.array([0, 1, 5, 8, 8, 0, 2, 8, 8, 7]), 8
    table = pass_at_k(counts, n, [1, 8])
    found = rate_intervals(table, bootstrap_means(table, rng()))
    assert found.method == ("augmented", "wilson")
    assert (found.low[1], found.high[1]) == wilson(8, 10)
    other = pass_at_k(np.full(10, 3), n, [1, 8])
    gaps = gap_intervals(table, other, bootstrap_means(other - table, rng()))
    assert gaps.method == ("augmented", "tango")
    assert (gaps.low[1], gaps.high[1]) == pytest.approx(tango(2, 0, 10))


def test_dependent_problems_count_as_their_groups_in_score_intervals():
    once = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    table, groups = np.repeat(once, 5)[:, None], np.repeat(np.arange(8), 5)
    found = rate_intervals(table, bootstrap_means(table, rng(), groups=groups), groups)
    low, high = wilson(7 / 8 * 5, 7)  # copies: 8 groups, less the one for the estimated mean
    assert (found.low[0], found.high[0]) == pytest.approx((low, high))
    flat = np.ones((40, 1))
    found = rate_intervals(flat, bootstrap_means(flat, rng(), groups=groups), groups)
    assert (found.low[0], found.high[0]) == wilson(8, 8)
