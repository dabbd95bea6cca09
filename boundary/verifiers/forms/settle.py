"""What an answer comes down to before it is compared: without asides, its signs spelled out."""

from boundary.verifiers.forms import naming, values
from boundary.verifiers.forms.numeric import UndecidedError
from boundary.verifiers.forms.tree import (
    Call,
    Const,
    Form,
    Group,
    Joined,
    Matrix,
    Num,
    Percent,
    Phrase,
    PlusMinus,
    Power,
    Product,
    Quantity,
    Relation,
    Several,
    Sum,
    Sym,
    children,
    negated,
)

SCALARS = (Num, Sym, Const, Sum, Product, Power, Call)


def settled(form: Form) -> Form:
    """Without asides: the middle of a chain of equations, an approximate value, ``x in``."""
    if isinstance(form, Relation):
        form = _unchained(form)
    if isinstance(form, Relation) and form.signs == ("in",) and naming.label(form.members[0]):
        return settled(form.members[1])
    if _has_sign(form):
        return Several(tuple(_both(form)), braced=False)
    if isinstance(form, Several) and any(_has_sign(item) for item in form.items):
        return Several(tuple(f for item in form.items for f in _both(item)), form.braced)
    return form


def _unchained(form: Relation) -> Form:
    members, signs = form.members, form.signs
    if "~" in signs:
        at = signs.index("~")
        if at == 0 and len(signs) == 1 and naming.label(members[0]):
            signs = ("=",)
        else:
            members, signs = members[: at + 1], signs[:at]
    if set(signs) == {"="} and len(signs) > 1:
        members, signs = (members[0], members[-1]), ("=",)
    if not signs:
        return members[0]
    if signs == ("=",) and is_constant(members[0]) and is_constant(members[1]):
        return members[1]
    return Relation(members, signs)


def is_constant(form: Form) -> bool:
    """Whether it is an expression without a symbol; a lone ``e`` may well be one."""
    if isinstance(form, Const) and form.name == "e":
        return False
    return isinstance(form, SCALARS) and not has_names(form)


def _has_sign(form: Form) -> bool:
    if isinstance(form, PlusMinus):
        return True
    if isinstance(form, Several | Group | Phrase | Matrix | Joined):
        return False
    return any(_has_sign(child) for child in children(form))


def _both(form: Form) -> list[Form]:
    return [_signed(form, 1), _signed(form, -1)] if _has_sign(form) else [form]


def _signed(form: Form, sign: int) -> Form:
    match form:
        case PlusMinus(term, own):
            inner = _signed(term, sign)
            return inner if sign * own > 0 else negated(inner)
        case Sum(terms):
            return Sum(tuple(_signed(term, sign) for term in terms))
        case Product(factors):
            return Product(tuple(_signed(factor, sign) for factor in factors))
        case Power(base, exponent):
            return Power(_signed(base, sign), _signed(exponent, sign))
        case Call(name, args):
            return Call(name, tuple(_signed(arg, sign) for arg in args))
        case Relation(members, signs):
            return Relation(tuple(_signed(member, sign) for member in members), signs)
        case Quantity(value, unit):
            return Quantity(_signed(value, sign), unit)
        case Percent(value):
            return Percent(_signed(value, sign))
        case _:
            return form


def has_names(form: Form) -> bool:
    """Whether its value depends on a symbol, as far as that can be told."""
    try:
        return bool(values.names_of(form))
    except (UndecidedError, RecursionError):
        return True
