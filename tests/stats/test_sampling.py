"""Tokens of a chain, by simulation and by hand; and when training pays."""

import math
import random

import pytest

from boundary import stats
from boundary.errors import ConfigError


def test_tokens_of_a_chain_are_those_of_the_paper_s_setting() -> None:
    assert stats.tokens_of_chain(3072, 192, 10) == 133_632 - 1536 + 1616
    assert stats.tokens_of_chain(3072, 192, 10) / 3072 == pytest.approx(43.5, abs=0.05)
    assert stats.tokens_of_chain(4, 4, 0) == 4


@pytest.mark.parametrize(("length", "block", "steps"), [(12, 3, 4), (8, 8, 1), (20, 5, 2)])
def test_tokens_of_a_chain_by_adding_up_every_cut(length: int, block: int, steps: int) -> None:
    limits = range(block, length + 1, block)
    drawn = sum(sum(limit - cut for cut in range(limit)) / limit for limit in limits)
    assert stats.tokens_of_chain(length, block, steps) == pytest.approx(length + steps * drawn)


def test_tokens_of_a_chain_by_simulation() -> None:
    rng = random.Random(1)
    limits = range(24, 97, 24)
    many = 20_000
    drawn = sum(limit - rng.randrange(limit) for _ in range(many) for limit in limits) / many
    assert stats.tokens_of_chain(96, 24, 1) - 96 == pytest.approx(drawn, rel=0.01)


def test_a_length_that_is_no_number_of_blocks_is_refused() -> None:
    with pytest.raises(ConfigError, match="no whole number of blocks of 24"):
        stats.tokens_of_chain(100, 24, 10)


def test_training_pays_after_so_many_answers() -> None:
    extra = stats.flops_per_token(645_120) * 1000
    assert extra == 2 * 645_120 * 1000
    assert stats.break_even(1.7e13, extra) == pytest.approx(13_175.8, abs=0.1)
    assert stats.break_even(1.7e13, 0.0) == stats.break_even(1.7e13, -5.0) == math.inf
