"""The ``passk`` stage: unbiased pass@k curves with intervals, from runs or counts tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from boundary import stats, tables
from boundary.records import Curve, Tier
from boundary.store import CountsTable


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

    Raises:
        SampleSizeError: A k exceeds some problem's n.
    """
    import numpy as np

    settings = settings or Settings()
    solved, valid = [], []
    for table in found:
        ks = settings.ks
        rng = np.random.default_rng(settings.seed)
        solved.append(
            stats.curve(table.label, table.counts, ks, rng=rng, resamples=settings.resamples)
        )
        if all(count.valid is not None for count in table.counts):
            rng = np.random.default_rng(settings.seed)
            valid.append(
                stats.valid_curve(
                    table.label, table.counts, ks, rng=rng, resamples=settings.resamples
                )
            )
    notes = tuple(note for table in found for note in table.notes)
    curves = Curves(tuple(solved), tuple(valid), notes)
    if out is not None:
        _write(curves, suite_name(found), out)
    return curves


def suite_name(found: Sequence[CountsTable]) -> str:
    """The suite that runs were drawn on; ``counts`` where none of the tables is a run."""
    names = [str(table.run.manifest.identity["suite"]) for table in found if table.run]
    return names[0] if names else "counts"


def _write(curves: Curves, suite: str, out: Path) -> None:
    from boundary.plots import sheet

    tables.write(tables.curves(curves.solved), out / "passk.csv")
    if curves.valid:
        tables.write(tables.curves(curves.valid), out / "passk_valid.csv")
    for drawn in sheet.draw(sheet.Sheet(suite, curves.solved, curves.valid)):
        sheet.write(drawn, out)
