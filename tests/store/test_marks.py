"""Verdicts in a byte each, against a dictionary of them."""

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from boundary.records import Outcome, Tier, Verdict
from boundary.store import schema
from boundary.store.marks import CORRECT, INVALID, NONE, UNJUDGED, UNKNOWN, VALID, WRONG, Marks

IDS = ("p", "q", "r")
CODES = {Outcome.CORRECT: CORRECT, Outcome.WRONG: WRONG, Outcome.UNJUDGED: UNJUDGED}
VALIDITY = {None: UNKNOWN, False: INVALID, True: VALID}
Row = tuple[str, int, Outcome, bool | None]

rows = st.tuples(
    st.sampled_from([*IDS, "not asked"]),
    st.integers(0, 40),
    st.sampled_from(Outcome),
    st.sampled_from([None, False, True]),
)


def table(found: list[Row]) -> Any:
    verdicts = [Verdict(p, i, Tier.STRICT, o, "r", None, v, "1") for p, i, o, v in found]
    return schema.table_of(verdicts, schema.verdicts())


@given(st.lists(st.lists(rows, max_size=12), max_size=5))
def test_marks_are_what_a_dictionary_of_verdicts_holds(parts: list[list[Row]]) -> None:
    marks = Marks.read(IDS, map(table, parts))
    last = {(p, i): (o, v) for part in parts for p, i, o, v in part if p in IDS}
    for key, place in marks.ids.items():
        for i, (code, valid) in enumerate(
            zip(marks.of(key), marks.valid[place], strict=True), start=0
        ):
            outcome, checked = last.pop((key, i), (None, None))
            assert code == (NONE if outcome is None else CODES[outcome])
            assert valid == VALIDITY[checked]
    assert last == {}


def test_what_is_known_is_told_row_by_row() -> None:
    marks = Marks.read(
        IDS, [table([("q", 2, Outcome.WRONG, None), ("r", 0, Outcome.CORRECT, True)])]
    )
    asked = pa.table(
        {"problem_id": ["q", "p", "q", "q", "none", "r"], "index": [2, 2, 99, 1, 2, 0]}
    )
    assert marks.known(asked).tolist() == [True, False, False, False, False, True]
    assert marks.known(asked.slice(0, 0)).tolist() == []


def test_no_verdicts_at_all() -> None:
    marks = Marks.read(IDS, [])
    assert marks.of("q").tolist() == []
    assert marks.known(pa.table({"problem_id": ["q"], "index": [0]})).tolist() == [False]


def test_a_row_of_chunks_is_read_whole() -> None:
    """A part of many row groups comes in chunks, each with a dictionary of its own."""
    one, two = table([("r", 5, Outcome.CORRECT, None)]), table([("p", 1, Outcome.WRONG, False)])
    marks = Marks.read(IDS, [pa.concat_tables([one, two])])
    assert np.argwhere(marks.outcome).tolist() == [[0, 1], [2, 5]]
