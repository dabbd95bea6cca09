"""Answers as classes: the vote among k of them, how they spread, and what guessing would hit."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from boundary.errors import ConfigError
from boundary.stats.arrays import BoolArray, FloatArray, IntArray
from boundary.stats.estimators import checked_counts, checked_ks

# A top count this unlikely changes no digit of a double.
_NEGLIGIBLE = 1e-18


def majority_at_k(
    right: int, wrong: Sequence[int], ks: Sequence[int] | IntArray, *, silent: int = 0
) -> FloatArray:
    """Chance that the most frequent answer among k samples is the right one (maj@k, cons@k).

    The exact expectation over all subsets of k; t tied classes share the vote. With top count t
    of the right class, the other classes must stay at t or below, and j ties leave 1 / (1 + j).
    Class counts in a subset are independent binomials given their sum, and ``1 / (1 + j)`` is
    the integral of y^j: a Gauss-Legendre sum of enough nodes is exact.

    Args:
        right: Samples with the right answer.
        wrong: Samples of each class of wrong answers.
        ks: (K,) draw sizes, each in [1, n]; n is the sum of all samples.
        silent: Samples without an answer, which abstain; give them as a class of ``wrong`` where
            "no answer" is to be an answer like others.

    Returns:
        (K,) probabilities; 0 where all abstain.

    Raises:
        SampleSizeError: Some k is below 1 or above n.
        ConfigError: A count is negative, or there are no samples.

    Source: Wang et al. 2023, arXiv:2203.11171 (the vote).
    """
    n = right + sum(wrong) + silent
    if min([right, silent, *wrong]) < 0:
        raise ConfigError("a class holds a negative number of samples", remedy="counts start at 0")
    grid = checked_ks(np.asarray(ks), checked_counts([0], n)[1])
    classes = np.array(sorted((size for size in wrong if size), reverse=True), dtype=np.int64)
    return np.array([_majority(right, classes, silent, int(k)) for k in grid])


def _majority(right: int, classes: IntArray, silent: int, k: int) -> float:
    n = right + int(classes.sum()) + silent
    share = k / n
    if k == n:
        best = int(classes[0]) if len(classes) else 0
        return 1 / (1 + int((classes == right).sum())) if right and right >= best else 0.0
    own, whole = _binomial(right, share), _binomial(n, share)[k]
    total = 0.0
    for top in range(1, min(right, k) + 1):
        room = int(np.minimum(classes, top).sum()) + silent
        if top + room >= k and own[top] > _NEGLIGIBLE * whole:
            total += own[top] * _others(classes, silent, top, k - top, share)
    return min(1.0, total / float(whole))


def _others(classes: IntArray, silent: int, top: int, rest: int, share: float) -> float:
    """Chance that the others sum to ``rest``, none above ``top``, weighed by 1 / (1 + ties)."""
    large = classes[classes >= top]
    # Classes below the top count are free, and together one binomial.
    free = _binomial(int(classes[classes < top].sum()) + silent, share)[: rest + 1]
    most = min(len(large), rest // top)
    nodes, weights = np.polynomial.legendre.leggauss(most // 2 + 1)
    laws = [_binomial(int(size), share)[: top + 1] for size in large]
    found = 0.0
    for y, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        joint = free
        for law in laws:
            joint = np.convolve(joint, np.append(law[:-1], y * law[-1]))[: rest + 1]
        found += weight * (joint[rest] if len(joint) > rest else 0.0)
    return float(found)


def _binomial(n: int, share: float) -> FloatArray:
    """(n + 1,) binomial chances, multiplied out from the mode."""
    mode = min(int((n + 1) * share), n)
    odds = share / (1 - share)
    up, down = np.arange(mode, n, dtype=np.float64), np.arange(mode, 0, -1, dtype=np.float64)
    rising = np.cumprod((n - up) / (up + 1) * odds)
    falling = np.cumprod(down / (n - down + 1) / odds)
    law = np.concatenate([falling[::-1], [1.0], rising])
    found: FloatArray = law / law.sum()
    return found


def answer_entropy(classes: Sequence[int]) -> float:
    """Entropy in nats of the answers of one problem, -sum f ln f, plugged in.

    Biased low by about (classes - 1) / (2 samples).

    Args:
        classes: Samples of each class; "no answer" is a class.

    Raises:
        ConfigError: There are no samples.

    Source: Wu et al. 2025, arXiv:2507.14843.
    """
    sizes = np.array([size for size in classes if size], dtype=np.float64)
    if not sizes.size:
        raise ConfigError("no answers to take an entropy of", remedy="give some")
    shares = sizes / sizes.sum()
    return float(-(shares * np.log(shares)).sum()) + 0.0


def guess_curve(chance: FloatArray, ks: IntArray | Sequence[int]) -> FloatArray:
    """Chance that k blind guesses hit: ``1 - (1 - g)^k``.

    Args:
        chance: (P,) chance g of one guess, .25 for one of four options.
        ks: (K,) numbers of guesses.

    Returns:
        (P, K) probabilities.
    """
    g = np.minimum(np.asarray(chance, dtype=np.float64), 1.0)[:, None]
    with np.errstate(divide="ignore"):
        found: FloatArray = -np.expm1(np.asarray(ks) * np.log1p(-g))
    return found


def hits_elsewhere(
    answers: Mapping[str, Mapping[str, int]], accepted: Mapping[str, AbstractSet[str]]
) -> dict[str, float]:
    """Share of a model's answers to other problems that would be right for each problem.

    Args:
        answers: Problem id to its answers and how often each was given.
        accepted: Problem id to the answers that count as right for it.

    Returns:
        Problem id to the share, 0 where no other problem has an answer.
    """
    pool: Counter[str] = Counter()
    for given in answers.values():
        pool.update(given)
    total = pool.total()
    found = {}
    for key, given in answers.items():
        others = total - sum(given.values())
        hits = sum(pool[a] - given.get(a, 0) for a in accepted.get(key, ()))
        found[key] = hits / others if others else 0.0
    return found


def guessed_directly(correct: Iterable[int], n: Iterable[int], *, below: float = 0.05) -> BoolArray:
    """Problems that answers without reasoning hit by luck: a rate above 0 and below 5 %.

    Args:
        correct: (P,) correct answers drawn without reasoning.
        n: (P,) such answers.
        below: Rate from which on the model is taken to know the answer.

    Returns:
        (P,) whether the problem is to be left out.

    Source: Yue et al. 2025, arXiv:2504.13837 (the filter of AIME 2024).
    """
    rates = np.array([c / size if size else math.nan for c, size in zip(correct, n, strict=True)])
    return (rates > 0) & (rates < below)
