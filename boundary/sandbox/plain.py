"""Plain data as bytes and back: what crosses the border of a sandbox, either way.

Types are compared by identity, so that a subclass with methods of its own is no plain data; a few
of the standard library's that equal plain data (``Counter``, a named tuple) become it. The reader
takes nothing on trust: whatever bytes it is given, it returns plain data or raises ``ValueError``,
in time and memory proportional to their number.

Also runs inside the sandbox, thus imports nothing of the package.
"""

import struct
import sys
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 200

# Equal hashes of unequal keys that honest data never reaches; crafted ones make a set quadratic.
_MAX_COLLISIONS = 64

_SIZE = struct.Struct(">I")
_FLOAT = struct.Struct(">d")
_COMPLEX = struct.Struct(">dd")

_CONSTANTS: dict[bytes, Any] = {b"N": None, b"T": True, b"F": False}
_ARRAYS: dict[bytes, Callable[[list[Any]], Any]] = {
    b"l": list,
    b"t": tuple,
    b"e": set,
    b"z": frozenset,
}


class NotPlainError(ValueError):
    """A value that is no plain data, or too deep or too large."""


def encode(value: Any, limit: int = sys.maxsize) -> bytes:
    """Plain data as bytes.

    Args:
        value: None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, and
            nests of them.
        limit: Most bytes to make.

    Raises:
        NotPlainError: It is something else, nested too deeply (as a list inside itself is), or
            too large.
    """
    out = bytearray()
    _write(value, out, MAX_DEPTH, limit)
    return bytes(out)


def _write(value: Any, out: bytearray, depth: int, limit: int) -> None:
    kind = type(value)
    writer = _WRITERS.get(kind) or _other(kind)
    if depth < 0:
        raise NotPlainError(f"nested more than {MAX_DEPTH} deep")
    writer(value, out, depth - 1, limit)
    if len(out) > limit:
        raise TooLargeError(f"more than {limit} bytes")


class TooLargeError(NotPlainError):
    """More bytes than allowed."""


def _write_constant(value: Any, out: bytearray, depth: int, limit: int) -> None:
    out += b"N" if value is None else b"T" if value else b"F"


def _write_int(value: int, out: bytearray, depth: int, limit: int) -> None:
    body = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    out += b"i" + _SIZE.pack(len(body)) + body


def _write_float(value: float, out: bytearray, depth: int, limit: int) -> None:
    out += b"f" + _FLOAT.pack(value)


def _write_complex(value: complex, out: bytearray, depth: int, limit: int) -> None:
    out += b"c" + _COMPLEX.pack(value.real, value.imag)


def _write_str(value: str, out: bytearray, depth: int, limit: int) -> None:
    body = value.encode("utf-8", "surrogatepass")
    out += b"s" + _SIZE.pack(len(body)) + body


def _write_bytes(value: bytes, out: bytearray, depth: int, limit: int) -> None:
    out += b"b" + _SIZE.pack(len(value)) + value


def _array_writer(tag: bytes) -> Callable[[Any, bytearray, int, int], None]:
    def write(value: Any, out: bytearray, depth: int, limit: int) -> None:
        out += tag + _SIZE.pack(len(value))
        for item in value:
            _write(item, out, depth, limit)

    return write


def _write_dict(value: dict[Any, Any], out: bytearray, depth: int, limit: int) -> None:
    out += b"d" + _SIZE.pack(len(value))
    for key, item in value.items():
        _write(key, out, depth, limit)
        _write(item, out, depth, limit)


_WRITERS: dict[type, Callable[[Any, bytearray, int, int], None]] = {
    type(None): _write_constant,
    bool: _write_constant,
    int: _write_int,
    float: _write_float,
    complex: _write_complex,
    str: _write_str,
    bytes: _write_bytes,
    list: _array_writer(b"l"),
    tuple: _array_writer(b"t"),
    set: _array_writer(b"e"),
    frozenset: _array_writer(b"z"),
    dict: _write_dict,
}


def _other(kind: type) -> Callable[[Any, bytearray, int, int], None]:
    """The writer of a type that is not plain, but equal to plain data as Python compares."""
    if kind.__module__ == "collections" and kind.__base__ is dict:
        return _write_dict
    if kind.__base__ is tuple and "_fields" in kind.__dict__:
        return lambda value, *rest: _write(tuple(tuple.__iter__(value)), *rest)
    numpy = sys.modules.get("numpy")
    if numpy and (kind is numpy.ndarray or kind.__module__ == "numpy"):
        return _write_numpy
    raise NotPlainError(f"{kind.__name__} is no plain data")


def _write_numpy(value: Any, out: bytearray, depth: int, limit: int) -> None:
    """An array as lists, a scalar as a number."""
    if value.dtype.kind not in "biufcU":
        raise NotPlainError(f"an array of {value.dtype} is no plain data")
    found = value.tolist()
    if type(found) not in _WRITERS:
        raise NotPlainError(f"{type(found).__name__} is no plain data")
    _write(found, out, depth, limit)


def decode(data: bytes) -> Any:
    """Plain data from bytes, whoever wrote them.

    Raises:
        NotPlainError: They are not what :func:`encode` writes.
    """
    reader = _Reader(data)
    value = reader.read(MAX_DEPTH)
    if reader.at != len(data):
        raise NotPlainError("bytes left over")
    return value


class _Reader:
    """A position in bytes that are read once, forwards."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def read(self, depth: int) -> Any:
        if depth < 0:
            raise NotPlainError(f"nested more than {MAX_DEPTH} deep")
        tag = self._take(1)
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in _ARRAYS:
            return self._array(tag, depth - 1)
        if tag == b"d":
            return self._dict(depth - 1)
        return self._scalar(tag)

    def _scalar(self, tag: bytes) -> Any:
        if tag == b"f":
            return _FLOAT.unpack(self._take(8))[0]
        if tag == b"c":
            return complex(*_COMPLEX.unpack(self._take(16)))
        if tag not in (b"i", b"s", b"b"):
            raise NotPlainError("an unknown mark")
        body = self._take(self._size())
        if tag == b"i":
            return int.from_bytes(body, "big", signed=True)
        if tag == b"b":
            return body
        try:
            return body.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise NotPlainError("text that is not UTF-8") from error

    def _array(self, tag: bytes, depth: int) -> Any:
        items = [self.read(depth) for _ in range(self._count())]
        if tag in (b"e", b"z"):
            _refuse_crafted(items)
        return _ARRAYS[tag](items)

    def _dict(self, depth: int) -> dict[Any, Any]:
        pairs = [(self.read(depth), self.read(depth)) for _ in range(self._count())]
        _refuse_crafted([key for key, _ in pairs])
        return dict(pairs)

    def _size(self) -> int:
        return int(_SIZE.unpack(self._take(4))[0])

    def _count(self) -> int:
        """Number of items; each takes a byte at least."""
        count = self._size()
        if count > len(self._data) - self.at:
            raise NotPlainError("fewer items than announced")
        return count

    def _take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self._data):
            raise NotPlainError("the end is missing")
        taken = self._data[self.at : end]
        self.at = end
        return taken


def _refuse_crafted(keys: list[Any]) -> None:
    """Refuse keys that cannot be hashed, and those made to share one hash."""
    try:
        distinct = len({hash(key) for key in keys})
    except TypeError as error:
        raise NotPlainError("a key that cannot be hashed") from error
    if len(keys) - distinct > _MAX_COLLISIONS:
        raise NotPlainError("keys with equal hashes")
