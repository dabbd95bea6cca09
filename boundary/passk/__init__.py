"""The ``passk`` stage: unbiased pass@k curves with intervals, from runs or counts tables."""

from boundary.passk.base import (
    Settings,
    arm_of,
    guess_note,
    samples_of,
    suite_name,
    unjudged_reasons,
    with_guess,
    within_budget,
)
from boundary.passk.extras import Also
from boundary.passk.stage import Curves, references, run

__all__ = [
    "Also",
    "Curves",
    "Settings",
    "arm_of",
    "guess_note",
    "references",
    "run",
    "samples_of",
    "suite_name",
    "unjudged_reasons",
    "with_guess",
    "within_budget",
]
