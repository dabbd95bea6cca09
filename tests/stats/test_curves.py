"""Curves and perplexity cells from counts."""

import math
from fractions import Fraction

import numpy as np
import pytest

from boundary.errors import ConfigError, SampleSizeError
from boundary.records import Counts
from boundary.stats import Arm, curve, pass_at_k, perplexity, valid_curve


def rng(seed=0):
    return np.random.default_rng(seed)


def rows(*pairs, **more):
    return [Counts(f"p{i}", n, c, **more) for i, (n, c) in enumerate(pairs)]


def test_a_curve_holds_its_estimates_in_the_order_given():
    found = curve(Arm("base", rows((8, 0), (8, 2), (8, 8))), rng=rng())
    assert (found.label, found.problem_ids, found.n) == ("base", ("p0", "p1", "p2"), 8)
    assert found.ks.tolist() == [1, 2, 4, 8]
    np.testing.assert_array_equal(found.per_problem, pass_at_k([0, 2, 8], 8, found.ks))
    np.testing.assert_allclose(found.mean, found.per_problem.mean(axis=0))
    assert found.mean[1] == pytest.approx(float((Fraction(13, 28) + 1) / 3))
    assert found.method == ("augmented", "augmented", "augmented", "wilson")
    assert found.bound_low is None
    assert found.bound_high is None


def test_the_same_seed_gives_the_same_curve():
    counts = rows(*[(16, c) for c in (0, 1, 4, 9, 16) * 20])
    first, second = (curve(Arm("a", counts), rng=rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.low, second.low)
    assert (curve(Arm("a", counts), rng=rng(8)).low != first.low).any()


def test_ragged_sizes_stop_at_the_smallest():
    found = curve(Arm("a", rows((5, 1), (16, 4))), rng=rng())
    assert (found.n, found.ks.tolist()) == (5, [1, 2, 4])
    with pytest.raises(SampleSizeError):
        curve(Arm("a", rows((5, 1), (16, 4))), [8], rng=rng())
    assert curve(Arm("a", rows((5, 1), (16, 4))), [3, 5], rng=rng()).ks.tolist() == [3, 5]


def test_unjudged_samples_give_bounds():
    counts = [Counts("a", 4, 1, unjudged=1), Counts("b", 4, 0), Counts("c", 4, 0, unjudged=4)]
    found = curve(Arm("base", counts), rng=rng())
    np.testing.assert_allclose(found.mean, pass_at_k([1, 0, 0], 4, [1, 2, 4]).mean(axis=0))
    np.testing.assert_allclose(found.bound_low, found.mean)
    np.testing.assert_allclose(found.bound_high, pass_at_k([2, 0, 4], 4, [1, 2, 4]).mean(axis=0))


def test_groups_widen_the_interval():
    counts = [Counts(f"{g}.{i}", 8, g, group=f"g{g}") for g in range(9) for i in range(6)]
    alone = [Counts(c.problem_id, c.n, c.correct) for c in counts]
    grouped, plain = (curve(Arm("a", c), rng=rng()) for c in (counts, alone))
    assert ((grouped.high - grouped.low) > 1.5 * (plain.high - plain.low)).all()
    named = [Counts(c.problem_id, c.n, c.correct, group=c.problem_id) for c in counts]
    np.testing.assert_array_equal(curve(Arm("a", named), rng=rng()).low, plain.low)
    half = [Counts("x", 8, 1, group="g"), Counts("y", 8, 8, group="g"), *alone]
    assert curve(Arm("a", half), rng=rng()).mean[0] == pytest.approx((9 / 8 + 27) / 56)


def test_the_fixed_suite_is_another_and_narrower_interval():
    counts = rows(*[(64, c) for c in range(0, 64, 4)])
    population = curve(Arm("a", counts), rng=rng())
    fixed = curve(Arm("a", counts), rng=rng(), target="fixed_suite")
    np.testing.assert_array_equal(fixed.mean, population.mean)
    assert set(fixed.method) == {"fixed_suite"}
    assert (fixed.high - fixed.low)[0] < (population.high - population.low)[0] / 3


def test_valid_curves_read_the_valid_counts():
    counts = [Counts("a", 4, 3, valid=1), Counts("b", 4, 4, valid=0)]
    found = valid_curve(Arm("base", counts), rng=rng())
    np.testing.assert_array_equal(found.per_problem, pass_at_k([1, 0], 4, [1, 2, 4]))
    with pytest.raises(ConfigError, match="'c'"):
        valid_curve(Arm("base", [*counts, Counts("c", 4, 4)]), rng=rng())


@pytest.mark.parametrize(
    "counts",
    [
        [],
        [Counts("a", 4, 1), Counts("a", 4, 2)],
        [Counts("a", 4, 5)],
        [Counts("a", 4, 3, unjudged=2)],
        [Counts("a", 4, 3, unjudged=-1)],
    ],
)
def test_counts_that_contradict_themselves_are_refused(counts):
    with pytest.raises(ConfigError):
        curve(Arm("base", counts), rng=rng())


def test_a_problem_without_samples_is_refused():
    with pytest.raises(SampleSizeError):
        curve(Arm("base", [Counts("a", 0, 0)]), rng=rng())


def test_perplexity_takes_the_median_per_problem():
    answers = {"a": [1.0, 9.0, 2.0], "b": [4.0, 6.0], "c": [], "d": [3.0]}
    cell = perplexity("rl", "base", answers, rng=rng(), subset="solved")
    assert (cell.answers_of, cell.under, cell.subset) == ("rl", "base", "solved")
    assert cell.problem_ids == ("a", "b", "d")
    assert cell.per_problem.tolist() == [2, 5, 3]
    assert cell.mean == pytest.approx(10 / 3)
    assert cell.quartiles == (2.5, 3, 4)
    assert cell.n_answers == 6
    assert 2 <= cell.low < cell.mean < cell.high <= 5


def test_perplexity_interval_is_the_bootstrap_over_problems():
    medians = np.exp(rng(3).normal(0.5, 0.3, size=400))
    cell = perplexity("a", "b", {str(i): [m] for i, m in enumerate(medians)}, rng=rng())
    half = 1.96 * medians.std() / 20
    assert cell.low == pytest.approx(medians.mean() - half, abs=0.15 * half)
    assert cell.high == pytest.approx(medians.mean() + half, abs=0.15 * half)


@pytest.mark.parametrize("answers", [{"a": [2.0]}, {"a": [2.0], "b": [2.0, 2.0]}])
def test_perplexity_without_spread_has_no_interval(answers):
    cell = perplexity("rl", "base", answers, rng=rng())
    assert cell.mean == 2
    assert math.isnan(cell.low)
    assert math.isnan(cell.high)


@pytest.mark.parametrize("bad", [math.inf, math.nan, 0.0, -1.0])
def test_impossible_perplexities_are_refused(bad):
    with pytest.raises(ConfigError, match="'b'"):
        perplexity("rl", "base", {"a": [1.5], "b": [2.0, bad]}, rng=rng())
    with pytest.raises(SampleSizeError):
        perplexity("rl", "base", {"a": []}, rng=rng())
