"""Paired comparisons: order, refusals, four-way tables, notes."""

import numpy as np
import pytest

from boundary.errors import ConfigError, SampleSizeError
from boundary.records import Counts, CrossingKind, ExpectedOverlap, Overlap
from boundary.stats import (
    Arm,
    accuracy_histogram,
    compare,
    curve,
    for_fixed_suite,
    mcnemar_exact,
    pass_at_k,
    with_second_run,
)
from tests.stats.data import arm, rng


def test_differences_are_other_minus_base():
    base, other = arm("base", [0, 1, 2, 2, 8]), arm("rl", [0, 6, 8, 0, 8])
    found = compare(base, other, rng=rng())
    ks = [1, 2, 4, 8]
    gaps = pass_at_k([0, 6, 8, 0, 8], 8, ks) - pass_at_k([0, 1, 2, 2, 8], 8, ks)
    np.testing.assert_allclose(found.difference, gaps.mean(axis=0))
    assert found.method == ("augmented", "augmented", "augmented", "tango")
    assert (found.low <= found.difference).all()
    assert (found.difference <= found.high).all()
    assert found.p_value[-1] == mcnemar_exact(1, 0)
    assert found.crossing.kind is CrossingKind.CROSSES
    assert found.base_histogram.tolist() == accuracy_histogram([0, 1, 2, 2, 8], 8).tolist()
    assert found.other_histogram[11] == 2
    assert found.delta_se.k == 8
    assert found.delta_se.value == pytest.approx(4 / 5 - 22 / 40)


def test_the_base_curve_is_that_of_curve_alone():
    base, other = arm("base", [0, 1, 2, 2, 8]), arm("rl", [0, 6, 8, 0, 8])
    found, alone = compare(base, other, rng=rng(3)), curve(base, rng=rng(3))
    np.testing.assert_allclose(found.base.low, alone.low)
    np.testing.assert_allclose(found.base.high, alone.high)


def test_an_arm_against_itself_shows_no_difference():
    same = arm("a", [0, 1, 4, 8, 8, 3])
    found = compare(same, same, rng=rng())
    assert found.difference.tolist() == [0] * 4
    assert found.p_value.tolist() == [1] * 4
    assert found.crossing.kind is CrossingKind.TIE
    assert (found.low < 0).all()
    assert (found.high > 0).all()
    assert not found.is_settled.any()


def test_swapping_the_arms_mirrors_the_result():
    draw = rng(2)
    base, other = (arm(name, draw.integers(0, 9, 12).tolist()) for name in ("a", "b"))
    there, back = compare(base, other, rng=rng()), compare(other, base, rng=rng())
    np.testing.assert_allclose(there.difference, -back.difference)
    np.testing.assert_allclose(there.low, -back.high, atol=1e-12)
    np.testing.assert_allclose(there.p_value, back.p_value)


def test_solved_lists_at_n():
    found = compare(arm("a", [0, 1, 0, 8]), arm("b", [0, 0, 3, 1]), rng=rng())
    split = found.overlap
    assert isinstance(split, Overlap)
    assert (split.k, split.both, split.base_only, split.other_only, split.neither) == (
        8,
        ("p3",),
        ("p1",),
        ("p2",),
        ("p0",),
    )


def test_solved_lists_below_n_need_first_indices():
    counts = ([0, 1, 2, 8], [0, 4, 3, 1])
    known = compare(arm("a", counts[0]), arm("b", counts[1]), solved_at=4, rng=rng())
    assert isinstance(known.overlap, ExpectedOverlap)
    rates = [pass_at_k(c, 8, [4])[:, 0] for c in counts]
    assert known.overlap.both == pytest.approx(float((rates[0] * rates[1]).sum()))
    firsts = [None, 5, 0, 0], {"p0": None, "p1": 1, "p2": 3, "p3": -1}
    arms = arm("a", counts[0], firsts=firsts[0]), arm("b", counts[1], firsts=firsts[1])
    found = compare(*arms, solved_at=4, rng=rng()).overlap
    assert isinstance(found, Overlap)
    assert (found.both, found.base_only, found.other_only) == (("p2",), ("p3",), ("p1",))
    as_array = compare(
        arm("a", counts[0], firsts=np.array([-1, 5, 0, 0])), arms[1], solved_at=4, rng=rng()
    )
    assert as_array.overlap == found


@pytest.mark.parametrize("asked", [{"ks": [1, 16]}, {"solved_at": 9}, {"solved_at": 0}])
def test_k_beyond_n_raises(asked):
    with pytest.raises(SampleSizeError):
        compare(arm("a", [1, 2]), arm("b", [2, 2]), rng=rng(), **asked)


def test_unequal_sizes_stop_at_the_smaller_and_say_so():
    found = compare(arm("a", [3, 20], n=[32, 64]), arm("b", [1, 2], n=16), rng=rng())
    assert found.ks.tolist() == [1, 2, 4, 8, 16]
    assert isinstance(found.overlap, ExpectedOverlap)
    notes = " | ".join(found.notes)
    assert "a: n runs from 32 to 64" in notes
    assert "32 for a and 16 for b: k stops at 16" in notes
    assert "expectation" in notes
    assert found.delta_se.k == 16


def test_the_efficiency_gap_is_taken_at_256_where_it_can_be():
    arms = arm("a", [3, 512], n=512), arm("b", [256, 0], n=512)
    for ks in (None, [2, 8]):
        found = compare(*arms, ks=ks, rng=rng())
        assert found.delta_se.k == 256
        assert found.delta_se.other_at_1 == 0.25
        assert not any("256" in note for note in found.notes)


def test_unjudged_samples_are_noted_and_bounded():
    found = compare(arm("a", [1, 2], unjudged=3), arm("b", [1, 2]), rng=rng())
    assert any("a: 6 of 16 samples unjudged" in note for note in found.notes)
    assert found.base.bound_high is not None
    assert found.other.bound_high is None


def test_groups_are_units_on_both_sides():
    draw = rng(6)
    ids = [f"p{i}" for i in range(48)]
    shift = np.repeat(draw.integers(-3, 4, 12), 4)
    counts = draw.integers(3, 6, 48), None
    rows = [
        Counts(p, 8, int(c), group=f"g{i // 4}")
        for i, (p, c) in enumerate(zip(ids, counts[0], strict=True))
    ]
    moved = [Counts(r.problem_id, 8, r.correct + int(d)) for r, d in zip(rows, shift, strict=True)]
    plain = [Counts(r.problem_id, 8, r.correct) for r in rows]
    grouped = compare(Arm("a", rows), Arm("b", moved), rng=rng())
    alone = compare(Arm("a", plain), Arm("b", moved), rng=rng())
    assert grouped.high[0] - grouped.low[0] > 1.4 * (alone.high[0] - alone.low[0])
    assert grouped.p_value[0] > alone.p_value[0]
    assert any("48 problems in 12 groups" in note for note in grouped.notes)
    other_way = compare(Arm("a", plain), Arm("b", rows), rng=rng())
    assert any("12 groups" in note for note in other_way.notes)
    clash = [Counts(r.problem_id, 8, r.correct, group="x") for r in rows]
    with pytest.raises(ConfigError, match="group"):
        compare(Arm("a", rows), Arm("b", clash), rng=rng())


def test_a_comparison_holds_its_controls():
    base, other = arm("base", [0, 1, 2, 2, 8]), arm("rl", [0, 6, 8, 0, 8])
    found = compare(base, other, rng=rng())
    np.testing.assert_array_equal(found.transition.sum(axis=1), found.base_histogram)
    np.testing.assert_array_equal(found.transition.sum(axis=0), found.other_histogram)
    assert found.transition[3, 0] == 1
    assert found.support.shrinkage == len(found.overlap.base_only) == 1
    assert (found.sensitivity.reversal, found.sensitivity.unsettling) == (2, None)
    assert found.floor.base.k == 4
    assert (found.p_adjusted >= found.p_value).all()
    assert (found.suite_low < found.difference).all()
    suite = for_fixed_suite(found, base, other)
    assert (suite.low == found.suite_low).all()
    assert "these very problems" in suite.notes[-1]
    again = with_second_run(found, base, arm("again", [1, 0, 2, 2, 8]))
    assert again.floor.second.base_only == ("p1",)
    assert again.floor.second.other_only == ("p0",)
