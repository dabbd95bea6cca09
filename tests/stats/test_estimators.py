"""pass@k against enumeration and exact fractions; grids; the accuracy histogram."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boundary.errors import ConfigError, SampleSizeError
from boundary.stats import accuracy_histogram, default_ks, pass_at_k


def exact(n: int, c: int, k: int) -> Fraction:
    return 1 - Fraction(math.comb(n - c, k), math.comb(n, k))


@pytest.mark.parametrize("n", range(1, 13))
def test_every_subset_up_to_twelve_samples(n):
    ks = np.arange(1, n + 1)
    found = pass_at_k(np.arange(n + 1), n, ks)
    for k in ks:
        least = [min(subset) for subset in itertools.combinations(range(n), int(k))]
        for c in range(n + 1):
            hits = sum(first < c for first in least)  # samples 0..c-1 are the correct ones
            share = Fraction(hits, len(least))
            assert share == exact(n, c, int(k))
            assert abs(Fraction(float(found[c, k - 1])) - share) <= Fraction(1, 10**15)


@pytest.mark.parametrize("n", [13, 64, 100, 257, 1024])
def test_exact_fractions_to_a_thousand_samples(n):
    counts = sorted({*range(min(n, 6)), n // 3, n // 2, n - 2, n - 1, n})
    ks = sorted({*default_ks(n).tolist(), 3, n // 2 + 1, n - 1, n})
    found = pass_at_k(counts, n, ks)
    for (i, c), (j, k) in itertools.product(enumerate(counts), enumerate(ks)):
        want = float(exact(n, c, k))
        assert found[i, j] == pytest.approx(want, rel=1e-12, abs=0)


def test_a_hundred_thousand_samples():
    n, counts, ks = 100_000, [0, 1, 2, 700, 31_000, 99_999, 100_000], [1, 2, 3, 64, 4096, 65_536]
    found = pass_at_k(counts, n, [*ks, n])
    assert found[:, -1].tolist() == [0, 1, 1, 1, 1, 1, 1]
    for j, k in enumerate(ks):
        total = math.comb(n, k)
        for i, c in enumerate(counts):
            want = (total - math.comb(n - c, k)) / total  # whole numbers: rounds once
            assert found[i, j] == pytest.approx(want, rel=1e-10, abs=0)


@st.composite
def ragged(draw):
    sizes = draw(st.lists(st.integers(1, 3000), min_size=1, max_size=8))
    counts = [draw(st.integers(0, n)) for n in sizes]
    return np.array(counts), np.array(sizes)


@settings(deadline=None)
@given(ragged())
def test_properties_hold_for_ragged_sizes(table):
    counts, sizes = table
    ks = default_ks(sizes)
    found = pass_at_k(counts, sizes, ks)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found, axis=1) >= -1e-15).all()  # rises in k
    assert (found[:, 0] == counts / sizes).all()
    assert (found[counts == 0] == 0).all()
    more = pass_at_k(np.minimum(counts + 1, sizes), sizes, ks)
    assert (more >= found - 1e-15).all()  # rises in c
    for i in range(len(sizes)):  # each problem stands for itself
        alone = pass_at_k(counts[i : i + 1], int(sizes[i]), ks)
        np.testing.assert_allclose(alone[0], found[i], rtol=1e-13)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.floats(0.01, 0.99))
def test_unbiased_under_the_binomial(n, p):
    ks = np.arange(1, n + 1)
    weights = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    mean = np.array(weights) @ pass_at_k(np.arange(n + 1), n, ks)
    np.testing.assert_allclose(mean, 1 - (1 - p) ** ks, atol=1e-12)


@pytest.mark.parametrize("ks", [[9], [0], [-1, 2], [1, 8, 16]])
def test_k_outside_one_to_n_raises(ks):
    with pytest.raises(SampleSizeError, match="n = 8"):
        pass_at_k([0, 3], [8, 16], ks)


@pytest.mark.parametrize("ks", [[], [2, 1], [1, 1], [1.5]])
def test_a_grid_that_does_not_rise_is_refused(ks):
    with pytest.raises(ConfigError):
        pass_at_k([0, 3], 8, ks)


@pytest.mark.parametrize(
    ("counts", "n"), [([9], 8), ([-1], 8), ([1, 9], [8, 8]), ([0.5], 8), ([], 8), ([1, 2], [8])]
)
def test_impossible_counts_are_refused(counts, n):
    with pytest.raises(ConfigError):
        pass_at_k(counts, n, [1])


def test_a_problem_without_samples_is_refused():
    for call in (lambda: pass_at_k([0], [0], [1]), lambda: default_ks([4, 0])):
        with pytest.raises(SampleSizeError):
            call()
    with pytest.raises(ConfigError):
        default_ks([])


@pytest.mark.parametrize(
    ("n", "last"), [(1, 1), (2, 2), (3, 2), (127, 64), (128, 128), ([300, 128, 200], 128)]
)
def test_default_grid_stops_at_the_largest_power_of_two(n, last):
    ks = default_ks(n).tolist()
    assert ks == [2**i for i in range(len(ks))]
    assert ks[-1] == last


@settings(deadline=None)
@given(ragged())
def test_histogram_against_exact_fractions(table):
    counts, sizes = table
    want = [0] * 12
    for c, n in zip(counts.tolist(), sizes.tolist(), strict=True):
        inside = next(i for i in range(11) if Fraction(c, n) <= Fraction(i, 10))
        want[11 if c == n else inside] += 1
    assert accuracy_histogram(counts, sizes).tolist() == want


def test_a_tenth_falls_into_the_first_bin_for_every_n():
    sizes = np.arange(10, 20_001, 10)
    assert accuracy_histogram(sizes // 10, sizes)[1] == len(sizes)
