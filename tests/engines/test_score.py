"""Scoring given tokens: against one plain pass per sequence, and against the drawing itself."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from boundary.engines import Decoding, EngineConfig, Nucleus, create, score
from boundary.engines.draw import draw_tokens
from boundary.engines.score import Scorer, measures
from tests.engines import data

LAWS = [Nucleus(0.6, 0.95), Nucleus(1.0, 0.5), Nucleus(1.3, 1.0), Nucleus(0.0, 1.0)]


def pairs(count: int = 24, *, longest: int = 40) -> list[tuple[list[int], list[int]]]:
    """Prompts of 1 to 9 tokens with answers of 0 to ``longest``, in no order."""
    rng = np.random.default_rng(4)
    sizes = [0, 1, 1, *rng.integers(1, longest + 1, count - 3).tolist()]
    draw = lambda size: rng.integers(3, data.VOCABULARY, size).tolist()  # noqa: E731
    return [(draw(rng.integers(1, 10)), draw(size)) for size in sizes]


def by_hand(model: Any, prompt: list[int], answer: list[int], law: Nucleus) -> dict[str, list[Any]]:
    """The measures of one answer, in double precision, by sorting and adding up."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[*prompt, *answer]]), use_cache=False).logits[0]
    found: dict[str, list[Any]] = {"logprobs": [], "ranks": [], "within": [], "raw": []}
    found["tempered"] = []
    for i, token in enumerate(answer):
        row = logits[len(prompt) - 1 + i].double()
        plain = torch.softmax(row, 0).tolist()
        found["logprobs"].append(math.log(plain[token]))
        found["ranks"].append(1 + sum(p > plain[token] for p in plain))
        found["raw"].append(-math.fsum(p * math.log(p) for p in plain))
        if law.temperature:
            warm = torch.softmax(row / law.temperature, 0).tolist()
            found["tempered"].append(-math.fsum(p * math.log(p) for p in warm))
            kept = data.law(row.tolist(), law.temperature, law.top_p)
        else:
            found["tempered"].append(0.0)
            kept = {max(range(len(plain)), key=plain.__getitem__): 1.0}
        found["within"].append(token in kept)
    return found


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("logits", [1, 2_000, 1 << 25])
def test_measures_equal_those_of_each_sequence_alone(
    engine: Any, model: Any, law: Nucleus, logits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "LOGITS", logits)
    asked = pairs()
    prompts, answers = [p for p, _ in asked], [a for _, a in asked]
    for one, pair in zip(engine.inspect(prompts, answers, law), asked, strict=True):
        expected = by_hand(model, *pair, law)
        for name in ("logprobs", "raw", "tempered"):
            assert getattr(one, name) == pytest.approx(expected[name], abs=2e-5), name
        assert list(one.ranks) == expected["ranks"]
        assert list(one.within) == expected["within"]
        assert not any([*one.raw_slack, *one.tempered_slack])


@pytest.mark.parametrize("tokens", [1, 64, 10_000])
def test_no_company_and_no_order_changes_a_score(
    engine: Any, tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = pairs()
    alone = [next(iter(engine.score([p], [a]))) for p, a in asked]
    monkeypatch.setattr(score, "PASS_TOKENS", tokens)
    rng = np.random.default_rng(0)
    by_length = sorted(range(len(asked)), key=lambda i: len(asked[i][1]))
    for order in (by_length, by_length[::-1], *(rng.permutation(len(asked)) for _ in range(3))):
        chosen = [asked[i] for i in order]
        found = engine.score([p for p, _ in chosen], [a for _, a in chosen])
        for i, scores in zip(order, found, strict=True):
            assert scores == pytest.approx(alone[i], abs=1e-5)


def heads() -> dict[str, Any]:
    """Tiny models whose ``forward`` does more to logits than a head alone would."""
    from transformers import (
        CohereConfig,
        CohereForCausalLM,
        Gemma2Config,
        Gemma2ForCausalLM,
        GraniteConfig,
        GraniteForCausalLM,
    )

    shared = {
        "vocab_size": data.VOCABULARY,
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "intermediate_size": 64,
        "initializer_range": 0.35,
        "pad_token_id": data.PAD,
        "bos_token_id": data.BOS,
        "eos_token_id": data.EOS,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found = {
            "softcap": Gemma2ForCausalLM(
                Gemma2Config(**shared, head_dim=8, final_logit_softcapping=2.0)
            ),
            "scale": CohereForCausalLM(CohereConfig(**shared, logit_scale=0.3)),
            "divisor": GraniteForCausalLM(GraniteConfig(**shared, logits_scaling=3.0)),
        }
    return {name: model.float().eval() for name, model in found.items()}


@pytest.mark.parametrize("kind", ["softcap", "scale", "divisor"])
def test_logits_are_capped_and_scaled_as_in_the_model(kind: str) -> None:
    model = heads()[kind]
    scorer = Scorer(model)
    assert scorer._head is not None, "taken apart, not passed in pieces"
    asked = pairs()
    for found, pair in zip(scorer.logprobs(asked), asked, strict=True):
        assert found == pytest.approx(data.score_by_hand(model, *pair), abs=1e-4)


@pytest.mark.parametrize("logits", [1, 200, 1 << 25])
def test_a_head_that_is_not_what_it_seems_is_left_on_its_model(
    logits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Qwen2ForCausalLM

    class Shifted(Qwen2ForCausalLM):
        """Its law is not that of its head."""

        def forward(self, *args: Any, **options: Any) -> Any:
            out = super().forward(*args, **options)
            out.logits = out.logits * torch.linspace(0.2, 2.0, out.logits.shape[-1])
            return out

    model = Shifted(data.qwen2().config).float().eval()
    monkeypatch.setattr(score, "LOGITS", logits)
    scorer = Scorer(model)
    assert scorer._head is None
    asked = pairs()
    for found, pair in zip(scorer.logprobs(asked), asked, strict=True):
        assert found == pytest.approx(data.score_by_hand(model, *pair), abs=1e-4)


@pytest.mark.parametrize("law", [x for x in LAWS if x.temperature], ids=str)
def test_a_nucleus_holds_what_the_engine_can_draw_and_nothing_else(law: Nucleus) -> None:
    """Every token against many draws of the engine's own, over laws with ties."""
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn((6, 12), generator=generator) * 2
    rows[3, :6] = rows[3, 6:]
    rows[4] = 0.0
    rows[5, 2] = -math.inf
    draws, vocabulary = 20_000, rows.shape[1]
    for row in rows:
        logits = row.expand(draws, -1)
        decoding = Decoding(law.temperature, law.top_p, 1)
        seeds, places = torch.arange(draws), torch.zeros(draws, dtype=torch.long)
        drawn = set(draw_tokens(logits, seeds, places, decoding)[0].tolist())
        tokens = torch.arange(vocabulary)
        every = row.expand(vocabulary, -1)
        within = measures(every, tokens, law, 0.0)[2].tolist()
        held = {t for t in range(vocabulary) if within[t]}
        assert drawn <= held
        kept = set(data.law(row.tolist(), law.temperature, law.top_p)) - {
            t for t in range(vocabulary) if row[t] == -math.inf
        }
        tied = {t for t in held if any(row[t] == row[other] for other in kept)}
        assert held - tied <= kept <= held, "only a tie may hold more"
        probs = torch.softmax(row / law.temperature, 0)
        likely = {t for t in kept if probs[t] > 1e-3}
        assert likely <= drawn


def test_a_run_lies_in_its_own_nucleus(engine: Any) -> None:
    decoding, law = Decoding(0.6, 0.8, 40), Nucleus(0.6, 0.8)
    asked = data.requests(200, seed=3)
    samples = list(engine.generate(asked, decoding))
    prompts = {r.draw.index: r.prompt_ids for r in asked}
    found = engine.inspect([prompts[s.index] for s in samples], [s.token_ids for s in samples], law)
    within = [each for one in found for each in one.within]
    assert len(within) > 1_000
    assert all(within)
    hot = Nucleus(0.6, 0.3)
    narrow = engine.inspect(
        [prompts[s.index] for s in samples], [s.token_ids for s in samples], hot
    )
    assert not all(each for one in narrow for each in one.within), "the test must be able to fail"


def test_half_precision_is_allowed_more_than_full() -> None:
    assert score.margin("bfloat16") > score.margin("float32") > 0


def test_batches_hold_no_more_than_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "PASS_TOKENS", 64)
    asked = pairs(longest=90)
    found = list(score.batches(asked))
    assert [pair for batch in found for pair in batch] == asked
    for batch in found:
        longest = max(len(p) + len(a) for p, a in batch)
        assert len(batch) == 1 or longest * len(batch) <= 64
    assert max(map(len, found)) > 1


def test_a_fake_engine_is_half_surprised_by_everything() -> None:
    engine = create("fake", EngineConfig("fake/p=0.5"))
    (one,) = engine.inspect([[1]], [[2, 3]], Nucleus(0.6, 0.95))
    assert (one.logprobs, one.ranks, one.within) == ([-0.5] * 2, [1] * 2, [True] * 2)
    assert (one.raw, one.tempered) == ([0.5] * 2, [0.5] * 2)
