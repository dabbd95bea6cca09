"""How undecided each arm was while it wrote."""

import math

from boundary.page import Section, Table
from boundary.page.text import number
from boundary.records import EntropyProfile, Mean
from boundary.sections.base import Findings

_HEADS = (
    "arm",
    "temperature",
    "drawn from, nats",
    "95 % interval",
    "raw, nats",
    "95 % interval",
    "answers",
)
_ALONG = ("arm", "tokens", "drawn from, nats", "raw, nats", "tokens seen")
_NOTE = (
    "Entropy of the next token's law in nats, mean over an answer's tokens, then over answers and"
    " problems: of the law at the arm's temperature before top-p, and of the raw one at"
    " temperature 1."
)
_BOUND = (
    " Where an engine tells the likeliest tokens only it is the least that it can be, and after +"
    " stands how much more at most."
)


def section(found: Findings) -> Section | None:
    """Mean entropies, and along the position."""
    told = found.likelihood.entropies
    if not told:
        return None
    by_arm = {one.arm: one for one in told}
    lines = tuple(
        _reading(by_arm[one.base.label], by_arm[one.other.label])
        for one in found.comparisons
        if one.base.label in by_arm and one.other.label in by_arm
    )
    along = tuple(
        (one.arm, _places(first, last), number(tempered, 3), number(raw, 3), tokens)
        for one in told
        for first, last, tempered, raw, tokens in one.along
    )
    is_bound = any(one.tempered_slack or one.raw_slack for one in told)
    return Section(
        title="How undecided the models are",
        lines=lines,
        kinds=("entropy",),
        tables=(
            Table("Mean entropy per token", _HEADS, tuple(map(_row, told))),
            Table("Along the answer", _ALONG, along, words=2),
        ),
        note=_NOTE + _BOUND * is_bound,
    )


def _places(first: int, last: int) -> str:
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _reading(base: EntropyProfile, other: EntropyProfile) -> str:
    low, high = base.tempered, other.tempered
    apart = low.high < high.low or high.high < low.low
    words = "" if apart else ", intervals that overlap"
    return (
        f"The law that {other.arm} draws from has {_mean(other.tempered)} nats of entropy per token"
        f" at temperature {other.temperature:g}, that of {base.arm} {_mean(base.tempered)} at"
        f" {base.temperature:g}{words}."
    )


def _mean(found: Mean) -> str:
    limits = f" [{number(found.low, 3)}, {number(found.high, 3)}]"
    return number(found.value, 3) + (limits if math.isfinite(found.low) else "")


def _row(one: EntropyProfile) -> tuple[str | float | int, ...]:
    return (
        one.arm,
        f"{one.temperature:g}",
        _with(one.tempered, one.tempered_slack),
        _limits(one.tempered),
        _with(one.raw, one.raw_slack),
        _limits(one.raw),
        one.tempered.answers,
    )


def _with(found: Mean, slack: float) -> str:
    return number(found.value, 3) + (f" + {number(slack, 3)}" if slack else "")


def _limits(found: Mean) -> str:
    return f"[{number(found.low, 3)}, {number(found.high, 3)}]"
