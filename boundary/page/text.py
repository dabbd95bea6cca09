"""Untrusted text made visible and safe to embed, and numbers as the page prints them."""

import json
import math
import unicodedata
from typing import Any

HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
JOINERS = "\u200c\u200d"  # they shape letters and emoji and reorder nothing
MINUS = "\u2212"
MISSING = "\u2013"


def visible(text: str) -> str:
    """``text`` with NUL, control and bidirectional marks written as ``⟨U+202E⟩``.

    Line feeds and tabs stay; the other line ends become line feeds where they come in pairs.
    """
    return "".join(map(_visible_char, text.replace("\r\n", "\n")))


def _visible_char(char: str) -> str:
    is_kept = char in "\n\t" or char in JOINERS or unicodedata.category(char) not in HIDDEN
    return char if is_kept else f"\u27e8U+{ord(char):04X}\u27e9"


def embedded_json(value: Any) -> str:
    """JSON that no HTML parser can leave early: no ``<``, ``>``, ``&``, U+2028 or U+2029 in it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def number(value: float | None, digits: int = 1) -> str:
    """Fixed digits, thousands apart, a true minus; a dash for what is not known."""
    if value is None or math.isnan(value):
        return MISSING
    text = f"{value:,.{digits}f}"
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def percent(rate: float | None) -> str:
    """A rate in [0, 1] in percent, one decimal, without the sign."""
    return number(None if rate is None else 100 * rate)


def signed(rate: float) -> str:
    """A difference of rates in percentage points, with its sign."""
    text = percent(rate)
    return f"+{text}" if rate > 0 and text.strip("0.,") else text


def interval(low: float, high: float) -> str:
    """Two rates in percent, in brackets."""
    return f"[{percent(low)}, {percent(high)}]"


def p_text(p_value: float) -> str:
    """Two significant digits, down to 0.0001."""
    if math.isnan(p_value):
        return MISSING
    if p_value < 0.0001:
        return "< 0.0001"
    digits = 2 if p_value >= 0.1 else 3 if p_value >= 0.01 else 4
    return f"{p_value:.{digits}f}"


def short_k(k: float) -> str:
    """Whole numbers from 10 on, one decimal below."""
    return f"{k:,.0f}" if k >= 9.95 else f"{k:.1f}".removesuffix(".0")
