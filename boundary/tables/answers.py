"""Tables of what was answered: votes, guesses, lengths, perplexity."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boundary import stats
from boundary.records import Curve
from boundary.store.classes import Classes
from boundary.tables.base import Extra, frame_of, points

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GUESSABLE = 0.5
"""Chance of a hit at the largest k from which on a problem counts as guessable."""


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """One arm's answers as classes, and which answers are right for each problem, by whom."""

    label: str
    classes: tuple[Classes, ...]
    accepted: Mapping[str, AbstractSet[str]]
    judged_by: str

    @property
    def elsewhere(self) -> dict[str, float]:
        """Per problem the share of the arm's answers to other problems that would be right."""
        given = {one.problem_id: one.right + one.wrong for one in self.classes}
        return stats.hits_elsewhere(given, self.accepted)


def votes(found: Iterable[Curve]) -> Extra:
    """Rows of arm and k: the chance that the vote of k answers is right."""
    rows = (
        {"arm": curve.label, **values} for curve in found for values in points(curve, "maj_at_k")
    )
    return Extra("majority", "maj@k; samples without an answer abstain", frame_of(rows))


def answers(found: Iterable[Spread]) -> Extra:
    """Rows of arm and problem: how its answers spread, and what answers to others would hit."""
    rows = (
        {
            "arm": spread.label,
            "problem_id": one.problem_id,
            "samples": one.right.total() + one.wrong.total() + one.silent,
            "right": one.right.total(),
            "silent": one.silent,
            "distinct": bool(one.right) + len(one.wrong),
            "entropy": stats.answer_entropy([one.right.total(), *one.wrong.values(), one.silent]),
            "hit_elsewhere": elsewhere[one.problem_id],
            "judged_by": spread.judged_by,
        }
        for spread in found
        for elsewhere in [spread.elsewhere]
        for one in spread.classes
    )
    return Extra("answers", "answers of each problem", frame_of(rows))


def guesses(found: Iterable[tuple[str, Curve]]) -> Extra:
    """Rows of arm, curve and k: pass@k beside what guessing gives, and without what it solves."""
    return Extra("guesses", "pass@k beside what guessing would give", frame_of(_named(found)))


def filtered(found: Iterable[tuple[str, Curve]]) -> Extra:
    """Rows of arm, choice of problems and k: with and without those hit by direct answers."""
    title = "pass@k without problems that direct answers hit by luck"
    return Extra("direct", title, frame_of(_named(found)))


def _named(found: Iterable[tuple[str, Curve]]) -> Iterator[dict[str, Any]]:
    return (
        {"arm": curve.label, "curve": name, "problems": len(curve.problem_ids), **values}
        for name, curve in found
        for values in points(curve, "value")
    )


def lengths(found: Iterable[tuple[str, Mapping[str, "NDArray[np.int32]"]]]) -> Extra:
    """Rows of arm and outcome: how many tokens its answers have."""
    import numpy as np

    rows = (
        {
            "arm": label,
            "outcome": outcome,
            "samples": len(tokens),
            "mean": float(np.mean(tokens)),
            **{
                name: float(value)
                for name, value in zip(
                    ("q1", "median", "q3"), np.quantile(tokens, [0.25, 0.5, 0.75]), strict=True
                )
            },
        }
        for label, groups in found
        for outcome, tokens in groups.items()
        if len(tokens)
    )
    return Extra("lengths", "tokens of answers by outcome", frame_of(rows))
