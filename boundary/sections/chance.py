"""What mere resampling would give, and how many problems each message rests on."""

from collections.abc import Iterator

from boundary import stats
from boundary.page import Section, Table
from boundary.records import Comparison, ExpectedOverlap, Overlap
from boundary.sections.base import Findings
from boundary.stats.support import cells

_HEADS = ("pair", "table", "k", "both", "base only", "other only", "neither")
_NOTE = (
    "Two runs of one model also solve different problems. A half is half of a run's samples; its"
    " numbers are expected over all ways to split."
)


def section(found: Findings) -> Section | None:
    """The sentences of :func:`boundary.stats.controls` and the four-way tables behind them."""
    lines = tuple(
        f"{one.other.label} against {one.base.label}: {line}."
        for one in found.comparisons
        for line in stats.controls(one)
    )
    if not lines:
        return None
    rows = tuple(row for one in found.comparisons for row in _rows(one))
    tables = (Table("Solved problems by chance alone", _HEADS, rows, words=2),) if rows else ()
    return Section("What chance alone would give", lines, tables=tables, note=_NOTE)


def _rows(one: Comparison) -> Iterator[tuple[str | int, ...]]:
    if one.floor is None:
        return
    base, other = one.base.label, one.other.label
    splits: tuple[tuple[str, Overlap | ExpectedOverlap | None], ...] = (
        (f"half of {base}, its other half", one.floor.base),
        (f"half of {base}, half of {other}", one.floor.other),
        (f"{base}, a second run of it", one.floor.second),
        (f"{base}, {other}", one.overlap),
    )
    for name, split in splits:
        if split is not None:
            counts = (_shown(split, cell) for cell in cells(split))
            yield (f"{other} / {base}", name, split.k, *counts)


def _shown(split: Overlap | ExpectedOverlap, count: float) -> str:
    return f"{count:,.0f}" if isinstance(split, Overlap) else f"{count:,.1f}"
