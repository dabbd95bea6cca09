"""What stopping early saves, and that pass@k stays without bias.

Success rates are quantiles of two Beta laws. MATH-like: 500 problems, fitted to a 7B base model's
published pass@1 to pass@128 on MATH-500 (within .8 points at every k). AIME-like: 30 problems, four
of them hopeless, shaped after the same model's pass@1 of .07 and pass@1024 of .77 on AIME 2024
(Yue et al. 2025, arXiv:2504.13837). Each is run many times with a stop at 16 correct and looks at
64, 128, 256, 512 and 1,024 samples. At every k the mean of pass@k over the runs must lie within 4
standard errors of the truth, and on the MATH-like suite a fifth of the samples must do.

    python benchmarks/adaptive.py [--runs 2000] [--seed 0]
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from boundary.records import Design
from boundary.stats import adaptive_pass_at_k, default_ks, design_words, looks_for, pass_at_k

N, STOP_AFTER = 1024, 16
MOST_ERRORS = 4.0
LEAST_SAVED = {"MATH-like": 5.0}
CHUNK = 100


@dataclass(frozen=True)
class Suite:
    """Problems with known success rates: some hopeless, the others at quantiles of a Beta law."""

    name: str
    problems: int
    hopeless: int
    law: tuple[float, float]

    @property
    def rates(self) -> np.ndarray:
        """(P,) success rates."""
        able = self.problems - self.hopeless
        places = (np.arange(able) + 0.5) / able
        return np.concatenate([np.zeros(self.hopeless), beta(*self.law).ppf(places)])


SUITES = (Suite("MATH-like", 500, 0, (0.515, 0.313)), Suite("AIME-like", 30, 4, (0.3, 3.5)))


@dataclass(frozen=True)
class Runs:
    """What many runs of a suite gave: mean pass@k by run and k, and mean samples a problem.

    ``plain`` puts what was drawn into the formula of a fixed n, up to the smallest n.
    """

    adaptive: np.ndarray
    full: np.ndarray
    plain: np.ndarray
    drawn: float


def stops(correct: np.ndarray, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """(…, P) the look of each problem, and its correct samples there, from (…, P, J) counts."""
    is_last = np.arange(len(design.looks)) == len(design.looks) - 1
    place = ((correct >= design.stop_after) | is_last).argmax(axis=-1)
    reached = np.take_along_axis(correct, place[..., None], axis=-1)[..., 0]
    return np.array(design.looks)[place], reached


def means(n: np.ndarray, correct: np.ndarray, ks: np.ndarray, design: Design | None) -> np.ndarray:
    """(B, K) mean pass@k of each run from (B, P) states; each distinct state is computed once."""
    states, inverse = np.unique(n * (N + 1) + correct, return_inverse=True)
    sizes, counts = np.divmod(states, N + 1)
    if design is None:
        rates = pass_at_k(counts, sizes, ks)
    else:
        rates = adaptive_pass_at_k(counts, sizes, ks, design)
    return rates[inverse.reshape(n.shape)].mean(axis=1)


def chunks(suite: Suite, design: Design, runs: int, seed: int) -> Iterator[Runs]:
    """Simulate runs, some at a time: only the correct samples of each block are drawn."""
    rng, ks = np.random.default_rng(seed), default_ks(N)
    blocks = np.diff([0, *design.looks])
    for start in range(0, runs, CHUNK):
        size = (min(CHUNK, runs - start), suite.problems, len(blocks))
        correct = rng.binomial(blocks, suite.rates[:, None], size).cumsum(axis=-1)
        reached, found = stops(correct, design)
        full = np.full_like(reached, N)
        yield Runs(
            means(reached, found, ks, design),
            means(full, correct[..., -1], ks, None),
            means(reached, found, ks[ks <= design.looks[0]], None),
            float(reached.mean()),
        )


def simulate(suite: Suite, design: Design, runs: int, seed: int) -> Runs:
    """All runs of a suite."""
    parts = list(chunks(suite, design, runs, seed))
    weights = [len(part.adaptive) for part in parts]
    joined = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("adaptive", "full", "plain")
    )
    return Runs(*joined, float(np.average([part.drawn for part in parts], weights=weights)))


def check(suite: Suite, found: Runs) -> bool:
    """Print a suite's table; returns whether all of it holds."""
    ks = default_ks(N)
    truth = (1 - (1 - suite.rates[:, None]) ** ks).mean(axis=0)
    plain = [f"{100 * mean:.3f}" for mean in found.plain.mean(axis=0)]
    spread = found.adaptive.std(axis=0, ddof=1)
    error = spread / np.sqrt(len(found.adaptive))
    z = (found.adaptive.mean(axis=0) - truth) / error
    saved = N / found.drawn
    hard = int((suite.rates * N < STOP_AFTER).sum())
    print(f"\n{suite.name}: {suite.problems} problems, {hard} too hard for {STOP_AFTER} of {N}")
    print(
        f"{found.drawn * suite.problems:,.0f} of {N * suite.problems:,} samples drawn: "
        f"{saved:.1f} times fewer{'' if saved >= 2 else ', which is little'}"
    )
    print(
        "    k   truth    mean   std. error      z   plain formula   run's spread: adaptive    full"
    )
    for j, k in enumerate(ks):
        print(
            f"{k:5} {100 * truth[j]:7.3f} {100 * found.adaptive[:, j].mean():7.3f} "
            f"{100 * error[j]:12.4f} {z[j]:+6.2f} {plain[j] if j < len(plain) else '':>15} "
            f"{100 * spread[j]:24.3f} {100 * found.full[:, j].std(ddof=1):7.3f}"
        )
    return bool((np.abs(z) <= MOST_ERRORS).all()) and saved >= LEAST_SAVED.get(suite.name, 1.0)


def main() -> None:
    """Simulate both suites; exit 1 when a mean is off or too little is saved."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    design = Design(STOP_AFTER, looks_for(STOP_AFTER, N))
    print(f"{design_words(design)}; {options.runs:,} runs, percent")
    held = [check(s, simulate(s, design, options.runs, options.seed)) for s in SUITES]
    print("\nall held" if all(held) else "\nNOT HELD")
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
