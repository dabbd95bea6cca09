"""Trends over training steps: known slopes, exact tests, and series that say nothing."""

import numpy as np
import pytest

from boundary.errors import ConfigError
from boundary.stats import trend


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_line_is_found_again():
    steps = [0, 100, 300]
    rates = 0.2 + np.array(steps)[:, None] * (0.0005 + 0.001 * np.arange(40) / 39)
    found = trend(steps, rates, rng())
    assert found.slope == pytest.approx(0.001)
    assert found.spearman == 1.0
    assert found.p_value < 0.001
    assert found.low <= found.slope <= found.high


def test_the_slope_is_that_of_least_squares():
    steps, rates = [1, 2, 5, 9], rng(1).random((4, 30))
    found = trend(steps, rates, rng())
    assert found.slope == pytest.approx(np.polyfit(steps, rates.mean(axis=1), 1)[0])
    assert found.low < found.slope < found.high


def test_arms_without_a_trend_are_rejected_as_often_as_the_level_says():
    draw, hits = rng(2), 0
    for _ in range(300):
        hits += trend([0, 1, 2], draw.random((3, 12)), draw, resamples=100).p_value < 0.05
    assert hits / 300 < 0.10


def test_few_problems_settle_nothing():
    rates = np.array([[0.0] * 4, [0.5] * 4, [1.0] * 4])
    assert trend([0, 1, 2], rates, rng()).p_value == 0.125
    flat = trend([0, 1, 2], np.full((3, 4), 0.5), rng())
    assert (flat.p_value, flat.spearman) == (1.0, 0.0)
    assert np.isnan([flat.low, flat.high]).all()


@pytest.mark.parametrize("steps", [[0], [0, 0], [1, 0], [0, 1, 2]])
def test_what_is_no_series(steps):
    with pytest.raises(ConfigError, match="rising"):
        trend(steps, np.zeros((2, 3)), rng())
