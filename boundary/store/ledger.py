"""What the answers of a run took, where its sampler drew more than it kept."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boundary.store.parts import read_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from boundary.store.run import Run

_COUNTS = ("requests", "generated", "extended", "accepted", "rejected", "prefilled")


@dataclass(frozen=True, slots=True, eq=False)
class Ledgers:
    """Sums over the answers of a run; ``n`` answers have a ledger.

    ``cached`` is ``None`` where no engine had a prefix cache. ``block_steps`` and
    ``block_accepted`` are (K,) by block; ``gap`` is the largest difference between the two ways to
    an acceptance ratio, ``tail`` the largest relative error left in a normaliser.
    """

    n: int
    requests: int
    generated: int
    extended: int
    accepted: int
    rejected: int
    prefilled: int
    cached: int | None
    tail: float
    gap: float
    block_steps: "NDArray[np.int64]"
    block_accepted: "NDArray[np.int64]"

    @property
    def per_answer(self) -> float:
        """Tokens drawn for each answer."""
        return self.generated / self.n

    @property
    def acceptance(self) -> float | None:
        """Share of the steps that were accepted; ``None`` where there were none."""
        steps = int(self.block_steps.sum())
        return int(self.block_accepted.sum()) / steps if steps else None


def read_ledgers(run: "Run") -> Ledgers | None:
    """The sums of a run; ``None`` where its sampler kept all that it drew.

    Of an answer that was drawn twice, as after a kill, the last ledger counts; of an adaptive run,
    the answers of the first look, which every problem has.
    """
    first = run.design.looks[0] if run.design else None
    rows: dict[tuple[str, int], dict[str, object]] = {}
    gap = 0.0
    for table in read_parts(run.folder / "ledger"):
        gap = max(gap, _gap(table.column("moves")))
        for row in table.drop_columns("moves").to_pylist():
            if first is None or row["index"] < first:
                rows[row["problem_id"], row["index"]] = row
    if not rows:
        return None
    found = list(rows.values())
    cached = [row["cached"] for row in found if row["cached"] is not None]
    return Ledgers(
        n=len(found),
        **{name: sum(_whole(row[name]) for row in found) for name in _COUNTS},
        cached=sum(map(_whole, cached)) if cached else None,
        tail=max(_real(row["tail"]) for row in found),
        gap=gap,
        block_steps=_by_block([row["block_steps"] for row in found]),
        block_accepted=_by_block([row["block_accepted"] for row in found]),
    )


def _gap(moves: Any) -> float:
    """The largest difference of a column of moves, of which extensions have none."""
    import pyarrow.compute as pc

    steps = moves.combine_chunks().flatten()
    apart = pc.max(pc.abs(pc.subtract(steps.field("log_r"), steps.field("log_r_z")))).as_py()
    return float(apart) if apart is not None else 0.0


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def _real(value: object) -> float:
    assert isinstance(value, float)
    return value


def _by_block(found: list[object]) -> "NDArray[np.int64]":
    lists = [one for one in found if isinstance(one, list)]
    total = np.zeros(max(map(len, lists), default=0), np.int64)
    for one in lists:
        total[: len(one)] += np.array(one, np.int64)
    return total
