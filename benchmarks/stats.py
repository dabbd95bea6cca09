"""How fast intervals, differences and crossing points come, against a plain loop.

Five arms on 2,836 problems with n = 1024: pass@k at 11 k, 10,000 bootstrap resamples, the
differences of all pairs and their crossing points. The plain loop takes pass@k of each problem
of each resample from the formula; 5 resamples of it are timed and the time is scaled.

    python benchmarks/stats.py [--resamples 10000] [--problems 2836]
"""

import argparse
import resource
import sys
import time
from math import comb

import numpy as np

from boundary.records import Counts
from boundary.stats import AllPairs, Arm, all_pairs, default_ks

N, ARMS, TIMED = 1024, 5, 5
MOST_SECONDS, MOST_BYTES, LEAST_RATIO = 3.0, 1e9, 100.0


def arms_of(problems: int, seed: int) -> list[Arm]:
    """Arms from a base that solves much at times to tuned ones that solve less, more often."""
    rng = np.random.default_rng(seed)
    hardness = rng.beta(0.4, 0.6, problems)
    found = []
    for i in range(ARMS):
        rates = hardness ** (1 / (1 + i)) * (rng.random(problems) > 0.04 * i)
        correct = rng.binomial(N, rates).tolist()
        found.append(Arm(f"arm {i}", [Counts(f"p{j}", N, c) for j, c in enumerate(correct)]))
    return found


def plain_loop(arms: list[Arm], ks: list[int], resamples: int) -> float:
    """Seconds of the estimator called for each problem of each resample, without any test."""
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    for _ in range(resamples):
        picked = rng.integers(0, len(arms[0].counts), len(arms[0].counts)).tolist()
        for arm in arms:
            chosen = [arm.counts[i] for i in picked]
            for k in ks:
                sum(plain_pass(c.correct, c.n, k) for c in chosen)
    return time.perf_counter() - start


def plain_pass(correct: int, n: int, k: int) -> float:
    """The product form that circulates, for one problem."""
    if n - correct < k:
        return 1.0
    return 1.0 - float(np.prod(1.0 - k / np.arange(n - correct + 1, n + 1)))


def main() -> None:
    """Time both; exit 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--problems", type=int, default=2836)
    options = parser.parse_args()
    ks, arms = default_ks(N), arms_of(options.problems, seed=0)
    start = time.perf_counter()
    found = all_pairs(arms, rng=np.random.default_rng(0), resamples=options.resamples)
    seconds = time.perf_counter() - start
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timed = plain_loop(arms, ks.tolist(), TIMED)
    loop = timed * options.resamples / TIMED
    exact = np.mean([1 - comb(N - c.correct, 8) / comb(N, 8) for c in arms[0].counts])
    print(
        f"{ARMS} arms, {options.problems:,} problems, n = {N}, {len(ks)} k, "
        f"{options.resamples:,} resamples, {len(found.gaps)} pairs"
    )
    for gap in found.gaps:
        place = "none" if gap.crossing.k is None else f"{gap.crossing.k:.1f}"
        print(
            f"  {gap.other} - {gap.base}: at k = {ks[-1]} {100 * gap.difference[-1]:+.2f} "
            f"[{100 * gap.low[-1]:+.2f}, {100 * gap.high[-1]:+.2f}], crossing {place}"
        )
    print(
        f"{seconds:.2f} s, peak {peak / 1e6:,.0f} MB, pass@8 off by {found_error(found, exact):.1e}"
    )
    print(
        f"plain loop: {timed:.1f} s for {TIMED} resamples, x {options.resamples / TIMED:,.0f} = "
        f"{loop:,.0f} s: {loop / seconds:,.0f} times longer"
    )
    held = seconds <= MOST_SECONDS and peak <= MOST_BYTES and loop / seconds >= LEAST_RATIO
    print("all held" if held else "NOT HELD")
    sys.exit(0 if held else 1)


def found_error(found: AllPairs, exact: float) -> float:
    """How far the first arm's pass@8 lies from whole-number arithmetic."""
    return abs(float(found.curves[0].mean[3]) - exact)


if __name__ == "__main__":
    main()
