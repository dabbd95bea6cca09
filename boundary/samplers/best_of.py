"""Best of m: the likeliest of m independent answers, which needs no verifier."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from boundary.engines import UNWATCHED, Decoding, Engine, Request, Watch
from boundary.errors import ConfigError, EngineError
from boundary.records import Draw, Finish, Key, Ledger, Prefix, Sample
from boundary.samplers.base import count, require_known
from boundary.samplers.crowd import drive
from boundary.samplers.seeds import seed_of_part

BY: dict[str, Callable[[Sample], float]] = {
    "mean": lambda sample: _logprob(sample) / (sample.n_tokens or 1),
    "total": lambda sample: _logprob(sample),
}
"""What the likeliest is chosen by: the model's raw log-probability per token, or in all."""


class BestOf:
    """Draws m answers for each sample and keeps the likeliest.

    Arguments: ``m`` (8), and ``by`` (mean: per token; total: in all).
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        require_known("best_of", arguments, ("m", "by"))
        self._m = count("best_of", arguments, "m", 8)
        self._by = arguments.get("by", "mean")
        if self._by not in BY:
            raise ConfigError(
                f"best_of chooses by {self._by!r}", remedy=f"choose one of {', '.join(BY)}"
            )

    def settings(self, decoding: Decoding) -> Mapping[str, Any]:
        """See Sampler.settings."""
        return {"m": self._m, "by": self._by}

    def __call__(
        self,
        engine: Engine,
        requests: Iterable[Request | None],
        decoding: Decoding,
        watch: Watch = UNWATCHED,
    ) -> Iterator[Sample]:
        """See Sampler."""
        better = BY[self._by]
        yield from drive(
            engine, requests, decoding, watch, lambda asked: Candidates(asked, self._m, better)
        )


class Candidates:
    """The m answers that one sample is chosen from; a :class:`boundary.samplers.crowd.Course`."""

    def __init__(self, request: Request, m: int, better: Callable[[Sample], float]) -> None:
        self._request = request
        self._m = m
        self._better = better
        self._done: dict[int, Sample] = {}
        self._begun: dict[int, Prefix] = {}
        self._has_asked = False
        if request.prefix and request.prefix.state is not None:
            self._recall(json.loads(request.prefix.state))

    def ask(self) -> Sequence[Request]:
        """See Course.ask."""
        if self._has_asked:
            return ()
        self._has_asked = True
        return [self._candidate(place) for place in range(self._m) if place not in self._done]

    def _candidate(self, place: int) -> Request:
        draw = self._request.draw
        own = Draw(
            draw.problem, draw.index * self._m + place, seed_of_part(draw.seed, "candidate", place)
        )
        begun = self._begun.get(place)
        if begun:
            begun = replace(begun, index=own.index)
        return replace(self._request, draw=own, prefix=begun)

    def learn(self, sample: Sample) -> Sample | None:
        """See Course.learn."""
        place = sample.index - self._request.draw.index * self._m
        self._done[place] = sample
        if len(self._done) < self._m:
            return None
        ordered = [self._done[place] for place in range(self._m)]
        best = max(ordered, key=self._better)
        draw = self._request.draw
        return replace(best, index=draw.index, seed=draw.seed, ledger=self._ledger(ordered, best))

    def _ledger(self, found: Sequence[Sample], best: Sample) -> Ledger:
        generated, kept = sum(sample.n_tokens or 0 for sample in found), best.n_tokens or 0
        return Ledger(
            *self._request.key,
            requests=self._m,
            generated=generated,
            extended=0,
            accepted=kept,
            rejected=generated - kept,
            passes=generated,
            prefilled=self._m * len(self._request.prompt_ids),
            cached=None,
            tail=0.0,
        )

    def state(self, held: Callable[[], Mapping[Key, Prefix]]) -> Prefix | None:
        """See Course.state: what has ended, and what the others hold by now."""
        first = self._request.draw.index * self._m
        known = held()
        begun = dict(self._begun)
        for place in range(self._m):
            prefix = known.get((self._request.draw.problem.id, first + place))
            if prefix is not None and prefix.token_ids:
                begun[place] = prefix
        state = {
            "done": [[place, *_packed(sample)] for place, sample in self._done.items()],
            "begun": [
                [place, list(p.token_ids), p.logprob, p.draw_logprob]
                for place, p in begun.items()
                if place not in self._done
            ],
        }
        if not any(state.values()):
            return None
        return Prefix(*self._request.key, (), state=json.dumps(state).encode())

    def _recall(self, state: Mapping[str, Any]) -> None:
        key = self._request.key
        for place, *packed in state["done"]:
            self._done[place] = _unpacked(key, packed)
        for place, ids, logprob, own in state["begun"]:
            self._begun[place] = Prefix(*key, tuple(ids), logprob, own)


def _logprob(sample: Sample) -> float:
    if sample.logprob is None:
        raise EngineError(
            "best_of chooses by log-probabilities, and the engine tells none",
            remedy="leave out --no-logprobs, or use another engine",
        )
    return sample.logprob


def _packed(sample: Sample) -> tuple[Any, ...]:
    ids = list(sample.token_ids) if sample.token_ids is not None else None
    return sample.text, ids, sample.n_tokens, sample.finish, sample.logprob, sample.draw_logprob


def _unpacked(key: Key, packed: Sequence[Any]) -> Sample:
    text, ids, n_tokens, finish, logprob, own = packed
    return Sample(*key, 0, text, ids, n_tokens, Finish(finish), logprob, own)
