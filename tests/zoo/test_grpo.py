"""GRPO: rewards, advantages, draws that depend on their seeds only, and the gradient."""

from itertools import islice

import pytest
import torch

from boundary.engines.base import Request
from boundary.engines.slots import Drawn
from boundary.records import Draw, Problem
from boundary.suites import dial
from boundary.zoo import grpo, model, tokenizer
from boundary.zoo.pretrain import log_probs, tensors

PROBLEM = Problem("p", "a1234 b2345 c3456 d4567\n", "5678")


def answer(text, *, stopped=True, index=0):
    ids = tokenizer.encode(text) + ([tokenizer.EOS] if stopped else [])
    prompt = (tokenizer.BOS, *tokenizer.encode(PROBLEM.question))
    return Drawn(Request(Draw(PROBLEM, index, 0), prompt), ids, 0.0, 0.0, stopped)


@pytest.mark.parametrize(
    ("text", "stopped", "value"),
    [
        ("=5678", True, 1.0),
        ("d-c:4567-3456=1112+4567=5678", True, 1.0),  # the answer counts, not the steps
        ("=5679", True, 0.0),
        ("=5678", False, 0.0),
        ("", True, 0.0),
    ],
)
def test_reward_is_the_right_answer_and_nothing_else(text, stopped, value):
    assert grpo.reward(answer(text, stopped=stopped)) == value


def test_advantages_by_hand():
    rewards = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    found = grpo.advantages(rewards)
    root = 3**0.5
    assert torch.allclose(found[0], torch.tensor([root, *[-1 / root] * 3]), atol=1e-4)
    assert not found[1:].any()


def test_seeds_are_63_bits_and_distinct():
    seeds = {grpo.seed_of("s", step, index) for step in range(50) for index in range(50)}
    assert len(seeds) == 2500
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_rollout_is_decided_by_its_stream():
    net = model.build(0)
    problems = list(islice(dial.generate("rollout"), 3))

    def drawn(stream):
        answers = grpo.rollout(net, problems, 4, max_tokens=6, stream=stream, rows=5)
        return {(a.request.draw.problem.id, a.request.draw.index): a.token_ids for a in answers}

    first = drawn("x")
    assert len(first) == 12
    assert first == drawn("x")
    assert first != drawn("y")


def test_loss_is_the_weighted_token_mean_with_the_idle_answers_in_the_divisor():
    net = model.build(0)
    answers = [answer("=5678"), answer("=1"), answer("d-c")]
    with torch.inference_mode():
        found = grpo._loss(net, answers, torch.tensor([2.0, 0.0, -1.0]))
        sums = [
            float(log_probs(net, *tensors([(PROBLEM.question, text)])).sum())
            for text in ("=5678", "d-c")
        ]
    tokens = 6 + 3 + 4
    assert float(found) == pytest.approx(-(2.0 * sums[0] - sums[1]) / tokens, rel=1e-4)


def test_an_update_makes_rewarded_answers_likelier(monkeypatch):
    monkeypatch.setattr(grpo, "reward", lambda a: float(a.token_ids[0] == tokenizer.EOS))
    net = model.build(0)
    plan = grpo.Grpo(steps=6, problems=2, answers=64, rate=3e-3, max_tokens=2)
    means = grpo.train(net, dial.generate("update"), plan, stream="update", progress=lambda _: None)
    assert len(means) == 6
    assert means[-1] > means[0] + 0.05
