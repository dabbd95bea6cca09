"""Metrics of k samples drawn from n without replacement, besides pass@k: how reliably solved."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from boundary.errors import ConfigError
from boundary.stats.arrays import BoolArray, FloatArray, IntArray
from boundary.stats.estimators import checked_counts, checked_ks

Counted = IntArray | Sequence[int]
Sizes = int | IntArray | Sequence[int]


def pass_hat_k(correct: Counted, n: Sizes, ks: Counted) -> FloatArray:
    """Chance that all of k samples are correct: ``C(c, k) / C(n, k)``, unbiased for p^k.

    Args:
        correct: (P,) correct samples per problem, each in [0, n].
        n: Samples finished, one number for all problems or (P,).
        ks: (K,) draw sizes, each in [1, min n].

    Returns:
        (P, K) probabilities, 0 where c < k.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.
        ConfigError: Counts are not whole numbers in [0, n], or there are none.

    Source: Yao et al. 2024, arXiv:2406.12045 (pass^k).
    """
    counts, sizes = checked_counts(correct, n)
    grid = checked_ks(ks, sizes)
    states, inverse = np.unique(np.stack([counts, sizes]), axis=1, return_inverse=True)
    return _all_correct(states[0][:, None], states[1][:, None], grid)[np.reshape(inverse, -1)]


def _all_correct(c: IntArray, n: IntArray, k: IntArray) -> FloatArray:
    """C(c, k) / C(n, k) as the product of 1 - max(w, k) / (n - i) over i < min(w, k), w = n - c."""
    wrong = n - c
    few = np.where(k > c, 0, np.minimum(wrong, k))
    many = np.maximum(wrong, k)
    log_rate = np.zeros(few.shape)
    for i in range(int(few.max())):
        log_rate += np.log1p(-np.where(i < few, many / np.maximum(n - i, 1), 0.0))
    return np.where(k > c, 0.0, np.where(k == 1, c / n, np.exp(log_rate)))


def g_pass_at_k(correct: Counted, n: Sizes, ks: Counted, tau: Fraction | str) -> FloatArray:
    """Chance that at least ``max(1, ceil(tau k))`` of k samples are correct (G-Pass@k).

    The upper tail of a hypergeometric law; tau near 0 gives pass@k and tau = 1 gives pass^k.

    Args:
        correct: (P,) correct samples per problem, each in [0, n].
        n: Samples finished, one number for all problems or (P,).
        ks: (K,) draw sizes, each in [1, min n].
        tau: Share asked for, in [0, 1], exact: ``"0.55"`` of 100 is 55, and not 56.

    Returns:
        (P, K) probabilities.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.
        ConfigError: tau lies outside [0, 1], or counts are not whole numbers in [0, n].

    Source: Liu et al. 2024, arXiv:2412.13147, equation 5.
    """
    share = Fraction(tau)
    if not 0 <= share <= 1:
        raise ConfigError(f"G-Pass@k at tau = {tau}", remedy="give a share from 0 to 1")
    needed = [max(1, -(-share.numerator * k // share.denominator)) for k in map(int, ks)]
    return _from_laws(correct, n, ks, lambda law, j: float(law[needed[j] :].sum()))


def mean_g_pass_at_k(correct: Counted, n: Sizes, ks: Counted) -> FloatArray:
    """Mean of G-Pass@k over shares above one half (mG-Pass@k).

    ``(2 / k)`` times the sum of G-Pass@k at i / k over ``ceil(k / 2) < i <= k``, as printed; for
    odd k the number of terms is not k / 2, and at k = 1 there are none.

    Args:
        correct: (P,) correct samples per problem, each in [0, n].
        n: Samples finished, one number for all problems or (P,).
        ks: (K,) draw sizes, each in [1, min n].

    Returns:
        (P, K) values in [0, 1].

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.
        ConfigError: Counts are not whole numbers in [0, n], or there are none.

    Source: Liu et al. 2024, arXiv:2412.13147, equation 7.
    """

    def summed(law: FloatArray, j: int) -> float:
        k = len(law) - 1
        above = -(-k // 2)
        return float((2 / k) * (np.maximum(np.arange(k + 1) - above, 0) * law).sum())

    return _from_laws(correct, n, ks, summed)


def _from_laws(
    correct: Counted, n: Sizes, ks: Counted, read: Callable[[FloatArray, int], float]
) -> FloatArray:
    """(P, K) what ``read`` makes of the law of the correct among k, and of k's place."""
    counts, sizes = checked_counts(correct, n)
    grid = checked_ks(ks, sizes)
    states, inverse = np.unique(np.stack([counts, sizes]), axis=1, return_inverse=True)
    found: list[list[float]] = [
        [read(hypergeometric(int(c), int(total), int(k)), j) for j, k in enumerate(grid)]
        for c, total in states.T
    ]
    return np.array(found)[np.reshape(inverse, -1)]


def hypergeometric(c: int, n: int, k: int) -> FloatArray:
    """(k + 1,) chances of 0 … k correct among k of n samples that hold c correct ones.

    Ratios of neighbours multiplied out from the mode and divided by their sum, so that no term
    loses digits to large factorials.
    """
    least, most = max(0, k - (n - c)), min(c, k)
    mode = min(max((k + 1) * (c + 1) // (n + 2), least), most)
    up = np.arange(mode, most, dtype=np.float64)
    down = np.arange(mode, least, -1, dtype=np.float64)
    rising = np.cumprod((c - up) * (k - up) / ((up + 1) * (n - c - k + up + 1)))
    falling = np.cumprod(down * (n - c - k + down) / ((c - down + 1) * (k - down + 1)))
    law = np.zeros(k + 1)
    law[least : most + 1] = np.concatenate([falling[::-1], [1.0], rising])
    found: FloatArray = law / law.sum()
    return found


def covered(correct: Counted, n: Sizes, tau: Fraction | str) -> BoolArray:
    """Which problems have a plug-in success rate of tau or more.

    ``c / n >= tau`` is tested in whole numbers, so that a tie counts.

    Args:
        correct: (P,) correct samples per problem, each in [0, n].
        n: Samples finished, one number for all problems or (P,).
        tau: Rate asked for, exact, in (0, 1].

    Returns:
        (P,) whether it is covered.

    Raises:
        ConfigError: tau lies outside (0, 1], or counts are not whole numbers in [0, n].
    """
    rate = Fraction(tau)
    if not 0 < rate <= 1:
        raise ConfigError(f"Cover@tau at tau = {tau}", remedy="give a rate above 0 and up to 1")
    counts, sizes = checked_counts(correct, n)
    is_covered: BoolArray = counts * rate.denominator >= rate.numerator * sizes
    return is_covered


def cover_at(correct: Counted, n: Sizes, tau: Fraction | str) -> float:
    """Share of problems with a success rate of tau or more, plugged in (Cover@tau).

    The plug-in is biased for rates near tau. Integrated over tau it gives pass@k back:
    ``k`` times the integral of ``(1 - tau)^(k - 1) Cover(tau)``.

    Args:
        correct: (P,) correct samples per problem, each in [0, n].
        n: Samples finished, one number for all problems or (P,).
        tau: Rate asked for, exact, in (0, 1].

    Returns:
        The share.

    Raises:
        ConfigError: tau lies outside (0, 1], or counts are not whole numbers in [0, n].

    Source: Dragoi et al. 2025, arXiv:2510.08325.
    """
    return float(covered(correct, n, tau).mean())
