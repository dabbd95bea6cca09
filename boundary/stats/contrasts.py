"""Paired contrasts of two arms: exact tests, four-way tables, sampling-efficiency gap."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from boundary.errors import ConfigError
from boundary.records import DeltaSE, ExpectedOverlap, Overlap
from boundary.stats.arrays import TOLERANCE, BoolArray, FloatArray, IntArray
from boundary.stats.bootstrap import chunks, group_sums
from boundary.stats.scores import is_binary

# Up to this many groups that differ, all sign flips are enumerated: 4,096 of them.
_ENUMERATED_GROUPS = 12


def mcnemar_exact(base_only: int, other_only: int) -> float:
    """Two-sided exact McNemar test of one arm's own problems against the other's.

    Args:
        base_only: Problems that only the base solves.
        other_only: Problems that only the other arm solves.

    Returns:
        ``min(1, 2 P(X <= min))`` with X binomial(base_only + other_only, 1/2); 1 for 0 to 0.

    Raises:
        ConfigError: A count is negative.

    Source: McNemar 1947, Psychometrika 12, in its exact binomial form.
    """
    least, total = min(base_only, other_only), base_only + other_only
    if least < 0:
        raise ConfigError(f"{base_only} problems to {other_only}", remedy="counts start at 0")
    term = tail = 1
    for i in range(least):
        term = term * (total - i) // (i + 1)
        tail += term
    # Whole numbers throughout: the one division rounds once, whatever the size.
    return min(1.0, 2 * tail / (1 << total))


def permutation_p(
    differences: FloatArray,
    rng: np.random.Generator,
    *,
    draws: int = 10_000,
    groups: IntArray | None = None,
) -> FloatArray:
    """Two-sided paired permutation test: flips the sign of each problem's difference.

    Groups of dependent problems flip together. With twelve differing groups or fewer, all flips
    are enumerated and p is exact; else p = (1 + #{|T*| >= |T|}) / (1 + draws).

    Args:
        differences: (P, K) other minus base.
        rng: Source of the flips.
        draws: Flips drawn, at least 1.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        (K,) p-values; 1 where all differences are 0.

    Raises:
        ConfigError: Fewer than one draw is asked for.

    Source: Fisher 1935; Phipson and Smyth 2010 (the added 1).
    """
    return permutation_test(differences, rng, draws=draws, groups=groups).p


class Flipped(NamedTuple):
    """(K,) p-values of a sign-flip test: of each column, and of all columns together."""

    p: FloatArray
    adjusted: FloatArray


def permutation_test(
    differences: FloatArray,
    rng: np.random.Generator,
    *,
    draws: int = 10_000,
    groups: IntArray | None = None,
) -> Flipped:
    """The test of ``permutation_p``, and its p-values adjusted for the number of columns.

    Adjusted by the step-down max-T method on ``|sum d| / sqrt(sum d^2)``, whose denominator no
    flip changes: the chance of one false claim among all k is at most the level, however the
    columns depend on each other. The same flips serve both.

    Args:
        differences: (P, K) other minus base.
        rng: Source of the flips.
        draws: Flips drawn, at least 1.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        Both sets of p-values; an adjusted one is never below its own.

    Raises:
        ConfigError: Fewer than one draw is asked for.

    Source: Westfall and Young 1993, Resampling-Based Multiple Testing, algorithm 2.8.
    """
    if draws < 1:
        raise ConfigError(f"{draws} permutations", remedy="ask for at least 1")
    sums, _ = group_sums(differences, groups)
    sums = sums[np.abs(sums).max(axis=1) > TOLERANCE]
    if len(sums) <= _ENUMERATED_GROUPS:
        codes = np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))
        alone, together = _at_least_as_far(sums, codes & 1)
        return _monotone(sums, alone / 2.0 ** len(sums), together / 2.0 ** len(sums))
    alone, together = np.zeros((2, sums.shape[1]))
    for rows in chunks(draws, len(sums)):
        flips = rng.integers(0, 2, size=(rows.stop - rows.start, len(sums)), dtype=np.int8)
        more = _at_least_as_far(sums, flips)
        alone, together = alone + more[0], together + more[1]
    return _monotone(sums, (1 + alone) / (1 + draws), (1 + together) / (1 + draws))


def _at_least_as_far(sums: FloatArray, flips: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """(K,) how many of the (B, G) 0/1 flips take the total as far from 0 as it is.

    Second, how many take the largest studentised total, over the columns whose own is no larger
    than this one's, as far.
    """
    totals = np.abs((1.0 - 2.0 * flips) @ sums)
    seen = np.abs(sums.sum(axis=0))
    # Totals that are equal on paper may differ in the last digits.
    slack = TOLERANCE * (1.0 + np.abs(sums).sum(axis=0))
    alone: FloatArray = (totals >= seen - slack).sum(axis=0).astype(np.float64)
    order, scale = _by_distance(sums)
    largest = np.maximum.accumulate((totals / scale)[:, order], axis=1)
    together = np.empty_like(alone)
    together[order] = (largest >= ((seen - slack) / scale)[order]).sum(axis=0)
    return alone, together


def _by_distance(sums: FloatArray) -> tuple[IntArray, FloatArray]:
    """(K,) columns by rising studentised total, and what studentises them."""
    scale = np.sqrt(np.maximum((sums**2).sum(axis=0), TOLERANCE))
    return np.argsort(np.abs(sums.sum(axis=0)) / scale, kind="stable"), scale


def _monotone(sums: FloatArray, alone: FloatArray, together: FloatArray) -> Flipped:
    """No column that lies nearer to 0 has the smaller adjusted p-value."""
    falling = _by_distance(sums)[0][::-1]
    adjusted = np.empty_like(together)
    adjusted[falling] = np.maximum.accumulate(np.maximum(alone, together)[falling])
    return Flipped(alone, adjusted)


def paired_test(
    base: FloatArray,
    other: FloatArray,
    rng: np.random.Generator,
    *,
    draws: int = 10_000,
    groups: IntArray | None = None,
) -> Flipped:
    """Paired test at each k: exact McNemar where each problem is 0 or 1, else permutation.

    With groups the permutation test serves every column, as McNemar's test knows no groups.

    Args:
        base: (P, K) rates.
        other: (P, K) rates of the same problems.
        rng: Source of the flips.
        draws: Flips drawn.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        (K,) two-sided p-values, and the same adjusted as by ``permutation_test``.
    """
    found = permutation_test(other - base, rng, draws=draws, groups=groups)
    if groups is not None:
        return found
    p = found.p.copy()
    for j, (a, b) in enumerate(zip(base.T, other.T, strict=True)):
        if is_binary(a) and is_binary(b):
            p[j] = mcnemar_exact(int((a > b).sum()), int((b > a).sum()))
    return Flipped(p, np.maximum(p, found.adjusted))


def overlap(
    problem_ids: Sequence[str], base_solved: BoolArray, other_solved: BoolArray, *, k: int
) -> Overlap:
    """Sort problems by who solves them within k samples.

    Args:
        problem_ids: P ids.
        base_solved: (P,) whether the base solves each.
        other_solved: (P,) whether the other arm does.
        k: Samples that both had.

    Returns:
        Four lists of ids in the order given, with the exact McNemar test.
    """

    def ids(chosen: BoolArray) -> tuple[str, ...]:
        return tuple(name for name, kept in zip(problem_ids, chosen, strict=True) if kept)

    base_only, other_only = ids(base_solved & ~other_solved), ids(other_solved & ~base_solved)
    return Overlap(
        k=k,
        both=ids(base_solved & other_solved),
        base_only=base_only,
        other_only=other_only,
        neither=ids(~base_solved & ~other_solved),
        p_value=mcnemar_exact(len(base_only), len(other_only)),
    )


def overlap_from_firsts(
    problem_ids: Sequence[str], base_firsts: IntArray, other_firsts: IntArray, *, k: int
) -> Overlap:
    """Sort problems by who solves them within the first k assigned indices.

    Args:
        problem_ids: P ids.
        base_firsts: (P,) index from 0 of the base's first correct sample, negative for none.
        other_firsts: (P,) the same for the other arm.
        k: Samples looked at.

    Returns:
        Four lists of ids in the order given, with the exact McNemar test.
    """
    solved = [(firsts >= 0) & (firsts < k) for firsts in (base_firsts, other_firsts)]
    return overlap(problem_ids, solved[0], solved[1], k=k)


def expected_overlap(base_at_k: FloatArray, other_at_k: FloatArray, *, k: int) -> ExpectedOverlap:
    """Expected four-way table when each arm draws k samples of its own.

    Args:
        base_at_k: (P,) pass@k of the base.
        other_at_k: (P,) pass@k of the other arm.
        k: Samples drawn.

    Returns:
        Expected numbers of problems, adding up to P.
    """
    return ExpectedOverlap(
        k=k,
        both=float((base_at_k * other_at_k).sum()),
        base_only=float((base_at_k * (1 - other_at_k)).sum()),
        other_only=float(((1 - base_at_k) * other_at_k).sum()),
        neither=float(((1 - base_at_k) * (1 - other_at_k)).sum()),
    )


def delta_se(base_at_k: FloatArray, other_at_1: FloatArray, *, k: int) -> DeltaSE:
    """Sampling-efficiency gap: base pass@k minus tuned pass@1; positive, lower is better.

    Args:
        base_at_k: (P,) pass@k of the base.
        other_at_1: (P,) pass@1 of the tuned model.
        k: Samples of the base; 256 in the literature, and stated where it differs.

    Returns:
        The gap with both its inputs.

    Source: Yue et al. 2025, arXiv:2504.13837.
    """
    ceiling, reached = float(base_at_k.mean()), float(other_at_1.mean())
    return DeltaSE(value=ceiling - reached, k=k, base_at_k=ceiling, other_at_1=reached)
