"""Numbers as the verifier reckons with them: exact where rational, else to sixty digits.

It knows no forms: ``values`` evaluates these with what stands here. All of it is bounded in work,
which each comparison is given anew, and in the size of what is written down.
"""

import functools
import hashlib
import importlib
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

from boundary.verifiers.forms.words import listed

Value: TypeAlias = Any  # Fraction, or a real or complex number of mpmath

DIGITS = 60
_AGREE_DIGITS = 40
# Agreement to more digits than this, but not to all, is cancellation or chance.
_DOUBTFUL_DIGITS = 20

# Numbers beyond these are not written out; what needs them is left undecided.
MAX_BITS = 40_000
MAX_LOG2 = 2**40
_MAX_FACTORIAL = 3000


class UndecidedError(Exception):
    """The expression has no value that these rules can find."""


class UnboundedError(UndecidedError):
    """The value is too large to write down."""


class _Budget:
    """Work left for the comparison at hand, in evaluations of a node; big integers count more."""

    left = 0


# About a third of a second on one core.
WORK = 60_000


def spend(work: int) -> None:
    """Count work done for the comparison at hand.

    Raises:
        UndecidedError: None is left.
    """
    _Budget.left -= work
    if _Budget.left < 0:
        raise UndecidedError


def begin(work: int = WORK) -> None:
    """Give the comparison that begins its share of work."""
    _Budget.left = work


@functools.cache
def _mp() -> Any:
    """A context of mpmath of our own: nobody else's precision is touched."""
    context = importlib.import_module("mpmath.ctx_mp").MPContext()
    context.dps = DIGITS
    return context


def infinity(sign: int) -> Value:
    """Plus or minus infinity."""
    return sign * _mp().inf


def named(name: str) -> Value:
    """The constant of this name: pi, e, i or oo."""
    mp = _mp()
    return {"pi": +mp.pi, "e": +mp.e, "i": mp.mpc(0, 1), "oo": mp.inf}[name]


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


def is_zero(value: Value) -> bool:
    """Whether a value is zero, to forty digits where it is inexact."""
    if isinstance(value, Fraction):
        return value == 0
    return bool(abs(value) < _mp().mpf(10) ** -_AGREE_DIGITS)


def is_usable(value: Value) -> bool:
    """Whether a value is a finite real number."""
    try:
        return bool(_mp().isfinite(_inexact(real(value)))) if not is_exact(value) else True
    except UndecidedError:
        return False


def _inexact(value: Value) -> Value:
    if isinstance(value, Fraction):
        mp = _mp()
        return mp.mpf(value.numerator) / value.denominator
    return value


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _affordable(one: Fraction, other: Fraction) -> bool:
    bits = _bits(one) + _bits(other)
    spend(bits >> 8)
    return bits <= 2 * MAX_BITS


def add(one: Value, other: Value) -> Value:
    """The sum of two values."""
    if isinstance(one, Fraction) and isinstance(other, Fraction) and _affordable(one, other):
        return one + other
    return _inexact(one) + _inexact(other)


def multiply(one: Value, other: Value) -> Value:
    """The product of two values."""
    if isinstance(one, Fraction) and isinstance(other, Fraction) and _affordable(one, other):
        return one * other
    return _inexact(one) * _inexact(other)


def power(base: Value, exponent: Value) -> Value:
    """A value raised to another; odd roots of negative numbers are real.

    Raises:
        UndecidedError: There is no such value.
        UnboundedError: It is too large to write down.
    """
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
    if abs(exponent) > MAX_LOG2:
        raise UnboundedError
    if abs(mp.log(abs(base), 2)) * abs(exponent) > MAX_LOG2:
        raise UnboundedError


def _opaque(name: str, values: list[Value]) -> Fraction:
    """A value for an unknown function: the same for the same arguments, else any other."""
    mp = _mp()
    spelled = [mp.nstr(_inexact(value), 25) for value in values]
    digest = hashlib.blake2b(repr((name, spelled)).encode("utf-8", "replace"), digest_size=4)
    return Fraction(int.from_bytes(digest.digest(), "big") + 1, 1 << 28)


def call(name: str, values: list[Value]) -> Value:
    """The value of a function by its name; an unknown one has a value of its own.

    Raises:
        UndecidedError: It has none for these arguments, or none within bounds.
    """
    function = _FUNCTIONS.get(name)
    if function is None:
        return _opaque(name, values)
    try:
        return function(*values)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError, ArithmeticError):
        raise UndecidedError from None


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
    return power(named("e"), value)


def _log(value: Value, base: Value | None = None) -> Value:
    mp = _mp()
    if is_zero(value):
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
        return power(value, 1 / _inexact(degree))
    return power(value, 1 / degree)


def _factorial(value: Value) -> Value:
    mp = _mp()
    if isinstance(value, Fraction) and value.denominator == 1:
        if value < 0:
            raise UndecidedError
        if value > _MAX_FACTORIAL:
            raise UnboundedError
        spend(int(value))
        found = 1
        for factor in range(2, int(value) + 1):
            found *= factor
        return Fraction(found)
    if abs(_inexact(value)) > _MAX_FACTORIAL:
        raise UnboundedError
    return mp.gamma(_inexact(value) + 1)


def _gamma(value: Value) -> Value:
    return _factorial(add(value, Fraction(-1)))


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
    return Fraction(0) if is_zero(value) else Fraction(1 if value > 0 else -1)


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
