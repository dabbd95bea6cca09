"""A fake engine that draws token by token and afresh: another call gives another answer.

Every answer has the same chance to end at each token, so lengths are geometric and an answer
continued from a prefix has the law of one drawn in one go. A caller that keeps short answers
and draws long ones again, or forgets what was in flight, is seen at once in their lengths.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boundary.engines import fake_text
from boundary.engines.base import Decoding, Feed, Request, Watch
from boundary.records import Finish, Prefix, Sample

if TYPE_CHECKING:
    import numpy as np

_LOGPROB = -0.25


@dataclass(frozen=True, slots=True)
class Stream:
    """How fake answers stream.

    Args:
        tokens: Mean length; each token is the last with chance 1 / ``tokens``.
        words: Size of the vocabulary; a token's id is its place there. The last token of an
            answer that ends by itself is its statement: id ``words`` if right, else one more.
        rows: Answers in flight at once, each given one token in each step.
        delay: Seconds per step.
        is_right: From a request and a uniform number, whether the answer is right; asked when
            it ends.
    """

    tokens: int
    words: int
    rows: int
    delay: float
    is_right: Callable[[Request, float], bool]

    def generate(
        self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch
    ) -> Iterator[Sample]:
        """See Engine.generate."""
        import numpy as np

        # No seed: it is the machine's randomness, other than at the time before.
        rng = np.random.default_rng()
        feed = Feed(requests)
        live: list[tuple[Request, list[int]]] = []

        def in_flight() -> list[Prefix]:
            return [_prefix(request, ids) for request, ids in live]

        while live or not feed.is_empty:
            unwanted = watch.cancelled()
            live = [row for row in live if row[0].key not in unwanted]
            live += [(r, [*r.prefix_ids]) for r in feed.take(self.rows - len(live))]
            time.sleep(self.delay)
            ended = self._step(live, decoding.max_tokens, rng)
            live = [row for row, sample in zip(live, ended, strict=True) if not sample]
            yield from (sample for sample in ended if sample)
            watch.beat(in_flight)

    def _step(
        self, live: list[tuple[Request, list[int]]], most: int, rng: "np.random.Generator"
    ) -> list[Sample | None]:
        """Give every row a token; the sample of each row that has ended, in their order."""
        words = rng.integers(0, self.words, len(live)).tolist()
        ends = rng.random(len(live)) * self.tokens < 1
        ended: list[Sample | None] = []
        for (request, ids), word, is_last in zip(live, words, ends.tolist(), strict=True):
            if len(ids) < most:
                is_right = is_last and self.is_right(request, rng.random())
                ids.append((self.words if is_right else self.words + 1) if is_last else word)
            is_over = is_last or len(ids) >= most
            ended.append(self._sample(request, ids) if is_over else None)
        return ended

    def _sample(self, request: Request, ids: list[int]) -> Sample:
        draw, told = request.draw, _prefix(request, ids)
        return Sample(
            problem_id=draw.problem.id,
            index=draw.index,
            seed=draw.seed,
            text=self.decode(request, ids),
            token_ids=ids,
            n_tokens=len(ids),
            finish=Finish.STOP if ids[-1] >= self.words else Finish.LENGTH,
            logprob=told.logprob,
            draw_logprob=told.draw_logprob,
        )

    def decode(self, request: Request, ids: list[int]) -> str:
        """The text of an answer, whole or not."""
        words = fake_text.vocabulary(self.words)
        talk = " ".join(words[i] for i in ids if i < self.words)
        if not ids or ids[-1] < self.words:
            return talk
        problem, channel, index = request.draw.problem, request.channel, request.draw.index
        if ids[-1] == self.words:
            return f"{talk}\n{fake_text.right(problem, channel)}"
        return f"{talk}\n{fake_text.wrong(problem, channel, index)}"


def _prefix(request: Request, ids: list[int]) -> Prefix:
    total = _LOGPROB * len(ids)
    return Prefix(*request.key, tuple(ids), total, total)
