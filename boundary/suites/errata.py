"""Known errata of the suites: a reviewed table, applied only where it is asked for.

The table is package data (``data/errata.toml``); each entry says what is wrong, why, and how
anyone can check it. A wrong gold answer or a damaged text is put right, an ambiguous problem or a
second copy of one is left out.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import resources
from typing import Any

from boundary.errors import SuiteError
from boundary.records import Problem
from boundary.suites.base import Suite, digest_of


class Kind(StrEnum):
    """What is wrong: the gold answer, the question's text, its sense, or that it stands twice."""

    GOLD = "gold"
    TEXT = "text"
    AMBIGUOUS = "ambiguous"
    DUPLICATE = "duplicate"

    @property
    def is_mended(self) -> bool:
        """Whether the problem stays, corrected."""
        return self in (Kind.GOLD, Kind.TEXT)


@dataclass(frozen=True, slots=True)
class Erratum:
    """One thing that is wrong with one problem.

    ``found`` is the wrong gold answer, or for the other kinds words of the question; a copy without
    them does not have this fault. ``correction`` replaces them where the problem is mended.
    """

    suite: str
    id: str
    kind: Kind
    found: str
    reason: str
    source: str
    correction: str | None = None

    def fits(self, problem: Problem) -> bool:
        """Whether the problem has this fault."""
        if problem.id != self.id:
            return False
        if self.kind is Kind.GOLD:
            return problem.answer == self.found
        return self.found in problem.question

    def mend(self, problem: Problem) -> Problem:
        """The problem without the fault; only for a fault that can be mended."""
        right = self.correction or ""
        if self.kind is Kind.GOLD:
            return replace(problem, answer=right)
        return replace(problem, question=problem.question.replace(self.found, right))


def _read() -> tuple[Erratum, ...]:
    path = resources.files("boundary").joinpath("data/errata.toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_erratum(table) for table in tables["erratum"])


def _erratum(table: dict[str, Any]) -> Erratum:
    return Erratum(**table | {"kind": Kind(table["kind"])})


ERRATA: tuple[Erratum, ...] = _read()


def of(suite: Suite) -> Iterator[Erratum]:
    """The errata that the suite's problems have, as they were read."""
    problems = {problem.id: problem for problem in suite.problems}
    for erratum in ERRATA:
        problem = problems.get(erratum.id)
        if erratum.suite == suite.name and problem is not None and erratum.fits(problem):
            yield erratum


def corrected(suite: Suite) -> Suite:
    """The suite with its errata applied; another digest where there are any.

    Raises:
        SuiteError: Nothing of the suite is left.
    """
    problems = {problem.id: problem for problem in suite.problems}
    known = tuple(of(suite))
    for erratum in known:
        if not erratum.kind.is_mended:
            problems.pop(erratum.id, None)
        elif erratum.id in problems:
            problems[erratum.id] = erratum.mend(problems[erratum.id])
    if not problems:
        raise SuiteError(f"errata leave nothing of suite {suite.name!r}", remedy="use it as it is")
    left = tuple(problems.values())
    ids = tuple(dict.fromkeys(erratum.id for erratum in known))
    return replace(suite, problems=left, digest=digest_of(left), errata=ids)
