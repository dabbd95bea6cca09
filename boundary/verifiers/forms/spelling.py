r"""One spelling per answer: typography taken away, meaning kept.

Unicode becomes LaTeX, fences and sizes go, \text{…} that holds words is kept in marks of its own.
No rule here decides equality, but two answers with the same :func:`key` are the same answer.
"""

import re
import unicodedata

from boundary.verifiers.forms.words import listed

# Around what stood in \text{…} and holds words.
TEXT_OPEN, TEXT_CLOSE = "\ue000", "\ue001"

_UNICODE = {
    "\u2212": "-",
    "\u2010": "-",
    "\u2011": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u00d7": r"\times ",
    "\u22c5": r"\cdot ",
    "\u00b7": r"\cdot ",
    "\u2022": r"\cdot ",
    "\u2217": "*",
    "\u00f7": r"\div ",
    "\u2215": "/",
    "\u2044": "/",
    "\u00b1": r"\pm ",
    "\u2213": r"\mp ",
    "\u221a": r"\sqrt ",
    "\u221e": r"\infty ",
    "\u2264": r"\leq ",
    "\u2a7d": r"\leq ",
    "\u2265": r"\geq ",
    "\u2a7e": r"\geq ",
    "\u2260": r"\neq ",
    "\u2248": r"\approx ",
    "\u2261": r"\equiv ",
    "\u2208": r"\in ",
    "\u2209": r"\notin ",
    "\u222a": r"\cup ",
    "\u2229": r"\cap ",
    "\u2216": r"\setminus ",
    "\u2205": r"\emptyset ",
    "\u211d": r"\mathbb{R}",
    "\u2124": r"\mathbb{Z}",
    "\u2115": r"\mathbb{N}",
    "\u211a": r"\mathbb{Q}",
    "\u2102": r"\mathbb{C}",
    "\u2220": r"\angle ",
    "\u2308": r"\lceil ",
    "\u2309": r"\rceil ",
    "\u230a": r"\lfloor ",
    "\u230b": r"\rfloor ",
    "\u27e8": r"\langle ",
    "\u27e9": r"\rangle ",
    "\u2032": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u00ba": "\u00b0",
    "\u3002": ".",
    "\uff0c": ",",
    "\u3001": ",",
    "\u2026": "...",
    "\ufeff": "",
    "\u200b": "",
    "\ue000": " ",
    "\ue001": " ",
}
_GREEK_NAMES = listed(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
    "varsigma sigma tau upsilon phi chi psi omega"
)
_SUPERSCRIPTS = {
    "\u2070": "0",
    "\u00b9": "1",
    "\u00b2": "2",
    "\u00b3": "3",
    "\u2074": "4",
    "\u2075": "5",
    "\u2076": "6",
    "\u2077": "7",
    "\u2078": "8",
    "\u2079": "9",
    "\u207b": "-",
    "\u207f": "n",
}


def _table() -> dict[int, str]:
    table = {chr(code): " " for code in (*range(32), *range(127, 161))}
    table |= {"\u00ad": "", "\u2009": " ", "\u202f": " ", "\u2003": " ", "\u2002": " "}
    table |= _UNICODE
    table |= {chr(0x3B1 + at): f"\\{name} " for at, name in enumerate(_GREEK_NAMES)}
    table |= {
        chr(0x391 + at): f"\\{name.capitalize()} "
        for at, name in enumerate(_GREEK_NAMES)
        if name in {"gamma", "delta", "theta", "lambda", "xi", "pi", "phi", "psi"}
    }
    table |= {"\u03a3": r"\Sigma ", "\u03a6": r"\Phi ", "\u03a8": r"\Psi ", "\u03a9": r"\Omega "}
    table |= {chr(0x2080 + digit): f"_{{{digit}}}" for digit in range(10)}
    table |= {chr(0xFF10 + digit): str(digit) for digit in range(10)}
    table |= {
        "\u00bd": r"\frac{1}{2}",
        "\u2153": r"\frac{1}{3}",
        "\u2154": r"\frac{2}{3}",
        "\u00bc": r"\frac{1}{4}",
        "\u00be": r"\frac{3}{4}",
    }
    return str.maketrans(table)


_SPELLINGS = _table()
_AREA_UNIT = "(?:[ckm]?m|ft|in|yd)[\u00b2\u00b3]"
_AREA = re.compile(f"(?<=[0-9] )({_AREA_UNIT})|(?<=[0-9])({_AREA_UNIT})")
_RADICAL = re.compile("\u221a ?([0-9]+(?:[.][0-9]+)?|[A-Za-z])")
_RAISED = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")

_COMMANDS = (
    "frac|dfrac|tfrac|cfrac|sqrt|pi|infty|leq?|geq?|neq?|cdot|times|text|mbox|left|right|boxed|cup"
    "|pm|in|circ|sin|cos|tan|ln|log|quad"
)
# In this order; each pattern is linear in the text.
_REWRITES = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (
            r"(?<=[0-9])(?:,\s?\\!\s?|\s?\{,(?:\\!)?\s?\}\s?|\\,|\\ )(?=[0-9]{3}(?![0-9]))",
            ",",
        ),  # thousands
        (r"\\(?:q?quad|qquad)", " "),
        (r"\\(?:left|right|[bB]igg?[lrm]?|middle)(?![A-Za-z])\s?\.?", " "),
        (
            r"(?<!\\)\\(?:[!,;:> ]|(?:displaystyle|textstyle|limits|nolimits|hfill|noindent"
            r"|enspace|thinspace|hspace\{[^{}]*\})(?![A-Za-z]))|~",
            " ",
        ),
        (r"\\?[$]|(?<!\\)\\[()\[\]]|[`\u20ac\u00a3\u20b9]", " "),
        (
            r"(?<=[0-9])\s?\^?\s?\{?\s?(?:\\(?:text|mathrm|mbox)\s?\{\s?)?(?:st|nd|rd|th)\s?\}{0,2}"
            r"(?![A-Za-z])",
            "",
        ),
        (r"\\%|(?<=[0-9}.]) ?(?:per ?cent|pct)(?![A-Za-z])", "%"),
        (r"\\(?:d|t|c|x)frac(?![A-Za-z])", r"\\frac"),
        (r"\\(?:d|t)binom(?![A-Za-z])", r"\\binom"),
        (r"\^\s?(?:\{\s?\\(?:circ|degree)\s?\}|\\circ(?![A-Za-z]))|\\degree(?![A-Za-z])", "\u00b0"),
        (r"\u00b0 ?C(?![A-Za-z])", r"\\text{celsius}"),
        (r"\u00b0 ?F(?![A-Za-z])", r"\\text{fahrenheit}"),
        (r"\\(?:leqslant|leqq|le)(?![A-Za-z])", r"\\leq"),
        (r"\\(?:geqslant|geqq|ge)(?![A-Za-z])", r"\\geq"),
        (r"\\ne(?![A-Za-z])", r"\\neq"),
        (r"\*\*(?=\s*$)|^\s*\*\*", " "),  # bold
        (r"\s+", " "),
    )
)
# The content may hold one more pair of braces.
_TEXT = re.compile(
    r"\\(?:text(?:bf|it|rm|tt|sf|sc|up|normal|md)?|mbox|hbox|mathrm|mathbf|mathit|mathsf|mathtt"
    r"|operatorname\*?|boldsymbol|bm|emph|underline|boxed|fbox|bold|rm|pmb)\s?"
    r"\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_LETTER_UNIT = re.compile(r"[~ ]*[mgshLlNJWVK](?:\^\{?[23]\}?)?[~ ]*|[~ ]*m/s(?:\^\{?2\}?)?[~ ]*")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_DOUBLED = re.compile(rf"\\\\(?=(?:{_COMMANDS})(?![A-Za-z]))")

# Nesting of \text{…} looked through at most.
_DEPTH = 4


def spell(text: str) -> str:
    """The same answer without its typography."""
    if not text.isascii():
        text = _AREA.sub(r"\\text{\1\2}", unicodedata.normalize("NFC", text))
        text = _RADICAL.sub(r"\\sqrt{\1}", text).translate(_SPELLINGS)
        text = _RAISED.sub(lambda m: f"^{{{''.join(_SUPERSCRIPTS[c] for c in m[0])}}}", text)
    elif not text.isprintable():
        text = text.translate(_SPELLINGS)
    if "\\\\" in text:
        text = _undoubled(text)
    for pattern, new in _REWRITES:
        text = pattern.sub(new, text)
    if "\\" in text:
        text = _without_text_commands(text)
    return _trimmed(text)


def _undoubled(text: str) -> str:
    """Backslashes written twice, as in source code, are one; row breaks stay."""
    if "\\\\begin" in text:
        return text.replace("\\\\", "\\")
    return text if "\\begin" in text else _DOUBLED.sub(r"\\", text)


def _without_text_commands(text: str) -> str:
    for _ in range(_DEPTH):
        text, count = _TEXT.subn(_inline, text)
        if not count:
            break
    return text


def _inline(match: re.Match[str]) -> str:
    r"""Letters and formulas as they are; words marked, so that they are no product of letters."""
    content = match[1]
    command = match[0][1:5]
    if _LETTER_UNIT.fullmatch(content) and _follows_number(match):
        return f"{TEXT_OPEN}{content.strip('~ ')}{TEXT_CLOSE}"
    if command in {"boxe", "fbox"} or not _WORDS.search(content) or "\\" in content:
        return f" {content} " if command == "text" or " " in content else content
    if command in {"math", "oper", "bold", "rm{", "pmb{", "bm{"} and content.strip().isalpha():
        return f" {content.strip()} " if command == "oper" else content
    return f"{TEXT_OPEN}{content}{TEXT_CLOSE}"


def _follows_number(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 4) : match.start()].rstrip(" ~")
    return before[-1:].isdigit() or before[-1:] == "}"


def _trimmed(text: str) -> str:
    return text.strip(" \n").rstrip(".,;: \\").rstrip() if text else text


_SPACE = re.compile(r"(?<![A-Za-z0-9]) | (?![A-Za-z0-9])")
_LISTED = re.compile(r"(?<=[0-9]), (?=[0-9]{3}(?![0-9]))")
_CHOICE = re.compile(r"\(([A-Z])\)")


def key(spelled: str) -> str:
    """What two spelled answers share when they are the same text."""
    # "32, 349" are two numbers and "32,349" is one, so that space stays.
    kept = _LISTED.sub(",~", spelled)
    kept = kept.replace(TEXT_OPEN, " ").replace(TEXT_CLOSE, " ").replace("{,}", ",")
    tight = _SPACE.sub("", " ".join(kept.split()))
    choice = _CHOICE.fullmatch(tight)
    if choice:
        return choice[1]
    is_words = len(tight) > 1 and tight.replace(" ", "").isalpha()
    return tight.casefold() if is_words else tight
