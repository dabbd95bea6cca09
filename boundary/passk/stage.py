"""The stage itself: a curve for each table of counts, and the files that hold them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from boundary import published, stats, tables
from boundary.passk.base import (
    Settings,
    arm_of,
    generator,
    guess_note,
    suite_name,
    unjudged_reasons,
    with_guess,
    within_budget,
)
from boundary.passk.extras import Also, extras_of
from boundary.records import Curve
from boundary.store import CountsTable
from boundary.tables import Extra
from boundary.wording import unjudged_note


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """One curve per model, and one of valid derivations where the verifier checks them."""

    solved: tuple[Curve, ...]
    valid: tuple[Curve, ...]
    notes: tuple[str, ...]
    extras: tuple[Extra, ...] = ()


def run(
    found: Sequence[CountsTable],
    settings: Settings | None = None,
    *,
    also: Also | None = None,
    out: Path | None = None,
) -> Curves:
    """Estimate a curve for each table of counts.

    Args:
        found: Counts, as :func:`boundary.store.load_counts` reads them.
        settings: Grid, resamples and seed.
        also: What is made besides the curves.
        out: Where ``passk.csv``, the other tables and the figure are written, if anywhere.

    Returns:
        The curves in the order of the tables, and what a reader must know beside them.

    Raises:
        SampleSizeError: A k exceeds some problem's n, or the last look of an adaptive run.
        ConfigError: What is asked for needs the samples of a run, and there are only counts.
    """
    settings = settings or Settings()
    read = [within_budget(table, settings) for table in found]
    solved = tuple(_curve(table, settings) for table in read)
    valid = tuple(curve for table in read if (curve := _valid(table, settings)) is not None)
    notes = chain.from_iterable(
        (*guess_note(curve, table), *_notes(table, valid), *_unjudged(table, settings))
        for curve, table in zip(solved, read, strict=True)
    )
    extras = tuple(extras_of(read, settings, also)) if also else ()
    curves = Curves(solved, valid, tuple(dict.fromkeys(notes)), extras)
    if out is not None:
        _write(curves, suite_name(found), references(found, settings), out)
    return curves


def references(found: Sequence[CountsTable], settings: Settings) -> tuple[published.Reference, ...]:
    """The published curves to lay under those of these tables.

    Raises:
        ConfigError: No published curve has such a name.
    """
    models = [
        str(table.run.manifest.identity["model_id"]) if table.run else table.label
        for table in found
    ]
    return published.chosen(settings.reference, suite_name(found), models)


def _curve(table: CountsTable, settings: Settings) -> Curve:
    curve = stats.curve(
        arm_of(table),
        settings.ks,
        rng=generator(settings),
        resamples=settings.resamples,
        target=settings.target,
    )
    return with_guess(curve, table)


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
    return stats.valid_curve(
        arm,
        ks,
        rng=generator(settings),
        resamples=settings.resamples,
        target=settings.target,
    )


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


def _unjudged(table: CountsTable, settings: Settings) -> Iterator[str]:
    """How many samples have no verdict that counts, and why."""
    missing = sum(count.unjudged for count in table.counts)
    if not missing:
        return
    yield unjudged_note(table.label, missing, sum(count.n for count in table.counts))
    yield from unjudged_reasons(table, settings)


def _write(curves: Curves, suite: str, under: Sequence[published.Reference], out: Path) -> None:
    from boundary.plots import sheet

    tables.write(tables.curves(curves.solved), out / "passk.csv")
    if curves.valid:
        tables.write(tables.curves(curves.valid), out / "passk_valid.csv")
    for extra in curves.extras:
        tables.write(extra.frame, out / f"{extra.name}.csv")
    page = sheet.Sheet(suite, curves.solved, curves.valid, extras=curves.extras, references=under)
    for drawn in sheet.draw(page):
        sheet.write(drawn, out)
