"""Power sampling: Metropolis-Hastings on p ** alpha over whole answers (arXiv:2510.14901)."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from boundary.engines import UNWATCHED, Decoding, Engine, Request, Watch
from boundary.errors import ConfigError, EngineError
from boundary.records import Draw, Sample
from boundary.samplers.base import count, number, require_known
from boundary.samplers.chain import Chain, Schedule
from boundary.samplers.crowd import drive
from boundary.samplers.seeds import seed_of_part

STOP_RULES = {"all_blocks": "exact", "first_eos_block": "published, not exact"}
"""Whether a chain with a stop token goes on through later blocks, which allow longer answers."""
_ARGUMENTS = ("alpha", "block", "steps", "temperature", "stop_rule", "top", "tail")
_BLOCKS = 16
"""Blocks that the published settings cut an answer into."""
_PROBED, _PROBE_TOKENS = 4, 16
"""Answers, and tokens of each, that are scored at the start."""
_RAW, _RAW_HALF = 0.05, 0.5
"""Nats between a token's cost as drawn and as scored, the most of all tokens that are looked at.

In half precision a logit near 20 is rounded to an eighth, and two kernels round apart. What is not
raw is further off: at temperature 1/4 the cost of a token of probability .3 changes by some nats.
"""
_EXACT = ("float32", "float64")


class Power:
    """Samples whole answers from p ** alpha by Metropolis-Hastings, block by block.

    Arguments: ``alpha`` (4), ``block`` tokens (a sixteenth of the budget), ``steps`` per block
    (10), the proposal's ``temperature`` (1 / alpha), ``stop_rule`` (all_blocks, or
    first_eos_block: published, not exact); and for an engine that tells part of a next-token law
    only, ``top`` tokens of it and the relative error ``tail`` allowed in a normaliser.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        if "top_p" in arguments or "top_k" in arguments:
            raise ConfigError(
                "the proposals of power sampling are not cut to a nucleus",
                remedy="leave top_p and top_k out: an answer with a token outside of it could"
                " never be proposed, and p ** alpha gives it a chance",
            )
        require_known("power", arguments, _ARGUMENTS)
        self._alpha = number("power", arguments, "alpha", 4.0)
        if not 1 <= self._alpha < math.inf:
            raise ConfigError(
                f"alpha of power sampling is {self._alpha:g}",
                remedy="give 1 or more: below 1 the law would be flattened, not sharpened",
            )
        self._temperature = number("power", arguments, "temperature", 1 / self._alpha)
        if not 0 < self._temperature < math.inf:
            raise ConfigError(
                f"the temperature of the proposals is {self._temperature:g}",
                remedy="give more than 0: a greedy proposal has no density to be weighed by",
            )
        self._steps = count("power", arguments, "steps", 10)
        self._block = count("power", arguments, "block", 1) if "block" in arguments else None
        self._top = count("power", arguments, "top", 128)
        self._tail = number("power", arguments, "tail", 1e-6)
        self._rule = arguments.get("stop_rule", "all_blocks")
        if self._rule not in STOP_RULES:
            raise ConfigError(
                f"power sampling has no stop rule {self._rule!r}",
                remedy=" or ".join(f"{name} ({what})" for name, what in STOP_RULES.items()),
            )

    def settings(self, decoding: Decoding) -> Mapping[str, Any]:
        """See Sampler.settings.

        Raises:
            ConfigError: The decoding is not the model's own law, a stop string could end an
                answer, or a block is longer than an answer may be.
        """
        _require_own_law(decoding)
        block = self._block or -(-decoding.max_tokens // _BLOCKS)
        if block > decoding.max_tokens:
            raise ConfigError(
                f"a block of {block} tokens is longer than the {decoding.max_tokens} of an answer",
                remedy=f"give a block of {decoding.max_tokens} or less",
            )
        return {
            "alpha": self._alpha,
            "block": block,
            "steps": self._steps,
            "temperature": self._temperature,
            "stop_rule": self._rule,
        }

    def __call__(
        self,
        engine: Engine,
        requests: Iterable[Request | None],
        decoding: Decoding,
        watch: Watch = UNWATCHED,
    ) -> Iterator[Sample]:
        """See Sampler.

        Raises:
            EngineError: What the engine tells of its tokens are not raw log-probabilities.
        """
        settings = self.settings(decoding)
        schedule = Schedule(
            alpha=self._alpha,
            block=settings["block"],
            steps=self._steps,
            temperature=self._temperature,
            max_tokens=decoding.max_tokens,
            stops_early=self._rule != "all_blocks",
            tail=self._tail,
        )
        own = replace(
            decoding,
            temperature=self._temperature,
            exponent=self._alpha,
            most_likely=self._top,
        )
        waiting = iter(requests)
        first = next((request for request in waiting if request is not None), None)
        if first is None:
            return
        require_raw(engine, first, own)
        yield from drive(
            engine, chain([first], waiting), own, watch, lambda asked: Chain(asked, schedule)
        )


def _require_own_law(decoding: Decoding) -> None:
    if decoding.temperature != 1:
        raise ConfigError(
            f"power sampling sharpens the model's own law, and the temperature is"
            f" {decoding.temperature:g}",
            remedy="leave temperature out, or give 1; that of the proposals is an argument of the"
            " sampler, temperature, and 1 / alpha unless told",
        )
    if decoding.top_p != 1:
        raise ConfigError(
            f"power sampling sharpens the model's own law, and top-p is {decoding.top_p:g}",
            remedy="leave top_p out, or give 1: an answer with a token outside of the nucleus"
            " could never be proposed, and p ** alpha gives it a chance",
        )
    if decoding.stop_strings:
        raise ConfigError(
            f"the template ends answers at {decoding.stop_strings[0]!r}, which is text, and power"
            " sampling weighs tokens",
            remedy="use a template that stops on token ids only",
        )


def require_raw(engine: Engine, request: Request, decoding: Decoding) -> None:
    """Score a few short answers to show that the engine tells raw log-probabilities.

    They are drawn at the proposal's temperature and at 1, and what drawing said of each token is
    held against a pass over the finished answer.

    Raises:
        EngineError: It tells none, or others.
    """
    prompt = request.prompt_ids
    for temperature in {decoding.temperature, 1.0}:
        law = replace(
            decoding, temperature=temperature, max_tokens=min(_PROBE_TOKENS, decoding.max_tokens)
        )
        problem = request.draw.problem
        seeds = [seed_of_part(request.draw.seed, "probe", i) for i in range(_PROBED)]
        asked = [Request(Draw(problem, i, seed), prompt) for i, seed in enumerate(seeds)]
        drawn = list(engine.generate(asked, law))
        answers = [list(sample.token_ids or ()) for sample in drawn]
        scored = engine.score([prompt] * len(answers), answers)
        for sample, costs in zip(drawn, scored, strict=True):
            told = sample.trace.log_p if sample.trace else None
            if told is None:
                raise EngineError(
                    f"the engine {engine.name} does not tell what each token cost",
                    remedy="use --engine transformers or --engine vllm for this sampler",
                )
            gap = max(abs(x - y) for x, y in zip(told, costs, strict=True))
            if not gap < (_RAW if engine.dtype in _EXACT else _RAW_HALF):
                raise EngineError(
                    f"the log-probabilities of {engine.name} are not raw: at temperature"
                    f" {temperature:g} a token's differs by {gap:.3g} from its score",
                    remedy="use an engine that tells them before temperature and top-p",
                )
