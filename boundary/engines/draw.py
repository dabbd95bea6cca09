"""Drawing tokens from logits, each row by its own seed.

The uniform number of a token is a hash of (seed, position): it does not depend on the batch, on
the device or on what was drawn before, so a sample that is drawn again, alone or in any company,
meets the same numbers.
"""

from typing import TYPE_CHECKING

from boundary.engines.base import Decoding

if TYPE_CHECKING:
    import torch

_WEYL = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB


def uniforms(seeds: "torch.Tensor", positions: "torch.Tensor") -> "torch.Tensor":
    """(B,) float64 in [0, 1): SplitMix64 of seed and position (Steele et al. 2014)."""
    state = seeds + (positions + 1) * _WEYL
    state = (state ^ _shift(state, 30)) * _MIX_1
    state = (state ^ _shift(state, 27)) * _MIX_2
    state = state ^ _shift(state, 31)
    return _shift(state, 11).double() * 2.0**-53


def _shift(x: "torch.Tensor", bits: int) -> "torch.Tensor":
    """Logical right shift of int64; torch's own shift copies the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def draw_tokens(
    logits: "torch.Tensor",
    seeds: "torch.Tensor",
    positions: "torch.Tensor",
    decoding: Decoding,
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Draw one token per row by inverting the cumulative distribution.

    Args:
        logits: (B, V) of the model, raw.
        seeds: (B,) int64.
        positions: (B,) int64, tokens of the row drawn before this one.
        decoding: Temperature (0 is greedy), top-p, and the exponent of a trace.

    Returns:
        (B,) token ids, and (B, 2) float64 log-probabilities in nats: the model's raw one, and
        the one under the law drawn from (tempered, then cut to the nucleus and renormalised).
        With an exponent a third column holds log sum_v p(v) ** exponent, and all of it is
        computed in float64: an answer's sum over thousands of tokens keeps its precision.
    """
    import torch

    logits = logits.float() if decoding.exponent is None else logits.double()
    raw = torch.log_softmax(logits, dim=-1)
    if decoding.temperature == 0:
        tokens = logits.argmax(dim=-1)
        own = torch.zeros_like(tokens, dtype=torch.float64)
    else:
        probs = torch.softmax(logits / decoding.temperature, dim=-1)
        tokens, own = _invert(probs, uniforms(seeds, positions), decoding.top_p)
    taken = raw.gather(1, tokens[:, None])[:, 0].double()
    if decoding.exponent is None:
        return tokens, torch.stack([taken, own], dim=1)
    return tokens, torch.stack([taken, own, (decoding.exponent * raw).logsumexp(-1)], dim=1)


def _invert(
    probs: "torch.Tensor", u: "torch.Tensor", top_p: float
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Tokens (B,) at the quantiles ``u`` of the nucleus, and their log-probabilities (B,)."""
    import torch

    if top_p < 1:
        ranked, order = probs.sort(dim=-1, descending=True, stable=True)
        before = ranked.cumsum(dim=-1) - ranked
        # The first token stays even when it alone exceeds top_p. The kept ones go back to the
        # vocabulary's order: two near-equal tokens may swap ranks from one batch to another.
        kept = torch.where(before < top_p, ranked, 0.0)
        probs = torch.zeros_like(probs).scatter(-1, order, kept)
    total = probs.cumsum(dim=-1)
    target = u.to(total.dtype)[:, None] * total[:, -1:]
    # A token of probability 0 is never chosen: its cumulative sum equals the one before it.
    place = (total <= target).sum(dim=-1).clamp(max=probs.shape[-1] - 1)
    # u * total may round up to total itself; the last token with mass is then meant.
    last = probs.shape[-1] - 1 - (probs.flip(-1) > 0).to(torch.uint8).argmax(dim=-1)
    place = torch.minimum(place, last)
    mass = probs.gather(1, place[:, None])[:, 0].double()
    own = mass.log() - total[:, -1].double().log()
    return place, own
