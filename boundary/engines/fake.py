"""An engine whose truth is known, for tests, dry runs and demonstrations: no model, no GPU.

``fake/p=0.3`` solves any problem with chance .3, so pass@k must come out as 1 - .7 ** k.
``fake/first=3`` gets the first three samples of every problem right and no other, so every
problem has c = 3 exactly. ``delay=0.01`` waits so many seconds before each sample, and
``tokens=200`` sets the median length; ``spread=0`` makes every length the same, rather than
lognormal with a sigma of .6. ``words=5000`` draws from so many words: a million answers of 500
tokens are all different.

``fresh=1`` draws afresh whenever it is called, token by token, ``rows=32`` answers at once and
``tokens`` long in the mean (:mod:`boundary.engines.fake_stream`); ``delay`` is then per token.
"""

import hashlib
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from boundary.engines import fake_text
from boundary.engines.base import UNWATCHED, Decoding, EngineConfig, Feed, Request, Watch
from boundary.engines.checkpoint import Checkpoint
from boundary.engines.fake_stream import Stream
from boundary.engines.scored import Inspected, Nucleus
from boundary.errors import EngineError
from boundary.records import Finish, Sample

if TYPE_CHECKING:
    import numpy as np

PREFIX = "fake/"
_TRUNCATED, _SILENT = 0.05, 0.1
"""Of the wrong answers, the shares that run out of tokens and that state nothing."""


@dataclass(frozen=True, slots=True)
class FakeConfig:
    """What a fake model does; see the module's docstring."""

    p: float = 0.5
    first: int = -1
    delay: float = 0.0
    tokens: int = 60
    words: int = fake_text.FEW
    spread: float = 0.6
    fresh: int = 0
    rows: int = 32

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
        if not config._is_possible():
            raise EngineError(
                f"no fake model can be {model}",
                remedy="p lies in [0, 1], delay is in seconds, tokens and rows are at least 1,"
                f" words is at most {fake_text.MOST}, spread is not negative, fresh is 0 or 1",
            )
        return config

    def _is_possible(self) -> bool:
        numbers = 0 <= self.p <= 1 and 0 <= self.delay < math.inf and 0 <= self.spread < math.inf
        counts = min(self.tokens, self.rows, self.words) > 0 and self.words <= fake_text.MOST
        return numbers and counts and self.fresh in (0, 1)

    @property
    def law(self) -> str:
        """All that decides the answers; an option left alone changes no name."""
        usual, names = FakeConfig(), ("words", "spread", "fresh")
        told = {name: getattr(self, name) for name in names}
        added = (f"|{name}={v}" for name, v in told.items() if v != getattr(usual, name))
        return f"{self.p}|{self.first}|{self.tokens}{''.join(added)}"


class FakeEngine:
    """Answers from the problems' own solutions, whole or damaged."""

    name = "fake"
    dtype = "none"
    capacity = 1

    def __init__(self, config: EngineConfig) -> None:
        self._config = own = FakeConfig.parse(config.model)
        self.checkpoint = describe(config.model)
        self._words = fake_text.vocabulary(own.words)
        few = own.words == fake_text.FEW
        self._ids = tuple(map(_word_id, self._words)) if few else tuple(range(own.words))
        # A statement's words have ids of their own beside a vocabulary that counts its words.
        self._others = 0 if few else own.words
        self._stream: Stream | None = None
        if own.fresh:
            self._stream = Stream(own.tokens, own.words, own.rows, own.delay, self._is_right)
            self.capacity = own.rows

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
        if self._stream:
            yield from self._stream.generate(requests, decoding, watch)
            return
        feed = Feed(requests)
        while not feed.is_empty:
            for request in feed.take(1):
                if self._config.delay:
                    time.sleep(self._config.delay)
                yield self._answer(request, decoding)
            watch.beat(list)

    def _answer(self, request: Request, decoding: Decoding) -> Sample:
        import numpy as np

        draw, most = request.draw, decoding.max_tokens
        rng = np.random.default_rng(draw.seed)
        statement, finish = self._end(request, rng)
        closing = statement.split()
        places = self._talk(rng, len(closing))
        words = [self._words[i] for i in places]
        if len(words) + len(closing) > most:
            text, finish = " ".join([*words, *closing][:most]), Finish.LENGTH
        else:
            talk = fake_text.talk(" ".join(words), request.channel)
            text = "\n".join(filter(None, (talk, statement)))
        ids = [self._ids[i] for i in places] + [self._others + _word_id(w) for w in closing]
        count = min(len(ids), most)
        return Sample(
            problem_id=draw.problem.id,
            index=draw.index,
            seed=draw.seed,
            text=text,
            token_ids=ids[:most],
            n_tokens=count,
            finish=finish,
            logprob=-0.25 * count,
            draw_logprob=-0.25 * count,
        )

    def _end(self, request: Request, rng: "np.random.Generator") -> tuple[str, Finish]:
        """How the answer ends: what it states, if anything, and why it stops."""
        fate, kind = rng.random(2)
        problem = request.draw.problem
        if self._is_right(request, fate):
            return fake_text.right(problem, request.channel), Finish.STOP
        if kind < _TRUNCATED:
            return "", Finish.LENGTH
        if kind < _TRUNCATED + _SILENT:
            return "", Finish.STOP
        return fake_text.wrong(problem, request.channel, request.draw.index), Finish.STOP

    def _is_right(self, request: Request, fate: float) -> bool:
        first = self._config.first
        return request.draw.index < first if first >= 0 else fate < self._config.p

    def _talk(self, rng: "np.random.Generator", closing: int) -> list[int]:
        """Places in the vocabulary of the words before a statement of ``closing`` words."""
        if self._config.spread:
            length = 1 + int(rng.lognormal(0.0, self._config.spread) * self._config.tokens)
        else:
            length = max(0, self._config.tokens - closing)
        found: list[int] = rng.integers(0, len(self._words), length).tolist()
        return found

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> Iterator[list[float]]:
        """A constant -0.5 nats per token."""
        for answer in answers:
            yield [-0.5] * len(answer)

    def inspect(
        self,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
        nucleus: Nucleus,
    ) -> Iterator[Inspected]:
        """The same constant; every token is the likeliest, and entropies are half a nat."""
        for answer in answers:
            half, none = [0.5] * len(answer), [0.0] * len(answer)
            yield Inspected(
                [-0.5] * len(answer),
                [1] * len(answer),
                [True] * len(answer),
                half,
                half,
                none,
                none,
            )

    def close(self) -> None:
        """Nothing to free."""


def describe(model: str) -> Checkpoint:
    """The identity of a fake model: what it answers, not how fast."""
    law = FakeConfig.parse(model).law
    digest = hashlib.blake2b(law.encode(), digest_size=16).hexdigest()
    return Checkpoint(model, Path(), None, digest, "fake", None, ())


@lru_cache(maxsize=1 << 16)
def _word_id(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=2).digest(), "little")
