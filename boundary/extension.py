"""A larger token budget for a run that is there: finished answers are kept, cut ones go on.

An answer that ended by itself under the smaller budget is just what a draw under the larger one
would have been; one that was cut continues from its tokens.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from boundary.records import Finish, Key, Prefix
from boundary.store import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PARTS = 8
"""Parts whose cut answers are held at once."""
_COLUMNS = ("problem_id", "index", "token_ids", "logprob", "draw_logprob")


class Source:
    """The answers of the run that is extended."""

    def __init__(self, run: Run) -> None:
        self.run = run
        # Where sampling was interrupted, these are the long ones.
        self._aloft = run.in_flight()
        self._cut: dict[Key, str] = {}
        for name in run.sample_parts():
            table = run.sample_part(name, ["problem_id", "index"], filters=_is_cut())
            keys = zip(table["problem_id"].to_pylist(), table["index"].to_pylist(), strict=True)
            self._cut.update(dict.fromkeys(keys, name))
        self._load = lru_cache(_PARTS)(self._load_part)

    def prefix(self, key: Key) -> Prefix | None:
        """The tokens of an unfinished answer; ``None`` if there are none, or they are unknown."""
        name = self._cut.get(key)
        found = self._load(name).get(key) if name else self._aloft.get(key)
        return found if found and found.token_ids else None

    def _load_part(self, name: str) -> Mapping[Key, Prefix]:
        table = self.run.sample_part(name, _COLUMNS, filters=_is_cut())
        rows = table.to_pylist()
        return {
            (row["problem_id"], row["index"]): Prefix(
                **{**row, "token_ids": row["token_ids"] or ()}
            )
            for row in rows
        }

    def copy_finished(self, into: Run, missing: "Mapping[str, NDArray[np.int64]]") -> int:
        """Copy the answers that ended by themselves; returns how many.

        Args:
            into: The run under the larger budget.
            missing: Per problem, the indices that it is to have and lacks. Beyond them only
                those that ended would be there, and be counted.
        """
        import pyarrow as pa

        wanted = {key: set(indices.tolist()) for key, indices in missing.items()}
        count = 0
        for name in self.run.sample_parts():
            table = self.run.sample_part(name, filters=~_is_cut())
            ids, indices = table["problem_id"].to_pylist(), table["index"].to_pylist()
            is_new = [i in wanted.get(p, ()) for p, i in zip(ids, indices, strict=True)]
            fresh = table.filter(pa.array(is_new, pa.bool_()))
            if fresh.num_rows:
                into.add_part(fresh)
            count += fresh.num_rows
        return count


def _is_cut() -> Any:
    import pyarrow.compute as pc

    return pc.field("finish") == Finish.LENGTH.value
