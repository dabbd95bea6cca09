"""OlymMATH-EN: 200 olympiad problems in English, 100 easy and 100 hard (arXiv 2503.21380).

Known of the hub's copy from public code that reads it: the configurations en-easy and en-hard, the
split test, the columns ``problem``, ``answer``, ``subject`` and ``unique_id``
(OlymMATH-EASY-0-EN). No revision is pinned.
"""

import re
from collections.abc import Mapping
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

_ID = re.compile(r"OlymMATH-(EASY|HARD)-\d+-EN")


def convert(row: Mapping[str, Any], _: int) -> Problem:
    """A row of the hub as a problem."""
    found = _ID.fullmatch(row["unique_id"])
    if found is None:
        raise ValueError(f"{row['unique_id']!r} is no id of an English problem")
    return Problem(
        id=found[0].lower(),
        question=row["problem"],
        answer=row["answer"],
        meta={"level": found[1].lower(), "subject": row["subject"], "source_id": found[0]},
    )


BENCHMARK = Benchmark(
    name="olymmath_en",
    size=200,
    hub=HubSource(path="RUC-AIBOX/OlymMATH", configs=("en-easy", "en-hard"), split="test"),
    convert=convert,
)
