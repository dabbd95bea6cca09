"""Where an answer stands in a text: in the channel asked for, or in any clear final statement.

Strict reads the asked channel only. Lenient takes, in this order:

1. the asked channel, as strict does;
2. whichever of the other channels comes last;
3. what follows the last "answer is" or "answer:", here and in a few other languages;
4. the whole text, where that is nothing but a short formula;
5. the value that the closing sentence gives, where that sentence says that it concludes, or is all
   there is: what follows its last "is", else the one formula, number or amount of money in it.

The last number of a text is never taken for an answer. Every pattern is bounded, so the time is
linear in the text.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from boundary.errors import VerifierError
from boundary.records import Finish, Outcome, Tier
from boundary.verifiers import forms
from boundary.verifiers.base import Decision, Task

_THINK_END = "</think>"

# An escaped character is passed over; up to three backslashes allow for "\\[" before "\boxed".
_BRACES = re.compile(r"(\\{1,3}(?:begin)?f?box(?:ed)?\s*\{)|\\.|[{}]", re.DOTALL)
_SAYS = re.compile(
    r"\banswers?(?:[ \t*_]{0,4}(?:\bis\b|\bare\b|=|:)(?:\*\*|__)?[ \t:]{0,4}"
    r"|\s{1,4}(?=\$|\\[(\[]))"
    r"|(?:\b(?:r\u00e9ponse|respuesta|resposta|antwort|risposta|\u043e\u0442\u0432\u0435\u0442)"
    r"|\u7b54\u6848(?:\u662f|\u4e3a)?|\u7b54\u3048)"
    r"(?:\*\*)?[ \t]{0,4}[:\uff1a\u662f\u4e3a][ \t]{0,4}",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|\u3002")
_FENCES = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("`", "`"))
_FENCE_LINES = frozenset(mark for pair in _FENCES for mark in pair)

# What may stand between boxes that make up one answer, once fences and spaces are gone.
_JOINT = re.compile(r"(?:[a-z]{0,16}(?:and|or)|[,;&+]+(?:and|or)?)?(?:[a-z]\w{0,4}=)?")
_JOINT_NOISE = re.compile(r"\\q?quad|\\(?:text|mbox)\{|\\[()\[\],;: ]|[\s$*{}]")
_JOINT_CHARS = 80

# The closing sentence is looked for in this many characters at the end.
_CLOSING_CHARS = 2000
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[^\s\d])|[\n\u3002]+")
_MARKUP = re.compile(r"<\|[a-z_]{1,20}\|>(?:user|assistant)?\s*|\[?note:.*", re.IGNORECASE)
_ASIDE = re.compile(r"i hope (?:it|this) is correct\.?|\W*", re.IGNORECASE)
_CONCLUDES = re.compile(
    r"\b(?:so|thus|therefore|hence|consequently|in conclusion|finally|final answer|we (?:find|get"
    r"|obtain|conclude)|donc|ainsi|por lo tanto|portanto|also ist|daher|quindi"
    r"|\u0438\u0442\u0430\u043a)\b"
    r"|\u56e0\u6b64|\u6240\u4ee5|\u7ed3\u8bba|\u7efc\u4e0a|\u0644\u0630\u0627",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r"(?:\b(?:is|are|was|equals|be|est|es|ist|it's|\u00e8|\u0647\u0648)\s+"
    r"(?:equal to\s+|just\s+|simply\s+|approximately\s+|donc\s+|de\s+)*"
    r"|[\u4e3a\u662f:]|\u7b49\u4e8e)\s*",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\$\$?([^$]{1,400})\$\$?|\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]")
_FIGURE = re.compile(
    r"(?<![\w.,/^_{])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?%?(?![\d/^_])(?!\.\d)", re.ASCII
)
_MONEY = re.compile(r"(?<![\w$.,])\d[\d.,]{0,20}(?=\s?[$](?![\w\\]))", re.ASCII)
_SHOWS = re.compile(r"[\d$\\^]|^.{1,2}$")
_PLAIN_WORDS = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}|[\u4e00-\u9fff]{2}")
_CJK_END = re.compile(r"[\s\u3002\uff01\u4e00-\u9fff]+$")
_BARE_CHARS = 300


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
    return answer, early(task, tier, answer)


def early(task: Task, tier: Tier, answer: str | None) -> Decision | None:
    """What is decided without a look at the gold answer."""
    if task.sample.finish == Finish.ABORT:
        return Decision(Outcome.UNJUDGED, "aborted")
    if tier is Tier.STRICT and task.sample.finish == Finish.LENGTH:
        return Decision(Outcome.WRONG, "truncated")
    return None if answer is not None else Decision(Outcome.WRONG, "no_answer")


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
    latest = max(found, default=None, key=lambda each: each.at)
    latest = latest or _stated(body) or _bare(body) or _concluded(body)
    return latest.text if latest else None


def of_gold(text: str) -> str:
    """The answer in a gold text: a solution that boxes or states it is not the answer itself."""
    if "box" in text and (found := boxed(text)):
        return found.text
    if len(text) > _BARE_CHARS and (found := _stated(text)):
        return found.text
    return text


def boxed(text: str) -> Found | None:
    r"""The box opened last among the closed ones: ``\boxed{…}`` or ``\fbox{…}``.

    Boxes with nothing but a comma, "and" or the like between them are one answer together.
    """
    start = max(text.rfind(r"\boxed"), text.rfind(r"\fbox"), text.rfind(r"\beginboxed"))
    if start < 0:
        return None
    # Mostly the last box is closed, and the text before it need not be looked through.
    last = _boxes(text, start) or _boxes(text, 0)
    if not last:
        return None
    box = max(last)
    found = _found(text, *box[1:])
    # Rarely is there a box right before it, and only then is the whole text looked through.
    before = text.rfind("}", max(0, box[0] - _JOINT_CHARS), box[0])
    if not found or before < 0 or not _may_join(text, box[0]):
        return found
    return _with_those_before(text, box, found)


def _with_those_before(text: str, last: "tuple[int, int, int]", found: Found) -> Found:
    ends = {end: (start, inside) for start, inside, end in _boxes(text, 0)}
    texts = [found.text]
    start = last[0]
    while True:
        end = text.rfind("}", max(0, start - _JOINT_CHARS), start)
        while end >= 0 and end not in ends:
            end = text.rfind("}", max(0, start - _JOINT_CHARS), end)
        if end < 0 or not _is_joint(text[end + 1 : start]):
            break
        start, inside = ends[end]
        before = _found(text, inside, end)
        # One value in two forms, "15 39/40, or 639/40", is one answer.
        if before and not any(_is_same(before.text, text_) for text_ in texts):
            texts.append(before.text)
    return Found(found.at, ", ".join(reversed(texts)))


def _is_same(one: str, other: str) -> bool:
    left, right = forms.spell(one), forms.spell(other)
    if forms.key(left) == forms.key(right):
        return True
    first, second = forms.read(left), forms.read(right)
    return bool(first is not None and second is not None and forms.compare(first, second).equal)


def _may_join(text: str, start: int) -> bool:
    window = text[max(0, start - _JOINT_CHARS) : start]
    ends = [at for at, char in enumerate(window) if char == "}"]
    return any(_is_joint(window[at + 1 :]) for at in ends)


def _is_joint(between: str) -> bool:
    if not between.strip():
        return "\n" not in between
    return _JOINT.fullmatch(_JOINT_NOISE.sub("", between).casefold()) is not None


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


def _boxes(text: str, start: int) -> list[tuple[int, int, int]]:
    """Of each closed box from there on: where it starts, and its content starts and ends."""
    open_at: list[tuple[int, int]] = []
    found: list[tuple[int, int, int]] = []
    for match in _BRACES.finditer(text, start):
        if match[1] or match[0] == "{":
            open_at.append((match.start() if match[1] else -1, match.end()))
        elif match[0] == "}" and open_at:
            box, inside = open_at.pop()
            if box >= 0:
                found.append((box, inside, match.start()))
    return found


def _closing_hashes(text: str) -> Found | None:
    """Unasked for, ``####`` opens an answer on the last line only: elsewhere it is a heading."""
    found = hashes(text)
    return found if found and "\n" not in text[found.at :].strip() else None


_ANYWHERE = (boxed, answer_line, answer_tag, _closing_hashes)


def _stated(text: str) -> Found | None:
    last = None
    for match in _SAYS.finditer(text):
        last = match
    found = _below(text, last.end(), whole_line=False) if last else None
    return _narrowed(found) or found if found else None


def _concluded(text: str) -> Found | None:
    """What the closing sentence gives, where it says that it concludes or is the only one."""
    tail = _MARKUP.sub("", text[-_CLOSING_CHARS:]).strip()
    sentences = [s for s in _SENTENCES.split(tail) if s.strip() and not _ASIDE.fullmatch(s.strip())]
    if not sentences:
        return None
    sentence = sentences[-1]
    marks = [match.start() for match in _CONCLUDES.finditer(sentence)]
    if not marks and len(sentences) > 1:
        return None
    return _value(len(text), sentence[marks[-1] :] if marks else sentence, says=bool(marks))


def _narrowed(statement: Found) -> Found | None:
    """The value in a statement that is a sentence."""
    if not _PLAIN_WORDS.search(statement.text) or _is_formula(statement.text):
        return None
    return _value(statement.at, statement.text, says=True)


def _value(at: int, sentence: str, *, says: bool) -> Found | None:
    """What follows the last "is" of a sentence, else the only value in it."""
    formulas = [match for match in _FORMULA.finditer(sentence) if match[0].strip("$").strip()]
    for match in reversed([*_COPULA.finditer(sentence)]):
        if any(f.start() < match.start() < f.end() for f in formulas):
            continue
        says = True
        value = _unfenced(_CJK_END.sub("", sentence[match.end() :]))
        if _SHOWS.search(value) and _is_formula(value):
            return Found(at, value)
        break
    only = _only_value(sentence, formulas) if says else None
    return Found(at, only) if only else None


def _only_value(sentence: str, formulas: list[re.Match[str]]) -> str | None:
    if sentence.count("$") % 2:
        amounts = _MONEY.findall(sentence)
        return amounts[0] if len(amounts) == 1 else None
    figures = [match[0] for match in _FIGURE.finditer(_FORMULA.sub(" ", sentence))]
    if len(formulas) == 1 and not figures:
        return _unfenced(formulas[0][0])
    return figures[0] if len(figures) == 1 and not formulas else None


def _bare(text: str) -> Found | None:
    """The whole text, where it is nothing but a formula."""
    stripped = text.strip()
    if not 0 < len(stripped) <= _BARE_CHARS or not _is_formula(stripped):
        return None
    return Found(0, _unfenced(stripped)) if _unfenced(stripped) else None


def _is_formula(text: str) -> bool:
    if len(text) > _BARE_CHARS:
        return False
    spelled = forms.spell(text)
    form = forms.read(spelled, forms.notation_of(spelled))
    return form is not None and not isinstance(form, forms.Phrase)


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
