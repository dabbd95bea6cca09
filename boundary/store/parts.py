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
        self, folder: Folder, schema: Any, *, max_records: int = 8192, max_seconds: float = 10.0
    ) -> None:
        self._folder = folder
        self._schema = schema
        self._max_records = max_records
        self._max_seconds = max_seconds
        self._held: list[Any] = []
        self._since = time.monotonic()
        self._session = session_name()
        self._count = 0

    def hold(self, *records: Any) -> None:
        """Take records that belong into one part, and write none."""
        if not self._held:
            self._since = time.monotonic()
        self._held.extend(records)

    @property
    def is_due(self) -> bool:
        """Whether enough is held, or has been held for long enough, to be written."""
        full = len(self._held) >= self._max_records
        return full or (bool(self._held) and time.monotonic() - self._since >= self._max_seconds)

    @property
    def held(self) -> int:
        """Records not written yet."""
        return len(self._held)

    @property
    def last(self) -> str:
        """The name of the part that holds what was taken by now, once it is written."""
        count = self._count + bool(self._held)
        return f"{self._session}-{count:05d}{_SUFFIX}" if count else ""

    def add(self, *records: Any) -> list[Any]:
        """Take records that belong into one part; returns those just written, mostly none."""
        self.hold(*records)
        return self.flush() if self.is_due else []

    def flush(self) -> list[Any]:
        """Write what is held; returns it."""
        from boundary.store.schema import table_of

        if not self._held:
            return []
        write_table(self._folder, self.last, table_of(self._held, self._schema))
        # In one statement: interrupted before it, the next flush writes the same part again,
        # and never the same records under a second name.
        written, self._held, self._count = self._held, [], self._count + 1
        return written


def session_name() -> str:
    """A name for what this process writes; names sort in the order of writing.

    Later parts so override earlier ones.
    """
    return f"{time.time_ns():020d}-{os.getpid()}"


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
        yield read_part(folder, name, columns, filters)


def read_part(
    folder: Folder, name: str, columns: Sequence[str] | None = None, filters: Any = None
) -> Any:
    """One part as a table.

    Raises:
        StoreError: It is damaged.
    """
    try:
        return _read(folder, name, columns, filters)
    except _damage() as error:
        raise _damaged(folder.path(name), error) from error


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


def mend(folder: Folder, schema: Any, *, columns: Sequence[str] | None = None) -> list[str]:
    """Set damaged parts aside; returns their new names.

    Args:
        folder: Where the parts are.
        schema: Their columns.
        columns: Those whose bytes are read and checked: all, unless told.
    """
    aside = []
    for name in folder.names(_SUFFIX):
        try:
            _check(folder, name, schema, columns)
        except _damage() as error:
            aside.append(folder.set_aside(name))
            _log.warning("%s: %s, set aside as %s", folder.path(name), error, aside[-1])
    return aside


def _check(folder: Folder, name: str, schema: Any, columns: Sequence[str] | None) -> None:
    """Read a part piece by piece.

    Raises:
        OSError, ValueError, ArrowException: It is damaged.
    """
    import pyarrow.parquet as pq

    with folder.fs.open_input_file(folder.path(name)) as file:
        part = pq.ParquetFile(file, page_checksum_verification=True)
        _require_columns(part.schema_arrow, schema)
        for group in range(part.num_row_groups):
            part.read_row_group(group, columns=columns)


def discard(folder: Folder) -> list[str]:
    """Set every part aside; returns their new names."""
    return [folder.set_aside(name) for name in folder.names(_SUFFIX)]
