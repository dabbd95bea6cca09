"""Any JSON lines whose fields are named: one answer a line, or a list of answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import ConfigError, LogError
from boundary.importers.base import (
    ENDINGS,
    Entry,
    Log,
    Question,
    files_in,
    judged,
    text_of,
    whole,
)
from boundary.importers.lines import first_row, rows

FIELDS = (
    "id",
    "index",
    "question",
    "prompt",
    "gold",
    "group",
    "text",
    "correct",
    "extracted",
    "finish",
    "n_tokens",
)
"""What a line may tell; ``text`` and ``id`` or ``question`` it must."""
_PER_ANSWER = ("correct", "extracted", "finish", "n_tokens")
_GRADER = "jsonl:correct"


class Jsonl:
    """Your own JSON lines; --map says which of your fields is which of ours."""

    name = "jsonl"
    tested = ""

    def recognises(self, path: Path) -> bool:
        """See :class:`Importer`."""
        return path.name.endswith((".jsonl", ".jsonl.gz")) and first_row(path) is not None

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """See :class:`Importer`."""
        unknown = sorted(fields.keys() - set(FIELDS))
        if unknown:
            raise ConfigError(
                f"--map knows no field {unknown[0]!r}", remedy=f"map one of {', '.join(FIELDS)}"
            )
        found = files_in(paths, ".jsonl", ".jsonl.gz")
        if not found:
            raise LogError("there is no .jsonl file", remedy="name one")
        reader = _Reader(tuple(found), {name: fields.get(name, name) for name in FIELDS})
        first = first_row(found[0]) or {}
        has_verdicts = reader.value(first, "correct") is not None
        return Log(
            tool="jsonl",
            version=None,
            task=found[0].name.removesuffix(".gz").removesuffix(".jsonl"),
            model=None,
            files=tuple(found),
            entries=reader.entries,
            verifiers=(_GRADER,) if has_verdicts else (),
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    paths: tuple[Path, ...]
    columns: Mapping[str, str]

    def value(self, row: Any, name: str) -> Any:
        """A field of a row; a dot in a column's name goes one level down."""
        for part in self.columns[name].split("."):
            row = row.get(part) if isinstance(row, dict) else None
        return row

    def entries(self) -> Iterator[Entry]:
        """File by file, line by line."""
        for path in self.paths:
            for where, row in rows(path):
                yield from self._entries(row, where)

    def _entries(self, row: dict[str, Any], where: str) -> Iterator[Entry]:
        asked = text_of(self.value(row, "question"))
        key = text_of(self.value(row, "id")) or asked
        text = self.value(row, "text")
        if key is None or text is None:
            lost = "text" if key is not None else "id"
            raise LogError(
                f"{where} has no {self.columns[lost]!r}: it holds {', '.join(sorted(row)[:8])}",
                remedy=f"say which field it is: --map {lost}=YOUR_FIELD",
            )
        question = Question(
            key,
            asked,
            text_of(self.value(row, "gold")),
            text_of(self.value(row, "prompt")),
            text_of(self.value(row, "group")),
        )
        if isinstance(text, list):
            yield from self._several(row, where, question, text)
        else:
            own = {name: self.value(row, name) for name in _PER_ANSWER}
            yield _entry(question, where, text, _index(self.value(row, "index"), where), own)

    def _several(
        self, row: dict[str, Any], where: str, question: Question, texts: list[Any]
    ) -> Iterator[Entry]:
        lists = {name: self.value(row, name) for name in _PER_ANSWER}
        for name, value in lists.items():
            if value is not None and (not isinstance(value, list) or len(value) != len(texts)):
                raise LogError(
                    f"{where} has {len(texts)} answers in a list, and {self.columns[name]!r} is no"
                    " list of as many",
                    remedy="write a value for each answer, or one answer a line",
                )
        for place, text in enumerate(texts):
            own = {name: value and value[place] for name, value in lists.items()}
            yield _entry(question, where, text, None, own)


def _index(value: Any, where: str) -> int | None:
    if value is None:
        return None
    index = whole(value)
    if index is None or not 0 <= index < 1 << 31:
        raise LogError(
            f"{where} has the index {value!r}",
            remedy="number the answers to a problem 0, 1, 2, ... or leave the index out",
        )
    return index


def _entry(
    question: Question, where: str, text: Any, index: int | None, own: Mapping[str, Any]
) -> Entry:
    said = own["correct"]
    told = {} if said is None else {_GRADER: judged(said, text_of(own["extracted"]))}
    return Entry(
        question,
        where,
        text_of(text) or "",
        index,
        finish=ENDINGS.get(str(own["finish"])),
        n_tokens=whole(own["n_tokens"]),
        told=told,
    )
