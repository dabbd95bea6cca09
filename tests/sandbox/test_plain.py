"""Plain data through bytes: the same comes out, and nothing else gets in."""

import math
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundary.sandbox import plain

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(allow_nan=False),
    st.text(st.characters()), st.binary(),
)  # fmt: skip
KEYS = st.recursive(
    SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.sets(KEYS, max_size=5),
        st.dictionaries(KEYS, inner, max_size=5),
    ),
    max_leaves=20,
)


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types all through; NaN is itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right) or bool(left == right)


@given(VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    assert same(plain.decode(plain.encode(value)), value)


@given(st.binary(max_size=200))
def test_any_bytes_are_plain_data_or_refused(data: bytes) -> None:
    try:
        value = plain.decode(data)
    except plain.NotPlainError:
        return
    plain.encode(value)


@given(VALUES, st.data())
def test_a_changed_byte_is_plain_data_or_refused(value: Any, draw: st.DataObject) -> None:
    data = bytearray(plain.encode(value))
    data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    with suppress(plain.NotPlainError):
        plain.decode(bytes(data))


def array(mark: bytes, count: int, *items: bytes) -> bytes:
    return mark + struct.pack(">I", count) + b"".join(items)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"?",
        b"NN",
        b"i\0\0\0\5\1",
        b"s\0\0\0\1\xff",
        b"f\0",
        array(b"l", 2**32 - 1),
        array(b"l", 2, b"N"),
        array(b"e", 1, array(b"l", 0)),
        array(b"d", 1, array(b"l", 0), b"N"),
        array(b"d", 1, b"N"),
        array(b"l", 1) * 5000 + b"N",
        array(b"e", 100, *[b"N"] * 100),
    ],
)
def test_crafted_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(plain.NotPlainError):
        plain.decode(data)


def test_keys_that_share_a_hash_are_refused() -> None:
    """Thousands of them would take hours to put into a set."""
    crafted = [n * (2**61 - 1) for n in range(50_000)]
    data = array(b"e", len(crafted), *map(plain.encode, crafted))
    with pytest.raises(plain.NotPlainError, match="equal hashes"):
        plain.decode(data)


def test_references_are_written_out_up_to_the_limit() -> None:
    value: list[Any] = []
    for _ in range(100):
        value = [value, value]
    with pytest.raises(plain.TooLargeError):
        plain.encode(value, 10_000)
