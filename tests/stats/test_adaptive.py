"""pass@k under early stopping: every string enumerated, worked examples, and what is made of it."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boundary.errors import ConfigError, SampleSizeError
from boundary.records import Counts, Design, ExpectedOverlap, Overlap
from boundary.stats import (
    Arm,
    accuracy_histogram,
    adaptive_limits,
    adaptive_pass_at_k,
    compare,
    curve,
    design_words,
    looks_for,
    pass_at_k,
    stopping_state,
    valid_curve,
    verdict,
)
from boundary.stats.adaptive import strings

LOOKS = [(4,), (4, 8), (2, 9), (2, 4, 8), (3, 5, 6, 9), (1, 2, 3, 4, 5, 6), (1, 7, 10)]
RATES = [Fraction(1, 7), Fraction(1, 2), Fraction(4, 5)]


def rng(seed=0):
    return np.random.default_rng(seed)


def one(n, correct, k, stop_after, looks):
    """pass@k of a single problem."""
    return float(adaptive_pass_at_k([correct], [n], [k], Design(stop_after, tuple(looks)))[0, 0])


def stopped(outcomes, design):
    """The stop rule by its definition: (n, correct)."""
    for n in design.looks:
        correct = sum(outcomes[:n])
        if correct >= design.stop_after:
            break
    return n, correct


def designs():
    return [Design(r, looks) for looks in LOOKS for r in range(1, looks[-1] + 2)]


@pytest.mark.parametrize("design", designs(), ids=str)
def test_no_bias_over_every_string(design):
    n = design.looks[-1]
    every = Counter(
        (stopped(x, design), sum(x)) for x in itertools.product((0, 1), repeat=n)
    ).items()
    for k, p in itertools.product(range(n + 1), RATES):
        mean = Fraction(0)
        for ((reached, s), ones), times in every:
            miss = Fraction(strings(design, k, reached, s), strings(design, 0, reached, s))
            mean += times * p**ones * (1 - p) ** (n - ones) * (1 - miss)
        assert mean == 1 - (1 - p) ** k


@pytest.mark.parametrize("design", designs()[::3], ids=str)
def test_each_estimate_is_the_share_of_strings_rounded_once(design):
    n = design.looks[-1]
    every, missing = Counter(), Counter()
    for x in itertools.product((0, 1), repeat=n):
        state = stopped(x, design)
        every[state] += 1
        for k in range(1, n + 1):
            missing[state, k] += not any(x[:k])
    states, ks = sorted(every), range(1, n + 1)
    found = adaptive_pass_at_k([s for _, s in states], [m for m, _ in states], list(ks), design)
    for (i, state), k in itertools.product(enumerate(states), ks):
        assert found[i, k - 1] == float(1 - Fraction(missing[state, k], every[state]))


@pytest.mark.parametrize("design", [Design(2, (2, 4, 7)), Design(1, (3, 6)), Design(3, (7,))])
def test_unjudged_samples_count_as_correct_without_bias(design):
    """Three outcomes; only the correct ones stop, and all but the wrong ones count."""
    n, rates = design.looks[-1], {"c": 0.2, "u": 0.3, "w": 0.5}
    every, missing, chance = Counter(), Counter(), Counter()
    for x in itertools.product("cuw", repeat=n):
        reached, s = stopped([mark == "c" for mark in x], design)
        state = (reached, s, x[:reached].count("u"))
        every[state] += 1
        chance[state] += math.prod(rates[mark] for mark in x)
        for k in range(1, n + 1):
            missing[state, k] += set(x[:k]) == {"w"}
    states, ks = sorted(every), list(range(1, n + 1))
    sizes, correct, unjudged = map(list, zip(*states, strict=True))
    found = adaptive_pass_at_k(correct, sizes, ks, design, unjudged=unjudged)
    for (i, state), k in itertools.product(enumerate(states), ks):
        assert found[i, k - 1] == float(1 - Fraction(missing[state, k], every[state]))
    mean = np.array([chance[state] for state in states]) @ found
    np.testing.assert_allclose(mean, 1 - 0.5 ** np.array(ks), rtol=1e-12)
    assert (found >= adaptive_pass_at_k(correct, sizes, ks, design)).all()


EXAMPLES = [
    # Index-ordered stop: a look at every index.
    (range(1, 65), 2, 10, 2, 4, Fraction(4, 9)),
    (range(1, 65), 3, 20, 3, 8, Fraction(116, 171)),
    (range(1, 33), 4, 32, 2, 16, Fraction(47, 62)),
    # Looks after groups.
    ((4, 8, 16), 2, 8, 3, 4, Fraction(6, 7)),
    ((4, 8, 16), 2, 16, 5, 8, Fraction(10, 11)),
    ((4, 8, 16), 2, 16, 1, 8, Fraction(1, 2)),
    ((4, 8, 16), 2, 4, 2, 2, Fraction(5, 6)),
    ((4, 8, 16), 2, 4, 2, 8, Fraction(1)),
]


@pytest.mark.parametrize(("looks", "stop_after", "n", "correct", "k", "want"), EXAMPLES)
def test_worked_examples(looks, stop_after, n, correct, k, want):
    assert one(n, correct, k, stop_after, looks) == float(want)


def test_the_example_by_hand():
    design = Design(2, (4, 8, 16))
    assert strings(design, 0, 8, 3) == math.comb(4, 3) + 4 * math.comb(4, 2) == 28
    assert strings(design, 4, 8, 3) == 4
    assert [strings(design, k, 16, 5) for k in (8, 0)] == [56, 616]


def test_a_look_at_every_index_is_the_index_ordered_stop():
    cap = 12
    for r, k in itertools.product(range(1, 6), range(1, cap + 1)):
        for hit in range(r, cap + 1):
            left = hit - 1 - k
            ways = math.comb(left, r - 1) if left >= r - 1 else 0
            want = float(1 - Fraction(ways, math.comb(hit - 1, r - 1)))
            assert one(hit, r, k, r, range(1, cap + 1)) == want
        for s in range(r):
            want = float(1 - Fraction(math.comb(cap - k, s), math.comb(cap, s)))
            assert one(cap, s, k, r, range(1, cap + 1)) == want


@pytest.mark.parametrize("n", [1, 7, 64, 1024])
def test_one_look_is_a_fixed_n(n):
    counts = sorted({0, 1, n // 3, n - 1, n})
    ks = sorted({1, 2, n // 2, n} - {0}) if n > 1 else [1]
    found = adaptive_pass_at_k(counts, [n] * len(counts), ks, Design(16, (n,)))
    np.testing.assert_allclose(found, pass_at_k(counts, n, ks), rtol=1e-12, atol=0)


@st.composite
def problems(draw):
    """A design, and outcomes of a few problems under it."""
    looks = tuple(sorted(draw(st.sets(st.integers(1, 300), min_size=1, max_size=6))))
    design = Design(draw(st.integers(1, 20)), looks)
    rates = draw(st.lists(st.floats(0, 1), min_size=1, max_size=6))
    seed = draw(st.integers(0, 2**32))
    return design, rng(seed).random((len(rates), looks[-1])) < np.array(rates)[:, None]


@given(problems())
@settings(deadline=None, max_examples=60)
def test_rates_rise_with_k_and_end_at_the_full_run_s_answer(case):
    design, outcomes = case
    states = [stopping_state(row, design) for row in outcomes]
    assert [(s.n, s.correct) for s in states] == [stopped(row, design) for row in outcomes]
    cap = design.looks[-1]
    found = adaptive_pass_at_k(
        [s.correct for s in states], [s.n for s in states], list(range(1, cap + 1)), design
    )
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found, axis=1) >= 0).all()
    np.testing.assert_array_equal(found[:, -1], outcomes.any(axis=1))
    for row, state in zip(found, states, strict=True):
        assert (row[state.n :] == 1).all() or state.n == cap
        assert state.correct or not row.any()


def test_the_mean_of_many_runs_is_the_truth():
    design, ks = Design(4, (8, 16, 32, 64)), 2 ** np.arange(7)
    rates = np.array([0.0, 0.01, 0.05, 0.3, 0.9])
    runs = []
    for outcomes in rng(5).random((2000, 5, 64)) < rates[:, None]:
        states = [stopping_state(row, design) for row in outcomes]
        sizes, correct = [s.n for s in states], [s.correct for s in states]
        runs.append(adaptive_pass_at_k(correct, sizes, ks, design).mean(axis=0))
    found, truth = np.array(runs), (1 - (1 - rates[:, None]) ** ks).mean(axis=0)
    error = found.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - truth) <= 4 * error).all()


def test_a_thousand_samples_in_whole_numbers():
    """Where coefficients have 300 digits: one look's worth of the sum by hand."""
    looks = looks_for(16, 1024)
    assert looks == (64, 128, 256, 512, 1024)
    design = Design(16, looks)
    ways = sum(
        math.comb(64, a) * math.comb(64, b) for a in range(16) for b in range(16) if a + b == 15
    )
    assert strings(Design(16, (64, 128)), 0, 128, 15) == ways == math.comb(128, 15)
    assert strings(design, 0, 1024, 3) == math.comb(1024, 3)
    for k in (1, 64, 100, 1000):
        assert one(1024, 3, k, 16, looks) == float(
            1 - Fraction(math.comb(1024 - k, 3), math.comb(1024, 3))
        )
    found = adaptive_pass_at_k([527, 271, 20], [1024, 512, 64], [1, 1024], design)
    assert ((found > 0) & (found <= 1)).all()
    assert found[:, 1].tolist() == [1, 1, 1]


def test_the_stop_rule_reads_no_further_than_it_must():
    design = Design(2, (4, 8, 16))
    assert stopping_state([0, 1, 0, 1], design) == (0, 4, 2)
    assert stopping_state([0, 1, 0, 0, 1, 1, 0, 0, *[1] * 8], design) == (1, 8, 3)
    assert stopping_state([0] * 16, design) == (2, 16, 0)
    assert stopping_state([0, 1, 0, 0, 1], design) == (0, 4, 1), "it waits at its first look"
    assert stopping_state(np.ones(16, bool), design).n == 4
    with pytest.raises(SampleSizeError, match="first look at 4"):
        stopping_state([1, 1, 1], design)


@pytest.mark.parametrize(
    ("asked", "looks"),
    [
        ((16, 1024), (64, 128, 256, 512, 1024)),
        ((16, 1000), (64, 128, 256, 512, 1000)),
        ((65, 1024), (128, 256, 512, 1024)),
        ((64, 128), (64, 128)),
        ((16, 64), (64,)),
        ((16, 40), (40,)),
        ((500, 300), (300,)),
        ((4, 100, (10, 20)), (10, 20, 100)),
        ((4, 100, (10, 100)), (10, 100)),
    ],
)
def test_default_looks_double(asked, looks):
    assert looks_for(*asked) == looks


@pytest.mark.parametrize(
    "asked",
    [(0, 64), (4, 0), (4, 8, (9,)), (4, 8, (4, 2)), (4, 8, (2, 2)), (4, 8, (0, 4)), (4, 8, ())],
)
def test_impossible_looks_are_refused(asked):
    with pytest.raises(ConfigError):
        looks_for(*asked)


def test_designs_in_words():
    words = design_words(Design(16, (64, 128, 1024)))
    assert words == (
        "adaptive: stops at the first of 64, 128 samples with 16 correct, else at 1024; "
        "pass@k by the exact unbiased estimator"
    )
    assert "of 1, 2, …, 99 samples" in design_words(Design(2, tuple(range(1, 101))))
    assert "one look, at 8" in design_words(Design(2, (8,)))


@pytest.mark.parametrize(
    ("n", "correct"),
    [(5, 1), (8, 6), (17, 1), (4, 5), (8, -1)],
    ids=["no-look", "many", "far", "c>n", "c<0"],
)
def test_counts_that_the_design_cannot_leave_are_refused(n, correct):
    with pytest.raises(ConfigError):
        one(n, correct, 1, 2, (4, 8, 16))


def test_k_beyond_the_cap_is_refused():
    for k in (0, 17):
        with pytest.raises(SampleSizeError):
            one(4, 3, k, 2, (4, 8, 16))


def test_an_unfinished_problem_limits_k_to_its_look():
    design = Design(2, (4, 8, 16))
    assert adaptive_limits([2, 1, 0], [8, 8, 16], design).tolist() == [16, 8, 16]
    assert one(8, 1, 8, 2, design.looks) == 1
    with pytest.raises(SampleSizeError, match="n = 8"):
        one(8, 1, 9, 2, design.looks)


DESIGN = Design(4, (8, 16, 32))


def full_and_adaptive(seed, problems=40, label="a"):
    """The outcomes of a full run, and the arm of the adaptive one with the same outcomes."""
    draw = rng(seed)
    rates = np.where(draw.random(problems) < 0.3, 0, draw.beta(0.5, 1, problems))
    outcomes = draw.random((problems, DESIGN.looks[-1])) < rates[:, None]
    states = [stopping_state(row, DESIGN) for row in outcomes]
    first = DESIGN.looks[0]
    return outcomes, Arm(
        label,
        [Counts(f"p{i}", s.n, s.correct) for i, s in enumerate(states)],
        [
            int(row.argmax()) if row[: s.n].any() else None
            for row, s in zip(outcomes, states, strict=True)
        ],
        DESIGN,
        [Counts(f"p{i}", first, int(row[:first].sum())) for i, row in enumerate(outcomes)],
    )


def full_arm(outcomes, label):
    firsts = [int(row.argmax()) if row.any() else None for row in outcomes]
    rows = [Counts(f"p{i}", len(row), int(row.sum())) for i, row in enumerate(outcomes)]
    return Arm(label, rows, firsts)


def test_a_curve_reaches_the_cap_with_score_intervals_there():
    outcomes, arm = full_and_adaptive(1)
    found = curve(arm, rng=rng())
    assert (found.n, found.ks.tolist(), found.design) == (32, [1, 2, 4, 8, 16, 32], DESIGN)
    assert found.method == (*["augmented"] * 5, "wilson")
    assert found.mean[-1] == outcomes.any(axis=1).mean()
    whole = curve(full_arm(outcomes, "b"), rng=rng())
    assert (found.low[-1], found.high[-1]) == (whole.low[-1], whole.high[-1])
    assert (found.low < found.high).all()
    assert curve(arm, [3, 20], rng=rng()).ks.tolist() == [3, 20]
    with pytest.raises(SampleSizeError):
        curve(arm, [33], rng=rng())
    with pytest.raises(ConfigError, match="stops early"):
        curve(arm, rng=rng(), target="fixed_suite")


def test_solved_sets_are_those_of_the_full_run_at_every_k():
    outcomes, arms = zip(
        *(full_and_adaptive(seed, label=f"arm {seed}") for seed in (1, 2)), strict=True
    )
    whole = [full_arm(rows, arm.label) for rows, arm in zip(outcomes, arms, strict=True)]
    for k in (1, 7, 8, 20, 32):
        ours, theirs = (compare(*pair, solved_at=k, rng=rng()).overlap for pair in (arms, whole))
        assert isinstance(ours, Overlap)
        assert ours == theirs
    at_cap = compare(*(Arm(a.label, a.counts, None, DESIGN, a.first_look) for a in arms), rng=rng())
    assert at_cap.overlap == compare(*whole, rng=rng()).overlap


def test_two_adaptive_arms_compared():
    (_, base), (_, other) = full_and_adaptive(1, label="base"), full_and_adaptive(2, label="rl")
    shuffled = Arm("rl", other.counts[::-1], other.firsts[::-1], DESIGN, other.first_look[::-1])
    found, turned = (compare(base, o, rng=rng()) for o in (other, shuffled))
    np.testing.assert_array_equal(found.difference, turned.difference)
    np.testing.assert_array_equal(found.other_histogram, turned.other_histogram)
    assert found.overlap == turned.overlap
    assert found.method[-1] == "tango"
    assert found.p_value[-1] == found.overlap.p_value
    gaps = [curve(arm, rng=rng()).mean for arm in (other, base)]
    np.testing.assert_allclose(found.difference, gaps[0] - gaps[1], atol=1e-14)
    assert found.delta_se.k == 32
    assert found.delta_se.base_at_k == pytest.approx(found.base.mean[-1])
    first = [entry.correct for entry in base.first_look]
    assert found.base_histogram.tolist() == accuracy_histogram(first, 8).tolist()
    notes = " | ".join(found.notes)
    for label in ("base", "rl"):
        assert f"{label} is adaptive: stops at the first of 8, 16 samples with 4 correct" in notes
        assert f"{label}: the histogram uses the first 8 samples of each problem" in notes
    assert "n runs" not in notes
    assert verdict(found)


@pytest.mark.parametrize("n", [16, 64])
def test_an_adaptive_arm_beside_one_of_fixed_n(n):
    _, other = full_and_adaptive(2, label="rl")
    counts = rng(3).integers(0, n + 1, 40)
    base = Arm("base", [Counts(f"p{i}", n, int(c)) for i, c in enumerate(counts)])
    for arms, sign in (((base, other), 1), ((other, base), -1)):
        found = compare(*arms, rng=rng())
        largest = min(n, 32)
        assert found.ks[-1] == largest
        fixed, adaptive = (found.base, found.other)[::sign]
        np.testing.assert_array_equal(fixed.per_problem, pass_at_k(counts, n, found.ks))
        ours = curve(other, found.ks.tolist(), rng=rng()).per_problem
        np.testing.assert_array_equal(adaptive.per_problem, ours)
        assert isinstance(found.overlap, ExpectedOverlap)
        assert f"k stops at {largest}" in " | ".join(found.notes)
        with pytest.raises(SampleSizeError):
            compare(*arms, ks=[largest + 1], rng=rng())


def test_unjudged_samples_bound_the_curve_from_above():
    counts = [Counts("a", 4, 2, unjudged=1), Counts("b", 16, 1, unjudged=3), Counts("c", 16, 0)]
    found = curve(Arm("base", counts, design=Design(2, (4, 8, 16))), rng=rng())
    np.testing.assert_array_equal(found.bound_low, found.mean)
    assert (found.bound_high >= found.mean).all()
    # Of 2 correct and 1 unjudged in 4: one of the 4 places is neither.
    assert found.bound_high[0] == pytest.approx((3 / 4 + 4 / 16) / 3)
    assert found.bound_high[-1] == pytest.approx(2 / 3)


def test_valid_derivations_are_those_of_the_first_look():
    first = [Counts("a", 4, 2, valid=1), Counts("b", 4, 0, valid=0)]
    last = [Counts("a", 4, 2, valid=1), Counts("b", 16, 1, valid=1)]
    arm = Arm("base", last, None, Design(2, (4, 8, 16)), first)
    found = valid_curve(arm, rng=rng())
    assert (found.n, found.ks.tolist(), found.design) == (4, [1, 2, 4], None)
    np.testing.assert_array_equal(found.per_problem, pass_at_k([1, 0], 4, [1, 2, 4]))
    with pytest.raises(SampleSizeError):
        valid_curve(arm, [8], rng=rng())


@pytest.mark.parametrize(
    "first", [None, [], [Counts("a", 4, 2)], [Counts("a", 8, 2), Counts("b", 8, 0)]]
)
def test_what_needs_the_first_look_says_so_where_it_is_missing(first):
    last = [Counts("a", 4, 2), Counts("b", 16, 1)]
    arm = Arm("base", last, None, Design(2, (4, 8, 16)), first)
    assert curve(arm, rng=rng()).n == 16
    with pytest.raises(ConfigError, match="first 4 samples"):
        compare(arm, arm, rng=rng())


def test_an_unfinished_arm_stops_at_the_look_that_all_have():
    counts = [Counts("a", 4, 3), Counts("b", 8, 1), Counts("c", 16, 0)]
    found = curve(Arm("base", counts, design=Design(2, (4, 8, 16))), rng=rng())
    assert (found.n, found.ks.tolist()) == (8, [1, 2, 4, 8])
