"""The batch against one request at a time, with a full pass per token and no cache."""

from typing import Any

import numpy as np
import pytest
import torch

from boundary.engines import Decoding
from boundary.engines import slots as module
from boundary.engines.slots import Batch, Drawn, drive
from tests.engines import data

COUNT = 60
DECODING = Decoding(0.9, 0.95, 24)
STOPS = {data.EOS}
REQUESTS = data.requests(COUNT)


def drawn(model: Any, rows: int, requests: Any, decoding: Decoding = DECODING) -> dict[int, Drawn]:
    found = list(drive(Batch(model, decoding, STOPS, rows), requests))
    by_index = {one.request.draw.index: one for one in found}
    assert len(by_index) == len(found), "a request was answered twice"
    return by_index


def tokens(found: dict[int, Drawn]) -> dict[int, list[int]]:
    return {index: one.token_ids for index, one in found.items()}


@pytest.fixture(scope="module")
def by_hand(model: Any) -> dict[int, tuple[list[int], float, float]]:
    return {r.draw.index: data.generate_by_hand(model, r, DECODING, STOPS) for r in REQUESTS}


def test_the_law_of_the_tiny_model_is_neither_flat_nor_one_hot(model: Any) -> None:
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([data.ids("a12 = 3 User: be")])).logits[0]
    probs = logits.softmax(-1)
    entropy = -(probs * probs.log()).sum(-1)
    assert entropy.min() > 0.8
    assert entropy.max() < 3.3


def test_the_requests_exercise_the_batch(by_hand: Any) -> None:
    lengths = [len(ids) for ids, _, _ in by_hand.values()]
    assert min(lengths) == 1, "some row must leave right after its prompt"
    assert max(lengths) == DECODING.max_tokens
    assert len({len(r.prompt_ids) for r in REQUESTS}) > 3
    assert len({r.prompt_ids for r in REQUESTS}) < COUNT


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 16, 64])
def test_any_number_of_rows_draws_the_same_tokens(model: Any, by_hand: Any, rows: int) -> None:
    assert tokens(drawn(model, rows, REQUESTS)) == {i: ids for i, (ids, _, _) in by_hand.items()}


@pytest.mark.parametrize("rows", [3, 16, 64])
def test_any_order_of_requests_draws_the_same_tokens(model: Any, by_hand: Any, rows: int) -> None:
    expected = {i: ids for i, (ids, _, _) in by_hand.items()}
    shuffled = [REQUESTS[i] for i in np.random.default_rng(rows).permutation(COUNT)]
    assert tokens(drawn(model, rows, shuffled)) == expected
    assert tokens(drawn(model, rows, reversed(REQUESTS))) == expected


def test_log_probabilities_are_sums_over_the_drawn_tokens(model: Any, by_hand: Any) -> None:
    found = drawn(model, 16, REQUESTS)
    for index, (_, raw, own) in by_hand.items():
        assert found[index].logprob == pytest.approx(raw, abs=1e-4)
        assert found[index].draw_logprob == pytest.approx(own, abs=1e-4)
        assert found[index].stopped == (found[index].token_ids[-1] == data.EOS)


def test_raw_sums_equal_a_pass_over_prompt_and_answer(model: Any) -> None:
    for one in drawn(model, 7, REQUESTS).values():
        expected = data.score_by_hand(model, one.request.prompt_ids, one.token_ids)
        assert one.logprob == pytest.approx(sum(expected), abs=1e-4)


def test_prompts_of_very_different_lengths_equal_single_ones(model: Any) -> None:
    """A long prompt that enters late makes the cache grow under rows that are being drawn."""
    rng = np.random.default_rng(5)
    lengths = [1, 2, 90, 3, 1, 40, 70, 1, 5, 64]
    asked = [
        data.request(rng.integers(3, data.VOCABULARY, length).tolist(), 1000 + i, i)
        for i, length in enumerate(lengths)
    ]
    expected = {r.draw.index: data.generate_by_hand(model, r, DECODING, STOPS)[0] for r in asked}
    for rows in (2, 4, 10):
        assert tokens(drawn(model, rows, asked)) == expected


@pytest.mark.parametrize("budget", [1, 3, 80])
def test_prompts_are_prefilled_in_chunks(
    model: Any, by_hand: Any, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    passes = []
    forward = model.forward
    monkeypatch.setattr(module, "_PREFILL_TOKENS", budget)

    def counted(**kwargs: Any) -> Any:
        if "position_ids" not in kwargs:
            passes.append(kwargs["input_ids"].shape)
        return forward(**kwargs)

    monkeypatch.setattr(model, "forward", counted)
    assert tokens(drawn(model, 64, REQUESTS)) == {i: ids for i, (ids, _, _) in by_hand.items()}
    assert all(rows == 1 or rows * columns <= budget for rows, columns in passes)
    assert len(passes) > 1 or budget == 80


def test_a_prompt_that_several_requests_share_is_prefilled_once(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    forward = model.forward

    def counted(**kwargs: Any) -> Any:
        passes.append(tuple(kwargs["input_ids"].shape))
        return forward(**kwargs)

    monkeypatch.setattr(model, "forward", counted)
    asked = [data.request(data.ids("abc"), seed, seed) for seed in range(20)]
    found = drawn(model, 20, asked, Decoding(1.0, 1.0, 2))
    assert len(found) == 20
    assert passes[0] == (1, 3)


def test_no_request_is_lost_when_all_rows_leave_after_their_prompt(model: Any) -> None:
    """With one token each, every row of a refill leaves at once and others still wait."""
    found = drawn(model, 4, REQUESTS, Decoding(1.0, 1.0, 1))
    assert sorted(found) == list(range(COUNT))
    assert all(len(one.token_ids) == 1 for one in found.values())


def test_rows_that_leave_after_the_prompt_do_not_spoil_those_that_take_their_place(
    model: Any,
) -> None:
    """Rows are moved before the first step here, with the whole of their prompts."""
    one_token = Decoding(1.0, 1.0, 1)
    stops, goes = [], []
    for seed in range(500):
        # Prompts of their own, so that a row left behind in the cache shows.
        asked = data.request(data.ids("a12 = b" if len(stops) < 3 else "77:e"), seed)
        first, _, _ = data.generate_by_hand(model, asked, one_token, STOPS)
        if len(stops) < 3 and first == [data.EOS]:
            stops.append(asked)
        elif len(stops) == 3 and first != [data.EOS]:
            goes.append(asked)
        if len(goes) == 3:
            break
    chosen = [*stops, *goes]
    asked = [data.request(r.prompt_ids, r.draw.seed, i) for i, r in enumerate(chosen)]
    decoding = Decoding(1.0, 1.0, 12)
    found = drawn(model, 6, asked, decoding)
    assert [len(found[i].token_ids) == 1 for i in range(6)] == [True] * 3 + [False] * 3
    for i in range(3, 6):
        assert found[i].token_ids == data.generate_by_hand(model, asked[i], decoding, STOPS)[0]


def test_requests_are_taken_as_rows_become_free(model: Any) -> None:
    taken = []

    def lazily() -> Any:
        for one in REQUESTS:
            taken.append(one.draw.index)
            yield one

    running = drive(Batch(model, DECODING, STOPS, 8), lazily())
    next(running)
    assert len(taken) < 20
    running.close()


def test_inference_mode_does_not_reach_the_caller(model: Any) -> None:
    running = drive(Batch(model, DECODING, STOPS, 8), REQUESTS)
    next(running)
    assert not torch.is_inference_mode_enabled()
    running.close()


def test_rows_can_be_ended_from_outside(model: Any) -> None:
    def ends(batch: Batch) -> torch.Tensor:
        return torch.tensor([len(batch.tokens(row)) >= 3 for row in range(batch.live)])

    whole = drawn(model, 16, REQUESTS)
    cut = list(drive(Batch(model, DECODING, STOPS, 16), REQUESTS, ends))
    assert len(cut) == COUNT
    for one in cut:
        assert one.token_ids == whole[one.request.draw.index].token_ids[:3]
        assert one.stopped == (one.token_ids[-1] == data.EOS)


def test_answers_longer_than_the_first_buffer(model: Any) -> None:
    """The buffer of drawn tokens starts at 64 columns."""
    asked = [data.request(data.ids("k"), seed, seed) for seed in range(3)]
    decoding = Decoding(1.0, 1.0, 150)
    found = {
        one.request.draw.index: one.token_ids
        for one in drive(Batch(model, decoding, {data.VOCABULARY + 1}, 3), asked)
    }
    for one in asked:
        by_hand = data.generate_by_hand(model, one, decoding, {data.VOCABULARY + 1})[0]
        assert len(by_hand) == 150
        assert found[one.draw.index] == by_hand


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_grouped_queries(kv_heads: int) -> None:
    grouped = data.qwen2(3, num_key_value_heads=kv_heads)
    asked = REQUESTS[:12]
    expected = {r.draw.index: data.generate_by_hand(grouped, r, DECODING, STOPS)[0] for r in asked}
    assert tokens(drawn(grouped, 5, asked)) == expected
