"""Drawing against integers without a limit, laws worked out by hand, and counted draws."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from boundary.engines import Decoding
from boundary.engines.draw import draw_tokens, uniforms
from tests.engines import data

LAST = (1 << 64) - 1


def of(seeds, positions):
    return uniforms(torch.tensor(seeds), torch.tensor(positions))


def test_uniforms_are_the_published_splitmix64() -> None:
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert [data.splitmix64(1234567, i) for i in range(5)] == published
    expected = [(x >> 11) * 2.0**-53 for x in published]
    assert of([1234567] * 5, [0, 1, 2, 3, 4]).tolist() == expected


def test_uniforms_equal_unlimited_integers_over_all_seeds() -> None:
    rng = np.random.default_rng(0)
    seeds = [0, 1, 2**63 - 1, *rng.integers(0, 2**63, 500).tolist()]
    positions = [0, 16_383, 7, *rng.integers(0, 20_000, 500).tolist()]
    expected = [
        (data.splitmix64(s, p) >> 11) * 2.0**-53 for s, p in zip(seeds, positions, strict=True)
    ]
    found = of(seeds, positions)
    assert found.dtype == torch.float64
    assert found.tolist() == expected


def test_uniforms_do_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(1)
    seeds, positions = rng.integers(0, 2**63, 64).tolist(), rng.integers(0, 500, 64).tolist()
    alone = [of([s], [p]).item() for s, p in zip(seeds, positions, strict=True)]
    assert of(seeds, positions).tolist() == alone
    assert of(seeds[::-1], positions[::-1]).tolist() == alone[::-1]


def test_uniforms_are_uniform_and_neighbours_are_not_related() -> None:
    seeds = list(range(20_000))
    columns = np.array([of(seeds, [p] * len(seeds)).tolist() for p in range(3)])
    for column in columns:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    correlations = np.corrcoef(columns)[np.triu_indices(3, 1)]
    along_seeds = np.corrcoef(columns[0][1:], columns[0][:-1])[0, 1]
    assert np.abs([*correlations, along_seeds]).max() < 4 / math.sqrt(len(seeds))


@pytest.mark.parametrize("top_p", [1.0, 0.95, 0.8, 0.3, 1e-9])
@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0, 1.7])
def test_draws_equal_the_law_inverted_by_hand(temperature: float, top_p: float) -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 2, (64, 40)).astype(np.float32)
    seeds, positions = rng.integers(0, 2**63, 64).tolist(), rng.integers(0, 9, 64).tolist()
    decoding = Decoding(temperature, top_p, 1)
    tokens, logprobs = draw_tokens(
        torch.tensor(logits), torch.tensor(seeds), torch.tensor(positions), decoding
    )
    for row, (seed, position) in enumerate(zip(seeds, positions, strict=True)):
        u = (data.splitmix64(seed, position) >> 11) * 2.0**-53
        token, own = data.draw_by_hand(logits[row].tolist(), u, decoding)
        raw = logits[row, token] - math.log(math.fsum(map(math.exp, logits[row].tolist())))
        assert tokens[row] == token
        assert logprobs[row].tolist() == pytest.approx([raw, own], abs=1e-5)


def test_temperature_0_takes_the_likeliest_token_and_says_that_it_was_sure() -> None:
    logits = torch.tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 2.0]])
    tokens, logprobs = draw_tokens(
        logits, torch.tensor([1, 2]), torch.tensor([0, 0]), Decoding(0.0, 0.5, 1)
    )
    assert tokens.tolist() == [1, 0]
    raw = torch.log_softmax(logits.double(), -1)
    assert logprobs[:, 0].tolist() == pytest.approx([raw[0, 1].item(), raw[1, 0].item()])
    assert logprobs[:, 1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("top_p", [1.0, 0.75])
def test_the_ends_of_the_unit_interval_draw_tokens_that_have_mass(top_p: float) -> None:
    logits = torch.tensor([[-200.0, 1.0, -200.0, 0.5, -0.5, -200.0]])
    low, high = data.seed_giving(0), data.seed_giving(LAST)
    assert of([low, high], [0, 0]).tolist() == [0.0, 1 - 2.0**-53]
    drawn = [
        draw_tokens(logits, torch.tensor([s]), torch.tensor([0]), Decoding(1.0, top_p, 1))
        for s in (low, high)
    ]
    last = 4 if top_p == 1 else 3
    assert [tokens.item() for tokens, _ in drawn] == [1, last]
    law = data.law(logits[0].tolist(), 1.0, top_p)
    assert [own[0, 1].exp().item() for _, own in drawn] == pytest.approx([law[1], law[last]])


def test_near_ties_do_not_change_what_is_drawn() -> None:
    """Float noise between batches may swap two ranks of the nucleus."""
    logits = torch.tensor([[1.0, 1.0 + 1e-6, 0.0, -3.0]] * 200)
    swapped = torch.tensor([[1.0 + 1e-6, 1.0, 0.0, -3.0]] * 200)
    seeds, positions = torch.arange(200), torch.zeros(200, dtype=torch.long)
    one, other = (
        draw_tokens(x, seeds, positions, Decoding(1.0, 0.9, 1)) for x in (logits, swapped)
    )
    assert one[0].tolist() == other[0].tolist()
    assert set(one[0].tolist()) == {0, 1, 2}
