"""The zoo's architecture: a Qwen2 of 645,120 parameters, saved in bfloat16."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from boundary.zoo import tokenizer

if TYPE_CHECKING:
    from transformers import Qwen2ForCausalLM

CONTEXT = 128
ROPE_THETA = 500.0
_WEIGHTS = "model.safetensors"
_TIED = "lm_head.weight"


def build(seed: int) -> "Qwen2ForCausalLM":
    """A fresh model in float32, initialised from a seed without touching torch's global one."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=tokenizer.VOCABULARY,
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        intermediate_size=384,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        pad_token_id=tokenizer.PAD,
        bos_token_id=tokenizer.BOS,
        eos_token_id=tokenizer.EOS,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Qwen2ForCausalLM(config).float()


def save(model: "Qwen2ForCausalLM", folder: Path) -> str:
    """Write a checkpoint folder: configuration, bfloat16 weights, tokenizer.

    Returns:
        The SHA-256 of the weights' file.
    """
    import torch
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    # vLLM reads the older key of the rope settings, transformers 5 the newer one.
    config = model.config.to_dict() | {
        "architectures": ["Qwen2ForCausalLM"],
        "dtype": "bfloat16",
        "rope_theta": ROPE_THETA,
    }
    weights = {
        name: tensor.detach().to(torch.bfloat16).contiguous()
        for name, tensor in model.state_dict().items()
        if name != _TIED
    }
    packed = save(weights, metadata={"format": "pt"})
    (folder / _WEIGHTS).write_bytes(packed)
    _write_json(folder / "config.json", config)
    special = {"bos_token_id": tokenizer.BOS, "eos_token_id": tokenizer.EOS}
    _write_json(folder / "generation_config.json", special | {"pad_token_id": tokenizer.PAD})
    tokenizer.write(folder)
    return hashlib.sha256(packed).hexdigest()


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file with sorted keys."""
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load(folder: Path) -> "Qwen2ForCausalLM":
    """A saved checkpoint in float32."""
    from safetensors.torch import load_file

    model = build(seed=0)
    # The output layer is the embedding, so its name is missing in the file.
    model.load_state_dict(load_file(folder / _WEIGHTS), strict=False)
    return model
