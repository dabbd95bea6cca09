"""Every two of several arms, as each comparison alone says."""

import numpy as np
import pytest

from boundary.errors import ConfigError
from boundary.stats import (
    all_pairs,
    compare,
)
from tests.stats.data import arm, rng


def test_all_pairs_are_what_each_comparison_says():
    draw = rng(6)
    arms = [arm(f"a{i}", draw.integers(0, 9, 120)) for i in range(3)]
    found = all_pairs(arms, rng=rng(), resamples=400)
    assert [(gap.base, gap.other) for gap in found.gaps] == [
        ("a0", "a1"), ("a0", "a2"), ("a1", "a2"),
    ]  # fmt: skip
    for gap, (i, j) in zip(found.gaps, [(0, 1), (0, 2), (1, 2)], strict=True):
        alone = compare(arms[i], arms[j], rng=rng(), resamples=400)
        np.testing.assert_allclose(gap.difference, alone.difference)
        np.testing.assert_allclose(gap.low, alone.low)
        np.testing.assert_allclose(gap.high, alone.high)
        assert gap.method == alone.method
        assert gap.crossing.kind == alone.crossing.kind
    np.testing.assert_allclose(found.curves[1].mean, alone.base.mean)
    with pytest.raises(ConfigError, match="two or more"):
        all_pairs(arms[:1], rng=rng())
