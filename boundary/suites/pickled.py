"""Private tests of LiveCodeBench: JSON in a pickle, compressed, in base64; read without pickle.

A pickle is a program that may import and call anything. The reader here knows the instructions that
make text, numbers, lists, tuples and dicts, and refuses every other: it has no way to name a class
or a function. The size is bounded at each step, and no container is used twice, so what comes out
is no larger than what went in.
"""

import base64
import binascii
import pickletools
import zlib
from collections.abc import Callable, Mapping
from typing import Any

MOST_BYTES = 1 << 29
"""Decompressed bytes of one problem's tests; the largest of the set take about a tenth."""

_MOST_VALUES = 1_000_000


def text_of(packed: str, *, most: int = MOST_BYTES) -> str:
    """The JSON text in a field of private tests.

    Raises:
        ValueError: The field is not that, too large, or its pickle makes more than plain data.
    """
    found = loads(_inflated(packed, most))
    if isinstance(found, str):
        return found
    if isinstance(found, bytes):
        return found.decode()
    raise ValueError("the private tests hold no text")


def loads(data: bytes) -> Any:
    """The plain value that a pickle makes.

    Raises:
        ValueError: It makes anything else, or is damaged.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == "STOP":
                return machine.result()
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"a pickle that is refused: {error}") from error
    raise ValueError("a pickle without an end")


def _inflated(packed: str, most: int) -> bytes:
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(base64.b64decode(packed, validate=True), most)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"damaged private tests ({error})") from error
    if stream.unconsumed_tail or not stream.eof:
        raise ValueError(f"private tests that are cut off, or larger than {most:,} bytes")
    return data


_MARK = object()

# Instructions that put their own argument, or a constant, on the stack.
_LITERALS = {
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT"),
}
_CONSTANTS: Mapping[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_NEW: Mapping[str, Callable[[], Any]] = {
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
_IGNORED = {"PROTO", "FRAME"}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Machine:
    """The stack of a pickle, and the few instructions that are followed."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._values = 0

    def result(self) -> Any:
        """What the pickle made."""
        (value,) = self._stack
        if value is _MARK:
            raise ValueError("a mark is left over")
        return value

    def step(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        self._values += 1
        if self._values > _MOST_VALUES:
            raise ValueError("too many values")
        if name in _LITERALS:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _NEW:
            self._stack.append(_NEW[name]())
        elif name in _TUPLES:
            self._stack.append(self._taken(_TUPLES[name]))
        elif name not in _IGNORED:
            self._build(name, argument)

    def _build(self, name: str, argument: Any) -> None:
        actions: Mapping[str, Callable[[], None]] = {
            "MARK": lambda: self._stack.append(_MARK),
            "TUPLE": lambda: self._stack.append(tuple(self._above())),
            "LIST": lambda: self._stack.append(self._above()),
            "DICT": lambda: self._stack.append(_paired(self._above())),
            "APPEND": lambda: self._extend(list(self._taken(1))),
            "APPENDS": lambda: self._extend(self._above()),
            "SETITEM": lambda: self._update(list(self._taken(2))),
            "SETITEMS": lambda: self._update(self._above()),
            "MEMOIZE": lambda: self._remember(len(self._memo)),
        }
        if name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._remember(argument)
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self._recall(argument)
        elif name in actions:
            actions[name]()
        else:
            raise ValueError(f"the instruction {name} does not make plain data")

    def _taken(self, count: int) -> tuple[Any, ...]:
        values = tuple(self._stack[-count:])
        if len(values) < count or _MARK in values:
            raise ValueError("too few values")
        del self._stack[-count:]
        return values

    def _above(self) -> list[Any]:
        """The values above the last mark, taken off with it."""
        place = next(i for i in range(len(self._stack) - 1, -2, -1) if self._stack[i] is _MARK)
        values = self._stack[place + 1 :]
        del self._stack[place:]
        return values

    def _extend(self, values: list[Any]) -> None:
        if type(self._stack[-1]) is not list:
            raise ValueError("no list to append to")
        self._stack[-1].extend(values)

    def _update(self, values: list[Any]) -> None:
        if type(self._stack[-1]) is not dict:
            raise ValueError("no dict to set in")
        self._stack[-1].update(_paired(values))

    def _remember(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def _recall(self, place: int) -> None:
        """Text and numbers may be used again; a container would make the result larger."""
        value = self._memo[place]
        if isinstance(value, list | tuple | dict):
            raise ValueError("a container is used twice")
        self._stack.append(value)


def _paired(values: list[Any]) -> dict[Any, Any]:
    return dict(zip(values[::2], values[1::2], strict=True))
