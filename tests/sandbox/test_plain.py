"""Plain data through bytes: the same comes out, and nothing else gets in."""

import math
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boundary.sandbox import packed, plain

# On a busy machine nothing is said by how long it takes.
unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(allow_nan=False),
    st.text(st.characters()), st.binary(),
)  # fmt: skip
# Equal to itself, as a key must be to be found again.
KEYS = st.recursive(
    SCALARS.filter(lambda value: value == value),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
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
    if isinstance(left, dict):
        return same(list(left), list(right)) and same([*left.values()], [*right.values()])
    return repr(left) == repr(right) or bool(left == right)


# Long ones, of one type mostly: what is packed.
EDGES = st.sampled_from(
    [2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**200]
)
FLOATS = st.floats() | st.sampled_from([-0.0, math.inf, -math.inf, math.nan, 5e-324])
TEXTS = st.text(st.characters(), max_size=5) | st.sampled_from(["", "\ud83d", "\ude00", "\0", "é"])
LONG = st.one_of(
    *(
        st.lists(kind, min_size=packed.LEAST, max_size=60)
        for kind in (st.integers(), st.integers() | EDGES, FLOATS, st.booleans(), TEXTS)
    )
)


@st.composite
def nearly_alike(draw: st.DrawFn) -> list[Any] | tuple[Any, ...]:
    """A long list or tuple with a few items of other types in it."""
    values: list[Any] = draw(LONG) * draw(st.integers(1, 5))
    for place in draw(st.lists(st.integers(0, len(values) - 1), max_size=4)):
        values[place] = draw(SCALARS | st.just([1]) | st.just([0.5] * 20))
    return tuple(values) if draw(st.booleans()) else values


@unhurried
@given(nearly_alike())
def test_what_is_packed_is_what_is_written_item_by_item(value: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "LEAST", 10**9)
        slowly = plain.encode(value)
    assert not slowly.startswith(b"p")
    assert same(plain.decode(plain.encode(value)), value)
    assert same(plain.decode(slowly), value)


@pytest.mark.parametrize("item", [1, 2**40, 0.5, True, "é"])
def test_long_lists_are_packed(item: Any) -> None:
    for value in ([item] * 1000, (item,) * 1000, [[item]] * 10 + [[item] * 100]):
        assert same(plain.decode(plain.encode(value)), value)
    data = plain.encode([item] * 1000)
    assert data.startswith(b"pl")
    assert len(data) < 8100
    assert plain.encode([None, *[item] * 999]).startswith(b"pl")
    assert plain.encode([None, item] * 500).startswith(b"l")


class Whole(int):
    """No int, whatever it says."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Meta(type):
    """A type that says it is another."""

    def __eq__(cls, other: object) -> bool:
        return True

    def __hash__(cls) -> int:
        return hash(float)


class Real(metaclass=Meta):
    """No float, whatever its type says."""

    def __float__(self) -> float:
        return 1.0


class Word(str):
    """No str."""


class Row(list):
    """No list."""


@pytest.mark.parametrize("intruder", [Whole(7), Word("a"), Row([1]), object()])
@pytest.mark.parametrize("others", [[1] * 99, [0.5] * 99, [True] * 99, ["a"] * 99])
def test_a_subclass_among_many_is_refused(intruder: object, others: list[Any]) -> None:
    for values in ([intruder, *others], [*others, intruder], [intruder] * 99, Row(others)):
        with pytest.raises(plain.NotPlainError, match="is no plain data"):
            plain.encode(values)


def test_a_type_that_says_it_is_another_is_refused() -> None:
    assert {float: "found"}[Real]
    for value in (Real(), [Real()] * 99, [0.5] * 99 + [Real()]):
        with pytest.raises(plain.NotPlainError, match="Real is no plain data"):
            plain.encode(value)


@unhurried
@given(VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    assert same(plain.decode(plain.encode(value)), value)


@unhurried
@given(st.binary(max_size=200))
def test_any_bytes_are_plain_data_or_refused(data: bytes) -> None:
    try:
        value = plain.decode(data)
    except plain.NotPlainError:
        return
    plain.encode(value)


@unhurried
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
        array(b"e", 100, *[plain.encode(i * (2**61 - 1)) for i in range(100)]),
    ],
)
def test_crafted_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(plain.NotPlainError):
        plain.decode(data)


def block(kind: bytes, count: int, body: bytes, strays: bytes = b"\0\0\0\0") -> bytes:
    return b"p" + kind + struct.pack(">I", count) + body + strays


FOUR = struct.pack("4i", 1, 2, 3, 4)
NO_TEXT = struct.pack("4I", 0, 0, 0, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"p",
        b"pl",
        block(b"l", 2**32 - 1, b"i" + FOUR),
        block(b"l", 5, b"i" + FOUR),
        block(b"l", 4, b"q" + FOUR),
        block(b"l", 4, b"d" + FOUR),
        block(b"l", 3, b"i" + FOUR[:12]),
        block(b"l", 0, b"i"),
        block(b"e", 4, b"i" + FOUR),
        block(b"d", 4, b"i" + FOUR),
        block(b"p", 4, b"i" + FOUR),
        block(b"l", 4, b"x" + FOUR),
        block(b"l", 4, b"I" + FOUR),
        block(b"l", 4, b"?\0\1\2\1"),
        block(b"l", 4, b"i" + FOUR, b""),
        block(b"l", 4, b"i" + FOUR, b"\0\0\0\1"),
        block(b"l", 4, b"i" + FOUR, b"\xff\xff\xff\xff"),
        block(b"l", 4, b"i" + FOUR, b"\0\0\0\1" + struct.pack("I", 4) + b"N"),
        block(b"l", 4, b"i" + FOUR, b"\0\0\0\1" + struct.pack("I", 2**32 - 1) + b"N"),
        block(b"l", 4, b"i" + FOUR, b"\0\0\0\1" + struct.pack("I", 0)),
        block(b"l", 4, b"s" + struct.pack(">I", 1) + NO_TEXT + b"a"),
        block(b"l", 4, b"s" + struct.pack(">I", 0) + struct.pack("4I", 1, 0, 0, 0)),
        block(b"l", 4, b"s" + struct.pack(">I", 0) + struct.pack("4I", *[2**32 - 1] * 4)),
        block(b"l", 4, b"s" + struct.pack(">I", 2**32 - 1) + NO_TEXT),
        block(b"l", 4, b"s" + struct.pack(">I", 1) + struct.pack("4I", 1, 0, 0, 0) + b"\xff"),
        (b"pl" + struct.pack(">I", 4) + b"i" + FOUR + struct.pack(">I", 1) + b"\0\0\0\0") * 5000,
    ],
)
def test_crafted_blocks_are_refused(data: bytes) -> None:
    with pytest.raises(plain.NotPlainError):
        plain.decode(data)


@unhurried
@given(nearly_alike(), st.data())
def test_a_changed_byte_of_a_block_is_plain_data_or_refused(
    value: Any, draw: st.DataObject
) -> None:
    data = bytearray(plain.encode(value))
    data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    del data[draw.draw(st.integers(len(data) // 2, len(data))) :]
    with suppress(plain.NotPlainError):
        plain.encode(plain.decode(bytes(data)))


def test_a_block_counts_against_the_limit() -> None:
    for value in ([1] * 10_000, [0.5] * 10_000, ["abcd"] * 10_000, ["a" * 9_000] * 10):
        with pytest.raises(plain.TooLargeError):
            plain.encode(value, 10_000)


def test_keys_that_share_a_hash_are_refused() -> None:
    """Thousands of them would take hours to put into a set."""
    crafted = [n * (2**61 - 1) for n in range(8_000)]
    data = array(b"e", len(crafted), *map(plain.encode, crafted))
    with pytest.raises(plain.NotPlainError, match="equal hashes"):
        plain.decode(data)


def test_so_many_keys_and_tables_are_read_and_no_more() -> None:
    """Keys of different hashes can be chosen to be slow as well: thousands are not read."""
    many = list(range(8_192))
    for mark, rest in ((b"e", b""), (b"z", b""), (b"d", b"N")):
        data = array(mark, len(many), *(plain.encode(each) + rest for each in many))
        assert len(plain.decode(data)) == len(many)
        one_more = array(mark, len(many) + 1, *(plain.encode(n) + rest for n in [*many, -9]))
        with pytest.raises(plain.NotPlainError, match="can be compared"):
            plain.decode(one_more)
    with pytest.raises(plain.NotPlainError, match="keys"):
        plain.refuse_crafted([*many, -9])
    for empty in (set(), frozenset(), {}):
        data = array(b"l", 2**16 + 1, *[plain.encode(empty)] * (2**16 + 1))
        with pytest.raises(plain.NotPlainError, match="can be compared"):
            plain.decode(data)


@pytest.mark.parametrize(("mark", "rest"), [(b"e", b""), (b"z", b""), (b"d", b"N")])
def test_a_key_that_comes_twice_is_refused(mark: bytes, rest: bytes) -> None:
    """No writer of ours makes it, and reading it over and over is work for nothing."""
    data = array(mark, 3, *(plain.encode(each) + rest for each in (1, 2, True)))
    with pytest.raises(plain.NotPlainError, match="twice"):
        plain.decode(data)


def test_depth_ends_in_a_refusal_however_deep_the_reader_stands() -> None:
    def decoded(data: bytes, below: int) -> Any:
        return decoded(data, below - 1) if below else plain.decode(data)

    for mark in (b"l", b"t", b"e", b"z"):
        for depth in (60, 99, 150, 5000):
            data = array(mark, 1) * depth + array(b"z", 0)
            for below in (0, 300, 500, 700, 850):
                # Nothing else is raised, in particular no RecursionError.
                with suppress(plain.NotPlainError):
                    plain.decode(data) if not below else decoded(data, below)


def test_pairs_that_share_a_hash_are_no_craft() -> None:
    """-1 and -2 do, and so does each point of a grid with another one."""
    grid = {(x, y) for x in range(-40, 40) for y in range(-40, 40)}
    assert plain.decode(plain.encode(grid)) == grid
    assert plain.decode(plain.encode(dict.fromkeys(grid))) == dict.fromkeys(grid)


def test_long_keys_that_share_a_hash_are_refused() -> None:
    """Each would be compared, item by item, with all of them that stand before it."""
    ends = [tuple(-1 - (n >> bit & 1) for bit in range(6)) for n in range(64)]
    keys = [(*[0] * 4_000, *end) for end in ends]
    assert 15_000 < len(plain.encode(keys[0])) < 20_000
    assert len({hash(key) for key in keys}) == 1
    with pytest.raises(plain.NotPlainError, match="equal hashes"):
        plain.decode(array(b"e", len(keys), *map(plain.encode, keys)))
    few = keys[:10]
    several = [array(b"e", len(few), *map(plain.encode, few))] * 4
    assert plain.decode(several[0]) == {*few}
    with pytest.raises(plain.NotPlainError, match="equal hashes"):
        plain.decode(array(b"l", len(several), *several))


@pytest.mark.parametrize("body", [b"aN", b"a", array(b"a", 1), b"a" + plain.encode((1, 2))])
def test_an_array_is_a_list_of_items(body: bytes) -> None:
    with pytest.raises(plain.NotPlainError):
        plain.decode(body)


def test_references_are_written_out_up_to_the_limit() -> None:
    value: list[Any] = []
    for _ in range(100):
        value = [value, value]
    with pytest.raises(plain.TooLargeError):
        plain.encode(value, 10_000)
