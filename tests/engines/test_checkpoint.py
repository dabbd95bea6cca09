"""What identifies a checkpoint: its files' bytes, or its commit on the hub."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.errors
import pytest

from boundary.engines import identify
from boundary.engines.checkpoint import locate, prompt_lengths
from boundary.errors import EngineError
from tests.engines import data

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_digests_do_not_depend_on_place_or_file_times(folder: Path, copy: Path) -> None:
    for path in copy.iterdir():
        os.utime(path, (1, 1))
    one, other = locate(str(folder)), locate(str(copy))
    assert (one.digest, one.tokenizer_digest) == (other.digest, other.tokenizer_digest)
    assert one.model_id != other.model_id
    assert one.revision is None


def test_digests_change_with_weights(copy: Path) -> None:
    before = locate(str(copy))
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    after = locate(str(copy))
    assert after.digest != before.digest
    assert after.tokenizer_digest == before.tokenizer_digest


def test_digests_change_with_the_config(copy: Path) -> None:
    before = locate(str(copy))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 1e-5}))
    assert locate(str(copy)).digest != before.digest


def test_the_tokenizer_has_a_digest_of_its_own(copy: Path) -> None:
    before = locate(str(copy))
    data.write_tokenizer(copy, adds_bos=True)
    after = locate(str(copy))
    assert after.tokenizer_digest != before.tokenizer_digest
    assert after.digest == before.digest


def test_end_tokens_come_from_both_configurations(copy: Path) -> None:
    (copy / "generation_config.json").write_text('{"eos_token_id": [7, 5], "temperature": 0.1}')
    assert locate(str(copy)).eos_token_ids == (data.EOS, 5, 7)
    (copy / "generation_config.json").unlink()
    assert locate(str(copy)).eos_token_ids == (data.EOS,)


def test_a_vision_checkpoint_has_its_context_inside(copy: Path) -> None:
    (copy / "config.json").write_text('{"text_config": {"max_position_embeddings": 77}}')
    assert locate(str(copy)).context == 77


def test_prompt_lengths_count_the_start_token(folder: Path, copy: Path) -> None:
    data.write_tokenizer(copy, adds_bos=True)
    assert prompt_lengths(locate(str(folder)), ["12", "a 1\n"]) == [2, 4]
    assert prompt_lengths(locate(str(copy)), ["12", "a 1\n"]) == [3, 5]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("config.json", None, "has no config.json"),
        ("config.json", "{", "config.json of .* cannot be read"),
        ("config.json", "[]", "config.json of .* holds no settings"),
        ("generation_config.json", "{", "generation_config.json of .* cannot be read"),
        ("model.safetensors", None, "has no weights in"),
    ],
)
def test_damaged_folders_are_told_apart(
    copy: Path, name: str, content: str | None, expected: str
) -> None:
    (copy / name).unlink()
    if content is not None:
        (copy / name).write_text(content)
    with pytest.raises(EngineError, match=expected) as failure:
        locate(str(copy))
    assert failure.value.remedy


def test_a_folder_without_a_tokenizer(copy: Path) -> None:
    for path in copy.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(EngineError, match=r"no tokenizer files in .*: copy tokenizer.json"):
        locate(str(copy))


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "~/nowhere", "qwen", "a/b/c"])
def test_paths_that_lead_nowhere(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError, match=r"no checkpoint at .*: give a folder, a hub id"):
        identify(name)


def test_an_unknown_member_of_the_zoo() -> None:
    with pytest.raises(EngineError, match=r"no checkpoint zoo/nosuch: .*zoo/base"):
        identify("zoo/nosuch")


def test_a_hub_checkpoint_is_its_commit(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    snapshot = Path(shutil.copytree(folder, tmp_path / COMMIT))
    (snapshot / "model.safetensors").unlink()
    asked = []

    def download(model: str, **options: Any) -> str:
        asked.append((model, options))
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    found = identify("Some/Model", "main")
    assert (found.revision, found.digest) == (COMMIT, COMMIT)
    assert found.tokenizer_digest == locate(str(folder)).tokenizer_digest
    ((model, options),) = asked
    assert (model, options["revision"]) == ("Some/Model", "main")
    assert not any("safetensors" in pattern for pattern in options["allow_patterns"])


@pytest.mark.parametrize(
    "error",
    [
        huggingface_hub.errors.LocalEntryNotFoundError("no connection"),
        huggingface_hub.errors.HFValidationError("no such name"),
        OSError("disk full"),
    ],
)
def test_what_the_hub_refuses_has_a_remedy(error: Exception, monkeypatch: Any) -> None:
    def download(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(EngineError, match=f"{type(error).__name__}.*: check the name"):
        identify("Some/Model")


def test_a_checkpoint_is_identified_without_torch(folder: Path) -> None:
    code = (
        "import sys; from boundary.engines import identify; "
        f"print(identify({str(folder)!r}).digest, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == [locate(str(folder)).digest, "False"]


def test_a_chat_template_changes_no_tokenizer_digest(copy: Path) -> None:
    before = locate(str(copy))
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    settings["chat_template"] = "{{ messages }}"
    (copy / "tokenizer_config.json").write_text(json.dumps(settings))
    assert locate(str(copy)).tokenizer_digest == before.tokenizer_digest
