"""pass^k, G-Pass@k, mG-Pass@k and Cover@tau against whole-number arithmetic."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.integrate import quad

from boundary.errors import ConfigError, SampleSizeError
from boundary.stats import (
    cover_at,
    covered,
    g_pass_at_k,
    mean_g_pass_at_k,
    pass_at_k,
    pass_hat_k,
)
from boundary.stats.subsets import hypergeometric

TAUS = ("0", "0.25", "1/3", "0.5", "0.55", "3/4", "1")


def chance(c, n, k, least):
    """Share of all subsets of k with that many correct, by listing them."""
    samples = [i < c for i in range(n)]
    hits = [sum(subset) >= least for subset in combinations(samples, k)]
    return Fraction(sum(hits), len(hits))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_all_subsets_of_small_samples(n):
    ks, counts = list(range(1, n + 1)), np.arange(n + 1)
    want = {
        (c, k, m): float(chance(c, n, k, m)) for c in counts for k in ks for m in range(1, k + 1)
    }
    every = [[want[c, k, k] for k in ks] for c in counts]
    np.testing.assert_allclose(pass_hat_k(counts, n, ks), every, rtol=1e-13, atol=0)
    for tau in TAUS:
        needed = {k: max(1, math.ceil(Fraction(tau) * k)) for k in ks}
        some = [[want[c, k, needed[k]] for k in ks] for c in counts]
        np.testing.assert_allclose(g_pass_at_k(counts, n, ks, tau), some, rtol=1e-12, atol=1e-300)
    means = [
        [2 / k * sum(want[c, k, i] for i in range(-(-k // 2) + 1, k + 1)) for k in ks]
        for c in counts
    ]
    np.testing.assert_allclose(mean_g_pass_at_k(counts, n, ks), means, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("n", range(9, 13))
def test_all_counts_up_to_twelve_against_fractions(n):
    ks, counts = list(range(1, n + 1)), list(range(n + 1))
    for c in counts:
        law = {k: [math.comb(c, j) * math.comb(n - c, k - j) for j in range(k + 1)] for k in ks}
        for tau in TAUS:
            found = g_pass_at_k([c], n, ks, tau)[0]
            for k, value in zip(ks, found, strict=True):
                least = max(1, math.ceil(Fraction(tau) * k))
                want = Fraction(sum(law[k][least:]), math.comb(n, k))
                assert value == pytest.approx(float(want), rel=1e-12, abs=0)


def test_the_worked_example():
    """n = 8, c = 4, k = 4."""
    assert g_pass_at_k([4], 8, [4], "0.5")[0, 0] == pytest.approx(53 / 70, rel=1e-14)
    assert g_pass_at_k([4], 8, [4], "1")[0, 0] == pytest.approx(1 / 70, rel=1e-14)
    assert pass_hat_k([4], 8, [4])[0, 0] == pytest.approx(1 / 70, rel=1e-14)
    assert mean_g_pass_at_k([4], 8, [4])[0, 0] == pytest.approx(9 / 70, rel=1e-14)


def test_the_ends_are_pass_at_k_and_pass_hat_k():
    counts, ks = np.arange(33), [1, 2, 7, 16, 32]
    np.testing.assert_allclose(g_pass_at_k(counts, 32, ks, "0"), pass_at_k(counts, 32, ks), 1e-12)
    np.testing.assert_allclose(g_pass_at_k(counts, 32, ks, "1"), pass_hat_k(counts, 32, ks), 1e-12)


def test_shares_are_exact_where_floats_round_up():
    """0.55 * 100 is 55.00000000000001 in floating point."""
    assert g_pass_at_k([55], 100, [100], "0.55")[0, 0] == 1.0
    assert g_pass_at_k([54], 100, [100], "0.55")[0, 0] == 0.0


@pytest.mark.parametrize(("c", "n", "k"), [(70_000, 100_000, 512), (99_990, 100_000, 2_000)])
def test_large_samples_keep_ten_digits(c, n, k):
    want = Fraction(math.comb(c, k), math.comb(n, k))
    assert pass_hat_k([c], n, [k])[0, 0] == pytest.approx(float(want), rel=1e-10, abs=0)
    law = hypergeometric(c, n, k)
    top = [math.comb(c, j) * math.comb(n - c, k - j) for j in range(k - 8, k + 1)]
    want = [float(Fraction(ways, math.comb(n, k))) for ways in top]
    np.testing.assert_allclose(law[k - 8 :], want, rtol=1e-10)


def test_cover_counts_ties_and_gives_pass_at_k_back():
    assert covered([1, 2, 3], 10, "0.2").tolist() == [False, True, True]
    assert cover_at([1, 2, 3, 3], 10, "0.3") == 0.5
    rates = [Fraction(c, 20) for c in (0, 1, 4, 4, 13, 20)]
    for k in (1, 3, 8):
        want = float(np.mean([1 - (1 - float(p)) ** k for p in rates]))
        area = quad(
            lambda t, k=k: k * (1 - t) ** (k - 1) * np.mean([float(p) >= t for p in rates]),
            0, 1, points=[float(p) for p in rates], limit=200,
        )[0]  # fmt: skip
        assert area == pytest.approx(want, abs=1e-9)


def test_what_is_refused():
    with pytest.raises(SampleSizeError):
        pass_hat_k([1], 4, [5])
    with pytest.raises(SampleSizeError):
        g_pass_at_k([1], 4, [5], "0.5")
    for tau in ("-0.1", "1.1"):
        with pytest.raises(ConfigError):
            g_pass_at_k([1], 4, [2], tau)
    with pytest.raises(ConfigError):
        cover_at([1], 4, "0")
