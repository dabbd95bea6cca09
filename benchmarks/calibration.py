"""How often 95 % intervals hold the truth, where the truth is known.

Success rates of a base come from a Beta law with a share of hopeless problems; a tuned model is
right more often on most problems and has lost a share of them. Suites of 30 or 500 problems are
drawn from these laws, n samples of each problem from its rate, and intervals are made of pass@k
of either model and of their difference, at k in powers of two to n. The truth is the mean over
the law. Held must be: 95 +- 1.5 % in every cell with 500 problems of which 25 are expected to be
solved and 25 not (differences: 25 to be solved by one model only), and no interval without width.

The intervals for few problems were chosen on those two laws with 30 problems, so they are judged
on others, of other shapes, that had no part in it: large populations of pairs of rates, from
which suites of 30 and 60 problems are drawn.

    python benchmarks/calibration.py [--replicates 4000] [--seed 0] [--quick] [--out FILE]
"""

import argparse
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats import beta

from boundary.stats import default_ks, gap_intervals, pass_at_k, rate_intervals, wilson
from boundary.stats.intervals import FEW

SIZES, SAMPLES = (30, 500), (128, 1024)
UNSEEN_SIZES, UNSEEN_SAMPLES = (30, 60), 256
ATOMS = 20_000
COUNTS = Path(__file__).parents[2] / "shared" / "data" / "pass_counts_sample.csv"
PUBLISHED = ("Qwen2.5-7B", "Qwen-2.5-7B-SimpleRL-Zoo")
RESAMPLES, BATCH, NODES = 2000, 50, 100_000
LEVEL, MARGIN, EXPECTED = 0.95, 0.015, 25.0
CHOSEN = (
    "How many problems the package's own intervals add was chosen on these laws, with other seeds:",
    "this table flatters them. The next one does not.",
)
UNSEEN_WORDS = (
    "Laws that had no part in choosing the method: rates with two peaks far apart; five values,",
    "exact zeros among them; a normal law on the log-odds, correlated between the models; and the",
    "published MATH-500 counts of a base and its tuned model, problem by problem. n = {n}, k in",
    "powers of two to n. `boundary` is what the package does below 100 problems.",
)
Z = float(ndtri((1 + LEVEL) / 2))


@dataclass(frozen=True)
class Suite:
    """Laws of success rates: of the base, and of what tuning did to each problem."""

    name: str
    law: tuple[float, float]
    hopeless: float
    lost: float

    def rates(self, places: np.ndarray, fates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rates of base and tuned for uniform numbers: one places a problem, one decides it."""
        base = beta(*self.law).ppf(np.clip((places - self.hopeless) / (1 - self.hopeless), 0, 1))
        base = np.where(places < self.hopeless, 0.0, base)
        return base, np.where(fates < self.lost, 0.002 * base, 1 - (1 - base) ** 4)

    def truth(self, ks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(3, K) mean pass@k of base and tuned and their difference; (K,) share of discordant."""
        places = (np.arange(NODES) + 0.5) / NODES
        base, kept = self.rates(places, np.ones(NODES))
        lost = self.rates(places, np.zeros(NODES))[1]
        solved = [1 - (1 - p[:, None]) ** ks for p in (base, kept, lost)]
        weights = ((1 - self.lost), self.lost)
        first = solved[0].mean(axis=0)
        second = sum(w * s.mean(axis=0) for w, s in zip(weights, solved[1:], strict=True))
        apart = sum(
            w * (solved[0] * (1 - s) + s * (1 - solved[0])).mean(axis=0)
            for w, s in zip(weights, solved[1:], strict=True)
        )
        return np.stack([first, second, second - first]), apart


SUITES = (
    Suite("MATH-like", (0.515, 0.313), 0.0, 0.06),
    Suite("AIME-like", (0.3, 3.5), 0.13, 0.10),
)


@dataclass(frozen=True)
class Population:
    """A finite law: problems with a rate of the base and one of the tuned model, equally likely."""

    name: str
    base: np.ndarray
    tuned: np.ndarray

    def rates(self, places: np.ndarray, fates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rates of base and tuned at uniform places; there is no other fate."""
        atoms = (places * len(self.base)).astype(int)
        return self.base[atoms], self.tuned[atoms]

    def truth(self, ks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See Suite.truth; exact, as the population is what is meant."""
        one, two = (1 - (1 - p[:, None]) ** ks for p in (self.base, self.tuned))
        means = one.mean(axis=0), two.mean(axis=0)
        apart = (one * (1 - two) + two * (1 - one)).mean(axis=0)
        return np.stack([*means, means[1] - means[0]]), apart


Law = Suite | Population


def populations() -> Iterator[Population]:
    """Laws of other shapes than those that the method was chosen on."""
    rng = np.random.default_rng(2026)

    def squashed(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    hard = rng.random(ATOMS) < 0.5
    peaks = np.where(hard, rng.beta(1, 60, ATOMS), rng.beta(40, 4, ATOMS))
    odds = np.log(peaks / (1 - peaks)) + rng.normal(1.0, 0.7, ATOMS)
    yield Population("two peaks", peaks, np.where(rng.random(ATOMS) < 0.04, 0, squashed(odds)))
    values = np.array([0, 0.005, 0.05, 0.4, 0.95])
    place = rng.choice(5, ATOMS, p=[0.25, 0.2, 0.2, 0.2, 0.15])
    moved = np.clip(place + rng.choice([-1, 0, 1], ATOMS, p=[0.1, 0.6, 0.3]), 0, 4)
    yield Population("five values", values[place], values[np.where(place == 0, 0, moved)])
    x, y = rng.normal(size=(2, ATOMS))
    yield Population("log-odds", squashed(2.5 * x - 1), squashed(2.4 * x + 1.8 * y))
    if not COUNTS.exists():
        print(f"no {COUNTS.name}: the published counts are left out", file=sys.stderr)
        return
    table = pd.read_csv(COUNTS)
    sides = [table[table["model"] == model].set_index("problem_id") for model in PUBLISHED]
    base, tuned = ((side["c"] / side["n"]).sort_index().to_numpy() for side in sides)
    yield Population("published", base, tuned)


@dataclass(frozen=True)
class Cell:
    """One suite, size, n, quantity, k and method: how often it covers, and how often flat."""

    suite: str
    problems: int
    n: int
    quantity: str
    k: int
    method: str
    coverage: float
    flat: float
    width: float
    is_required: bool

    @property
    def is_held(self) -> bool:
        """Whether the cell is as it must be."""
        close = abs(self.coverage - LEVEL) <= MARGIN
        ours = self.method == "boundary"
        return not ours or (self.flat == 0 and (close or not self.is_required))


def weights_of(problems: int, rng: np.random.Generator) -> np.ndarray:
    """(B, P) bootstrap weights, one matrix for a batch of replicates."""
    drawn = rng.integers(0, problems, (RESAMPLES, problems))
    return np.stack([np.bincount(row, minlength=problems) for row in drawn]).astype(float)


def other_intervals(
    values: np.ndarray, weights: np.ndarray, means: np.ndarray, lowest: float
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Intervals of (P, C) columns by other methods, from the same (B, C) bootstrap means."""
    size = len(values)
    mean = values.mean(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(size)
    return {
        "percentile": tuple(np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)),
        "BCa": bias_corrected(values, means),
        "bootstrap-t": studentised(values, weights, means, mean, error),
        "score": score(mean, error, size, lowest),
    }


def bias_corrected(values: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bias-corrected and accelerated limits (Efron 1987)."""
    off = values - values.mean(axis=0)
    cubes = (off**3).sum(axis=0)
    bend = cubes / np.maximum(6 * (off**2).sum(axis=0) ** 1.5, 1e-300)
    middle = values.mean(axis=0)
    below = ((means < middle).mean(axis=0) + (means <= middle).mean(axis=0)) / 2
    shift = ndtri(np.clip(below, 0.5 / len(means), 1 - 0.5 / len(means)))
    ordered, columns = np.sort(means, axis=0), np.arange(means.shape[1])
    limits = []
    for z in (-Z, Z):
        place = ndtr(shift + (shift + z) / (1 - bend * (shift + z)))
        limits.append(ordered[np.rint(place * (len(means) - 1)).astype(int), columns])
    return limits[0], limits[1]


def studentised(
    values: np.ndarray,
    weights: np.ndarray,
    means: np.ndarray,
    mean: np.ndarray,
    error: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap-t limits; resamples without spread are left out."""
    size = len(values)
    spread = weights @ values**2 / size - means**2
    errors = np.sqrt(np.maximum(spread, 0) / (size - 1))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns without any spread
        ratios = np.where(errors > 1e-9, (means - mean) / errors, np.nan)
        high, low = np.nanquantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return mean - np.nan_to_num(low) * error, mean - np.nan_to_num(high) * error


def score(
    mean: np.ndarray, error: np.ndarray, size: int, lowest: float
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval at the number of 0/1 problems that would vary as much.

    Values are brought to [0, 1] first: differences lie in [-1, 1].
    """
    rate, spread = (mean - lowest) / (1 - lowest), error / (1 - lowest)
    trials = np.where(spread > 1e-12, rate * (1 - rate) / np.maximum(spread, 1e-12) ** 2, size)
    limits = [wilson(r * t, t) for r, t in zip(rate, np.maximum(trials, 1.0), strict=True)]
    low, high = np.array(limits).T
    return lowest + (1 - lowest) * low, lowest + (1 - lowest) * high


def batches(
    suite: Law, problems: int, n: int, replicates: int, rng: np.random.Generator
) -> Iterator[dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]]:
    """Limits of some replicates at a time, (R, K) each, by quantity and method."""
    ks = default_ks(n)
    table = pass_at_k(np.arange(n + 1), n, ks)
    for start in range(0, replicates, BATCH):
        count = min(BATCH, replicates - start)
        rates = suite.rates(*rng.random((2, problems, count)))
        base, other = (table[rng.binomial(n, p)] for p in rates)  # (P, R, K)
        weights = weights_of(problems, rng)
        means = [
            (weights @ v.reshape(problems, -1) / problems).reshape(-1, count, len(ks))
            for v in (base, other)
        ]
        found: dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
        for i in range(count):
            for name, value, mean in (("base", base, means[0]), ("tuned", other, means[1])):
                made = rate_intervals(value[:, i], mean[:, i])
                found[name, "boundary"].append((made.low, made.high))
            gap = gap_intervals(base[:, i], other[:, i], means[1][:, i] - means[0][:, i])
            found["difference", "boundary"].append((gap.low, gap.high))
        limits = {key: tuple(map(np.stack, zip(*rows, strict=True))) for key, rows in found.items()}
        if problems < FEW:
            for name, value, mean, lowest in (
                ("base", base, means[0], 0.0),
                ("tuned", other, means[1], 0.0),
                ("difference", other - base, means[1] - means[0], -1.0),
            ):
                flat = value.reshape(problems, -1), weights, mean.reshape(len(mean), -1), lowest
                for method, pair in other_intervals(*flat).items():
                    limits[name, method] = tuple(x.reshape(count, -1) for x in pair)
        yield limits


def measure(suite: Law, problems: int, n: int, replicates: int, seed: int) -> Iterator[Cell]:
    """All cells of one suite, size and n."""
    ks = default_ks(n)
    truth, apart = suite.truth(ks)
    parts = list(batches(suite, problems, n, replicates, np.random.default_rng(seed)))
    for quantity, method in parts[0]:
        row = ("base", "tuned", "difference").index(quantity)
        low, high = (np.concatenate([p[quantity, method][side] for p in parts]) for side in (0, 1))
        inside = (low <= truth[row]) & (truth[row] <= high)
        solved = problems * truth[row]
        enough = problems * apart if row == 2 else np.minimum(solved, problems - solved)
        for j, k in enumerate(ks):
            yield Cell(
                suite.name, problems, n, quantity, int(k), method,
                float(inside[:, j].mean()),
                float((high[:, j] - low[:, j] <= 1e-12).mean()),
                float((high[:, j] - low[:, j]).mean()),
                bool(problems >= max(SIZES) and enough[j] >= EXPECTED),
            )  # fmt: skip


def report(cells: list[Cell], unseen: list[Cell], replicates: int) -> str:
    """The tables as Markdown."""
    required = [c for c in cells if c.is_required and c.method == "boundary"]
    worst = max(required, key=lambda c: abs(c.coverage - LEVEL))
    lines = [
        "# Calibration of the intervals",
        "",
        f"Coverage in percent of nominal 95 % intervals over {replicates:,} simulated suites,",
        "with the share of intervals without width behind it where there are any. Written by `make",
        "bench-calibration`; the laws of the success rates stand in `benchmarks/calibration.py`.",
        "",
        f"In the {len(required)} cells with 500 problems and 25 or more to either side (marked *),",
        f"coverage lies between {100 * min(c.coverage for c in required):.1f} and "
        f"{100 * max(c.coverage for c in required):.1f} %; farthest off: {worst.suite}, "
        f"n = {worst.n}, {worst.quantity} at k = {worst.k}.",
    ]
    for problems in sorted(SIZES, reverse=True):
        lines += ["", f"## {problems} problems", "", *rows_of(cells, problems)]
    lines += ["", "## Methods at 30 problems", "", *CHOSEN, "", *methods_of(cells)]
    words = "\n".join(UNSEEN_WORDS).format(n=UNSEEN_SAMPLES)
    lines += ["", "## The same on laws not seen before", "", words, "", *unseen_of(unseen)]
    return "\n".join(lines) + "\n"


def rows_of(cells: list[Cell], problems: int) -> Iterator[str]:
    """One row per suite, n and k of what the package does."""
    yield "| suite | n | k | base | tuned | difference |"
    yield "| --- | --: | --: | --: | --: | --: |"
    found = {
        (c.suite, c.n, c.k, c.quantity): c
        for c in cells
        if c.problems == problems and c.method == "boundary"
    }
    for suite, n, k in dict.fromkeys(key[:3] for key in found):
        shown = (shown_cell(found[suite, n, k, q]) for q in ("base", "tuned", "difference"))
        yield f"| {suite} | {n} | {k} | {' | '.join(shown)} |"


def shown_cell(cell: Cell) -> str:
    """Coverage, a star where it must hold, and the share of flat intervals."""
    flat = f" ({100 * cell.flat:.1f} flat)" if cell.flat else ""
    return f"{100 * cell.coverage:.1f}{'*' if cell.is_required else ''}{flat}"


def methods_of(cells: list[Cell]) -> Iterator[str]:
    """Each method over all cells of 30 problems: how far off, how often short, how often flat."""
    yield "| method | mean coverage | least | cells below 92 % | median width, points | flat |"
    yield "| --- | --: | --: | --: | --: | --: |"
    small = [c for c in cells if c.problems == min(SIZES)]
    for method in dict.fromkeys(c.method for c in small):
        own = [c for c in small if c.method == method]
        short = sum(c.coverage < 0.92 for c in own)
        yield (
            f"| {method} | {100 * np.mean([c.coverage for c in own]):.1f} | "
            f"{100 * min(c.coverage for c in own):.1f} | {short} of {len(own)} | "
            f"{100 * np.median([c.width for c in own]):.1f} | "
            f"{100 * np.mean([c.flat for c in own]):.1f} % |"
        )


def unseen_of(cells: list[Cell]) -> Iterator[str]:
    """Each law, size and method: rates and differences apart, then each method over all laws."""
    yield (
        "| law | problems | method | rates: mean | least | below 92 % | width "
        "| differences: mean | least | below 92 % | width |"
    )
    yield "| --- | --: | --- " + "| --: " * 8 + "|"
    laws = list(dict.fromkeys((c.suite, c.problems) for c in cells))
    for law, problems in (*laws, ("all laws", 0)):
        for method in dict.fromkeys(c.method for c in cells):
            own = [c for c in cells if c.method == method]
            if problems:
                own = [c for c in own if (c.suite, c.problems) == (law, problems)]
            rates = [c for c in own if c.quantity != "difference"]
            gaps = [c for c in own if c.quantity == "difference"]
            shown = " | ".join(map(short_cells, (rates, gaps)))
            yield f"| {law} | {problems or 'both'} | {method} | {shown} |"


def short_cells(cells: list[Cell]) -> str:
    """Mean and least coverage, how many cells fall short, and the median width."""
    covered = [100 * c.coverage for c in cells]
    short = sum(c.coverage < 0.92 for c in cells)
    width = 100 * np.median([c.width for c in cells])
    return f"{np.mean(covered):.1f} | {min(covered):.1f} | {short} of {len(cells)} | {width:.1f}"


def main() -> None:
    """Simulate; exit 1 when a cell that must hold does not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="200 replicates, and a wider margin")
    parser.add_argument("--out", type=Path, help="write the tables here")
    options = parser.parse_args()
    replicates = 200 if options.quick else options.replicates
    cells = []
    for suite in SUITES:
        for problems in SIZES:
            for n in SAMPLES:
                cells += measure(suite, problems, n, replicates, options.seed)
                print(f"{suite.name}, {problems} problems, n = {n}: done", file=sys.stderr)
    unseen = []
    for law in populations():
        for problems in UNSEEN_SIZES:
            unseen += measure(law, problems, UNSEEN_SAMPLES, replicates, options.seed)
            print(f"{law.name}, {problems} problems: done", file=sys.stderr)
    text = report(cells, unseen, replicates)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    # With few replicates, three standard errors of a coverage are added to what is allowed.
    slack = 3 * (LEVEL * (1 - LEVEL) / replicates) ** 0.5 if options.quick else 0.0
    missed = [c for c in cells if not c.is_held and abs(c.coverage - LEVEL) > MARGIN + slack]
    missed += [c for c in (*cells, *unseen) if c.method == "boundary" and c.flat]
    for cell in missed:
        print(f"NOT HELD: {cell}")
    print("all held" if not missed else "NOT HELD")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
