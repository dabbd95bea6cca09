"""What a checkpoint is, read from its files: no weights are loaded and no torch is imported.

A run that has nothing left to draw is described, and found again, without a model.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from boundary.errors import EngineError, PackageError

ZOO_PREFIX = "zoo/"
"""Model ids of the embedded checkpoints: ``zoo/base``, ``zoo/rl``, ``zoo/distill``."""
ZOO = Path(__file__).parent.parent / "zoo" / "checkpoints"
"""Where the embedded checkpoints lie."""
_WEIGHTS = ("*.safetensors", "*.bin")
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "*.model")
_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint's place and identity.

    ``digest`` covers config and weights, ``tokenizer_digest`` what turns text into ids. A hub
    checkpoint is identified by its commit, a local one by the bytes of its files.
    """

    model_id: str
    path: Path
    revision: str | None
    digest: str
    tokenizer_digest: str
    context: int | None
    eos_token_ids: tuple[int, ...]
    vocabulary: int | None = None


def locate(model: str, revision: str | None = None) -> Checkpoint:
    """Find a checkpoint: an embedded one, a local folder, or a hub id.

    Raises:
        EngineError: There is no such checkpoint, or it lacks its config or tokenizer.
    """
    if model.startswith(ZOO_PREFIX):
        return _read(model, ZOO / model.removeprefix(ZOO_PREFIX), None)
    folder = Path(model).expanduser()
    if folder.exists():
        return _read(model, folder, None)
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise EngineError(
            f"no checkpoint at {model}",
            remedy="give a folder, a hub id such as Qwen/Qwen2.5-7B, or zoo/base",
        )
    return _from_hub(model, revision)


def _from_hub(model: str, revision: str | None) -> Checkpoint:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
        )
    except ImportError as error:
        raise PackageError(
            "huggingface_hub is not installed", remedy="pip install transformers"
        ) from error
    try:
        folder = snapshot_download(
            model, revision=revision, allow_patterns=["*.json", "*.txt", "*.model"]
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise EngineError(
            f"checkpoint {model} is neither a folder here nor to be had from the hub"
            f" ({type(error).__name__})",
            remedy="check the name and the connection, or give a local folder",
        ) from error
    # A snapshot's folder is named by its commit.
    return _read(model, Path(folder), Path(folder).name)


def _read(model: str, folder: Path, commit: str | None) -> Checkpoint:
    config = _settings(model, folder, "config.json")
    if not any(matching(folder, _TOKENIZER)):
        raise EngineError(
            f"checkpoint {model} has no tokenizer files in {folder}",
            remedy="copy tokenizer.json and tokenizer_config.json beside config.json",
        )
    if commit is None and not any(matching(folder, _WEIGHTS)):
        raise EngineError(
            f"checkpoint {model} has no weights in {folder}",
            remedy="copy its *.safetensors files beside config.json",
        )
    text = config.get("text_config") or config
    return Checkpoint(
        model_id=model,
        path=folder,
        revision=commit,
        digest=commit or files_digest(folder, ("config.json", *_WEIGHTS)),
        tokenizer_digest=_tokenizer_digest(folder),
        context=text.get("max_position_embeddings"),
        eos_token_ids=_eos(model, folder, config),
        vocabulary=text.get("vocab_size"),
    )


def _settings(model: str, folder: Path, name: str) -> dict[str, Any]:
    try:
        settings = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EngineError(
            f"no checkpoint {model}: {folder} has no {name}",
            remedy="give a Hugging Face folder, a hub id, or zoo/base, zoo/rl, zoo/distill",
        ) from None
    except (OSError, ValueError) as error:
        raise EngineError(
            f"{name} of {model} cannot be read ({error})", remedy="copy the checkpoint anew"
        ) from error
    if not isinstance(settings, dict):
        raise EngineError(f"{name} of {model} holds no settings", remedy="copy the checkpoint anew")
    return settings


def _eos(model: str, folder: Path, config: dict[str, Any]) -> tuple[int, ...]:
    """End tokens of config and generation config; nothing else is taken from the latter."""
    found: set[int] = set()
    name = "generation_config.json"
    extra = _settings(model, folder, name) if (folder / name).exists() else {}
    for settings in (config, extra):
        value = settings.get("eos_token_id")
        found.update([value] if isinstance(value, int) else value or [])
    return tuple(sorted(found))


def matching(folder: Path, patterns: Iterable[str]) -> list[Path]:
    """Files of ``folder`` that match any of the patterns, sorted by name."""
    return sorted({path for pattern in patterns for path in folder.glob(pattern)})


def _tokenizer_digest(folder: Path) -> str:
    """Hash of what turns text into ids.

    Chat templates and length settings, in which base and tuned often differ, are left out.
    """
    try:
        content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        kept = {key: content[key] for key in content.keys() - {"truncation", "padding"}}
        text = json.dumps(kept, sort_keys=True)
    except (OSError, ValueError, AttributeError, TypeError):
        return files_digest(folder, _TOKENIZER)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def files_digest(folder: Path, patterns: Iterable[str]) -> str:
    """Hash of the files of a folder that match, by name and content."""
    files = matching(folder, patterns)
    stamp = tuple((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in files)
    return _digest_files(stamp)


@lru_cache(maxsize=64)
def _digest_files(stamp: tuple[tuple[str, int, int], ...]) -> str:
    """Hash of names and bytes; a study names the same checkpoint many times."""
    digest = hashlib.blake2b(digest_size=16)
    for name, size, _ in stamp:
        digest.update(f"{Path(name).name}\0{size}\0".encode())
        with Path(name).open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def prompt_lengths(checkpoint: Checkpoint, prompts: Iterable[str]) -> list[int]:
    """Tokens of each prompt, special ones included, by the checkpoint's own tokenizer.

    Raises:
        PackageError: Neither tokenizers nor transformers is installed.
    """
    try:
        if (checkpoint.path / "tokenizer.json").exists():
            from tokenizers import Tokenizer

            fast = Tokenizer.from_file(str(checkpoint.path / "tokenizer.json"))
            return [len(fast.encode(text).ids) for text in prompts]
        from transformers import AutoTokenizer
    except ImportError as error:
        raise PackageError(
            "counting prompt tokens needs transformers", remedy="pip install transformers"
        ) from error
    slow = AutoTokenizer.from_pretrained(str(checkpoint.path))
    return [len(slow(text)["input_ids"]) for text in prompts]


def pieces(checkpoint: Checkpoint, ids: Sequence[int]) -> list[str]:
    """The text of each token, special ones written out; none where there is no tokenizer file.

    A character that takes several tokens stands at the last of them.
    """
    file = checkpoint.path / "tokenizer.json"
    if not file.exists():
        return []
    from tokenizers import Tokenizer

    fast, found, known = Tokenizer.from_file(str(file)), [], ""
    for end in range(1, len(ids) + 1):
        text = fast.decode(list(ids[:end]), skip_special_tokens=False)
        is_whole = not text.endswith("\ufffd") or end == len(ids)
        found.append(text[len(known) :] if is_whole else "")
        known = text if is_whole else known
    return found
