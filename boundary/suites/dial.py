"""Dial-lock sequences: the embedded suite of the zoo's tiny checkpoints.

A problem shows four codes of four dials, ``a6048 b5938 c1976 d6804``, and asks for the fifth.
Every dial turns by the same kind of rule, digit by digit modulo 10, so 10,000 answers are
possible and 256 uniform guesses reach 2.5 %. Problems are drawn from a seed, so training and
development sets are as many as needed; the test problems are package data.
"""

import json
import random
from collections.abc import Collection, Iterator
from importlib import resources

from boundary.errors import SuiteError
from boundary.records import Problem

Code = tuple[int, ...]
"""The digits of one code, first dial first."""

DIALS = 4
SHARES = {"const": 0.50, "alt": 0.13, "fib": 0.13, "sum": 0.11, "double": 0.13}
"""Rule families and the share of the problems that each has."""

TEST_SIZE = 240
TEST_STREAM = "dial-test-1"
"""Name of the random stream that the embedded test problems were drawn from."""

_DATA = "dial.jsonl"


def add(left: Code, right: Code) -> Code:
    """Sum of two codes, digit by digit modulo 10."""
    return tuple((x + y) % 10 for x, y in zip(left, right, strict=True))


def five(family: str, first: Code, second: Code) -> list[Code]:
    """Five codes that follow one rule, the fifth of which is the answer.

    Args:
        family: ``const`` (every turn the same), ``alt`` (two turns alternate), ``fib`` (each
            turn the sum of the two before), ``double`` (each turn twice the one before) or
            ``sum`` (each code the sum of the two before).
        first: The first turn; for ``sum`` the first code.
        second: The second turn of ``alt`` and ``fib``, the second code of ``sum``; for
            ``alt`` and ``fib`` codes start at 0000, and a caller shifts them.

    Returns:
        Five codes of as many digits as ``first``.

    Raises:
        SuiteError: No such family.
    """
    zero = (0,) * len(first)
    if family == "sum":
        codes = [first, second]
        while len(codes) < 5:
            codes.append(add(codes[-2], codes[-1]))
        return codes
    twice = add(first, first)
    turns = {
        "const": [first] * 4,
        "alt": [first, second, first, second],
        "fib": [first, second, add(first, second), add(second, add(first, second))],
        "double": [first, twice, add(twice, twice), add(add(twice, twice), add(twice, twice))],
    }
    if family not in turns:
        raise SuiteError(f"no rule family {family!r}", remedy=f"choose among {', '.join(SHARES)}")
    codes = [zero]
    for turn in turns[family]:
        codes.append(add(codes[-1], turn))
    return codes


def _code(rng: random.Random) -> Code:
    """A uniform code."""
    return tuple(rng.randrange(10) for _ in range(DIALS))


def sequence(family: str, rng: random.Random) -> list[Code]:
    """Five codes of one family, drawn uniformly.

    A sequence of another family whose fifth code is also what ``const`` would give is drawn
    again: repeating the last turn is right on ``const`` and nowhere else.
    """
    while True:
        codes = five(family, _code(rng), _code(rng))
        if family != "sum":
            start = _code(rng)
            codes = [add(start, code) for code in codes]
        habit = tuple((2 * d - c) % 10 for c, d in zip(codes[2], codes[3], strict=True))
        if family == "const" or codes[4] != habit:
            return codes


def text(code: Code) -> str:
    """A code as it is written, ``6048``."""
    return "".join(map(str, code))


def prompt(codes: list[Code]) -> str:
    """The first four codes as the checkpoints are asked, ``a6048 b5938 c1976 d6804`` + newline."""
    return " ".join(name + text(code) for name, code in zip("abcd", codes[:4], strict=True)) + "\n"


def generate(stream: str, *, exclude: Collection[str] = ()) -> Iterator[Problem]:
    """Draw problems without end, families by their shares, no prompt twice.

    Args:
        stream: Name of the random stream; the same name gives the same problems.
        exclude: Prompts that must not come up, such as those of the test problems.
    """
    rng = random.Random(stream)
    seen: set[str] = set()
    while True:
        family = rng.choices(list(SHARES), weights=list(SHARES.values()))[0]
        codes = sequence(family, rng)
        question = prompt(codes)
        if question not in exclude and question not in seen:
            seen.add(question)
            yield Problem(
                id=f"{stream}-{len(seen) - 1}",
                question=question,
                answer=text(codes[4]),
                meta={"family": family},
            )


def quotas(n: int) -> dict[str, int]:
    """How many of n problems each family gets: its share, rounded; ``const`` takes the rest."""
    others = {family: round(n * share) for family, share in SHARES.items() if family != "const"}
    return {"const": n - sum(others.values())} | others


def stratified(stream: str, n: int, *, name: str) -> list[Problem]:
    """Draw n problems with each family's number fixed to its share, in drawn order.

    Args:
        stream: Name of the random stream.
        n: Problems wanted.
        name: Prefix of the ids, ``dial`` for ``dial-000``.
    """
    left = quotas(n)
    chosen: list[Problem] = []
    for problem in generate(stream):
        family = problem.meta["family"]
        if left[family]:
            left[family] -= 1
            number = f"{name}-{len(chosen):03d}"
            chosen.append(
                Problem(number, problem.question, problem.answer, meta={"family": family})
            )
        if len(chosen) == n:
            break
    return chosen


def lines(problems: list[Problem]) -> str:
    """Problems as JSONL, the form of the package data."""
    rows = (
        {"id": p.id, "problem": p.question, "answer": p.answer, "group": p.group, **p.meta}
        for p in problems
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def load() -> list[Problem]:
    """The embedded test problems: 240, families by their shares, in none of the training sets.

    Raises:
        SuiteError: The package data is missing.
    """
    source = resources.files("boundary.suites") / "data" / _DATA
    if not source.is_file():
        raise SuiteError(f"package data {_DATA} is missing", remedy="install boundary again")
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    return [
        Problem(
            id=row["id"],
            question=row["problem"],
            answer=row["answer"],
            group=row["group"],
            meta={"family": row["family"]},
        )
        for row in rows
    ]
