"""Resampling problems, or whole groups of dependent ones."""

from collections.abc import Iterator

import numpy as np

from boundary.errors import ConfigError
from boundary.stats.arrays import FloatArray, IntArray

# Cells of one chunk of the weight matrix: 16 MB at eight bytes each.
_CHUNK_CELLS = 2_000_000


def bootstrap_means(
    per_problem: FloatArray,
    rng: np.random.Generator,
    *,
    resamples: int = 2000,
    groups: IntArray | None = None,
) -> FloatArray:
    """Resample problems, or whole groups of dependent ones, and take the mean of each column.

    A resample draws as many groups as there are, with replacement, and divides its sum by the
    number of problems drawn. The same draw serves every column, so differences of columns are
    paired. Weights are made in chunks: memory does not grow with the number of resamples.

    Args:
        per_problem: (P, K) values.
        rng: Source of the draws.
        resamples: B, at least 1.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        (B, K) means.

    Raises:
        ConfigError: Fewer than one resample is asked for.

    Source: Efron 1979; for groups, Field and Welsh 2007 (cluster bootstrap).
    """
    if resamples < 1:
        raise ConfigError(f"{resamples} bootstrap resamples", remedy="ask for at least 1")
    sums, sizes = group_sums(per_problem, groups)
    means = np.empty((resamples, sums.shape[1]))
    for rows in chunks(resamples, len(sizes)):
        weights = _resample_weights(rows.stop - rows.start, len(sizes), rng)
        means[rows] = (weights @ sums) / (weights @ sizes)[:, None]
    return means


def chunks(rows: int, columns: int) -> Iterator[slice]:
    """Cut ``rows`` into slices whose (rows, columns) matrices stay at 16 MB."""
    step = max(1, _CHUNK_CELLS // max(columns, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def group_sums(per_problem: FloatArray, groups: IntArray | None) -> tuple[FloatArray, FloatArray]:
    """Add up the problems of each group.

    Args:
        per_problem: (P, K) values.
        groups: (P,) group of each problem; each its own when ``None``.

    Returns:
        (G, K) sums and (G,) numbers of problems.
    """
    if groups is None:
        return per_problem, np.ones(len(per_problem))
    _, codes = np.unique(groups, return_inverse=True)
    sums = np.zeros((int(codes.max()) + 1, per_problem.shape[1]))
    np.add.at(sums, codes, per_problem)
    return sums, np.bincount(codes).astype(np.float64)


def _resample_weights(rows: int, size: int, rng: np.random.Generator) -> FloatArray:
    """(rows, size) how often each of ``size`` groups is drawn in each resample."""
    drawn = rng.integers(0, size, size=(rows, size))
    weights = np.empty((rows, size))
    # Counted row by row, as one row's counts stay in the cache.
    for row, picks in enumerate(drawn):
        weights[row] = np.bincount(picks, minlength=size)
    return weights
