"""Means over problems and paired gaps, against their definitions."""

import math

import numpy as np
import pytest

from boundary import stats
from boundary.errors import SampleSizeError
from boundary.records import PerplexityCell


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def cell(of: str, values: dict[str, float]) -> PerplexityCell:
    return stats.perplexity(of, "base", {k: [v] for k, v in values.items()}, rng=rng())


def test_a_mean_gives_every_problem_the_same_weight() -> None:
    found = stats.mean_over({"a": [1.0] * 9, "b": [3.0], "c": []}, rng())
    assert (found.value, found.problems, found.answers) == (2.0, 2, 10)
    assert found.low <= 1.5 <= 2.5 <= found.high


def test_rates_that_do_not_vary_have_an_interval_all_the_same() -> None:
    found = stats.mean_over({str(i): [1.0] for i in range(30)}, rng(), are_rates=True)
    assert found.value == 1.0
    assert 0.8 < found.low < 0.95
    plain = stats.mean_over({str(i): [1.0] for i in range(30)}, rng())
    assert math.isnan(plain.low)


def test_no_answers_have_no_mean() -> None:
    with pytest.raises(SampleSizeError, match="no answers"):
        stats.mean_over({"a": []}, rng())


def test_a_gap_pairs_problems_by_their_names() -> None:
    one = cell("a", {"p": 2.0, "q": 10.0, "r": 5.0, "only": 9.0})
    other = cell("b", {"r": 6.0, "q": 12.0, "p": 2.4, "new": 1.0})
    gap = stats.perplexity_gap(one, other, rng=rng())
    assert gap is not None
    assert gap.problems == 3
    assert gap.difference == pytest.approx((0.4 + 2.0 + 1.0) / 3)
    assert gap.ratio == pytest.approx(1.2)
    # Every pair has the same ratio, so nothing is known of its spread; the difference varies.
    assert math.isnan(gap.ratio_low)
    assert gap.low < gap.difference < gap.high


def test_pairing_finds_what_two_intervals_hide() -> None:
    values = {f"p{i}": math.exp(i / 3) for i in range(30)}
    one, other = (
        cell("a", values),
        cell("b", {k: v * (1.02 + 0.01 * (v % 1)) for k, v in values.items()}),
    )
    gap = stats.perplexity_gap(one, other, rng=rng())
    assert gap is not None
    assert one.low < other.mean < one.high, "apart, they overlap"
    assert 1 < gap.ratio_low < gap.ratio < gap.ratio_high
    back = stats.perplexity_gap(other, one, rng=rng())
    assert back is not None
    assert back.difference == pytest.approx(-gap.difference)
    assert back.ratio == pytest.approx(1 / gap.ratio)


def test_cells_without_a_common_problem_have_no_gap() -> None:
    assert stats.perplexity_gap(cell("a", {"p": 2.0}), cell("b", {"q": 2.0}), rng=rng()) is None


def test_the_interval_of_a_gap_holds_its_truth() -> None:
    """Of 200 simulated pairs, about 95 % hold the mean ratio."""
    source, hits = np.random.default_rng(3), 0
    for _ in range(200):
        base = np.exp(source.normal(0, 1, 40))
        tuned = base * np.exp(source.normal(0.1, 0.3, 40))
        pair = [cell(n, dict(enumerate(x, 0))) for n, x in (("a", base), ("b", tuned))]  # type: ignore[arg-type]
        gap = stats.perplexity_gap(*pair, rng=rng(), resamples=400)
        assert gap is not None
        hits += gap.ratio_low <= math.exp(0.1) <= gap.ratio_high
    assert hits >= 176
