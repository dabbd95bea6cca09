"""What ``passk`` makes besides curves: smaller budgets, larger k, other metrics, cost, guesses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from boundary import guessing, prompt_cost, stats, tables
from boundary.errors import ConfigError
from boundary.passk.base import Settings, arm_of, generator, samples_of
from boundary.records import Curve
from boundary.store import CountsTable, Run
from boundary.store.archive import Archive
from boundary.store.ledger import read_ledgers
from boundary.store.source import Source
from boundary.tables import Extra

if TYPE_CHECKING:
    import numpy as np


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


def extras_of(found: Sequence[CountsTable], settings: Settings, also: Also) -> Iterator[Extra]:
    """The tables that are asked for, one after the other.

    Raises:
        ConfigError: One needs the samples of a run, and there are only counts.
    """
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
            lengths = samples.lengths
            cut = ((lengths.tokens > budget) | lengths.is_cut) & samples.inside
            curve = stats.curve(
                arm_of(at_budget(samples, budget)),
                settings.ks,
                rng=generator(settings),
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
            made = stats.extrapolate(correct, sizes, ks, generator(settings), never=never)
            yield table.label, least, never, made


def _metrics(table: CountsTable, settings: Settings) -> Iterator[tuple[str, str | None, Curve]]:
    """Each metric's name, its tau and its curve, over the samples that no outcome chose."""
    import numpy as np

    arm = arm_of(table)
    correct = np.array([c.correct for c in arm.fixed_counts])
    sizes = np.array([c.n for c in arm.fixed_counts])
    ks = _within(settings, int(sizes.min()))

    def curve(values: "np.ndarray", ks: Sequence[int]) -> Curve:
        return stats.metric(arm, values, ks, rng=generator(settings), resamples=settings.resamples)

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


def _costs(
    found: Sequence[CountsTable], settings: Settings
) -> Iterator[tuple[Curve, float, float | None]]:
    """Each arm's curve, the mean tokens of an answer, and those of a prompt where known."""
    for table in found:
        samples = samples_of(table, settings)
        known = samples.inside & (samples.lengths.tokens >= 0)
        mean = float(samples.lengths.tokens[known].mean()) if known.any() else float("nan")
        drawn = _drawn_per_answer(table.run)
        mean = mean if drawn is None else drawn
        yield (
            stats.curve(
                arm_of(table),
                settings.ks,
                rng=generator(settings),
                resamples=settings.resamples,
            ),
            mean,
            _mean_prompt(table),
        )


def _drawn_per_answer(run: Source | None) -> float | None:
    """Tokens drawn for an answer by a sampler that keeps less than it draws."""
    if isinstance(run, Archive):
        return run.drawn_per_answer
    ledgers = read_ledgers(run) if isinstance(run, Run) else None
    return ledgers.per_answer if ledgers else None


def _mean_prompt(table: CountsTable) -> float | None:
    """Mean tokens of the prompts of a table's problems."""
    known = prompt_cost.prompt_tokens(table.run) if table.run else None
    if known is None:
        return None
    return sum(known[count.problem_id] for count in table.counts) / len(table.counts)


def _answers(table: CountsTable, settings: Settings) -> tuple[Curve, tables.Spread]:
    """The curve of the vote, and per problem how its answers spread."""
    import numpy as np

    from boundary.store.classes import classes_of

    run = table.run
    sorted_out = classes_of(samples_of(table, settings), settings.verifier)
    assert isinstance(run, Run)
    asked = {p.problem.id: p.problem for p in run.problems()}
    right = guessing.accepted(sorted_out, asked, settings.verifier or run.manifest.verifier)
    arm = arm_of(table)
    ks = _within(settings, min(c.n for c in arm.fixed_counts))
    votes = np.array(
        [
            stats.majority_at_k(one.right.total(), tuple(one.wrong.values()), ks, silent=one.silent)
            for one in sorted_out
        ]
    )
    curve = stats.metric(arm, votes, ks, rng=generator(settings), resamples=settings.resamples)
    return curve, tables.Spread(table.label, tuple(sorted_out), right.answers, right.judged_by)


def _guesses(
    table: CountsTable, settings: Settings, spread: tables.Spread
) -> Iterator[tuple[str, Curve]]:
    """pass@k, what guessing would give, and pass@k without the problems that guessing solves."""
    import numpy as np

    arm = arm_of(table)
    fixed = stats.Arm(arm.label, arm.fixed_counts)
    ks = _within(settings, min(c.n for c in fixed.counts))
    rng, resamples = generator(settings), settings.resamples
    chances = np.array([spread.elsewhere[c.problem_id] for c in fixed.counts])
    guessed = stats.guess_curve(chances, ks)
    yield "pass@k", stats.curve(fixed, ks, rng=rng, resamples=resamples)
    told = f"answers to other problems ({spread.judged_by})"
    yield told, stats.metric(fixed, guessed, ks, rng=rng, resamples=resamples)
    asked = {p.id: p.guess for p in table.run.asked()} if table.run else {}
    blind = [asked.get(c.problem_id) for c in fixed.counts]
    if all(chance is not None for chance in blind):
        known = stats.guess_curve(np.array(blind, dtype=np.float64), ks)
        yield "blind guesses", stats.metric(fixed, known, ks, rng=rng, resamples=resamples)
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
                        arm, settings.ks, rng=generator(settings), resamples=settings.resamples
                    ),
                )
