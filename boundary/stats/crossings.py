"""Where the base's pass@k curve catches up with the tuned model's and stays ahead."""

import math

import numpy as np

from boundary.records import Crossing, CrossingKind
from boundary.stats.arrays import LEVEL, TOLERANCE, FloatArray, IntArray
from boundary.stats.bootstrap import bootstrap_means


def crossing(
    ks: IntArray,
    base: FloatArray,
    other: FloatArray,
    rng: np.random.Generator,
    resamples: int = 2000,
    groups: IntArray | None = None,
) -> Crossing:
    """Locate the crossing of two curves, with a paired bootstrap interval.

    The crossing is the least k0 > 1 of the grid with base >= tuned at every k >= k0, the tuned
    model strictly ahead at some k < k0 and the base strictly ahead at some k >= k0; its place
    is interpolated in log2 k between k0 and the grid point before it.

    Args:
        ks: (K,) rising draw sizes.
        base: (P, K) pass@k of the base.
        other: (P, K) pass@k of the tuned model, for the same problems.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems or groups.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        The crossing; see ``crossing_of`` for what its interval means.
    """
    replicates = bootstrap_means(base - other, rng, resamples=resamples, groups=groups)
    return crossing_of(ks, (base - other).mean(axis=0), replicates)


def crossing_of(ks: IntArray, lead: FloatArray, replicates: FloatArray) -> Crossing:
    """Locate the crossing from the base's mean lead and its bootstrap replicates.

    The interval is one of the place where the base stays ahead from. A resample with the base
    ahead throughout puts that place at the first k or below, and counts as the first k; one
    with the tuned model ahead at n, or level there after being ahead, puts it beyond n, counts
    as infinite, and is what ``share_without`` adds up. So ``low`` and ``high`` are quantiles
    over all resamples, none left out, whatever the kind of the point estimate. They never
    coincide: a crossing is only located to a cell of the grid, and that cell is then returned.

    Args:
        ks: (K,) rising draw sizes.
        lead: (K,) base minus tuned.
        replicates: (B, K) the same in each resample.

    Returns:
        The crossing; ``low`` or ``high`` is ``None`` where it lies beyond the last k.
    """
    kind = _kind(_signs(lead[None, :])[0])
    places = _places(ks, replicates)
    k = float(_places(ks, lead[None, :])[0]) if kind is CrossingKind.CROSSES else None
    low, high = _limits(ks, places, k)
    return Crossing(
        kind=kind,
        k=k,
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
        share_without=float(np.isinf(places).mean()),
    )


def _signs(leads: FloatArray) -> IntArray:
    """(B, K) who is ahead: 1 the base, -1 the tuned model, 0 neither beyond rounding."""
    return np.where(np.abs(leads) <= TOLERANCE, 0, np.sign(leads)).astype(np.int64)


def _kind(signs: IntArray) -> CrossingKind:
    behind = np.flatnonzero(signs < 0)
    start = int(behind[-1]) + 1 if behind.size else 0
    if start == len(signs):
        return CrossingKind.NO_CROSSING
    if not (signs[start:] > 0).any():
        return CrossingKind.TIE
    return CrossingKind.CROSSES if start else CrossingKind.BASE_AHEAD


def _places(ks: IntArray, leads: FloatArray) -> FloatArray:
    """(B,) where the base stays ahead from: the first k if throughout, infinite if nowhere."""
    signs = _signs(leads)
    columns = np.arange(len(ks))
    last_behind = np.where(signs < 0, columns, -1).max(axis=1)
    last_ahead = np.where(signs > 0, columns, -1).max(axis=1)
    places = np.where(last_ahead < 0, np.inf, float(ks[0]))
    places[last_behind > last_ahead] = np.inf
    rows = np.flatnonzero((last_behind >= 0) & (last_ahead > last_behind))
    before = last_behind[rows]
    down = -leads[rows, before]
    up = np.where(signs[rows, before + 1] == 0, 0.0, leads[rows, before + 1])
    octaves = np.log2(ks)
    step = octaves[before + 1] - octaves[before]
    places[rows] = np.exp2(octaves[before] + step * down / (down + up))
    return places


def _limits(ks: IntArray, places: FloatArray, k: float | None) -> tuple[float, float]:
    """Outward-rounded quantiles of the places, widened to a grid cell where they coincide."""
    ordered = np.sort(places)
    last = len(ordered) - 1
    low = float(ordered[math.floor(last * (1 - LEVEL) / 2)])
    high = float(ordered[math.ceil(last * (1 + LEVEL) / 2)])
    if k is not None:
        low, high = min(low, k), max(high, k)
    if math.isfinite(high) and high - low <= TOLERANCE * high:
        low = float(ks[max(int(np.searchsorted(ks, low)) - 1, 0)])
        above = ks[ks > low]
        high = float(above[0]) if above.size else math.inf
    return low, high
