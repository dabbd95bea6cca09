"""Lines read one by one, and what is said of those that cannot be."""

import gzip
from pathlib import Path

import pytest

from boundary.errors import LogError
from boundary.importers.lines import document, first_row, rows


def read(path: Path) -> list[dict[str, object]]:
    return [row for _, row in rows(path)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": 1}\n{"a": ', "line 2, the last one, is cut off in the middle"),
        (b'{"a": 1}\n{"a": \n{"a": 2}\n', "line 2 is not JSON"),
        (b'{"a": 1}\n{"a": "\xff\xfe"}\n', "line 2 is not UTF-8 (byte 7 of the line)"),
        ('{"a": "é"}\n'.encode("latin-1"), "line 1 is not UTF-8"),
        (b"[1]\n", "line 1 holds a list"),
        (b'{"a":' * 20_000 + b"\n", "line 1 is not JSON"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    with pytest.raises(LogError) as caught:
        read(path)
    assert expected in caught.value.problem
    assert caught.value.remedy


def test_the_lines_before_a_cut_are_read_first(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a": 1}\n\n{"a": 2}\n{"a"')
    found = rows(path)
    assert [next(found)[1]["a"], next(found)[1]["a"]] == [1, 2]
    with pytest.raises(LogError, match="line 4"):
        next(found)


def test_a_mark_at_the_start_and_odd_line_ends_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes('\ufeff{"a": "x\u2028y"}\r\n{"a": 2}'.encode())
    assert read(path) == [{"a": "x\u2028y"}, {"a": 2}]


def test_packed_files(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    whole = gzip.compress(b'{"a": 1}\n' * 1000)
    path.write_bytes(whole)
    assert len(read(path)) == 1000
    assert first_row(path) == {"a": 1}
    path.write_bytes(whole[:-12])
    with pytest.raises(LogError, match="cannot be read"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"no", b"[1]", b"\xff", b'{"a": '])
def test_a_first_row_is_looked_for_without_a_word(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    assert first_row(path) is None
    assert first_row(tmp_path / "nothing") is None


def test_a_document_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for content, expected in (
        (b'{"a": ', "no JSON"),
        (b"[]", "holds a list"),
        (b"\xff", "no JSON"),
    ):
        path.write_bytes(content)
        with pytest.raises(LogError, match=expected):
            document(path)
    with pytest.raises(LogError, match="there is no file"):
        document(tmp_path / "nothing")
