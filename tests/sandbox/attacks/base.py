"""What an attack is, and the task that all of them pretend to solve."""

from dataclasses import dataclass
from typing import Any

from boundary.sandbox import Limits

INPUTS = ((3,), (5,))
RIGHT = [10, 26]

# Small: each attack is run whole, in the ordinary tests.
LIMITS = Limits(
    wall_s=0.5, cpu_s=0.3, memory_mb=128, processes=16, file_mb=2, output_kb=64, open_files=32
)


@dataclass(frozen=True)
class Attack:
    name: str
    source: str
    ends: tuple[str | None, ...] = (None,)
    finds: Any = ...
    limits: Limits = LIMITS


def spin(name: str, source: str) -> Attack:
    """One that goes on until it is stopped."""
    return Attack(name, source, ("time_limit",))


def probe(name: str, source: str, finds: Any = None) -> Attack:
    """One that returns what it could do: nothing."""
    return Attack(name, source, (None,), [] if finds is None else finds)


TRIES = """
def tried(*deeds):
    done = []
    for deed in deeds:
        try:
            done.append(repr(deed()))
        except BaseException:
            pass
    return done
"""
