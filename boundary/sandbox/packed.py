"""Long sequences of one scalar type as one block of bytes, and back.

Outputs of megabytes are lists of numbers mostly; item by item, in Python, writing and reading them
takes longer than computing them. Numbers are in this machine's byte order: both ends are on it.

Also runs inside the sandbox, thus imports nothing of the package.
"""

from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise, repeat
from operator import is_
from typing import Any, NamedTuple

LEAST = 4
"""Items below which a sequence is not worth a block."""

# Of so many items one may be of another type than the others.
_STRAYS = 16

_INT32, _INT64 = 1 << 31, 1 << 63
_TRUTHS = b"\0\1"
_COUNT = "I"
_SIZE_BYTES = 4

Take = Callable[[int], bytes]
"""Gives the next bytes, that many."""


class Block(NamedTuple):
    """A packed sequence.

    Attributes:
        body: The code of the items' type, then the items; where another stands, nothing of it.
        strays: The places of items of other types, as many as ``others``.
        others: Those items, which are not packed.
    """

    body: bytes
    strays: bytes
    others: list[Any]


def pack(values: Sequence[Any], limit: int) -> Block | None:
    """The items as one block.

    None where there are too many types, as seen by identity (a subclass is another type), where
    integers need more than 64 bits, and where text is longer than ``limit``.
    """
    kind = type(values[len(values) // 2])
    packer = _KINDS.get(id(kind))
    if packer is None:
        return None
    flags = bytes(map(is_, map(type, values), repeat(kind)))
    count = flags.count(0)
    if count > len(values) // _STRAYS:
        return None
    strays = array(_COUNT, _places(flags, count))
    others = [values[place] for place in strays]
    if others:
        values = list(values)
        for place in strays:
            values[place] = kind()
    body = packer(values, limit)
    return None if body is None else Block(body, strays.tobytes(), others)


def unpack(count: int, take: Take) -> list[Any]:
    """The items of the ``body`` of a block, that many.

    Raises:
        ValueError: The bytes are not what :func:`pack` gives.
    """
    code = take(1)
    if code in _NUMBERS:
        return _numbers(_NUMBERS[code], count, take)
    if code == b"s":
        return _texts(count, take)
    if code == b"?":
        return _truths(count, take)
    raise ValueError("an unknown block")


def places(count: int, most: int, take: Take) -> list[int]:
    """The places in ``strays``, that many, each below ``most``.

    Raises:
        ValueError: They are not.
    """
    found = _numbers(_COUNT, count, take)
    if found and max(found) >= most:
        raise ValueError("a place outside")
    return found


def _places(flags: bytes, count: int) -> list[int]:
    found = [-1]
    for _ in range(count):
        found.append(flags.find(0, found[-1] + 1))
    return found[1:]


def _pack_integers(values: Sequence[int], limit: int) -> bytes | None:
    low, high = min(values), max(values)
    if low >= -_INT32 and high < _INT32:
        return b"i" + array("i", values).tobytes()
    if low >= -_INT64 and high < _INT64:
        return b"q" + array("q", values).tobytes()
    return None


def _pack_floats(values: Sequence[float], limit: int) -> bytes:
    return b"d" + array("d", values).tobytes()


def _pack_truths(values: Sequence[bool], limit: int) -> bytes:
    return b"?" + bytes(values)


def _pack_texts(values: Sequence[str], limit: int) -> bytes | None:
    """The number of bytes of all, the characters of each, and then the text itself."""
    if sum(map(len, values)) > limit:
        return None
    text = "".join(values).encode("utf-8", "surrogatepass")
    sizes = array(_COUNT, map(len, values)).tobytes()
    return b"s" + len(text).to_bytes(_SIZE_BYTES, "big") + sizes + text


_KINDS: dict[int, Callable[[Any, int], bytes | None]] = {
    id(int): _pack_integers,
    id(float): _pack_floats,
    id(bool): _pack_truths,
    id(str): _pack_texts,
}
_NUMBERS: dict[bytes, Any] = {b"i": "i", b"q": "q", b"d": "d"}


def _numbers(kind: Any, count: int, take: Take) -> list[Any]:
    return memoryview(take(count * array(kind).itemsize)).cast(kind).tolist()


def _truths(count: int, take: Take) -> list[bool]:
    truths = take(count)
    if truths.translate(None, _TRUTHS):
        raise ValueError("a truth that is neither")
    return list(map(bool, truths))


def _texts(count: int, take: Take) -> list[str]:
    size = int.from_bytes(take(_SIZE_BYTES), "big")
    ends = list(accumulate(_numbers(_COUNT, count, take), initial=0))
    text = take(size).decode("utf-8", "surrogatepass")
    if ends[-1] != len(text):
        raise ValueError("texts of other lengths than announced")
    return [text[start:end] for start, end in pairwise(ends)]
