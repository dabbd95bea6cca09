import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from boundary.errors import StoreError
from boundary.records import Finish, Outcome, Sample, Tier, Verdict
from boundary.store import parts, schema
from boundary.store.files import Folder
from boundary.store.parts import PartWriter, mend, read_parts


def sample(index: int, **changes: Any) -> Sample:
    values = {
        "problem_id": "p",
        "index": index,
        "seed": 2**62 + index,
        "text": f"answer {index}",
        "token_ids": [1, index],
        "n_tokens": 2,
        "finish": Finish.STOP,
        "logprob": -0.1,
        "draw_logprob": -0.2,
        "forced": [0],
    }
    return Sample(**{**values, **changes})


def writer(folder: Path, **limits: Any) -> PartWriter:
    return PartWriter(Folder.at(folder), schema.samples(), **limits)


def read(folder: Path) -> list[dict[str, Any]]:
    return [row for table in read_parts(Folder.at(folder)) for row in table.to_pylist()]


def test_a_part_is_written_when_enough_records_are_held(tmp_path: Path) -> None:
    writes = writer(tmp_path, max_records=2, max_seconds=1e9)
    assert writes.add(sample(0)) == []
    assert list(tmp_path.iterdir()) == []
    assert [s.index for s in writes.add(sample(1))] == [0, 1]
    assert writes.add(sample(2)) == []
    assert [row["index"] for row in read(tmp_path)] == [0, 1]
    assert [s.index for s in writes.flush()] == [2]
    assert writes.flush() == []
    assert len(list(tmp_path.iterdir())) == 2


def test_a_part_is_written_when_its_oldest_record_is_old_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    writes = writer(tmp_path, max_seconds=10)
    now += 50  # an idle writer does not age
    assert writes.add(sample(0)) == []
    now += 9
    assert writes.add(sample(1)) == []
    now += 1
    assert len(writes.add(sample(2))) == 3
    assert writes.add(sample(3)) == []


def test_records_added_together_stay_in_one_part(tmp_path: Path) -> None:
    tiers = [Verdict("p", 0, tier, Outcome.WRONG, "r", None, None, "1") for tier in Tier]
    writes = PartWriter(Folder.at(tmp_path), schema.verdicts(), max_records=1)
    assert len(writes.add(*tiers)) == 2
    assert [t.num_rows for t in read_parts(Folder.at(tmp_path))] == [2]


def test_an_interrupt_right_after_the_write_stores_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = writer(tmp_path)
    writes.add(sample(0))
    write = parts.write_table

    def interrupted(*args: Any) -> None:
        write(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(parts, "write_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writes.flush()
    monkeypatch.setattr(parts, "write_table", write)
    writes.flush()
    writes.add(sample(1))
    writes.flush()
    assert [row["index"] for row in read(tmp_path)] == [0, 1]


def test_later_writers_come_later(tmp_path: Path) -> None:
    for index in range(3):
        writes = writer(tmp_path)
        writes.add(sample(index))
        writes.flush()
    assert [row["index"] for row in read(tmp_path)] == [0, 1, 2]


def test_only_whole_parts_are_read(tmp_path: Path) -> None:
    writes = writer(tmp_path)
    writes.add(sample(0))
    writes.flush()
    (part,) = tmp_path.iterdir()
    (tmp_path / f"{part.name}.77.tmp").write_bytes(part.read_bytes()[:100])
    (tmp_path / f"{part.stem}-1.parquet.damaged").write_bytes(b"rubbish")
    assert [row["index"] for row in read(tmp_path)] == [0]
    assert mend(Folder.at(tmp_path), schema.samples()) == []


def test_columns_are_those_of_the_format(tmp_path: Path) -> None:
    writes = writer(tmp_path)
    writes.add(sample(0))
    writes.flush()
    (part,) = tmp_path.iterdir()
    kinds = {field.name: str(field.type) for field in pq.read_schema(part)}
    assert kinds == {
        "problem_id": "string",
        "index": "int32",
        "text": "string",
        "token_ids": "list<element: int32>",
        "n_tokens": "int32",
        "finish": "string",
        "logprob": "double",
        "draw_logprob": "double",
        "forced": "list<element: int32>",
        "seed": "int64",
    }
    column = pq.ParquetFile(part).metadata.row_group(0).column(2)
    assert column.compression == "ZSTD"


def test_what_an_engine_does_not_tell_is_null(tmp_path: Path) -> None:
    silent = dict.fromkeys(["token_ids", "n_tokens", "logprob", "draw_logprob", "forced"])
    writes = writer(tmp_path)
    writes.add(sample(0))
    writes.add(sample(1, **silent))
    writes.flush()
    told, untold = read(tmp_path)
    assert {name: untold[name] for name in silent} == silent
    assert all(told[name] is not None for name in silent)
    back = schema.sample_of()
    assert (back(told), back(untold)) == (sample(0), sample(1, **silent))


@pytest.mark.parametrize(
    "text",
    ["", "a\0b", "\r\n\u2028\x85", "naïve \U0001d54f \u202e", "\ufeffbom", "x" * 100_000],
    ids=["empty", "nul", "line ends", "beyond ascii", "bom", "long"],
)
def test_texts_survive(text: str, tmp_path: Path) -> None:
    writes = writer(tmp_path)
    writes.add(sample(0, text=text))
    writes.flush()
    assert read(tmp_path)[0]["text"] == text


def test_half_a_surrogate_pair_is_stored_as_an_escape(tmp_path: Path) -> None:
    writes = writer(tmp_path)
    writes.add(sample(0, text="é \ud800 \0 end"))
    writes.flush()
    assert read(tmp_path)[0]["text"] == "é \\ud800 \0 end"


def written(folder: Path, count: int = 50) -> Path:
    writes = writer(folder)
    for index in range(count):
        writes.add(sample(index))
    writes.flush()
    (part,) = folder.glob("*.parquet")
    return part


def flip(part: Path, place: int, bits: int = 0xFF) -> None:
    data = bytearray(part.read_bytes())
    data[place] ^= bits
    part.write_bytes(data)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.4, 0.6])
def test_a_flipped_byte_is_noticed_and_the_part_named(share: float, tmp_path: Path) -> None:
    part = written(tmp_path)
    flip(part, int(share * part.stat().st_size))
    with pytest.raises(StoreError, match=part.name):
        read(tmp_path)
    assert mend(Folder.at(tmp_path), schema.samples()) == [f"{part.name}.damaged"]
    assert read(tmp_path) == []


@pytest.mark.parametrize("bits", [0xFF, 0x20])
def test_no_flipped_byte_changes_what_a_mended_folder_holds(bits: int, tmp_path: Path) -> None:
    """Pages have checksums; the footer, with names and types of the columns, has none."""
    part = written(tmp_path)
    data, good = part.read_bytes(), read(tmp_path)
    folder = Folder.at(tmp_path)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    kept = 0
    for place in [*range(4, footer, 211), *range(footer, len(data), 7)]:
        part.write_bytes(data)
        flip(part, place, bits)
        if not mend(folder, schema.samples()):
            kept += 1
            assert read(tmp_path) == good, place
        for left in tmp_path.iterdir():
            left.unlink()
    assert kept, "some bytes of the footer mean nothing to a reader"


@pytest.mark.parametrize("length", [0, 3, 8, 0.5, -1])
def test_a_truncated_part_is_set_aside(length: float, tmp_path: Path) -> None:
    part = written(tmp_path)
    data = part.read_bytes()
    part.write_bytes(data[: int(len(data) * length) if isinstance(length, float) else length])
    assert mend(Folder.at(tmp_path), schema.samples()) == [f"{part.name}.damaged"]


def test_a_part_without_a_column_is_set_aside(tmp_path: Path) -> None:
    part = written(tmp_path)
    pq.write_table(pq.read_table(part).drop_columns(["seed"]), part)
    assert mend(Folder.at(tmp_path), schema.samples()) == [f"{part.name}.damaged"]


def test_a_part_with_columns_of_its_own_stays(tmp_path: Path) -> None:
    part = written(tmp_path)
    table = pq.read_table(part)
    pq.write_table(table.append_column("note", table.column("text")), part)
    assert mend(Folder.at(tmp_path), schema.samples()) == []
    assert "note" in read(tmp_path)[0]
