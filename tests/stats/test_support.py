"""Support measures, sensitivity and the noise floor: published tables, enumeration, simulation."""

import math
from itertools import product

import numpy as np
import pytest

from boundary.errors import ConfigError
from boundary.records import ExpectedOverlap, Overlap
from boundary.stats import detectability, floor, mcnemar_exact, pass_at_k, sensitivity, support


def listed(both, base_only, other_only, neither, k=128):
    names = iter(range(10_000))
    parts = [
        tuple(f"p{next(names)}" for _ in range(size))
        for size in (both, base_only, other_only, neither)
    ]
    return Overlap(k, *parts, p_value=mcnemar_exact(base_only, other_only))


def test_support_of_a_published_table():
    """MATH-500 at k = 128: 462 both, 19 base only, 3 tuned only, 16 neither."""
    found = support(listed(462, 19, 3, 16))
    assert found.kept == pytest.approx(462 / 481)
    assert found.new == pytest.approx(3 / 465)
    assert found.score == pytest.approx(2 * found.kept * found.new / (found.kept + found.new))
    assert found.net == pytest.approx(-16 / 484)
    assert found.unlock == pytest.approx(3 / 19)
    assert (found.expansion, found.shrinkage) == (3, 19)
    assert found.epsilon == pytest.approx(-math.log(0.05) / 128)


def test_ratios_of_nothing_are_not_zero():
    none = support(listed(0, 0, 0, 5))
    assert (none.kept, none.new, none.score, none.net) == (None, None, None, None)
    assert none.unlock == 0.0
    assert support(listed(3, 0, 0, 0)).unlock is None
    assert support(listed(3, 2, 0, 1)).score == 0.0
    assert support(listed(0, 2, 1, 1)).score is None


def test_expected_tables_have_support_too():
    found = support(ExpectedOverlap(4, 2.5, 1.5, 0.5, 0.5))
    assert found.kept == pytest.approx(2.5 / 4)
    assert found.unlock == pytest.approx(0.5)


def test_detectability():
    assert detectability(8192) == pytest.approx(3.66e-4, rel=2e-3)
    assert detectability(1) == 1.0
    for k, missed in ((0, 0.05), (8, 0.0), (8, 1.0)):
        with pytest.raises(ConfigError):
            detectability(k, missed)


def by_trial(both, base_only, other_only, neither):
    """Both numbers, by flipping every set of one model's outcomes."""
    sizes = (both, base_only, other_only, neither)
    solved = np.repeat([[True, True], [True, False], [False, True], [False, False]], sizes, axis=0)
    reversal, unsettling = [], []
    for mask in product([False, True], repeat=len(solved)):
        for model in (0, 1):
            changed = solved.copy()
            changed[:, model] ^= mask
            left, right = ((changed[:, m] & ~changed[:, 1 - m]).sum() for m in (0, 1))
            if (right - left) * (1 if base_only > other_only else -1) > 0:
                reversal.append(sum(mask))
            if mcnemar_exact(int(left), int(right)) >= 0.05:
                unsettling.append(sum(mask))
    settled = mcnemar_exact(base_only, other_only) < 0.05
    return min(reversal, default=None), min(unsettling) if settled else None


@pytest.mark.parametrize("cells", [(1, 7, 0, 2), (2, 6, 0, 0), (1, 0, 6, 3), (4, 3, 1, 1)])
def test_sensitivity_against_all_changes(cells):
    found = sensitivity(listed(*cells))
    assert (found.reversal, found.unsettling) == by_trial(*cells)


def test_sensitivity_of_published_tables():
    math500, aime24 = (sensitivity(listed(*cells)) for cells in ((462, 19, 3, 16), (19, 4, 0, 7)))
    assert (math500.reversal, math500.unsettling) == (17, 5)
    assert (aime24.reversal, aime24.unsettling) == (5, None)
    assert mcnemar_exact(19, 3 + 5) >= 0.05 > mcnemar_exact(19, 3 + 4)
    assert sensitivity(listed(0, 3, 0, 0)).reversal is None


def test_the_floor_is_the_mean_over_all_splits():
    n, half = 6, 3
    for c in range(n + 1):
        rates = pass_at_k([c], n, [half, n])
        found = floor(rates, pass_at_k([2], n, [half])[:, 0], k=half)
        samples = np.arange(n) < c
        splits = [
            (samples[list(mask)].any(), samples[~np.array(mask)].any())
            for mask in product([True, False], repeat=n)
            if sum(mask) == half
            for mask in [np.array(mask)]
        ]
        first_only = np.mean([a and not b for a, b in splits])
        assert found.base.base_only == pytest.approx(first_only, abs=1e-14)
        assert found.base.both == pytest.approx(np.mean([a and b for a, b in splits]), abs=1e-14)
        assert found.base.neither == pytest.approx(float(c == 0))
        assert found.other.both == pytest.approx(rates[0, 0] * (1 - 4 / 20), abs=1e-14)


def test_the_floor_is_unbiased_for_what_two_runs_would_show():
    rng, n, p = np.random.default_rng(0), 16, 0.06
    counts = rng.binomial(n, p, 20_000)
    found = floor(pass_at_k(counts, n, [8, 16]), pass_at_k(counts, n, [8])[:, 0], k=8)
    want = (1 - p) ** 8 * (1 - (1 - p) ** 8)
    assert found.base.base_only / 20_000 == pytest.approx(want, abs=0.01)
