"""vLLM's log-probabilities, ranks and bounds against passes over each sequence alone."""

import math
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import torch

from boundary import suites
from boundary.engines import Decoding, EngineConfig, Nucleus, Request, create
from boundary.engines.checkpoint import ZOO
from boundary.records import Draw
from tests.engines import data

PROBLEMS = suites.load("dial").problems[:25]
LAW = Nucleus(0.6, 0.95)


@pytest.fixture(scope="module")
def asked(judge: Any) -> list[tuple[list[int], list[int]]]:
    """200 answers of the zoo: finished ones, cut ones, and some of one token."""
    requests = [
        Request(Draw(p, i, 1_000 * place + i), tuple(judge.encode(p.question)))
        for place, p in enumerate(PROBLEMS)
        for i in range(8)
    ]
    cut, whole = Decoding(1.0, 1.0, 9), Decoding(1.3, 1.0, 60)
    prompts = {r.key: list(r.prompt_ids) for r in requests}
    found = [*judge.generate(requests[:80], cut), *judge.generate(requests[80:], whole)]
    pairs = [(prompts[s.problem_id, s.index], list(s.token_ids or ())) for s in found]
    return [*pairs[:190], *((prompt, answer[:1]) for prompt, answer in pairs[190:])]


@pytest.fixture(scope="module")
def scorer() -> Iterator[Any]:
    """An engine loaded to score, which prefills in pieces."""
    with closing(create("vllm", EngineConfig("zoo/base", scores=True, context=128))) as found:
        yield found


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(str(ZOO / "base"), dtype=torch.float32).eval()


def test_perplexity_equals_the_loss_of_one_sequence_at_a_time(
    scorer: Any, model: Any, asked: list[tuple[list[int], list[int]]]
) -> None:
    assert len(asked) == 200
    assert {len(answer) for _, answer in asked} >= {1, 9}
    found = scorer.score([p for p, _ in asked], [a for _, a in asked])
    for tokens, (prompt, answer) in zip(found, asked, strict=True):
        labels = torch.tensor([[-100] * len(prompt) + answer])
        with torch.inference_mode():
            out = model(input_ids=torch.tensor([[*prompt, *answer]]), labels=labels)
        assert math.exp(-np.mean(tokens)) == pytest.approx(math.exp(float(out.loss)), rel=1e-3)


def test_it_prefills_in_pieces_that_bound_its_logits(scorer: Any) -> None:
    settings = scorer._core.config.scheduler_config
    assert settings.enable_chunked_prefill
    assert settings.max_num_batched_tokens <= 16_384


def test_what_the_likeliest_tokens_tell_holds_the_whole_truth(
    scorer: Any, judge: Any, asked: list[tuple[list[int], list[int]]]
) -> None:
    prompts, answers = [p for p, _ in asked], [a for _, a in asked]
    decided, loose = 0, 0.0
    told = scorer.inspect(prompts, answers, LAW)
    for one, truth in zip(told, judge.inspect(prompts, answers, LAW), strict=True):
        assert one.logprobs == pytest.approx(truth.logprobs, abs=2e-3)
        for name in ("raw", "tempered"):
            low = np.array(getattr(one, name))
            slack = np.array(getattr(one, f"{name}_slack"))
            exact = np.array(getattr(truth, name))
            assert (low - 5e-3 <= exact).all()
            assert (exact <= low + slack + 5e-3).all()
            loose = max(loose, float(slack.max()))
        for mine, right in zip(one.within, truth.within, strict=True):
            assert mine is None or mine == right
            decided += mine is not None
    assert loose < 0.2, "20 of 32 tokens leave little"
    assert decided > 0.99 * sum(map(len, answers))


def test_ranks_are_those_of_the_whole_vocabulary(
    scorer: Any, model: Any, asked: list[tuple[list[int], list[int]]]
) -> None:
    prompt, answer = asked[100]
    (one,) = scorer.inspect([prompt], [answer], LAW)
    nats = data.score_by_hand(model, prompt, answer)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0]
    for i, token in enumerate(answer):
        row = logits[len(prompt) - 1 + i]
        assert one.ranks[i] == int((row > row[token]).sum()) + 1
        assert one.logprobs[i] == pytest.approx(nats[i], abs=2e-3)


def test_nothing_to_inspect(scorer: Any) -> None:
    assert list(scorer.inspect([], [], LAW)) == []
    (one,) = scorer.inspect([[5, 6]], [[]], LAW)
    assert list(one.logprobs) == []
