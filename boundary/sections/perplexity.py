"""How likely one arm's answers are under another."""

from collections.abc import Iterator

from boundary import ppl
from boundary.page import Section, Table
from boundary.page.text import number
from boundary.records import PerplexityCell
from boundary.sections.base import Findings

_READING = (
    "A low perplexity of the tuned model's answers under the base is consistent with, not proof"
    " of, the base already holding those answers: it measures how likely a text is, not whether"
    " its reasoning is right or would be sampled."
)
_NOTE = (
    "Raw log-probabilities at temperature 1 over the answer's own tokens, the stop token included;"
    " answers that ran out of tokens are left out. Intervals are over problems; a ratio is the"
    " exponential of the mean difference of logarithms."
)
_GAPS = (
    "answers",
    "less",
    "subset",
    "difference",
    "95 % interval",
    "ratio",
    "95 % interval",
    "problems",
)
_HEADS = ("answers of", "under", "subset", "mean", "95 % interval", "quartiles", "answers")


def section(found: Findings) -> Section | None:
    """The cross table with its reading."""
    if not found.perplexity:
        return None
    readings = (
        ppl.reading(found.perplexity, one.base.label, one.other.label) for one in found.comparisons
    )
    return Section(
        title="How surprising the answers are",
        lines=(" ".join(filter(None, readings)) or _READING,),
        kinds=("perplexity",),
        tables=(
            Table(
                "Perplexity: median over answers per problem, then mean over problems",
                _HEADS,
                tuple(map(_row, found.perplexity)),
                words=3,
            ),
            *_differences(found),
        ),
        note=_NOTE,
    )


def _differences(found: Findings) -> Iterator[Table]:
    """The pairs of cells that the reading is about: all answers, and right ones."""
    bases = {one.base.label for one in found.comparisons}
    rows = tuple(
        (
            f"{gap.other[0]} under {gap.other[1]}",
            f"{gap.one[0]} under {gap.one[1]}",
            gap.other[2],
            gap.difference,
            f"[{number(gap.low, 2)}, {number(gap.high, 2)}]",
            gap.ratio,
            f"[{number(gap.ratio_low, 2)}, {number(gap.ratio_high, 2)}]",
            gap.problems,
        )
        for gap in found.likelihood.gaps
        if gap.one[2] == gap.other[2] != "wrong" and gap.one[0] == gap.one[1] in bases
    )
    if rows:
        yield Table("Paired differences, the first less the second", _GAPS, rows, words=3)


def _row(cell: PerplexityCell) -> tuple[str | float | int, ...]:
    return (
        cell.answers_of,
        cell.under,
        cell.subset,
        cell.mean,
        f"[{number(cell.low, 2)}, {number(cell.high, 2)}]",
        " / ".join(number(value, 2) for value in cell.quartiles),
        cell.n_answers,
    )
