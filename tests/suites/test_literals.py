"""Python literals in the text of tests."""

import ast
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boundary import cases
from boundary.suites.literals import as_json, value_of
from tests.test_cases import VALUES


def read(source: str) -> Any:
    text, count = as_json(source)
    values = [cases.decode(value) for value in json.loads(text)]
    assert len(values) == count
    return values


def is_written_as_literal(value: Any) -> bool:
    return not any(word in repr(value) for word in ("frozenset", "infj"))


@settings(deadline=None)
@given(st.lists(VALUES, max_size=4).filter(is_written_as_literal))
def test_what_python_writes_is_read_back(values: list[Any]) -> None:
    assert repr(read(repr(values))) == repr(values) or read(repr(values)) == values


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("[]", []),
        ("[1, -2, 3.5, -1e-30, 1e+100]", [1, -2, 3.5, -1e-30, 1e100]),
        ("[inf, -inf, True, None]", [float("inf"), float("-inf"), True, None]),
        ("['in \"quotes\"', \"it's\", 'a\\nb', '\\'']", ['in "quotes"', "it's", "a\nb", "'"]),
        ("['None', 'inf', '[1, 2]']", ["None", "inf", "[1, 2]"]),
        ("[(1,), (), (1, 2), (1, 2,)]", [(1,), (), (1, 2), (1, 2)]),
        (
            "[{}, set(), {1}, {1: 2}, {(1, 2): {3: [4]}}]",
            [{}, set(), {1}, {1: 2}, {(1, 2): {3: [4]}}],
        ),
        ("[{'a': 1, 'b': (2,),}]", [{"a": 1, "b": (2,)}]),
        ("[(1), (1 + 2j), 2 * 3, 'a' + 'b']", [1, 1 + 2j, 6, "ab"]),
        ("[b'ab', 12345678901234567890123]", [b"ab", 12345678901234567890123]),
        ("[[\n  1,\n  2,\n]]", [[1, 2]]),
    ],
)
def test_forms_of_literals(source: str, value: list[Any]) -> None:
    assert repr(read(source)) == repr(value)


@pytest.mark.parametrize(
    "source",
    [
        *("f(1)", "[f(1)]", "[x]", "[1, 2", "(1, 2)", "[1 2]", "[1:2]", "{1: 2}", "", "[*a]"),
        *(
            "[10 ** 10 ** 10]",
            "[2 ** -5000]",
            "[1 / 0]",
            "[-'a']",
            "[{**a}]",
            "[set(1)]",
            "[list(a=1)]",
        ),
        "[" * 1000,
        "__import__('os').system('true')",
    ],
)
def test_what_is_no_list_of_constants_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        as_json(source)


def test_arithmetic_is_bounded() -> None:
    def value(source: str) -> Any:
        return value_of(ast.parse(source, mode="eval").body)

    assert value("+3 - -2 / 4") == 3.5
    assert value("tuple([1, 2])") == (1, 2)
    assert value("0 ** 0") == 1
    for source in ("9 ** 9999", "1 % 2", "'a' * 9", "1 if 2 else 3", "max(1, 2)"):
        with pytest.raises(ValueError, match=r"."):
            value(source)
