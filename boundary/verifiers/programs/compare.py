"""Whether an output is the expected one, by the rule of its suite; outputs are plain data.

====== ==========================================================================================
rule   an output passes if it
====== ==========================================================================================
equal     equals the expected value, as ``==`` has it
truth     is as true or false as expected
tuple     has the expected elements in their order
close     differs by less than ``atol``
evalplus  equals it, or is of its type and length and close: within ``atol`` and 1e-7 of the value;
          ``atol`` is 1e-6 where it is 0 and floats are expected
set       has the same elements, whatever their order and number
not_none  is the expected bool, or is something, if it is no bool and True is expected
root      makes the polynomial with the given coefficients 0 within ``atol``
lines     prints the same lines, token by token: equal text, or equal decimal numbers
json      equals it; a tuple may stand for a list
====== ==========================================================================================

The rules of EvalPlus are those of its package, 0.3.1.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any, NamedTuple

from boundary.sandbox import plain

_RELATIVE = 1e-7
_FLOAT_ATOL = 1e-6
_EXACT = {bool, int, str, bytes, type(None)}
# Rules by which an output passes that equals the expected value, whatever that is.
_EQUALITIES = ("equal", "close", "evalplus")
_NUMBER = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,5})?", re.ASCII)


class Rule(NamedTuple):
    """How outputs of a problem are compared; ``oracle`` names a second right reading."""

    name: str
    atol: float = 0.0
    oracle: str | None = None

    def passes(self, output: Any, expected: Any, arguments: Sequence[Any]) -> bool:
        """Whether an output is right; one of another kind than expected is not.

        Raises:
            KeyError: There is no such rule.
        """
        compare, other = _RULES[self.name], _ORACLES[self.oracle] if self.oracle else None
        try:
            if compare(output, expected, arguments, self.atol):
                return True
            return other is not None and bool(output == other(*arguments))
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
            return False

    def accepts_itself(self, value: Any) -> bool:
        """Whether an output passes that is the expected value to the byte."""
        return self.name in _EQUALITIES and _equals_itself(value)

    @property
    def is_known(self) -> bool:
        """Whether there is such a rule."""
        return self.name in _RULES and (self.oracle is None or self.oracle in _ORACLES)


def _equals_itself(value: Any) -> bool:
    """Whether plain data is equal to a copy of it: there is no NaN in it."""
    if isinstance(value, float | complex):
        return value == value
    if isinstance(value, dict):
        return _equals_itself(list(value)) and _equals_itself(list(value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return set(map(type, value)) <= _EXACT or all(map(_equals_itself, value))
    return True


def _equal(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    return bool(output == expected)


def _truth(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    return bool(output) == bool(expected)


def _tuple(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    return tuple(output) == tuple(expected)


def _close(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    return bool(output == expected or abs(output - expected) < atol)


def _evalplus(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    if output == expected:
        return True
    tolerance = _FLOAT_ATOL if atol == 0 and _are_floats(expected) else atol
    if tolerance == 0 or type(output) is not type(expected):
        return False
    return _near(output, expected, tolerance)


def _are_floats(value: Any) -> bool:
    if isinstance(value, list | tuple) and value:
        return all(isinstance(each, float) for each in value)
    return isinstance(value, float)


def _near(output: Any, expected: Any, atol: float) -> bool:
    """Each number within ``atol`` and a share of the expected one; infinities equal themselves."""
    if isinstance(expected, list | tuple):
        alike = isinstance(output, list | tuple) and len(output) == len(expected)
        return alike and all(map(_near, output, expected, [atol] * len(expected)))
    if isinstance(output, str | bytes) or isinstance(expected, str | bytes):
        return False
    if output == expected:
        return True
    difference = abs(output - expected)
    return math.isfinite(abs(expected)) and bool(difference <= atol + _RELATIVE * abs(expected))


def _set(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    plain.refuse_crafted(output)
    return set(output) == set(expected)


def _not_none(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    found = output if isinstance(output, bool) else output is not None
    return bool(found == expected)


def _root(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    value = sum(c * math.pow(output, power) for power, c in enumerate(arguments[0]))
    return bool(abs(value) <= atol)


def _lines(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    pairs = zip_longest(_of(output), _of(expected))
    return all(found == stated or _same_tokens(found, stated) for found, stated in pairs)


def _of(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def _same_tokens(found: str | None, stated: str | None) -> bool:
    if found is None or stated is None:
        return False
    left, right = found.split(), stated.split()
    return len(left) == len(right) and all(map(_same_token, left, right))


def _same_token(found: str, stated: str) -> bool:
    if found == stated:
        return True
    if not (_NUMBER.fullmatch(found) and _NUMBER.fullmatch(stated)):
        return False
    try:
        return Decimal(found) == Decimal(stated)
    except InvalidOperation:
        return False


def _json(output: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
    return bool((list(output) if isinstance(output, tuple) else output) == expected)


def _digit_distance(one: int, other: int) -> int:
    """Mbpp/558: the digits of the shorter number stand below the last ones of the other."""
    width = max(len(str(one)), len(str(other)))
    pairs = zip(str(one).zfill(width), str(other).zfill(width), strict=True)
    return sum(abs(int(a) - int(b)) for a, b in pairs)


def _pyramid_surface(edge: float, height: float) -> int:
    """Mbpp/581: the height taken as that of the pyramid, instead of its side's."""
    return round(edge**2 + 2 * edge * math.sqrt((edge / 2) ** 2 + height**2))


_RULES: Mapping[str, Callable[[Any, Any, Sequence[Any], float], bool]] = {
    "equal": _equal,
    "truth": _truth,
    "tuple": _tuple,
    "close": _close,
    "evalplus": _evalplus,
    "set": _set,
    "not_none": _not_none,
    "root": _root,
    "lines": _lines,
    "json": _json,
}
_ORACLES: Mapping[str, Callable[..., Any]] = {
    "digit_distance": _digit_distance,
    "pyramid_surface": _pyramid_surface,
}
