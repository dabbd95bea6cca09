"""A checkpoint's tokenizer: every engine that loads a model encodes and decodes by this."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any


class Tokenizer:
    """Wraps a transformers tokenizer, so that two engines give one prompt the same ids."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    @property
    def end_id(self) -> int | None:
        """The id that ends a text, if the tokenizer names one."""
        found: int | None = self._wrapped.eos_token_id
        return found

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        """See Engine.encode; nothing is added to what the template wrote."""
        ids: list[int] = self._wrapped(text, add_special_tokens=False)["input_ids"]
        bos = self._wrapped.bos_token_id
        return [bos, *ids] if start and self._adds_bos and ids[:1] != [bos] else ids

    @cached_property
    def _adds_bos(self) -> bool:
        """Whether this tokenizer opens plain text with a bos token, as in training."""
        probe = self._wrapped("a")["input_ids"]
        return bool(probe) and probe[0] == self._wrapped.bos_token_id

    def token_id(self, text: str) -> int | None:
        """The id of a single special token, or ``None`` where the vocabulary lacks it."""
        ids = self._wrapped.convert_tokens_to_ids([text])
        unknown = self._wrapped.unk_token_id
        return None if ids[0] is None or ids[0] == unknown else int(ids[0])

    def decode(self, ids: Sequence[int]) -> str:
        """Text without special tokens."""
        text: str = self._wrapped.decode(ids, skip_special_tokens=True)
        return text

    def decode_raw(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """Texts of many rows, special tokens written out."""
        texts: list[str] = self._wrapped.batch_decode(rows, skip_special_tokens=False)
        return texts
