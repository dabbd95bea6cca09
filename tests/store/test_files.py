import contextlib
import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from boundary.errors import StoreError
from boundary.store.files import WHOLE, Folder, Shard


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


def holds(folder: Folder, shard: Shard) -> bool:
    """Whether another writer of that shard is let in."""
    try:
        with folder.locked(shard):
            return True
    except StoreError as error:
        if "another process is writing" not in error.problem:
            raise
        return False


ONE, TWO, THIRD = Shard(1, 2), Shard(2, 2), Shard(3, 3)


@pytest.mark.parametrize(
    ("first", "let_in"), [(WHOLE, []), (ONE, [TWO]), (TWO, [ONE]), (THIRD, [Shard(1, 3)])], ids=str
)
def test_shards_of_one_splitting_work_side_by_side_and_nobody_else(
    first: Shard, let_in: list[Shard], tmp_path: Path
) -> None:
    folder = Folder.at(tmp_path)
    asking = [WHOLE, ONE, TWO, Shard(1, 3), THIRD, Shard(2, 12)]
    with folder.locked(first):
        assert [shard for shard in asking if holds(folder, shard)] == let_in
    assert all(holds(folder, shard) for shard in asking), "a lock outlives its holder"


def test_shards_that_start_at_once_do_not_refuse_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look at the locks that an earlier splitting left, at the same moment."""
    folder = Folder.at(tmp_path)
    assert holds(folder, THIRD)
    meet = threading.Barrier(2, timeout=30)
    seize = Folder._seize

    def met(self: Folder, handle: int, *, shared: bool, wait: bool) -> None:
        seize(self, handle, shared=shared, wait=wait)
        if os.fstat(handle).st_ino == (tmp_path / ".lock-3-of-3").stat().st_ino:
            meet.wait()

    monkeypatch.setattr(Folder, "_seize", met)
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda s=shard: found.append(holds(folder, s)))
        for shard in (ONE, TWO)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True, True]


def test_the_gate_is_waited_for(tmp_path: Path) -> None:
    """Two shards rewrite one file in turn: neither is refused, and no change is lost."""
    folder = Folder.at(tmp_path)
    folder.write("count", b"0")

    def add(times: int) -> None:
        for _ in range(times):
            with folder.gate():
                folder.write("count", str(int(folder.read("count")) + 1).encode())

    threads = [threading.Thread(target=add, args=(30,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folder.read("count") == b"120"


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
