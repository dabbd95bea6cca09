"""GRPO with a reward of 1 for the right answer and 0 otherwise, and nothing else.

Each step draws several answers to each of some problems, takes a reward's distance from its
problem's mean in standard deviations, and makes one on-policy update with the token mean as
the loss: no clipping, since nothing is reused, no KL term, no reward for form.

Source: Shao et al. 2024, arXiv:2402.03300.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from boundary.engines.base import Decoding, Request
from boundary.engines.slots import Batch, Drawn, drive
from boundary.records import Draw, Problem
from boundary.verifiers.dial import extract
from boundary.zoo import tokenizer
from boundary.zoo.pretrain import IGNORED, Progress, log_probs, optimiser, padded, update

if TYPE_CHECKING:
    import torch
    from transformers import Qwen2ForCausalLM

_REPORT_EVERY = 10
_STEADY = 1e-6
"""Added to the standard deviation, so that equal rewards give advantage 0."""


@dataclass(frozen=True, slots=True)
class Grpo:
    """A reinforcement run; the learning rate is constant."""

    steps: int
    problems: int
    answers: int
    rate: float
    max_tokens: int


def seed_of(*parts: object) -> int:
    """A 63-bit seed from a name made of parts; different names give unrelated seeds."""
    name = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) >> 1


def rollout(
    model: "Qwen2ForCausalLM",
    problems: Sequence[Problem],
    n: int,
    *,
    max_tokens: int,
    stream: str,
    rows: int = 512,
) -> Iterator[Drawn]:
    """Draw n answers to each problem at temperature 1, in the order they finish.

    Args:
        model: A float32 model.
        problems: The problems to answer.
        n: Answers per problem.
        max_tokens: New tokens at most, the end token included.
        stream: Name that the draws' seeds are made from.
        rows: Sequences decoded at a time.
    """
    decoding = Decoding(temperature=1.0, top_p=1.0, max_tokens=max_tokens)
    requests = (
        Request(
            Draw(problem, index, seed_of(stream, problem.id, index)),
            (tokenizer.BOS, *tokenizer.encode(problem.question)),
        )
        for problem in problems
        for index in range(n)
    )
    return drive(Batch(model, decoding, [tokenizer.EOS], rows), requests)


def reward(answer: Drawn) -> float:
    """1 for an ended answer whose last code is the right one, 0 otherwise."""
    text = tokenizer.decode(answer.token_ids)
    return float(answer.stopped and extract(text) == answer.request.draw.problem.answer)


def advantages(rewards: "torch.Tensor") -> "torch.Tensor":
    """Distances from the group's mean in standard deviations: (P, A) rewards to (P, A)."""
    spread = rewards.std(dim=1, keepdim=True, correction=0)
    return (rewards - rewards.mean(dim=1, keepdim=True)) / (spread + _STEADY)


def _loss(
    model: "Qwen2ForCausalLM", answers: Sequence[Drawn], advantage: "torch.Tensor"
) -> "torch.Tensor":
    """Policy-gradient loss, mean over the tokens of all answers; advantage is (B,)."""
    import torch

    # An answer of advantage 0 has no gradient, and many have none: they cost nothing here.
    used = [row for row, value in enumerate(advantage.tolist()) if value != 0.0]
    heads = [list(answers[row].request.prompt_ids) for row in used]
    tails = [answers[row].token_ids for row in used]
    ids = [head + tail[:-1] for head, tail in zip(heads, tails, strict=True)]
    wanted = [[IGNORED] * (len(head) - 1) + tail for head, tail in zip(heads, tails, strict=True)]
    weights = advantage[used].repeat_interleave(torch.tensor([len(tail) for tail in tails]))
    total = sum(len(answer.token_ids) for answer in answers)
    return -(weights * log_probs(model, *padded(ids, wanted))).sum() / total


def train(
    model: "Qwen2ForCausalLM",
    problems: Iterator[Problem],
    plan: Grpo,
    *,
    stream: str,
    progress: Progress,
) -> list[float]:
    """Train a model in place.

    Args:
        model: A float32 model.
        problems: Training problems without end.
        plan: Steps, group sizes and learning rate.
        stream: Name that the answers' seeds are made from.
        progress: Told the mean reward every 10 steps.

    Returns:
        The mean reward of every step, in [0, 1].
    """
    import torch

    optim = optimiser(model, plan.rate)
    means: list[float] = []
    for step in range(plan.steps):
        group = list(islice(problems, plan.problems))
        place = {problem.id: row for row, problem in enumerate(group)}
        drawn = rollout(
            model, group, plan.answers, max_tokens=plan.max_tokens, stream=f"{stream}/{step}"
        )
        # Sorted, since the sum of a loss depends on its order and the order of finishing may vary.
        answers = sorted(
            drawn, key=lambda a: (place[a.request.draw.problem.id], a.request.draw.index)
        )
        rewards = torch.tensor([reward(a) for a in answers]).view(len(group), plan.answers)
        means.append(float(rewards.mean()))
        advantage = advantages(rewards).flatten()
        if bool(advantage.any()):
            update(model, optim, _loss(model, answers, advantage))
        if step % _REPORT_EVERY == 0 or step == plan.steps - 1:
            progress(f"step {step + 1}/{plan.steps}, mean reward {means[-1]:.3f}")
    return means
