"""Units as dimensions and factors: 1 m is 100 cm, and cm² is not cm³."""

import re
from fractions import Fraction
from typing import NamedTuple

from boundary.verifiers.forms import words

_PIECE = re.compile(r"(?P<over>/|\bper\b)|(?P<word>[^\W\d_]+)|\^?\{?(?P<power>-?\d{1,2})\}?")
_SQUARES = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_RAISED = {"squared": 2, "cubed": 3}
_FILLERS = frozenset({"of", "the", "a", "an", "in", "each", "total"})


class Measure(NamedTuple):
    """Dimensions with their powers, in order, and the factor to their base unit."""

    dimensions: tuple[tuple[str, int], ...]
    factor: Fraction


def measure(unit: str) -> Measure:
    """What a unit measures; a noun that is no known unit is a dimension of its own."""
    powers: dict[str, int] = {}
    factor = Fraction(1)
    last: tuple[str, Fraction] | None = None
    over, ahead = 1, 1
    for match in _PIECE.finditer(unit[:200]):
        word = match["word"]
        if match["over"]:
            over = -1
        elif match["power"]:
            factor = _raise(powers, factor, last, over * (int(match["power"]) - 1))
        elif word in _RAISED:
            factor = _raise(powers, factor, last, over * (_RAISED[word] - 1))
        elif word in _SQUARES:
            ahead = _SQUARES[word]
        elif word.casefold() not in _FILLERS:
            last = words.unit_of(word) or (_noun(word), Fraction(1))
            factor = _raise(powers, factor, last, over * ahead)
            ahead = 1
    kept = {name: power for name, power in powers.items() if power and name != "unit"}
    return Measure(tuple(sorted(kept.items())), factor)


def _raise(
    powers: dict[str, int], factor: Fraction, unit: tuple[str, Fraction] | None, by: int
) -> Fraction:
    if unit is None or abs(by) > 12:
        return factor
    powers[unit[0]] = powers.get(unit[0], 0) + by
    return factor * unit[1] ** by


def _noun(word: str) -> str:
    lower = word.casefold()
    for ending, single in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
        if lower.endswith(ending) and len(lower) > len(ending) + 2:
            return lower.removesuffix(ending) + single
    return lower
