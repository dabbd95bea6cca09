"""Verdicts of a whole run in a byte per sample."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boundary.records import Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE, CORRECT, WRONG, UNJUDGED = range(4)
_OUTCOMES = {
    Outcome.CORRECT.value: CORRECT,
    Outcome.WRONG.value: WRONG,
    Outcome.UNJUDGED.value: UNJUDGED,
}
UNKNOWN, INVALID, VALID = range(3)


@dataclass(slots=True, eq=False)
class Marks:
    """Codes of one verifier's verdicts in one tier.

    ``outcome`` and ``valid`` are (P, W) uint8, by the place of a problem in ``ids`` and by index;
    W is past the largest index judged.
    """

    ids: dict[str, int]
    outcome: "NDArray[np.uint8]"
    valid: "NDArray[np.uint8]"

    @classmethod
    def read(cls, problem_ids: Sequence[str], tables: Iterable[Any]) -> "Marks":
        """Of tables in the order of writing: a later verdict overrides an earlier one."""
        ids = {key: place for place, key in enumerate(problem_ids)}
        empty = np.zeros((len(ids), 0), np.uint8)
        marks = cls(ids, empty, empty.copy())
        for table in tables:
            marks._take(table)
        return marks

    def of(self, problem_id: str) -> "NDArray[np.uint8]":
        """(W,) outcomes of one problem."""
        found: NDArray[np.uint8] = self.outcome[self.ids[problem_id]]
        return found

    def known(self, table: Any) -> "NDArray[np.bool_]":
        """(rows,) whether each row of a table of samples has a verdict."""
        rows, index = self._places(table)
        inside = (index < self.outcome.shape[1]) & (rows >= 0)
        out = np.zeros(len(rows), bool)
        out[inside] = self.outcome[rows[inside], index[inside]] > NONE
        return out

    def _take(self, table: Any) -> None:
        rows, index = self._places(table)
        if not len(rows):
            return
        self._widen(int(index.max()) + 1)
        known = rows >= 0
        rows, index = rows[known], index[known]
        self.outcome[rows, index] = _codes(table.column("outcome"), _OUTCOMES)[known]
        self.valid[rows, index] = _codes(table.column("valid"), {False: INVALID, True: VALID})[
            known
        ]

    def _places(self, table: Any) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        """Place of each row's problem, -1 for one that was not asked, and its index."""
        column = table.column("problem_id").combine_chunks().dictionary_encode()
        names = np.array([self.ids.get(key, -1) for key in column.dictionary.to_pylist()], int)
        codes = np.asarray(column.indices)
        index = table.column("index").to_numpy().astype(int)
        return (names[codes] if len(codes) else np.zeros(0, int)), index

    def _widen(self, width: int) -> None:
        have = self.outcome.shape[1]
        if width <= have:
            return
        more = ((0, 0), (0, max(width, 2 * have) - have))
        self.outcome = np.pad(self.outcome, more)
        self.valid = np.pad(self.valid, more)


def _codes(column: Any, codes: dict[Any, int]) -> "NDArray[np.uint8]":
    """A code per row; 0 for a missing value."""
    encoded = column.combine_chunks().dictionary_encode()
    table = np.array([codes[value] for value in encoded.dictionary.to_pylist()] + [0], np.uint8)
    indices = encoded.indices.fill_null(len(encoded.dictionary))
    found: NDArray[np.uint8] = table[np.asarray(indices)]
    return found
