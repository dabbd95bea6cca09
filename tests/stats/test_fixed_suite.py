"""Intervals for these very problems: their variance by enumeration, and what they cover."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom

from boundary.errors import SampleSizeError
from boundary.stats import (
    Intervals,
    fixed_suite_gap_intervals,
    fixed_suite_intervals,
    normal_p,
    pass_at_k,
    wilson,
    within_problem_variance,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_fixed_suite_of_two_arms_against_simulation():
    draw, n, ks = rng(16), 32, np.array([1, 8, 32])
    rates = draw.beta(0.5, 1.0, size=(2, 60))
    truth = np.diff([(1 - (1 - p[:, None]) ** ks).mean(axis=0) for p in rates], axis=0)[0]
    hits = []
    for _ in range(80):
        counts = draw.binomial(n, rates)
        found = fixed_suite_gap_intervals(*((c, np.full(60, n)) for c in counts), ks)
        hits.append((found.low <= truth) & (truth <= found.high))
    assert (np.mean(hits, axis=0) > 0.85).all()
    certain = (np.full(5, n), np.full(5, n))
    found = fixed_suite_gap_intervals(certain, certain, np.array([1]))
    assert found.low[0] < 0 < found.high[0]


def test_p_values_of_a_normal_law():
    found = normal_p(
        np.array([0.0, 0.1]), Intervals(np.array([-0.1, 0.0]), np.array([0.1, 0.2]), ("a", "a"))
    )
    assert found == pytest.approx([1.0, 0.05])


def test_unbiased_variance_of_the_fixed_suite():
    n, p = 7, Fraction(1, 3)
    for k in (1, 2, 3):
        chances = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
        miss = [Fraction(math.comb(n - c, k), math.comb(n, k)) for c in range(n + 1)]
        want = sum(w * m * m for w, m in zip(chances, miss, strict=True)) - (1 - p) ** (2 * k)
        found = within_problem_variance(np.arange(n + 1), n, np.array([k]))[:, 0]
        mean = sum(float(w) * v for w, v in zip(chances, found, strict=True))
        assert mean == pytest.approx(float(want), rel=1e-12)


@pytest.mark.parametrize("k", [5, 6, 8])
def test_plug_in_variance_of_the_fixed_suite_against_enumeration(k):
    n = 8
    found = within_problem_variance(np.arange(n + 1), n, np.array([k]))[:, 0]
    rates = pass_at_k(np.arange(n + 1), n, [k])[:, 0]
    for c in range(n + 1):
        weights = binom.pmf(np.arange(n + 1), n, (c + 0.5) / (n + 1))
        want = weights @ rates**2 - (weights @ rates) ** 2
        assert found[c] == pytest.approx(want, rel=1e-9)


def test_fixed_suite_refuses_k_beyond_n_and_names_itself():
    with pytest.raises(SampleSizeError):
        fixed_suite_intervals(np.array([1, 2]), 4, np.array([8]))
    found = fixed_suite_intervals(np.array([1, 2]), 4, np.array([1, 4]))
    assert set(found.method) == {"fixed_suite"}
    sure = fixed_suite_intervals(np.array([9000]), 10_000, np.array([1024]))
    assert sure.method == ("wilson",)
    assert (sure.low[0], sure.high[0]) == wilson(9, 9)


def test_fixed_suite_covers_the_suite_it_was_drawn_on():
    draw, ks = rng(13), np.array([1, 4, 16, 24, 32])
    rates = draw.beta(0.5, 1.0, size=60)
    truth = (1 - (1 - rates[:, None]) ** ks).mean(axis=0)
    hits = []
    for _ in range(300):
        found = fixed_suite_intervals(draw.binomial(32, rates), 32, ks)
        hits.append((found.low <= truth) & (truth <= found.high))
    shares = np.mean(hits, axis=0)
    assert (shares > 0.89).all()
