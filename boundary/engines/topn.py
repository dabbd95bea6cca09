"""Entropy and nucleus from the likeliest tokens alone: bounds, and a verdict where they decide.

An engine that tells the N likeliest tokens of V leaves a rest of mass m, each of whose tokens is
at most as likely as the last one told. At another temperature the rest weighs least when it is
even, and most when it is as few and as large tokens as may be.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from boundary.engines.scored import Nucleus


@dataclass(frozen=True, slots=True)
class Top:
    """The law of one token as far as it is told.

    Attributes:
        logprobs: Raw log-probabilities of the likeliest tokens, falling.
        vocabulary: Tokens that the law is over, these included.
    """

    logprobs: Sequence[float]
    vocabulary: int

    @property
    def _others(self) -> int:
        return self.vocabulary - len(self.logprobs)

    @property
    def _rest(self) -> float:
        """Mass of the tokens that are not told."""
        if not self._others:
            return 0.0
        return max(0.0, 1 - math.fsum(map(math.exp, self.logprobs)))

    def _weights(self, temperature: float) -> tuple[list[float], float, float]:
        """Weights of those told, and the least and the most of the rest together.

        They are not normalised: the likeliest token's is 1.
        """
        power, first = 1 / temperature, self.logprobs[0]
        told = [math.exp(power * (x - first)) for x in self.logprobs]
        rest = self._rest
        if not rest:
            return told, 0.0, 0.0
        each = math.log(rest / self._others)
        even = self._others * math.exp(power * (each - first))
        # As many of the largest allowed as make up the rest.
        greedy = rest * math.exp(power * (self.logprobs[-1] - first) - self.logprobs[-1])
        return told, min(even, greedy), max(even, greedy)

    def entropy(self, temperature: float = 1.0) -> tuple[float, float]:
        """The least and the most that the entropy (nats) at a temperature can be."""
        if temperature == 0:
            return 0.0, 0.0
        told, least, most = self._weights(temperature)
        total = math.fsum(told)
        within = -math.fsum(w / total * math.log(w / total) for w in told if w)
        if not most:
            return within, within
        floor = (self.logprobs[-1] - self.logprobs[0]) / temperature

        def split(rest: float, inside: float) -> float:
            share = rest / (total + rest)
            mixed = -share * math.log(share) - (1 - share) * math.log1p(-share) if share else 0.0
            return mixed + (1 - share) * within + share * inside

        # Both rise with the weight of the rest up to where it is as even as all else.
        low = split(least, max(0.0, math.log(least) - floor) if least else 0.0)
        spread = math.log(self._others)
        peak = total * math.exp(spread - within)
        high = split(min(max(least, peak), most), spread)
        return min(low, high), high

    def within(self, logprob: float, nucleus: Nucleus, margin: float) -> bool | None:
        """Whether a token of that log-probability can be drawn; ``None`` where it is not decided.

        ``margin`` is that of :func:`boundary.engines.score.margin`.
        """
        if nucleus.temperature == 0:
            return logprob >= self.logprobs[0] - margin
        if nucleus.top_p == 1:
            return logprob > -math.inf
        told, least, most = self._weights(nucleus.temperature)
        edge = logprob + math.log1p(margin) * nucleus.temperature
        likelier = math.fsum(w for w, x in zip(told, self.logprobs, strict=True) if x > edge)
        total = math.fsum(told)
        limit = nucleus.top_p + margin
        if logprob >= self.logprobs[-1]:
            # No token of the rest is likelier: only the sum of all is in doubt.
            low, high = likelier / (total + most), likelier / (total + least)
            return True if high < limit else False if low >= limit else None
        # Those told stand before it, and perhaps some of the rest.
        return False if total / (total + most) >= limit else None
