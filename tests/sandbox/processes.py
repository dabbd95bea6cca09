"""Processes and what descends from them, by a look at /proc."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def parents() -> dict[int, int]:
    """Every process with its parent; those that have ended and wait to be seen off are left out."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(folder.name)] = int(parent)
    return found


def family(pids: Iterable[int]) -> set[int]:
    """Processes that descend from some, these included."""
    parent_of = parents()
    found = set(pids) & parent_of.keys()
    while more := {pid for pid, parent in parent_of.items() if parent in found} - found:
        found |= more
    return found
