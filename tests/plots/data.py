"""A made-up study with known shape: success rates drawn from Beta mixtures, three arms."""

from dataclasses import dataclass

import numpy as np

from boundary.records import (
    Comparison,
    Crossing,
    CrossingKind,
    Curve,
    DeltaSE,
    Overlap,
    PerplexityCell,
)

ARMS = ("base", "rl", "distill")
# share of hopeless problems, then the Beta law of the rest
LAWS = {"base": (0.05, 0.5, 1.1), "rl": (0.22, 1.6, 0.7), "distill": (0.02, 1.6, 0.6)}


@dataclass(frozen=True)
class Study:
    """Counts of three arms on the same problems, and what follows from them."""

    n: int
    ids: tuple[str, ...]
    counts: dict[str, np.ndarray]
    curves: dict[str, Curve]

    def comparison(self, base: str = "base", other: str = "rl") -> Comparison:
        return compare(self, base, other)


def study(problems: int = 120, n: int = 128, seed: int = 7) -> Study:
    rng = np.random.default_rng(seed)
    ease = np.sort(rng.random(problems))
    ids = tuple(f"algebra/{i}" for i in range(problems))
    counts = {}
    for arm in ARMS:
        hopeless, a, b = LAWS[arm]
        rates = np.sort(rng.beta(a, b, problems))
        rates[ease < hopeless] = 0.0
        counts[arm] = rng.binomial(n, rates).astype(np.int64)
    curves = {arm: curve_of(arm, counts[arm], n, ids, seed) for arm in ARMS}
    return Study(n, ids, counts, curves)


def estimates(correct: np.ndarray, n: int, ks: np.ndarray) -> np.ndarray:
    """(P, K) unbiased pass@k by the product form."""
    out = np.ones((len(correct), len(ks)))
    for j, k in enumerate(ks):
        for i, c in enumerate(correct):
            if n - c >= k:
                out[i, j] = 1 - np.prod(1 - k / np.arange(n - c + 1, n + 1)) if c else 0.0
    return out


def curve_of(label: str, correct: np.ndarray, n: int, ids: tuple[str, ...], seed: int = 0) -> Curve:
    ks = 2 ** np.arange(int(np.log2(n)) + 1)
    per = estimates(correct, n, ks)
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(ids), (400, len(ids)))
    low, high = np.percentile(per[draws].mean(1), [2.5, 97.5], axis=0)
    method = (*("bootstrap",) * (len(ks) - 1), "wilson")
    return Curve(label, ids, n, ks, per, per.mean(0), low, high, method)


def with_bounds(curve: Curve) -> Curve:
    """The same curve with a few samples left unjudged."""
    return Curve(
        curve.label,
        curve.problem_ids,
        curve.n,
        curve.ks,
        curve.per_problem,
        curve.mean,
        curve.low,
        curve.high,
        curve.method,
        curve.mean - 0.004,
        curve.mean + 0.015,
    )


def valid_of(curve: Curve) -> Curve:
    """A stand-in for the curve of valid derivations: lower everywhere."""
    return Curve(
        curve.label,
        curve.problem_ids,
        curve.n,
        curve.ks,
        0.86 * curve.per_problem,
        0.86 * curve.mean,
        0.84 * curve.low,
        0.88 * curve.high,
        curve.method,
    )


def compare(made: Study, base: str, other: str) -> Comparison:
    first, second = made.curves[base], made.curves[other]
    gaps = second.per_problem - first.per_problem
    rng = np.random.default_rng(3)
    draws = rng.integers(0, len(made.ids), (400, len(made.ids)))
    boot = gaps[draws].mean(1)
    low, high = np.percentile(boot, [2.5, 97.5], axis=0)
    share = (boot > 0).mean(0)
    p_value = np.clip(2 * np.minimum(share, 1 - share), 1 / 400, 1.0)
    solved = {arm: made.counts[arm] > 0 for arm in (base, other)}

    def pick(mask: np.ndarray) -> tuple[str, ...]:
        return tuple(np.array(made.ids)[mask].tolist())

    overlap = Overlap(
        made.n,
        pick(solved[base] & solved[other]),
        pick(solved[base] & ~solved[other]),
        pick(~solved[base] & solved[other]),
        pick(~solved[base] & ~solved[other]),
        0.0015,
    )
    mean = gaps.mean(0)
    after = np.flatnonzero(mean < 0)
    found = mean[0] > 0 and len(after) > 0
    where = float(first.ks[after[0]]) * 0.83 if found else None
    crossing = Crossing(
        CrossingKind.CROSSES if found else CrossingKind.NO_CROSSING,
        where,
        where and where * 0.6,
        where and where * 2.1,
        0.01,
    )
    return Comparison(
        base=first,
        other=second,
        ks=first.ks,
        difference=mean,
        low=low,
        high=high,
        method=(*("bootstrap",) * (len(first.ks) - 1), "tango"),
        p_value=p_value,
        overlap=overlap,
        crossing=crossing,
        base_histogram=histogram(made.counts[base] / made.n),
        other_histogram=histogram(made.counts[other] / made.n),
        delta_se=DeltaSE(
            float(first.mean[-1] - second.mean[0]),
            made.n,
            float(first.mean[-1]),
            float(second.mean[0]),
        ),
        notes=("The suite has two problems that share a figure; they are resampled together.",),
    )


def histogram(rates: np.ndarray) -> np.ndarray:
    inner = np.ceil(np.round(rates * 10, 9)).astype(int)
    bins = np.where(rates >= 1, 11, np.where(rates <= 0, 0, np.clip(inner, 1, 10)))
    return np.bincount(bins, minlength=12)


def perplexities(made: Study) -> tuple[PerplexityCell, ...]:
    rng = np.random.default_rng(11)
    pairs = (
        ("base", "base", 1.62),
        ("rl", "base", 1.28),
        ("rl", "rl", 1.15),
        ("distill", "base", 2.9),
    )
    return tuple(cell(of, under, at, made.ids, rng) for of, under, at in pairs)


def cell(
    of: str, under: str, at: float, ids: tuple[str, ...], rng: np.random.Generator
) -> PerplexityCell:
    values = 1 + (at - 1) * rng.lognormal(0, 0.35, len(ids))
    first, median, third = np.percentile(values, [25, 50, 75])
    mean = float(values.mean())
    wide = 1.96 * float(values.std()) / len(ids) ** 0.5
    quartiles = (float(first), float(median), float(third))
    return PerplexityCell(
        of, under, ids, values, mean, mean - wide, mean + wide, quartiles, 16 * len(ids)
    )
