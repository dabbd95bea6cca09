"""Where a known suite is found in a folder of local copies, and in which formats."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boundary.errors import SuiteError
from boundary.suites.hub import Benchmark
from boundary.suites.math500 import BENCHMARK as MATH500
from boundary.suites.olymmath_en import BENCHMARK as OLYMMATH
from tests.suites.data import math500_hub, olymmath_hub, snapshot, write

SIZE = 6
SMALL = replace(MATH500, name="small", size=SIZE, files=("small_test",))
ROWS = math500_hub(SIZE)
OURS = [{"id": f"s{i}", "problem": f"Is it {i}?", "answer": str(i)} for i in range(SIZE)]

pytestmark = pytest.mark.usefixtures("cache")


def as_lines(path: Path) -> Path:
    return write(path / "small_test.jsonl", ROWS)


def as_packed_lines(path: Path) -> Path:
    packed = path / "small.jsonl.gz"
    packed.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode()))
    return packed


def as_table(ending: str) -> Callable[[Path], Path]:
    def save(path: Path) -> Path:
        import datasets

        table = path / f"small{ending}"
        found = datasets.Dataset.from_list(ROWS)
        (found.to_csv if ending == ".csv" else found.to_parquet)(str(table))
        return table

    return save


def as_snapshot(path: Path) -> Path:
    assert SMALL.hub is not None
    return snapshot(path / "small", SMALL.hub, ROWS)


def as_folder_without_a_card(path: Path) -> Path:
    (path / "small").mkdir()
    return write(path / "small" / "test.jsonl", ROWS).parent


def as_saved(*, split: bool) -> Callable[[Path], Path]:
    def save(path: Path) -> Path:
        import datasets

        found = datasets.Dataset.from_list(ROWS)
        whole = datasets.DatasetDict({"test": found}) if split else found
        whole.save_to_disk(str(path / "small_test"))
        return path / "small_test"

    return save


WAYS = {
    "lines": as_lines,
    "packed lines": as_packed_lines,
    "csv": as_table(".csv"),
    "parquet": as_table(".parquet"),
    "snapshot": as_snapshot,
    "folder without a card": as_folder_without_a_card,
    "saved split": as_saved(split=True),
    "saved": as_saved(split=False),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_in_the_hubs_format_is_the_same_suite(way: str, tmp_path: Path) -> None:
    path = WAYS[way](tmp_path)
    suite = SMALL.load(data=tmp_path)
    assert suite.source == str(path)
    assert suite.problems == tuple(MATH500.convert(row, i) for i, row in enumerate(ROWS))


def test_lines_of_our_own_format_are_taken_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "small.jsonl", OURS)
    assert [p.id for p in SMALL.load(data=tmp_path).problems] == [f"s{i}" for i in range(SIZE)]


def test_lines_come_before_tables_and_tables_before_folders(tmp_path: Path) -> None:
    as_folder_without_a_card(tmp_path)
    table = as_table(".csv")(tmp_path)
    assert SMALL.load(data=tmp_path).source == str(table)
    write(tmp_path / "small.jsonl", OURS)
    assert SMALL.load(data=tmp_path).source == str(tmp_path / "small.jsonl")


def test_a_folder_without_a_card_is_read_once_for_all_configs(tmp_path: Path) -> None:
    (tmp_path / "olymmath_en").mkdir()
    write(tmp_path / "olymmath_en" / "test.jsonl", olymmath_hub())
    assert len(OLYMMATH.load(data=tmp_path).problems) == 200
    import datasets

    datasets.Dataset.from_list(olymmath_hub()).to_csv(str(tmp_path / "olymmath_en.csv"))
    assert OLYMMATH.load(data=tmp_path).source.endswith(".csv")


@pytest.mark.parametrize(
    "change",
    [{"answer": None}, {"answer": 5}, {"answer": " "}, {"problem": ""}, {"unique_id": ...}],
    ids=str,
)
def test_a_malformed_line_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    row = {key: value for key, value in (ROWS[3] | change).items() if value is not ...}
    write(tmp_path / "small.jsonl", [*ROWS[:3], row, *ROWS[4:]])
    with pytest.raises(SuiteError, match=r"small\.jsonl, line 4 is no problem of 'small' \("):
        SMALL.load(data=tmp_path)


def test_a_folder_without_the_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    write(tmp_path / "small" / "train.jsonl", ROWS)
    with pytest.raises(SuiteError, match=r"suite 'small' is not to be read from .*small \("):
        SMALL.load(data=tmp_path)


def test_a_saved_data_set_without_the_split_is_refused(tmp_path: Path) -> None:
    import datasets

    other = datasets.DatasetDict({"train": datasets.Dataset.from_list(ROWS)})
    other.save_to_disk(str(tmp_path / "small"))
    with pytest.raises(SuiteError, match="suite 'small' is not to be read from"):
        SMALL.load(data=tmp_path)


def test_another_size_is_refused_wherever_it_is_read(tmp_path: Path) -> None:
    write(tmp_path / "small.jsonl", OURS[1:])
    with pytest.raises(SuiteError, match="has 5 problems, not 6"):
        SMALL.load(data=tmp_path)
    assert SMALL.hub is not None
    either: Benchmark = replace(SMALL, hub=replace(SMALL.hub, size=5))
    assert len(either.load(data=tmp_path).problems) == 5
    write(tmp_path / "small.jsonl", OURS[2:])
    with pytest.raises(SuiteError, match="has 4 problems, not 6 or 5"):
        either.load(data=tmp_path)


@pytest.mark.parametrize("content", [b'"\xff"\n', b"a,b\n\x00", b'a\n"' + b"x" * 200_000])
def test_a_damaged_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "small.csv").write_bytes(content)
    with pytest.raises(SuiteError, match=r"small\.csv"):
        SMALL.load(data=tmp_path)
    (tmp_path / "small.csv").unlink()
    (tmp_path / "small.parquet").write_bytes(content)
    with pytest.raises(SuiteError, match=r"suite 'small' is not to be read from .*small\.parquet"):
        SMALL.load(data=tmp_path)


def test_a_benchmark_without_a_hub_reads_tables_too(tmp_path: Path) -> None:
    as_table(".parquet")(tmp_path)
    assert len(replace(SMALL, hub=None).load(data=tmp_path).problems) == SIZE
