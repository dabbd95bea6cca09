"""Equality of normalised text: for words, choices and strings that are right in one form only."""

import unicodedata

from boundary.records import Outcome, Tier, Verdict
from boundary.verifiers import extract
from boundary.verifiers.base import Decision, PureVerifier, Task, verdict_of


def normalise(text: str) -> str:
    """Without case, runs of space, dollar signs and a closing full stop; accents composed."""
    composed = unicodedata.normalize("NFC", text.replace("$", " "))
    return " ".join(composed.casefold().split()).removesuffix(".").rstrip()


class ExactVerifier(PureVerifier):
    """An answer is right when it is the gold answer, letter for letter after normalising."""

    name = "exact"
    version = "1"

    def decide(self, task: Task) -> tuple[Verdict, ...]:
        """See :class:`PureVerifier`."""
        return tuple(self._verdict(task, tier) for tier in Tier)

    def _verdict(self, task: Task, tier: Tier) -> Verdict:
        extracted, decision = extract.read(task, tier)
        if decision is None:
            decision = _compare(task.problem.answer, extracted or "")
        return verdict_of(task, tier, decision, extracted, self.version)


def _compare(gold: str, answer: str) -> Decision:
    expected = normalise(gold)
    if not expected:
        return Decision(Outcome.UNJUDGED, "no_gold")
    if normalise(answer) == expected:
        return Decision(Outcome.CORRECT, "text")
    return Decision(Outcome.WRONG, "mismatch")
