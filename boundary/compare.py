"""The ``compare`` stage: paired curves, solvable sets, crossing point and verdict in words."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from boundary import stats, tables
from boundary.errors import ConfigError
from boundary.passk import Settings, arm_of, suite_name
from boundary.records import Comparison
from boundary.store import CountsTable

_SHARED = {
    "prompts_digest": "prompts",
    "max_tokens": "token budgets",
    "temperature": "temperatures",
    "top_p": "top-p",
    "sampler": "samplers",
}


def run(
    base: CountsTable,
    others: Sequence[CountsTable],
    settings: Settings | None = None,
    *,
    solved_at: int | None = None,
    out: Path | None = None,
) -> list[Comparison]:
    """Compare each of the others with the base, paired by problem.

    Args:
        base: Counts of the base.
        others: Counts of the models compared with it.
        settings: Grid, resamples and seed.
        solved_at: Samples within which a problem counts as solved; the largest k by default.
        out: Where tables and figures are written, if anywhere.

    Raises:
        ConfigError: The models were asked different problems.
        SampleSizeError: A k exceeds some problem's n, or the last look of an adaptive run.
    """
    settings = settings or Settings()
    found = [_compare(base, other, settings, solved_at) for other in others]
    if out is not None:
        _write(found, suite_name([base]), out)
    return found


def _compare(
    base: CountsTable, other: CountsTable, settings: Settings, solved_at: int | None
) -> Comparison:
    import numpy as np

    _require_same_suite(base, other)
    comparison = stats.compare(
        arm_of(base),
        arm_of(other),
        ks=settings.ks,
        solved_at=solved_at,
        rng=np.random.default_rng(settings.seed),
        resamples=settings.resamples,
    )
    notes = chain(comparison.notes, base.notes, other.notes, _differences(base, other))
    return replace(comparison, notes=tuple(dict.fromkeys(notes)))


def _require_same_suite(base: CountsTable, other: CountsTable) -> None:
    """Equal ids do not make equal problems."""
    if base.run is None or other.run is None:
        return
    ours, theirs = (table.run.manifest.identity for table in (base, other) if table.run)
    if ours["suite_digest"] != theirs["suite_digest"]:
        raise ConfigError(
            f"{base.label} was drawn on {ours['suite']} and {other.label} on {theirs['suite']},"
            " whose problems differ",
            remedy="compare runs on the same problems",
        )


def _differences(base: CountsTable, other: CountsTable) -> Iterator[str]:
    """What besides the checkpoint sets the two runs apart."""
    if base.run is None or other.run is None:
        return
    ours, theirs = base.run.manifest, other.run.manifest
    for key, name in _SHARED.items():
        here, there = ours.identity.get(key), theirs.identity.get(key)
        if here == there:
            continue
        detail = "" if key.endswith("digest") else f": {here} and {there}"
        yield f"{base.label} and {other.label} have different {name}{detail}"
    if ours.verifier != theirs.verifier:
        yield f"different verifiers decide: {ours.verifier} and {theirs.verifier}"


def _write(found: Sequence[Comparison], suite: str, out: Path) -> None:
    from boundary.plots import sheet

    write_tables(found, out)
    for drawn in sheet.draw(sheet.Sheet(suite, comparisons=found)):
        sheet.write(drawn, out)


def write_tables(found: Sequence[Comparison], out: Path) -> None:
    """Write the differences, summaries, overlap lists and histograms as CSV."""
    tables.write(tables.differences(found), out / "differences.csv")
    tables.write(tables.summaries(found), out / "comparisons.csv")
    tables.write(tables.overlaps(found), out / "overlap.csv")
    tables.write(tables.histograms(found), out / "histogram.csv")
