"""What an answer can be: small frozen trees, compared by :mod:`boundary.verifiers.forms.compare`.

Scalars are numbers, symbols, and what operations make of them. The other forms hold scalars.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Num:
    """A literal: its exact value, and how many decimal places and significant digits it shows."""

    value: Fraction
    places: int = 0
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Sym:
    """A variable, its index and primes in the name."""

    name: str


@dataclass(frozen=True, slots=True)
class Const:
    """``pi``, ``e``, ``i`` or ``oo``."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms added up."""

    terms: "tuple[Form, ...]"


@dataclass(frozen=True, slots=True)
class Product:
    """Factors multiplied."""

    factors: "tuple[Form, ...]"


@dataclass(frozen=True, slots=True)
class Power:
    """``base ** exponent``."""

    base: "Form"
    exponent: "Form"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments; one that is not known is still the same function twice."""

    name: str
    args: "tuple[Form, ...]"


@dataclass(frozen=True, slots=True)
class PlusMinus:
    """Both signs of a term; ``sign`` is -1 for the lower of ``∓``."""

    term: "Form"
    sign: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with a unit or a noun after it."""

    value: "Form"
    unit: str


@dataclass(frozen=True, slots=True)
class Percent:
    """A value with a percent sign."""

    value: "Form"


@dataclass(frozen=True, slots=True)
class Based:
    """Digits with the base as index."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """Parts with colons between them."""

    parts: "tuple[Form, ...]"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in seconds; ``half`` is whether a half of the day was named."""

    seconds: int
    half: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Items in brackets, in order: a tuple, a vector, or an interval where there are two."""

    opening: str
    closing: str
    items: "tuple[Form, ...]"


@dataclass(frozen=True, slots=True)
class Several:
    """Items in any order: in braces, or a bare list."""

    items: "tuple[Form, ...]"
    braced: bool


@dataclass(frozen=True, slots=True)
class Reals:
    """A number set by name: R, Z, N, Q or C."""

    name: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Two sets and what stands between them: ``cup``, ``cap`` or ``minus``."""

    operation: str
    left: "Form"
    right: "Form"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of entries."""

    rows: "tuple[tuple[Form, ...], ...]"


@dataclass(frozen=True, slots=True)
class Relation:
    """A chain ``members[0] signs[0] members[1] …`` with the signs =, !=, <, <=, >, >=, in, ~."""

    members: "tuple[Form, ...]"
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A letter that names one of several given answers, and what was written beside it."""

    letter: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words, with the formulas between them read."""

    parts: "tuple[str | Form, ...]"


Form: TypeAlias = (
    Num
    | Sym
    | Const
    | Sum
    | Product
    | Power
    | Call
    | PlusMinus
    | Quantity
    | Percent
    | Based
    | Ratio
    | Clock
    | Group
    | Several
    | Reals
    | Joined
    | Matrix
    | Relation
    | Choice
    | Phrase
)

ZERO = Num(Fraction(0))
MINUS_ONE = Num(Fraction(-1))
EMPTY = Several((), braced=True)


def negated(form: Form) -> Form:
    """The form times minus one."""
    if isinstance(form, Num):
        return Num(-form.value, form.places, form.digits)
    return Product((MINUS_ONE, form))


def children(form: Form) -> tuple[Form, ...]:
    """The forms right below."""
    match form:
        case Sum(below) | Product(below) | Call(_, below) | Ratio(below):
            return below
        case Group(_, _, below) | Several(below, _) | Relation(below, _):
            return below
        case Power(base, exponent):
            return base, exponent
        case PlusMinus(term, _) | Quantity(term, _) | Percent(term):
            return (term,)
        case Joined(_, left, right):
            return left, right
        case Matrix(rows):
            return tuple(entry for row in rows for entry in row)
        case Phrase(parts):
            return tuple(part for part in parts if not isinstance(part, str))
        case _:
            return ()
