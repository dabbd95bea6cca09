"""Where untrusted programs run: in sandboxes that only ever hand back plain data.

A program's process is given inputs and produces outputs. What the right outputs are is known in
the parent alone, and compared there: nothing that a program does to its own process, prints or
exits with can pass for a verdict.
"""

from boundary.sandbox.isolation import level, require
from boundary.sandbox.plain import NotPlainError
from boundary.sandbox.pool import Pool, starts
from boundary.sandbox.program import Check, Limits, Output, Program, prepare, seal

__all__ = [
    "Check",
    "Limits",
    "NotPlainError",
    "Output",
    "Pool",
    "Program",
    "level",
    "prepare",
    "require",
    "seal",
    "starts",
]
