"""What the samplers took, what the same tokens buy elsewhere, and when training pays."""

import math
import re
from collections.abc import Iterator

from boundary import published
from boundary.effort import ArmEffort, BreakEven, Effort, by_block
from boundary.page import FigureSpec, Section, Table
from boundary.page.text import number, percent
from boundary.plots import palette, plot_cost, plot_likelihood, svg_text
from boundary.sections.base import Findings

_HEADS = (
    "arm",
    "sampler",
    "answers",
    "tokens kept",
    "tokens drawn",
    "times plain",
    "requests",
    "accepted, %",
    "by block, %",
    "read in",
    "from cache",
    "right, tokens",
    "wrong, tokens",
)
_EQUAL = ("tokens of", "tokens per problem", "arm", "k", "solved, %", "95 % interval")
_PAYS = ("arm", "trained", "extra tokens", "extra FLOPs", "answers to break even")
_PAPER = "arXiv:2510.14901"
_THEIRS = ("method", "solved, %", "source")
_NOTE = (
    "Per answer, in tokens; each token drawn is one pass of one row through the model, and what is"
    " read in are prompts and kept prefixes of all requests. Tokens kept by outcome are lengths of"
    " the answers themselves. At equal tokens every arm gets the most answers that the tokens pay"
    " for; one that has not so many is left out. FLOPs are two per parameter and token drawn."
)


def section(found: Findings) -> Section | None:
    """The ledger of every arm, scores at equal tokens, and two figures."""
    told = found.effort
    if told is None:
        return None
    tables = [
        Table("What an answer took", _HEADS, tuple(map(_row, told.arms)), words=2),
        Table("Problems solved at equal tokens", _EQUAL, _equal(told)),
    ]
    if told.break_even:
        rows = tuple(map(_pays, told.break_even))
        tables.append(Table("When training would have been cheaper", _PAYS, rows, words=2))
    theirs = tuple(_published(found.suite, _model(found, told.base)))
    if theirs:
        tables.append(Table("Published for this model and suite, one answer", _THEIRS, theirs))
    return Section(
        title="What the samplers took",
        lines=tuple(_lines(told)),
        figures=_figures(found, told),
        tables=tuple(tables),
        note=_NOTE,
    )


def _model(found: Findings, arm: str) -> str:
    return str(found.runs[arm].manifest.identity["model_id"]).rstrip("/").rpartition("/")[2]


def _published(suite: str, model: str) -> Iterator[tuple[str, str, str]]:
    """What the paper of the sampler printed, by method."""
    for row in published.rows():
        theirs, _, method = row.model.partition(" / ")
        is_here = _bare(row.suite) == _bare(suite) and _bare(theirs) == _bare(model)
        if row.source.startswith(_PAPER) and row.metric == "pass@k" and is_here:
            yield method, f"{row.value:.1f}", f"{row.source}, {row.place}"


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _lines(told: Effort) -> list[str]:
    lines = []
    for arm in told.arms:
        if arm.ledger is None or arm.ratio is None:
            continue
        text = (
            f"{arm.label} draws {number(arm.drawn, 0)} tokens for each of its answers,"
            f" {number(arm.ratio, 1)} times as many as {told.base}"
        )
        if arm.ledger.acceptance is not None:
            text += f"; {percent(arm.ledger.acceptance)} % of its steps are accepted"
        lines.append(f"{text}.")
    for one in told.break_even:
        if math.isfinite(one.answers):
            lines.append(
                f"{one.arm} takes {one.extra_flops:.2g} FLOPs more for an answer than"
                f" {one.trained}: from {one.answers:,.0f} answers on training was cheaper."
            )
    return lines


def _row(arm: ArmEffort) -> tuple[str | float | int | None, ...]:
    ledger = arm.ledger
    share = ledger.acceptance if ledger else None
    blocks = " ".join(percent(one) for one in by_block(ledger)) if ledger else ""
    cached = ledger.cached if ledger else None
    return (
        arm.label,
        arm.sampler,
        arm.answers,
        number(arm.kept, 1),
        number(arm.drawn, 1),
        None if arm.ratio is None else number(arm.ratio, 2),
        number(ledger.requests / ledger.n, 1) if ledger else "1",
        None if share is None else percent(share),
        blocks or None,
        number(ledger.prefilled / ledger.n, 0) if ledger else None,
        None if cached is None or ledger is None else number(cached / ledger.n, 0),
        None if arm.right is None else number(arm.right, 1),
        None if arm.wrong is None else number(arm.wrong, 1),
    )


def _equal(told: Effort) -> tuple[tuple[str | float | int | None, ...], ...]:
    return tuple(
        (
            one.of,
            number(one.tokens, 0),
            one.arm,
            one.k,
            percent(one.pass_at_k),
            f"[{percent(one.low)}, {percent(one.high)}]",
        )
        for one in told.at_tokens
    )


def _pays(one: BreakEven) -> tuple[str | float | int | None, ...]:
    never = not math.isfinite(one.answers)
    return (
        one.arm,
        one.trained,
        number(one.extra_tokens, 1),
        f"{one.extra_flops:.3g}",
        "never" if never else f"{one.answers:,.0f}",
    )


def _figures(found: Findings, told: Effort) -> tuple[FigureSpec, ...]:
    looks = palette(list(found.runs))  # an arm looks the same in all figures
    figures = [
        FigureSpec(
            f"Coverage against tokens on {found.suite}",
            "All tokens that a sampler draws count, those of rejected proposals too.",
            svg_text(plot_cost(told.costs, suite=found.suite, styles=looks)),
            "effort",
        )
    ]
    if len(told.likelihood):
        figures.append(
            FigureSpec(
                f"Likelihood under {told.base}",
                f"Log-probability per token of whole answers under {told.base}; the one in a"
                " hundred least likely share the first bin.",
                svg_text(
                    plot_likelihood(
                        told.likelihood, suite=found.suite, under=told.base, styles=looks
                    )
                ),
                "likelihood",
            )
        )
    return tuple(figures)
