"""Supervised training: the rate, what is learned of a document, and that it learns."""

import pytest
import torch

from boundary.zoo import model, pretrain, tokenizer


def test_rate_warms_up_and_decays_to_the_floor():
    plan = pretrain.Fit(steps=1000, documents=1, rate=2.0, warmup=10, floor=0.1)
    assert plan.rate_at(0) == pytest.approx(0.2)
    assert plan.rate_at(500) == pytest.approx(2.0 * (0.1 + 0.9 * 0.5), rel=1e-6)
    assert plan.rate_at(999) == pytest.approx(0.2, rel=1e-3)


def test_only_every_other_piece_and_the_end_are_learned():
    ids, wanted = pretrain.tensors([("a1", "=2", "+3"), ("a", "=")])
    code = tokenizer.encode
    assert ids.tolist() == [
        [tokenizer.BOS, *code("a1=2+3")],
        [tokenizer.BOS, *code("a="), *[tokenizer.PAD] * 4],
    ]
    out = pretrain.IGNORED
    assert wanted.tolist() == [
        [out, out, *code("=2"), out, out, tokenizer.EOS],
        [out, *code("="), tokenizer.EOS, *[out] * 4],
    ]


def test_log_probs_agree_with_the_plain_forward_pass():
    net = model.build(0)
    document = ("a1 b2\n", "=3")
    with torch.inference_mode():
        found = pretrain.log_probs(net, *pretrain.tensors([("a\n", "=12345"), document]))[-3:]
        ids = [tokenizer.BOS, *tokenizer.encode("a1 b2\n=3"), tokenizer.EOS]
        plain = net(torch.tensor([ids])).logits[0].log_softmax(-1)
        expected = [plain[place, ids[place + 1]] for place in range(len(ids) - 4, len(ids) - 1)]
    assert torch.allclose(found, torch.stack(expected), atol=1e-5)


def test_fit_learns_one_document_by_heart():
    said = []
    plan = pretrain.Fit(steps=30, documents=4, rate=3e-3, warmup=1)
    documents = [("a1234\n", "=5678")] * 4
    losses = pretrain.fit(model.build(0), lambda _: documents, plan, said.append)
    assert losses[0] > 3.0
    assert losses[-1] < 0.5
    assert len(losses) == 30
    assert said[-1].startswith("step 30/30")


def test_build_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = model.build(1), model.build(1)
    assert torch.equal(before, torch.get_rng_state())
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )
