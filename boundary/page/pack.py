"""Problems with their answers, packed so that a page of many stays small.

Each problem's texts are one deflated, base64-coded JSON text, which the page unpacks when the
problem is opened. Where all together exceed the budget, answers show less of their middle, then
there are fewer of them.
"""

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from boundary.page.model import AnswerView, ProblemView
from boundary.page.text import visible

LONGEST = 12_000
"""Characters of an answer or a prompt that a page shows at most."""
_LIMITS = (LONGEST, 8_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_500, 1_000, 700, 500, 300)
_GOLD = 4_000


@dataclass(frozen=True, slots=True)
class Packed:
    """One text per problem, in their order; how many answers they hold, and what was cut.

    ``limit`` is the characters shown of an answer at most and ``cut`` how many answers are
    longer; ``dropped`` counts answers that were given and did not fit.
    """

    texts: tuple[str, ...]
    answers: int
    limit: int
    cut: int
    dropped: int


def ends(text: str, limit: int) -> tuple[str, str]:
    """A text's start and end, together of at most ``limit`` characters; the end may be empty."""
    if len(text) <= limit:
        return text, ""
    half = limit // 2
    return text[:half], text[len(text) - half :]


def pack(problems: Sequence[ProblemView], arms: Sequence[str], budget: float) -> Packed:
    """Pack problems into at most ``budget`` characters, with as much of the answers as fits.

    Args:
        problems: What is packed.
        arms: The arms by whose place answers name theirs.
        budget: Characters for all texts together. The prompts are kept even beyond it.

    Returns:
        The texts, and what was left out.
    """
    given = sum(len(problem.answers) for problem in problems)
    found = Packed((), 0, LONGEST, 0, 0)
    for most in (None, 1, 0):
        kept = [_kept(problem, most) for problem in problems]
        lengths = [answer.whole for answers in kept for answer in answers]
        ratio = 0.0
        for limit in _LIMITS if lengths else _LIMITS[:1]:
            characters = sum(min(limit, length) for length in lengths)
            if ratio * characters > budget:
                continue  # by what the last try gave, this one will not fit either
            texts = tuple(
                _text(problem, answers, arms, limit)
                for problem, answers in zip(problems, kept, strict=True)
            )
            cut = sum(length > limit for length in lengths)
            found = Packed(texts, len(lengths), limit, cut, given - len(lengths))
            size = sum(map(len, texts))
            if size <= budget:
                return found
            ratio = size / max(1, characters)
    return found


def _kept(problem: ProblemView, most: int | None) -> tuple[AnswerView, ...]:
    """The first answers of each arm and outcome; all of them where ``most`` is ``None``."""
    if most is None:
        return problem.answers
    seen: dict[tuple[str, str], int] = {}
    kept = []
    for answer in problem.answers:
        key = (answer.arm, answer.outcome)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= most:
            kept.append(answer)
    return tuple(kept)


def _text(
    problem: ProblemView, answers: Sequence[AnswerView], arms: Sequence[str], limit: int
) -> str:
    content = {
        "question": _shown(problem.question, LONGEST),
        "gold": _shown(problem.answer, _GOLD),
        "prompts": list(_prompts(problem, arms)),
        "answers": [_answer(answer, arms, limit) for answer in answers],
    }
    # No escapes are needed for HTML: none of its marks is in the base64 alphabet.
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(plain)).decode()


def _prompts(problem: ProblemView, arms: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Each prompt once, with the arms that were sent it."""
    senders: dict[str, list[int]] = {}
    for arm, prompt in problem.prompts.items():
        senders.setdefault(prompt, []).append(arms.index(arm))
    for prompt, places in senders.items():
        yield {"arms": places, "text": _shown(prompt, LONGEST)}


def _shown(text: str, limit: int) -> list[str | int]:
    """Start, number of characters left out, end."""
    start, end = ends(text, limit)
    return [visible(start), len(text) - len(start) - len(end), visible(end)]


def _answer(answer: AnswerView, arms: Sequence[str], limit: int) -> dict[str, Any]:
    start, end = answer.text, answer.end
    if len(start) + len(end) > limit:
        start, end = ends(start + end, limit)
    return {
        "arm": arms.index(answer.arm),
        "index": answer.index,
        "text": [visible(start), answer.whole - len(start) - len(end), visible(end)],
        "outcome": visible(answer.outcome),
        "reason": visible(answer.reason),
        "extracted": None if answer.extracted is None else _shown(answer.extracted, _GOLD),
        "valid": answer.valid,
        "finish": visible(answer.finish),
        "tokens": answer.n_tokens,
    }
