"""How the letters of an answer are read: as products, or as the names of a program."""

import re
from dataclasses import dataclass

_PROGRAM = re.compile(r"\*\*|[A-Za-z0-9_)] ?\* ?[A-Za-z(]")
_ALONE = re.compile(r"(?<![A-Za-z_])[A-Za-z](?![A-Za-z_])")


@dataclass(frozen=True, slots=True)
class Notation:
    """How runs of letters are read.

    In ``program`` notation a run is one name, unless each of its letters also stands ``alone``.
    """

    program: bool = False
    alone: frozenset[str] = frozenset()


PLAIN = Notation()


def notation_of(*spelled: str) -> Notation:
    """The notation that answers to one question share."""
    if not any(("*" in text and _PROGRAM.search(text)) or "==" in text for text in spelled):
        return PLAIN
    return Notation(
        program=True, alone=frozenset(m[0] for text in spelled for m in _ALONE.finditer(text))
    )
