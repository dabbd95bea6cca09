"""Values of expressions, and whether two of them are equal.

Two expressions are equal where their values agree at points drawn once and for all: rational
points between 0 and 24, where a variable is taken to be positive, as lengths and masses are. Two
different expressions of the size of an answer agree at all of them with a chance that can be
neglected; agreement of irrational values means forty digits.
"""

import functools
import hashlib
from collections.abc import Mapping
from fractions import Fraction

from boundary.verifiers.forms import numeric
from boundary.verifiers.forms.numeric import UnboundedError, UndecidedError, Value
from boundary.verifiers.forms.tree import (
    Call,
    Const,
    Form,
    Matrix,
    Num,
    Percent,
    Power,
    Product,
    Quantity,
    Sum,
    Sym,
    children,
)

MAX_NODES = 4000

# Where expressions are compared: the interval of the first three holds what lies under roots and
# in logarithms of (1 - x), the rest tells max(x, 1) from 1.
_RANGES = ((0, 1), (0, 1), (0, 1), (1, 4), (1, 4), (4, 24), (4, 24))
_NEGATIVE = ((-1, 0), (-4, -1), (-24, -4))
_NEEDED = 3


def same(one: Form, other: Form) -> bool | None:
    """Whether two scalars are equal; ``None`` where that cannot be decided."""
    names = sorted(names_of(one) | names_of(other))
    if not names:
        return _same_constant(one, other)
    found = [_agree(one, other, point) for point in _points(names, one, other)]
    decided = [agreed for agreed in found if agreed is not None]
    if False in decided:
        return False
    return True if len(decided) >= _NEEDED else _same_beyond_reals(one, other, names)


def constant(form: Form) -> Value:
    """The value of a scalar without variables.

    Raises:
        UndecidedError: It has none that can be found.
    """
    if names_of(form):
        raise UndecidedError
    return _value(form, {})


def evaluate(form: Form, point: Mapping[str, Fraction]) -> Value:
    """The value of a scalar where its variables have these values.

    Raises:
        UndecidedError: It has none that can be found.
    """
    return _value(form, point)


@functools.lru_cache(maxsize=4096)
def names_of(form: Form) -> frozenset[str]:
    """The variables of a form.

    Raises:
        UndecidedError: The form is too large.
    """
    names: set[str] = set()
    stack, seen = [form], 0
    while stack:
        node = stack.pop()
        seen += 1
        if seen > MAX_NODES:
            raise UndecidedError
        if isinstance(node, Sym):
            names.add(node.name)
        stack.extend(children(node))
    return frozenset(names)


def is_astronomic(form: Form) -> bool:
    """Whether the form is a tower of powers of numbers above 2, too high to be written down."""
    if not isinstance(form, Power):
        return False
    try:
        base = constant(form.base)
        if not isinstance(base, Fraction) or base < 2:
            return False
        if is_astronomic(form.exponent):
            return True
        return not numeric.less(constant(form.exponent), Fraction(numeric.MAX_LOG2))
    except UndecidedError:
        return False


def scale(one: Form, other: Form, *, positive: bool) -> bool | None:
    """Whether one scalar is a constant multiple of the other, not zero."""
    names = sorted(names_of(one) | names_of(other))
    first: tuple[Value, Value] | None = None
    agreed = 0
    for point in _points(names, one, other):
        try:
            f, g = _value(one, point), _value(other, point)
            if not numeric.is_usable(f) or not numeric.is_usable(g):
                continue
            if numeric.is_zero(f) != numeric.is_zero(g):
                return False
            if numeric.is_zero(f):
                continue
            if positive and (numeric.real(f) > 0) != (numeric.real(g) > 0):
                return False
            first = first or (f, g)
            if not numeric.close(numeric.multiply(first[0], g), numeric.multiply(first[1], f)):
                return False
        except UnboundedError:
            return None
        except UndecidedError:
            continue
        agreed += 1
    return True if agreed >= _NEEDED else None


def _same_constant(one: Form, other: Form) -> bool | None:
    try:
        return numeric.close(_value(one, {}), _value(other, {}), doubt=False)
    except UndecidedError:
        pass
    towers = is_astronomic(one), is_astronomic(other)
    if towers == (True, True):
        return True if one == other else None
    try:
        if towers == (True, False):
            _value(other, {})
            return False
        if towers == (False, True):
            _value(one, {})
            return False
    except UndecidedError:
        pass
    return None


def _points(names: list[str], *forms: Form) -> list[dict[str, Fraction]]:
    ranges = _RANGES + (_NEGATIVE if any(_needs_sign(form) for form in forms) else ())
    return [
        {name: _coordinate(name, at, low, high) for name in names}
        for at, (low, high) in enumerate(ranges)
    ]


@functools.lru_cache(maxsize=4096)
def _coordinate(name: str, at: int, low: int, high: int) -> Fraction:
    seed = hashlib.blake2b(f"{name} {at}".encode("utf-8", "replace"), digest_size=6).digest()
    share = Fraction(int.from_bytes(seed[:2], "big") * 2 + 1, 1 << 17)
    # A prime denominator keeps points off the grid that answers lie on.
    return low + (high - low) * Fraction(round(share * 997) or 1, 997)


def _needs_sign(form: Form) -> bool:
    """Whether signs matter: |x| and x agree wherever x is positive."""
    stack = [form]
    while stack:
        node = stack.pop()
        if isinstance(node, Call) and node.name in {"abs", "sign", "floor", "ceil", "max", "min"}:
            return True
        stack.extend(children(node))
    return False


def _agree(one: Form, other: Form, point: Mapping[str, Fraction]) -> bool | None:
    """Whether the values agree at a point; ``None`` where one is not numeric.real there."""
    try:
        f, g = _value(one, point), _value(other, point)
        usable = numeric.is_usable(f), numeric.is_usable(g)
        if usable != (True, True):
            # Below zero, ln|x| has a value and ln x has none: they are not the same.
            return False if True in usable and min(point.values()) < 0 else None
        return numeric.close(f, g)
    except UndecidedError:
        return None


def _same_beyond_reals(one: Form, other: Form, names: list[str]) -> bool | None:
    """For expressions that are hardly ever numeric.real: all their complex values must agree."""
    agreed = 0
    for point in _points(names, one, other):
        try:
            if not numeric.close(_value(one, point), _value(other, point)):
                return False
        except UndecidedError:
            continue
        agreed += 1
    return True if agreed >= _NEEDED else None


def _value(form: Form, point: Mapping[str, Fraction]) -> Value:
    numeric.spend(1)
    match form:
        case Num(value):
            return value
        case Sym(name):
            return point[name]
        case Const(name):
            return numeric.named(name)
        case Sum(terms):
            return functools.reduce(numeric.add, (_value(term, point) for term in terms))
        case Product(factors):
            return functools.reduce(numeric.multiply, (_value(factor, point) for factor in factors))
        case Power(base, exponent):
            return numeric.power(_value(base, point), _value(exponent, point))
        case Call(name, args):
            return _call(name, args, point)
        case Quantity(value, "deg"):
            return numeric.multiply(
                _value(value, point), numeric.multiply(numeric.named("pi"), Fraction(1, 180))
            )
        case Percent(value):
            return numeric.multiply(_value(value, point), Fraction(1, 100))
        case _:
            pass
    raise UndecidedError


def _call(name: str, args: tuple[Form, ...], point: Mapping[str, Fraction]) -> Value:
    if name == "det":
        return _determinant(args, point)
    return numeric.call(name, [_value(arg, point) for arg in args])


def _determinant(args: tuple[Form, ...], point: Mapping[str, Fraction]) -> Value:
    (matrix,) = args
    if not isinstance(matrix, Matrix) or len(matrix.rows) != len(matrix.rows[0]):
        raise UndecidedError
    if len(matrix.rows) > 4:
        raise UndecidedError
    return _expand([[_value(entry, point) for entry in row] for row in matrix.rows])


def _expand(rows: list[list[Value]]) -> Value:
    if len(rows) == 1:
        return rows[0][0]
    total: Value = Fraction(0)
    for at, entry in enumerate(rows[0]):
        minor = _expand([row[:at] + row[at + 1 :] for row in rows[1:]])
        total = numeric.add(
            total, numeric.multiply(Fraction((-1) ** at), numeric.multiply(entry, minor))
        )
    return total
