"""The ``entropy-match`` stage: the temperature at which a tuned model is as undecided as its base.

Reinforcement makes a model sure of itself, so base and tuned model at one temperature differ in
more than what they can solve. The stage finds the temperature of the tuned model at which the
mean entropy of the law that it draws from (tempered, before top-p) equals the base's. The
precision is that of these problems under new samples.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from boundary import engines, prompts
from boundary.config import MAX_TOKENS, ArmSettings
from boundary.engines import Decoding, Engine, Nucleus, Request
from boundary.engines.checkpoint import prompt_lengths
from boundary.errors import ConfigError, EngineError
from boundary.progress import SILENT, Advance, Progress
from boundary.records import Draw, Problem
from boundary.suites import Suite

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

HOTTEST = 2.0
"""The highest temperature tried; vLLM draws at no higher one."""
_COOLEST = 0.01
_EVALUATIONS = 12
_ROUND = 16
"""Samples of each problem drawn at a time."""
_PILOT = 1
"""Rounds before a standard error is believed."""
_FAR = 5
"""Standard errors from the base's entropy at which a measurement needs no more precision."""
_CLOSE = 0.5
"""Standard errors of the difference at which the search ends: more would fit noise."""
_MATCHED = 2
"""Standard errors on fresh seeds up to which two entropies are told as equal."""
_NARROW = 1e-3
"""Temperatures nearer to each other than this are not told apart."""


@dataclass(frozen=True, slots=True)
class Entropy:
    """A model's mean entropy at a temperature, in nats per token, with its standard error.

    The mean is over tokens, then over answers, then over problems; ``error`` is that of new
    samples of the same problems.
    """

    temperature: float
    mean: float
    error: float
    samples: int


@dataclass(frozen=True, slots=True)
class Match:
    """What the search found.

    ``tried`` are the tuned model's, in order, the last of them at ``temperature``; ``base`` and
    that one were measured on the seeds of the search, ``fresh_base`` and ``fresh`` on others.
    """

    temperature: float
    base: Entropy
    tried: tuple[Entropy, ...]
    fresh_base: Entropy
    fresh: Entropy

    @property
    def found(self) -> Entropy:
        """What was measured last in the search."""
        return self.tried[-1]

    @property
    def evaluations(self) -> int:
        """Measurements of the search, the base's included."""
        return 1 + len(self.tried)

    @property
    def gap(self) -> float:
        """Tuned less base on fresh seeds, in nats."""
        return self.fresh.mean - self.fresh_base.mean

    @property
    def gap_error(self) -> float:
        """Standard error of the gap: of both fresh measurements, and of the two it rests on."""
        each = (self.base, self.found, self.fresh_base, self.fresh)
        return math.sqrt(sum(one.error**2 for one in each))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is matched: the base at its temperature, and the tuned model at one to be found.

    ``error`` is the standard error (nats) to which every entropy is measured; with ``most``
    samples of each problem the measuring ends even so.
    """

    base: ArmSettings
    tuned: ArmSettings
    suite: Suite
    limit: int | None = None
    seed: int = 0
    error: float = 0.0015
    most: int = 4096

    @property
    def problems(self) -> Sequence[Problem]:
        """The problems asked."""
        return self.suite.problems[: self.limit]


def run(asked: Asked, *, progress: Progress = SILENT) -> Match:
    """Find the temperature by bracketing and false position, then measure it on fresh seeds.

    Raises:
        ConfigError: At no temperature up to 2 the tuned model has that entropy.
        EngineError: A model does not load, or an entropy cannot be measured so precisely.
    """
    budget = _budget(asked)
    with progress.task("entropies measured", total=_EVALUATIONS + 2) as advance:
        with closing(engines.load(asked.base)) as engine:
            meter = _Meter(engine, asked, asked.base, budget, advance)
            base = meter.measure(asked.base.temperature)
            fresh_base = meter.measure(asked.base.temperature, fresh=True)
        with closing(engines.load(asked.tuned)) as engine:
            meter = _Meter(engine, asked, asked.tuned, budget, advance)
            tried = _search(meter, base)
            fresh = meter.measure(tried[-1].temperature, fresh=True)
    return Match(tried[-1].temperature, base, tuple(tried), fresh_base, fresh)


def _budget(asked: Asked) -> int:
    """New tokens for both models alike: as asked, or the smaller room of the two contexts."""
    rooms = [MAX_TOKENS]
    for arm in (asked.base, asked.tuned):
        checkpoint = engines.identify(arm.model, arm.revision)
        if checkpoint.context is None:
            continue
        template = prompts.get(arm.template or asked.suite.template)
        texts = [prompts.render(template, p.question) for p in asked.problems]
        # vLLM wants room for one more token when it tells the likeliest ones.
        room = checkpoint.context - max(prompt_lengths(checkpoint, texts)) - 1
        if room < (arm.max_tokens or 1):
            raise ConfigError(
                f"{arm.model} has room for {max(room, 0)} new tokens after the longest prompt, and"
                f" {arm.max_tokens or 1} are asked for",
                remedy=f"give --max-tokens {room} or less" if room > 0 else "take another model",
            )
        rooms.append(room)
    return min(rooms) if asked.base.max_tokens is None else asked.base.max_tokens


def _search(meter: "_Meter", base: Entropy) -> list[Entropy]:
    """Measurements of the tuned model, the last of which is the closest."""
    tried: list[Entropy] = []
    for temperature in _bracket(tried, base):
        tried.append(meter.measure(temperature, target=base.mean))
    low, high = _enclosing(tried, base)
    if low is None or high is None:
        coolest = min(tried, key=lambda one: one.temperature)
        side = "up to 2" if high is None else f"down to {coolest.temperature:g}"
        far = tried[-1]
        raise ConfigError(
            f"there is no such temperature {side}: the base has {base.mean:.4f} nats at"
            f" {base.temperature:g}, and the tuned model {far.mean:.4f} at {far.temperature:g}",
            remedy="match at another --temperature of the base",
        )
    while not _is_done(tried[-1], base, low, high) and len(tried) + 1 < _EVALUATIONS:
        tried.append(meter.measure(_between(low, high, base.mean), target=base.mean))
        low, high = (_nearest(tried, base, above=above) for above in (False, True))
        assert low is not None
        assert high is not None
    best = min(tried, key=lambda one: abs(one.mean - base.mean) + one.error)
    return [*(one for one in tried if one is not best), best]


def _bracket(tried: list[Entropy], base: Entropy) -> Iterator[float]:
    """Temperatures from the base's own outward until the entropy is enclosed."""
    yield base.temperature or 1.0
    rises = tried[-1].mean < base.mean
    temperature = tried[-1].temperature
    while (tried[-1].mean < base.mean) == rises and (
        temperature < HOTTEST if rises else temperature > _COOLEST
    ):
        temperature = min(HOTTEST, 1.5 * temperature) if rises else max(_COOLEST, temperature / 2)
        yield temperature


def _enclosing(tried: Sequence[Entropy], base: Entropy) -> tuple[Entropy | None, Entropy | None]:
    return _nearest(tried, base, above=False), _nearest(tried, base, above=True)


def _nearest(tried: Sequence[Entropy], base: Entropy, *, above: bool) -> Entropy | None:
    """The measurement closest to the base's on one side of it."""
    side = [one for one in tried if (one.mean >= base.mean) == above]
    return min(side, key=lambda one: abs(one.mean - base.mean), default=None)


def _is_done(last: Entropy, base: Entropy, low: Entropy, high: Entropy) -> bool:
    error = math.hypot(last.error, base.error)
    is_narrow = abs(high.temperature - low.temperature) < _NARROW
    return abs(last.mean - base.mean) <= _CLOSE * error or is_narrow


def _between(low: Entropy, high: Entropy, target: float) -> float:
    """Where the line through both meets the target, kept off the ends of the bracket."""
    share = (target - low.mean) / (high.mean - low.mean)
    share = min(0.95, max(0.05, share))
    return low.temperature + share * (high.temperature - low.temperature)


class _Meter:
    """Measures a loaded model's entropy; on one set of seeds, so that noise is common."""

    def __init__(
        self, engine: Engine, asked: Asked, arm: ArmSettings, budget: int, advance: Advance
    ) -> None:
        self._engine = engine
        self._asked = asked
        self._advance = advance
        template = prompts.get(arm.template or asked.suite.template)
        self._prompts = {
            p.id: tuple(engine.encode(prompts.render(template, p.question))) for p in asked.problems
        }
        ids = (engine.token_id(text) for text in template.stop_tokens)
        self._decoding = Decoding(
            arm.temperature,
            arm.top_p,
            budget,
            template.stop_strings,
            tuple(i for i in ids if i is not None),
        )

    def measure(
        self, temperature: float, *, target: float | None = None, fresh: bool = False
    ) -> Entropy:
        """Draw until the standard error is as asked, or ``target`` is clearly out of reach."""
        import numpy as np

        asked = self._asked
        means: list[NDArray[np.float64]] = []
        while len(means) * _ROUND < asked.most:
            means.append(self._round(temperature, len(means), fresh=fresh))
            found = _entropy(temperature, np.concatenate(means, axis=1))
            is_far = target is not None and abs(found.mean - target) > _FAR * found.error
            if len(means) >= _PILOT and (is_far or found.error <= asked.error):
                self._advance(1, f"{found.mean:.4f} nats at {temperature:.4g}")
                return found
        raise EngineError(
            f"{asked.most} samples of each problem leave the entropy at {temperature:g} less"
            f" precise than {asked.error:g} nats",
            remedy="take more problems, allow more samples, or a larger --error",
        )

    def _round(self, temperature: float, number: int, *, fresh: bool) -> "NDArray[np.float64]":
        """(P, _ROUND) mean entropies of new answers."""
        import numpy as np

        decoding = replace(self._decoding, temperature=temperature)
        problems = self._asked.problems
        requests = [
            Request(Draw(p, i, self._seed(p, i, fresh=fresh)), self._prompts[p.id])
            for p in problems
            for i in range(number * _ROUND, (number + 1) * _ROUND)
        ]
        # A sure model writes the same answer again and again: each is inspected once.
        drawn: dict[tuple[str, tuple[int, ...]], list[int]] = {}
        for sample in self._engine.generate(requests, decoding):
            ids = tuple(sample.token_ids or ())
            drawn.setdefault((sample.problem_id, ids), []).append(sample.index % _ROUND)
        answers = sorted(drawn, key=lambda answer: len(answer[1]))
        told = self._engine.inspect(
            [self._prompts[problem] for problem, _ in answers],
            [ids for _, ids in answers],
            Nucleus(temperature, decoding.top_p),
        )
        place = {p.id: row for row, p in enumerate(problems)}
        means = np.zeros((len(problems), _ROUND))
        for answer, one in zip(answers, told, strict=True):
            # Bounds are met in the middle; the slack is 0 where the vocabulary is seen whole.
            middle = np.asarray(one.tempered) + np.asarray(one.tempered_slack) / 2
            means[place[answer[0]], drawn[answer]] = middle.mean() if len(middle) else 0.0
        return means

    def _seed(self, problem: Problem, index: int, *, fresh: bool) -> int:
        key = f"entropy\0{self._asked.seed}\0{fresh}\0{problem.id}\0{index}".encode()
        return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1


def _entropy(temperature: float, means: "NDArray[np.float64]") -> Entropy:
    """Mean over problems of the means over their answers, (P, n) of them."""
    problems, n = means.shape
    variance = means.var(axis=1, ddof=1).sum() / n
    error = math.sqrt(variance) / problems
    return Entropy(temperature, float(means.mean()), error, means.size)


def table(found: Match) -> "pd.DataFrame":
    """What was measured, in order; ``fresh`` rows are on other seeds than the search."""
    import pandas as pd

    rows = [
        ("base", found.base),
        *(("tuned", one) for one in found.tried),
        ("base, fresh", found.fresh_base),
        ("tuned, fresh", found.fresh),
    ]
    columns = ("model", "temperature", "entropy", "error", "samples")
    told = [(name, one.temperature, one.mean, one.error, one.samples) for name, one in rows]
    return pd.DataFrame(told, columns=list(columns))


def reading(found: Match) -> str:
    """The result in words."""
    error = found.gap_error
    far = f", {abs(found.gap) / error:.1f} standard errors of {error:.4f}" if error else ""
    told = (
        f"At temperature {found.temperature:.4f} the tuned model has the base's entropy at"
        f" {found.base.temperature:g}"
        if abs(found.gap) <= _MATCHED * error
        else f"No temperature tried gives the tuned model the base's entropy at"
        f" {found.base.temperature:g} for sure; {found.temperature:.4f} comes nearest"
    )
    return (
        f"{told}, found in {found.evaluations} measurements; on fresh seeds they differ by"
        f" {found.gap:+.4f} nats{far}."
    )
