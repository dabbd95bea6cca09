"""Likelihood of given answers under a transformers model, in bounded memory.

The hidden states of a batch come from one pass over the model's body; its head turns a few of
them at a time into logits, of which one number per token is kept. A head that cannot be taken
apart from its body is passed in pieces of the sequence, with a key-value cache.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from boundary.engines.scored import Inspected, Nucleus

if TYPE_CHECKING:
    import torch

Pair = tuple[Sequence[int], Sequence[int]]
"""A prompt and an answer, as token ids."""

LOGITS = 1 << 25
"""Logits held at once: 128 MB in float32, and as much again for what is computed of them."""
PASS_TOKENS = 8_192
"""Tokens of one pass over the body, padding included; a longer answer is a pass of its own."""
_PROBE = 8
_SAME = 1e-4
_FULL, _HALF = 1e-4, 0.02


def margin(dtype: str) -> float:
    """How far outside a nucleus a probability still counts as inside.

    An answer is drawn one token at a time and inspected all at once, and the two differ in the
    last digits. The margin is one of mass, and a relative one between tokens of like probability.
    """
    return _FULL if dtype in ("float32", "float64") else _HALF


class Scorer:
    """Scores answers under one model, whose law is that of its own ``forward``.

    Args:
        model: A transformers causal language model with full attention in every layer.
    """

    def __init__(self, model: Any) -> None:
        import torch

        self._torch = torch
        self._model = model
        self._margin = margin(str(model.dtype).removeprefix("torch."))
        self._vocabulary = int(model.config.get_text_config().vocab_size)
        self._head = _head(model)

    def logprobs(self, pairs: Iterable[Pair]) -> Iterator[list[float]]:
        """Yield, in order, the raw log-probability (nats) of each token of each answer."""
        for (found,) in self._run(pairs, _logprobs):
            yield found

    def inspect(self, pairs: Iterable[Pair], nucleus: Nucleus) -> Iterator[Inspected]:
        """Yield, in order, all that is told of each answer's tokens."""

        def measure(logits: "torch.Tensor", targets: "torch.Tensor") -> list["torch.Tensor"]:
            return measures(logits, targets, nucleus, self._margin)

        for logprobs, ranks, within, raw, tempered in self._run(pairs, measure):
            exact = [0.0] * len(raw)
            yield Inspected(
                logprobs,
                list(map(int, ranks)),
                list(map(bool, within)),
                raw,
                tempered,
                exact,
                exact,
            )

    def _run(
        self,
        pairs: Iterable[Pair],
        measure: Callable[["torch.Tensor", "torch.Tensor"], list["torch.Tensor"]],
    ) -> Iterator[list[list[float]]]:
        """Yield for each pair what is measured of its tokens, one list per measure."""
        torch = self._torch
        for batch in batches(pairs):
            with torch.inference_mode():
                pieces = [measure(*piece) for piece in self._pieces(batch)]
                found = [
                    torch.cat(column).double().tolist() for column in zip(*pieces, strict=True)
                ]
            start = 0
            for _, answer in batch:
                yield [column[start : start + len(answer)] for column in found]
                start += len(answer)

    def _pieces(self, batch: Sequence[Pair]) -> Iterator[tuple["torch.Tensor", "torch.Tensor"]]:
        """Logits (N, V) in float32 and the tokens (N,) that came, answer after answer."""
        torch, device = self._torch, self._model.device
        targets = torch.tensor([t for _, answer in batch for t in answer], device=device).long()
        if not len(targets):
            yield torch.zeros((0, self._vocabulary), device=device), targets
            return
        if self._head is None:
            for prompt, answer in batch:
                yield from self._by_cache(prompt, answer)
            return
        hidden = self._hidden(batch)
        step = max(1, LOGITS // self._vocabulary)
        for start in range(0, len(targets), step):
            part = slice(start, start + step)
            yield self._head(hidden[part]).float(), targets[part]

    def _hidden(self, batch: Sequence[Pair]) -> "torch.Tensor":
        """(N, H) states that the answers' tokens are drawn from."""
        torch, device = self._torch, self._model.device
        longest = max(len(prompt) + len(answer) for prompt, answer in batch)
        # The last token of an answer predicts nothing that is asked for.
        ids = torch.zeros((len(batch), max(1, longest - 1)), dtype=torch.long)
        for row, (prompt, answer) in enumerate(batch):
            seen = [*prompt, *answer][:-1]
            ids[row, : len(seen)] = torch.tensor(seen)
        # Padding stands on the right, where a causal mask hides it from every real token.
        body = self._model.base_model
        states = body(input_ids=ids.to(device), use_cache=False).last_hidden_state
        width = ids.shape[1]
        places = [
            row * width + len(prompt) - 1 + i
            for row, (prompt, answer) in enumerate(batch)
            for i in range(len(answer))
        ]
        return _taken(states, torch.tensor(places, device=device).long())

    def _by_cache(
        self, prompt: Sequence[int], answer: Sequence[int]
    ) -> Iterator[tuple["torch.Tensor", "torch.Tensor"]]:
        torch, device = self._torch, self._model.device
        ids = torch.tensor([*prompt, *answer], device=device)
        cache, first = None, len(prompt) - 1
        step = max(1, LOGITS // self._vocabulary)
        for start in range(0, len(ids) - 1, step):
            part = ids[start : min(start + step, len(ids) - 1)]
            out = self._model(input_ids=part[None], past_key_values=cache, use_cache=True)
            cache, skip = out.past_key_values, max(0, first - start)
            targets = ids[start + 1 : start + 1 + len(part)]
            yield out.logits[0, skip:].float(), targets[skip:]


def _taken(states: "torch.Tensor", places: "torch.Tensor") -> "torch.Tensor":
    """(N, H) of (B, L, H) states, at places counted over rows and columns."""
    return states.flatten(0, 1)[places]


def batches(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Neighbours whose padded tokens fit one pass; sort by length to pad little."""
    batch: list[Pair] = []
    longest = 0
    for pair in pairs:
        length = max(longest, len(pair[0]) + len(pair[1]))
        if batch and length * (len(batch) + 1) > PASS_TOKENS:
            yield batch
            batch, length = [], len(pair[0]) + len(pair[1])
        batch.append(pair)
        longest = length
    if batch:
        yield batch


def _logprobs(logits: "torch.Tensor", targets: "torch.Tensor") -> list["torch.Tensor"]:
    return [logits.gather(1, targets[:, None])[:, 0] - logits.logsumexp(-1)]


def measures(
    logits: "torch.Tensor", targets: "torch.Tensor", nucleus: Nucleus, margin: float
) -> list["torch.Tensor"]:
    """What is told of tokens: log-probability, rank, within, raw and tempered entropy.

    Args:
        logits: (N, V) float32, raw.
        targets: (N,) tokens.
        nucleus: The law that they may have been drawn from.
        margin: See :func:`margin`; 0 asks for the nucleus itself, all of equal tokens in it.

    Returns:
        Five tensors (N,).
    """
    import torch

    taken = logits.gather(1, targets[:, None])
    total = logits.logsumexp(-1, keepdim=True)
    ranks = (logits > taken).sum(-1) + 1
    raw = torch.special.entr((logits - total).exp_()).sum(-1)
    logprobs = (taken - total)[:, 0]
    if nucleus.temperature == 0:
        within = (taken >= logits.amax(-1, keepdim=True) - margin)[:, 0]
        return [logprobs, ranks, within, raw, torch.zeros_like(raw)]
    probs = torch.softmax(logits / nucleus.temperature, dim=-1)
    tempered = torch.special.entr(probs).sum(-1)
    own = probs.gather(1, targets[:, None])
    before = torch.where(probs > own * (1 + margin), probs, 0.0).sum(-1)
    within = own[:, 0] > 0
    if nucleus.top_p < 1:
        within &= before < nucleus.top_p + margin
    return [logprobs, ranks, within, raw, tempered]


def _head(model: Any) -> Callable[["torch.Tensor"], "torch.Tensor"] | None:
    """Logits from hidden states, as the model's ``forward`` makes them; ``None`` if it cannot be.

    What is built from the settings known is held against the model itself on a few tokens.
    """
    import torch

    layer, config = model.get_output_embeddings(), model.config.get_text_config()
    if layer is None or model.base_model is model:
        return None
    head = partial(_logits, layer, config)
    probe = torch.arange(_PROBE, device=model.device)[None] % config.vocab_size
    with torch.inference_mode():
        expected = model(input_ids=probe, use_cache=False).logits.float()
        try:
            found = head(model.base_model(input_ids=probe, use_cache=False).last_hidden_state)
        except (TypeError, AttributeError, RuntimeError):
            return None
    is_same = found.shape == expected.shape and torch.allclose(
        found.float(), expected, rtol=_SAME, atol=_SAME
    )
    return head if is_same else None


def _logits(layer: Any, config: Any, hidden: "torch.Tensor") -> "torch.Tensor":
    """The head's logits; models scale or cap them after it, each by a setting of its own name."""
    logits: torch.Tensor = layer(hidden)
    scale, divisor = (getattr(config, name, None) for name in ("logit_scale", "logits_scaling"))
    if scale:
        logits = logits * scale
    if divisor:
        logits = logits / divisor
    cap = getattr(config, "final_logit_softcapping", None)
    return (logits / cap).tanh() * cap if cap else logits
