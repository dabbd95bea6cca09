"""Intervals against enumeration, hand and published values, independent solutions, coverage."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom
from scipy.stats import t as student

from boundary.errors import ConfigError, SampleSizeError
from boundary.stats import (
    Intervals,
    bootstrap_means,
    default_ks,
    fixed_suite_gap_intervals,
    fixed_suite_intervals,
    gap_intervals,
    intervals,
    normal_p,
    pass_at_k,
    rate_intervals,
    tango,
    wilson,
    within_problem_variance,
)

Z = 1.959963984540054


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("groups", [None, [0, 1, 2], ["a", "b", "a"], [5, 5, 5]])
def test_bootstrap_draws_every_resample_as_often_as_enumeration_says(groups):
    values = np.array([[0.0, 1.0], [0.3, 0.0], [1.0, 0.5]])
    keys = list(range(3)) if groups is None else groups
    members = [[i for i in range(3) if keys[i] == key] for key in sorted(set(keys))]
    want = Counter()
    for drawn in itertools.product(members, repeat=len(members)):
        rows = [i for group in drawn for i in group]
        want[tuple(np.round(values[rows].mean(axis=0), 9))] += 1
    total, resamples = sum(want.values()), 20_000
    codes = None if groups is None else np.array(groups)
    means = bootstrap_means(values, rng(), resamples=resamples, groups=codes)
    got = Counter(map(tuple, np.round(means, 9)))
    assert set(got) == set(want)
    for mean, times in want.items():
        share = times / total
        assert abs(got[mean] / resamples - share) < 5 * math.sqrt(share / resamples) + 1e-12


def test_chunks_change_nothing(monkeypatch):
    values = rng(1).random((7, 3))
    whole = bootstrap_means(values, rng(), resamples=50)
    monkeypatch.setattr(intervals, "_CHUNK_CELLS", 15)
    np.testing.assert_array_equal(bootstrap_means(values, rng(), resamples=50), whole)


def test_groups_of_one_are_no_groups():
    values = rng(1).random((9, 2))
    plain = bootstrap_means(values, rng(), resamples=40)
    grouped = bootstrap_means(values, rng(), resamples=40, groups=np.arange(9))
    np.testing.assert_allclose(grouped, plain)


def test_no_resamples_are_refused():
    with pytest.raises(ConfigError):
        bootstrap_means(np.zeros((2, 1)), rng(), resamples=0)


# Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
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


def test_dependent_problems_count_as_their_groups_in_score_intervals():
    once = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    table, groups = np.repeat(once, 5)[:, None], np.repeat(np.arange(8), 5)
    found = rate_intervals(table, bootstrap_means(table, rng(), groups=groups), groups)
    low, high = wilson(7 / 8 * 5, 7)  # copies: 8 groups, less the one for the estimated mean
    assert (found.low[0], found.high[0]) == pytest.approx((low, high))
    flat = np.ones((40, 1))
    found = rate_intervals(flat, bootstrap_means(flat, rng(), groups=groups), groups)
    assert (found.low[0], found.high[0]) == wilson(8, 8)


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


def coverage(hits):
    return sum(hits) / len(hits)


def test_bootstrap_covers_the_population_mean():
    draw, ks, hits = rng(11), np.array([1, 8, 32]), []
    truth = np.array([1 - np.prod([(1 + i) / (1.5 + i) for i in range(k)]) for k in ks])
    for _ in range(400):
        counts = draw.binomial(32, draw.beta(0.5, 1.0, size=120))
        table = pass_at_k(counts, 32, ks)
        found = rate_intervals(table, bootstrap_means(table, draw, resamples=300))
        hits.append((found.low <= truth) & (truth <= found.high))
    shares = np.mean(hits, axis=0)
    assert (shares > 0.90).all()
    assert (shares < 0.985).all()


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


def test_cluster_bootstrap_covers_where_the_plain_one_does_not():
    draw, groups, hits = rng(14), np.repeat(np.arange(40), 8), {"plain": [], "grouped": []}
    for _ in range(200):
        values = np.repeat(draw.random(40), 8)[:, None]
        for name, codes in (("plain", None), ("grouped", groups)):
            found = rate_intervals(
                values, bootstrap_means(values, draw, resamples=200, groups=codes), codes
            )
            hits[name].append(found.low[0] <= 0.5 <= found.high[0])
    assert coverage(hits["grouped"]) > 0.88
    assert coverage(hits["plain"]) < 0.7
