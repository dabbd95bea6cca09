"""Bounds from the likeliest tokens against the whole law, whatever the law and the temperature."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boundary.engines.scored import Nucleus
from boundary.engines.topn import Top
from tests.engines import data

LAWS = st.tuples(
    st.lists(st.floats(-12, 6), min_size=3, max_size=40),
    st.integers(1, 40),
    st.sampled_from([0.3, 0.6, 1.0, 1.5, 2.0]),
)


def split(logits: list[float], told: int) -> tuple[list[float], Top]:
    """All log-probabilities, falling, and what an engine tells of them."""
    row = np.sort(np.array(logits))[::-1]
    logprobs = (row - np.logaddexp.reduce(row)).tolist()
    return logprobs, Top(logprobs[: min(told, len(logprobs))], len(logprobs))


def entropy(logprobs: list[float], temperature: float) -> float:
    weights = np.exp(np.array(logprobs) / temperature)
    probs = weights / weights.sum()
    return -math.fsum(p * math.log(p) for p in probs.tolist() if p)


@settings(deadline=None, max_examples=300)
@given(LAWS)
def test_the_entropy_lies_between_its_bounds(law: tuple[list[float], int, float]) -> None:
    logits, told, temperature = law
    logprobs, top = split(logits, told)
    low, high = top.entropy(temperature)
    exact = entropy(logprobs, temperature)
    assert low - 1e-7 <= exact <= high + 1e-7
    if told >= len(logprobs):
        assert low == pytest.approx(high) == pytest.approx(exact, abs=1e-9)


@settings(deadline=None, max_examples=300)
@given(LAWS, st.sampled_from([0.5, 0.9, 0.95, 1.0]))
def test_what_is_decided_is_right(law: tuple[list[float], int, float], top_p: float) -> None:
    logits, told, temperature = law
    logprobs, top = split(logits, told)
    kept = data.law(logprobs, temperature, top_p)
    found = Nucleus(temperature, top_p)
    for token, logprob in enumerate(logprobs):
        answer = top.within(logprob, found, 0.0)
        ties = [other for other, x in enumerate(logprobs) if abs(x - logprob) < 1e-9]
        if answer is not None and len(ties) == 1:
            weights = np.exp(np.array(logprobs) / temperature)
            before = float((weights[:token] / weights.sum()).sum())
            assert answer == (token in kept) or abs(before - top_p) < 1e-6


def test_enough_of_the_law_decides_everything() -> None:
    logprobs, top = split([3.0, 2.0, 1.0, *[-5.0] * 30], 8)
    law = Nucleus(0.6, 0.95)
    assert [top.within(x, law, 0.0) for x in logprobs] == [True, True, *[False] * 31]
    low, high = top.entropy(0.6)
    assert high - low < 1e-3


def test_little_of_the_law_leaves_it_open() -> None:
    _, top = split([0.0] * 100, 5)
    assert top.within(top.logprobs[0] - 1e-3, Nucleus(1.0, 0.95), 0.0) is None
    low, high = top.entropy()
    assert low <= math.log(100) <= high + 1e-9


def test_temperature_zero_leaves_the_likeliest() -> None:
    logprobs, top = split([2.0, 1.0, 0.0], 3)
    assert [top.within(x, Nucleus(0.0, 1.0), 0.0) for x in logprobs] == [True, False, False]
    assert top.entropy(0.0) == (0.0, 0.0)
