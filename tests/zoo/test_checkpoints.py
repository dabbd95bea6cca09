"""The embedded checkpoints: they load, they are small, they are those of the record."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

import boundary.zoo
from boundary.errors import EngineError
from boundary.suites import dial
from boundary.verifiers.dial import extract
from boundary.zoo import NAMES, model, path, tokenizer

SHIPPED_SEED = "0"
MOST_BYTES = 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_is_small_and_stored_in_bfloat16(name):
    assert sum(file.stat().st_size for file in path(name).iterdir()) < MOST_BYTES
    net = AutoModelForCausalLM.from_pretrained(path(name), dtype="auto")
    assert net.dtype == torch.bfloat16
    assert sum(p.numel() for p in net.parameters()) == 645_120
    assert net.config.max_position_embeddings == model.CONTEXT


@pytest.mark.parametrize("name", NAMES)
def test_the_config_speaks_to_both_readers_of_rope(name):
    config = json.loads((path(name) / "config.json").read_text())
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"] == model.ROPE_THETA


@pytest.mark.parametrize("name", NAMES)
def test_the_weights_are_those_of_the_shipped_seed(name):
    home = Path(boundary.zoo.__file__).parent
    record = json.loads((home / "training.json").read_text())[SHIPPED_SEED]
    weights = (path(name) / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == record["stages"][name]["sha256"]


def test_our_loader_and_transformers_agree():
    ids = torch.tensor([[tokenizer.BOS, *tokenizer.encode(dial.load()[0].question)]])
    theirs = AutoModelForCausalLM.from_pretrained(path("rl"), dtype=torch.float32)
    with torch.inference_mode():
        assert torch.allclose(theirs(ids).logits, model.load(path("rl"))(ids).logits, atol=1e-5)


def test_rl_answers_a_const_problem():
    net = AutoModelForCausalLM.from_pretrained(path("rl"), dtype=torch.float32)
    problems = [p for p in dial.load() if p.meta["family"] == "const"][:8]
    ids = torch.tensor([[tokenizer.BOS, *tokenizer.encode(p.question)] for p in problems])
    out = net.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=32)
    answers = [extract(tokenizer.decode(row)) for row in out[:, ids.shape[1] :].tolist()]
    assert sum(a == p.answer for a, p in zip(answers, problems, strict=True)) >= 7


def test_unknown_names_are_refused():
    with pytest.raises(EngineError, match="base, rl, distill"):
        path("basis")


def test_a_missing_folder_says_how_to_train_it(tmp_path, monkeypatch):
    monkeypatch.setattr(boundary.zoo, "ZOO", tmp_path)
    with pytest.raises(EngineError, match="boundary zoo train"):
        path("base")
