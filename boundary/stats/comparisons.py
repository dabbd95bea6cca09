"""Two arms on the same problems: paired curves, tests, four-way table and crossing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from boundary.errors import ConfigError
from boundary.records import (
    Comparison,
    Counts,
    Curve,
    DeltaSE,
    ExpectedOverlap,
    Overlap,
)
from boundary.stats.adaptive import design_words
from boundary.stats.arms import Arm, Table, tabulate
from boundary.stats.arrays import FloatArray, IntArray
from boundary.stats.contrasts import (
    delta_se,
    expected_overlap,
    overlap,
    overlap_from_firsts,
    paired_p,
)
from boundary.stats.crossings import crossing_of
from boundary.stats.curves import curve_of, draw_sizes
from boundary.stats.estimators import accuracy_histogram, checked_ks
from boundary.stats.intervals import bootstrap_means, gap_intervals, rate_intervals

# The k at which the literature states the sampling-efficiency gap.
DELTA_SE_K = 256


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Both arms in the order of the base's problems; ``firsts`` are (P,) or ``None``."""

    labels: tuple[str, str]
    tables: tuple[Table, Table]
    firsts: tuple[IntArray, IntArray] | None

    @property
    def limits(self) -> IntArray:
        """(P,) the largest k that both arms allow."""
        return np.minimum(self.tables[0].limits, self.tables[1].limits)

    @property
    def groups(self) -> IntArray | None:
        """(P,) group of each problem."""
        return self.tables[0].groups

    def pass_at(self, ks: IntArray) -> tuple[FloatArray, FloatArray]:
        """Two (P, K) tables of pass@k."""
        base, other = (table.pass_at(ks) for table in self.tables)
        return base, other


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
    pair = _paired(base, other)
    grid = draw_sizes(ks, pair.limits)
    rates = pair.pass_at(grid)
    means = bootstrap_means(np.hstack(rates), rng, resamples=resamples, groups=pair.groups)
    replicates = (means[:, : len(grid)], means[:, len(grid) :])
    curves = _curves(pair, grid, rates, replicates)
    gaps = gap_intervals(rates[0], rates[1], replicates[1] - replicates[0], pair.groups)
    split = _overlap(pair, int(grid[-1]) if solved_at is None else solved_at)
    return Comparison(
        base=curves[0],
        other=curves[1],
        ks=grid,
        difference=(rates[1] - rates[0]).mean(axis=0),
        low=gaps.low,
        high=gaps.high,
        method=gaps.method,
        p_value=paired_p(rates[0], rates[1], rng, groups=pair.groups),
        overlap=split,
        crossing=crossing_of(
            grid, (rates[0] - rates[1]).mean(axis=0), replicates[0] - replicates[1]
        ),
        base_histogram=_histogram(base),
        other_histogram=_histogram(other),
        delta_se=_delta_se(pair, int(grid[-1])),
        notes=tuple(_notes(pair, grid, split)),
    )


def _paired(base: Arm, other: Arm) -> _Pair:
    """Put the other arm into the order of the base's problems."""
    # Refuses a problem that comes twice before the look-up by id would hide it.
    tabulate(other.counts)
    _require_same_problems(base, other)
    by_id = {entry.problem_id: entry for entry in other.counts}
    left, right = [], []
    for entry in base.counts:
        match = by_id[entry.problem_id]
        group = _common_group(entry, match)
        left.append(replace(entry, group=group))
        right.append(replace(match, group=group))
    tables = (tabulate(left, base.design), tabulate(right, other.design))
    firsts = None
    if base.firsts is not None and other.firsts is not None:
        firsts = (_firsts(base, tables[0].problem_ids), _firsts(other, tables[0].problem_ids))
    return _Pair((base.label, other.label), tables, firsts)


def _require_same_problems(base: Arm, other: Arm) -> None:
    sides = [[entry.problem_id for entry in arm.counts] for arm in (base, other)]
    only = [
        [name for name in mine if name not in theirs]
        for mine, theirs in ((sides[0], set(sides[1])), (sides[1], set(sides[0])))
    ]
    parts = [
        f"{len(names)} only in {arm.label} ({_few(names)})"
        for names, arm in zip(only, (base, other), strict=True)
        if names
    ]
    if parts:
        raise ConfigError(
            f"{base.label} has {len(sides[0])} problems and {other.label} {len(sides[1])}, "
            + " and ".join(parts),
            remedy="compare runs of one suite, or restrict both to the problems they share",
        )


def _few(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _common_group(base: Counts, other: Counts) -> str | None:
    if base.group is not None and other.group is not None and base.group != other.group:
        raise ConfigError(
            f"problem {base.problem_id!r} is in group {base.group!r} on one side "
            f"and {other.group!r} on the other",
            remedy="give both arms the same groups",
        )
    return other.group if base.group is None else base.group


def _firsts(arm: Arm, order: Sequence[str]) -> IntArray:
    """(P,) indices of first correct samples in the given order, -1 for none."""
    given, ids = arm.firsts, [entry.problem_id for entry in arm.counts]
    if given is None or len(given) != len(ids):
        raise ConfigError(
            f"first correct samples of {arm.label} do not cover its {len(ids)} problems",
            remedy="give one entry per problem",
        )
    by_id = given if isinstance(given, Mapping) else dict(zip(ids, given, strict=True))
    if missing := [name for name in order if name not in by_id]:
        raise ConfigError(
            f"{arm.label} has no first correct sample for {_few(missing)}",
            remedy="give one entry per problem, None where none is correct",
        )
    found = [by_id[name] for name in order]
    return np.array([-1 if index is None else index for index in found], dtype=np.int64)


def _curves(
    pair: _Pair,
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


def _overlap(pair: _Pair, k: int) -> Overlap | ExpectedOverlap:
    ids = pair.tables[0].problem_ids
    grid = checked_ks([k], pair.limits)
    if pair.firsts is not None:
        return overlap_from_firsts(ids, pair.firsts[0], pair.firsts[1], k=k)
    if all(bool((table.limits == k).all()) for table in pair.tables):
        return overlap(ids, pair.tables[0].correct > 0, pair.tables[1].correct > 0, k=k)
    base, other = pair.pass_at(grid)
    return expected_overlap(base[:, 0], other[:, 0], k=k)


def _delta_se(pair: _Pair, largest: int) -> DeltaSE:
    base, other = pair.tables
    k = DELTA_SE_K if base.limits.min() >= DELTA_SE_K else largest
    return delta_se(base.pass_at([k]), other.pass_at([1]), k=k)


def _histogram(arm: Arm) -> IntArray:
    fixed = arm.fixed_counts
    return accuracy_histogram([entry.correct for entry in fixed], [entry.n for entry in fixed])


def _notes(pair: _Pair, ks: IntArray, split: Overlap | ExpectedOverlap) -> Iterator[str]:
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
        yield (
            f"{label}: {missing} of {int(table.n.sum())} samples unjudged, "
            "counted as not correct; the bounds show both extremes"
        )
