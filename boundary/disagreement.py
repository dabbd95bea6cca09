"""Where two verifiers judge the same stored answers differently: ``verify --diff``."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boundary.errors import StoreError
from boundary.records import Tier
from boundary.store import Run

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["problem_id", "index"]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Answers to one problem that two verifiers judge differently, all in the same way.

    ``index`` is the first of them; ``extracted``, ``outcome`` and ``reason`` are pairs, the first
    verifier's and the second's.
    """

    problem_id: str
    index: int
    answers: int
    gold: str
    extracted: tuple[str | None, str | None]
    outcome: tuple[str, str]
    reason: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Disagreements:
    """``judged`` answers have both verdicts, of which ``differing`` differ."""

    tier: Tier
    verifiers: tuple[str, str]
    judged: int
    differing: int
    rows: tuple[Disagreement, ...]


def run(run: Run, first: str, second: str, *, tier: Tier = Tier.STRICT) -> Disagreements:
    """Compare two verifiers on a run that both have judged.

    Raises:
        StoreError: One of them has not judged it.
    """
    for name in (first, second):
        if name not in run.verifiers():
            raise StoreError(
                f"the run {run.name} has no verdicts by {name}",
                remedy=f"run: boundary verify {run.folder} --verifier {name}",
            )
    ours, theirs = (run.verdicts(name, tier, ["extracted"]) for name in (first, second))
    both = ours.merge(theirs, on=_KEY, suffixes=("_a", "_b"))
    apart = both[both["outcome_a"] != both["outcome_b"]]
    golds = {p.problem.id: p.problem.answer for p in run.problems()}
    rows = tuple(_rows(apart, golds))
    return Disagreements(tier, (first, second), len(both), len(apart), rows)


def _rows(apart: "pd.DataFrame", golds: dict[str, str]) -> Iterator[Disagreement]:
    sides = [f"{name}_{side}" for name in ("extracted", "outcome", "reason") for side in "ab"]
    plain = apart.astype(object).where(apart.notna(), None).sort_values(_KEY)
    for key, same in plain.groupby(["problem_id", *sides], sort=False, dropna=False):
        problem_id, *told = (None if value != value else str(value) for value in key)
        yield Disagreement(
            problem_id=str(problem_id),
            index=int(same["index"].iloc[0]),
            answers=len(same),
            gold=golds.get(str(problem_id), ""),
            extracted=(told[0], told[1]),
            outcome=(str(told[2]), str(told[3])),
            reason=(str(told[4]), str(told[5])),
        )
