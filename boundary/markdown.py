"""A comparison as GitHub Markdown, to paste into an issue, a model card or a paper's repository."""

import re
from collections.abc import Iterator

from boundary import stats
from boundary.records import Comparison, Overlap
from boundary.stats.arrays import TOLERANCE
from boundary.wording import p_number, p_text

_SPECIAL = re.compile(r"([\\`*_{}\[\]|~#])")


def of_comparison(found: Comparison) -> str:
    """The verdict, the four-way table, and the paired differences at every k of the grid."""
    line = escaped(stats.verdict(found)) + "."
    return "\n".join((line, "", *_four_way(found), "", *_differences(found)))


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, in a cell too."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return _SPECIAL.sub(r"\\\1", shown).replace("&", "&amp;").replace("<", "&lt;")


def _four_way(found: Comparison) -> Iterator[str]:
    split = found.overlap
    base, other = escaped(found.base.label), escaped(found.other.label)
    cells = [
        f"{held:.1f}" if isinstance(held, float) else str(len(held))
        for held in (split.both, split.base_only, split.other_only, split.neither)
    ]
    yield f"| problems at k = {split.k} | solved by {other} | not solved by {other} |"
    yield "| --- | --: | --: |"
    yield f"| solved by {base} | {cells[0]} | {cells[1]} |"
    yield f"| not solved by {base} | {cells[2]} | {cells[3]} |"
    yield ""
    if isinstance(split, Overlap):
        yield escaped(f"Exact McNemar test: {p_text(split.p_value)}.")
    else:
        yield "Expected numbers from counts alone; no test."


def _differences(found: Comparison) -> Iterator[str]:
    base, other = escaped(found.base.label), escaped(found.other.label)
    yield f"| k | {base}, % | {other}, % | difference, pt | 95 % interval | p | settled |"
    yield "| --: | --: | --: | --: | --- | --: | --- |"
    for j, k in enumerate(found.ks):
        gap, low, high = map(_points, (found.difference[j], found.low[j], found.high[j]))
        cells = (
            str(k),
            f"{100 * found.base.mean[j]:.1f}",
            f"{100 * found.other.mean[j]:.1f}",
            gap,
            f"{low} to {high}",
            escaped(p_number(float(found.p_value[j]))),
            "yes" if found.is_settled[j] else "no",
        )
        yield f"| {' | '.join(cells)} |"


def _points(rate: float) -> str:
    """A difference in points, with as many digits as keep what is not 0 from looking like it."""
    value = 100 * float(rate)
    digits = next((d for d in (1, 2, 3) if round(value, d) or abs(value) <= TOLERANCE), 4)
    return f"{round(value, digits) + 0.0:+.{digits}f}" if round(value, digits) else "0.0"
