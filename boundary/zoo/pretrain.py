"""Supervised training on documents of which some pieces are given and the others learned."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boundary.zoo import tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import Qwen2ForCausalLM

Document = tuple[str, ...]
"""Text in pieces, given and learned by turns: a prompt and the trace behind it, say."""

Progress = Callable[[str], None]

IGNORED = -100
"""Target of a token that is not learned."""
_REPORT_EVERY = 100


@dataclass(frozen=True, slots=True)
class Fit:
    """A supervised run: AdamW, linear warm-up, cosine decay to a share of the peak rate."""

    steps: int
    documents: int
    rate: float
    warmup: int = 50
    floor: float = 0.05

    def rate_at(self, step: int) -> float:
        """Learning rate of a step in [0, steps)."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * step / self.steps))
        ramp = min(1.0, (step + 1) / self.warmup)
        return self.rate * ramp * (self.floor + (1.0 - self.floor) * cosine)


def _row(document: Document) -> tuple[list[int], list[int]]:
    """Token ids of a document, and the token wanted after each, -100 where none is learned."""
    ids, wanted = [tokenizer.BOS], []
    for place, piece in enumerate(document):
        tokens = tokenizer.encode(piece)
        ids += tokens
        wanted += tokens if place % 2 else [IGNORED] * len(tokens)
    return ids, [*wanted, tokenizer.EOS]


def padded(
    ids: Sequence[Sequence[int]], wanted: Sequence[Sequence[int]]
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Rows of ids and of wanted tokens as two (B, L) tensors, padded on the right."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    return (
        pad_sequence(
            [torch.tensor(row) for row in ids], batch_first=True, padding_value=tokenizer.PAD
        ),
        pad_sequence(
            [torch.tensor(row) for row in wanted], batch_first=True, padding_value=IGNORED
        ),
    )


def tensors(documents: Sequence[Document]) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Token ids and targets of documents, padded on the right.

    Returns:
        (B, L) ids, and (B, L) the next token where it is learned, -100 elsewhere.
    """
    rows = [_row(document) for document in documents]
    return padded([ids for ids, _ in rows], [wanted for _, wanted in rows])


def log_probs(
    model: "Qwen2ForCausalLM", ids: "torch.Tensor", targets: "torch.Tensor"
) -> "torch.Tensor":
    """Log-probabilities (nats) of the targets that count, row after row, as one flat tensor."""
    counted = targets != IGNORED
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    logits: torch.Tensor = model.lm_head(hidden[counted])
    wanted = targets[counted][:, None]
    return logits.log_softmax(-1).gather(1, wanted)[:, 0]


def optimiser(model: "Qwen2ForCausalLM", rate: float) -> "torch.optim.AdamW":
    """The AdamW that every stage of the recipe uses."""
    import torch

    return torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), fused=True)


def update(model: "Qwen2ForCausalLM", optim: "torch.optim.AdamW", loss: "torch.Tensor") -> None:
    """One step down a loss, the gradient's norm clipped at 1."""
    import torch

    optim.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optim.step()


def fit(
    model: "Qwen2ForCausalLM",
    batch: Callable[[int], Sequence[Document]],
    plan: Fit,
    progress: Progress,
) -> list[float]:
    """Train a model in place.

    Args:
        model: A float32 model.
        batch: The documents of a step in [0, plan.steps).
        plan: Steps and learning rate.
        progress: Told the loss every 100 steps.

    Returns:
        The loss of every step, nats per token.
    """
    optim = optimiser(model, plan.rate)
    losses: list[float] = []
    for step in range(plan.steps):
        for group in optim.param_groups:
            group["lr"] = plan.rate_at(step)
        loss = -log_probs(model, *tensors(batch(step))).mean()
        update(model, optim, loss)
        losses.append(float(loss.detach()))
        if step % _REPORT_EVERY == 0 or step == plan.steps - 1:
            progress(f"step {step + 1}/{plan.steps}, loss {losses[-1]:.3f} nats a token")
    return losses
