"""Tables of counts as the statistics take them, shared with ``compare``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from boundary import probes, stats
from boundary.errors import ConfigError
from boundary.records import Curve, Tier
from boundary.store import CountsTable, Run

if TYPE_CHECKING:
    import numpy as np

    from boundary.store.lengths import Answers

_GUESSES_TOLD = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """How curves are made, shared with ``compare``.

    ``target`` is what intervals are of; ``budget`` reads runs as if drawn with fewer tokens;
    ``reference`` names published curves that figures lay under, ``auto`` those that match.
    """

    ks: tuple[int, ...] | None = None
    tier: Tier = Tier.STRICT
    verifier: str | None = None
    resamples: int = 2000
    seed: int = 0
    target: stats.Target = "population"
    budget: int | None = None
    reference: tuple[str, ...] = ()


def arm_of(table: CountsTable) -> stats.Arm:
    """Counts as the statistics take them, with the stop rule of an adaptive run."""
    return stats.Arm(table.label, table.counts, table.firsts, table.design, table.first_look)


def within_budget(table: CountsTable, settings: Settings) -> CountsTable:
    """The table at the budget of tokens that is asked for, if one is."""
    if settings.budget is None:
        return table
    from boundary.store.lengths import at_budget

    return at_budget(_drawn(table, settings), settings.budget)


def samples_of(table: CountsTable, settings: Settings) -> "Answers":
    """The samples behind a table, at the budget of tokens that is asked for.

    Raises:
        ConfigError: It comes from no run.
    """
    from boundary.store.lengths import cut_at

    found = _drawn(table, settings)
    return found if settings.budget is None else cut_at(found, settings.budget)


def _drawn(table: CountsTable, settings: Settings) -> "Answers":
    from boundary.store.lengths import answers_of

    found = answers_of(table, tier=settings.tier, verifier=settings.verifier)
    if found is None:
        raise ConfigError(
            f"{table.label} is a table of counts, which tells nothing of single answers",
            remedy="give the run itself, or leave out what needs its answers",
        )
    return found


def with_guess(curve: Curve, table: CountsTable) -> Curve:
    """The curve beside what blind guesses would solve, of a suite with choices."""
    import numpy as np

    known = {p.id: p.guess for p in table.run.asked()} if table.run else {}
    chances = [known.get(problem) for problem in curve.problem_ids]
    if not all(chance is not None for chance in chances):
        return curve
    guess = stats.guess_curve(np.array(chances, dtype=np.float64), curve.ks).mean(axis=0)
    return replace(curve, guess=guess)


def guess_note(curve: Curve, table: CountsTable) -> Iterator[str]:
    """What blind guesses solve of a suite with choices, at up to four k."""
    if curve.guess is None:
        return
    step = -(-len(curve.ks) // _GUESSES_TOLD)
    told = zip(curve.ks[::step], curve.guess[::step], strict=True)
    reached = ", ".join(f"{rate:.1%} at k = {k}" for k, rate in told)
    yield f"blind guesses alone solve of {suite_name([table])} {reached}"


def unjudged_reasons(table: CountsTable, settings: Settings) -> Iterator[str]:
    """Why samples of a run have no verdict that counts, and whose fault it is."""
    if not isinstance(table.run, Run) or not any(count.unjudged for count in table.counts):
        return
    sizes = {count.problem_id: count.n for count in table.counts}
    found = probes.unjudged(table.run, settings.verifier, tier=settings.tier, sizes=sizes)
    yield from (f"{table.label}: {one.line}" for one in found)


def generator(settings: Settings) -> "np.random.Generator":
    """A fresh one for each curve, so that none depends on another's draws."""
    import numpy as np

    return np.random.default_rng(settings.seed)


def suite_name(found: Sequence[CountsTable]) -> str:
    """The suite that runs were drawn on; ``counts`` where none of the tables is a run."""
    names = [table.run.manifest.suite_label for table in found if table.run]
    return names[0] if names else "counts"
