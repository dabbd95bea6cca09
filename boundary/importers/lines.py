"""JSON lines read one by one, whatever the size of the file."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from boundary.errors import LogError

_LOOK = 64
"""Blank lines passed over to tell a format."""
_LOOK_BYTES = 64 << 20
"""Of a line, to tell a format: one may hold hundreds of long answers."""


def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the fields of each line that is not blank; one line is held at a time.

    Raises:
        LogError: The file cannot be read, or a line is no JSON object in UTF-8; it is named.
    """
    try:
        with _opened(path) as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield f"{path}, line {number}", _row(line, f"{path}, line {number}")
    except FileNotFoundError as error:
        raise LogError(f"there is no file {path}", remedy="check the path") from error
    except (OSError, EOFError, zlib.error) as error:
        raise LogError(f"{path} cannot be read ({error})", remedy="replace the file") from error


def first_row(path: Path) -> dict[str, Any] | None:
    """The first object of a file, or ``None`` where it holds no JSON lines; never raises."""
    try:
        with _opened(path) as stream:
            for _ in range(_LOOK):
                line = stream.readline(_LOOK_BYTES)
                if line.strip():
                    found = json.loads(line)
                    return found if isinstance(found, dict) else None
    except (OSError, EOFError, ValueError, RecursionError, zlib.error):
        pass
    return None


def document(path: Path) -> dict[str, Any]:
    """A file that is one JSON object.

    Raises:
        LogError: It cannot be read, or is none.
    """
    try:
        with _opened(path) as stream:
            found = json.loads(stream.read().decode("utf-8"))
    except FileNotFoundError as error:
        raise LogError(f"there is no file {path}", remedy="check the path") from error
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise LogError(
            f"{path} is no JSON document ({error})",
            remedy="copy it again; a tool that was stopped while it wrote leaves half of it",
        ) from error
    if not isinstance(found, dict):
        raise LogError(
            f"{path} holds a {type(found).__name__}, not an object", remedy="name another file"
        )
    return found


def _opened(path: Path) -> IO[bytes]:
    opened: IO[bytes]
    opened = cast("IO[bytes]", gzip.open(path)) if path.name.endswith(".gz") else path.open("rb")  # noqa: SIM115
    return opened


def _row(line: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise LogError(
            f"{where} is not UTF-8 (byte {error.start} of the line)",
            remedy="convert the file, with iconv -t UTF-8 say, or have it written again",
        ) from error
    except (ValueError, RecursionError) as error:
        if not line.endswith(b"\n"):
            raise LogError(
                f"{where}, the last one, is cut off in the middle",
                remedy="its writer was stopped: let it finish, or take that line out, and know that"
                " what was still being written are the longest answers",
            ) from error
        raise LogError(
            f"{where} is not JSON ({error})", remedy="write one JSON object per line, in UTF-8"
        ) from error
    if not isinstance(found, dict):
        raise LogError(
            f"{where} holds a {type(found).__name__}", remedy="write one JSON object per line"
        )
    return found


def required(row: dict[str, Any], field: str, where: str, format_name: str) -> Any:
    """A field that every line of a format has.

    Raises:
        LogError: It is missing.
    """
    if field not in row:
        raise LogError(
            f"{where} has no {field!r}, which every line of {format_name} has: it holds"
            f" {', '.join(sorted(row)[:8]) or 'nothing'}",
            remedy="it may come from a version that this reader does not know, or be another"
            " file: see docs/import.md",
        )
    return row[field]
