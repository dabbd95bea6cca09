"""Several arms on the same problems: each one's curve and every two's difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from boundary.errors import ConfigError
from boundary.records import Crossing, Curve
from boundary.stats.arms import Arm
from boundary.stats.arrays import FloatArray, IntArray
from boundary.stats.bootstrap import bootstrap_means
from boundary.stats.crossings import crossing_of
from boundary.stats.curves import curve_of, draw_sizes
from boundary.stats.intervals import gap_intervals, rate_intervals
from boundary.stats.pairing import aligned


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Other minus base of two arms out of several, (K,) each, and where they cross."""

    base: str
    other: str
    difference: FloatArray
    low: FloatArray
    high: FloatArray
    method: tuple[str, ...]
    crossing: Crossing


@dataclass(frozen=True, slots=True, eq=False)
class AllPairs:
    """Several arms on the same problems: each one's curve, and every pair's difference."""

    ks: IntArray
    curves: tuple[Curve, ...]
    gaps: tuple[Gap, ...]


def all_pairs(
    arms: Sequence[Arm],
    *,
    ks: Sequence[int] | None = None,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> AllPairs:
    """Curves of several arms and the differences between any two, from one paired bootstrap.

    Args:
        arms: Two or more, on the same problems.
        ks: Rising draw sizes; powers of two up to the smallest limit of all when ``None``.
        rng: Source of the resamples.
        resamples: Bootstrap resamples.

    Returns:
        The curves, and for each two arms the later minus the earlier, without tests.

    Raises:
        ConfigError: The arms hold different problems or groups, or are fewer than two.
        SampleSizeError: Some k is below 1 or above the smallest limit.
    """
    if len(arms) < 2:
        raise ConfigError(f"{len(arms)} arms to pair", remedy="give two or more")
    tables = aligned(arms)
    grid = draw_sizes(ks, np.min([table.limits for table in tables], axis=0))
    rates = [table.pass_at(grid) for table in tables]
    groups = tables[0].groups
    means = bootstrap_means(np.hstack(rates), rng, resamples=resamples, groups=groups)
    replicates = np.split(means, len(arms), axis=1)
    curves = tuple(
        curve_of(arm.label, table, grid, rate, rate_intervals(rate, mean, groups))
        for arm, table, rate, mean in zip(arms, tables, rates, replicates, strict=True)
    )
    return AllPairs(
        grid,
        curves,
        tuple(
            _gap((arms[i].label, arms[j].label), grid, (rates[i], rates[j]), more, groups)
            for i, j in combinations(range(len(arms)), 2)
            for more in [replicates[j] - replicates[i]]
        ),
    )


def _gap(
    labels: tuple[str, str],
    ks: IntArray,
    rates: tuple[FloatArray, FloatArray],
    replicates: FloatArray,
    groups: IntArray | None,
) -> Gap:
    base, other = rates
    found = gap_intervals(base, other, replicates, groups)
    difference = (other - base).mean(axis=0)
    crossing = crossing_of(ks, -difference, -replicates)
    return Gap(*labels, difference, found.low, found.high, found.method, crossing)
