"""Private tests in the original format, and pickles that want more than to be read."""

import base64
import json
import os
import pickle
import zlib
from collections import OrderedDict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from boundary.suites import pickled

TESTS = [{"input": "1\n", "output": "2\n", "testtype": "stdin"}] * 3


def packed(value: Any, protocol: int | None = None) -> str:
    """As the hub has it: JSON text, pickled, compressed, in base64."""
    return squeezed(pickle.dumps(value, protocol))


def squeezed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_original_format_is_read(protocol: int) -> None:
    text = json.dumps(TESTS)
    assert pickled.text_of(packed(text, protocol)) == text
    long = json.dumps("é" * 100_000)
    assert pickled.text_of(packed(long, protocol)) == long


def test_bytes_are_read_as_text() -> None:
    assert pickled.text_of(packed(b"[]")) == "[]"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_basic_containers_are_made(protocol: int) -> None:
    text = "again"
    value = {"a": [1, -2.5, None, True, 10**30], "b": (text, (text,), ()), "c": {}, "d": []}
    assert pickled.loads(pickle.dumps(value, protocol)) == value


class Malicious:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_calls_is_refused_and_calls_nothing(tmp_path: Path, protocol: int) -> None:
    made = tmp_path / "made"
    data = pickle.dumps(["fine", Malicious(made)], protocol)
    with pytest.raises(ValueError, match=r"refused: the instruction \w+ does not make plain data"):
        pickled.text_of(squeezed(data))
    assert not made.exists()
    pickle.loads(data)  # noqa: S301
    assert made.exists(), "it would have"


@pytest.mark.parametrize(
    "value", [OrderedDict(a=1), Decimal(1), Path(), {1, 2}, bytearray(b"a"), print, complex(1, 2)]
)
def test_nothing_but_plain_data_is_made(value: Any) -> None:
    with pytest.raises(ValueError, match="refused"):
        pickled.loads(pickle.dumps(value))


CRAFTED = {
    "no end": b"\x80\x04]",
    "nothing": b"",
    "an end without a value": b".",
    "a mark left over": b"(.",
    "values below a mark": b"K\x01(a.",
    "an append to a number": b"K\x01K\x02a.",
    "an item of a list": b"]K\x01K\x02s.",
    "an odd number of items": b"}(K\x01u.",
    "a key that cannot be one": b"}](]u.",
    "a name without a memo": b"h\x05.",
    "a persistent id": b"Pabc\n.",
    "a class by its name": b"cos\nsystem\n.",
    "a text cut off": b"X\xff\x00\x00\x00abc.",
    "an extension": b"\x82\x01.",
    "containers that double": b"]q\x00" + b"(h\x00h\x00lq\x00" * 50 + b".",
}


@pytest.mark.parametrize("data", CRAFTED.values(), ids=CRAFTED.keys())
def test_crafted_pickles_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="pickle"):
        pickled.loads(data)


def test_sizes_are_bounded() -> None:
    bomb = packed("x" * 5_000_000)
    assert len(bomb) < 50_000
    with pytest.raises(ValueError, match="larger than 1,000,000 bytes"):
        pickled.text_of(bomb, most=1_000_000)
    with pytest.raises(ValueError, match="too many values"):
        pickled.loads(b"(" + b"N" * 1_100_000 + b"l.")


@pytest.mark.parametrize("text", ["not base64", "AAAA", packed([1]), packed("x")[:20]])
def test_what_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="private tests"):
        pickled.text_of(text)
