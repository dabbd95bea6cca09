"""Requests on their way through vLLM: from a feed into its queue, and out of it as samples."""

import copy
import hashlib
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from boundary.engines.base import (
    Decoding,
    Request,
)
from boundary.engines.core import Core
from boundary.engines.tokenizer import Tokenizer
from boundary.errors import EngineError
from boundary.prompts import find_stop
from boundary.records import Finish, Key, Prefix, Sample, Trace


@dataclass(frozen=True, slots=True)
class Law:
    """How requests are drawn.

    ``params`` is copied for each; ``stream`` is ``None`` where each has a seed of its own.
    """

    decoding: Decoding
    params: Any
    stream: int | None
    logprobs: bool

    @property
    def is_raw(self) -> bool:
        """Whether tokens are drawn from the model's own law."""
        return self.decoding.temperature == 1 and self.decoding.top_p == 1

    def sampling(self, request: Request) -> Any:
        """The parameters of one request."""
        params = copy.copy(self.params)
        params.max_tokens = self.most(request) - len(request.prefix_ids)
        if self.stream is None:
            params.seed = seed_after(request.draw.seed, len(request.prefix_ids))
        return params

    def most(self, request: Request) -> int:
        """Tokens allowed to an answer, those of its prefix included."""
        return request.max_tokens or self.decoding.max_tokens

    def draw_logprob(self, logprob: float | None) -> float | None:
        """The log-probability under the law drawn from, where it costs nothing to tell."""
        if self.logprobs and self.decoding.temperature == 0:
            return 0.0
        return logprob if self.is_raw else None


def seed_after(seed: int, drawn: int) -> int:
    """The seed to go on with after so many tokens of an answer.

    The seed itself would draw the rest with the numbers that drew its beginning.
    """
    if not drawn:
        return seed
    digest = hashlib.blake2b(f"{seed}\0{drawn}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@dataclass(slots=True, eq=False)
class Live:
    """A request in vLLM's queue, there under the name ``place``; what is known of its answer."""

    request: Request
    place: str
    token_ids: list[int] = field(default_factory=list)
    logprob: float | None = None
    tail: str = ""
    trace: Trace | None = None

    @property
    def ids(self) -> list[int]:
        """The tokens known, those of earlier sessions first."""
        return [*self.request.prefix_ids, *self.token_ids]

    def total(self) -> float | None:
        """The log-probability of all tokens."""
        prefix = self.request.prefix
        if prefix is None or not self.token_ids:
            return prefix.logprob if prefix else self.logprob
        return _sum(prefix.logprob, self.logprob)


class Flight:
    """The requests of one generation."""

    def __init__(self, core: Core, law: Law, tokenizer: Tokenizer, context: int) -> None:
        self._core = core
        self._law = law
        self._tokenizer = tokenizer
        self._context = context
        self._stops = law.decoding.stop_strings
        self._longest = max(map(len, self._stops), default=0)
        self._live: dict[str, Live] = {}
        self._names: dict[Key, str] = {}
        # Requests come problem by problem, so the last few prompts are all that is asked again.
        self._render = lru_cache(maxsize=8)(core.render)

    @property
    def live(self) -> int:
        """Requests that vLLM has, waiting ones included."""
        return len(self._live)

    def add(self, request: Request) -> None:
        """Hand a request to vLLM."""
        asked = len(request.prompt_ids) + self._law.most(request)
        if asked > self._context:
            raise EngineError(
                f"a prompt of {len(request.prompt_ids)} tokens and"
                f" {self._law.most(request)} new ones ({request.draw.problem.id}) do not fit"
                f" a context of {self._context} tokens",
                remedy="give fewer --max-tokens, or a larger max_model_len if the model has one",
            )
        prompt = self._render(request.prompt_ids + request.prefix_ids)
        name, place = self._core.add(prompt, self._law.sampling(request))
        live = Live(request, place)
        if self._stops and request.prefix_ids:
            live.tail = self._tokenizer.decode(request.prefix_ids)[-self._longest :]
        self._live[name] = live
        self._names[request.key] = name

    def drop(self, keys: Collection[Key]) -> None:
        """Leave off the answers of these keys."""
        names = [self._names[key] for key in keys if key in self._names]
        if names:
            self._core.abort(names)
            for name in names:
                self._forget(name)

    def _forget(self, name: str) -> None:
        del self._names[self._live.pop(name).request.key]

    def end(self) -> None:
        """Leave off all that is left."""
        self.drop(list(self._names))

    def step(self) -> Iterator[Sample]:
        """Yield the samples that vLLM's next step finishes.

        Raises:
            EngineError: The engine is dead, or gave requests up; what came before stands.
        """
        given_up = False
        for output in self._core.step() if self._live else ():
            live = self._live.get(output.request_id)
            if live is None:
                continue
            (new,) = output.outputs
            self._learn(live, new)
            if new.finish_reason not in (None, "stop", "length"):
                # Its tokens stay known: they are in flight, not an answer.
                given_up = True
            elif self._stops and self._is_stopped(live, new):
                yield self._close(output, live, is_stopped=False)
            elif output.finished:
                yield self._close(output, live, is_stopped=new.finish_reason == "stop")
        if given_up:
            raise self._core.ended()

    def _learn(self, live: Live, new: Any) -> None:
        if self._stops:
            live.token_ids += new.token_ids
        else:
            live.token_ids = list(new.token_ids)
        live.logprob = new.cumulative_logprob

    def _close(self, output: Any, live: Live, *, is_stopped: bool) -> Sample:
        if not output.finished:
            self._core.abort([output.request_id])
        if self._law.decoding.exponent is not None:
            (new,) = output.outputs
            live.trace = trace_of(new.logprobs, self._law.decoding, output.num_cached_tokens)
        self._forget(output.request_id)
        return self._sample(live, is_stopped=is_stopped)

    def _is_stopped(self, live: Live, new: Any) -> bool:
        """Whether a stop string has come; tokens that came after it are taken off again."""
        window = live.tail + new.text
        live.tail = window[-self._longest :]
        if not any(stop.strip() in window for stop in self._stops):
            return False
        # The window may begin in mid-line: a match there is confirmed on the whole text.
        ids = live.ids
        # A stop token ends an answer whatever its text.
        last = len(ids) - (new.finish_reason == "stop")
        for size in range(len(ids) - len(new.token_ids) + 1, last + 1):
            if find_stop(self._tokenizer.decode(ids[:size]), self._stops) is not None:
                self._cut(live, new, len(ids) - size)
                return True
        return False

    def _cut(self, live: Live, new: Any, surplus: int) -> None:
        if not surplus:
            return
        del live.token_ids[-surplus:]
        if live.logprob is not None:
            dropped = [next(iter(at.values())).logprob for at in list(new.logprobs)[-surplus:]]
            live.logprob -= sum(dropped)

    def _sample(self, live: Live, *, is_stopped: bool) -> Sample:
        draw, ids = live.request.draw, live.ids
        text = self._tokenizer.decode(ids)
        finish = Finish.STOP if is_stopped else Finish.LENGTH
        end = None if is_stopped else find_stop(text, self._stops)
        if end is not None:
            text, finish = text[:end], Finish.STOP_STRING
        logprob = live.total()
        return Sample(
            problem_id=draw.problem.id,
            index=draw.index,
            seed=draw.seed if self._law.stream is None else self._law.stream,
            text=text,
            token_ids=ids,
            n_tokens=len(ids),
            finish=finish,
            logprob=logprob,
            draw_logprob=self._law.draw_logprob(logprob),
            trace=live.trace,
        )

    def in_flight(self) -> list[Prefix]:
        """What every answer that has begun holds by now."""
        return [prefix for live in self._live.values() for prefix in self._prefix(live)]

    def _prefix(self, live: Live) -> Iterator[Prefix]:
        if not live.token_ids:
            held = self._core.held(live.place)
            if held is None:
                yield Prefix(*live.request.key, live.request.prefix_ids)
                return
            live = Live(live.request, live.place, *held)
        if live.ids:
            total = live.total()
            yield Prefix(*live.request.key, live.ids, total, self._law.draw_logprob(total))


_MOST_TOKENS = 1 << 20
"""No vocabulary has more."""


def trace_of(flat: Any, decoding: Decoding, cached: int | None) -> Trace:
    """What the tokens of one request cost, from vLLM's raw log-probabilities of each position.

    A position holds the drawn token's first and then those of the likeliest tokens. Of a law
    known so far as these, with p_K the least of them, sum p ** exponent lacks at most
    p_K ** (exponent - 1) times the mass of the others; so does that of the law drawn from.
    """
    assert decoding.exponent is not None
    own: list[float] = []
    laws: list[float] = []
    powers: list[float] = []
    tail = 0.0
    for start, end in zip(flat.start_indices, flat.end_indices, strict=True):
        taken, known = flat.logprobs[start], flat.logprobs[start + 1 : end]
        power, left = _normaliser(known, decoding.exponent)
        scale, left_of_scale = _normaliser(known, 1 / decoding.temperature)
        own.append(taken)
        laws.append(taken / decoding.temperature - scale)
        powers.append(power)
        tail = max(tail, left, left_of_scale)
    return Trace(own, laws, powers, tail, cached)


def _normaliser(known: list[float], exponent: float) -> tuple[float, float]:
    """The log of sum p ** exponent over all tokens, and the share that it may lack at most."""
    if exponent == 1:
        return 0.0, 0.0
    total = _log_sum(known, exponent)
    rest = max(0.0, 1.0 - math.fsum(map(math.exp, known)))
    if exponent > 1:
        return total, rest * math.exp((exponent - 1) * min(known) - total)
    # Flattened: the rest weighs most where it is spread evenly over all the others.
    return total, _MOST_TOKENS ** (1 - exponent) * rest**exponent * math.exp(-total)


def _log_sum(logprobs: list[float], exponent: float) -> float:
    """The log of sum p ** exponent."""
    most = exponent * max(logprobs)
    return most + math.log(math.fsum(math.exp(exponent * x - most) for x in logprobs))


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
