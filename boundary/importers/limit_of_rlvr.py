"""Outputs of the RLVR boundary paper's own code (arXiv 2504.13837): lists of answers per line.

The fields are those of its published source; it was not run.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import LogError
from boundary.importers.base import (
    ENDINGS,
    Decoding,
    Entry,
    Log,
    Question,
    Told,
    files_in,
    judged,
    only,
    text_of,
)
from boundary.importers.lines import first_row, required, rows
from boundary.records import Outcome

_GRADER = "limit-of-rlvr:score"
_SETTINGS = re.compile(r"_seed(\d+)_t([\d.]+)_s\d+_e-?\d+\.jsonl")
_FORMAT = "an output of limit-of-RLVR"
_LISTS = ("pred", "score", "finish_reason")


class LimitOfRlvr:
    """Outputs of the RLVR boundary paper's code: lines with lists code, pred and score."""

    name = "limit-of-rlvr"
    tested = ""

    def recognises(self, path: Path) -> bool:
        """See :class:`Importer`."""
        row = first_row(path)
        return row is not None and {"idx", "code", "gt"} <= row.keys()

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """See :class:`Importer`."""
        found = files_in(paths, ".jsonl", ".jsonl.gz")
        if not found:
            raise LogError(
                "there is no .jsonl among the outputs of limit-of-RLVR",
                remedy="name the files that it wrote for one benchmark, one for each seed",
            )
        task = only(
            [path.absolute().parent.name for path in found],
            "benchmarks",
            "name the folder of one benchmark",
        )
        seeds, temperatures = _settings(found)
        first = first_row(found[0]) or {}
        return Log(
            tool="limit-of-rlvr",
            version=None,
            task=task,
            model=None,
            files=tuple(found),
            entries=_Reader(tuple(found)).entries,
            verifiers=(_GRADER,) if "score" in first else (),
            decoding=Decoding(
                temperature=temperatures.pop() if len(temperatures) == 1 else None,
                seed=seeds.pop() if len(seeds) == 1 else None,
            ),
        )


def _settings(found: Sequence[Path]) -> tuple[set[int], set[float]]:
    """Seeds and temperatures in the names; a run has one temperature.

    Raises:
        LogError: There are several temperatures.
    """
    named = [match for path in found if (match := _SETTINGS.search(path.name))]
    temperatures = {match[2] for match in named}
    if len(temperatures) > 1:
        raise LogError(
            f"the files were drawn at temperatures {', '.join(sorted(temperatures))}, and a run"
            " has one",
            remedy="name those of one temperature",
        )
    return {int(match[1]) for match in named}, set(map(float, temperatures))


@dataclass(frozen=True, slots=True)
class _Reader:
    paths: tuple[Path, ...]

    def entries(self) -> Iterator[Entry]:
        """The answers of each line in the order of its list; files one after the other."""
        for path in self.paths:
            for where, row in rows(path):
                yield from _entries(row, where)


def _entries(row: dict[str, Any], where: str) -> Iterator[Entry]:
    key = text_of(required(row, "idx", where, _FORMAT)) or ""
    texts = required(row, "code", where, _FORMAT)
    if not isinstance(texts, list):
        raise LogError(f"{where} has no list in 'code'", remedy="check the file")
    for name in _LISTS:
        if name in row and (not isinstance(row[name], list) or len(row[name]) != len(texts)):
            raise LogError(
                f"{where} has {len(texts)} answers and as many {name!r} as"
                f" {len(row[name]) if isinstance(row[name], list) else 'none'}",
                remedy="the file was changed, or is of another version: have it written again",
            )
    question = Question(key, text_of(row.get("question")), text_of(row.get("gt")))
    for place, text in enumerate(texts):
        ended = row["finish_reason"][place] if "finish_reason" in row else None
        told = {_GRADER: _told(row, place)} if "score" in row else {}
        finish = ENDINGS.get(str(ended))
        yield Entry(question, where, text_of(text) or "", finish=finish, told=told)


def _told(row: Mapping[str, Any], place: int) -> Told:
    answer = text_of(row["pred"][place]) if "pred" in row else None
    found = judged(row["score"][place], answer)
    if answer == "" and found.outcome is Outcome.WRONG:
        return Told(Outcome.WRONG, "no_answer")
    return found
