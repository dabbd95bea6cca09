"""Reads a spelled answer into a form: a formula, words with formulas between them, or neither."""

import re

from boundary.verifiers.forms import words
from boundary.verifiers.forms.grammar import Reader
from boundary.verifiers.forms.notation import PLAIN, Notation
from boundary.verifiers.forms.spelling import TEXT_CLOSE, TEXT_OPEN
from boundary.verifiers.forms.tokens import Token, UnreadableError, tokenize
from boundary.verifiers.forms.tree import (
    EMPTY,
    Choice,
    Clock,
    Form,
    Num,
    Phrase,
    Reals,
    Relation,
    Sym,
)

MAX_CHARS = 4000

_CHOICE = re.compile(r"[(\[]?([A-Za-z])[)\]]?[.:)]?")
_CHOICE_AND_TEXT = re.compile(r"(?:\(([A-H])\)|([A-H])[.)])\s+(\S.*)|\(([A-H])\)(\S.*)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:([ap])\s?\.?\s?m?\.*)?", re.IGNORECASE)
_DEFINED = re.compile(
    r"(?<![A-Za-z\\])\\?([A-Za-z]+'*)(?:_\{?\w+\}?)?(?:\^\{?-1\}?)? ?\([^()=]*\) ?="
)


def read(spelled: str, notation: Notation = PLAIN) -> Form | None:
    """The form of a spelled answer, or ``None`` where it is beyond this grammar."""
    if len(spelled) > MAX_CHARS:
        return None
    for reader in (_formula, _phrase, _last_member):
        try:
            return _whole(spelled) or reader(spelled, notation)
        except (UnreadableError, RecursionError):
            continue
    return None


def _whole(text: str) -> Form | None:
    """Forms that are no formula: a choice, a time of day, words that say a number or nothing."""
    match = _CHOICE.fullmatch(text)
    if match and match[1] not in "ei":
        return Choice(match[1])
    bare = text.replace(TEXT_OPEN, " ").replace(TEXT_CLOSE, " ").strip()
    match = _CHOICE_AND_TEXT.fullmatch(bare if text.startswith(TEXT_OPEN) else text)
    if match:
        return Choice(match[1] or match[2] or match[4], match[3] or match[5])
    match = _CLOCK.fullmatch(bare)
    if match and (match[3] or match[4]):
        return _clock(match)
    if not bare or not (bare[0].isalpha() and bare[-1].isalpha()):
        return None
    return _said(bare)


def _clock(match: re.Match[str]) -> Clock | None:
    hours, minutes, seconds = (int(match[at] or 0) for at in (1, 2, 3))
    half = (match[4] or "").casefold()
    if hours > 24 or minutes > 59 or seconds > 59 or (half and not 1 <= hours <= 12):
        return None
    hours = hours % 12 + 12 * (half == "p") if half else hours
    return Clock(hours * 3600 + minutes * 60 + seconds, bool(half))


def _said(text: str) -> Form | None:
    value = words.number_in_words(text)
    if value is not None:
        return Num(value)
    if words.is_nothing(text):
        return EMPTY
    name = words.number_set(text)
    if name:
        return Reals(name)
    return Phrase(("undefined",)) if words.is_undefined(text) else None


def _formula(text: str, notation: Notation) -> Form:
    defined = {match[1] for match in _DEFINED.finditer(text)}
    functions = frozenset({"f"} | defined)
    return Reader(tokenize(text, words=not notation.program), notation, functions).whole()


def _last_member(text: str, notation: Notation) -> Form:
    """An equation with a left side that is beyond the grammar, or words on the right.

    Raises:
        UnreadableError: It is no such equation.
    """
    left, _, right = text.rpartition("=")
    is_whole = left.count("{") == left.count("}") and left.count("(") == left.count(")")
    if not left or not is_whole or left.rstrip()[-1:] in "<>!=":
        raise UnreadableError
    try:
        name = _formula(left, notation)
    except UnreadableError:
        name = Sym(f"= {left.strip()}")
    try:
        value = _formula(right, notation)
    except UnreadableError:
        value = _phrase(right, notation)
    return Relation((name, value), ("=",))


def _phrase(text: str, notation: Notation) -> Phrase:
    """Words with formulas between them.

    Raises:
        UnreadableError: There are no words, or what stands between them is no formula.
    """
    parts: list[str | Form] = []
    formula: list[Token] = []

    def flush() -> None:
        while formula and formula[-1].kind in {",", ".", ";", ":", "!", "?"}:
            formula.pop()
        while formula and formula[0].kind in {",", ".", ";", ":"}:
            formula.pop(0)
        if formula:
            parts.append(Reader([*formula], notation, frozenset("f")).whole())
            formula.clear()

    for token in tokenize(text):
        if token.kind not in {"word", "text"}:
            formula.append(token)
            continue
        flush()
        if parts and isinstance(parts[-1], str):
            parts[-1] += " " + token.text
        else:
            parts.append(token.text)
    flush()
    if not any(isinstance(part, str) for part in parts):
        raise UnreadableError
    said = (words.plain(part) if isinstance(part, str) else part for part in parts)
    return Phrase(tuple(part for part in said if part))
