"""Whether a base could have drawn the other arms' answers at all."""

from boundary.page import MarkedText, Section, Table
from boundary.page.text import number, percent
from boundary.ppl import Marked
from boundary.records import Mean, Reachability
from boundary.sections.base import Findings

_HEADS = (
    "answers of",
    "under",
    "which",
    "all tokens within, %",
    "95 % interval",
    "answers",
    "first outside, place",
    "its rank",
    "its probability",
    "tokens outside, %",
    "smallest probability",
    "log-likelihood ratio",
)
_NOTE = (
    "An answer is within when every token of it lies in the nucleus that the model draws from:"
    " one token outside, and that model never writes it under this decoding. Medians over answers:"
    " place (from 1), rank and probability of the first token outside, and the smallest"
    " probability. The ratio is in nats, the writer's own model over this one. An answer outside"
    " may still have another wording within."
)


def section(found: Findings) -> Section | None:
    """The shares with their reading, and a few answers with the tokens marked."""
    told = found.likelihood.reach
    if not told:
        return None
    pairs = [(one.base.label, one.other.label) for one in found.comparisons]
    lines = tuple(line for base, other in pairs if (line := reading(told, base, other)))
    return Section(
        title="Could the base have drawn these answers?",
        lines=lines,
        tables=(Table(_caption(told), _HEADS, tuple(map(_row, told)), words=3),),
        marked=tuple(map(_shown, found.likelihood.marked)),
        note=_NOTE,
    )


def reading(told: list[Reachability], base: str, other: str) -> str:
    """What the shares say of two arms, in words; empty where they are missing."""
    cells = {(one.answers_of, one.under, one.subset): one for one in told}
    found = cells.get((other, base, "correct"))
    if found is None:
        return ""
    own = cells.get((base, base, "correct"))
    law = f"temperature {found.temperature:g}, top-p {found.top_p:g}"
    text = (
        f"Of {other}'s correct answers, {base} could have drawn {_share(found.share)} at {law}"
        f" ({found.reachable:,} of {found.share.answers:,} answers, {found.share.problems:,}"
        " problems)"
    )
    if own is not None and base != other:
        text += f"; of its own correct answers {_share(own.share)}"
    if found.first is not None and found.rank is not None and found.probability is not None:
        text += (
            f". In the others the first token that it would not have drawn is number"
            f" {found.first:.0f} in the median, of rank {found.rank:.0f} and probability"
            f" {found.probability:.2g}"
        )
    if found.undecided:
        text += f". {found.undecided:,} answers are not decided and count as not drawn"
    return f"{text}."


def _share(found: Mean) -> str:
    return f"{percent(found.value)} % [{percent(found.low)}, {percent(found.high)}]"


def _caption(told: list[Reachability]) -> str:
    laws = dict.fromkeys(f"temperature {one.temperature:g}, top-p {one.top_p:g}" for one in told)
    return f"Answers whose every token the model could have drawn at {' or '.join(laws)}"


def _row(one: Reachability) -> tuple[str | float | int | None, ...]:
    return (
        one.answers_of,
        one.under,
        one.subset,
        percent(one.share.value),
        f"[{percent(one.share.low)}, {percent(one.share.high)}]",
        one.share.answers,
        None if one.first is None else number(one.first, 0),
        None if one.rank is None else number(one.rank, 0),
        None if one.probability is None else f"{one.probability:.2g}",
        percent(one.outside),
        f"{one.smallest:.2g}",
        one.ratio.value if one.ratio else None,
    )


def _shown(one: Marked) -> MarkedText:
    return MarkedText(
        f"A correct answer of {one.answers_of} to {one.problem_id} (sample {one.index}); marked is"
        f" what {one.under} would not have drawn",
        one.pieces,
    )
