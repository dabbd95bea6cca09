"""Tiny checkpoints with random weights, and the oracles that engines are held to."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from boundary.engines import Decoding, Request
from boundary.records import Draw, Problem, Sample

PAD, BOS, EOS = 0, 1, 2
SPECIAL = ("<pad>", "<bos>", "<eos>")
CHARACTERS = "0123456789 \n:=<>/\\{}abcdefghijUsrnwkx"
VOCABULARY = len(SPECIAL) + len(CHARACTERS)
_MASK = (1 << 64) - 1
_WEYL, _MIX_1, _MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def qwen2(seed: int = 0, **changes: Any) -> Any:
    """A random Qwen2 of two layers whose next-token law is neither flat nor one-hot."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    settings = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 256,
        "tie_word_embeddings": False,
        "initializer_range": 0.35,
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Qwen2ForCausalLM(Qwen2Config(**{**settings, **changes})).float().eval()


def write_tokenizer(folder: Path, *, adds_bos: bool = False) -> None:
    """One token per character, as byte-level BPE without merges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    spelled = [{" ": "Ġ", "\n": "Ċ"}.get(c, c) for c in CHARACTERS]
    vocabulary = {piece: i for i, piece in enumerate([*SPECIAL, *spelled])}
    fast = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    fast.decoder = decoders.ByteLevel()
    if adds_bos:
        fast.post_processor = processors.TemplateProcessing(
            single="<bos> $A", pair="<bos> $A $B", special_tokens=[("<bos>", BOS)]
        )
    pad, bos, eos = SPECIAL
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=fast, pad_token=pad, bos_token=bos, eos_token=eos
    )
    wrapped.save_pretrained(str(folder))


def save(model: Any, folder: Path, *, adds_bos: bool = False) -> Path:
    """A checkpoint's folder in the Hugging Face layout."""
    model.save_pretrained(str(folder))
    write_tokenizer(folder, adds_bos=adds_bos)
    return folder


def ids(text: str) -> list[int]:
    """Token ids of plain text."""
    return [len(SPECIAL) + CHARACTERS.index(c) for c in text]


def request(prompt: Sequence[int], seed: int, index: int = 0) -> Request:
    """One request; its seed alone decides what is drawn."""
    return Request(Draw(Problem(f"p{index}", "?", "1"), index, seed), tuple(prompt))


def requests(count: int, *, seed: int = 0) -> list[Request]:
    """Requests with prompts of 1 to 9 tokens, some of them alike."""
    rng = np.random.default_rng(seed)
    prompts = [rng.integers(3, VOCABULARY, rng.integers(1, 10)).tolist() for _ in range(7)]
    seeds = rng.integers(0, 2**63, count).tolist()
    chosen = rng.integers(0, len(prompts), count).tolist()
    return [
        request(prompts[which], s, i)
        for i, (which, s) in enumerate(zip(chosen, seeds, strict=True))
    ]


def by_index(samples: Iterable[Sample]) -> dict[int, Sample]:
    """Samples by the index of their draw."""
    return {sample.index: sample for sample in samples}


def splitmix64(seed: int, position: int) -> int:
    """Output number ``position`` of SplitMix64, in integers without a limit."""
    z = (seed + (position + 1) * _WEYL) & _MASK
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)


def seed_giving(output: int, position: int = 0) -> int:
    """The signed 64-bit seed whose SplitMix64 output at ``position`` is ``output``."""
    z = _unshift(output, 31)
    z = _unshift(z * pow(_MIX_2, -1, 1 << 64) & _MASK, 27)
    z = _unshift(z * pow(_MIX_1, -1, 1 << 64) & _MASK, 30)
    seed = (z - (position + 1) * _WEYL) & _MASK
    return seed - (1 << 64) if seed >> 63 else seed


def _unshift(z: int, bits: int) -> int:
    """The x with ``x ^ (x >> bits) == z``."""
    x = z
    for _ in range(64 // bits):
        x = z ^ (x >> bits)
    return x


def law(logits: Sequence[float], temperature: float, top_p: float) -> dict[int, float]:
    """The tempered law cut to its nucleus: token to probability, by token."""
    scaled = [x / temperature for x in logits]
    top = max(scaled)
    weights = [math.exp(x - top) for x in scaled]
    probs = [w / math.fsum(weights) for w in weights]
    order = sorted(range(len(probs)), key=lambda i: -probs[i])
    kept: list[int] = []
    for token in order:
        if top_p < 1 and kept and math.fsum(probs[i] for i in kept) >= top_p:
            break
        kept.append(token)
    mass = math.fsum(probs[i] for i in kept)
    return {token: probs[token] / mass for token in sorted(kept)}


def draw_by_hand(logits: Sequence[float], u: float, decoding: Decoding) -> tuple[int, float]:
    """The token at quantile ``u`` of the law, and its log-probability under it."""
    if decoding.temperature == 0:
        return max(range(len(logits)), key=lambda i: (logits[i], -i)), 0.0
    total = 0.0
    found = law(logits, decoding.temperature, decoding.top_p)
    for token, probability in found.items():
        total += probability
        if u < total:
            return token, math.log(probability)
    return token, math.log(probability)


def generate_by_hand(
    model: Any, asked: Request, decoding: Decoding, stop_ids: Iterable[int]
) -> tuple[list[int], float, float]:
    """Tokens and both log-probabilities of one request: no cache, no batch, one pass a token."""
    drawn: list[int] = []
    raw = own = 0.0
    while len(drawn) < decoding.max_tokens and not (drawn and drawn[-1] in stop_ids):
        with torch.inference_mode():
            seen = torch.tensor([[*asked.prompt_ids, *drawn]])
            logits = model(input_ids=seen, use_cache=False).logits[0, -1].double()
        u = (splitmix64(asked.draw.seed, len(drawn)) >> 11) * 2.0**-53
        token, logprob = draw_by_hand(logits.tolist(), u, decoding)
        raw += float(torch.log_softmax(logits, 0)[token])
        own += logprob
        drawn.append(token)
    return drawn, raw, own


def score_by_hand(model: Any, prompt: Sequence[int], answer: Sequence[int]) -> list[float]:
    """Raw log-probabilities of an answer by one pass over this sequence alone."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[*prompt, *answer]]), use_cache=False).logits[0]
    logprobs = torch.log_softmax(logits.double(), -1)
    start = len(prompt) - 1
    return [float(logprobs[start + i, token]) for i, token in enumerate(answer)]


def assert_geometric(lengths: Sequence[int], mean: int) -> None:
    """Hold lengths against a geometric law.

    They come from randomness without a seed, so the bounds are those that one sound run in
    100,000 would break; a caller that favours short answers breaks them in most runs.
    """
    z = (np.mean(lengths) - mean) / math.sqrt(mean * (mean - 1) / len(lengths))
    assert abs(z) < 4.5, f"lengths are {np.mean(lengths):.1f} in the mean, not {mean}"
    bins = 8
    edges = [0.0, *(stats.geom.ppf(i / bins, 1 / mean) for i in range(1, bins)), np.inf]
    chances = np.diff(stats.geom.cdf(edges, 1 / mean))
    counts, _ = np.histogram(np.array(lengths) - 0.5, bins=edges)
    assert stats.chisquare(counts, chances * len(lengths)).pvalue > 1e-5
