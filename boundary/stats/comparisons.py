"""Two arms on the same problems: paired curves, tests, four-way table and crossing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from boundary.errors import ConfigError
from boundary.records import (
    Comparison,
    Curve,
    DeltaSE,
    ExpectedOverlap,
    Floor,
    Overlap,
)
from boundary.stats.adaptive import design_words
from boundary.stats.arms import Arm, Table
from boundary.stats.arrays import FloatArray, IntArray
from boundary.stats.bootstrap import bootstrap_means
from boundary.stats.contrasts import (
    delta_se,
    expected_overlap,
    overlap,
    overlap_from_firsts,
    paired_test,
)
from boundary.stats.crossings import crossing_of
from boundary.stats.curves import curve_of, draw_sizes, suite_unknown
from boundary.stats.estimators import accuracy_histogram, checked_ks, transitions
from boundary.stats.fixed_suite import fixed_suite_gap_intervals, fixed_suite_intervals, normal_p
from boundary.stats.intervals import Intervals, gap_intervals, rate_intervals
from boundary.stats.pairing import Paired, paired
from boundary.stats.support import floor, sensitivity, support
from boundary.wording import unjudged_note

# The k at which the literature states the sampling-efficiency gap.
DELTA_SE_K = 256


def compare(
    base: Arm,
    other: Arm,
    *,
    ks: Sequence[int] | None = None,
    solved_at: int | None = None,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> Comparison:
    """Compare two arms on the same problems; every difference is other minus base.

    One bootstrap, paired by problem (or group), serves the curves, the differences and the
    crossing. The four-way table is a list of problems where firsts are given for both arms or
    ``solved_at`` equals every limit; else it is an expectation. A problem's limit is its n, or
    the last look of an adaptive arm, whose histogram is that of its first look.

    Args:
        base: The arm compared with.
        other: The arm whose gain is asked for.
        ks: Rising draw sizes; powers of two up to the smallest limit of both when ``None``.
        solved_at: Samples within which a problem counts as solved; the largest k by default.
        rng: Source of the resamples and sign flips.
        resamples: Bootstrap resamples.

    Returns:
        The comparison, its problems in the order of the base's.

    Raises:
        ConfigError: The arms hold different problems or groups, or contradict themselves.
        SampleSizeError: Some k, or ``solved_at``, is below 1 or above the smallest limit.
    """
    pair = paired(base, other)
    grid = draw_sizes(ks, pair.limits)
    histories = (_fixed(base, pair), _fixed(other, pair))
    rates = pair.pass_at(grid)
    means = bootstrap_means(np.hstack(rates), rng, resamples=resamples, groups=pair.groups)
    replicates = (means[:, : len(grid)], means[:, len(grid) :])
    curves = _curves(pair, grid, rates, replicates)
    gaps = gap_intervals(rates[0], rates[1], replicates[1] - replicates[0], pair.groups)
    split = _overlap(pair, int(grid[-1]) if solved_at is None else solved_at)
    tested = paired_test(rates[0], rates[1], rng, groups=pair.groups)
    suite = _suite_intervals(pair, grid)
    return Comparison(
        base=curves[0],
        other=curves[1],
        ks=grid,
        difference=(rates[1] - rates[0]).mean(axis=0),
        low=gaps.low,
        high=gaps.high,
        method=gaps.method,
        p_value=tested.p,
        overlap=split,
        crossing=crossing_of(
            grid, (rates[0] - rates[1]).mean(axis=0), replicates[0] - replicates[1]
        ),
        base_histogram=accuracy_histogram(*histories[0]),
        other_histogram=accuracy_histogram(*histories[1]),
        delta_se=_delta_se(pair, int(grid[-1])),
        notes=tuple(_notes(pair, grid, split)),
        p_adjusted=tested.adjusted,
        suite_low=suite.low if suite else None,
        suite_high=suite.high if suite else None,
        transition=transitions(*histories[0], *histories[1]),
        support=support(split),
        sensitivity=sensitivity(split) if isinstance(split, Overlap) else None,
        floor=_floor(pair),
    )


def for_fixed_suite(found: Comparison, base: Arm, other: Arm) -> Comparison:
    """The comparison with intervals and p-values for these very problems under new samples.

    The crossing's interval, the adjusted p-values and McNemar's test stay those over problems.

    Args:
        found: The comparison over a population of problems.
        base: Its base.
        other: Its other arm.

    Returns:
        The comparison; its p-values are those of a normal law with the interval's width.

    Raises:
        ConfigError: An arm stops early.
    """
    pair = paired(base, other)
    limits = _suite_intervals(pair, found.ks)
    if limits is None:
        raise suite_unknown(base.label if base.design else other.label)
    curves = [
        replace(side, low=own.low, high=own.high, method=own.method)
        for side, table in zip((found.base, found.other), pair.tables, strict=True)
        for own in [fixed_suite_intervals(table.correct, table.n, found.ks)]
    ]
    return replace(
        found,
        base=curves[0],
        other=curves[1],
        low=limits.low,
        high=limits.high,
        method=limits.method,
        p_value=normal_p(found.difference, limits),
        notes=(*found.notes, "intervals and p-values are for new samples of these very problems"),
    )


def with_second_run(found: Comparison, base: Arm, second: Arm) -> Comparison:
    """Add an independent second run of the base to a comparison's noise floor.

    Args:
        found: The comparison.
        base: The base of it.
        second: Another run of the same base on the same problems.

    Returns:
        The comparison with the four-way table of the two runs, at the k of its own.

    Raises:
        ConfigError: The two hold different problems, or the floor cannot be computed.
        SampleSizeError: The k of the table exceeds a limit of the second run.
    """
    if found.floor is None:
        raise ConfigError("one sample is no two halves", remedy="draw more samples per problem")
    table = _overlap(paired(base, second), found.overlap.k)
    return replace(found, floor=replace(found.floor, second=table))


def _curves(
    pair: Paired,
    ks: IntArray,
    rates: tuple[FloatArray, FloatArray],
    replicates: tuple[FloatArray, FloatArray],
) -> list[Curve]:
    """Both curves, with intervals from the common resamples."""
    return [
        curve_of(label, table, ks, rate, rate_intervals(rate, means, pair.groups))
        for label, table, rate, means in zip(
            pair.labels, pair.tables, rates, replicates, strict=True
        )
    ]


def _overlap(pair: Paired, k: int) -> Overlap | ExpectedOverlap:
    ids = pair.tables[0].problem_ids
    grid = checked_ks([k], pair.limits)
    if pair.firsts is not None:
        return overlap_from_firsts(ids, pair.firsts[0], pair.firsts[1], k=k)
    if all(bool((table.limits == k).all()) for table in pair.tables):
        return overlap(ids, pair.tables[0].correct > 0, pair.tables[1].correct > 0, k=k)
    base, other = pair.pass_at(grid)
    return expected_overlap(base[:, 0], other[:, 0], k=k)


def _delta_se(pair: Paired, largest: int) -> DeltaSE:
    base, other = pair.tables
    k = DELTA_SE_K if base.limits.min() >= DELTA_SE_K else largest
    return delta_se(base.pass_at([k]), other.pass_at([1]), k=k)


def _fixed(arm: Arm, pair: Paired) -> tuple[IntArray, IntArray]:
    """(P,) correct samples and (P,) n over indices that no outcome chose, in the pair's order."""
    by_id = {entry.problem_id: entry for entry in arm.fixed_counts}
    found = [by_id[name] for name in pair.tables[0].problem_ids]
    return np.array([entry.correct for entry in found]), np.array([entry.n for entry in found])


def _suite_intervals(pair: Paired, ks: IntArray) -> Intervals | None:
    """What new samples of these very problems would do; unknown where sampling stopped early."""
    base, other = pair.tables
    if base.design is not None or other.design is not None:
        return None
    return fixed_suite_gap_intervals((base.correct, base.n), (other.correct, other.n), ks)


def _floor(pair: Paired) -> Floor | None:
    half = int(pair.limits.min()) // 2
    if not half:
        return None
    base, other = pair.tables
    return floor(base.pass_at([half, 2 * half]), other.pass_at([half])[:, 0], k=half)


def _notes(pair: Paired, ks: IntArray, split: Overlap | ExpectedOverlap) -> Iterator[str]:
    """What a reader must know beside the numbers."""
    for label, table in zip(pair.labels, pair.tables, strict=True):
        yield from _arm_notes(label, table)
    sizes = [int(table.limits.min()) for table in pair.tables]
    if sizes[0] != sizes[1]:
        yield (
            f"smallest n is {sizes[0]} for {pair.labels[0]} and {sizes[1]} for "
            f"{pair.labels[1]}: k stops at {ks[-1]}"
        )
    if pair.groups is not None:
        yield (
            f"{len(pair.groups)} problems in {int(pair.groups.max()) + 1} groups: intervals and "
            "permutation tests take groups as units, McNemar's test takes problems"
        )
    if isinstance(split, ExpectedOverlap):
        yield f"the four-way table at k = {split.k} is an expectation from counts, not a list"


def _arm_notes(label: str, table: Table) -> Iterator[str]:
    limits, design = table.limits, table.design
    if design is not None:
        yield f"{label} is {design_words(design)}"
    if design is not None and len(design.looks) > 1:
        yield (
            f"{label}: the histogram uses the first {design.looks[0]} samples of each problem: "
            "later ones were drawn adaptively"
        )
    if limits.min() < limits.max():
        yield f"{label}: n runs from {limits.min()} to {limits.max()} over the problems"
    if missing := int(table.unjudged.sum()):
        yield unjudged_note(label, missing, int(table.n.sum()))
