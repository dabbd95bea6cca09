"""Unbiased estimators from counts: pass@k, its draw sizes, and the accuracy histogram."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from boundary.errors import ConfigError, SampleSizeError
from boundary.stats.arrays import FloatArray, IntArray

# exp(-40) is far below half a unit in the last place of 1.
_NEGLIGIBLE_LOG = 40.0
BINS = 12


def pass_at_k(
    correct: IntArray | Sequence[int],
    n: int | IntArray | Sequence[int],
    ks: IntArray | Sequence[int],
) -> FloatArray:
    """Chance that k of a problem's n samples, drawn without replacement, hold a correct one.

    Unbiased for every k <= n: ``1 - C(n - c, k) / C(n, k)``. The ratio is the product of
    ``1 - max(c, k) / (n - i)`` over i < min(c, k); its logarithm is summed, so that neither a
    huge n nor a tiny pass@k costs digits.

    Args:
        correct: (P,) correct samples per problem, each in [0, n].
        n: Samples finished, one number for all problems or (P,).
        ks: (K,) draw sizes, each in [1, min n].

    Returns:
        (P, K) probabilities; 0 where c = 0, exactly 1 where k > n - c, exactly c/n at k = 1.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.
        ConfigError: Counts are not whole numbers in [0, n], or there are none.

    Source: Chen et al. 2021, arXiv:2107.03374, equation 1.
    """
    counts, sizes = checked_counts(correct, n)
    grid = checked_ks(ks, sizes)
    pairs, inverse = np.unique(np.stack([counts, sizes]), axis=1, return_inverse=True)
    distinct = _pass_of_pairs(pairs[0][:, None], pairs[1][:, None], grid[None, :])
    return distinct[np.reshape(inverse, -1)]


def _pass_of_pairs(c: IntArray, n: IntArray, k: IntArray) -> FloatArray:
    """pass@k of (U, 1) counts and sizes at (1, K) draw sizes, as (U, K)."""
    certain = c + k > n
    few = np.where(certain, 0, np.minimum(c, k))
    many = np.maximum(c, k)
    # Each term is at most -many/n, so that beyond this many terms the miss rate has vanished.
    enough = np.ceil(_NEGLIGIBLE_LOG * n / many).astype(np.int64)
    log_miss = np.zeros(few.shape)
    for i in range(int(np.minimum(few, enough).max())):
        log_miss += np.log1p(-np.where(i < few, many / np.maximum(n - i, 1), 0.0))
    rates = np.where(certain, 1.0, np.abs(np.expm1(log_miss)))
    return np.where(k == 1, c / n, rates)


def default_ks(n: int | IntArray | Sequence[int]) -> IntArray:
    """Powers of two from 1 up to the largest that does not exceed the smallest n.

    Args:
        n: Samples finished, one number or (P,).

    Returns:
        (K,) draw sizes.

    Raises:
        SampleSizeError: Some n is below 1.
        ConfigError: There are no problems.
    """
    sizes = _whole(np.atleast_1d(n), "n")
    if sizes.size == 0:
        raise ConfigError("no problems to take pass@k of", remedy="give at least one problem")
    _require_samples(sizes)
    return 2 ** np.arange(int(sizes.min()).bit_length(), dtype=np.int64)


def accuracy_histogram(
    correct: IntArray | Sequence[int], n: int | IntArray | Sequence[int]
) -> IntArray:
    """Count problems in the bins {0}, (0, .1], (.1, .2], ..., (.9, 1), {1} of c/n.

    The bin is found in integers, so that c/n = 0.1 falls into bin 1 for every n.

    Args:
        correct: (P,) correct samples per problem.
        n: Samples finished, one number or (P,).

    Returns:
        (12,) counts of problems.

    Raises:
        ConfigError: Counts are not whole numbers in [0, n], or there are none.
        SampleSizeError: A problem has no samples.

    Source: Yue et al. 2025, arXiv:2504.13837, figure 5.
    """
    return np.bincount(_accuracy_bins(correct, n), minlength=BINS).astype(np.int64)


def transitions(
    base: IntArray | Sequence[int],
    base_n: int | IntArray | Sequence[int],
    other: IntArray | Sequence[int],
    other_n: int | IntArray | Sequence[int],
) -> IntArray:
    """Count problems by the accuracy bin that they leave and the one that they reach.

    Args:
        base: (P,) correct samples of the base.
        base_n: Samples of the base, one number or (P,).
        other: (P,) correct samples of the other arm, in the same order.
        other_n: Samples of the other arm.

    Returns:
        (12, 12) problems, rows the base's bin; its margins are the two histograms.

    Raises:
        ConfigError: Counts are not whole numbers in [0, n], or there are none.
        SampleSizeError: A problem has no samples.
    """
    left, right = _accuracy_bins(base, base_n), _accuracy_bins(other, other_n)
    pairs = np.bincount(left * BINS + right, minlength=BINS**2)
    return pairs.reshape(BINS, BINS).astype(np.int64)


def _accuracy_bins(
    correct: IntArray | Sequence[int], n: int | IntArray | Sequence[int]
) -> IntArray:
    counts, sizes = checked_counts(correct, n)
    return np.where(counts == sizes, BINS - 1, -(-10 * counts // sizes))


def checked_counts(
    correct: IntArray | Sequence[int], n: int | IntArray | Sequence[int]
) -> tuple[IntArray, IntArray]:
    """Return (P,) counts and (P,) sizes after checking 0 <= c <= n and n >= 1.

    Raises:
        ConfigError: Counts are not whole numbers in [0, n], differ in length, or are none.
        SampleSizeError: A problem has no samples.
    """
    counts = _whole(np.asarray(correct), "correct")
    sizes = _whole(np.asarray(n), "n")
    if counts.ndim != 1 or counts.size == 0 or sizes.shape not in ((), counts.shape):
        raise ConfigError(
            f"counts of shape {counts.shape} with n of shape {sizes.shape}",
            remedy="give one count per problem, and one n for all or one for each",
        )
    sizes = np.broadcast_to(sizes, counts.shape)
    _require_samples(sizes)
    wrong = np.flatnonzero((counts < 0) | (counts > sizes))
    if wrong.size:
        at = int(wrong[0])
        raise ConfigError(
            f"{counts[at]} correct of n = {sizes[at]} at problem {at} (counted from 0)",
            remedy="a count lies between 0 and n: check the table that holds it",
        )
    return counts, sizes


def checked_ks(ks: IntArray | Sequence[int], sizes: IntArray) -> IntArray:
    """Return (K,) draw sizes, strictly rising, after checking 1 <= k <= min n.

    Raises:
        SampleSizeError: Some k is below 1 or above the smallest n.
        ConfigError: There is no k, or they do not rise.
    """
    grid = _whole(np.asarray(ks), "k")
    if grid.ndim != 1 or grid.size == 0 or bool((np.diff(grid) <= 0).any()):
        raise ConfigError(f"draw sizes {grid.tolist()}", remedy="give rising, distinct k")
    least = int(sizes.min())
    if grid[0] < 1 or grid[-1] > least:
        worst = int(grid[0] if grid[0] < 1 else grid[-1])
        raise SampleSizeError(
            f"pass@{worst} with n = {least}", remedy=f"ask 1 <= k <= {least}, or draw more samples"
        )
    return grid


def _whole(values: Any, name: str) -> IntArray:
    if values.size and not np.issubdtype(values.dtype, np.integer):
        exact = np.issubdtype(values.dtype, np.floating) and bool((values == values.round()).all())
        if not exact:
            raise ConfigError(f"{name} holds {values.dtype} values", remedy="give whole numbers")
    whole: IntArray = values.astype(np.int64)
    return whole


def _require_samples(sizes: IntArray) -> None:
    if sizes.min() < 1:
        raise SampleSizeError(
            f"a problem has n = {int(sizes.min())} finished samples",
            remedy="draw samples for it first, or leave it out on both sides",
        )
