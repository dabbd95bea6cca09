"""Verdicts of math-verify kept across runs: a help that is never needed.

One SQLite file for all processes, in the user's cache folder; ``BOUNDARY_CACHE`` names another
folder, or is ``off``. Only what follows from gold and answer alone is kept, under the verifier's
version, and never a timeout. Whatever fails here is said once and then left alone.
"""

import hashlib
import os
import sqlite3
import sys
import time
from contextlib import suppress
from pathlib import Path

# Rows kept; past it, the oldest go until a tenth is free. A row takes about 60 bytes.
MAX_ROWS = 500_000

_BATCH = 200
_WAIT_S = 10.0
_TABLE = """
create table if not exists verdicts (
    pair blob primary key, equal integer not null,
    at integer not null default (cast(strftime('%s', 'now') as integer))
) without rowid
"""


def folder() -> Path | None:
    """Where the cache lies, or ``None`` where it is switched off."""
    told = os.environ.get("BOUNDARY_CACHE", "")
    if told.casefold() == "off":
        return None
    if told:
        return Path(told)
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "boundary"


class VerdictCache:
    """Whether an answer equals a gold answer, by verifier version.

    Args:
        version: The verifier's name and version; other versions' verdicts are not seen.
        place: The folder; none means that nothing is kept.
    """

    def __init__(self, version: str, place: Path | None) -> None:
        self._version = version
        self._place = place
        self._connection: sqlite3.Connection | None = None
        self._pending: list[tuple[bytes, int]] = []

    def get(self, gold: str, answer: str) -> bool | None:
        """The verdict kept for a pair."""
        connection = self._open()
        if connection is None:
            return None
        try:
            query = "select equal from verdicts where pair = ?"
            row = connection.execute(query, (self._key(gold, answer),)).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        return bool(row[0]) if row else None

    def put(self, gold: str, answer: str, *, equal: bool) -> None:
        """Keep a verdict; it is written with others."""
        if self._place is not None:
            self._pending.append((self._key(gold, answer), int(equal)))
            if len(self._pending) >= _BATCH:
                self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        connection = self._open() if self._pending else None
        if connection is None:
            return
        rows, self._pending = self._pending, []
        try:
            with connection:
                query = "insert or ignore into verdicts (pair, equal) values (?, ?)"
                connection.executemany(query, rows)
                (count,) = connection.execute("select count(*) from verdicts").fetchone()
                if count > MAX_ROWS:
                    _drop_oldest(connection, count - MAX_ROWS * 9 // 10)
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """Write what is pending, and let go of the file."""
        self.flush()
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _key(self, gold: str, answer: str) -> bytes:
        text = "\x1f".join((self._version, gold, answer))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self._place is not None:
            try:
                self._place.mkdir(parents=True, exist_ok=True)
                # The verifier may be made in one thread and used in another, never in two at once.
                self._connection = sqlite3.connect(
                    self._place / "verdicts.sqlite", timeout=_WAIT_S, check_same_thread=False
                )
                _prepare(self._connection)
            except (sqlite3.Error, OSError) as error:
                self._give_up(error)
        return self._connection

    def _give_up(self, error: Exception) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection, self._place, self._pending = None, None, []
        sys.stderr.write(f"notice: verdicts are not kept across runs ({error})\n")


def _prepare(connection: sqlite3.Connection) -> None:
    """Set a connection up; whoever else does so meanwhile is waited for.

    SQLite answers "locked" at once, without its own waiting, where two connections change the
    journal's mode together.
    """
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = off")
            connection.execute(_TABLE)
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _drop_oldest(connection: sqlite3.Connection, count: int) -> None:
    query = "delete from verdicts where pair in (select pair from verdicts order by at limit ?)"
    connection.execute(query, (count,))
