"""A run as one small file: which samples were right, their lengths, the manifest; no texts.

A zip of two JSON files and one array per kind of fact, (P, W) each, by problem in the suite's
order and by index: ``numpy.load`` opens it too. ``archive.json`` names the problems, each with a
digest of its question and answer. The same run gives the same bytes. What is read is untrusted:
no array is unpacked whose size is not the one that ``archive.json`` states.
"""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from boundary.errors import StoreError
from boundary.records import Tier
from boundary.store.files import Folder
from boundary.store.ledger import read_ledgers
from boundary.store.lengths import END_CODES, UNTOLD_END, read_ends
from boundary.store.manifest import Manifest
from boundary.store.marks import UNJUDGED, VALID, Marks
from boundary.store.source import ARCHIVE, Asked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from boundary.store.run import Run

SCHEMA = 1
_MAGIC = b"PK\x03\x04"
_INDEX, _MANIFEST = "archive.json", "manifest.json"
_ENDS, _TOKENS, _OUTCOMES, _VALID = "finish.npy", "tokens.npy", "outcome-{}.npy", "valid-{}.npy"
# Far above what any study holds: 50 million samples.
_MOST_TEXT, _MOST_BYTES = 2**26, 2**30
_HEADER = 4096
_REMEDY = "export the run again, or copy the archive again from where it came from"
_NEEDED = ("model_id", "suite", "suite_digest")


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was read; what :class:`boundary.store.source.Source` asks for.

    ``judged`` are the verifiers and tiers that it holds verdicts of, in the order of its arrays;
    ``prompt_tokens`` the tokens of each problem's prompt, none where its writer could not tell;
    ``drawn_per_answer`` the tokens drawn for each answer by a sampler that kept less.
    """

    name: str
    manifest: Manifest
    problems: tuple[Asked, ...]
    width: int
    judged: tuple[tuple[str, Tier], ...]
    prompt_tokens: tuple[tuple[str, int], ...]
    drawn_per_answer: float | None
    arrays: Mapping[str, bytes]

    def asked(self) -> list[Asked]:
        """See Source.asked."""
        return list(self.problems)

    def verifiers(self) -> list[str]:
        """See Source.verifiers."""
        return list(dict.fromkeys(verifier for verifier, _ in self.judged))

    def indices(self) -> "dict[str, NDArray[np.int32]]":
        """See Source.indices."""
        have = self._array(_ENDS) > 0
        return {
            p.id: np.flatnonzero(row).astype(np.int32)
            for p, row in zip(self.problems, have, strict=True)
            if row.any()
        }

    def marks(self, verifier: str, tier: Tier) -> Marks:
        """See Source.marks."""
        ids = {p.id: place for place, p in enumerate(self.problems)}
        if (verifier, tier) not in self.judged:
            empty = np.zeros((len(ids), 0), np.uint8)
            return Marks(ids, empty, empty.copy())
        place = self.judged.index((verifier, tier))
        names = (_OUTCOMES.format(place), _VALID.format(place))
        outcome, valid = (self._array(name) for name in names)
        return Marks(ids, outcome, valid)

    def samples(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """See Source.samples: ``problem_id``, ``index``, ``n_tokens`` and ``finish`` are known."""
        import pyarrow as pa

        ends, tokens = self._array(_ENDS), self._array(_TOKENS)
        rows, index = np.nonzero(ends)
        # The last code is that of an end that is not told.
        finishes = [*(finish.value for finish in END_CODES), None]
        counted = tokens[rows, index]
        made = {
            "problem_id": pa.array([p.id for p in self.problems]).take(pa.array(rows)),
            "index": pa.array(index.astype(np.int32)),
            "n_tokens": pa.array(counted, mask=counted < 0),
            "finish": pa.array(finishes).take(pa.array(ends[rows, index].astype(np.int64) - 1)),
        }
        yield pa.table({name: made[name] for name in columns or made if name in made})

    def _array(self, name: str) -> "NDArray[Any]":
        """(P, W) one array, read-only."""
        return _unpacked(self.arrays[name], (len(self.problems), self.width), name)


def is_one(path: str) -> bool:
    """Whether a path names an archive, by its ending or its first bytes."""
    if path.endswith(ARCHIVE):
        return True
    if not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def pack(run: "Run", prompt_tokens: Mapping[str, int] | None = None) -> bytes:
    """The archive of a run, as bytes: every verifier's verdicts in both tiers.

    Args:
        run: The run.
        prompt_tokens: Tokens of each problem's prompt, where they are known.

    Raises:
        StoreError: The run has no samples, or a part of it is damaged.
    """
    problems, stored = run.asked(), run.indices()
    if not stored:
        raise StoreError(f"the run {run.name} holds no samples", remedy="draw some first")
    judged = [(name, tier) for name in run.verifiers() for tier in Tier]
    marks = [run.marks(name, tier) for name, tier in judged]
    width = max(1 + int(rows[-1]) for rows in stored.values())
    width = max([width, *(_judged_width(one) for one in marks)])
    tokens, ends = read_ends(run, width)
    ledgers = read_ledgers(run)
    index = {
        "schema": SCHEMA,
        "name": run.name,
        "width": width,
        "verdicts": [{"verifier": name, "tier": tier.value} for name, tier in judged],
        "problems": [asdict(p) for p in problems],
        "prompt_tokens": [prompt_tokens[p.id] for p in problems] if prompt_tokens else None,
        "drawn_per_answer": ledgers.per_answer if ledgers else None,
    }
    text = json.dumps(index, sort_keys=True, ensure_ascii=True) + "\n"
    members = {_INDEX: text.encode(), _MANIFEST: run.manifest.to_json()}
    members |= {_ENDS: _packed(ends), _TOKENS: _packed(tokens)}
    for place, one in enumerate(marks):
        members[_OUTCOMES.format(place)] = _packed(_of_width(one.outcome, width))
        members[_VALID.format(place)] = _packed(_of_width(one.valid, width))
    return _zipped(members)


def _judged_width(marks: Marks) -> int:
    """One past the largest index with a verdict: marks keep room for more."""
    used = np.flatnonzero(marks.outcome.any(axis=0))
    return int(used[-1]) + 1 if len(used) else 0


def _of_width(codes: "NDArray[np.uint8]", width: int) -> "NDArray[np.uint8]":
    return np.pad(codes[:, :width], ((0, 0), (0, max(0, width - codes.shape[1]))))


def _packed(array: "NDArray[Any]") -> bytes:
    stream = io.BytesIO()
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    np.lib.format.write_array(stream, np.ascontiguousarray(little), version=(1, 0))
    return stream.getvalue()


def _zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip that depends on nothing but its members: no time, no machine."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, data)
    return stream.getvalue()


def read(path: str) -> Archive:
    """The archive at a local path or a URL.

    Raises:
        StoreError: Nothing is there, it is damaged, it is no archive, or it is of a newer schema.
    """
    where = PurePosixPath(path).name
    data = _fetched(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, path)
    except _DAMAGE as error:
        raise _damaged(where, error) from error


_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, MemoryError),
    *(NotImplementedError, RuntimeError, RecursionError),
    *(ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError),
)
"""What readers raise for bytes that are not what they should be."""


def _damaged(where: str, error: Exception) -> StoreError:
    return StoreError(f"the archive {where} cannot be read ({error})", remedy=_REMEDY)


def _fetched(path: str) -> bytes:
    """The bytes of a file, if they are few enough."""
    parent, _, name = path.rpartition("/")
    folder = Folder.at(parent or ("/" if path.startswith("/") else "."))
    if not folder.exists(name):
        raise StoreError(f"no archive at {path}", remedy="boundary export RUN makes one")
    size = folder.fs.get_file_info(folder.path(name)).size
    if size is not None and size > _MOST_BYTES:
        raise StoreError(
            f"{path} has {size:,} bytes, more than any archive of a run", remedy=_REMEDY
        )
    try:
        return folder.read(name)
    except OSError as error:
        raise StoreError(f"cannot read {path} ({error})", remedy="check the file") from error


def _read(archive: zipfile.ZipFile, path: str) -> Archive:
    index = json.loads(_member(archive, _INDEX, _MOST_TEXT))
    schema = int(index["schema"])
    if schema > SCHEMA:
        raise StoreError(
            f"the archive {path} has schema {schema}, and this version reads up to {SCHEMA}",
            remedy="update boundary",
        )
    manifest = Manifest.from_json(_member(archive, _MANIFEST, _MOST_TEXT), path)
    problems = tuple(_asked(row) for row in index["problems"])
    width, judged = index["width"], tuple(_verdicts(row) for row in index["verdicts"])
    _require(manifest, problems, width, judged)
    cells = len(problems) * width
    arrays = {
        name: _member(archive, name, cells * _dtype(name).itemsize + _HEADER)
        for name in _names(len(judged))
    }
    told = _prompts(index["prompt_tokens"], problems)
    drawn = index["drawn_per_answer"]
    found = Archive(
        _name(index["name"]),
        manifest,
        problems,
        width,
        judged,
        told,
        None if drawn is None else float(drawn),
        arrays,
    )
    for name, data in arrays.items():
        _unpacked(data, (len(problems), width), name)
    return found


_RANGES = {
    _ENDS: (0, UNTOLD_END),
    _TOKENS: (-1, 2**31 - 1),
    "outcome": (0, UNJUDGED),
    "valid": (0, VALID),
}


def _dtype(name: str) -> "np.dtype[Any]":
    return np.dtype("<i4" if name == _TOKENS else "u1")


def _names(judged: int) -> list[str]:
    pairs = ((_OUTCOMES.format(i), _VALID.format(i)) for i in range(judged))
    return [_ENDS, _TOKENS, *(name for pair in pairs for name in pair)]


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of the zip, whose stated size (more is never unpacked) is within bounds."""
    entry = archive.getinfo(name)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is packed in a way that no archive is")
    if entry.file_size > most:
        raise ValueError(f"{name} unpacks to {entry.file_size:,} bytes, at most {most:,} belong")
    return archive.read(entry)


def _unpacked(data: bytes, shape: tuple[int, int], name: str) -> "NDArray[Any]":
    """The array in a file, which must have that shape and hold nothing but known codes."""
    kind = name.partition("-")[0]
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} is of another version")
    found, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if (found, is_fortran, dtype) != (shape, False, _dtype(name)):
        raise ValueError(f"{name} has shape {found} of {dtype}, and {shape} is stated")
    array: NDArray[Any] = np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape)
    low, high = _RANGES[kind]
    if array.size and (array.min() < low or array.max() > high):
        raise ValueError(f"{name} holds codes out of range")
    return array


def _asked(row: Mapping[str, Any]) -> Asked:
    group, guess = row["group"], row["guess"]
    if guess is not None and not 0 <= guess <= 1:
        raise ValueError(f"a guess that is right with chance {guess!r}")
    return Asked(
        _text(row["id"]),
        None if group is None else _text(group),
        _text(row["digest"]),
        None if guess is None else float(guess),
    )


def _name(value: Any) -> str:
    """A name that is shown, and that files are named after."""
    name = _text(value)
    if not name.isprintable() or name.startswith(".") or set(name) & set("/\\"):
        raise ValueError(f"{name!r} is no name of a run")
    return name


def _prompts(counted: Any, problems: Sequence[Asked]) -> tuple[tuple[str, int], ...]:
    if counted is None:
        return ()
    if not all(type(tokens) is int and tokens >= 0 for tokens in counted):
        raise ValueError("prompt_tokens holds no numbers of tokens")
    return tuple(zip((p.id for p in problems), counted, strict=True))


def _verdicts(row: Mapping[str, Any]) -> tuple[str, Tier]:
    return _text(row["verifier"]), Tier(row["tier"])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _require(
    manifest: Manifest,
    problems: Sequence[Asked],
    width: Any,
    judged: Sequence[tuple[str, Tier]],
) -> None:
    """Refuse what no run has.

    Raises:
        ValueError: What it is.
    """
    checks: list[tuple[Callable[[], bool], str]] = [
        (lambda: isinstance(width, int) and width > 0, f"a width of {width!r}"),
        (lambda: bool(problems), "no problems"),
        (lambda: len({p.id for p in problems}) == len(problems), "a problem twice"),
        (lambda: len(set(judged)) == len(judged), "verdicts twice"),
        (lambda: _bytes_of(len(problems) * width, judged) <= _MOST_BYTES, "too many samples"),
        (lambda: all(key in manifest.identity for key in _NEEDED), "a manifest without a suite"),
        (lambda: _has_rule(manifest), "a stop rule without its looks"),
        (lambda: _has_budget(manifest), "a token budget that is no number"),
    ]
    for holds, what in checks:
        if not holds():
            raise ValueError(f"it holds {what}")


def _has_budget(manifest: Manifest) -> bool:
    return isinstance(manifest.identity.get("max_tokens"), int | None)


def _bytes_of(cells: int, judged: Sequence[tuple[str, Tier]]) -> int:
    return sum(cells * _dtype(name).itemsize for name in _names(len(judged)))


def _has_rule(manifest: Manifest) -> bool:
    """Whether the stop rule of an adaptive run is whole; a run of a fixed n has none."""
    design = manifest.design
    if design is None:
        return True
    rising = all(a < b for a, b in pairwise((0, *design.looks)))
    whole = isinstance(design.stop_after, int) and design.stop_after > 0
    return whole and bool(design.looks) and rising and "decided_by" in manifest.identity
