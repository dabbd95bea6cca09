"""What is known of one suite when its page is made, and what a section of the page makes of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from boundary import passk, stats
from boundary.effort import Effort
from boundary.page import Section
from boundary.passk import Curves, Settings
from boundary.ppl import Likelihood
from boundary.records import Comparison, PerplexityCell
from boundary.store import CountsTable, Run


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What was computed for one suite; ``runs`` and ``counts`` are by arm.

    ``formats`` says of each comparison what of its gain is format, ``effort`` what the answers
    took where a sampler drew more than it kept.
    """

    suite: str
    runs: Mapping[str, Run]
    counts: Mapping[str, CountsTable]
    curves: Curves
    comparisons: tuple[Comparison, ...]
    likelihood: Likelihood
    settings: Settings
    formats: tuple[str, ...] = ()
    effort: Effort | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """What each comparison found, in a short sentence."""
        return tuple(stats.answer(comparison) for comparison in self.comparisons)

    @property
    def perplexity(self) -> list[PerplexityCell]:
        """The cells of the cross table."""
        return self.likelihood.cells

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdict lines in words, notes after them."""
        lines = [_verdict(comparison) for comparison in self.comparisons]
        return (*lines, *self.formats, *_derivations(self.counts))


def _verdict(comparison: Comparison) -> str:
    notes = "".join(f" Note: {note}." for note in comparison.notes)
    pair = f"{comparison.other.label} against {comparison.base.label}"
    return f"{pair}: {stats.verdict(comparison)}.{notes}"


def _derivations(counts: Mapping[str, CountsTable]) -> Iterator[str]:
    """How much of each arm's coverage rests on derivations that hold, where these are checked."""
    shares = [_validly_solved(label, table) for label, table in counts.items()]
    if any(shares):
        told = ", ".join(filter(None, shares))
        yield f"Solved problems with at least one valid derivation: {told}."


def _validly_solved(label: str, table: CountsTable) -> str | None:
    """One arm's share, over the first look of an adaptive run."""
    found = passk.arm_of(table).fixed_counts
    if any(count.valid is None for count in found):
        return None
    valid, solved = sum(bool(c.valid) for c in found), sum(c.correct > 0 for c in found)
    within = f" (first {table.design.looks[0]} samples)" if table.design else ""
    return f"{label} {valid} of {solved}{within}"


Builder = Callable[[Findings], Section | None]
"""Makes one section of a suite's part of the page; ``None`` where there is nothing to tell."""
