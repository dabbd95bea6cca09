"""Arms on the same problems: in one order, and refused where they are not."""

import numpy as np
import pytest

from boundary.errors import ConfigError
from boundary.records import Counts, Overlap
from boundary.stats import (
    Arm,
    compare,
)
from tests.stats.data import arm, rng


def base_ids(base):
    return tuple(entry.problem_id for entry in base.counts)


def test_problems_are_paired_by_id_not_by_place():
    base, other = arm("base", [0, 1, 2, 3, 8]), arm("rl", [0, 6, 8, 0, 8])
    shuffled = Arm("rl", [other.counts[i] for i in (3, 1, 4, 0, 2)])
    straight, paired = (compare(base, o, rng=rng()) for o in (other, shuffled))
    np.testing.assert_array_equal(paired.low, straight.low)
    np.testing.assert_array_equal(paired.p_value, straight.p_value)
    assert paired.overlap == straight.overlap
    assert paired.other.problem_ids == base_ids(base)


def test_different_problems_are_refused_by_name():
    base = arm("base", [1, 2, 3])
    other = Arm("rl", [*base.counts[:2], *(Counts(f"q{i}", 8, 1) for i in range(5))])
    with pytest.raises(ConfigError) as caught:
        compare(base, other, rng=rng())
    message = str(caught.value)
    assert "base has 3 problems and rl 7" in message
    assert "1 only in base (p2)" in message
    assert "5 only in rl (q0, q1, q2, …)" in message


def test_a_problem_that_comes_twice_is_refused_on_either_side():
    fine = arm("a", [1, 2])
    twice = Arm("b", [*fine.counts, fine.counts[0]])
    for base, other in ((fine, twice), (twice, fine)):
        with pytest.raises(ConfigError, match="twice"):
            compare(base, other, rng=rng())


def test_first_indices_follow_their_own_order():
    base = arm("a", [1, 1, 0], firsts=[0, 7, None])
    other = Arm("b", [Counts(p, 8, 1) for p in ("p2", "p1", "p0")], [1, 2, None])
    split = compare(base, other, solved_at=4, rng=rng()).overlap
    assert isinstance(split, Overlap)
    assert (split.base_only, split.other_only) == (("p0",), ("p1", "p2"))


@pytest.mark.parametrize("firsts", [[0], {"p0": 0, "p9": 1}])
def test_incomplete_first_indices_are_refused(firsts):
    arms = arm("a", [1, 1], firsts=firsts), arm("b", [1, 1], firsts=[0, 0])
    with pytest.raises(ConfigError):
        compare(*arms, rng=rng())
