"""Append-only parts: written whole under another name, flushed, renamed; read in order."""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

from boundary.errors import StoreError
from boundary.store.files import Folder

_log = logging.getLogger(__name__)
_SUFFIX = ".parquet"


class PartWriter:
    """Collects records and writes a part when enough of them, or enough seconds, have passed.

    Args:
        folder: Where the parts go.
        schema: Their columns.
        max_records: Records held in memory at most.
        max_seconds: Age of the oldest record held at which a part is written.
    """

    def __init__(
        self, folder: Folder, schema: Any, *, max_records: int = 4096, max_seconds: float = 10.0
    ) -> None:
        self._folder = folder
        self._schema = schema
        self._max_records = max_records
        self._max_seconds = max_seconds
        self._held: list[Any] = []
        self._since = time.monotonic()
        # Names sort in the order of writing, so that later parts override earlier ones.
        self._session = f"{time.time_ns():020d}-{os.getpid()}"
        self._count = 0

    def add(self, *records: Any) -> list[Any]:
        """Take records that belong into one part; returns those just written, mostly none."""
        if not self._held:
            self._since = time.monotonic()
        self._held.extend(records)
        full = len(self._held) >= self._max_records
        old = time.monotonic() - self._since >= self._max_seconds
        return self.flush() if full or old else []

    def flush(self) -> list[Any]:
        """Write what is held; returns it."""
        from boundary.store.schema import table_of

        if not self._held:
            return []
        name = f"{self._session}-{self._count + 1:05d}{_SUFFIX}"
        write_table(self._folder, name, table_of(self._held, self._schema))
        # In one statement: interrupted before it, the next flush writes the same part again,
        # and never the same records under a second name.
        written, self._held, self._count = self._held, [], self._count + 1
        return written


def write_table(folder: Folder, name: str, table: Any) -> None:
    """Write one parquet file, whole or not at all, with a checksum on every page."""
    import pyarrow.parquet as pq

    with folder.replacing(name) as stream:
        pq.write_table(table, stream, compression="zstd", write_page_checksum=True)


def read_parts(
    folder: Folder, columns: Sequence[str] | None = None, filters: Any = None
) -> Iterator[Any]:
    """Yield each part as a table, in the order of writing; one is held at a time.

    Raises:
        StoreError: A part is damaged; it is named.
    """
    for name in folder.names(_SUFFIX):
        try:
            table = _read(folder, name, columns, filters)
        except _damage() as error:
            raise _damaged(folder.path(name), error) from error
        yield table


def read_whole(folder: Folder, name: str, schema: Any) -> Any:
    """One file with all its columns, those of the schema among them.

    Pages carry checksums; the footer, which names the columns, does not.

    Raises:
        StoreError: The file is missing or damaged; it is named.
    """
    try:
        table = _read(folder, name, None, None)
        _require_columns(table.schema, schema)
    except _damage() as error:
        raise _damaged(folder.path(name), error) from error
    return table


def _read(folder: Folder, name: str, columns: Sequence[str] | None, filters: Any) -> Any:
    import pyarrow.parquet as pq

    with folder.fs.open_input_file(folder.path(name)) as file:
        present = columns and [c for c in columns if c in pq.read_schema(file).names]
        file.seek(0)
        return pq.read_table(
            file, columns=present, filters=filters, page_checksum_verification=True
        )


def _require_columns(found: Any, schema: Any) -> None:
    for field in schema:
        if field.name not in found.names or found.field(field.name).type != field.type:
            raise ValueError(f"no column {field.name} of type {field.type}")


def _damage() -> tuple[type[Exception], ...]:
    """What a reader raises for flipped bytes."""
    import pyarrow as pa

    return OSError, ValueError, pa.ArrowException


def _damaged(path: str, error: Exception) -> StoreError:
    # Readers of parquet tell it over several lines.
    why = " ".join(str(error).split())
    return StoreError(
        f"{path} is damaged ({why})",
        remedy="run the same sample command again: it sets the part aside and draws"
        " its samples anew",
    )


def mend(folder: Folder, schema: Any) -> list[str]:
    """Set damaged parts aside, reading every one whole; returns their new names."""
    aside = []
    for name in folder.names(_SUFFIX):
        try:
            read_whole(folder, name, schema)
        except StoreError:
            aside.append(folder.set_aside(name))
            _log.warning("%s is damaged: set aside as %s", folder.path(name), aside[-1])
    return aside


def discard(folder: Folder) -> list[str]:
    """Set every part aside; returns their new names."""
    return [folder.set_aside(name) for name in folder.names(_SUFFIX)]
