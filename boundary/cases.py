"""Test cases of programming problems as text: what JSON cannot hold is tagged, the whole is packed.

A value is JSON as far as JSON goes. Everything else is an object with one key:

====== =========================== =======================
key    value                       stands for
====== =========================== =======================
``t``  list                        tuple
``s``  list                        set
``z``  list                        frozenset
``d``  list of pairs               dict
``c``  [real, imaginary]           complex
``n``  "nan", "inf" or "-inf"      float
``i``  hexadecimal text            int beyond 64 bits
``b``  hexadecimal text            bytes
====== =========================== =======================

The cases of a problem are packed (JSON, zlib, base64) into its ``meta``, so that a stored run holds
all it is judged by, with a digest of the cases. Packed text above :data:`INLINE` goes to a file in
the cache that is named by that digest.
"""

import base64
import contextlib
import hashlib
import json
import math
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from boundary.errors import StoreError

INLINE = 1 << 18
"""Packed characters of one problem that may lie in its ``meta``."""

CACHE_VARIABLE = "BOUNDARY_CACHE"

_INT64 = 1 << 63
_MOST_BYTES = 1 << 30


class Cases(NamedTuple):
    """Inputs of a program and what each is expected to give; ``None`` where that is not stated."""

    inputs: tuple[Any, ...]
    expected: tuple[Any, ...] | None


def encode(value: Any) -> Any:
    """The value in what JSON can hold.

    Raises:
        TypeError: It is not plain data.
    """
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -_INT64 <= value < _INT64 else {"i": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"n": str(value)}
    if kind is list:
        return [encode(each) for each in value]
    if kind in _ENCODERS:
        key, encoder = _ENCODERS[kind]
        return {key: encoder(value)}
    raise TypeError(f"{kind.__name__} is not plain data")


def _items(value: Any) -> list[Any]:
    return [encode(each) for each in value]


_ENCODERS: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    tuple: ("t", _items),
    set: ("s", _items),
    frozenset: ("z", _items),
    dict: ("d", lambda value: [[encode(k), encode(v)] for k, v in value.items()]),
    complex: ("c", lambda value: [encode(value.real), encode(value.imag)]),
    bytes: ("b", bytes.hex),
}


def decode(value: Any) -> Any:
    """The value that :func:`encode` was given.

    Raises:
        ValueError: The tag is unknown.
    """
    if type(value) is list:
        return [decode(each) for each in value]
    if type(value) is not dict:
        return value
    ((key, inner),) = value.items()
    if key not in _DECODERS:
        raise ValueError(f"no value has the tag {key!r}")
    return _DECODERS[key](inner)


_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "t": lambda inner: tuple(map(decode, inner)),
    "s": lambda inner: set(map(decode, inner)),
    "z": lambda inner: frozenset(map(decode, inner)),
    "d": lambda inner: {decode(k): decode(v) for k, v in inner},
    "c": lambda inner: complex(decode(inner[0]), decode(inner[1])),
    "n": float,
    "i": lambda inner: int(inner, 16),
    "b": bytes.fromhex,
}


def pack(inputs: Sequence[Any], expected: Sequence[Any] | None) -> dict[str, Any]:
    """The cases for a problem's ``meta``.

    Raises:
        TypeError: One is not plain data.
    """
    return pack_text(_text(inputs), None if expected is None else _text(expected), len(inputs))


def pack_text(inputs: str, expected: str | None, count: int) -> dict[str, Any]:
    """The same of two JSON lists of encoded values."""
    text = f'{{"inputs":{inputs},"expected":{expected or "null"}}}'
    data = text.encode("utf-8", "surrogatepass")
    packed = base64.b64encode(zlib.compress(data, 6)).decode()
    digest = _digest(data)
    if len(packed) <= INLINE:
        return {"count": count, "digest": digest, "packed": packed}
    _keep(digest, packed)
    return {"count": count, "digest": digest}


def unpack(meta: Mapping[str, Any]) -> Cases:
    """The cases that :func:`pack` was given.

    Raises:
        StoreError: They lie in the cache, and there is no such file or it is damaged.
        ValueError: They are not what was packed.
    """
    data = _inflated(meta["packed"]) if "packed" in meta else _kept(meta["digest"])
    if _digest(data) != meta.get("digest"):
        raise ValueError("the cases are not those that were packed")
    found = json.loads(data.decode("utf-8", "surrogatepass"))
    inputs, expected = found["inputs"], found["expected"]
    return Cases(
        tuple(map(decode, inputs)), None if expected is None else tuple(map(decode, expected))
    )


def _inflated(packed: str) -> bytes:
    stream = zlib.decompressobj()
    data = stream.decompress(base64.b64decode(packed), _MOST_BYTES)
    if stream.unconsumed_tail:
        raise ValueError("the cases of one problem take more than a gigabyte")
    return data


def _digest(data: bytes) -> str:
    """Of the cases themselves: how they are compressed differs from machine to machine."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def size_of(meta: Mapping[str, Any]) -> int:
    """Packed characters of cases, wherever they lie."""
    if "packed" in meta:
        return len(meta["packed"])
    try:
        return (folder() / str(meta.get("digest"))).stat().st_size
    except OSError:
        return 0


def folder() -> Path:
    """Where cases lie that are too large for ``meta``."""
    own = os.environ.get(CACHE_VARIABLE)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(own) / "cases" if own else Path(cache) / "boundary" / "cases"


def _text(values: Sequence[Any]) -> str:
    encoded = [encode(value) for value in values]
    return json.dumps(encoded, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _keep(digest: str, packed: str) -> None:
    path = folder() / digest
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        own = path.with_suffix(f".{os.getpid()}")
        own.write_text(packed, encoding="ascii")
        own.replace(path)
    except OSError as error:
        raise StoreError(
            f"test cases cannot be kept in {path.parent} ({error})",
            remedy=f"set {CACHE_VARIABLE} to a folder that can be written",
        ) from error


def _kept(digest: str) -> bytes:
    path = folder() / digest
    data = b""
    with contextlib.suppress(OSError, ValueError, zlib.error):
        data = _inflated(path.read_text(encoding="ascii"))
    if _digest(data) != digest:
        raise StoreError(
            f"the test cases {path} are {'damaged' if path.exists() else 'not here'}",
            remedy="'boundary suites check NAME' with the name of the run's suite makes them again;"
            f" or set {CACHE_VARIABLE} to the folder they were made in",
        )
    return data
