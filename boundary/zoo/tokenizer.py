"""The zoo's tokenizer: one token per character, as a folder that ``AutoTokenizer`` loads.

transformers 5 rebuilds a Qwen2 folder's tokenizer as byte-level BPE, so a word-level one loses
its spaces and line feeds. Byte-level BPE without merges survives that: each character is its
own token, and the post-processor puts the start token in front.
"""

import json
from collections.abc import Sequence
from pathlib import Path

PAD, BOS, EOS = 0, 1, 2
VOCABULARY = 32
"""Rows of the embedding, some of them spare."""

_SPECIAL = ("<pad>", "<bos>", "<eos>")
_CHARACTERS = "0123456789=+-: \nabcd"
_IDS = {character: number for number, character in enumerate(_CHARACTERS, start=len(_SPECIAL))}


def encode(text: str) -> list[int]:
    """Token ids of a text, without start and end."""
    return [_IDS[character] for character in text]


def decode(ids: Sequence[int]) -> str:
    """The text of token ids; special and spare tokens are left out."""
    offset = len(_SPECIAL)
    return "".join(_CHARACTERS[i - offset] for i in ids if 0 <= i - offset < len(_CHARACTERS))


def _byte_level(character: str) -> str:
    """How byte-level BPE spells a character in its vocabulary."""
    return {" ": "Ġ", "\n": "Ċ"}.get(character, character)


def _pieces() -> dict[str, int]:
    """The vocabulary as the tokenizer files spell it."""
    special = {name: number for number, name in enumerate(_SPECIAL)}
    return special | {_byte_level(character): number for character, number in _IDS.items()}


def _settings() -> dict[str, object]:
    """Content of ``tokenizer_config.json``."""
    pad, bos, eos = _SPECIAL
    return {
        "tokenizer_class": "Qwen2Tokenizer",
        "add_bos_token": True,
        "add_prefix_space": False,
        "bos_token": bos,
        "clean_up_tokenization_spaces": False,
        "eos_token": eos,
        "errors": "replace",
        "model_max_length": 128,
        "pad_token": pad,
        "split_special_tokens": False,
        "unk_token": None,
    }


def _special_entry(name: str, number: int) -> dict[str, object]:
    """A special token as ``tokenizer.json`` lists it."""
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": number, "content": name, "special": True} | flags


def _fast() -> dict[str, object]:
    """Content of ``tokenizer.json``: byte-level BPE without merges, start token in front."""
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": False,
    }
    bos = {"SpecialToken": {"id": _SPECIAL[BOS], "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_special_entry(name, number) for number, name in enumerate(_SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, first],
            "pair": [bos, first, second],
            "special_tokens": {
                _SPECIAL[BOS]: {"id": _SPECIAL[BOS], "ids": [BOS], "tokens": [_SPECIAL[BOS]]}
            },
        },
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": _pieces(),
            "merges": [],
        },
    }


def write(folder: Path) -> None:
    """Write the tokenizer files into a checkpoint's folder."""
    contents = {
        "tokenizer.json": _fast(),
        "tokenizer_config.json": _settings(),
        "vocab.json": _pieces(),
    }
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
