"""Where an answer stands in a text: in the channel asked for, or in any clear final statement.

Strict reads the asked channel only; lenient takes it first, then the other channels, then what
follows "answer is" or "answer:". The last number of a text is never taken for an answer. Every
pattern is bounded, so the time is linear in the text.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from boundary.errors import VerifierError
from boundary.records import Finish, Outcome, Tier
from boundary.verifiers.base import Decision, Task

_THINK_END = "</think>"

# An escaped character is passed over; up to three backslashes allow for "\\[" before "\boxed".
_BRACES = re.compile(r"(\\{1,3}f?box(?:ed)?\s*\{)|\\.|[{}]", re.DOTALL)
_SAYS = re.compile(
    r"\banswers?[ \t*_]{0,4}(?:\bis\b|\bare\b|=|:)(?:\*\*|__)?[ \t:]{0,4}", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)")
_FENCES = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("`", "`"))
_FENCE_LINES = frozenset(mark for pair in _FENCES for mark in pair)


class Found(NamedTuple):
    """An answer and the offset at which it starts."""

    at: int
    text: str


def read(task: Task, tier: Tier) -> tuple[str | None, Decision | None]:
    """The answer of a task in a tier, and what is decided without a look at the gold answer.

    Raises:
        VerifierError: The task's channel is unknown.
    """
    reader = strict if tier is Tier.STRICT else lenient
    answer = reader(task.sample.text, task.channel)
    if task.sample.finish == Finish.ABORT:
        return answer, Decision(Outcome.UNJUDGED, "aborted")
    if tier is Tier.STRICT and task.sample.finish == Finish.LENGTH:
        return answer, Decision(Outcome.WRONG, "truncated")
    return answer, None if answer is not None else Decision(Outcome.WRONG, "no_answer")


def strict(text: str, channel: str) -> str | None:
    """The answer in the asked channel, or ``None``.

    Raises:
        VerifierError: No such channel.
    """
    found = _reader(channel)(_body(text))
    return found.text if found else None


def lenient(text: str, channel: str) -> str | None:
    """The answer in the asked channel, else in the last clear final statement, or ``None``.

    Raises:
        VerifierError: No such channel.
    """
    body = _body(text)
    asked = _reader(channel)(body)
    if asked:
        return asked.text
    found = [each for read in _ANYWHERE if (each := read(body))]
    latest = max(found, default=None, key=lambda each: each.at) or _stated(body)
    return latest.text if latest else None


def boxed(text: str) -> Found | None:
    r"""The box opened last among the closed ones: ``\boxed{…}`` or ``\fbox{…}``."""
    start = max(text.rfind(r"\boxed"), text.rfind(r"\fbox"))
    if start < 0:
        return None
    # Mostly the last box is closed, and the text before it need not be looked through.
    last = _last_box(text, start) or _last_box(text, 0)
    return _found(text, *last) if last else None


def answer_line(text: str) -> Found | None:
    """What follows the last line that starts with ``Answer:``, on it or below it."""
    start = _last_line(text, "Answer:")
    return None if start is None else _below(text, start)


def answer_tag(text: str) -> Found | None:
    """What the last complete ``<answer>…</answer>`` encloses."""
    end = text.rfind("</answer>")
    start = text.rfind("<answer>", 0, max(end, 0))
    return None if start < 0 else _found(text, start + len("<answer>"), end)


def hashes(text: str) -> Found | None:
    """What follows the last ``####`` on its line."""
    start = text.rfind("####")
    return None if start < 0 else _found(text, start + 4, _line_end(text, start))


CHANNELS: Mapping[str, Callable[[str], Found | None]] = {
    "boxed": boxed,
    "answer_line": answer_line,
    "answer_tag": answer_tag,
    "hashes": hashes,
}


def _last_box(text: str, start: int) -> tuple[int, int] | None:
    """Where the content of the last closed box from there on starts and ends."""
    open_at: list[tuple[bool, int]] = []
    last: tuple[int, int] | None = None
    for match in _BRACES.finditer(text, start):
        if match[1] or match[0] == "{":
            open_at.append((bool(match[1]), match.end()))
        elif match[0] == "}" and open_at:
            is_box, inside = open_at.pop()
            if is_box and (last is None or inside > last[0]):
                last = inside, match.start()
    return last


def _closing_hashes(text: str) -> Found | None:
    """Unasked for, ``####`` opens an answer on the last line only: elsewhere it is a heading."""
    found = hashes(text)
    return found if found and "\n" not in text[found.at :].strip() else None


_ANYWHERE = (boxed, answer_line, answer_tag, _closing_hashes)


def _stated(text: str) -> Found | None:
    last = None
    for match in _SAYS.finditer(text):
        last = match
    return _below(text, last.end(), whole_line=False) if last else None


def _body(text: str) -> str:
    """What follows the reasoning, where its end is marked."""
    return text.rpartition(_THINK_END)[2]


def _reader(channel: str) -> Callable[[str], Found | None]:
    if channel in CHANNELS:
        return CHANNELS[channel]
    raise VerifierError(
        f"this verifier reads no answers from the channel {channel!r}",
        remedy=f"use a template that asks for one of {', '.join(CHANNELS)}",
    )


def _last_line(text: str, opening: str) -> int | None:
    """Where the text after the opening of the last such line starts."""
    end = len(text)
    while (at := text.rfind(opening, 0, end)) >= 0:
        line = text.rfind("\n", 0, at) + 1
        before = text[line : at + len(opening)]
        first = line + len(before) - len(before.lstrip())
        if text.startswith(opening, first):
            return first + len(opening)
        # On to the lines above, so that each line is looked at once.
        end = max(line - 1, 0)
    return None


def _below(text: str, start: int, *, whole_line: bool = True) -> Found | None:
    """The rest of the line, or the next line that is more than a fence such as ``$$``."""
    while start < len(text):
        end = _line_end(text, start)
        line = text[start:end].strip()
        if line and line not in _FENCE_LINES:
            return _found(text, start, end) if whole_line else _sentence(text, start, end)
        start = end + 1
    return None


def _sentence(text: str, start: int, end: int) -> Found | None:
    stop = _SENTENCE_END.search(text, start, end)
    return _found(text, start, stop.start() if stop else end)


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _found(text: str, start: int, end: int) -> Found | None:
    """What stands there without box, fences and full stop; ``None`` when that is nothing."""
    inner = text[start:end].strip()
    box = boxed(inner) if "box" in inner else None
    answer = _unfenced(box.text if box else inner)
    return Found(start, answer) if answer else None


def _unfenced(text: str) -> str:
    bare = text.strip().removesuffix(".").rstrip()
    for opening, closing in _FENCES:
        inner = bare[len(opening) : len(bare) - len(closing)]
        if (
            len(bare) > len(opening) + len(closing)
            and bare.startswith(opening)
            and bare.endswith(closing)
            and opening not in inner
            and closing not in inner
        ):
            return _unfenced(inner)
    return bare
