"""Values of expressions: exact where they are rational, else to sixty digits.

Two expressions are equal where their values agree at points drawn once and for all: rational
points between 0 and 24, where a variable is taken to be positive, as lengths and masses are. Two
different expressions of the size of an answer agree at all of them with a chance that can be
neglected; agreement of irrational values means forty digits.
"""

import functools
import hashlib
import importlib
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

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
from boundary.verifiers.forms.words import listed

Value: TypeAlias = Any  # Fraction, or a real or complex number of mpmath

DIGITS = 60
_AGREE_DIGITS = 40
# Agreement to more digits than this, but not to all, is cancellation or chance.
_DOUBTFUL_DIGITS = 20

# Numbers beyond these are not written out; what needs them is left undecided.
MAX_BITS = 40_000
_MAX_LOG2 = 2**40
_MAX_FACTORIAL = 3000
MAX_NODES = 4000

# Where expressions are compared: the interval of the first three holds what lies under roots and
# in logarithms of (1 - x), the rest tells max(x, 1) from 1.
_RANGES = ((0, 1), (0, 1), (0, 1), (1, 4), (1, 4), (4, 24), (4, 24))
_NEGATIVE = ((-1, 0), (-4, -1), (-24, -4))
_NEEDED = 3


class UndecidedError(Exception):
    """The expression has no value that these rules can find."""


class _Budget:
    """Work left for the comparison at hand, in evaluations of a node; big integers count more."""

    left = 0

    @classmethod
    def spend(cls, work: int) -> None:
        cls.left -= work
        if cls.left < 0:
            raise UndecidedError


# About a third of a second on one core.
WORK = 60_000


def begin(work: int = WORK) -> None:
    """Give the comparison that begins its share of work."""
    _Budget.left = work


class UnboundedError(UndecidedError):
    """The value is too large to write down."""


@functools.cache
def _mp() -> Any:
    """A context of mpmath of our own: nobody else's precision is touched."""
    context = importlib.import_module("mpmath.ctx_mp").MPContext()
    context.dps = DIGITS
    return context


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


def is_exact(value: Value) -> bool:
    """Whether a value is rational and exact."""
    return isinstance(value, Fraction)


def close(one: Value, other: Value, *, doubt: bool = True) -> bool:
    """Whether two values are the same number, exactly or to forty digits.

    With ``doubt``, values that agree to half as many may be what cancellation left.

    Raises:
        UndecidedError: They are too close to tell apart by the digits at hand.
    """
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    mp = _mp()
    one, other = _inexact(one), _inexact(other)
    if mp.isinf(one) or mp.isinf(other):
        return bool(one == other)
    size = max(abs(one), abs(other))
    # Next to a true zero, what is left of a cancelled sum is tiny but not zero.
    floor = mp.mpf(10) ** -_AGREE_DIGITS
    small = min(abs(one), abs(other)) == 0 or size < floor
    gap = abs(one - other)
    agreed = gap <= (floor if small else size * floor)
    if doubt and not agreed and gap < size * mp.mpf(10) ** -_DOUBTFUL_DIGITS:
        raise UndecidedError
    if agreed and size > mp.mpf(10) ** _AGREE_DIGITS and one != other:
        raise UndecidedError
    return bool(agreed)


def real(value: Value) -> Value:
    """The value as a real number.

    Raises:
        UndecidedError: It is complex.
    """
    if isinstance(value, Fraction):
        return value
    mp = _mp()
    value = _inexact(value)
    if isinstance(value, mp.mpc):
        if abs(value.imag) > mp.mpf(10) ** -_AGREE_DIGITS * max(1, abs(value.real)):
            raise UndecidedError
        value = value.real
    if mp.isnan(value):
        raise UndecidedError
    return value


def alike(*found: Value) -> tuple[Value, ...]:
    """The same real values, all exact or all inexact, so that they can be reckoned with."""
    if all(isinstance(value, Fraction) for value in found):
        return found
    return tuple(_inexact(real(value)) for value in found)


def less(one: Value, other: Value) -> bool:
    """Whether a real value lies below another."""
    one, other = alike(one, other)
    return bool(one < other)


def infinity(sign: int) -> Value:
    """Plus or minus infinity."""
    return sign * _mp().inf


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
        return not less(constant(form.exponent), Fraction(_MAX_LOG2))
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
            if not _is_usable(f) or not _is_usable(g):
                continue
            if _is_zero(f) != _is_zero(g):
                return False
            if _is_zero(f):
                continue
            if positive and (real(f) > 0) != (real(g) > 0):
                return False
            first = first or (f, g)
            if not close(_multiply(first[0], g), _multiply(first[1], f)):
                return False
        except UnboundedError:
            return None
        except UndecidedError:
            continue
        agreed += 1
    return True if agreed >= _NEEDED else None


def _same_constant(one: Form, other: Form) -> bool | None:
    try:
        return close(_value(one, {}), _value(other, {}), doubt=False)
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
    """Whether the values agree at a point; ``None`` where one is not real there."""
    try:
        f, g = _value(one, point), _value(other, point)
        usable = _is_usable(f), _is_usable(g)
        if usable != (True, True):
            # Below zero, ln|x| has a value and ln x has none: they are not the same.
            return False if True in usable and min(point.values()) < 0 else None
        return close(f, g)
    except UndecidedError:
        return None


def _same_beyond_reals(one: Form, other: Form, names: list[str]) -> bool | None:
    """For expressions that are hardly ever real: all their complex values must agree."""
    agreed = 0
    for point in _points(names, one, other):
        try:
            if not close(_value(one, point), _value(other, point)):
                return False
        except UndecidedError:
            continue
        agreed += 1
    return True if agreed >= _NEEDED else None


def _is_usable(value: Value) -> bool:
    try:
        return bool(_mp().isfinite(_inexact(real(value)))) if not is_exact(value) else True
    except UndecidedError:
        return False


def _is_zero(value: Value) -> bool:
    if isinstance(value, Fraction):
        return value == 0
    return bool(abs(value) < _mp().mpf(10) ** -_AGREE_DIGITS)


def _inexact(value: Value) -> Value:
    if isinstance(value, Fraction):
        mp = _mp()
        return mp.mpf(value.numerator) / value.denominator
    return value


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _value(form: Form, point: Mapping[str, Fraction]) -> Value:
    _Budget.spend(1)
    match form:
        case Num(value):
            return value
        case Sym(name):
            return point[name]
        case Const(name):
            return _constant(name)
        case Sum(terms):
            return functools.reduce(_add, (_value(term, point) for term in terms))
        case Product(factors):
            return functools.reduce(_multiply, (_value(factor, point) for factor in factors))
        case Power(base, exponent):
            return _power(_value(base, point), _value(exponent, point))
        case Call(name, args):
            return _call(name, args, point)
        case Quantity(value, "deg"):
            return _multiply(_value(value, point), _mp().pi / 180)
        case Percent(value):
            return _multiply(_value(value, point), Fraction(1, 100))
        case _:
            pass
    raise UndecidedError


def _constant(name: str) -> Value:
    mp = _mp()
    return {"pi": +mp.pi, "e": +mp.e, "i": mp.mpc(0, 1), "oo": mp.inf}[name]


def _affordable(one: Fraction, other: Fraction) -> bool:
    bits = _bits(one) + _bits(other)
    _Budget.spend(bits >> 8)
    return bits <= 2 * MAX_BITS


def _add(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction) and _affordable(one, other):
        return one + other
    return _inexact(one) + _inexact(other)


def _multiply(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction) and _affordable(one, other):
        return one * other
    return _inexact(one) * _inexact(other)


def _power(base: Value, exponent: Value) -> Value:
    mp = _mp()
    if base == 0:
        if not is_exact(exponent) or exponent <= 0:
            if is_exact(exponent) and exponent == 0:
                return Fraction(1)
            raise UndecidedError
        return Fraction(0)
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        power = int(exponent)
        if isinstance(base, Fraction) and _bits(base) * abs(power) <= MAX_BITS:
            return base**power
        _bound(base, exponent)
        return _inexact(base) ** power
    if isinstance(exponent, Fraction) and exponent.denominator % 2 and _is_negative(base):
        root = (-_inexact(real(base))) ** _inexact(exponent)
        return -root if exponent.numerator % 2 else root
    _bound(base, exponent)
    return mp.power(_inexact(base), _inexact(exponent))


def _is_negative(value: Value) -> bool:
    if isinstance(value, Fraction):
        return value < 0
    mp = _mp()
    if isinstance(value, mp.mpc):
        return bool(value.imag == 0 and value.real < 0)
    return bool(value < 0)


def _bound(base: Value, exponent: Value) -> None:
    """Refuse powers that could not be written down."""
    mp = _mp()
    base, exponent = _inexact(base), _inexact(exponent)
    if not (mp.isfinite(base) and mp.isfinite(exponent)):
        raise UndecidedError
    if abs(exponent) > _MAX_LOG2:
        raise UnboundedError
    if abs(mp.log(abs(base), 2)) * abs(exponent) > _MAX_LOG2:
        raise UnboundedError


def _call(name: str, args: tuple[Form, ...], point: Mapping[str, Fraction]) -> Value:
    if name == "det":
        return _determinant(args, point)
    values = [_value(arg, point) for arg in args]
    function = _FUNCTIONS.get(name)
    if function is None:
        return _opaque(name, values)
    try:
        return function(*values)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError, ArithmeticError):
        raise UndecidedError from None


def _opaque(name: str, values: list[Value]) -> Fraction:
    """A value for an unknown function: the same for the same arguments, else any other."""
    mp = _mp()
    spelled = [mp.nstr(_inexact(value), 25) for value in values]
    digest = hashlib.blake2b(repr((name, spelled)).encode("utf-8", "replace"), digest_size=4)
    return Fraction(int.from_bytes(digest.digest(), "big") + 1, 1 << 28)


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
        total = _add(total, _multiply(Fraction((-1) ** at), _multiply(entry, minor)))
    return total


def _elementary(name: str) -> Callable[..., Value]:
    """A function of mpmath, with its argument kept within bounds."""

    def function(value: Value) -> Value:
        mp = _mp()
        value = _inexact(value)
        if not mp.isfinite(value) or abs(value) > 2.0**64:
            raise UndecidedError
        found = getattr(mp, name)(value)
        if not mp.isfinite(found):
            raise UndecidedError
        return found

    return function


def _exp(value: Value) -> Value:
    return _power(_constant("e"), value)


def _log(value: Value, base: Value | None = None) -> Value:
    mp = _mp()
    if _is_zero(value):
        raise UndecidedError
    found = mp.log(_inexact(value))
    return found if base is None else found / mp.log(_inexact(base))


def _sqrt(value: Value) -> Value:
    mp = _mp()
    value = _inexact(value)
    if not mp.isfinite(value):
        raise UndecidedError
    return mp.sqrt(value)


def _root(value: Value, degree: Value) -> Value:
    if not isinstance(degree, Fraction) or degree.denominator != 1 or not 1 <= degree <= 1000:
        return _power(value, 1 / _inexact(degree))
    return _power(value, 1 / degree)


def _factorial(value: Value) -> Value:
    mp = _mp()
    if isinstance(value, Fraction) and value.denominator == 1:
        if value < 0:
            raise UndecidedError
        if value > _MAX_FACTORIAL:
            raise UnboundedError
        _Budget.spend(int(value))
        found = 1
        for factor in range(2, int(value) + 1):
            found *= factor
        return Fraction(found)
    if abs(_inexact(value)) > _MAX_FACTORIAL:
        raise UnboundedError
    return mp.gamma(_inexact(value) + 1)


def _gamma(value: Value) -> Value:
    return _factorial(_add(value, Fraction(-1)))


def _binom(n: Value, k: Value) -> Value:
    if not (is_exact(n) and is_exact(k) and n.denominator == k.denominator == 1):
        if max(abs(_inexact(n)), abs(_inexact(k))) > _MAX_FACTORIAL:
            raise UnboundedError
        return _mp().binomial(_inexact(n), _inexact(k))
    if not 0 <= k <= n:
        return Fraction(0) if n >= 0 else _raise(UndecidedError)
    if n > _MAX_FACTORIAL:
        raise UnboundedError
    return _factorial(n) / _factorial(k) / _factorial(n - k)


def _raise(error: type[Exception]) -> Value:
    raise error


def _floor(value: Value, *, up: bool = False) -> Value:
    value = real(value)
    if isinstance(value, Fraction):
        return Fraction(-(-value.numerator // value.denominator) if up else int(value // 1))
    mp = _mp()
    if not mp.isfinite(value) or abs(value) > mp.mpf(10) ** 30:
        raise UndecidedError
    near = mp.nint(value)
    if abs(value - near) < mp.mpf(10) ** -_AGREE_DIGITS:
        return Fraction(int(near))
    return Fraction(int(mp.ceil(value) if up else mp.floor(value)))


def _mod(value: Value, by: Value) -> Value:
    if not (is_exact(value) and is_exact(by)) or by == 0:
        raise UndecidedError
    return value - by * (value // by)


def _whole(value: Value) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1:
        raise UndecidedError
    return int(value)


def _gcd(*values: Value) -> Value:
    return Fraction(math.gcd(*(_whole(value) for value in values)))


def _lcm(*values: Value) -> Value:
    return Fraction(math.lcm(*(_whole(value) for value in values)))


def _extreme(pick: Callable[..., Value]) -> Callable[..., Value]:
    return lambda *values: pick(real(value) for value in values)


def _sign(value: Value) -> Value:
    value = real(value)
    return Fraction(0) if _is_zero(value) else Fraction(1 if value > 0 else -1)


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "sqrt": _sqrt,
    "cbrt": lambda value: _root(value, Fraction(3)),
    "root": _root,
    "exp": _exp,
    "ln": _log,
    "log": _log,
    "lg": lambda value: _log(value, Fraction(10)),
    "abs": lambda value: abs(value),
    "factorial": _factorial,
    "gamma": _gamma,
    "binom": _binom,
    "floor": _floor,
    "ceil": lambda value: _floor(value, up=True),
    "mod": _mod,
    "gcd": _gcd,
    "lcm": _lcm,
    "max": _extreme(max),
    "min": _extreme(min),
    "sign": _sign,
    "arg": _elementary("arg"),
    "Re": _elementary("re"),
    "Im": _elementary("im"),
}
_FUNCTIONS |= {
    name: _elementary(spelled)
    for name, spelled in {
        **{f: f for f in listed("sin cos tan cot sec csc sinh cosh tanh coth sech csch")},
        **{f"arc{f}": f"a{f}" for f in listed("sin cos tan cot sec csc sinh cosh tanh")},
    }.items()
}

FUNCTION_NAMES = frozenset(_FUNCTIONS)
