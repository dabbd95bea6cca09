"""Estimators, intervals and paired tests: pure functions of arrays and counts.

``curve``, ``valid_curve``, ``compare``, ``perplexity`` and ``verdict`` turn counts into records
and words; the other names are the parts they are made of.
"""

from boundary.stats.comparisons import Arm, compare
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
    "accuracy_histogram",
    "bootstrap_means",
    "compare",
    "crossing",
    "crossing_of",
    "curve",
    "default_ks",
    "delta_se",
    "expected_overlap",
    "fixed_suite_intervals",
    "gap_intervals",
    "mcnemar_exact",
    "overlap",
    "overlap_from_firsts",
    "paired_p",
    "pass_at_k",
    "permutation_p",
    "perplexity",
    "rate_intervals",
    "tango",
    "valid_curve",
    "verdict",
    "wilson",
    "within_problem_variance",
]
