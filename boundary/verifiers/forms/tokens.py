"""Cuts a spelled answer into tokens: numbers, names, words, commands, operators and brackets."""

import re
from typing import NamedTuple

from boundary.verifiers.forms.spelling import TEXT_CLOSE, TEXT_OPEN
from boundary.verifiers.forms.words import is_word

# Longer answers are read by nobody; what needs more is text that lost its way.
MAX_TOKENS = 3000


class Token(NamedTuple):
    """``kind`` is number, name, word, text, command, or the operator itself."""

    kind: str
    text: str
    spaced: bool = False


class UnreadableError(Exception):
    """The text is no formula that this grammar knows."""


_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<number>(?:\d+(?:\.\d+|\.(?=\\overline))?|\.\d+)(?:[eE][-+]?\d+(?![\d.]))?)
    | (?P<name>[A-Za-z]+'*)
    | {TEXT_OPEN}(?P<text>[^{TEXT_CLOSE}]*){TEXT_CLOSE}
    | \\(?P<command>[A-Za-z]+)
    | (?P<op>\\\\ | \\[{{}}|&\#_] | \*\* | == | != | <= | >= | <=> | => | -> | \|\| | [^\s])
    )""",
    re.VERBOSE | re.ASCII,
)
_THOUSANDS = re.compile(r"\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?)(?![\d,])")
_SPACED_THOUSANDS = re.compile(r"\s*(\d{1,3}(?: \d{3})+(?:\.\d+)?)(?![\d,/ ]*[\d/])")
_RUN = re.compile(r"\s*\d+(?:,\d+)*")

_OPENING = frozenset({"(", "[", "\\{"})
_CLOSING = frozenset({")", "]", "\\}"})
_ALIASES = {"==": "=", "**": "^", "\\_": "_", "\\#": "#"}


def tokenize(text: str, *, words: bool = True) -> list[Token]:
    """The tokens of a spelled answer; ``words`` tells language from products of letters.

    Raises:
        UnreadableError: There are too many.
    """
    tokens: list[Token] = []
    at, depth = 0, 0
    end = len(text.rstrip())
    while at < end:
        grouped = _grouped_number(text, at, depth)
        if grouped:
            tokens.append(Token("number", grouped[1].replace(",", "").replace(" ", "")))
            at = grouped.end()
            continue
        match = _TOKEN.match(text, at)
        if not match:
            raise UnreadableError
        token = _token(match, text, words=words)
        depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
        tokens.append(token)
        at = match.end()
        if len(tokens) > MAX_TOKENS:
            raise UnreadableError
    return tokens


def _grouped_number(text: str, at: int, depth: int) -> re.Match[str] | None:
    """Digits in groups of three: one number, but in brackets only where it can be no list."""
    run = _RUN.match(text, at)
    if not run or (at and text[at - 1] in "_^,."):
        return None
    if "," not in run[0]:
        return None if depth else _SPACED_THOUSANDS.match(text, at)
    grouped = _THOUSANDS.match(text, at)
    if not grouped or (at and text[at - 1].isdigit()):
        return None
    groups = grouped[1].split(".")[0].split(",")
    if groups[0].startswith("0"):
        return None
    return grouped if depth <= 0 or any(g.startswith("0") for g in groups[1:]) else None


def _token(match: re.Match[str], text: str, *, words: bool) -> Token:
    kind = match.lastgroup or "op"
    content = match[kind]
    spaced = match.start() != match.start(kind) - (kind in {"text", "command"})
    if kind == "name" and words:
        before = match.start() == 0 or spaced
        after = match.end() >= len(text) or text[match.end()] in " ,;.:!?)"
        if before and after and is_word(content):
            return Token("word", content, spaced)
    if kind == "op":
        kind = content = _ALIASES.get(content, content)
    return Token(kind, content, spaced)
