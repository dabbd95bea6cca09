"""The bootstrap over problems and groups: its law by enumeration, and what it covers."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from boundary.errors import ConfigError
from boundary.stats import (
    bootstrap,
    bootstrap_means,
    pass_at_k,
    rate_intervals,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def coverage(hits):
    return sum(hits) / len(hits)


@pytest.mark.parametrize("groups", [None, [0, 1, 2], ["a", "b", "a"], [5, 5, 5]])
def test_bootstrap_draws_every_resample_as_often_as_enumeration_says(groups):
    values = np.array([[0.0, 1.0], [0.3, 0.0], [1.0, 0.5]])
    keys = list(range(3)) if groups is None else groups
    members = [[i for i in range(3) if keys[i] == key] for key in sorted(set(keys))]
    want = Counter()
    for drawn in itertools.product(members, repeat=len(members)):
        rows = [i for group in drawn for i in group]
        want[tuple(np.round(values[rows].mean(axis=0), 9))] += 1
    total, resamples = sum(want.values()), 20_000
    codes = None if groups is None else np.array(groups)
    means = bootstrap_means(values, rng(), resamples=resamples, groups=codes)
    got = Counter(map(tuple, np.round(means, 9)))
    assert set(got) == set(want)
    for mean, times in want.items():
        share = times / total
        assert abs(got[mean] / resamples - share) < 5 * math.sqrt(share / resamples) + 1e-12


def test_chunks_change_nothing(monkeypatch):
    values = rng(1).random((7, 3))
    whole = bootstrap_means(values, rng(), resamples=50)
    monkeypatch.setattr(bootstrap, "_CHUNK_CELLS", 15)
    np.testing.assert_array_equal(bootstrap_means(values, rng(), resamples=50), whole)


def test_groups_of_one_are_no_groups():
    values = rng(1).random((9, 2))
    plain = bootstrap_means(values, rng(), resamples=40)
    grouped = bootstrap_means(values, rng(), resamples=40, groups=np.arange(9))
    np.testing.assert_allclose(grouped, plain)


def test_no_resamples_are_refused():
    with pytest.raises(ConfigError):
        bootstrap_means(np.zeros((2, 1)), rng(), resamples=0)


def test_bootstrap_covers_the_population_mean():
    draw, ks, hits = rng(11), np.array([1, 8, 32]), []
    truth = np.array([1 - np.prod([(1 + i) / (1.5 + i) for i in range(k)]) for k in ks])
    for _ in range(400):
        counts = draw.binomial(32, draw.beta(0.5, 1.0, size=120))
        table = pass_at_k(counts, 32, ks)
        found = rate_intervals(table, bootstrap_means(table, draw, resamples=300))
        hits.append((found.low <= truth) & (truth <= found.high))
    shares = np.mean(hits, axis=0)
    assert (shares > 0.90).all()
    assert (shares < 0.985).all()


def test_cluster_bootstrap_covers_where_the_plain_one_does_not():
    draw, groups, hits = rng(14), np.repeat(np.arange(40), 8), {"plain": [], "grouped": []}
    for _ in range(200):
        values = np.repeat(draw.random(40), 8)[:, None]
        for name, codes in (("plain", None), ("grouped", groups)):
            found = rate_intervals(
                values, bootstrap_means(values, draw, resamples=200, groups=codes), codes
            )
            hits[name].append(found.low[0] <= 0.5 <= found.high[0])
    assert coverage(hits["grouped"]) > 0.88
    assert coverage(hits["plain"]) < 0.7
