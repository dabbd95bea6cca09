"""Untrusted text made visible and safe to embed, and numbers as the page prints them."""

import json
import math
import re
import unicodedata
from functools import lru_cache
from typing import Any

from boundary.wording import p_number

HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
JOINERS = "\u200c\u200d"  # they shape letters and emoji and reorder nothing
MINUS = "\u2212"
MISSING = "\u2013"


def visible(text: str) -> str:
    """``text`` with NUL, control and bidirectional marks written as ``⟨U+202E⟩``.

    Line feeds and tabs stay; the other line ends become line feeds where they come in pairs.
    """
    return _hidden().sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    return f"\u27e8U+{ord(found[0]):04X}\u27e9"


@lru_cache(maxsize=1)
def _hidden() -> re.Pattern[str]:
    """One character of a category in ``HIDDEN`` that is neither a line end, a tab nor a joiner."""
    codes = [c for c in range(0x110000) if unicodedata.category(chr(c)) in HIDDEN]
    kept = set(map(ord, "\n\t" + JOINERS))
    spans: list[list[int]] = []
    for code in codes:
        if code in kept:
            continue
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return re.compile("[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in spans) + "]")


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
    """As everywhere, without ``p =``."""
    return MISSING if math.isnan(p_value) else p_number(p_value)


def short_k(k: float) -> str:
    """Whole numbers from 10 on, one decimal below."""
    return f"{k:,.0f}" if k >= 9.95 else f"{k:.1f}".removesuffix(".0")
