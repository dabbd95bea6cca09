"""Files of a run, on this machine or on any file system that pyarrow or fsspec reads."""

import contextlib
import errno
import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import StoreError

_DAMAGED = ".damaged"
_DRAFT = ".tmp"
_LOCK = ".lock"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` of ``count`` of a run's work, counted from 1."""

    number: int = 1
    count: int = 1

    @property
    def tag(self) -> str:
        """``2-of-4``."""
        return f"{self.number}-of-{self.count}"

    def owns(self, place: int) -> bool:
        """Whether the piece of work at that place of a list is this shard's."""
        return place % self.count == self.number - 1


WHOLE = Shard()


@dataclass(frozen=True, slots=True)
class Folder:
    """One directory on one file system; every path given to it is relative to it."""

    fs: Any
    base: str

    @classmethod
    def at(cls, where: str | Path) -> "Folder":
        """The folder at a local path or a URL such as ``s3://bucket/results``.

        Raises:
            StoreError: The URL names a file system that cannot be used here.
        """
        import pyarrow.fs as pafs

        text = str(where)
        if "://" not in text:
            return cls(pafs.LocalFileSystem(), str(Path(text).absolute()))
        try:
            import fsspec

            fs, base = fsspec.core.url_to_fs(text)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"cannot use {text} ({error})", remedy="install the file system's package"
            ) from error
        return cls(pafs.PyFileSystem(pafs.FSSpecHandler(fs)), base)

    def __truediv__(self, name: str) -> "Folder":
        return Folder(self.fs, posixpath.join(self.base, name))

    def __str__(self) -> str:
        return self.base

    @property
    def is_local(self) -> bool:
        """Whether this is the machine's own disk, where renames are atomic and locks work."""
        return bool(self.fs.type_name == "local")

    def path(self, name: str) -> str:
        """The full path of a file here."""
        return posixpath.join(self.base, name)

    def exists(self, name: str = "") -> bool:
        """Whether there is such a file or folder."""
        import pyarrow.fs as pafs

        info = self.fs.get_file_info(self.path(name) if name else self.base)
        return bool(info.type != pafs.FileType.NotFound)

    def names(self, suffix: str = "") -> list[str]:
        """Names of the files here that end so, sorted."""
        import pyarrow.fs as pafs

        entries = self.fs.get_file_info(pafs.FileSelector(self.base, allow_not_found=True))
        return sorted(
            e.base_name for e in entries if e.is_file and e.base_name.endswith(suffix or "")
        )

    def folders(self) -> list[str]:
        """Names of the folders here, sorted."""
        import pyarrow.fs as pafs

        entries = self.fs.get_file_info(pafs.FileSelector(self.base, allow_not_found=True))
        return sorted(e.base_name for e in entries if e.type == pafs.FileType.Directory)

    def read(self, name: str) -> bytes:
        """A whole file."""
        with self.fs.open_input_file(self.path(name)) as file:
            data: bytes = file.read()
            return data

    @contextlib.contextmanager
    def replacing(self, name: str) -> Iterator[Any]:
        """A stream whose bytes become the file ``name`` at once and whole, or not at all.

        Raises:
            StoreError: The disk is full, or the folder cannot be written to.
        """
        draft = f"{name}.{os.getpid()}{_DRAFT}" if self.is_local else name
        try:
            self.fs.create_dir(self.base, recursive=True)
            with self.fs.open_output_stream(self.path(draft)) as stream:
                yield stream
            if self.is_local:
                self._settle(draft, name)
        except OSError as error:
            self._discard(draft)
            raise _unwritable(self.base, error) from error
        except BaseException:
            self._discard(draft)
            raise

    def _settle(self, draft: str, name: str) -> None:
        """Flush the draft to disk, then give it its name: a reader sees whole files only."""
        with Path(self.path(draft)).open("rb") as file:
            os.fsync(file.fileno())
        Path(self.path(draft)).replace(self.path(name))
        handle = os.open(self.base, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _discard(self, draft: str) -> None:
        if self.is_local:
            with contextlib.suppress(OSError):
                Path(self.path(draft)).unlink(missing_ok=True)

    def write(self, name: str, data: bytes) -> None:
        """Write a whole file; see :meth:`replacing`."""
        with self.replacing(name) as stream:
            stream.write(data)

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.fs.delete_file(self.path(name))

    def sweep(self) -> None:
        """Delete what writers that died left half written; no other may be writing here."""
        if self.is_local:
            for name in self.names(_DRAFT):
                self.remove(name)

    def set_aside(self, name: str) -> str:
        """Rename a damaged file out of the readers' way; returns its new name."""
        self.fs.move(self.path(name), self.path(name + _DAMAGED))
        return name + _DAMAGED

    @contextlib.contextmanager
    def locked(self, shard: Shard = WHOLE) -> Iterator[None]:
        """Hold this folder, or one shard of it, against a second writer.

        Shards of one splitting work side by side; a writer of the whole folder works alone. An
        object store has no lock to hold.

        Raises:
            StoreError: Another process holds it, or a shard of another splitting.
        """
        if not self.is_local:
            yield
            return
        with contextlib.ExitStack() as held:
            if shard == WHOLE:
                held.enter_context(self._hold(_LOCK))
            else:
                held.enter_context(self._hold(_LOCK, shared=True))
                held.enter_context(self._hold(f"{_LOCK}-{shard.tag}"))
                self._refuse_other_splittings(shard)
            yield

    def _refuse_other_splittings(self, shard: Shard) -> None:
        for path in Path(self.base).glob(f"{_LOCK}-*-of-*"):
            if not path.name.endswith(f"-of-{shard.count}"):
                # Shared: another shard of this splitting may be looking too.
                with self._hold(path.name, shared=True):
                    pass

    @contextlib.contextmanager
    def gate(self) -> Iterator[None]:
        """Wait for, and hold, the right to rewrite a file that shards share."""
        if not self.is_local:
            yield
            return
        with self._hold(f"{_LOCK}-gate", wait=True):
            yield

    @contextlib.contextmanager
    def _hold(self, name: str, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
        try:
            Path(self.base).mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path(name), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unwritable(self.base, error) from error
        try:
            self._seize(handle, shared=shared, wait=wait)
            yield
        finally:
            os.close(handle)

    def _seize(self, handle: int, *, shared: bool, wait: bool) -> None:
        import fcntl

        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(handle, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"another process is writing to {self.base}",
                remedy="wait for it to end, or choose another --results directory",
            ) from None
        except OSError as error:
            # Some cluster file systems know no locks: there is none to hold then.
            if error.errno not in _NO_LOCKS:
                raise _unwritable(self.base, error) from error


def _unwritable(where: str, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(
        f"cannot write to {where} ({reason})",
        remedy="free space or permissions there, or choose another --results directory;"
        " what was stored before is intact",
    )
