"""The ``compare`` stage: paired curves, solvable sets, crossing point and verdict in words."""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary import stats, tables
from boundary.errors import ConfigError
from boundary.passk import (
    Settings,
    arm_of,
    guess_note,
    references,
    samples_of,
    suite_name,
    unjudged_reasons,
    with_guess,
    within_budget,
)
from boundary.published import Reference
from boundary.records import Comparison, Curve
from boundary.store import CountsTable, Run
from boundary.tables import Extra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from boundary.store.lengths import Answers

_OF_A_DRAW = ("model_id", "revision", "model_digest", "temperature", "top_p", "sampler")
_SHARED = {
    "prompts_digest": "prompts",
    "max_tokens": "token budgets",
    "temperature": "temperatures",
    "top_p": "top-p",
    "sampler": "samplers",
    "sampler_args": "sampler arguments",
}


def run(
    base: CountsTable,
    others: Sequence[CountsTable],
    settings: Settings | None = None,
    *,
    solved_at: int | None = None,
    floor: CountsTable | None = None,
    out: Path | None = None,
) -> list[Comparison]:
    """Compare each of the others with the base, paired by problem.

    Args:
        base: Counts of the base.
        others: Counts of the models compared with it.
        settings: Grid, resamples and seed.
        solved_at: Samples within which a problem counts as solved; the largest k by default.
        floor: Counts of an independent second run of the base, for the noise floor.
        out: Where tables and figures are written, if anywhere.

    Raises:
        ConfigError: The models were asked different problems.
        SampleSizeError: A k exceeds some problem's n, or the last look of an adaptive run.
    """
    settings = settings or Settings()
    base, *rest = (within_budget(table, settings) for table in (base, *others))
    second = within_budget(floor, settings) if floor else None
    ours = tuple(unjudged_reasons(base, settings))
    found = [
        _compare(base, other, settings, solved_at, (*ours, *unjudged_reasons(other, settings)))
        for other in rest
    ]
    if second:
        _require_same_suite(base, second)
        _require_second_run(base, second)
        found = [stats.with_second_run(one, arm_of(base), arm_of(second)) for one in found]
    if out is not None:
        _write(found, suite_name([base]), references([base, *others], settings), out)
    return found


def _compare(
    base: CountsTable,
    other: CountsTable,
    settings: Settings,
    solved_at: int | None,
    unjudged: Sequence[str],
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
    if settings.target == "fixed_suite":
        comparison = stats.for_fixed_suite(comparison, arm_of(base), arm_of(other))
    apart = list(_differences(base, other, settings))
    curves = [
        with_guess(one, table)
        for one, table in ((comparison.base, base), (comparison.other, other))
    ]
    notes = chain(
        comparison.notes,
        unjudged,
        base.notes,
        other.notes,
        guess_note(curves[0], base),
        (told for _, told in apart),
    )
    return replace(
        comparison,
        base=curves[0],
        other=curves[1],
        notes=tuple(dict.fromkeys(notes)),
        caveats=tuple(dict.fromkeys(short for short, _ in apart)),
    )


def shared(found: Sequence[CountsTable]) -> list[CountsTable]:
    """The tables cut to the problems that all of them hold, with a note of what is left out.

    Problems of runs are the same where id, question and answer are.

    Raises:
        ConfigError: There is no such problem.
    """
    asked = [_asked(table) for table in found]
    common = {
        key: None
        for key in asked[0]
        if all(key in other and not _clash(asked[0][key], other[key]) for other in asked[1:])
    }
    if not common:
        raise ConfigError("the models share no problem", remedy="compare runs of one suite")
    most = max(len(problems) for problems in asked)
    if most == len(common) == min(len(problems) for problems in asked):
        # The same problems, in another order perhaps, which whole suites' digests tell apart.
        return [replace(table, is_cut=True) for table in found]
    note = f"compared on the {len(common)} problems that all share, of up to {most}"
    return [_cut_to(table, common, note) for table in found]


def _asked(table: CountsTable) -> dict[str, str | None]:
    """Digest of each problem with counts; ``None`` where only its id is known."""
    told = {p.id: p.digest for p in table.run.asked()} if table.run else {}
    return {count.problem_id: told.get(count.problem_id) for count in table.counts}


def _clash(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _cut_to(table: CountsTable, common: Container[str], note: str) -> CountsTable:
    first = table.first_look
    return replace(
        table,
        counts=tuple(c for c in table.counts if c.problem_id in common),
        firsts=table.firsts and {key: at for key, at in table.firsts.items() if key in common},
        first_look=first and tuple(c for c in first if c.problem_id in common),
        notes=(*table.notes, note),
        is_cut=True,
    )


def _require_same_suite(base: CountsTable, other: CountsTable) -> None:
    """Equal ids do not make equal problems."""
    if base.run is None or other.run is None or (base.is_cut and other.is_cut):
        return
    ours, theirs = (table.run.manifest.identity for table in (base, other) if table.run)
    if ours["suite_digest"] != theirs["suite_digest"]:
        raise ConfigError(
            f"{base.label} was drawn on {ours['suite']} and {other.label} on {theirs['suite']},"
            " whose problems differ",
            remedy="compare runs on the same problems",
        )


def _require_second_run(base: CountsTable, second: CountsTable) -> None:
    """A floor is the base drawn again, alike in all but its seed."""
    if base.run is None or second.run is None:
        return
    ours, theirs = base.run.manifest.identity, second.run.manifest.identity
    apart = [name for name in _OF_A_DRAW if ours.get(name) != theirs.get(name)]
    if apart:
        why = f"another {apart[0].replace('_', ' ')}"
    elif ours.get("seed") is not None and ours["seed"] == theirs.get("seed"):
        why = "the same seed"
    else:
        return
    raise ConfigError(
        f"{second.label} has {why}, and is no independent second run of {base.label}",
        remedy="draw the base anew with another --seed",
    )


def _differences(
    base: CountsTable, other: CountsTable, settings: Settings
) -> Iterator[tuple[str, str]]:
    """What besides the checkpoint sets the two runs apart, in few words and in a sentence."""
    if base.run is None or other.run is None:
        return
    ours, theirs = base.run.manifest, other.run.manifest
    for key, name in _SHARED.items():
        here, there = _told(ours.identity.get(key)), _told(theirs.identity.get(key))
        if here == there or (key == "max_tokens" and settings.budget):
            continue
        if key == "prompts_digest" and _asked_alike(base, other):
            continue
        known = not key.endswith("digest")
        short = f"{name} ({here} and {there})" if known else name
        detail = f": {here} and {there}" if known else ""
        yield short, f"{base.label} and {other.label} have different {name}{detail}"
    if settings.verifier is None and ours.verifier != theirs.verifier:
        pair = f"{ours.verifier} and {theirs.verifier}"
        yield f"verifiers ({pair})", f"different verifiers decide: {pair}"


def _asked_alike(base: CountsTable, other: CountsTable) -> bool:
    """Whether the problems compared have the same prompts: digests are of whole suites."""
    if not (isinstance(base.run, Run) and isinstance(other.run, Run)):
        return False
    ours, theirs = (
        {p.problem.id: p.prompt for p in run.problems()} for run in (base.run, other.run)
    )
    return all(ours[c.problem_id] == theirs.get(c.problem_id) for c in base.counts)


def _told(value: Any) -> Any:
    """A setting as it is shown; arguments in words, "none" where there are none."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {value[key]}" for key in sorted(value)) or None
    return value


def extras(
    base: CountsTable,
    others: Sequence[CountsTable],
    settings: Settings | None = None,
    *,
    steps: Sequence[float] | None = None,
    out: Path | None = None,
) -> tuple[Extra, ...]:
    """What is computed of all arms together: every pair, a series, lengths of answers.

    Args:
        base: Counts of the base.
        others: Counts of the models compared with it.
        settings: Grid, resamples and seed.
        steps: Training steps of base and others, rising, for a trend.
        out: Where the tables are written, if anywhere.

    Returns:
        Tables; none where there is nothing to tell.

    Raises:
        ConfigError: The models were asked different problems, or the steps do not fit them.
        SampleSizeError: A k exceeds some problem's n.
    """
    settings = settings or Settings()
    found = [within_budget(table, settings) for table in (base, *others)]
    together = _all_pairs(found, settings) if len(found) > 2 or steps is not None else None
    made = list(_extras(found, settings, together, steps))
    if out is not None:
        for extra in made:
            tables.write(extra.frame, out / f"{extra.name}.csv")
        if together is not None and steps is not None:
            _draw_series(suite_name([base]), together.curves, steps, made, out)
    return tuple(made)


def _all_pairs(found: Sequence[CountsTable], settings: Settings) -> stats.AllPairs:
    import numpy as np

    return stats.all_pairs(
        [arm_of(table) for table in found],
        ks=settings.ks,
        rng=np.random.default_rng(settings.seed),
        resamples=settings.resamples,
    )


def _draw_series(
    suite: str, curves: Sequence[Curve], steps: Sequence[float], made: Sequence[Extra], out: Path
) -> None:
    from boundary.plots import sheet

    page = sheet.Sheet(suite, extras=made, series=sheet.Series(curves, steps))
    for drawn in sheet.draw(page):
        sheet.write(drawn, out)


def _extras(
    found: Sequence[CountsTable],
    settings: Settings,
    together: stats.AllPairs | None,
    steps: Sequence[float] | None,
) -> Iterator[Extra]:
    if together is not None:
        yield tables.pairs(together)
        if steps is not None:
            yield tables.trends(_trends(together, steps, settings))
    samples = [samples_of(table, settings) for table in found if table.run]
    told = tables.lengths((one.table.label, dict(by_outcome(one))) for one in samples)
    if len(told.frame):
        yield told


def _trends(
    made: stats.AllPairs, steps: Sequence[float], settings: Settings
) -> Iterator[tuple[int, stats.Trend]]:
    """The trends of pass@k at the smallest and the largest k."""
    import numpy as np

    if len(steps) != len(made.curves):
        raise ConfigError(
            f"{len(steps)} steps for {len(made.curves)} models",
            remedy="give one step for the base and for each other, in their order",
        )
    for j in dict.fromkeys((0, len(made.ks) - 1)):
        rates = np.stack([curve.per_problem[:, j] for curve in made.curves])
        rng = np.random.default_rng(settings.seed)
        yield int(made.ks[j]), stats.trend(steps, rates, rng, resamples=settings.resamples)


def steps_of(labels: Sequence[str]) -> list[float]:
    """The training step in each label: its last number.

    Raises:
        ConfigError: A label has none.
    """
    numbers = [re.findall(r"\d+(?:\.\d+)?", label) for label in labels]
    missing = [label for label, found in zip(labels, numbers, strict=True) if not found]
    if missing:
        raise ConfigError(
            f"the label {missing[0]!r} holds no number to take for a training step",
            remedy="give the steps, one for each model",
        )
    return [float(found[-1]) for found in numbers]


def by_outcome(found: "Answers") -> Iterator[tuple[str, "NDArray[np.int32]"]]:
    """Tokens of the right, the wrong, the truncated and the unjudged answers."""
    from boundary.store.marks import CORRECT, WRONG

    known = found.inside & (found.lengths.tokens >= 0)
    cut, tokens = found.lengths.is_cut, found.lengths.tokens
    yield "all", tokens[known]
    yield "correct", tokens[known & (found.outcome == CORRECT)]
    yield "wrong", tokens[known & (found.outcome == WRONG) & ~cut]
    yield "truncated", tokens[known & (found.outcome == WRONG) & cut]
    yield "unjudged", tokens[known & (found.outcome != CORRECT) & (found.outcome != WRONG)]


def _write(found: Sequence[Comparison], suite: str, under: Sequence[Reference], out: Path) -> None:
    from boundary.plots import sheet

    write_tables(found, out)
    curves = [found[0].base, *(one.other for one in found)]
    page = sheet.Sheet(suite, curves, comparisons=found, references=under)
    for drawn in sheet.draw(page):
        sheet.write(drawn, out)


def write_tables(found: Sequence[Comparison], out: Path) -> None:
    """Write differences, summaries, lists of problems, histograms and controls as CSV."""
    tables.write(tables.differences(found), out / "differences.csv")
    tables.write(tables.summaries(found), out / "comparisons.csv")
    tables.write(tables.overlaps(found), out / "overlap.csv")
    tables.write(tables.histograms(found), out / "histogram.csv")
    tables.write(tables.transitions(found), out / "transition.csv")
    tables.write(tables.supports(found), out / "support.csv")
    tables.write(tables.floors(found), out / "floor.csv")
