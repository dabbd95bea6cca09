"""Estimators, intervals and paired tests: pure functions of arrays and counts.

``curve``, ``valid_curve``, ``compare``, ``perplexity`` and ``verdict`` turn counts into records
and words; the other names are the parts they are made of.
"""

from boundary.stats.adaptive import (
    StoppingState,
    adaptive_limits,
    adaptive_pass_at_k,
    checked_design,
    design_words,
    looks_for,
    stopping_state,
)
from boundary.stats.arms import Arm
from boundary.stats.comparisons import compare
from boundary.stats.contrasts import (
    delta_se,
    expected_overlap,
    mcnemar_exact,
    overlap,
    overlap_from_firsts,
    paired_p,
    permutation_p,
)
from boundary.stats.crossings import crossing, crossing_of
from boundary.stats.curves import curve, perplexity, valid_curve
from boundary.stats.estimators import accuracy_histogram, default_ks, pass_at_k
from boundary.stats.intervals import (
    Intervals,
    bootstrap_means,
    fixed_suite_intervals,
    gap_intervals,
    rate_intervals,
    tango,
    wilson,
    within_problem_variance,
)
from boundary.stats.verdicts import verdict

__all__ = [
    "Arm",
    "Intervals",
    "StoppingState",
    "accuracy_histogram",
    "adaptive_limits",
    "adaptive_pass_at_k",
    "bootstrap_means",
    "checked_design",
    "compare",
    "crossing",
    "crossing_of",
    "curve",
    "default_ks",
    "delta_se",
    "design_words",
    "expected_overlap",
    "fixed_suite_intervals",
    "gap_intervals",
    "looks_for",
    "mcnemar_exact",
    "overlap",
    "overlap_from_firsts",
    "paired_p",
    "pass_at_k",
    "permutation_p",
    "perplexity",
    "rate_intervals",
    "stopping_state",
    "tango",
    "valid_curve",
    "verdict",
    "wilson",
    "within_problem_variance",
]
