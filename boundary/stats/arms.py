"""One arm's counts, as given and as arrays; a fixed n, or sampling that stopped early."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from boundary.errors import ConfigError
from boundary.records import Counts, Design
from boundary.stats.adaptive import adaptive_limits, adaptive_pass_at_k
from boundary.stats.arrays import FloatArray, IntArray
from boundary.stats.estimators import checked_counts, pass_at_k

Firsts = Mapping[str, int | None] | Sequence[int | None] | IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """The counts of one arm, and what is known of how they came about.

    ``firsts`` is the index, from 0, of each problem's first correct sample, ``None`` or
    negative where none is: in the order of ``counts``, or by problem id. ``design`` is the stop
    rule of an adaptive arm; a count's ``n`` is then the look that its problem reached, and
    ``first_look`` holds the counts over the indices of the first look, which all problems have.
    """

    label: str
    counts: Sequence[Counts]
    firsts: Firsts | None = None
    design: Design | None = None
    first_look: Sequence[Counts] | None = None

    @property
    def fixed_counts(self) -> Sequence[Counts]:
        """Counts over indices that no outcome chose: all, or those of an adaptive arm's first look.

        Raises:
            ConfigError: An adaptive arm does not hold its first look for all its problems.
        """
        if self.design is None or len(self.design.looks) == 1:
            return self.counts
        first = self.first_look or ()
        ids = [{entry.problem_id for entry in side} for side in (self.counts, first)]
        if ids[0] != ids[1] or {entry.n for entry in first} != {self.design.looks[0]}:
            raise ConfigError(
                f"{self.label} stops early and has no counts of its first look",
                remedy=f"give each problem's counts over its first {self.design.looks[0]} samples",
            )
        return first


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Counts of one arm as arrays, (P,) each; ``groups`` is ``None`` where each is its own."""

    problem_ids: tuple[str, ...]
    n: IntArray
    correct: IntArray
    unjudged: IntArray
    groups: IntArray | None
    design: Design | None = None

    @property
    def limits(self) -> IntArray:
        """(P,) the largest k that each problem allows: its n, or the last look of its design."""
        if self.design is None:
            return self.n
        return adaptive_limits(self.correct, self.n, self.design)

    def pass_at(self, ks: IntArray | Sequence[int]) -> FloatArray:
        """(P, K) unbiased pass@k, unjudged samples taken as not correct."""
        if self.design is None:
            return pass_at_k(self.correct, self.n, ks)
        return adaptive_pass_at_k(self.correct, self.n, ks, self.design)

    def best_at(self, ks: IntArray | Sequence[int]) -> FloatArray:
        """(P, K) the same with unjudged samples taken as correct, though no stop rule did."""
        if self.design is None:
            return pass_at_k(self.correct + self.unjudged, self.n, ks)
        return adaptive_pass_at_k(self.correct, self.n, ks, self.design, unjudged=self.unjudged)


def tabulate(counts: Sequence[Counts], design: Design | None = None) -> Table:
    """Turn counts into arrays.

    Args:
        counts: One entry per problem.
        design: How their sampling stopped, where it did so early.

    Returns:
        The same as a table, in the order given.

    Raises:
        ConfigError: There are no problems, a problem comes twice, correct and unjudged samples
            exceed n, or the counts cannot come from the design.
        SampleSizeError: A problem has no samples.
    """
    if not counts:
        raise ConfigError("no problems to compute from", remedy="give at least one problem")
    twice = [name for name, times in Counter(c.problem_id for c in counts).items() if times > 1]
    if twice:
        raise ConfigError(
            f"{len(twice)} problem(s) come twice, such as {twice[0]!r}",
            remedy="give one row per problem and model",
        )
    sizes = np.array([c.n for c in counts], dtype=np.int64)
    correct = np.array([c.correct for c in counts], dtype=np.int64)
    unjudged = np.array([c.unjudged for c in counts], dtype=np.int64)
    checked_counts(correct, sizes)
    checked_counts(unjudged, sizes)
    checked_counts(correct + unjudged, sizes)
    ids = tuple(c.problem_id for c in counts)
    if design is not None:
        adaptive_limits(correct, sizes, design)
    groups = group_codes([c.group for c in counts])
    return Table(ids, sizes, correct, unjudged, groups, design)


def group_codes(names: Sequence[str | None]) -> IntArray | None:
    """Number the groups; a problem without a name is its own group.

    Args:
        names: P group names.

    Returns:
        (P,) codes from 0, or ``None`` where no two problems share a group.
    """
    codes: dict[str | int, int] = {}
    keys = [i if name is None else name for i, name in enumerate(names)]
    numbered = np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)
    return numbered if len(codes) < len(keys) else None
