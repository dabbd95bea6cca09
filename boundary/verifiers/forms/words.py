"""Words in answers: the names of functions, letters, numbers and units, and plain language."""

import re
from fractions import Fraction


def listed(text: str) -> list[str]:
    """The words of a list written as one text."""
    return text.split()


GREEK = frozenset(
    listed(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron rho "
        "sigma tau upsilon phi chi psi omega Gamma Delta "
        "Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega "
        "varepsilon vartheta varphi varrho varsigma hbar ell odot"
    )
)
SAME_LETTER = {"varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "ell": "l"}

# Spellings of the functions that numeric.py knows.
FUNCTIONS = {
    name: name
    for name in listed(
        "sin cos tan cot sec csc sinh cosh tanh coth sech csch arcsin arccos arctan arccot arcsec "
        "arccsc arcsinh arccosh arctanh ln log lg exp sqrt abs factorial floor ceil gcd lcm min "
        "max sign gamma binom cbrt arg Re Im"
    )
} | {
    "cosec": "csc",
    "cosech": "csch",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "arsinh": "arcsinh",
    "arcosh": "arccosh",
    "artanh": "arctanh",
    "ArcSin": "arcsin",
    "ArcCos": "arccos",
    "ArcTan": "arctan",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "Log": "log",
    "Ln": "ln",
    "Abs": "abs",
    "tg": "tan",
    "ctg": "cot",
    "arctg": "arctan",
    "ceiling": "ceil",
    "sgn": "sign",
}
# Without a backslash or an opening bracket these are letters like any other.
_SHORT = frozenset({"Re", "Im", "tg", "lg", "arg", "sign", "gamma", "min", "max"})


def is_function(run: str, *, applied: bool) -> bool:
    """Whether a run of letters names a function there."""
    return run in FUNCTIONS and (applied or run not in _SHORT)


_ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")
_NUMBERS = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}


def number_in_words(text: str) -> Fraction | None:
    """The value of an English cardinal below a million, else ``None``."""
    words = text.casefold().replace("-", " ").replace(" and ", " ").split()
    if not words or len(words) > 9:
        return None
    total = part = 0
    before = "start"
    for word in words:
        if word in _NUMBERS:
            value = _NUMBERS[word]
            is_tens = value >= 20
            if before == "ones" or (before == "tens" and (is_tens or not 0 < value < 10)):
                return None
            part += value
            before = "tens" if is_tens else "ones"
        elif word == "hundred" and before == "ones" and part < 10:
            part, before = part * 100, "hundred"
        elif word == "thousand" and before in {"ones", "tens", "hundred"} and total == 0:
            total, part, before = part * 1000, 0, "start"
        else:
            return None
    return Fraction(total + part)


_ARTICLES = frozenset({"the", "a", "an"})
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|%", re.UNICODE)

_NONE = frozenset(
    {
        "no solution",
        "no solutions",
        "no real solution",
        "no real solutions",
        "there is no solution",
        "there are no solutions",
        "has no solution",
        "has no solutions",
        "none",
        "empty set",
        "empty",
        "no such number",
        "no such numbers",
    }
)
_UNDEFINED = frozenset({"dne", "does not exist", "undefined", "not defined", "doesn't exist"})
_WHOLE = {"all real numbers": "R", "all reals": "R", "all integers": "Z", "real numbers": "R"}
_SYNONYMS = {"yes": "yes", "true": "true", "no": "no", "false": "false"}


def plain(text: str) -> str:
    """Words in lower case with single spaces, without articles and punctuation."""
    words = [word.casefold() for word in _WORD.findall(text)]
    kept = [word for word in words if word not in _ARTICLES] or words
    return " ".join(kept)


def is_nothing(text: str) -> bool:
    """Whether the words say that there is no solution."""
    return plain(text) in _NONE


def is_undefined(text: str) -> bool:
    """Whether the words say that a value does not exist."""
    return plain(text) in _UNDEFINED


def number_set(text: str) -> str | None:
    """R or Z, where the words name the whole of it."""
    return _WHOLE.get(plain(text))


MULTIPLIERS = {
    "hundred": Fraction(100),
    "thousand": Fraction(1000),
    "million": Fraction(10**6),
    "billion": Fraction(10**9),
    "trillion": Fraction(10**12),
    "dozen": Fraction(12),
}

# Words that join answers, or make one depend on another.
JOINING = frozenset({"and", "or"})
CONDITIONS = frozenset(
    listed("if when where for whenever unless provided while otherwise with only such not")
)

_LITTLE = frozenset(
    listed(
        "odd all any for and not the two one six ten are has let red yes day man box set sum its "
        "can may but you who how why via per few per is of "
        "if in no or to at by on as an be it we so "
    )
)


def is_word(run: str) -> bool:
    """Whether a run of letters, set off by spaces, is language and no product of variables."""
    if run in FUNCTIONS or run in GREEK or run in UNITS or run in {"infinity", "infty"}:
        return False
    if len(run) >= 4:
        return not run.isupper()
    return run.casefold() in _LITTLE and not run.isupper()


# unit: (dimension, factor). Different units of one dimension convert; others must be the same.
_TABLE: dict[str, tuple[str, Fraction]] = {}


def _unit(names: str, dimension: str, factor: str = "1") -> None:
    for name in names.split():
        _TABLE[name] = dimension, Fraction(factor)


_unit("m meter metre", "length")
_unit("km kilometer kilometre", "length", "1000")
_unit("cm centimeter centimetre", "length", "1/100")
_unit("mm millimeter millimetre", "length", "1/1000")
_unit("inch inches in", "length", "127/5000")
_unit("ft foot feet", "length", "381/1250")
_unit("yd yard", "length", "1143/1250")
_unit("mi mile", "length", "201168/125")
_unit("s sec second", "time")
_unit("min minute", "time", "60")
_unit("h hr hour", "time", "3600")
_unit("day", "time", "86400")
_unit("week", "time", "604800")
_unit("month", "month")
_unit("year yr", "month", "12")
_unit("g gram", "mass", "1/1000")
_unit("kg kilogram", "mass")
_unit("mg milligram", "mass", "1/1000000")
_unit("lb lbs pound", "pound")
_unit("oz ounce", "pound", "1/16")
_unit("L l liter litre", "volume")
_unit("mL ml milliliter millilitre", "volume", "1/1000")
_unit("dollar USD usd", "dollar")
_unit("cent", "dollar", "1/100")
_unit("euro EUR", "euro")
_unit("unit", "unit")
_unit("deg degree", "degree")
_unit("rad radian", "radian")
_unit("mph", "mph")
_unit("N newton", "newton")
_unit("J joule", "joule")
_unit("W watt", "watt")
_unit("V volt", "volt")
_unit("Hz hertz", "hertz")
_unit("Pa pascal", "pascal")
_unit("K kelvin", "kelvin")
_unit("mol mole", "mole")
_unit("person people", "person")
_unit("men man", "man")


def _written(name: str) -> tuple[str, ...]:
    r"""A unit's spellings outside \text{}: two letters at least, so that 5m stays 5 times m."""
    if len(name) < 2 or name in {"in", "mi"}:
        return ()
    return (name,) if len(name) <= 3 else (name, name + "s", name + "es")


_AMBIGUOUS = frozenset({"man", "men"})
UNITS = frozenset(
    spelling for name in _TABLE if name not in _AMBIGUOUS for spelling in _written(name)
) | {"days", "mins"}


def unit_of(word: str) -> tuple[str, Fraction] | None:
    """Dimension and factor of one unit's name, singular or plural, abbreviated or not."""
    for name in (word, word.removesuffix("s"), word.removesuffix("es"), word.casefold()):
        if name in _TABLE:
            return _TABLE[name]
    lower = word.casefold()
    return _TABLE.get(lower.removesuffix("s")) if len(lower) > 3 else None
