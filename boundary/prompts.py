"""Named prompt templates: what stands around a question, and where the answer is asked for.

The wordings are package data (``data/prompts.toml``), each with its source.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from boundary.errors import ConfigError

QUESTION = "{q}"

# The one stop string that ends an answer instead of opening a line, so it counts anywhere.
CLOSING_TAG = "</answer>"


@dataclass(frozen=True, slots=True)
class Template:
    """A wording around a question.

    ``channel`` is where the wording asks for the answer. ``stop_strings`` end a generation as
    :func:`find_stop` says; ``stop_tokens`` are texts of special tokens whose ids the engine looks
    up, skipping those that its tokenizer does not have. ``plain`` is false where the text writes
    out chat markup.
    """

    name: str
    text: str
    channel: str
    stop_strings: tuple[str, ...]
    stop_tokens: tuple[str, ...]
    plain: bool
    source: str


def _read() -> Mapping[str, Template]:
    path = resources.files("boundary").joinpath("data/prompts.toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return MappingProxyType({name: _template(name, table) for name, table in tables.items()})


def _template(name: str, table: dict[str, Any]) -> Template:
    return Template(
        name=name,
        text=table["text"],
        channel=table["channel"],
        stop_strings=tuple(table.get("stop_strings", ())),
        stop_tokens=tuple(table.get("stop_tokens", ())),
        plain=table["plain"],
        source=table["source"],
    )


TEMPLATES: Mapping[str, Template] = _read()


def get(name: str) -> Template:
    """The template of that name.

    Raises:
        ConfigError: There is none; the message names the nearest.
    """
    if name in TEMPLATES:
        return TEMPLATES[name]
    near = difflib.get_close_matches(name, TEMPLATES, n=1, cutoff=0.0)[0]
    raise ConfigError(
        f"no template is named {name!r}",
        remedy=f"did you mean {near!r}? 'boundary list templates' names them all",
    )


def render(template: Template, question: str) -> str:
    """The prompt for a question; its braces and percent signs stay as they are."""
    return template.text.replace(QUESTION, question)


def find_stop(text: str, stops: Iterable[str]) -> int | None:
    """Where the first stop string ends, or ``None`` when there is none in the text.

    A stop string counts at the start of the text or of a line; ``</answer>`` counts anywhere.
    What stands before the returned offset, the stop string included, is kept.
    """
    ends = [end for stop in stops if (end := _end_of(text, stop)) is not None]
    return min(ends, default=None)


def _end_of(text: str, stop: str) -> int | None:
    if stop != CLOSING_TAG and text.startswith(stop):
        return len(stop)
    sought = stop if stop == CLOSING_TAG else f"\n{stop}"
    start = text.find(sought)
    return None if start < 0 else start + len(sought)
