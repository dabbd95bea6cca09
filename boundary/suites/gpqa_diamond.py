"""GPQA-Diamond: 198 graduate questions with four choices each (Rein et al., arXiv 2311.12022).

The data are gated: the hub gives them to accounts that accepted the terms, and asks that no
question be shown in the open. Choices are put in an order that follows from the id alone, kept in
``meta`` as places in the list of the right choice and the three wrong ones; the gold answer is a
letter. A blind guess is right one time in four, so 16 of them solve 99 % of the problems: no
pass@k of this suite says anything without the curve of guessing beside it.

Known of the hub's copy from public code that reads it: the configuration gpqa_diamond, the split
train, the columns below; a public manifest names the revision. The archive of the authors holds
the same rows as ``gpqa_diamond.csv``.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

LETTERS = "ABCD"
GUESS = 1 / len(LETTERS)

_COLUMNS = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
_ASK = "Which choice is right? Answer with its letter."


def order_of(record: str) -> tuple[int, ...]:
    """Which choice stands at A, B, C and D, by its place in the data; 0 is the right one."""
    keys = [hashlib.blake2b(f"{record}\0{place}".encode()).digest() for place in range(4)]
    return tuple(sorted(range(4), key=keys.__getitem__))


def convert(row: Mapping[str, Any], _: int) -> Problem:
    """A row of the hub as a problem, its choices in their order and a letter as gold answer."""
    record = str(row["Record ID"])
    question, *choices = [row[column].strip() for column in ("Question", *_COLUMNS)]
    if not question or not all(choices):
        raise ValueError("no question or an empty choice")
    if len(set(choices)) < len(choices):
        raise ValueError("two choices are the same")
    order = order_of(record)
    lines = (f"{letter}) {choices[place]}" for letter, place in zip(LETTERS, order, strict=True))
    return Problem(
        id=f"gpqa-{record}",
        question="\n\n".join([question, "\n".join(lines), _ASK]),
        answer=LETTERS[order.index(0)],
        solution=row.get("Explanation") or None,
        meta={
            "subject": row.get("Subdomain"),
            "domain": row.get("High-level domain"),
            "order": list(order),
            "guess": GUESS,
            "source_id": record,
        },
    )


BENCHMARK = Benchmark(
    name="gpqa_diamond",
    size=198,
    hub=HubSource(
        path="Idavidrein/gpqa",
        configs=("gpqa_diamond",),
        split="train",
        revision="633f5ee89ab8ad4522a9f850766b73f62147ffdd",
        gated=True,
    ),
    convert=convert,
    guess=GUESS,
)
