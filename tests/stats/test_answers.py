"""The vote among k answers against listed subsets; entropy; what guessing would hit."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boundary.errors import ConfigError, SampleSizeError
from boundary.stats import (
    answer_entropy,
    guess_curve,
    guessed_directly,
    hits_elsewhere,
    majority_at_k,
)


def voted(right, wrong, silent, k):
    """Mean over all subsets of k of the right answer's share among the top answers."""
    samples = ["R"] * right + ["-"] * silent
    samples += [f"w{i}" for i, size in enumerate(wrong) for _ in range(size)]
    total = Fraction(0)
    for subset in combinations(samples, k):
        told = {answer: subset.count(answer) for answer in set(subset) - {"-"}}
        top = [answer for answer, times in told.items() if times == max(told.values())]
        if "R" in top:
            total += Fraction(1, len(top))
    return total / math.comb(len(samples), k)


def test_the_worked_example():
    """A, A, B, B, C with A right: 13/30 at k = 3."""
    assert majority_at_k(2, [2, 1], [3])[0] == pytest.approx(13 / 30, rel=1e-13)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4), st.lists(st.integers(1, 3), max_size=4), st.integers(0, 3), st.data())
def test_votes_against_all_subsets(right, wrong, silent, data):
    n = right + sum(wrong) + silent
    if not n:
        return
    k = data.draw(st.integers(1, n))
    found = majority_at_k(right, wrong, [k], silent=silent)[0]
    assert found == pytest.approx(float(voted(right, wrong, silent, k)), rel=1e-11, abs=1e-14)


def test_many_samples_against_simulation():
    right, wrong, silent, ks = 60, [50, 20, *[1] * 40], 22, [8, 32, 64]
    samples = np.repeat(np.arange(len(wrong) + 2), [right, *wrong, silent])
    rng, draws = np.random.default_rng(0), 4000
    found = majority_at_k(right, wrong, ks, silent=silent)
    for k, value in zip(ks, found, strict=True):
        votes = 0.0
        for _ in range(draws):
            told = np.bincount(rng.permutation(samples)[:k], minlength=len(wrong) + 2)[:-1]
            votes += (told[0] == told.max()) / (told == told.max()).sum()
        assert abs(value - votes / draws) < 5 * math.sqrt(value * (1 - value) / draws)


def test_a_silent_sample_abstains_unless_it_is_given_as_a_class():
    assert majority_at_k(1, [], [3], silent=2)[0] == 1.0
    assert majority_at_k(1, [2], [3])[0] == 0.0
    assert majority_at_k(0, [], [2], silent=4)[0] == 0.0
    assert majority_at_k(3, [], [1, 2, 3]).tolist() == [1, 1, 1]
    assert majority_at_k(2, [6], [1])[0] == pytest.approx(0.25)


def test_votes_that_cannot_be_cast():
    with pytest.raises(SampleSizeError):
        majority_at_k(2, [1], [4])
    with pytest.raises(ConfigError):
        majority_at_k(2, [-1], [1])


def test_entropy():
    assert answer_entropy([4]) == 0.0
    assert answer_entropy([2, 2, 0]) == pytest.approx(math.log(2))
    assert answer_entropy([1] * 8) == pytest.approx(math.log(8))
    with pytest.raises(ConfigError):
        answer_entropy([0, 0])


def test_guessing():
    found = guess_curve(np.array([0.25, 0.0, 1.0]), [1, 16])
    np.testing.assert_allclose(found, [[0.25, 1 - 0.75**16], [0, 0], [1, 1]], rtol=1e-14)


def test_answers_to_other_problems_that_would_be_right():
    answers = {"a": {"1": 3, "2": 1}, "b": {"2": 2, "7": 2}, "c": {"1": 4}}
    accepted = {"a": {"1"}, "b": {"7", "8"}, "c": {"2"}}
    assert hits_elsewhere(answers, accepted) == {"a": 4 / 8, "b": 0.0, "c": 3 / 8}
    assert hits_elsewhere({"a": {"1": 3}}, {"a": {"1"}}) == {"a": 0.0}


def test_lucky_direct_answers_are_above_none_and_below_five_percent():
    found = guessed_directly([0, 1, 49, 50, 1000], [1000] * 5)
    assert found.tolist() == [False, True, True, False, False]
