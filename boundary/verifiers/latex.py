"""Answers as text: one spelling per answer, and the exact value of those that are numbers."""

import re
from fractions import Fraction
from typing import NamedTuple

# Unicode for LaTeX: minus, dash, times, pi, infinity, degree, order signs, space, wide comma.
_SPELLINGS = str.maketrans(
    {
        "\u2212": "-",
        "\u2013": "-",
        "\u00d7": r"\times ",
        "\u03c0": r"\pi ",
        "\u221e": r"\infty ",
        "\u00b0": "",
        "\u2264": r"\leq ",
        "\u2265": r"\geq ",
        "\u00a0": " ",
        "\uff0c": ",",
    }
    | {chr(code): " " for code in (*range(32), 127)}
)

# In this order; each pattern is linear in the text.
_REWRITES = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"(?<=[0-9])(?:,\s?\\!\s?|\{,\}|\\,)(?=[0-9]{3}(?![0-9]))", ""),  # thousands
        (r"\\(?:[!,;:> ]|(?:q?quad|displaystyle|left|right|[bB]igg?[lr]?)(?![A-Za-z]))|~", " "),
        (r"\\?[$]|(?<!\\)\\[()\[\]]", ""),
        (r"\\%", "%"),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\(?:text(?:bf|it|rm|normal)?|math(?:rm|bf)|mbox)\s?\{([^{}]*)\}", r" \1 "),
        (r"\^\s?(?:\{\s?\\circ\s?\}|\\circ(?![A-Za-z]))|\\degree(?![A-Za-z])", ""),
        (r"\\frac\s?([0-9])", r"\\frac{\1}"),
        (r"(\\frac\{[^{}]*\})\s?([0-9])", r"\1{\2}"),
        (r"\\sqrt\s?([0-9])", r"\\sqrt{\1}"),
        (r"\\le(?![A-Za-z])", r"\\leq"),
        (r"\\ge(?![A-Za-z])", r"\\geq"),
        (r"\\ne(?![A-Za-z])", r"\\neq"),
        (r"\s+", " "),
    )
)
_SPACE = re.compile(r"(?<![A-Za-z0-9]) | (?![A-Za-z0-9])")
_CHOICE = re.compile(r"\(([A-Z])\)")

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
_DECIMAL = rf"(?:{_DIGITS}(?:\.[0-9]*)?|\.[0-9]+)"
_SIGN = r"(?P<sign>[-+]?) ?"
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_SIGN}(?P<above>{_DECIMAL})(?P<percent> ?%)?",
        rf"{_SIGN}(?P<above>{_DECIMAL}) ?/ ?(?P<below>{_DECIMAL})",
        rf"{_SIGN}\\frac ?\{{ ?(?P<above>-?{_DECIMAL}) ?\}} ?\{{ ?(?P<below>-?{_DECIMAL}) ?\}}",
        rf"{_SIGN}(?P<whole>{_DIGITS}) ?\\frac ?\{{ ?(?P<above>{_DIGITS}) ?\}} ?"
        rf"\{{ ?(?P<below>{_DIGITS}) ?\}}",
        rf"{_SIGN}(?P<whole>{_DIGITS}) (?P<above>{_DIGITS}) ?/ ?(?P<below>{_DIGITS})",
        rf"{_SIGN}(?P<above>{_DECIMAL}) ?\\(?:times|cdot) ?10 ?\^ ?"
        r"(?:\{ ?(?P<power>[-+]?[0-9]{1,3}) ?\}|(?P<digit>[0-9]))",
        rf"{_SIGN}(?P<above>[0-9]+) ?_ ?(?:\{{ ?(?P<base>[0-9]{{1,2}}) ?\}}|(?P<radix>[0-9]))",
    )
)

# Above this many characters a string is no number that an answer gives.
_NUMBER_CHARS = 1000


class Number(NamedTuple):
    """An exact value as written: a percent sign and a base are kept apart from it."""

    value: Fraction
    percent: bool = False
    base: int | None = None


def clean(text: str) -> str:
    """The same answer with its typography taken away: spacing, fences, text commands, degrees."""
    text = text.translate(_SPELLINGS)
    for pattern, new in _REWRITES:
        text = pattern.sub(new, text)
    return text.strip().removesuffix(".").rstrip()


def key(cleaned: str) -> str:
    """What two cleaned answers share when they are the same text."""
    # "32, 349" are two numbers and "32,349" is one, so that space stays.
    kept = re.sub(r"(?<=[0-9]), (?=[0-9]{3}(?![0-9]))", ",~", cleaned)
    tight = _SPACE.sub("", kept)
    choice = _CHOICE.fullmatch(tight)
    if choice:
        return choice[1]
    is_words = len(tight) > 1 and tight.replace(" ", "").isalpha()
    return tight.casefold() if is_words else tight


def number(cleaned: str) -> Number | None:
    """The value of a cleaned answer that is nothing but a number, else ``None``."""
    if len(cleaned) > _NUMBER_CHARS:
        return None
    for form in _FORMS:
        match = form.fullmatch(cleaned)
        if match:
            return _value(match.groupdict())
    return None


def same_number(gold: Number, answer: Number) -> bool:
    """Whether two numbers are equal, exactly.

    A percent sign is a hundredth or a unit that one side leaves out, and a base may be left out
    by one side; without a sign there is no factor of a hundred.
    """
    if None not in (gold.base, answer.base) and gold.base != answer.base:
        return False
    as_written = gold.value == answer.value
    if gold.percent == answer.percent:
        return as_written
    return as_written or _plain(gold) == _plain(answer)


def _plain(value: Number) -> Fraction:
    return value.value / 100 if value.percent else value.value


def _value(parts: dict[str, str | None]) -> Number | None:
    below = _fraction(parts.get("below") or "1")
    if not below:
        return None
    size = _fraction(parts.get("whole") or "0") + _fraction(parts["above"] or "0") / below
    size *= Fraction(10) ** int(parts.get("power") or parts.get("digit") or 0)
    base = parts.get("base") or parts.get("radix")
    return Number(
        value=-size if parts["sign"] == "-" else size,
        percent=bool(parts.get("percent")),
        base=int(base) if base else None,
    )


def _fraction(digits: str) -> Fraction:
    return Fraction(digits.replace(",", ""))
