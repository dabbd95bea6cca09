"""How undecided a model was while it wrote: entropies of the laws that its tokens came from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

from boundary import stats
from boundary.engines import Nucleus
from boundary.probes.likelihood import Inspection
from boundary.records import EntropyProfile

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Undecided:
    """Mean entropies over one answer's tokens, in nats.

    ``tempered`` is of the law at the decoding's temperature before top-p, ``raw`` at temperature
    1; the slacks are how much more they may be where an engine tells bounds only. ``along`` are
    (tempered, raw, tokens) of the positions 0, 1, 2 to 3, 4 to 7 and so on.
    """

    problem_id: str
    index: int
    tempered: float
    raw: float
    tempered_slack: float
    raw_slack: float
    along: tuple[tuple[float, float, int], ...]


def undecided(found: Inspection) -> Undecided:
    """The means over an answer's tokens."""
    return Undecided(
        *found.answer.key,
        float(found.tempered.mean()),
        float(found.raw.mean()),
        found.tempered_slack,
        found.raw_slack,
        tuple(_along(found)),
    )


def stretch(number: int) -> tuple[int, int]:
    """First and last position of a stretch: (0, 0), (1, 1), (2, 3), (4, 7), …."""
    return (0, 0) if number == 0 else (1 << (number - 1), (1 << number) - 1)


def _along(found: Inspection) -> Iterator[tuple[float, float, int]]:
    number = 0
    longest = int(found.positions.max())
    while stretch(number)[0] <= longest:
        start, end = stretch(number)
        here = (found.positions >= start) & (found.positions <= end)
        count = int(here.sum())
        sums = (float(values[here].sum()) for values in (found.tempered, found.raw))
        yield (*(total / count if count else 0.0 for total in sums), count)  # type: ignore[misc]
        number += 1


def profile(
    arm: str,
    nucleus: Nucleus,
    found: Sequence[Undecided],
    rng: "np.random.Generator",
    *,
    resamples: int = 2000,
) -> EntropyProfile:
    """An arm's mean entropies with their intervals over problems, and along the position.

    Args:
        arm: Whose answers they are.
        nucleus: The law that they were drawn from.
        found: At least one answer.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems.
    """
    tempered: dict[str, list[float]] = {}
    raw: dict[str, list[float]] = {}
    for one in found:
        tempered.setdefault(one.problem_id, []).append(one.tempered)
        raw.setdefault(one.problem_id, []).append(one.raw)
    return EntropyProfile(
        arm,
        nucleus.temperature,
        nucleus.top_p,
        stats.mean_over(tempered, rng, resamples=resamples),
        stats.mean_over(raw, rng, resamples=resamples),
        mean(one.tempered_slack for one in found),
        mean(one.raw_slack for one in found),
        tuple(_stretches(found)),
    )


def _stretches(found: Sequence[Undecided]) -> Iterator[tuple[int, int, float, float, int]]:
    for number in range(max(len(one.along) for one in found)):
        here = [one.along[number] for one in found if number < len(one.along)]
        tokens = sum(count for *_, count in here)
        if tokens:
            tempered, raw = (
                sum(row[column] * row[2] for row in here) / tokens for column in (0, 1)
            )
            start, end = stretch(number)
            yield start + 1, end + 1, tempered, raw, tokens
