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
from boundary.stats.answers import (
    answer_entropy,
    guess_curve,
    guessed_directly,
    hits_elsewhere,
    majority_at_k,
)
from boundary.stats.arms import Arm
from boundary.stats.bootstrap import bootstrap_means
from boundary.stats.comparisons import compare, for_fixed_suite, with_second_run
from boundary.stats.contrasts import (
    delta_se,
    expected_overlap,
    mcnemar_exact,
    overlap,
    overlap_from_firsts,
    paired_test,
    permutation_p,
    permutation_test,
)
from boundary.stats.crossings import crossing, crossing_of
from boundary.stats.curves import Target, curve, metric, perplexity, valid_curve
from boundary.stats.estimators import accuracy_histogram, default_ks, pass_at_k, transitions
from boundary.stats.extrapolation import BetaLaw, Extrapolation, extrapolate, fit_beta
from boundary.stats.fixed_suite import (
    fixed_suite_gap_intervals,
    fixed_suite_intervals,
    normal_p,
    within_problem_variance,
)
from boundary.stats.intervals import Intervals, gap_intervals, rate_intervals
from boundary.stats.likelihood import mean_over, perplexity_gap
from boundary.stats.pairwise import AllPairs, Gap, all_pairs
from boundary.stats.power import (
    POWER,
    Pair,
    difference_variance,
    pair_rates,
    paired_power,
    problems_needed,
)
from boundary.stats.rates import Rates, expected_samples, fit_rates, simulated_samples
from boundary.stats.sampling import break_even, flops_per_token, tokens_of_chain
from boundary.stats.scores import tango, wilson
from boundary.stats.subsets import (
    cover_at,
    covered,
    g_pass_at_k,
    mean_g_pass_at_k,
    pass_hat_k,
)
from boundary.stats.support import detectability, floor, sensitivity, support
from boundary.stats.trend import Trend, trend
from boundary.stats.verdicts import answer, controls, verdict

__all__ = [
    "POWER",
    "AllPairs",
    "Arm",
    "BetaLaw",
    "Extrapolation",
    "Gap",
    "Intervals",
    "Pair",
    "Rates",
    "StoppingState",
    "Target",
    "Trend",
    "accuracy_histogram",
    "adaptive_limits",
    "adaptive_pass_at_k",
    "all_pairs",
    "answer",
    "answer_entropy",
    "bootstrap_means",
    "break_even",
    "checked_design",
    "compare",
    "controls",
    "cover_at",
    "covered",
    "crossing",
    "crossing_of",
    "curve",
    "default_ks",
    "delta_se",
    "design_words",
    "detectability",
    "difference_variance",
    "expected_overlap",
    "expected_samples",
    "extrapolate",
    "fit_beta",
    "fit_rates",
    "fixed_suite_gap_intervals",
    "fixed_suite_intervals",
    "floor",
    "flops_per_token",
    "for_fixed_suite",
    "g_pass_at_k",
    "gap_intervals",
    "guess_curve",
    "guessed_directly",
    "hits_elsewhere",
    "looks_for",
    "majority_at_k",
    "mcnemar_exact",
    "mean_g_pass_at_k",
    "mean_over",
    "metric",
    "normal_p",
    "overlap",
    "overlap_from_firsts",
    "pair_rates",
    "paired_power",
    "paired_test",
    "pass_at_k",
    "pass_hat_k",
    "permutation_p",
    "permutation_test",
    "perplexity",
    "perplexity_gap",
    "problems_needed",
    "rate_intervals",
    "sensitivity",
    "simulated_samples",
    "stopping_state",
    "support",
    "tango",
    "tokens_of_chain",
    "transitions",
    "trend",
    "valid_curve",
    "verdict",
    "wilson",
    "with_second_run",
    "within_problem_variance",
]
