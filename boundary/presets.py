"""Real checkpoints and the decodings of papers, as records.

The records are package data (``data/presets.toml``): each says where it is from and which parts of
it were seen there. Nothing is downloaded.
"""

import math
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from boundary.errors import ConfigError

PROMPT_TOKENS = 1024
"""Positions reckoned for a prompt."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Size(_Record):
    """What a model takes: parameters in billions, bytes of keys and values per token."""

    billions: Annotated[float, Field(gt=0)]
    kv_bytes: Annotated[int, Field(gt=0)]


class Verified(_Record):
    """Which parts of a record were seen in a source; ``None``: there is nothing to see."""

    id: bool
    parent: bool | None = None
    context: bool
    template: bool | None = None


class Preset(_Record):
    """One checkpoint.

    ``parent`` is the preset that training started from. ``template`` names a wording, which also
    says where an answer stands and what stops it; a base without one is asked in the words of the
    arm beside it. ``default_budget`` is the number of new tokens that the source evaluates with.
    """

    name: str
    hf_id: str
    revision: Annotated[str | None, Field(pattern="^[0-9a-f]{40}$")] = None
    role: Literal["base", "rl", "sft", "distilled", "rl_on_distilled"]
    parent: str | None = None
    template: str | None = None
    max_context: Annotated[int, Field(gt=0)]
    default_budget: Annotated[int, Field(gt=0)]
    size: Size
    dtype: str = "bfloat16"
    gated: bool = False
    license: str | None = None
    verified: Verified
    note: str = ""
    source: str

    @property
    def min_gpu_gb(self) -> int:
        """Memory for one answer at a time: weights of 2 bytes per parameter, keys and values.

        Reckoned for a prompt of 1,024 tokens and an answer of ``default_budget``.
        """
        cache = self.size.kv_bytes * (PROMPT_TOKENS + self.default_budget) / 1e9
        return math.ceil(2 * self.size.billions + cache)


class DecodingPreset(_Record):
    """How one source samples; ``unverified`` names the fields that were not seen in it."""

    name: str
    temperature: Annotated[float, Field(ge=0)]
    top_p: Annotated[float, Field(gt=0, le=1)]
    max_tokens: Annotated[int, Field(ge=1)]
    n: Annotated[int | None, Field(ge=1)] = None
    unverified: tuple[Literal["temperature", "top_p", "max_tokens", "n"], ...] = ()
    note: str = ""
    source: str


def chain(presets: Mapping[str, Preset], name: str) -> tuple[str, ...]:
    """The preset and what it was trained from, one after the other, back to a base.

    Raises:
        ConfigError: A parent is no preset, is its own descendant, or is missing.
    """
    found = [name]
    while presets[found[-1]].role != "base":
        parent = presets[found[-1]].parent
        if parent is None or parent not in presets or parent in found:
            raise ConfigError(
                f"the preset {found[-1]} has the parent {parent}, which leads to no base",
                remedy="name the checkpoint that its training started from",
            )
        found.append(parent)
    return tuple(found)


def _read() -> tuple[Mapping[str, Preset], Mapping[str, DecodingPreset]]:
    path = resources.files("boundary").joinpath("data/presets.toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    sizes: dict[str, Any] = tables["sizes"]
    presets = {
        name: Preset(name=name, **{**table, "size": sizes[table["size"]]})
        for name, table in tables["checkpoints"].items()
    }
    decodings = {
        name: DecodingPreset(name=name, **table) for name, table in tables["decodings"].items()
    }
    for name in presets:
        chain(presets, name)
    return MappingProxyType(presets), MappingProxyType(decodings)


PRESETS: Mapping[str, Preset]
DECODINGS: Mapping[str, DecodingPreset]
PRESETS, DECODINGS = _read()
