"""Archives that lie, are cut or were blown up: one clear error each, and no memory taken."""

import io
import json
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boundary import sample
from boundary.errors import StoreError
from boundary.records import Tier
from boundary.store import Run, archive
from tests.runs import job

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return sample.run(job(tmp_path_factory.mktemp("archive"), 6))


@pytest.fixture(scope="module")
def whole(run: Run) -> bytes:
    return archive.pack(run)


def test_what_is_read_is_what_was_packed(run: Run, whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.boundary.zip").write_bytes(whole)
    found = archive.read(str(tmp_path / "a.boundary.zip"))
    assert (found.name, found.manifest) == (run.name, run.manifest)
    assert (found.asked(), found.verifiers()) == (run.asked(), run.verifiers())
    stored = run.indices()
    assert {k: v.tolist() for k, v in found.indices().items()} == {
        k: v.tolist() for k, v in stored.items()
    }
    for tier in Tier:
        ours, theirs = found.marks("exact", tier), run.marks("exact", tier)
        assert ours.ids == theirs.ids
        np.testing.assert_array_equal(ours.outcome, theirs.outcome[:, : found.width])
        np.testing.assert_array_equal(ours.valid, theirs.valid[:, : found.width])
    assert found.marks("other", Tier.STRICT).outcome.shape == (4, 0)
    columns = ["problem_id", "index", "n_tokens", "finish"]
    rows = [row for table in run.samples(columns) for row in table.to_pylist()]
    (table,) = found.samples(columns)
    key = ("problem_id", "index")
    assert table.sort_by([(k, "ascending") for k in key]).to_pylist() == sorted(
        rows, key=lambda row: tuple(row[k] for k in key)
    )


def test_a_run_without_samples_has_no_archive(run: Run, tmp_path: Path) -> None:
    for name in ("manifest.json", "problems.parquet"):
        (tmp_path / name).write_bytes(run.folder.read(name))
    from boundary.store.files import Folder

    with pytest.raises(StoreError, match="no samples"):
        archive.pack(Run.open(Folder.at(tmp_path)))


def unzipped(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        return {name: found.read(name) for name in found.namelist()}


def zipped(members: Members) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return stream.getvalue()


def saved(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def told(members: Members, file: str = "archive.json", /, **changes: Any) -> Members:
    """The members with fields of a JSON file replaced."""
    found = json.loads(members[file])
    return {**members, file: json.dumps({**found, **changes}).encode()}


def identity(members: Members, **changes: Any) -> Members:
    manifest = json.loads(members["manifest.json"])
    return told(members, "manifest.json", identity={**manifest["identity"], **changes})


def refuse(data: bytes, tmp_path: Path) -> str:
    path = tmp_path / "a.boundary.zip"
    path.write_bytes(data)
    with pytest.raises(StoreError) as error:
        archive.read(str(path))
    assert error.value.remedy
    return error.value.problem


CRAFTED: dict[str, tuple[Callable[[Members], Members], str]] = {
    "newer": (lambda m: told(m, schema=2), "schema 2"),
    "newer manifest": (lambda m: told(m, "manifest.json", schema=99), "schema 99"),
    "no schema": (lambda m: {**m, "archive.json": b"{}"}, "schema"),
    "no JSON": (lambda m: {**m, "archive.json": b"\xff\xfe"}, "cannot be read"),
    "a list": (lambda m: {**m, "archive.json": b"[]"}, "cannot be read"),
    "deep JSON": (lambda m: {**m, "archive.json": b"[" * 200_000}, "cannot be read"),
    "no manifest": (lambda m: {**m, "manifest.json": b"{}"}, "manifest"),
    "no index": (lambda m: {k: v for k, v in m.items() if k != "archive.json"}, "archive.json"),
    "no array": (lambda m: {k: v for k, v in m.items() if k != "tokens.npy"}, "tokens.npy"),
    "no problems": (lambda m: told(m, problems=[]), "no problems"),
    "no width": (lambda m: told(m, width=0), "width"),
    "a text as width": (lambda m: told(m, width="6"), "width"),
    "a vast width": (lambda m: told(m, width=2**60), "too many samples"),
    "a number as name": (lambda m: told(m, name=3), "no text"),
    "a path as name": (lambda m: told(m, name="../../x"), "no name of a run"),
    "escapes as name": (lambda m: told(m, name="x\x1b[2J"), "no name of a run"),
    "a text as budget": (lambda m: identity(m, max_tokens="many"), "token budget"),
    "a tier": (lambda m: told(m, verdicts=[{"verifier": "exact", "tier": "x"}]), "valid Tier"),
    "verdicts twice": (
        lambda m: told(m, verdicts=[{"verifier": "exact", "tier": "strict"}] * 2),
        "verdicts twice",
    ),
    "another shape": (lambda m: {**m, "tokens.npy": saved(np.zeros((6, 4), "<i4"))}, "shape"),
    "another type": (lambda m: {**m, "finish.npy": saved(np.zeros((4, 6), "<i2"))}, "shape"),
    "columns first": (
        lambda m: {**m, "finish.npy": saved(np.ones((4, 6), "u1", order="F"))},
        "shape",
    ),
    "a code out of range": (
        lambda m: {**m, "outcome-0.npy": saved(np.full((4, 6), 9, "u1"))},
        "out of range",
    ),
    "a negative length": (
        lambda m: {**m, "tokens.npy": saved(np.full((4, 6), -7, "<i4"))},
        "out of range",
    ),
    "too few bytes": (lambda m: {**m, "tokens.npy": m["tokens.npy"][:-4]}, "cannot be read"),
    "too many bytes": (lambda m: {**m, "tokens.npy": m["tokens.npy"] + b"0" * 9}, "cannot be"),
    "lengths of some prompts": (lambda m: told(m, prompt_tokens=[1, 2]), "cannot be read"),
    "no lengths of prompts": (lambda m: told(m, prompt_tokens=[1, 2, 3, -1]), "prompt_tokens"),
    "an object": (
        lambda m: {**m, "finish.npy": saved(np.array([[{}]], dtype=object))},
        "cannot be read",
    ),
    "no suite": (lambda m: told(m, "manifest.json", identity={"model_id": "m"}), "without a suite"),
    "no looks": (lambda m: identity(m, stop_after=2, decided_by="exact"), "without its looks"),
    "half a rule": (
        lambda m: told(identity(m, stop_after=2), "manifest.json", looks=[2, 4]),
        "without its looks",
    ),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_archive_is_refused(name: str, whole: bytes, tmp_path: Path) -> None:
    change, words = CRAFTED[name]
    assert words in refuse(zipped(change(unzipped(whole))), tmp_path)


def test_one_problem_twice(whole: bytes, tmp_path: Path) -> None:
    members = unzipped(whole)
    problems = json.loads(members["archive.json"])["problems"]
    twice = told(members, problems=[problems[0], *problems[:-1]])
    assert "a problem twice" in refuse(zipped(twice), tmp_path)


@pytest.mark.parametrize("guess", [-0.5, 2, float("nan"), "half"])
def test_a_guess_that_is_no_chance(whole: bytes, tmp_path: Path, guess: object) -> None:
    members = unzipped(whole)
    problems = json.loads(members["archive.json"])["problems"]
    changed = told(members, problems=[{**problems[0], "guess": guess}, *problems[1:]])
    assert "cannot be read" in refuse(zipped(changed), tmp_path)


def test_cut_anywhere_it_is_refused(whole: bytes, tmp_path: Path) -> None:
    for size in range(0, len(whole), 97):
        assert "cannot be read" in refuse(whole[:size], tmp_path)


def test_a_flipped_byte_is_seen_or_makes_no_difference(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.boundary.zip"
    path.write_bytes(whole)
    sound = archive.read(str(path))
    rng = np.random.default_rng(0)
    refusals = 0
    for place in rng.choice(len(whole), 200, replace=False):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            assert archive.read(str(path)) == sound
        except StoreError:
            refusals += 1
    assert refusals > 100


def test_a_bomb_takes_no_memory(whole: bytes, tmp_path: Path) -> None:
    """Half a gigabyte of zeros in half a megabyte is told by its stated size, and not unpacked."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in unzipped(whole).items():
            if name != "tokens.npy":
                made.writestr(name, data)
        with made.open("tokens.npy", "w") as bomb:
            for _ in range(512):
                bomb.write(bytes(2**20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "at most" in refuse(stream.getvalue(), tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def test_a_bomb_that_lies_about_its_size(whole: bytes, tmp_path: Path) -> None:
    members = unzipped(whole)
    honest = zipped(members)
    bomb = zipped({**members, "tokens.npy": members["tokens.npy"] + bytes(2**24)})
    size = (len(members["tokens.npy"]) + 2**24).to_bytes(4, "little")
    assert bomb.count(size) == 2
    lied = bomb.replace(size, len(members["tokens.npy"]).to_bytes(4, "little"))
    assert "cannot be read" in refuse(lied, tmp_path)
    assert len(honest) < len(lied)


@pytest.mark.parametrize("kind", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_ways_of_packing_are_refused(whole: bytes, tmp_path: Path, kind: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as made:
        for name, data in unzipped(whole).items():
            made.writestr(name, data)
    assert "packed in a way" in refuse(stream.getvalue(), tmp_path)


def test_nothing_there_and_no_archive(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no archive at"):
        archive.read(str(tmp_path / "none.boundary.zip"))
    other = tmp_path / "other.zip"
    other.write_bytes(zipped({"letter.txt": b"dear"}))
    assert archive.is_one(str(other))
    with pytest.raises(StoreError, match=r"archive\.json"):
        archive.read(str(other))
    (tmp_path / "table.csv").write_text("problem_id,n,c\n")
    assert not archive.is_one(str(tmp_path / "table.csv"))
    assert not archive.is_one(str(tmp_path))
