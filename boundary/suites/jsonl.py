"""Problems in a JSONL file: a user's own suite, or a local copy of a known one."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boundary.errors import SuiteError
from boundary.records import Problem
from boundary.suites.base import Suite, check, digest_of, problem_of

ENDINGS = (".jsonl", ".jsonl.gz")


def load(path: Path, *, verifier: str | None = None) -> Suite:
    """A user's own suite, one problem per line: id, problem, answer, optional group, solution.

    Its answers are judged as maths unless another verifier is named.

    Raises:
        SuiteError: The file cannot be read or a line is malformed; file and line are named.
    """
    problems = tuple(read(path))
    name = path.name.removesuffix(".gz").removesuffix(".jsonl")
    check(name, problems)
    return Suite(
        name=name,
        problems=problems,
        template="qwen-boxed",
        verifier=verifier or "math",
        source=str(path),
        digest=digest_of(problems),
    )


def find(data: Path, name: str) -> Path | None:
    """The local copy of a suite in a folder, gzipped or not, or ``None``."""
    paths = (data / f"{name}{ending}" for ending in ENDINGS)
    return next((path for path in paths if path.is_file()), None)


def read(path: Path) -> Iterator[Problem]:
    """Yield the problems of a file; blank lines are passed over.

    Raises:
        SuiteError: The file cannot be read, or a line is malformed or repeats an id.
    """
    places: dict[str, str] = {}
    for where, row in rows(path):
        problem = problem_of(row, where)
        first = places.setdefault(problem.id, where)
        if first != where:
            line = first.removeprefix(f"{path}, ")
            raise SuiteError(
                f"{where} repeats the id {problem.id!r} of {line}",
                remedy="give every problem its own id",
            )
        yield problem


def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the fields of each line that is not blank.

    Raises:
        SuiteError: The file cannot be read, or a line holds no JSON object.
    """
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            yield where, _row(line, where)


def _row(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SuiteError(
            f"{where} is not JSON ({error})", remedy="write one JSON object per line, in UTF-8"
        ) from error
    if not isinstance(row, dict):
        raise SuiteError(
            f"{where} holds a {type(row).__name__}", remedy="write one JSON object per line"
        )
    return row


def _lines(path: Path) -> list[bytes]:
    """Lines end at a newline only: text may hold other characters that end lines elsewhere."""
    try:
        content = path.read_bytes()
        if path.name.endswith(".gz"):
            content = gzip.decompress(content)
    except FileNotFoundError as error:
        raise SuiteError(f"there is no file {path}", remedy="check the path") from error
    except (OSError, EOFError, zlib.error) as error:
        raise SuiteError(f"{path} cannot be read ({error})", remedy="replace the file") from error
    return content.split(b"\n")
