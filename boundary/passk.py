"""The ``passk`` stage: unbiased pass@k curves with intervals, from runs or counts tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from boundary import stats, tables
from boundary.errors import ConfigError
from boundary.records import Curve, Tier
from boundary.store import CountsTable
from boundary.tables import Extra

if TYPE_CHECKING:
    import numpy as np

    from boundary.store.lengths import Answers


@dataclass(frozen=True, slots=True)
class Settings:
    """How curves are made, shared with ``compare``.

    ``target`` is what intervals are of; ``budget`` reads runs as if drawn with fewer tokens.
    """

    ks: tuple[int, ...] | None = None
    tier: Tier = Tier.STRICT
    verifier: str | None = None
    resamples: int = 2000
    seed: int = 0
    target: stats.Target = "population"
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Also:
    """What ``passk`` makes besides curves.

    ``budgets`` are smaller budgets of tokens, each with a curve of its own; ``extrapolate`` the
    largest k beyond n; ``metrics`` pass^k, G-Pass@k and Cover; ``answers`` what follows from the
    answers themselves: maj@k, entropy, what guessing would hit; ``cost`` tokens against coverage.
    ``direct`` are counts of answers drawn without reasoning, for the filter of guessed problems.
    """

    budgets: tuple[int, ...] = ()
    extrapolate: int | None = None
    metrics: bool = False
    answers: bool = False
    cost: bool = False
    direct: CountsTable | None = None


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
    notes = chain.from_iterable(_notes(table, valid) for table in read)
    extras = tuple(_extras(read, settings, also)) if also else ()
    curves = Curves(solved, valid, tuple(dict.fromkeys(notes)), extras)
    if out is not None:
        _write(curves, suite_name(found), out)
    return curves


def _curve(table: CountsTable, settings: Settings) -> Curve:
    """pass@k of a table, beside what blind guesses would solve of a suite with choices."""
    import numpy as np

    curve = stats.curve(
        arm_of(table),
        settings.ks,
        rng=_generator(settings),
        resamples=settings.resamples,
        target=settings.target,
    )
    asked = table.run.problems() if table.run else []
    chances = [p.problem.meta.get("guess") for p in asked]
    if not chances or not all(isinstance(chance, float) for chance in chances):
        return curve
    guess = stats.guess_curve(np.array(chances, dtype=np.float64), curve.ks).mean(axis=0)
    return replace(curve, guess=guess)


def arm_of(table: CountsTable) -> stats.Arm:
    """Counts as the statistics take them, with the stop rule of an adaptive run."""
    return stats.Arm(table.label, table.counts, table.firsts, table.design, table.first_look)


def within_budget(table: CountsTable, settings: Settings) -> CountsTable:
    """The table at the budget of tokens that is asked for, if one is."""
    if settings.budget is None:
        return table
    from boundary.store.lengths import at_budget

    return at_budget(samples_of(table, settings), settings.budget)


def samples_of(table: CountsTable, settings: Settings) -> "Answers":
    """The samples behind a table.

    Raises:
        ConfigError: It comes from no run.
    """
    from boundary.store.lengths import answers_of

    found = answers_of(table, tier=settings.tier, verifier=settings.verifier)
    if found is None:
        raise ConfigError(
            f"{table.label} is a table of counts, which tells nothing of single answers",
            remedy="give the run itself, or leave out what needs its answers",
        )
    return found


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
        rng=_generator(settings),
        resamples=settings.resamples,
        target=settings.target,
    )


def _extras(found: Sequence[CountsTable], settings: Settings, also: Also) -> Iterator[Extra]:
    if also.budgets:
        yield tables.budgets(_budget_curves(found, settings, also.budgets))
    if also.extrapolate is not None:
        yield tables.extrapolations(_extrapolations(found, settings, also.extrapolate))
    if also.metrics:
        yield tables.metrics(chain.from_iterable(_metrics(table, settings) for table in found))
    if also.cost:
        yield tables.costs(_costs(found, settings))
    if also.answers:
        votes, spreads = zip(*(_answers(table, settings) for table in found), strict=True)
        yield tables.votes(votes)
        yield tables.answers(spreads)
        yield tables.guesses(
            chain.from_iterable(
                _guesses(table, settings, spread)
                for table, spread in zip(found, spreads, strict=True)
            )
        )
    if also.direct is not None:
        yield tables.filtered(_filtered(found, settings, also.direct))


def _budget_curves(
    found: Sequence[CountsTable], settings: Settings, budgets: Sequence[int]
) -> Iterator[tuple[int, float, Curve]]:
    """Per arm and budget the share of answers cut there, and the curve."""
    from boundary.store.lengths import at_budget

    for table in found:
        samples = samples_of(table, settings)
        for budget in budgets:
            cut = (samples.lengths.tokens > budget) & samples.inside
            curve = stats.curve(
                arm_of(at_budget(samples, budget)),
                settings.ks,
                rng=_generator(settings),
                resamples=settings.resamples,
                target=settings.target,
            )
            yield budget, float(cut.sum() / samples.n.sum()), curve


def _extrapolations(
    found: Sequence[CountsTable], settings: Settings, largest: int
) -> Iterator[tuple[str, int, bool, stats.Extrapolation | None]]:
    for table in found:
        counts = arm_of(table).fixed_counts
        correct, sizes = [c.correct for c in counts], [c.n for c in counts]
        least = min(sizes)
        ks = [2**i for i in range(largest.bit_length()) if least < 2**i <= largest]
        if not ks:
            raise ConfigError(
                f"an extrapolation to k = {largest} with n = {least}",
                remedy=f"give a power of two above {least}, or read the measured curve",
            )
        for never in (False, True):
            made = stats.extrapolate(correct, sizes, ks, _generator(settings), never=never)
            yield table.label, least, never, made


def _metrics(table: CountsTable, settings: Settings) -> Iterator[tuple[str, str | None, Curve]]:
    """Each metric's name, its tau and its curve, over the samples that no outcome chose."""
    import numpy as np

    arm = arm_of(table)
    correct = np.array([c.correct for c in arm.fixed_counts])
    sizes = np.array([c.n for c in arm.fixed_counts])
    ks = _within(settings, int(sizes.min()))

    def curve(values: "np.ndarray", ks: Sequence[int]) -> Curve:
        return stats.metric(arm, values, ks, rng=_generator(settings), resamples=settings.resamples)

    yield "pass^k", None, curve(stats.pass_hat_k(correct, sizes, ks), ks)
    for tau in tables.TAUS:
        yield "G-Pass@k", tau, curve(stats.g_pass_at_k(correct, sizes, ks, tau), ks)
    yield "mG-Pass@k", None, curve(stats.mean_g_pass_at_k(correct, sizes, ks), ks)
    for tau in tables.COVERS:
        held = stats.covered(correct, sizes, tau).astype(np.float64)[:, None]
        yield "Cover", tau, curve(held, [int(sizes.min())])


def _within(settings: Settings, least: int) -> list[int]:
    if settings.ks is None:
        return [int(k) for k in stats.default_ks(least)]
    return [k for k in settings.ks if k <= least] or [least]


def _costs(found: Sequence[CountsTable], settings: Settings) -> Iterator[tuple[Curve, float]]:
    """Each arm's curve and the mean tokens of an answer."""
    for table in found:
        samples = samples_of(table, settings)
        known = samples.inside & (samples.lengths.tokens >= 0)
        mean = float(samples.lengths.tokens[known].mean()) if known.any() else float("nan")
        yield (
            stats.curve(
                arm_of(table),
                settings.ks,
                rng=_generator(settings),
                resamples=settings.resamples,
            ),
            mean,
        )


def _answers(table: CountsTable, settings: Settings) -> tuple[Curve, tables.Spread]:
    """The curve of the vote, and per problem how its answers spread."""
    import numpy as np

    from boundary.store.classes import classes_of

    sorted_out = classes_of(samples_of(table, settings), settings.verifier)
    arm = arm_of(table)
    ks = _within(settings, min(c.n for c in arm.fixed_counts))
    votes = np.array(
        [
            stats.majority_at_k(one.right.total(), tuple(one.wrong.values()), ks, silent=one.silent)
            for one in sorted_out
        ]
    )
    curve = stats.metric(arm, votes, ks, rng=_generator(settings), resamples=settings.resamples)
    return curve, tables.Spread(table.label, tuple(sorted_out), _golds(table))


def _golds(table: CountsTable) -> dict[str, tuple[str, float | None]]:
    """Gold answer and chance of a blind guess of each problem."""
    assert table.run is not None
    return {
        p.problem.id: (p.problem.answer.strip(), p.problem.meta.get("guess"))
        for p in table.run.problems()
    }


def _guesses(
    table: CountsTable, settings: Settings, spread: tables.Spread
) -> Iterator[tuple[str, Curve]]:
    """pass@k, what guessing would give, and pass@k without the problems that guessing solves."""
    import numpy as np

    arm = arm_of(table)
    fixed = stats.Arm(arm.label, arm.fixed_counts)
    ks = _within(settings, min(c.n for c in fixed.counts))
    rng, resamples = _generator(settings), settings.resamples
    chances = np.array([spread.elsewhere[c.problem_id] for c in fixed.counts])
    guessed = stats.guess_curve(chances, ks)
    yield "pass@k", stats.curve(fixed, ks, rng=rng, resamples=resamples)
    yield "answers to other problems", stats.metric(fixed, guessed, ks, rng=rng)
    blind = [spread.golds[c.problem_id][1] for c in fixed.counts]
    if all(chance is not None for chance in blind):
        known = stats.guess_curve(np.array(blind, dtype=np.float64), ks)
        yield "blind guesses", stats.metric(fixed, known, ks, rng=rng)
    kept = [c for c, g in zip(fixed.counts, guessed[:, -1], strict=True) if g < tables.GUESSABLE]
    if kept:
        rest = stats.Arm(arm.label, kept)
        yield "pass@k, guessable left out", stats.curve(rest, ks, rng=rng, resamples=resamples)


def _filtered(
    found: Sequence[CountsTable], settings: Settings, direct: CountsTable
) -> Iterator[tuple[str, Curve]]:
    """Each arm's curve with and without the problems that direct answers hit by luck."""
    counts = arm_of(direct).fixed_counts
    lucky = stats.guessed_directly([c.correct for c in counts], [c.n for c in counts])
    dropped = {c.problem_id for c, is_lucky in zip(counts, lucky, strict=True) if is_lucky}
    for table in found:
        kept = tuple(c for c in table.counts if c.problem_id not in dropped)
        for name, chosen in (("all problems", table.counts), ("without lucky ones", kept)):
            if chosen:
                arm = replace(arm_of(table), counts=chosen, firsts=None, first_look=None)
                yield (
                    name,
                    stats.curve(
                        arm, settings.ks, rng=_generator(settings), resamples=settings.resamples
                    ),
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
    for extra in curves.extras:
        tables.write(extra.frame, out / f"{extra.name}.csv")
    for drawn in sheet.draw(sheet.Sheet(suite, curves.solved, curves.valid)):
        sheet.write(drawn, out)
