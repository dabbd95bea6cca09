"""Python literals in the text of tests, read without running anything.

:func:`as_json` turns a long literal into the text of :mod:`boundary.cases` piece by piece, without
building the values. What it does not know, sums of constants say, is parsed and computed by
:func:`value_of`.
"""

import ast
import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from boundary import cases

_TEXT = r"'[^'\\\n]*(?:\\.[^'\\\n]*)*'|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\""
_STRING = re.compile(f"({_TEXT})", re.DOTALL)
_WORD = re.compile(r"\b(?:True|False|None)\b|-?\b(?:inf|nan)\b")
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    rf"|(?P<text>{_TEXT})"
    r"|(?P<number>-?(?:\d+\.?\d*(?:[eE][+-]?\d+)?)(?![\w.]))"
    r"|(?P<word>True\b|False\b|None\b|-?inf\b|nan\b|set\(\))"
    r"|(?P<mark>[\[\](){},:])",
    re.DOTALL,
)
_WORDS = {
    "True": "true",
    "False": "false",
    "None": "null",
    "inf": '{"n":"inf"}',
    "-inf": '{"n":"-inf"}',
    "nan": '{"n":"nan"}',
    "-nan": '{"n":"nan"}',
    "set()": '{"s":[]}',
}
_SAFE_DIGITS = 18
_COMMAS = {",", "],["}
_MOST_DIGITS = 1000

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_CONTAINERS: Mapping[type[ast.expr], type] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}
_NAMES = {"inf": math.inf, "nan": math.nan}


def as_json(source: str) -> tuple[str, int]:
    """A list literal as JSON of encoded values, and how many it holds.

    Raises:
        ValueError: It is no list of plain values.
    """
    try:
        text = _lists(source) or _Translation(source).text()
        found = json.loads(text)
        if isinstance(found, list):
            return text, len(found)
    except (ValueError, IndexError, RecursionError):
        pass
    values = value_of(_parsed(source))
    if not isinstance(values, list):
        raise ValueError("no list")
    encoded = [cases.encode(value) for value in values]
    return json.dumps(encoded, separators=(",", ":"), allow_nan=False), len(values)


def value_of(node: ast.expr) -> Any:
    """The value of an expression of constants.

    Raises:
        ValueError: It is more than that.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return _CONTAINERS[type(node)](map(value_of, node.elts))
    if isinstance(node, ast.Dict) and all(node.keys):
        pairs = zip(node.keys, node.values, strict=True)
        return {value_of(key): value_of(value) for key, value in pairs if key}
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    if isinstance(node, ast.UnaryOp):
        return _signed(node)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _combined(node)
    if isinstance(node, ast.Call):
        return _called(node)
    raise ValueError(f"{ast.unparse(node)[:80]!r} is no constant")


def _parsed(source: str) -> ast.expr:
    try:
        return ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError("no literal") from error


def _signed(node: ast.UnaryOp) -> Any:
    value = value_of(node.operand)
    if isinstance(node.op, ast.USub) and isinstance(value, int | float | complex):
        return -value
    if isinstance(node.op, ast.UAdd) and isinstance(value, int | float | complex):
        return value
    raise ValueError("no number after a sign")


def _combined(node: ast.BinOp) -> Any:
    left, right = value_of(node.left), value_of(node.right)
    numbers = isinstance(left, int | float | complex) and isinstance(right, int | float | complex)
    texts = isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add)
    if not numbers and not texts:
        raise ValueError("no numbers to combine")
    if isinstance(node.op, ast.Pow) and max(abs(left), abs(right)) > _MOST_DIGITS:
        raise ValueError("a power too large")
    try:
        return _OPERATORS[type(node.op)](left, right)
    except ArithmeticError as error:
        raise ValueError("no value") from error


def _called(node: ast.Call) -> Any:
    """``set()``, and a list or tuple made of another."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    made = {"set": set, "list": list, "tuple": tuple}.get(name)
    if made is None or node.keywords or len(node.args) > 1:
        raise ValueError(f"a call of {name or 'something'} is no constant")
    values = [value_of(argument) for argument in node.args]
    if values and not isinstance(values[0], list | tuple | set):
        raise ValueError("no values to hold")
    return made(*values)


def _lists(source: str) -> str | None:
    """The JSON where lists are the only containers: all but words and strings stays as it is."""
    pieces = _STRING.split(source)
    if any("(" in piece or "{" in piece for piece in pieces[::2]):
        return None
    pieces[::2] = [_WORD.sub(lambda found: _WORDS[found[0]], piece) for piece in pieces[::2]]
    pieces[1::2] = map(_text, pieces[1::2])
    return "".join(pieces)


class _Translation:
    """One literal on its way to JSON: what is written, and the brackets that are open."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._out: list[str] = []
        # Of each open bracket: the mark, its place in the output, whether a comma was seen.
        self._open: list[list[Any]] = []

    def text(self) -> str:
        """The JSON.

        Raises:
            ValueError: Something is unknown here.
        """
        end = 0
        for match in _TOKEN.finditer(self._source):
            if match.start() != end:
                raise ValueError("an unknown token")
            end = match.end()
            kind = match.lastgroup
            if kind == "mark":
                self._mark(match[0])
            elif kind != "space":
                self._out.append(_SCALARS[kind or ""](match[0]))
        if end != len(self._source) or self._open:
            raise ValueError("an unknown token")
        return "".join(self._out)

    def _mark(self, mark: str) -> None:
        if mark in _OPENINGS:
            self._open.append([mark, len(self._out), False])
            self._out.append(_OPENINGS[mark])
        elif mark == ",":
            self._open[-1][2] = True
            self._out.append("],[" if self._open[-1][0] == ":" else ",")
        elif mark == ":":
            self._pair()
        else:
            self._close(mark)

    def _pair(self) -> None:
        """A colon: the brace it lies in is that of a dict."""
        top = self._open[-1]
        if top[0] == "{":
            self._out[top[1]] = '{"d":[['
            top[0] = ":"
        elif top[0] != ":":
            raise ValueError("a colon")
        self._out.append(",")

    def _close(self, mark: str) -> None:
        kind, start, has_comma = self._open.pop()
        if _PAIRS[kind] != mark:
            raise ValueError("a bracket")
        is_empty = start == len(self._out) - 1
        if self._out[-1] in _COMMAS:
            self._out.pop()
        if kind == "(" and not (is_empty or has_comma):
            raise ValueError("brackets around one value")
        if kind == "{" and is_empty:
            self._out[start] = '{"d":['
        self._out.append({"[": "]", ":": "]]}"}.get(kind, "]}"))


def _text(token: str) -> str:
    inner = token[1:-1]
    if "\\" in inner or '"' in inner or not inner.isprintable():
        return json.dumps(ast.literal_eval(token))
    return f'"{inner}"'


def _number(token: str) -> str:
    if len(token) <= _SAFE_DIGITS and "." not in token and "e" not in token and "E" not in token:
        return str(int(token))
    value = ast.literal_eval(token)
    return json.dumps(cases.encode(value), allow_nan=False)


_SCALARS: Mapping[str, Callable[[str], str]] = {
    "text": _text,
    "number": _number,
    "word": _WORDS.__getitem__,
}
_OPENINGS = {"[": "[", "(": '{"t":[', "{": '{"s":['}
_PAIRS = {"[": "]", "(": ")", "{": "}", ":": "}"}
