"""Texts that are read as Python, whatever they are."""

import ast

import pytest

from boundary.verifiers.programs.source import parsed

UNREADABLE = {
    "words": "It is two.",
    "a null byte": "a\0b",
    "half of a surrogate pair": "'\ud800'",
    "a sum of many terms": "1+" * 50_000 + "1",
    "many attributes": "a" + ".b" * 50_000,
    "many signs": "-" * 100_000 + "1",
    "many functions": "lambda:" * 20_000 + "1",
    "many brackets": "[" * 100_000,
    "many branches": "if a:\n  1\n" + "elif a:\n  1\n" * 20_000,
    "many digits": "1" * 5_000,
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_no_python(text: str) -> None:
    with pytest.raises(SyntaxError):
        parsed(text)


def test_nothing_is_computed_and_nothing_warned_of() -> None:
    """A warning would be an error here."""
    for text in ("9**9**9", "'a' * 10**12", r"'\d'", "1 is 1", "()()", "0x1for x in y"):
        assert isinstance(parsed(text), ast.Module)
