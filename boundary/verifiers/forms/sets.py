"""Sets of real numbers as what they cover: intervals, unions, inequalities in one variable."""

import functools
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from boundary.verifiers.forms import numeric, values
from boundary.verifiers.forms.numeric import UndecidedError, Value
from boundary.verifiers.forms.tree import (
    Call,
    Form,
    Group,
    Joined,
    PlusMinus,
    Reals,
    Relation,
    Several,
    Sum,
    Sym,
    negated,
)

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


class Piece(NamedTuple):
    """An interval; a single point where both ends are the same."""

    low: Value
    high: Value
    has_low: bool
    has_high: bool


Cover = tuple[Piece, ...]


def cover(form: Form) -> Cover | None:
    """The pieces of a set, in order and apart from each other, or ``None``."""
    try:
        return _merged(_pieces(form))
    except UndecidedError:
        return None


def same_cover(one: Cover, other: Cover) -> bool:
    """Whether two sets cover the same numbers."""
    return len(one) == len(other) and all(
        a.has_low == b.has_low
        and a.has_high == b.has_high
        and numeric.close(a.low, b.low)
        and numeric.close(a.high, b.high)
        for a, b in zip(one, other, strict=True)
    )


def _pieces(form: Form) -> list[Piece]:
    match form:
        case Group(opening, closing, (low, high)) if opening != "<":
            return _interval(low, high, opening == "[", closing == "]")
        case Several(items):
            return [piece for item in items for piece in _member(item)]
        case Joined("cup", left, right):
            return _pieces(left) + _pieces(right)
        case Joined("cap", left, right):
            return _common(_merged(_pieces(left)), _merged(_pieces(right)))
        case Joined("minus", left, right):
            return _common(_merged(_pieces(left)), _outside(_merged(_pieces(right))))
        case Reals("R"):
            return [_line_whole()]
        case Relation():
            return _solved(form)
        case _:
            pass
    raise UndecidedError


def _line_whole() -> Piece:
    return Piece(numeric.infinity(-1), numeric.infinity(1), has_low=False, has_high=False)


def _interval(low: Form, high: Form, has_low: bool, has_high: bool) -> list[Piece]:  # noqa: FBT001
    start, end = numeric.real(values.constant(low)), numeric.real(values.constant(high))
    if not numeric.less(start, end):
        if numeric.close(start, end) and has_low and has_high:
            return [Piece(start, end, has_low=True, has_high=True)]
        raise UndecidedError
    # No number is infinite, so the bracket beside infinity says nothing.
    return [Piece(start, end, has_low and not _infinite(start), has_high and not _infinite(end))]


def _infinite(value: Value) -> bool:
    return not isinstance(value, Fraction) and bool(abs(value) == numeric.infinity(1))


def _member(item: Form) -> list[Piece]:
    if isinstance(item, Relation | Group | Joined | Several):
        return _pieces(item)
    if isinstance(item, PlusMinus):
        return [*_member(item.term), *_member(negated(item.term))]
    value = numeric.real(values.constant(item))
    return [Piece(value, value, has_low=True, has_high=True)]


def _merged(pieces: Iterable[Piece]) -> Cover:
    found: list[Piece] = []
    for piece in sorted(pieces, key=functools.cmp_to_key(_by_start)):
        if found and _touch(found[-1], piece):
            found[-1] = _joined(found[-1], piece)
        else:
            found.append(piece)
    return tuple(found)


def _by_start(one: Piece, other: Piece) -> int:
    if numeric.close(one.low, other.low):
        return other.has_low - one.has_low
    return -1 if numeric.less(one.low, other.low) else 1


def _touch(left: Piece, right: Piece) -> bool:
    if numeric.close(right.low, left.high):
        return left.has_high or right.has_low
    return numeric.less(right.low, left.high)


def _joined(left: Piece, right: Piece) -> Piece:
    if numeric.close(left.high, right.high):
        return left._replace(has_high=left.has_high or right.has_high)
    return (
        left
        if numeric.less(right.high, left.high)
        else left._replace(high=right.high, has_high=right.has_high)
    )


def _outside(pieces: Cover) -> Cover:
    edges: list[tuple[Value, bool]] = [(numeric.infinity(-1), False)]
    for piece in pieces:
        edges += [(piece.low, not piece.has_low), (piece.high, not piece.has_high)]
    edges.append((numeric.infinity(1), False))
    found = []
    for (low, has_low), (high, has_high) in zip(edges[::2], edges[1::2], strict=True):
        has_low, has_high = has_low and not _infinite(low), has_high and not _infinite(high)
        is_point = numeric.close(low, high)
        if (has_low and has_high) if is_point else numeric.less(low, high):
            found.append(Piece(low, high, has_low, has_high))
    return tuple(found)


def _common(one: Cover, other: Cover) -> list[Piece]:
    return list(_outside(_merged([*_outside(one), *_outside(other)])))


def _solved(relation: Relation) -> list[Piece]:
    """What a chain of inequalities leaves of the line, where it is linear in one unknown."""
    if relation.signs == ("in",):
        return _pieces(relation.members[1])
    found: Cover = (_line_whole(),)
    for (left, right), sign in zip(pairwise(relation.members), relation.signs, strict=True):
        if sign not in _FLIPPED:
            raise UndecidedError
        found = tuple(_common(found, _half(left, right, sign)))
    return list(found)


def _half(left: Form, right: Form, sign: str) -> Cover:
    """Where one inequality holds; ``|x|`` and any function stand for a number of their own."""
    names = values.names_of(left) | values.names_of(right)
    if len(names) != 1:
        raise UndecidedError
    if _is_opaque(left) and not values.names_of(right):
        return _beside(left, numeric.real(values.constant(right)), sign)
    if _is_opaque(right) and not values.names_of(left):
        return _beside(right, numeric.real(values.constant(left)), _FLIPPED[sign])
    slope, offset = _line(Sum((left, negated(right))), next(iter(names)))
    return _ray(-offset / slope, sign if numeric.less(Fraction(0), slope) else _FLIPPED[sign])


def _is_opaque(form: Form) -> bool:
    return isinstance(form, Call) and len(form.args) == 1 and isinstance(form.args[0], Sym)


def _beside(call: Form, bound: Value, sign: str) -> Cover:
    assert isinstance(call, Call)
    if call.name != "abs":
        if call.name in _KNOWN:
            raise UndecidedError
        return _ray(bound, sign)
    inner = _ray(bound, sign)
    # |x| lies there where x does, or -x.
    positive = _common(inner, _ray(Fraction(0), ">="))
    mirrored = [Piece(-p.high, -p.low, has_low=p.has_high, has_high=p.has_low) for p in positive]
    return _merged([*positive, *mirrored])


_KNOWN = frozenset({"sqrt", "ln", "log", "exp", "sin", "cos", "tan", "floor", "ceil", "root"})


def _ray(bound: Value, sign: str) -> Cover:
    low, high = numeric.infinity(-1), numeric.infinity(1)
    if _infinite(bound):
        raise UndecidedError
    closed = sign in {"<=", ">="}
    if sign in {"<", "<="}:
        return (Piece(low, bound, has_low=False, has_high=closed),)
    if sign in {">", ">="}:
        return (Piece(bound, high, has_low=closed, has_high=False),)
    if sign == "=":
        return (Piece(bound, bound, has_low=True, has_high=True),)
    return (
        Piece(low, bound, has_low=False, has_high=False),
        Piece(bound, high, has_low=False, has_high=False),
    )


def _line(form: Form, name: str) -> tuple[Value, Value]:
    """Slope and offset of an expression that is linear in the variable.

    Raises:
        UndecidedError: It is not.
    """
    at = numeric.alike(*(numeric.real(_at(form, name, value)) for value in (0, 1, 2, 7, -5)))
    slope = at[1] - at[0]
    for value, found in zip((2, 7, -5), at[2:], strict=True):
        if not numeric.close(found, at[0] + slope * value):
            raise UndecidedError
    if numeric.close(slope, Fraction(0)):
        raise UndecidedError
    return slope, at[0]


def _at(form: Form, name: str, value: int) -> Value:
    return values.evaluate(form, {name: Fraction(value)})
