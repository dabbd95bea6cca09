"""Verdicts in words: what may be claimed, and what must be called not settled."""

import re
from dataclasses import replace

import numpy as np
import pytest

from boundary.records import Counts
from boundary.stats import Arm, answer, compare, controls, mcnemar_exact, verdict


def judge(base, other, n=16, suite=None, **more):
    return verdict(compared(base, other, n, **more), suite)


def compared(base, other, n=16, **more):
    arms = [
        Arm(label, [Counts(f"p{i}", n, int(c)) for i, c in enumerate(counts)])
        for label, counts in (("base", base), ("RL", other))
    ]
    return compare(*arms, rng=np.random.default_rng(0), resamples=500, **more)


NUMBER = r"-?\d+\.\d"
POINTS = rf"{NUMBER} pt \[{NUMBER}, {NUMBER}\]"

# 60 easier problems that RL sharpens, 20 rare ones that it loses, 20 that nobody solves.
CROSS = ([4] * 60 + [1] * 20 + [0] * 20, [14] * 60 + [0] * 40)


def test_a_settled_crossing():
    line = judge(*CROSS, suite="demo")
    assert re.fullmatch(
        rf"demo: RL raises pass@1 by {POINTS}; base is ahead from k = \d+ \[\d+, \d+\]; "
        rf"at k = 16 base leads by 20\.0 pt \[{NUMBER}, {NUMBER}\], 20 problems to 0 "
        r"\(p < \.0001\)",
        line,
    ), line


def test_four_problems_to_none_are_not_settled():
    found = compared([4] * 19 + [1] * 4 + [0] * 7, [12] * 19 + [0] * 11)
    line = verdict(found)
    assert "RL raises pass@1" in line
    assert "the estimated curves cross at k = " in line
    assert "a crossing that is not settled" in line
    assert re.search(rf"at k = 16 base stands {NUMBER} pt higher \[.*\], not settled", line)
    assert line.endswith("not settled (4 problems to 0, p = .125)")
    assert "base is ahead" not in line
    assert "leads" not in line


def test_no_crossing_within_n():
    line = judge([1] * 40 + [0] * 20, [12] * 60)
    assert re.search(r"RL raises pass@1 .*; no crossing up to k = 16; at k = 16 RL leads", line)
    assert "20 problems to 0 (p < .0001)" in line


def test_no_crossing_with_doubt_says_how_often_base_gets_ahead():
    line = judge([4] * 30 + [0, 0, 0, 1], [14] * 30 + [1, 1, 0, 0])
    assert re.search(r"no crossing up to k = 16 \(in \d+ % of resamples base gets ahead\)", line)
    assert line.endswith("not settled (2 problems to 1, p = 1)")


def test_base_ahead_throughout():
    line = judge([12] * 40 + [2] * 20, [4] * 40 + [0] * 20)
    assert re.fullmatch(
        rf"RL lowers pass@1 by {POINTS}; base is ahead at every k up to 16, no crossing; "
        r"at k = 16 base leads by .*, 20 problems to 0 \(p < \.0001\)",
        line,
    ), line
    line = judge([12, 9, 4], [10, 8, 4])
    assert "no crossing: base is estimated level or higher at every k up to 16" in line
    assert "ahead" not in line


def test_meeting_at_n_is_a_tie():
    line = judge([2] * 40, [12] * 40)
    assert "RL raises pass@1 by 62.5 pt" in line
    assert "the curves meet at k = 16 without crossing, a tie" in line
    assert "at k = 16 both stand at 100.0 %, gap 0.0 pt" in line
    assert line.endswith("not settled (0 problems to 0, p = 1)")


@pytest.mark.parametrize("counts", [[8], [0], [16, 16], [3, 0, 16]])
def test_equal_arms_of_any_size(counts):
    line = judge(counts, counts)
    assert "the two curves coincide" in line
    assert line.count("both stand at") == 2
    assert line.count("not settled") == 2
    claims(line, none=True)


@pytest.mark.parametrize(("base", "other"), [([0], [16]), ([0, 0, 0], [16, 16, 16]), ([9], [1])])
def test_three_problems_settle_nothing(base, other):
    line = judge(base, other)
    assert "not settled" in line
    claims(line, none=True)


def claims(line, *, none):
    found = re.findall(r"raises|lowers|leads|\bahead\b", re.sub(r"\(in .*?\)", "", line))
    assert not (none and found), line


def test_one_problem_is_singular():
    assert "(1 problem to 0, p = 1)" in judge([1, 4, 4], [0, 9, 9])
    assert "(2 problems to 1, p = 1)" in judge([1, 1, 0, 4], [0, 0, 1, 9])


def test_one_k_gives_one_clause():
    line = judge([1] * 10 + [0] * 20, [1] * 30, n=1)
    assert re.fullmatch(rf"RL raises pass@1 by 66\.7 pt \[{NUMBER}, {NUMBER}\]", line), line
    assert judge([1, 0], [1, 1], n=1).endswith("not settled (1 problem to 0, p = 1)")


def test_an_expected_table_names_no_problems():
    line = judge(*CROSS, ks=[1, 8])
    assert "at k = 8" in line
    assert "problem" not in line


def test_a_crossing_beyond_n_in_some_resamples_is_open_ended():
    line = judge([4] * 30 + [1] * 3 + [0] * 3, [14] * 30 + [0] * 5 + [1])
    assert re.search(r"cross at k = \d+ \[\d+, > 16\], a crossing that is not settled", line)


@pytest.mark.parametrize(
    ("k", "low", "high", "words"),
    [
        (14.2, 8.3, 30.9, "base is ahead from k = 15 [9, 31]"),
        (8.0, 4.0, 16.0, "base is ahead from k = 8 [4, 16]"),
        (2.5, 2.25, 2.75, "base is ahead from k = 2.50 [2.25, 2.75]"),
        # Both ends are settled, yet too many resamples do not cross.
        (14.2, 8.3, None, "the estimated curves cross at k = 15 [9, > 16]"),
    ],
)
def test_the_crossing_is_the_first_whole_k_with_the_base_ahead(k, low, high, words):
    found = compared(*CROSS)
    moved = replace(found, crossing=replace(found.crossing, k=k, low=low, high=high))
    assert words in verdict(moved)


def test_an_interval_alone_or_a_test_alone_is_not_enough():
    found = compared(*CROSS)
    wide = replace(found, low=np.full(5, -0.5), high=np.full(5, 0.5))
    weak = replace(found, p_value=np.full(5, 0.06))
    for doubtful in (wide, weak):
        line = verdict(doubtful)
        claims(line, none=True)
        assert line.count("not settled") == 3
    assert "p = .06" in verdict(weak)


def test_small_gaps_are_not_printed_as_zero():
    found = compared(*CROSS)
    tiny = replace(
        found,
        difference=np.full(5, 0.0003),
        low=np.full(5, 0.0001),
        high=np.full(5, 0.0008),
        p_value=np.full(5, 0.0123),
    )
    assert "RL raises pass@1 by 0.03 pt [0.01, 0.08]" in verdict(tiny)
    assert "(p = .0123)" in verdict(tiny)
    narrow = replace(
        tiny, difference=np.full(5, 0.032), low=np.full(5, 0.0319), high=np.full(5, 0.0321)
    )
    assert "RL raises pass@1 by 3.20 pt [3.19, 3.21]" in verdict(narrow)


def test_unjudged_samples_that_could_turn_the_result():
    rows = [[Counts(f"p{i}", 8, c, unjudged=u) for i in range(30)] for c, u in ((1, 4), (4, 0))]
    arms = Arm("base", rows[0]), Arm("RL", rows[1])
    line = verdict(compare(*arms, rng=np.random.default_rng(0)))
    assert line.endswith("the unjudged samples could turn this round at k = 1")
    assert "unjudged" not in judge([1] * 30, [4] * 30)


def test_claims_follow_the_settled_flags_on_random_tables():
    draw = np.random.default_rng(5)
    for _ in range(40):
        size = int(draw.integers(1, 40))
        found = compared(draw.binomial(16, draw.random(size)), draw.binomial(16, draw.random(size)))
        line, settled = verdict(found), found.is_settled
        assert ("raises" in line or "lowers" in line) == settled[0]
        assert ("leads" in line) == settled[-1]
        if not settled[0] and not settled[-1]:
            claims(line, none=True)
        if "leads" in line:
            ahead = "base" if found.difference[-1] < 0 else "RL"
            assert f"{ahead} leads" in line
            lists = found.overlap
            assert mcnemar_exact(len(lists.base_only), len(lists.other_only)) < 0.05


def test_what_a_verdict_rests_on_and_what_chance_gives():
    lines = controls(compared(*CROSS))
    assert lines[0] == (
        "at k = 16, 21 changed outcomes of one model would put the other ahead; "
        "9 changed outcomes would unsettle it"
    )
    assert re.match(
        r"noise floor at k = 8: one half of base's samples solves \d+\.\d problems that its other "
        r"half does not; against half of RL's it is \d+\.\d, and \d+\.\d the other way",
        lines[1],
    )
    assert controls(replace(compared(*CROSS), sensitivity=None, floor=None)) == []


def test_what_else_sets_the_two_apart_stands_last():
    found = replace(compared(*CROSS), caveats=("prompts", "temperatures (0.6 and 1.0)"))
    told = "; beside their checkpoints the two differ in prompts, temperatures (0.6 and 1.0)"
    assert verdict(found).endswith(told)
    assert verdict(replace(found, caveats=())) == verdict(found).removesuffix(told)


@pytest.mark.parametrize(
    ("base", "other", "said"),
    [
        (*CROSS, "RL is right more often than base in one try, but solves fewer problems within"),
        (
            [1] * 40 + [0] * 20,
            [12] * 60,
            "RL is right more often than base in one try, and solves more problems within",
        ),
        (
            [4] * 19 + [1] * 4 + [0] * 7,
            [12] * 19 + [0] * 11,
            "RL is right more often than base in one try; which of the two solves more within",
        ),
        (
            [12] * 60,
            [1] * 40 + [0] * 20,
            "RL is right less often than base in one try, and solves fewer problems within",
        ),
        (
            [16, 0] * 30,
            [8, 8] * 30,
            "RL solves more problems than base within 16 tries; which of the two is right more"
            " often in one try is not settled.",
        ),
        (
            [4, 5, 0] * 10,
            [5, 4, 0] * 10,
            "Between RL and base it is not settled which is right more often in one try, nor which"
            " solves more problems within 16 tries.",
        ),
    ],
)
def test_the_answer_in_short_names_a_side_only_where_it_is_settled(base, other, said):
    assert answer(compared(base, other)).startswith(said)


def test_the_answer_at_a_single_k_speaks_of_that_k_alone():
    found = compared([1] * 60, [12] * 60, ks=(2,))
    assert answer(found) == "RL is right more often than base in 2 tries."
    open_one = compared([4, 5] * 10, [5, 4] * 10, ks=(1,))
    assert answer(open_one) == (
        "Between RL and base it is not settled which is right more often in one try."
    )


def test_the_answer_in_short_names_no_side_that_the_unjudged_could_turn():
    found = compared([4] * 60, [12] * 60)
    assert "more often than base in one try" in answer(found)
    shaky = replace(found, other=replace(found.other, bound_low=0 * found.other.mean))
    assert "it is not settled which is right more often" in answer(shaky)
