"""What a suite is, and what every loader checks."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from boundary.errors import SuiteError
from boundary.records import Problem

# What both a local file and a user's own file must hold.
REQUIRED = ("id", "problem", "answer")


@dataclass(frozen=True, slots=True)
class Suite:
    """The problems of one benchmark, with the template and verifier they are meant for.

    ``source`` says where they were read; ``digest`` covers all of them but the worked solutions,
    which decide neither an answer nor a verdict. ``guess`` is the chance that a blind guess is
    right, so that pass@k by guessing alone is ``1 - (1 - guess) ** k``; ``None`` where answers are
    open. ``errata`` are the ids of the problems that were corrected or left out.
    """

    name: str
    problems: tuple[Problem, ...]
    template: str
    verifier: str
    source: str
    digest: str
    guess: float | None = None
    errata: tuple[str, ...] = ()


class SuiteLoader(Protocol):
    """Reads one suite; ``data`` is the folder of local copies, where there is one."""

    def __call__(self, *, data: Path | None) -> Suite:
        """The suite, checked.

        Raises:
            SuiteError: The problems are missing or malformed.
        """
        ...


def digest_of(problems: Iterable[Problem]) -> str:
    """blake2b (16 bytes, hex) over the canonical JSON of the problems, in their order."""
    rows = [[p.id, p.question, p.answer, p.group, _decisive(p.meta)] for p in problems]
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _decisive(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Test cases by their digest: the same cases may be compressed in other ways."""
    found = meta.get("cases")
    if not (isinstance(found, dict) and "digest" in found):
        return dict(meta)
    return {**meta, "cases": {key: found[key] for key in ("count", "digest") if key in found}}


def check(name: str, problems: Iterable[Problem], *, sizes: Collection[int] = ()) -> None:
    """Refuse an empty suite, a repeated id and, where they are known, other numbers of problems.

    Raises:
        SuiteError: One of these.
    """
    ids = Counter(problem.id for problem in problems)
    repeated = sorted(key for key, count in ids.items() if count > 1)
    if repeated:
        raise SuiteError(
            f"suite {name!r} holds the id {repeated[0]!r} more than once",
            remedy="give every problem its own id",
        )
    found = ids.total()
    if not found or (sizes and found not in sizes):
        expected = " or ".join(map(str, sizes)) or "at least one"
        raise SuiteError(
            f"suite {name!r} has {found} problems, not {expected}",
            remedy="replace the copy it was read from with a complete one",
        )


def problem_of(row: Mapping[str, Any], where: str) -> Problem:
    """The problem in one row of a local file; fields with no place of their own become ``meta``.

    Raises:
        SuiteError: A field is missing or is no text; ``where`` names the place.
    """
    for field in REQUIRED:
        _check_text(row, field, where)
    for field in ("group", "solution"):
        if row.get(field) is not None:
            _check_text(row, field, where)
    own = {*REQUIRED, "group", "solution"}
    return Problem(
        id=row["id"],
        question=row["problem"],
        answer=row["answer"],
        group=row.get("group"),
        solution=row.get("solution"),
        meta={key: value for key, value in row.items() if key not in own},
    )


def _check_text(row: Mapping[str, Any], field: str, where: str) -> None:
    if field not in row:
        raise SuiteError(f"{where} has no {field!r}", remedy=f"each line needs {_fields()}")
    value = row[field]
    if not isinstance(value, str):
        raise SuiteError(
            f"{where}: {field!r} is {type(value).__name__}, not a string",
            remedy="put the value in quotes",
        )
    if not value.strip():
        raise SuiteError(f"{where}: {field!r} is empty", remedy="fill it in or drop the line")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise SuiteError(
            f"{where}: {field!r} holds half of a surrogate pair", remedy="write it as valid UTF-8"
        )


def _fields() -> str:
    return ", ".join(REQUIRED[:-1]) + f" and {REQUIRED[-1]}"
