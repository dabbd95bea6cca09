"""Names in answers: what names a value, and what an equation says of it."""

from collections.abc import Sequence
from fractions import Fraction

from boundary.verifiers.forms import numeric
from boundary.verifiers.forms.tree import (
    Call,
    Const,
    Form,
    Group,
    Num,
    PlusMinus,
    Power,
    Product,
    Quantity,
    Ratio,
    Relation,
    Several,
    Sum,
    Sym,
)

_FUNCTIONS = frozenset(numeric.FUNCTION_NAMES) | {"det"}


def label(form: Form) -> str | None:
    """What names a value: ``x``, ``f(x)``, ``AB``, ``|AB|``, ``NO/BO``, ``S:T``, ``(x, y)``."""
    match form:
        case Sym(name):
            return name
        case Const("e" | "i" as name):
            return name
        case Call(name, args) if name not in _FUNCTIONS:
            return f"{name}({len(args)})"
        case Call("abs", (inner,)):
            named = label(inner)
            return f"|{named}|" if named else None
        case Product((above, Power(below, Num(Fraction(numerator=-1, denominator=1))))):
            return _labels("/", (above, below))
        case Product(factors) if all(is_point(factor) for factor in factors):
            return "".join(f.name for f in factors if isinstance(f, Sym))
        case Ratio(parts):
            return _labels(":", parts)
        case Group("(", ")", items):
            return _labels(",", items)
        case Quantity(value, "deg"):
            return label(value)
        case _:
            return None


def _labels(mark: str, forms: Sequence[Form]) -> str | None:
    found = [label(form) for form in forms]
    return mark.join(name for name in found if name) if all(found) else None


def is_point(form: Form) -> bool:
    """Whether a form is a point's name: one capital letter, with marks perhaps."""
    return isinstance(form, Sym) and form.name[:1].isupper()


def assignment(form: Form) -> tuple[str, Form] | None:
    """Name and value of an equation that gives something a value; else ``None``."""
    if not isinstance(form, Relation) or form.signs != ("=",):
        return None
    left, right = form.members
    name = label(left)
    if name:
        return name, right
    name = label(right)
    return (name, left) if name else None


def function(form: Form) -> Form:
    """The body of an equation, with the arguments of the function that it defines numbered."""
    assert isinstance(form, Relation)
    left, right = form.members
    return _renamed(left, right) if label(left) else _renamed(right, left)


def _renamed(function: Form, body: Form) -> Form:
    """A function's body with its arguments numbered: f(x) = x is f(y) = y."""
    if not isinstance(function, Call) or function.name == "abs":
        return body
    names = [arg.name for arg in function.args if isinstance(arg, Sym)]
    if len(names) != len(function.args) or len(set(names)) != len(names):
        return body
    return _substituted(body, {name: f"argument {at}" for at, name in enumerate(names)})


def _substituted(form: Form, names: dict[str, str]) -> Form:
    def deep(child: Form) -> Form:
        return _substituted(child, names)

    match form:
        case Sym(name):
            return Sym(names.get(name, name))
        case Sum(terms):
            return Sum(tuple(map(deep, terms)))
        case Product(factors):
            return Product(tuple(map(deep, factors)))
        case Power(base, exponent):
            return Power(deep(base), deep(exponent))
        case Call(name, args):
            return Call(name, tuple(map(deep, args)))
        case PlusMinus(term, sign):
            return PlusMinus(deep(term), sign)
        case Several(items, braced):
            return Several(tuple(map(deep, items)), braced)
        case Group(opening, closing, items):
            return Group(opening, closing, tuple(map(deep, items)))
        case _:
            return form
