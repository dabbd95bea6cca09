"""What an engine tells of tokens that are given to it, not drawn."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Nucleus:
    """The law that tokens are drawn from: tempered, then cut.

    What is left is the smallest set of the likeliest tokens whose probabilities reach ``top_p``;
    of equal ones those that come first in the vocabulary. Temperature 0 leaves the likeliest.
    """

    temperature: float
    top_p: float


@dataclass(frozen=True, slots=True)
class Inspected:
    """One answer token by token; all lists are of its length.

    ``logprobs`` are raw (nats, temperature 1), ``ranks`` count from 1 for the likeliest.
    ``within`` is whether a nucleus holds the token, ``None`` where an engine that sees only the
    likeliest tokens cannot tell. ``raw`` and ``tempered`` are entropies (nats) of the law that the
    token comes from, at temperature 1 and at the nucleus's temperature, both before top-p; an
    engine that sees only the likeliest tokens gives the least that they can be, and with
    ``raw_slack`` and ``tempered_slack`` how much more at most (0 where exact).
    """

    logprobs: Sequence[float]
    ranks: Sequence[int]
    within: Sequence[bool | None]
    raw: Sequence[float]
    tempered: Sequence[float]
    raw_slack: Sequence[float]
    tempered_slack: Sequence[float]
