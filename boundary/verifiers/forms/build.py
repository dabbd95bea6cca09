"""Forms from their parts, where what is made depends on what the parts are."""

from fractions import Fraction

from boundary.verifiers.forms import words
from boundary.verifiers.forms.tokens import UnreadableError
from boundary.verifiers.forms.tree import (
    MINUS_ONE,
    Based,
    Const,
    Form,
    Group,
    Matrix,
    Num,
    Product,
    Relation,
    Several,
    Sum,
    Sym,
)

# A literal beyond this is no number that an answer gives.
MAX_DIGITS = 2000
MAX_EXPONENT = 2000


def literal(text: str) -> Num:
    """A number as it is written, with its decimal places and digits.

    Raises:
        UnreadableError: It is far too long.
    """
    mantissa, _, power = text.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    exponent = int(power[:8] or 0) if power else 0
    if len(mantissa) > MAX_DIGITS or abs(exponent) > MAX_EXPONENT:
        raise UnreadableError
    value = Fraction(int(whole + decimals), 10 ** len(decimals)) * Fraction(10) ** exponent
    places = max(len(decimals) - exponent, 0) if decimals or power else 0
    return Num(value, places, len((whole + decimals).lstrip("0")) if places else 0)


def letter(name: str) -> Form:
    """A letter: a constant, or a symbol in its usual spelling."""
    return Const(name) if name in {"e", "i"} else Sym(words.SAME_LETTER.get(name, name))


def small(form: Form) -> str:
    """A small whole number as text, for the power of a unit.

    Raises:
        UnreadableError: It is none.
    """
    if isinstance(form, Num) and form.value.denominator == 1 and abs(form.value) < 100:
        return str(form.value)
    if isinstance(form, Product) and len(form.factors) == 2 and form.factors[0] == MINUS_ONE:
        return "-" + small(form.factors[1])
    raise UnreadableError


def primed(form: Form) -> Form:
    """A symbol with one more prime.

    Raises:
        UnreadableError: It is no symbol.
    """
    if isinstance(form, Sym):
        return Sym(form.name + "'")
    raise UnreadableError


def based(number: Num, base: Form) -> Based:
    """A whole number that is written in a base.

    Raises:
        UnreadableError: It is none, or no such base.
    """
    if not isinstance(base, Num) or base.value.denominator != 1 or not 0 <= base.value < 100:
        raise UnreadableError
    if number.places or number.value.denominator != 1:
        raise UnreadableError
    return Based(str(number.value.numerator), int(base.value))


def sum_of(terms: list[Form]) -> Form:
    """A sum; of matrices, the matrix of sums.

    Raises:
        UnreadableError: Their shapes differ.
    """
    shapes = {_shape(term) for term in terms}
    if shapes == {None}:
        return Sum(tuple(terms))
    (shape, *others) = shapes
    if others or shape is None:
        raise UnreadableError
    matrices = [term for term in terms if isinstance(term, Matrix)]
    return Matrix(
        tuple(
            tuple(Sum(tuple(m.rows[r][c] for m in matrices)) for c in range(shape[1]))
            for r in range(shape[0])
        )
    )


def _shape(form: Form) -> tuple[int, int] | None:
    return (len(form.rows), len(form.rows[0])) if isinstance(form, Matrix) else None


def product_of(factors: list[Form]) -> Form:
    """A product; with one matrix among numbers, the matrix of products.

    Raises:
        UnreadableError: There are several matrices.
    """
    if len(factors) == 1:
        return factors[0]
    matrices = [factor for factor in factors if isinstance(factor, Matrix)]
    if not matrices:
        return Product(tuple(factors))
    rest = tuple(factor for factor in factors if not isinstance(factor, Matrix))
    if len(matrices) != 1:
        raise UnreadableError
    return Matrix(tuple(tuple(Product((*rest, entry)) for entry in r) for r in matrices[0].rows))


def several(items: list[Form]) -> Form:
    """Items side by side; one alone is itself."""
    return items[0] if len(items) == 1 else Several(tuple(items), braced=False)


def enclosed(opening: str, closing: str, inner: Form) -> Form:
    """What brackets make of their content: a set, an interval or tuple, or the content itself."""
    is_bare_list = isinstance(inner, Several) and not inner.braced
    items = inner.items if isinstance(inner, Several) and is_bare_list else (inner,)
    if opening in {"\\{", "{"}:
        return Several(items, braced=True) if opening == "\\{" or len(items) > 1 else inner
    if len(items) > 1 or opening + closing in {"(]", "[)"}:
        return Group(opening, closing, items)
    return inner


def builder(inner: Form, condition: Form) -> Form:
    """A set given by a condition on one variable is that condition.

    Raises:
        UnreadableError: It is given in another way.
    """
    named = inner.members[0] if isinstance(inner, Relation) and inner.signs == ("in",) else inner
    if isinstance(named, Sym) and isinstance(condition, Relation):
        return condition
    raise UnreadableError
