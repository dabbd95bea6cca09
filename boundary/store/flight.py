"""Answers in flight: their tokens so far, stored with the part that they belong to.

A kill takes what was drawn since the last snapshot, finished or not. A snapshot holds only
together with the part written at the same moment, so what is left is a state that the run was
really in, and the law of its answers is that of a run never disturbed: had the short answers of
that moment been kept and the long ones forgotten, those drawn in their place would be shorter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from boundary.errors import StoreError
from boundary.records import Key, Prefix
from boundary.store import schema
from boundary.store.files import Folder
from boundary.store.parts import read_whole, session_name, write_table

_SUFFIX = ".parquet"
_AFTER = b"after"
_KEPT = 2


class FlightLog:
    """Writes snapshots of one session; the last two are kept."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._session = session_name()
        self._count = 0
        self._written: list[str] = []

    def save(self, prefixes: Sequence[Prefix], after: str) -> None:
        """Store what is in flight now, valid once the sample part ``after`` is there.

        Raises:
            StoreError: The disk is full, or the folder cannot be written to.
        """
        if not prefixes and not self._written:
            return
        has_states = any(prefix.state is not None for prefix in prefixes)
        columns = schema.prefixes() if has_states else schema.stateless_prefixes()
        table = schema.table_of(prefixes, columns).replace_schema_metadata({_AFTER: after.encode()})
        self._count += 1
        name = f"{self._session}-{self._count:06d}{_SUFFIX}"
        write_table(self._folder, name, table)
        self._written.append(name)
        for old in self._written[:-_KEPT]:
            self._folder.remove(old)
        del self._written[:-_KEPT]

    def clear(self, *, all_sessions: bool) -> None:
        """Delete this session's snapshots, or everyone's."""
        for name in self._folder.names(_SUFFIX):
            if all_sessions or name.startswith(self._session):
                self._folder.remove(name)
        self._written.clear()

    def clear_others(self) -> None:
        """Delete the snapshots of earlier sessions, once this one holds what they held."""
        for name in self._folder.names(_SUFFIX):
            if not name.startswith(self._session):
                self._folder.remove(name)


def read_flight(folder: Folder, parts: Sequence[str]) -> Mapping[Key, Prefix]:
    """What was in flight when the last writers ended, by problem and index.

    Args:
        folder: Where the snapshots are.
        parts: Names of the sample parts that are there.
    """
    there = {*parts, ""}
    latest: dict[str, dict[Key, Prefix]] = {}
    for name in folder.names(_SUFFIX):
        session = name.rsplit("-", 1)[0]
        found = _read(folder, name, there)
        if found is not None:
            latest[session] = found
    merged: dict[Key, Prefix] = {}
    for session in sorted(latest):
        merged.update(latest[session])
    return merged


def _read(folder: Folder, name: str, parts: set[str]) -> dict[Key, Prefix] | None:
    """One snapshot, or ``None`` where it is damaged or its part was never written."""
    try:
        table = read_whole(folder, name, schema.stateless_prefixes())
    except StoreError:
        return None
    after = (table.schema.metadata or {}).get(_AFTER, b"").decode()
    if after not in parts:
        return None
    rows: list[dict[str, Any]] = table.to_pylist()
    return {(row["problem_id"], row["index"]): Prefix(**row) for row in rows}
