"""pass@k of problems whose sampling may stop early, without bias.

A problem is looked at after its first n_1 < ... < n_J indices and stops at the first look with R
correct ones, at the last look whatever it holds. Whatever its success rate, the strings of wrong
and correct that lead to the same look and count are equally likely; so the share of them that
start with k wrong ones estimates (1 - p)^k without bias. Counted in whole numbers, divided once.

Source: Girshick, Mosteller and Savage 1946, Annals of Mathematical Statistics 17, 13-23; for
looks after groups Jung and Kim 2004, Statistics in Medicine 23, 881-896.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import comb
from typing import NamedTuple

import numpy as np

from boundary.errors import ConfigError, SampleSizeError
from boundary.records import Design
from boundary.stats.arrays import BoolArray, FloatArray, IntArray
from boundary.stats.estimators import checked_counts, checked_ks

FIRST_LOOK = 64
# Most looks named one by one in words.
_NAMED_LOOKS = 6
# At n = 1024 a coefficient has 140 bytes at most, at n = 16384 two thousand.
_choose = lru_cache(maxsize=1 << 14)(comb)


class StoppingState(NamedTuple):
    """Where a problem stands: the place of its look among the looks, its n, and the correct."""

    look: int
    n: int
    correct: int


def looks_for(stop_after: int, n: int, asked: Sequence[int] | None = None) -> tuple[int, ...]:
    """Choose the looks of a run of at most n samples per problem.

    Args:
        stop_after: Correct samples that stop a problem.
        n: The most samples of a problem.
        asked: Rising looks up to n; powers of two from the first that is no less than 64 and
            ``stop_after`` when ``None``.

    Returns:
        The looks below n, and n.

    Raises:
        ConfigError: The looks do not rise or exceed n, or ``stop_after`` is below 1.
    """
    if asked is None:
        start = 1 << (max(stop_after, FIRST_LOOK) - 1).bit_length()
        asked = tuple(start << i for i in range(n.bit_length()))
    elif checked_design(Design(stop_after, tuple(asked))).looks[-1] > n:
        raise ConfigError(
            f"a look at {asked[-1]} samples with n = {n}", remedy=f"give looks up to {n}"
        )
    return checked_design(Design(stop_after, (*(look for look in asked if look < n), n))).looks


def checked_design(design: Design) -> Design:
    """Return the design after checking that it can stop and that its looks rise from 1 or more.

    Raises:
        ConfigError: It cannot.
    """
    rising = all(low < high for low, high in pairwise((0, *design.looks)))
    if design.stop_after < 1 or not design.looks or not rising:
        raise ConfigError(
            f"a stop after {design.stop_after} correct at the looks {list(design.looks)}",
            remedy="stop after 1 or more, at rising looks",
        )
    return design


def design_words(design: Design) -> str:
    """Say how a run stops, as part of a sentence."""
    *early, last = design.looks
    if not early:
        return f"not stopped early: one look, at {last} samples"
    named = early if len(early) <= _NAMED_LOOKS else [*early[:2], "…", early[-1]]
    return (
        f"adaptive: stops at the first of {', '.join(map(str, named))} samples with "
        f"{design.stop_after} correct, else at {last}; pass@k by the exact unbiased estimator"
    )


def stopping_state(
    outcomes: BoolArray | IntArray | Sequence[bool] | Sequence[int], design: Design
) -> StoppingState:
    """Apply the stop rule to a problem's outcomes.

    Args:
        outcomes: Whether each sample is correct, by index; what lies beyond the stop is not read.
        design: The stop rule and its looks.

    Returns:
        The look that it stops at, or the last one that its outcomes reach.

    Raises:
        SampleSizeError: The outcomes do not reach the first look.
        ConfigError: The looks do not rise, or ``stop_after`` is below 1.
    """
    looks = checked_design(design).looks
    counted = np.cumsum(np.asarray(outcomes, dtype=bool))
    reached = [look for look in looks if look <= len(counted)]
    if not reached:
        raise SampleSizeError(
            f"{len(counted)} samples with the first look at {looks[0]}",
            remedy=f"draw {looks[0]} samples first",
        )
    for place, look in enumerate(reached):
        if counted[look - 1] >= design.stop_after:
            return StoppingState(place, look, int(counted[look - 1]))
    return StoppingState(len(reached) - 1, reached[-1], int(counted[reached[-1] - 1]))


def adaptive_limits(
    correct: IntArray | Sequence[int], reached: IntArray | Sequence[int], design: Design
) -> IntArray:
    """Return the largest k that each problem allows.

    Args:
        correct: (P,) correct samples per problem.
        reached: (P,) the look that each problem reached.
        design: The stop rule and its looks.

    Returns:
        (P,) the last look, or ``reached`` where the sampling of a problem is unfinished.

    Raises:
        ConfigError: The counts cannot come from that design, or it cannot stop.
        SampleSizeError: A problem has no samples.
    """
    looks = np.array(checked_design(design).looks)
    counts, sizes = checked_counts(correct, reached)
    places = np.minimum(np.searchsorted(looks, sizes), len(looks) - 1)
    before = np.concatenate([[0], looks])[places]
    most = np.minimum(before, design.stop_after - 1) + sizes - before
    wrong = np.flatnonzero((looks[places] != sizes) | (counts > most))
    if wrong.size:
        at = int(wrong[0])
        raise ConfigError(
            f"{counts[at]} correct of {sizes[at]} at problem {at} (counted from 0) cannot come "
            f"from a stop after {design.stop_after} correct at the looks {looks.tolist()}",
            remedy="give the counts up to the look that the problem reached, and its own design",
        )
    return np.where(counts >= design.stop_after, looks[-1], sizes).astype(np.int64)


def adaptive_pass_at_k(
    correct: IntArray | Sequence[int],
    reached: IntArray | Sequence[int],
    ks: IntArray | Sequence[int],
    design: Design,
    *,
    unjudged: IntArray | Sequence[int] | None = None,
) -> FloatArray:
    """Chance that k samples of a problem hold a correct one, from counts that stopped early.

    Unbiased for every k up to the last look, ``1 - K_k(j, s) / K_0(j, s)``: K_k counts the
    strings of length n_j with s correct, none among the first k, that no look before j stops.
    With one look it is the estimator of a fixed n. A problem that stopped before index k has a
    correct one among the first k, so that its estimate is 1.

    Args:
        correct: (P,) correct samples per problem, up to the look that it reached.
        reached: (P,) that look.
        ks: (K,) draw sizes, each in [1, the last look].
        design: The stop rule and its looks.
        unjudged: (P,) samples up to the look that the stop rule took as wrong and that count as
            correct here: given the correct ones, every place for them among the rest is equally
            likely. Unbiased for a success rate with the rate of unjudged samples added.

    Returns:
        (P, K) probabilities, each rounded once; 0 or 1 at the last look, never falling in k.

    Raises:
        SampleSizeError: Some k is below 1, or above a problem's limit (``adaptive_limits``).
        ConfigError: The counts cannot come from that design.
    """
    counts, sizes = checked_counts(correct, reached)
    grid = checked_ks(ks, adaptive_limits(counts, sizes, design))
    more = np.zeros_like(counts) if unjudged is None else np.asarray(unjudged, dtype=np.int64)
    checked_counts(counts + more, sizes)
    states, inverse = np.unique(np.stack([sizes, counts, more]), axis=1, return_inverse=True)
    rates = [[_rate(design, k, *state) for k in grid.tolist()] for state in states.T.tolist()]
    return np.array(rates)[np.reshape(inverse, -1)]


@lru_cache(maxsize=1 << 16)
def _rate(design: Design, k: int, n: int, correct: int, also: int) -> float:
    """pass@k of one state; ``also`` of its other samples count as correct too."""
    missed, total = (strings(design, first, n, correct) for first in (k, 0))
    if missed:
        missed *= comb(max(n - k - correct, 0), also)
        total *= comb(n - correct, also)
    return (total - missed) / total


def strings(design: Design, k: int, n: int, correct: int) -> int:
    """K_k: strings of length n with that many correct, none in the first k, not stopped before n.

    Args:
        design: The stop rule and its looks.
        k: Samples that are all wrong; 0 counts every string.
        n: The look that was reached.
        correct: Correct samples up to it.

    Returns:
        Their number, exactly.
    """
    look = design.looks.index(n)
    return _joined(_open_strings(design, k)[look], _free(design, k, look), correct)


@lru_cache(maxsize=1 << 10)
def _open_strings(design: Design, k: int) -> tuple[tuple[int, ...], ...]:
    """For each look the strings that come to its block, by their correct samples: below R."""
    found: list[tuple[int, ...]] = [(1,)]
    for look, n in enumerate(design.looks[:-1]):
        free, before = _free(design, k, look), found[-1]
        found.append(
            tuple(_joined(before, free, total) for total in range(min(design.stop_after, n + 1)))
        )
    return tuple(found)


def _free(design: Design, k: int, look: int) -> int:
    """Places of a look's own block that lie beyond the first k."""
    start = design.looks[look - 1] if look else 0
    return max(design.looks[look] - max(start, k), 0)


def _joined(before: tuple[int, ...], free: int, total: int) -> int:
    """Strings with ``total`` correct after a block in which ``free`` places may be correct."""
    return sum(
        ways * _choose(free, total - had) for had, ways in enumerate(before[: total + 1]) if ways
    )
