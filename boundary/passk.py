"""The ``passk`` stage: unbiased pass@k curves with intervals, from runs or counts tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from boundary import stats, tables
from boundary.records import Curve, Tier
from boundary.store import CountsTable

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Settings:
    """How curves are made, shared with ``compare``."""

    ks: tuple[int, ...] | None = None
    tier: Tier = Tier.STRICT
    verifier: str | None = None
    resamples: int = 2000
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """One curve per model, and one of valid derivations where the verifier checks them."""

    solved: tuple[Curve, ...]
    valid: tuple[Curve, ...]
    notes: tuple[str, ...]


def run(
    found: Sequence[CountsTable], settings: Settings | None = None, *, out: Path | None = None
) -> Curves:
    """Estimate a curve for each table of counts.

    Args:
        found: Counts, as :func:`boundary.store.load_counts` reads them.
        settings: Grid, resamples and seed.
        out: Where ``passk.csv`` and the figure are written, if anywhere.

    Returns:
        The curves in the order of the tables, and what a reader must know beside them.

    Raises:
        SampleSizeError: A k exceeds some problem's n, or the last look of an adaptive run.
    """
    settings = settings or Settings()
    solved = tuple(
        stats.curve(
            arm_of(table), settings.ks, rng=_generator(settings), resamples=settings.resamples
        )
        for table in found
    )
    valid = tuple(curve for table in found if (curve := _valid(table, settings)) is not None)
    notes = chain.from_iterable(_notes(table, valid) for table in found)
    curves = Curves(solved, valid, tuple(dict.fromkeys(notes)))
    if out is not None:
        _write(curves, suite_name(found), out)
    return curves


def arm_of(table: CountsTable) -> stats.Arm:
    """Counts as the statistics take them, with the stop rule of an adaptive run."""
    return stats.Arm(table.label, table.counts, table.firsts, table.design, table.first_look)


def _valid(table: CountsTable, settings: Settings) -> Curve | None:
    """The curve of valid derivations, where these are checked; of an adaptive run's first look."""
    arm, ks = arm_of(table), settings.ks
    if any(count.valid is None for count in arm.fixed_counts):
        return None
    if ks is not None and table.design is not None:
        least = min(count.n for count in arm.fixed_counts)
        ks = tuple(k for k in ks if k <= least)
    if ks == ():
        return None
    return stats.valid_curve(arm, ks, rng=_generator(settings), resamples=settings.resamples)


def _notes(table: CountsTable, valid: Sequence[Curve]) -> Iterator[str]:
    yield from table.notes
    if table.design is None:
        return
    yield f"{table.label} is {stats.design_words(table.design)}"
    if len(table.design.looks) > 1 and table.label in {curve.label for curve in valid}:
        yield (
            f"{table.label}: valid derivations are those among the first {table.design.looks[0]} "
            "samples of each problem, where their curve ends"
        )


def _generator(settings: Settings) -> "np.random.Generator":
    """A fresh one for each curve, so that none depends on another's draws."""
    import numpy as np

    return np.random.default_rng(settings.seed)


def suite_name(found: Sequence[CountsTable]) -> str:
    """The suite that runs were drawn on; ``counts`` where none of the tables is a run."""
    names = [table.run.suite_label for table in found if table.run]
    return names[0] if names else "counts"


def _write(curves: Curves, suite: str, out: Path) -> None:
    from boundary.plots import sheet

    tables.write(tables.curves(curves.solved), out / "passk.csv")
    if curves.valid:
        tables.write(tables.curves(curves.valid), out / "passk_valid.csv")
    for drawn in sheet.draw(sheet.Sheet(suite, curves.solved, curves.valid)):
        sheet.write(drawn, out)
