import contextlib
import errno
import fcntl
import os
from pathlib import Path

import pytest

from boundary.errors import StoreError
from boundary.store.files import Folder


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path)
    folder.write("a", b"old")
    stack = contextlib.ExitStack()
    stack.enter_context(folder.replacing("a")).write(b"new")
    assert folder.read("a") == b"old"
    assert stack.__exit__(RuntimeError, RuntimeError(), None) is False
    assert folder.read("a") == b"old"
    assert folder.names() == ["a"]


def test_while_it_is_written_a_file_has_another_name(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path)
    with folder.replacing("a.parquet") as stream:
        stream.write(b"half")
        assert folder.names(".parquet") == []
        assert [name.endswith(".tmp") for name in folder.names()] == [True]
    assert folder.names() == ["a.parquet"]


def test_names_and_folders_of_what_is_not_there(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path / "none")
    assert (folder.names(), folder.folders(), folder.exists()) == ([], [], False)


def test_a_second_holder_is_refused_and_a_later_one_is_not(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path)
    with folder.locked(), pytest.raises(StoreError, match="another process is writing"):
        folder.locked().__enter__()
    with folder.locked():
        pass


def test_an_error_under_the_lock_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError, match="a pipe"), Folder.at(tmp_path).locked():
        raise BlockingIOError("a pipe")


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_used_without(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(handle: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    folder = Folder.at(tmp_path)
    with folder.locked():
        folder.write("a", b"x")
    assert folder.read("a") == b"x"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    folder = Folder.at(tmp_path / "file" / "runs")
    with pytest.raises(StoreError, match=r"cannot write to .*/file/runs .*Not a directory"):
        folder.write("a", b"x")
    with pytest.raises(StoreError, match=r"cannot write to .*/file/runs .*Not a directory"):
        folder.locked().__enter__()


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_other_file_systems(scheme: str, tmp_path: Path) -> None:
    folder = Folder.at(f"{scheme}://{tmp_path}/deep")
    assert not folder.is_local
    with folder.locked():
        folder.write("b.parquet", b"1")
        (folder / "in").write("a", b"2")
    assert (folder.names(".parquet"), folder.folders()) == (["b.parquet"], ["in"])
    assert folder.set_aside("b.parquet") == "b.parquet.damaged"
    assert (folder.exists("b.parquet"), folder.read("b.parquet.damaged")) == (False, b"1")


def test_an_unknown_file_system_says_what_is_missing() -> None:
    with pytest.raises(StoreError, match="cannot use nosuch://bucket"):
        Folder.at("nosuch://bucket/runs")
