"""A made-up study with known shape: success rates drawn from Beta mixtures, three arms."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from boundary import stats, tables
from boundary.plots.sheet import Series, Sheet
from boundary.published import Reference
from boundary.records import (
    Comparison,
    Crossing,
    CrossingKind,
    Curve,
    DeltaSE,
    EntropyProfile,
    Mean,
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
        transition=moves(made.counts[base] / made.n, made.counts[other] / made.n),
    )


def bins(rates: np.ndarray) -> np.ndarray:
    inner = np.ceil(np.round(rates * 10, 9)).astype(int)
    return np.where(rates >= 1, 11, np.where(rates <= 0, 0, np.clip(inner, 1, 10)))


def histogram(rates: np.ndarray) -> np.ndarray:
    return np.bincount(bins(rates), minlength=12)


def moves(base: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(12, 12) problems by both bins."""
    found = np.zeros((12, 12), dtype=np.int64)
    np.add.at(found, (bins(base), bins(other)), 1)
    return found


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


PUBLISHED = Reference(
    "someone/fig-1/math500/base",
    "arXiv:0000.00000",
    "Fig. 1",
    "MATH500",
    "Base",
    "digitised",
    ((1, 30.0), (2, 41.5), (4, 52.0), (8, 60.0), (1024, 99.0)),
)
STEPS = (0.0, 100.0, 300.0)


def budget_table(made: Study) -> tables.Extra:
    """Each arm at three budgets: the smaller, the lower."""
    shares = ((256, 0.4), (512, 0.7), (1024, 1.0))
    return tables.budgets(
        (budget, 1 - share, scaled(curve, share))
        for curve in made.curves.values()
        for budget, share in shares
    )


def scaled(curve: Curve, share: float) -> Curve:
    return replace(curve, mean=share * curve.mean, low=share * curve.low, high=share * curve.high)


def cost_table(made: Study) -> tables.Extra:
    lengths = {"base": 400.0, "rl": 900.0, "distill": 2500.0}
    return tables.costs((curve, lengths[arm], None) for arm, curve in made.curves.items())


def likelihood_frame() -> pd.DataFrame:
    """Shares of answers in three bins of nats per token, of each arm."""
    shares = {"base": (0.5, 0.3, 0.2), "rl": (0.1, 0.3, 0.6), "distill": (0.7, 0.2, 0.1)}
    return pd.DataFrame(
        {"arm": arm, "low": low, "high": low + 0.5, "share": share}
        for arm, row in shares.items()
        for low, share in zip((-1.5, -1.0, -0.5), row, strict=True)
    )


def extrapolation_table(made: Study) -> tables.Extra:
    ks = [2 * made.n, 4 * made.n]

    def law(arm: str, *, never: bool) -> stats.Extrapolation | None:
        sizes = [made.n] * len(made.ids)
        rng = np.random.default_rng(0)
        return stats.extrapolate(made.counts[arm], sizes, ks, rng, never=never, refits=5)

    return tables.extrapolations(
        (arm, made.n, never, law(arm, never=never)) for arm in ARMS for never in (False, True)
    )


def trend_table(made: Study) -> tables.Extra:
    curves = list(made.curves.values())
    ks = [int(k) for k in curves[0].ks]
    rows = (
        (
            ks[j],
            stats.trend(
                STEPS,
                np.stack([curve.per_problem[:, j] for curve in curves]),
                np.random.default_rng(0),
                resamples=100,
            ),
        )
        for j in (0, len(ks) - 1)
    )
    return tables.trends(rows)


def entropies() -> list[EntropyProfile]:
    """Entropy along the answers of base and rl, the base drawn at another temperature than 1."""
    mean = Mean(0.4, 0.3, 0.5, 30, 90)
    along = ((1, 1, 1.0, 1.4, 10), (2, 2, 0.5, 0.8, 10), (3, 4, 0.2, 0.3, 18))
    return [
        EntropyProfile(arm, temperature, 0.95, mean, mean, 0.0, 0.0, along)
        for arm, temperature in (("base", 0.6), ("rl", 1.0))
    ]


def everything(made: Study) -> Sheet:
    """A sheet with all that a figure can be drawn from."""
    guess = 1 - 0.75 ** made.curves["base"].ks.astype(float)
    curves = [replace(curve, guess=guess) for curve in made.curves.values()]
    curves[0] = replace(with_bounds(curves[0]), guess=guess)
    return Sheet(
        "math500",
        curves,
        valid=[valid_of(curves[1])],
        comparisons=[made.comparison(), made.comparison(other="distill")],
        perplexity=perplexities(made),
        extras=[budget_table(made), cost_table(made), extrapolation_table(made), trend_table(made)],
        series=Series(list(made.curves.values()), STEPS),
        references=[PUBLISHED],
        entropies=entropies(),
    )
