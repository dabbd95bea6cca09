"""The verdicts kept across runs: seen again, by version, and never needed."""

import sqlite3
import threading
from pathlib import Path

import pytest

from boundary.verifiers import cache
from boundary.verifiers.cache import VerdictCache
from boundary.verifiers.symbolic import MathVerifier
from tests.verifiers.data import boxed, strict


def test_a_verdict_is_seen_again_by_its_own_version_only(tmp_path: Path) -> None:
    first = VerdictCache("math 1", tmp_path / "new")
    first.put("5", "6", equal=False)
    first.put("5", "\ud800", equal=True)
    first.close()
    again, other = (
        VerdictCache("math 1", tmp_path / "new"),
        VerdictCache("math 2", tmp_path / "new"),
    )
    assert (again.get("5", "6"), again.get("5", "\ud800"), again.get("6", "5")) == (
        False,
        True,
        None,
    )
    assert other.get("5", "6") is None


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOUNDARY_CACHE", str(tmp_path))
    assert cache.folder() == tmp_path
    monkeypatch.setenv("BOUNDARY_CACHE", "off")
    assert cache.folder() is None
    monkeypatch.delenv("BOUNDARY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache.folder() == tmp_path / "boundary"


def test_without_a_place_nothing_is_kept() -> None:
    none = VerdictCache("math 1", None)
    none.put("5", "6", equal=True)
    none.close()
    assert none.get("5", "6") is None


@pytest.mark.parametrize("broken", ["file", "garbage"])
def test_what_cannot_be_used_is_said_once_and_ignored(
    broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "cache"
    if broken == "file":
        place.write_text("no folder")
    else:
        place.mkdir()
        (place / "verdicts.sqlite").write_bytes(b"no database" * 100)
    kept = VerdictCache("math 1", place)
    for _ in range(3):
        kept.put("5", "6", equal=True)
        kept.flush()
        assert kept.get("5", "6") is None
    kept.close()
    assert capsys.readouterr().err.count("notice") == 1


def test_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_ROWS", 100)
    kept = VerdictCache("math 1", tmp_path)
    for number in range(1000):
        kept.put("5", str(number), equal=False)
        if number % 50 == 0:
            kept.flush()
    kept.close()
    with sqlite3.connect(tmp_path / "verdicts.sqlite") as connection:
        (count,) = connection.execute("select count(*) from verdicts").fetchone()
    connection.close()
    assert count <= 250


def test_several_write_at_once(tmp_path: Path) -> None:
    def write(name: int) -> None:
        kept = VerdictCache("math 1", tmp_path)
        for number in range(300):
            kept.put(str(name), str(number), equal=True)
        kept.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = VerdictCache("math 1", tmp_path)
    assert all(kept.get(str(name), "299") for name in range(4))
    kept.close()


def test_only_pure_verdicts_of_math_verify_go_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOUNDARY_CACHE", str(tmp_path))
    hangs = boxed("7", "9^{9^{9^{9}}} - 9^{9^{9^{8}}}")
    tasks = [boxed("12", r"\sum_{k=1}^{3} 2k"), boxed("5", "5.0"), hangs]
    expected = [("correct", "symbolic"), ("correct", "number"), ("unjudged", "grader_timeout")]
    for workers in (1, 0):
        verifier = MathVerifier(workers=1, limit_s=4.0)
        if not workers:
            # What was kept needs no worker.
            tasks, expected = tasks[:2], expected[:2]
            monkeypatch.setattr(verifier._pool, "submit", None)
        assert strict(verifier, tasks) == expected
        verifier.close()
    with sqlite3.connect(tmp_path / "verdicts.sqlite") as connection:
        assert connection.execute("select count(*) from verdicts").fetchone() == (1,)
    connection.close()
