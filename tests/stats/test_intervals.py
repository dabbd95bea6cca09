"""Which interval is made of which data: none without width, each holding its estimate."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from boundary.stats import (
    bootstrap_means,
    default_ks,
    fixed_suite_intervals,
    gap_intervals,
    pass_at_k,
    rate_intervals,
)

Z = 1.959963984540054


def rng(seed=0):
    return np.random.default_rng(seed)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 16), st.data())
def test_no_interval_has_zero_width(problems, n, data):
    cell = st.sampled_from([0, 1, n // 2, n])
    row = st.lists(cell, min_size=problems, max_size=problems)
    counts = [np.array(data.draw(row)) for _ in range(2)]
    labels = st.lists(st.integers(0, 2), min_size=problems, max_size=problems)
    groups = data.draw(st.none() | labels.map(np.array))
    ks = np.unique([*default_ks(n).tolist(), n])
    base, other = (pass_at_k(c, n, ks) for c in counts)
    means = [bootstrap_means(t, rng(3), resamples=30, groups=groups) for t in (base, other)]
    rates = [rate_intervals(base, means[0], groups), fixed_suite_intervals(counts[0], n, ks)]
    gaps = gap_intervals(base, other, means[1] - means[0], groups)
    for limits, estimate, least, width in [
        (rates[0], base.mean(axis=0), 0, 1e-6),
        # Known problems can be all but sure to be solved: c = n = 10 leaves 4e-7 at k = 10.
        (rates[1], base.mean(axis=0), 0, 1e-12),
        (gaps, (other - base).mean(axis=0), -1, 1e-6),
    ]:
        assert (limits.high - limits.low > width).all()
        assert (limits.low >= least).all()
        assert (limits.high <= 1).all()
        assert (limits.low <= estimate + 1e-12).all()
        assert (limits.high >= estimate - 1e-12).all()


def test_an_interval_holds_its_estimate_with_a_handful_of_resamples():
    table = np.repeat([[0.2], [0.4], [0.9]], 40, axis=0)
    found = rate_intervals(table, np.array([[0.6], [0.8]]))
    assert found.low[0] == pytest.approx(0.5)
    assert found.high[0] == pytest.approx(0.795)


def by_hand(values, added, quantile):
    """Mean and t limits of a list of values with others added to it."""
    weights = np.concatenate([np.ones(len(values)), [w for _, w in added]])
    whole = np.concatenate([values, [v for v, _ in added]])
    total = weights.sum()
    mean = (weights * whole).sum() / total
    half = quantile * math.sqrt((weights * (whole - mean) ** 2).sum() / total / (total - 1))
    return mean - half, mean + half


def test_few_problems_have_extreme_ones_added():
    table = np.array([[0.2], [0.4], [0.9], [0.5]])
    found = rate_intervals(table, bootstrap_means(table, rng()))
    want = by_hand(table[:, 0], [(0, 1), (1, 1)], student.ppf(0.975, 5))
    assert found.method == ("augmented",)
    assert (found.low[0], found.high[0]) == pytest.approx(want)
    gaps = gap_intervals(table, 1 - table, bootstrap_means(1 - 2 * table, rng()))
    want = by_hand(1 - 2 * table[:, 0], [(-1, 0.25), (1, 0.25)], student.ppf(0.975, 3.5))
    assert (gaps.low[0], gaps.high[0]) == pytest.approx(want)


def test_a_hundred_problems_have_their_bootstrap():
    table = rng().random((100, 1))
    means = bootstrap_means(table, rng())
    assert rate_intervals(table, means).method == ("bootstrap",)
    assert rate_intervals(table[:99], means).method == ("augmented",)
    groups = np.repeat(np.arange(50), 2)
    assert rate_intervals(table, means, groups).method == ("augmented",)


def test_intervals_of_thirty_problems_cover_where_percentiles_do_not():
    draw, ks, hits = rng(15), np.array([16, 32]), {"ours": [], "percentile": []}
    truth = np.array([1 - np.prod([(1 + i) / (1.3 + i) for i in range(k)]) for k in ks])
    table = pass_at_k(np.arange(129), 128, ks)
    for _ in range(300):
        values = table[draw.binomial(128, draw.beta(0.3, 1.0, size=30))]
        means = bootstrap_means(values, draw, resamples=400)
        found = rate_intervals(values, means)
        hits["ours"].append((found.low <= truth) & (truth <= found.high))
        low, high = np.quantile(means, [0.025, 0.975], axis=0)
        hits["percentile"].append((low <= truth) & (truth <= high))
    assert (np.mean(hits["ours"], axis=0) > 0.93).all()
    assert np.mean(hits["ours"]) > np.mean(hits["percentile"])


def test_paired_intervals_cover_the_gap():
    draw, ks, hits = rng(12), np.array([1, 16]), []
    for _ in range(400):
        easy = draw.random(100) < 0.5
        p_base = np.where(easy, 0.6, 0.02)
        counts = [draw.binomial(16, p) for p in (p_base, np.where(easy, 0.9, 0.01))]
        base, other = (pass_at_k(c, 16, ks) for c in counts)
        found = gap_intervals(base, other, bootstrap_means(other - base, draw, resamples=300))
        gap = [
            np.mean([(1 - a) ** k - (1 - b) ** k for a, b in ((0.6, 0.9), (0.02, 0.01))])
            for k in ks
        ]
        hits.append((found.low <= gap) & (gap <= found.high))
    shares = np.mean(hits, axis=0)
    assert (shares > 0.90).all()
    assert (shares < 0.99).all()
