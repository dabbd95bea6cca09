"""Arms put on the same problems, in one order, with common groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from boundary.errors import ConfigError
from boundary.records import Counts
from boundary.stats.arms import Arm, Table, tabulate
from boundary.stats.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """Both arms in the order of the base's problems; ``firsts`` are (P,) or ``None``."""

    labels: tuple[str, str]
    tables: tuple[Table, Table]
    firsts: tuple[IntArray, IntArray] | None

    @property
    def limits(self) -> IntArray:
        """(P,) the largest k that both arms allow."""
        return np.minimum(self.tables[0].limits, self.tables[1].limits)

    @property
    def groups(self) -> IntArray | None:
        """(P,) group of each problem."""
        return self.tables[0].groups

    def pass_at(self, ks: IntArray) -> tuple[FloatArray, FloatArray]:
        """Two (P, K) tables of pass@k."""
        base, other = (table.pass_at(ks) for table in self.tables)
        return base, other


def paired(base: Arm, other: Arm) -> Paired:
    """Put the other arm into the order of the base's problems.

    Raises:
        ConfigError: As for ``aligned``, or an arm's firsts do not cover its problems.
    """
    left, right = aligned([base, other])
    firsts = None
    if base.firsts is not None and other.firsts is not None:
        firsts = (_firsts(base, left.problem_ids), _firsts(other, left.problem_ids))
    return Paired((base.label, other.label), (left, right), firsts)


def aligned(arms: Sequence[Arm]) -> list[Table]:
    """All arms' counts in the order of the first one's problems, with their common groups.

    Raises:
        ConfigError: They hold different problems or groups, or an arm contradicts itself.
    """
    columns = []
    for arm in arms:
        # Refuses a problem that comes twice before the look-up by id would hide it.
        tabulate(arm.counts)
        _require_same_problems(arms[0], arm)
        by_id = {entry.problem_id: entry for entry in arm.counts}
        columns.append([by_id[entry.problem_id] for entry in arms[0].counts])
    groups = [reduce(_common_group, row).group for row in zip(*columns, strict=True)]
    return [
        tabulate([replace(e, group=g) for e, g in zip(column, groups, strict=True)], arm.design)
        for arm, column in zip(arms, columns, strict=True)
    ]


def _require_same_problems(base: Arm, other: Arm) -> None:
    sides = [[entry.problem_id for entry in arm.counts] for arm in (base, other)]
    only = [
        [name for name in mine if name not in theirs]
        for mine, theirs in ((sides[0], set(sides[1])), (sides[1], set(sides[0])))
    ]
    parts = [
        f"{len(names)} only in {arm.label} ({_few(names)})"
        for names, arm in zip(only, (base, other), strict=True)
        if names
    ]
    if parts:
        raise ConfigError(
            f"{base.label} has {len(sides[0])} problems and {other.label} {len(sides[1])}, "
            + " and ".join(parts),
            remedy="compare runs of one suite, or on the problems they share: --intersect",
        )


def _few(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _common_group(base: Counts, other: Counts) -> Counts:
    """The one of the two that names the group, if any does."""
    if base.group is not None and other.group is not None and base.group != other.group:
        raise ConfigError(
            f"problem {base.problem_id!r} is in group {base.group!r} on one side "
            f"and {other.group!r} on the other",
            remedy="give both arms the same groups",
        )
    return other if base.group is None else base


def _firsts(arm: Arm, order: Sequence[str]) -> IntArray:
    """(P,) indices of first correct samples in the given order, -1 for none."""
    given, ids = arm.firsts, [entry.problem_id for entry in arm.counts]
    if given is None or len(given) != len(ids):
        raise ConfigError(
            f"first correct samples of {arm.label} do not cover its {len(ids)} problems",
            remedy="give one entry per problem",
        )
    by_id = given if isinstance(given, Mapping) else dict(zip(ids, given, strict=True))
    if missing := [name for name in order if name not in by_id]:
        raise ConfigError(
            f"{arm.label} has no first correct sample for {_few(missing)}",
            remedy="give one entry per problem, None where none is correct",
        )
    found = [by_id[name] for name in order]
    return np.array([-1 if index is None else index for index in found], dtype=np.int64)
