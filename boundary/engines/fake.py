"""An engine whose truth is known, for tests, dry runs and demonstrations: no model, no GPU.

``fake/p=0.3`` solves any problem with chance .3, so pass@k must come out as 1 - .7 ** k.
``fake/first=3`` gets the first three samples of every problem right and no other, so every
problem has c = 3 exactly. ``delay=0.01`` waits so many seconds before each sample, and
``tokens=200`` sets the median length.
"""

import hashlib
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from boundary.engines.base import UNWATCHED, Decoding, EngineConfig, Feed, Request, Watch
from boundary.engines.checkpoint import Checkpoint
from boundary.errors import EngineError
from boundary.records import Finish, Problem, Sample

if TYPE_CHECKING:
    import numpy as np

PREFIX = "fake/"
_STATEMENTS = {
    "boxed": "The final answer is \\boxed{{{}}}.",
    "answer_line": "Answer: {}",
    "answer_tag": "<answer> {} </answer>",
    "hashes": "#### {}",
    "dial": "={}",
}
_WORDS = ("so", "we", "take", "the", "sum", "and", "then", "see", "that", "it", "holds", "here")
_TRUNCATED, _SILENT = 0.05, 0.1
"""Of the wrong answers, the shares that run out of tokens and that state nothing."""


@dataclass(frozen=True, slots=True)
class FakeConfig:
    """What a fake model does; see the module's docstring."""

    p: float = 0.5
    first: int = -1
    delay: float = 0.0
    tokens: int = 60

    @classmethod
    def parse(cls, model: str) -> "FakeConfig":
        """Read ``fake/key=value,key=value``.

        Raises:
            EngineError: An unknown key, or a value that is no number or out of range.
        """
        kinds = {f.name: int if f.type is int else float for f in fields(cls)}
        values: dict[str, float] = {}
        for part in filter(None, model.removeprefix(PREFIX).split(",")):
            key, _, value = part.partition("=")
            try:
                values[key] = kinds[key](value)
            except KeyError:
                near = get_close_matches(key, kinds, 1, 0.0)[0]
                raise EngineError(
                    f"unknown key {key!r} of a fake model", remedy=f"did you mean {near}?"
                ) from None
            except ValueError:
                kind = "a number" if kinds[key] is float else "a whole number"
                raise EngineError(
                    f"{part!r} of a fake model is not {kind}", remedy=f"write {key}=1, say"
                ) from None
        config = cls(**values)  # type: ignore[arg-type]
        if not (0 <= config.p <= 1 and 0 <= config.delay < math.inf and config.tokens > 0):
            raise EngineError(
                f"no fake model can be {model}",
                remedy="p lies in [0, 1], delay is in seconds, tokens is at least 1",
            )
        return config


class FakeEngine:
    """Answers from the problems' own solutions, whole or damaged."""

    name = "fake"
    dtype = "none"
    capacity = 1

    def __init__(self, config: EngineConfig) -> None:
        self._config = FakeConfig.parse(config.model)
        self.checkpoint = describe(config.model)

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        """One id per word of the prompt."""
        return [_word_id(word) for word in text.split()]

    def token_id(self, text: str) -> int | None:
        """A fake vocabulary has no special tokens."""
        return None

    def generate(
        self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch = UNWATCHED
    ) -> Iterator[Sample]:
        """See Engine.generate; an answer follows from its seed alone, so no prefix is needed."""
        feed = Feed(requests)
        while not feed.is_empty:
            for request in feed.take(1):
                if self._config.delay:
                    time.sleep(self._config.delay)
                yield self._answer(request, decoding)
            watch.beat(list)

    def _answer(self, request: Request, decoding: Decoding) -> Sample:
        import numpy as np

        draw = request.draw
        rng = np.random.default_rng(draw.seed)
        text, finish = self._text(request, rng)
        words = text.split()
        if len(words) > decoding.max_tokens:
            words = words[: decoding.max_tokens]
            text, finish = " ".join(words), Finish.LENGTH
        ids = [_word_id(word) for word in words]
        return Sample(
            problem_id=draw.problem.id,
            index=draw.index,
            seed=draw.seed,
            text=text,
            token_ids=ids,
            n_tokens=len(ids),
            finish=finish,
            logprob=-0.25 * len(ids),
            draw_logprob=-0.25 * len(ids),
        )

    def _text(self, request: Request, rng: "np.random.Generator") -> tuple[str, Finish]:
        fate, kind = rng.random(2)
        index, problem = request.draw.index, request.draw.problem
        first = self._config.first
        right = index < first if first >= 0 else fate < self._config.p
        length = 1 + int(rng.lognormal(0.0, 0.6) * self._config.tokens)
        talk = " ".join(_WORDS[i] for i in rng.integers(0, len(_WORDS), length))
        if right:
            return f"{talk}\n{_statement(problem, request.channel)}", Finish.STOP
        if kind < _TRUNCATED:
            return talk, Finish.LENGTH
        if kind < _TRUNCATED + _SILENT:
            return talk, Finish.STOP
        return f"{talk}\n{_say(request.channel, _damage(problem.answer))}", Finish.STOP

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> Iterator[list[float]]:
        """A constant -0.5 nats per token."""
        for answer in answers:
            yield [-0.5] * len(answer)

    def close(self) -> None:
        """Nothing to free."""


def describe(model: str) -> Checkpoint:
    """The identity of a fake model: what it answers, not how fast."""
    config = FakeConfig.parse(model)
    law = f"{config.p}|{config.first}|{config.tokens}"
    digest = hashlib.blake2b(law.encode(), digest_size=16).hexdigest()
    return Checkpoint(model, Path(), None, digest, "fake", None, ())


def _statement(problem: Problem, channel: str) -> str:
    """The stored solution where it states the answer as asked, else a bare statement."""
    if channel == "boxed" and problem.solution and "\\boxed" in problem.solution:
        return problem.solution
    return _say(channel, problem.answer)


def _say(channel: str, answer: str) -> str:
    return _STATEMENTS.get(channel, "{}").format(answer)


def _damage(answer: str) -> str:
    """A wrong answer of the same look: its first digit moved on, or a sign put before it."""
    for place, char in enumerate(answer):
        if char.isdigit():
            return f"{answer[:place]}{(int(char) + 1) % 10}{answer[place + 1 :]}"
    return f"not {answer}"


def _word_id(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=2).digest(), "little")
