"""Exact tests against scipy and enumeration; four-way tables; the sampling-efficiency gap."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from boundary.errors import ConfigError
from boundary.stats import (
    delta_se,
    expected_overlap,
    mcnemar_exact,
    overlap,
    overlap_from_firsts,
    paired_test,
    pass_at_k,
    permutation_p,
    permutation_test,
)


def rng(seed=0):
    return np.random.default_rng(seed)


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_against_scipy(base_only, other_only):
    total = base_only + other_only
    want = binomtest(base_only, total).pvalue if total else 1.0
    assert mcnemar_exact(base_only, other_only) == pytest.approx(want, rel=1e-9)
    assert mcnemar_exact(base_only, other_only) == mcnemar_exact(other_only, base_only)


@pytest.mark.parametrize(
    ("base_only", "other_only", "p"),
    [(18, 5, 0.0106), (19, 3, 0.00086), (4, 0, 0.125), (4, 1, 0.375), (0, 0, 1), (3, 3, 1)],
)
def test_mcnemar_known_values(base_only, other_only, p):
    assert mcnemar_exact(base_only, other_only) == pytest.approx(p, rel=6e-3)  # as printed


def test_mcnemar_refuses_negative_counts_and_takes_large_ones():
    with pytest.raises(ConfigError):
        mcnemar_exact(-1, 3)
    assert mcnemar_exact(5000, 5000) == 1
    assert 0 <= mcnemar_exact(0, 5000) < 1e-300


def enumerated(differences, groups):
    """Share of all sign flips of whole groups that move the total as far from 0."""
    keys = sorted(set(groups))
    hits = np.zeros(differences.shape[1])
    for signs in itertools.product((-1, 1), repeat=len(keys)):
        by_key = dict(zip(keys, signs, strict=True))
        flipped = sum(by_key[g] * d for g, d in zip(groups, differences, strict=True))
        hits += np.abs(flipped) >= np.abs(differences.sum(axis=0)) - 1e-9
    return hits / 2 ** len(keys)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("groups", [None, [0, 0, 1, 2, 2, 3, 4, 4]])
def test_few_problems_are_enumerated(seed, groups):
    # Tenths make sums that tie on paper but not in floating point.
    differences = rng(seed).integers(-3, 4, size=(8, 3)) / 10
    codes = None if groups is None else np.array(groups)
    found = permutation_p(differences, rng(), groups=codes)
    np.testing.assert_allclose(found, enumerated(differences, groups or list(range(8))))


@pytest.mark.parametrize("groups", [None, [*range(12), 12, 12]])
def test_drawn_flips_agree_with_enumeration(groups):
    differences = rng(5).integers(-2, 5, size=(14, 2)) / 10 + 0.05
    codes = None if groups is None else np.array(groups)
    want = enumerated(differences, groups or list(range(14)))
    draws = 20_000
    found = permutation_p(differences, rng(), draws=draws, groups=codes)
    assert (np.abs(found - want) < 5 * np.sqrt(want / draws)).all()
    again = permutation_p(differences, rng(), draws=draws, groups=codes)
    np.testing.assert_array_equal(found, again)


def test_permutation_of_nothing_and_of_everything():
    assert permutation_p(np.zeros((40, 2)), rng()).tolist() == [1, 1]
    assert permutation_p(np.ones((40, 1)), rng(), draws=99).tolist() == [1 / 100]
    with pytest.raises(ConfigError):
        permutation_p(np.ones((4, 1)), rng(), draws=0)


def test_permutation_equals_mcnemar_on_zero_one_differences():
    differences = np.array([1.0] * 9 + [-1.0] * 2 + [0.0] * 100)[:, None]
    assert permutation_p(differences, rng())[0] == pytest.approx(mcnemar_exact(9, 2))


def test_permutation_holds_its_level_under_the_null():
    draw = rng(21)
    ps = [permutation_p(draw.normal(size=(20, 1)), draw, draws=199)[0] for _ in range(4000)]
    share = np.mean(np.array(ps) <= 0.05)
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 4000)


def stepped_down(differences):
    """Adjusted p-values by the definition: all sign flips, step by step."""
    scale = np.sqrt((differences**2).sum(axis=0))
    signs = np.array(list(itertools.product((-1, 1), repeat=len(differences))))
    flipped = np.abs(signs @ differences) / scale
    seen = np.abs(differences.sum(axis=0)) / scale
    left, adjusted, worst = list(np.argsort(-seen, kind="stable")), np.zeros(len(seen)), 0.0
    while left:
        largest = flipped[:, left].max(axis=1)
        worst = max(worst, float((largest >= seen[left[0]] - 1e-9).mean()))
        adjusted[left.pop(0)] = worst
    return adjusted


@pytest.mark.parametrize("seed", range(5))
def test_adjusted_p_values_against_all_flips(seed):
    differences = rng(seed).normal(0.4, 1.0, size=(9, 4)) @ rng(seed + 50).random((4, 4))
    found = permutation_test(differences, rng())
    np.testing.assert_allclose(found.adjusted, stepped_down(differences), atol=1e-12)
    assert (found.adjusted >= found.p).all()
    assert found.adjusted.min() >= found.p.min()


def test_one_column_needs_no_adjustment():
    differences = rng(3).normal(0.3, 1.0, size=(40, 1))
    found = permutation_test(differences, rng())
    assert found.adjusted[0] == found.p[0]


def test_false_claims_over_all_columns_keep_the_level():
    draw, alone, together = rng(4), 0, 0
    for _ in range(400):
        found = permutation_test(draw.normal(size=(10, 6)), draw)
        alone += found.p.min() < 0.05
        together += found.adjusted.min() < 0.05
    assert together / 400 < 0.09
    assert alone > 2 * together


def test_adjusted_values_are_never_below_the_exact_test():
    base = pass_at_k(np.array([0] * 20 + [3] * 30), 8, [1, 8])
    other = pass_at_k(np.array([1] * 6 + [0] * 16 + [4] * 28), 8, [1, 8])
    found = paired_test(base, other, rng())
    assert (found.adjusted >= found.p).all()


def test_the_test_follows_the_column():
    base = pass_at_k(np.array([0] * 20 + [3] * 30), 8, [1, 8])
    other = pass_at_k(np.array([1] * 16 + [0] * 6 + [4] * 28), 8, [1, 8])
    p = paired_test(base, other, rng()).p
    assert p[1] == mcnemar_exact(2, 16)
    assert p[0] == permutation_p(other - base, rng())[0]
    groups = np.repeat(np.arange(25), 2)
    grouped = paired_test(base, other, rng(), groups=groups).p
    np.testing.assert_array_equal(grouped, permutation_p(other - base, rng(), groups=groups))


def test_overlap_splits_the_problems():
    ids = ["a", "b", "c", "d", "e"]
    found = overlap(
        ids,
        np.array([True, True, False, False, True]),
        np.array([True, False, True, False, False]),
        k=8,
    )
    assert (found.both, found.base_only, found.other_only, found.neither) == (
        ("a",),
        ("b", "e"),
        ("c",),
        ("d",),
    )
    assert found.k == 8
    assert found.p_value == mcnemar_exact(2, 1)


def test_overlap_within_the_first_k_indices():
    firsts = np.array([0, 3, 4, -1]), np.array([9, 0, -1, -1])
    at_four = overlap_from_firsts("abcd", *firsts, k=4)
    assert (at_four.both, at_four.base_only, at_four.neither) == (("b",), ("a",), ("c", "d"))
    at_ten = overlap_from_firsts("abcd", *firsts, k=10)
    assert (at_ten.both, at_ten.base_only, at_ten.other_only) == (("a", "b"), ("c",), ())


def test_expected_overlap_is_the_mean_over_all_subsets():
    n, k = 5, 2
    counts = [(0, 3), (2, 2), (5, 1), (1, 0)]
    want = np.zeros(4)
    subsets = list(itertools.combinations(range(n), k))
    for a, b in counts:
        for left, right in itertools.product(subsets, repeat=2):
            solved = (min(left) < a, min(right) < b)
            want[[(True, True), (True, False), (False, True), (False, False)].index(solved)] += 1
    base, other = (pass_at_k([pair[i] for pair in counts], n, [k])[:, 0] for i in (0, 1))
    found = expected_overlap(base, other, k=k)
    got = [found.both, found.base_only, found.other_only, found.neither]
    np.testing.assert_allclose(got, want / len(subsets) ** 2)
    assert sum(got) == pytest.approx(4)


def test_delta_se_is_base_at_k_minus_other_at_one():
    found = delta_se(np.array([1.0, 0.5]), np.array([0.5, 0.0]), k=128)
    assert (found.value, found.k, found.base_at_k, found.other_at_1) == (0.5, 128, 0.75, 0.25)
