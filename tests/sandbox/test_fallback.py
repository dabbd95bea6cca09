"""Where no sandbox starts, and where one does although nobody insists on it."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from boundary.errors import PackageError
from boundary.sandbox import Pool, level, pool, starts
from boundary.sandbox.worker import Worker
from boundary.verifiers import create
from boundary.verifiers.code import CodeVerifier
from tests.sandbox.processes import family
from tests.verifiers.programs.data import ADD, adder, judged, task

pytestmark = [pytest.mark.xdist_group("sandbox")]

PLAIN = level(unsafe=True)
REFUSED = "echo 'bwrap: No permissions to create new namespace' >&2\nexit 1"


@pytest.fixture(autouse=True)
def _not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOUNDARY_UNSAFE_EXECUTION", raising=False)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder where programs are looked for first, and bubblewrap nowhere else."""
    found = tmp_path / "bin"
    found.mkdir()
    monkeypatch.setenv("PATH", str(found))
    return found


def script(folder: Path, body: str) -> None:
    """A bubblewrap of our own."""
    file = folder / "bwrap"
    file.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")
    file.chmod(0o755)


def made(**options: bool) -> tuple[str, list[tuple[str, str]]]:
    """What a verifier says it runs programs in, and that it does so."""
    verifier = CodeVerifier(workers=1, **options)
    try:
        return verifier.confinement, judged(verifier, [task(adder(), ADD)])
    finally:
        verifier.close()


RIGHT = [("correct", "passed")]


def test_a_sandbox_that_starts_is_used_whether_or_not_it_must_be() -> None:
    assert level() != PLAIN
    assert made() == made(unsafe=True) == (level(), RIGHT)


def test_the_environment_asks_as_the_flag_does(monkeypatch: pytest.MonkeyPatch, bare: Path) -> None:
    monkeypatch.setenv("BOUNDARY_UNSAFE_EXECUTION", "1")
    assert made() == (PLAIN, RIGHT)
    monkeypatch.undo()
    monkeypatch.setenv("BOUNDARY_UNSAFE_EXECUTION", "1")
    assert made() == (level(), RIGHT)


def test_without_bubblewrap(bare: Path) -> None:
    assert made(unsafe=True) == (PLAIN, RIGHT)
    with pytest.raises(PackageError, match="apt-get install bubblewrap"):
        create("code")


def test_a_bubblewrap_that_always_fails(bare: Path) -> None:
    script(bare, REFUSED)
    assert made(unsafe=True) == (PLAIN, RIGHT)
    with pytest.raises(PackageError, match="No permissions to create") as caught:
        made()
    assert "max_user_namespaces" in caught.value.remedy
    assert "--unsafe-execution" in caught.value.remedy


def test_a_bubblewrap_that_is_no_program(bare: Path) -> None:
    (bare / "bwrap").write_bytes(b"\x7fELF")
    (bare / "bwrap").chmod(0o755)
    assert made(unsafe=True) == (PLAIN, RIGHT)
    with pytest.raises(PackageError, match=r"does not start: .*Exec format error"):
        made()


def test_it_is_tried_once(bare: Path, tmp_path: Path) -> None:
    script(bare, f"echo tried >> {tmp_path}/log\n{REFUSED}")
    for _ in range(3):
        CodeVerifier(unsafe=True).close()
    assert (tmp_path / "log").read_text() == "tried\n"


@pytest.fixture
def mine() -> Iterator[set[int]]:
    """This process with its children, which are to be the same ones afterwards."""
    before = family([os.getpid()])
    yield before
    while family([os.getpid()]) - before:
        time.sleep(0.05)


def test_a_bubblewrap_that_hangs_is_given_up_with_all_it_started(
    bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    script(bare, f"sleep 1000 &\necho $! > {pid}.new\nmv {pid}.new {pid}\nsleep 1000")

    def hanging(name: str) -> Worker:
        """One that has started another by the time that its own begins to count."""
        worker = Worker(name)
        for _ in range(6_000):
            if pid.exists():
                break
            time.sleep(0.01)
        return worker

    monkeypatch.setattr(pool, "Worker", hanging)
    monkeypatch.setattr(pool, "START_LIMIT_S", 0.5)
    assert not starts()
    while family([int(pid.read_text())]):
        time.sleep(0.05)


def test_the_try_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mine: set[int]
) -> None:
    real = shutil.which("bwrap")
    assert real
    (tmp_path / "bwrap").symlink_to(real)
    monkeypatch.setenv("PATH", str(tmp_path))
    files = set(Path("/proc/self/fd").iterdir())
    assert starts()
    assert set(Path("/proc/self/fd").iterdir()) <= files


def test_a_pool_is_what_it_is_told_to_be(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Pool(1, unsafe=True) as found:
        assert found.level == PLAIN
    monkeypatch.undo()
    with Pool(1, unsafe=True) as found:
        assert found.level == PLAIN
    with Pool(1) as found:
        assert found.level == level()
