"""Plain data as bytes and back: what crosses the border of a sandbox, either way.

Types are compared by identity, so that a subclass with methods of its own is no plain data; a few
of the standard library's that equal plain data (``Counter``, a named tuple) become it. The reader
takes nothing on trust: whatever bytes it is given, it returns plain data or raises ``ValueError``,
in time and memory proportional to their number. Long lists of one scalar type are one block
(:mod:`boundary.sandbox.packed`), which changes nothing but the time.

Also runs inside the sandbox, thus imports nothing of the package but its fellows there.
"""

import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from boundary.sandbox import packed

MAX_DEPTH = 200

# Keys of one set or dict, and sets and dicts of one value. Distinct hashes too can be made to
# follow one path through a table, in time by the square of their number; expected outputs of the
# suites have hundreds at most.
_MAX_KEYS, _MAX_TABLES = 1 << 13, 1 << 16

# Unequal keys of one hash, and bytes of all keys that share one; more make a set quadratic. Honest
# data has few: -1 and -2 share theirs, and so do tuples that hold them.
_MAX_COLLISIONS, _MAX_ALIKE_BYTES = 64, 1 << 18

_SIZE = struct.Struct(">I")
_INT64 = struct.Struct(">q")
_FLOAT = struct.Struct(">d")
_COMPLEX = struct.Struct(">dd")

_PACKED: dict[bytes, Callable[[list[Any]], Any]] = {b"l": list, b"t": tuple}


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
    writer = _WRITERS.get(id(kind)) or _other(kind)
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
    try:
        out += b"j" + _INT64.pack(value)
    except struct.error:
        _write_large(value, out)


def _write_large(value: int, out: bytearray) -> None:
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


def _sequence_writer(tag: bytes) -> Callable[[Any, bytearray, int, int], None]:
    """The same for what may be packed."""
    write_items = _array_writer(tag)

    def write(value: Any, out: bytearray, depth: int, limit: int) -> None:
        block = packed.pack(value, limit) if len(value) >= packed.LEAST and depth >= 0 else None
        if block is None:
            write_items(value, out, depth, limit)
            return
        out += b"p" + tag + _SIZE.pack(len(value)) + block.body
        out += _SIZE.pack(len(block.others)) + block.strays
        for item in block.others:
            _write(item, out, depth, limit)

    return write


def _write_dict(value: dict[Any, Any], out: bytearray, depth: int, limit: int) -> None:
    out += b"d" + _SIZE.pack(len(value))
    for key, item in value.items():
        _write(key, out, depth, limit)
        _write(item, out, depth, limit)


# By identity: a type's own methods decide what it is equal to.
_WRITERS: dict[int, Callable[[Any, bytearray, int, int], None]] = {
    id(type(None)): _write_constant,
    id(bool): _write_constant,
    id(int): _write_int,
    id(float): _write_float,
    id(complex): _write_complex,
    id(str): _write_str,
    id(bytes): _write_bytes,
    id(list): _sequence_writer(b"l"),
    id(tuple): _sequence_writer(b"t"),
    id(set): _array_writer(b"e"),
    id(frozenset): _array_writer(b"z"),
    id(dict): _write_dict,
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


class Array:
    """The items of a numpy array, which can be gone through.

    As a comparison of several with a list has no truth, it equals nothing.
    """

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)


def _write_numpy(value: Any, out: bytearray, depth: int, limit: int) -> None:
    """A scalar as a number, an array of one item as lists, which it equals, any other as such."""
    if value.dtype.kind not in "biufcU":
        raise NotPlainError(f"an array of {value.dtype} is no plain data")
    if value.size != 1:
        out += b"a"
    found = value.tolist()
    if id(type(found)) not in _WRITERS:
        raise NotPlainError(f"{type(found).__name__} is no plain data")
    _write(found, out, depth, limit)


def decode(data: bytes, *, is_ours: bool = False) -> Any:
    """Plain data from bytes, whoever wrote them.

    Args:
        data: The bytes.
        is_ours: Whether the parent wrote them: there may be any number of keys then.

    Raises:
        NotPlainError: They are not what :func:`encode` writes.
    """
    reader = _Reader(data, is_ours=is_ours)
    try:
        value = reader.read(MAX_DEPTH)
    # A level takes several frames, and whoever calls has some of its own.
    except RecursionError as error:
        raise NotPlainError("nested too deeply to be read") from error
    if reader.at != len(data):
        raise NotPlainError("bytes left over")
    return value


class _Reader:
    """A position in bytes that are read once, forwards."""

    def __init__(self, data: bytes, *, is_ours: bool) -> None:
        self._data = data
        self._is_ours = is_ours
        self._tables = self._alike_bytes = 0
        self.at = 0

    def read(self, depth: int) -> Any:
        if depth < 0:
            raise NotPlainError(f"nested more than {MAX_DEPTH} deep")
        reader = _READERS.get(self._take(1))
        if reader is None:
            raise NotPlainError("an unknown mark")
        return reader(self, depth - 1)

    def int64(self, depth: int) -> int:
        return _INT64.unpack(self._take(8))[0]  # type: ignore[no-any-return]

    def float64(self, depth: int) -> float:
        return _FLOAT.unpack(self._take(8))[0]  # type: ignore[no-any-return]

    def complex128(self, depth: int) -> complex:
        return complex(*_COMPLEX.unpack(self._take(16)))

    def integer(self, depth: int) -> int:
        return int.from_bytes(self._take(self._size()), "big", signed=True)

    def octets(self, depth: int) -> bytes:
        return self._take(self._size())

    def text(self, depth: int) -> str:
        try:
            return self._take(self._size()).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise NotPlainError("text that is not UTF-8") from error

    def items(self, depth: int) -> list[Any]:
        return [self.read(depth) for _ in range(self._count())]

    def keys(self, depth: int) -> set[Any]:
        count = self._keys()
        found = [self.read(depth) for _ in range(count)]
        self._check(found)
        return _each_once(set(found), count)

    def dictionary(self, depth: int) -> dict[Any, Any]:
        count = self._keys()
        pairs = [(self.read(depth), self.read(depth)) for _ in range(count)]
        self._check([key for key, _ in pairs])
        return _each_once(dict(pairs), count)

    def _keys(self) -> int:
        """Number of keys of a set or dict."""
        self._tables += 1
        count = self._count()
        if not self._is_ours and (count > _MAX_KEYS or self._tables > _MAX_TABLES):
            raise NotPlainError("more sets, dicts or keys of them than can be compared")
        return count

    def _check(self, keys: list[Any]) -> None:
        if not self._is_ours:
            self._alike_bytes = refuse_crafted(keys, self._alike_bytes)

    def array(self, depth: int) -> Array:
        items = self.read(depth)
        if type(items) is not list:
            raise NotPlainError("an array that is none")
        return Array(items)

    def block(self, depth: int) -> Any:
        """A packed list or tuple."""
        made, count = _PACKED.get(self._take(1)), self._count()
        if made is None or count < packed.LEAST or depth < 0:
            raise NotPlainError("a block that is none")
        try:
            items = packed.unpack(count, self._take)
            strays = packed.places(self._count(), count, self._take)
        except ValueError as error:
            raise NotPlainError(str(error)) from error
        for place in strays:
            items[place] = self.read(depth)
        return made(items)

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


_READERS: dict[bytes, Callable[[_Reader, int], Any]] = {
    b"N": lambda reader, depth: None,
    b"T": lambda reader, depth: True,
    b"F": lambda reader, depth: False,
    b"j": _Reader.int64,
    b"i": _Reader.integer,
    b"f": _Reader.float64,
    b"c": _Reader.complex128,
    b"s": _Reader.text,
    b"b": _Reader.octets,
    b"l": _Reader.items,
    b"t": lambda reader, depth: tuple(reader.items(depth)),
    b"e": _Reader.keys,
    b"z": lambda reader, depth: frozenset(reader.keys(depth)),
    b"d": _Reader.dictionary,
    b"p": _Reader.block,
    b"a": _Reader.array,
}


_Table = TypeVar("_Table", set[Any], dict[Any, Any])


def _each_once(made: _Table, count: int) -> _Table:
    """What no writer of ours says twice costs time here each time."""
    if len(made) != count:
        raise NotPlainError("a key that comes twice")
    return made


def refuse_crafted(keys: Iterable[Any], alike_bytes: int = 0) -> int:
    """Refuse keys of a set or dict that were made to be slow; equal ones count once.

    Args:
        keys: The keys.
        alike_bytes: Bytes of keys that share a hash, of other sets and dicts of the same value.

    Returns:
        The same with these.

    Raises:
        NotPlainError: Many share one hash, there are too many, or one cannot be hashed.
    """
    first: dict[int, Any] = {}
    others: dict[int, set[bytes]] = {}
    for key in keys:
        try:
            number = hash(key)
        except TypeError as error:
            raise NotPlainError("a key that cannot be hashed") from error
        alike = first.setdefault(number, key)
        if alike is not key and alike != key:
            bodies, body = others.setdefault(number, set()), encode(key)
            alike_bytes += len(body)
            bodies.add(body)
            if len(bodies) > _MAX_COLLISIONS or alike_bytes > _MAX_ALIKE_BYTES:
                raise NotPlainError("keys with equal hashes")
        if len(first) > _MAX_KEYS:
            raise NotPlainError(f"more than {_MAX_KEYS} keys")
    return alike_bytes
