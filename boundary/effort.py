"""What the answers of each arm took, and what the same tokens buy from another arm."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boundary import compare, passk, stats, tables
from boundary.passk import Settings
from boundary.probes.likelihood import law_of
from boundary.records import Curve, Finish, Scored
from boundary.store import CountsTable, Run
from boundary.store.ledger import Ledgers, read_ledgers

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from boundary.config import BreakEvenSettings

_PLAIN = "plain"
_BINS = 40


@dataclass(frozen=True, slots=True, eq=False)
class ArmEffort:
    """One arm: mean tokens ``kept`` and ``drawn`` per answer, and what its ledger says.

    ``right`` and ``wrong`` are the mean tokens of its answers by their outcome, ``ratio`` how
    often the base's plain draws its tokens are; ``None`` where that is not known.
    """

    label: str
    sampler: str
    answers: int
    kept: float
    drawn: float
    ratio: float | None
    right: float | None
    wrong: float | None
    ledger: Ledgers | None


@dataclass(frozen=True, slots=True)
class AtTokens:
    """pass@k of an arm at the most k that so many tokens per problem pay for, if it has so many."""

    tokens: float
    of: str
    arm: str
    k: int
    pass_at_k: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BreakEven:
    """An arm against the trained one: extra FLOPs per answer, and answers that training costs."""

    arm: str
    trained: str
    extra_tokens: float
    extra_flops: float
    answers: float


@dataclass(frozen=True, slots=True, eq=False)
class Effort:
    """What one suite's arms took; ``likelihood`` has the rows of the histogram under ``base``."""

    arms: tuple[ArmEffort, ...]
    at_tokens: tuple[AtTokens, ...]
    break_even: tuple[BreakEven, ...]
    costs: "pd.DataFrame"
    likelihood: "pd.DataFrame"
    base: str


def measure(
    runs: Mapping[str, Run],
    counts: Mapping[str, CountsTable],
    curves: Sequence[Curve],
    settings: Settings,
    *,
    scored: Sequence[tuple[str, str, Scored]] = (),
    given: "BreakEvenSettings | None" = None,
) -> Effort | None:
    """Put together what a suite's arms took.

    Args:
        runs: By arm.
        counts: By arm, what was judged.
        curves: pass@k of the arms.
        settings: Of the statistics.
        scored: Answers scored under another model, with whose they are and under which arm.
        given: What training took, where that is known.

    Returns:
        ``None`` where every arm keeps all that it draws.
    """
    ledgers = {label: read_ledgers(run) for label, run in runs.items()}
    if not any(ledgers.values()):
        return None
    base = _base(runs, ledgers)
    arms = tuple(_arms(runs, counts, settings, ledgers, base))
    drawn = {arm.label: arm.drawn for arm in arms}
    priced = [(curve, drawn[curve.label], None) for curve in curves if curve.label in drawn]
    return Effort(
        arms,
        tuple(_at_tokens(arms, counts, settings)),
        tuple(_break_even(drawn, given)) if given else (),
        tables.costs(priced).frame,
        _histogram(runs, base, scored),
        base,
    )


def _base(runs: Mapping[str, Run], ledgers: Mapping[str, Ledgers | None]) -> str:
    """The first arm of plain draws from a checkpoint that a sampler drew from; else the first."""
    weighed = {law_of(runs[label]) for label, ledger in ledgers.items() if ledger}
    plain = [label for label, run in runs.items() if _sampler(run) == _PLAIN]
    own = [label for label in plain if law_of(runs[label]) in weighed]
    return next(iter([*own, *plain, *runs]))


def _sampler(run: Run) -> str:
    return str(run.manifest.identity.get("sampler") or _PLAIN)


def sampler_words(run: Run) -> str:
    """The sampler with its arguments, or the temperature of plain draws."""
    identity = run.manifest.identity
    arguments: Mapping[str, object] = identity.get("sampler_args") or {}
    if not arguments:
        law = identity.get("temperature"), identity.get("top_p")
        heat, top_p = ("not told" if x is None else f"{x:g}" for x in law)
        return f"{_sampler(run)}, temperature {heat}, top-p {top_p}"
    told = ", ".join(
        f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in arguments.items()
    )
    return f"{_sampler(run)}, {told}"


def _arms(
    runs: Mapping[str, Run],
    counts: Mapping[str, CountsTable],
    settings: Settings,
    ledgers: Mapping[str, Ledgers | None],
    base: str,
) -> Iterator[ArmEffort]:
    found = {label: passk.samples_of(counts[label], settings) for label in runs}
    kept: dict[str, float] = {}
    for label, samples in found.items():
        known = samples.inside & (samples.lengths.tokens >= 0)
        kept[label] = _mean(samples.lengths.tokens[known])
    drawn = {
        label: ledger.per_answer if ledger else kept[label] for label, ledger in ledgers.items()
    }
    for label, run in runs.items():
        by_outcome = dict(compare.by_outcome(found[label]))
        yield ArmEffort(
            label=label,
            sampler=sampler_words(run),
            answers=int(found[label].inside.sum()),
            kept=kept[label],
            drawn=drawn[label],
            ratio=drawn[label] / drawn[base] if drawn[base] > 0 else None,
            right=_known(by_outcome.get("correct")),
            wrong=_known(by_outcome.get("wrong")),
            ledger=ledgers[label],
        )


def _mean(values: "NDArray[np.int32]") -> float:
    return float(values.mean()) if len(values) else math.nan


def _known(values: "NDArray[np.int32] | None") -> float | None:
    return None if values is None or not len(values) else float(values.mean())


def _at_tokens(
    arms: Sequence[ArmEffort], counts: Mapping[str, CountsTable], settings: Settings
) -> Iterator[AtTokens]:
    """What the tokens of 1, 4, 16, ... answers of each sampler buy from every arm."""
    import numpy as np

    for own in arms:
        if own.ledger is None:
            continue
        n = _least(counts[own.label])
        for draws in (4**i for i in range(n.bit_length()) if 4**i <= n):
            tokens = draws * own.drawn
            for arm in arms:
                table = counts[arm.label]
                k = int(tokens / arm.drawn + 1e-9) if arm.drawn > 0 else 0
                if not 1 <= k <= _least(table):
                    continue
                curve = stats.curve(
                    passk.arm_of(table),
                    [k],
                    rng=np.random.default_rng(settings.seed),
                    resamples=settings.resamples,
                )
                yield AtTokens(tokens, own.label, arm.label, k, *map(float, _point(curve)))


def _point(curve: Curve) -> tuple[float, float, float]:
    return curve.mean[0], curve.low[0], curve.high[0]


def _least(table: CountsTable) -> int:
    return min(count.n for count in table.counts)


def _break_even(drawn: Mapping[str, float], given: "BreakEvenSettings") -> Iterator[BreakEven]:
    if given.trained not in drawn:
        return
    for label, tokens in drawn.items():
        if label == given.trained:
            continue
        extra = tokens - drawn[given.trained]
        flops = extra * stats.flops_per_token(given.parameters)
        answers = stats.break_even(given.training_flops, flops)
        yield BreakEven(label, given.trained, extra, flops, answers)


def _histogram(
    runs: Mapping[str, Run], base: str, scored: Sequence[tuple[str, str, Scored]]
) -> "pd.DataFrame":
    """Rows of arm, bin and share: log-likelihood per token under the base.

    Answers that the base's own checkpoint drew tell it themselves; those of another are there as
    far as they were scored under it.
    """
    import numpy as np
    import pandas as pd

    told: dict[str, list[float]] = {}
    for label, run in runs.items():
        if law_of(run) == law_of(runs[base]):
            told[label] = [
                nats / n for nats, n in _own(run) if nats is not None and n is not None and n > 0
            ]
        else:
            told[label] = [
                one.nats / one.n_tokens
                for of, under, one in scored
                if (of, under) == (label, base) and one.n_tokens
            ]
    told = {label: values for label, values in told.items() if values}
    if not told:
        return pd.DataFrame(columns=["arm", "low", "high", "share", "answers"])
    everything = np.concatenate([np.array(values) for values in told.values()])
    # A few answers far out would leave the rest in one bin: they go into the first.
    edges = np.linspace(float(np.quantile(everything, 0.01)), 0.0, _BINS + 1)
    rows = []
    for label, values in told.items():
        counted, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
        rows += [
            {"arm": label, "low": low, "high": high, "share": c / len(values), "answers": c}
            for low, high, c in zip(edges, edges[1:], counted.tolist(), strict=False)
        ]
    return pd.DataFrame(rows)


def _own(run: Run) -> Iterator[tuple[float | None, int | None]]:
    """Finished answers, as those that are scored: of an adaptive run the first look only."""
    first = run.design.looks[0] if run.design else None
    columns = ["index", "finish", "logprob", "n_tokens"]
    for part in run.samples(columns):
        values = (part.column(name).to_pylist() for name in columns)
        for index, finish, nats, n_tokens in zip(*values, strict=True):
            if finish != Finish.LENGTH.value and (first is None or index < first):
                yield nats, n_tokens


def write_tables(found: Effort, out: "Path") -> None:
    """Write ``effort.csv``, ``equal_tokens.csv``, ``likelihood.csv`` and ``break_even.csv``."""
    import pandas as pd

    tables.write(pd.DataFrame([_row(arm) for arm in found.arms]), out / "effort.csv")
    equal = [
        {
            "tokens": one.tokens,
            "tokens_of": one.of,
            "arm": one.arm,
            "k": one.k,
            "pass_at_k": one.pass_at_k,
            "low": one.low,
            "high": one.high,
        }
        for one in found.at_tokens
    ]
    tables.write(pd.DataFrame(equal), out / "equal_tokens.csv")
    tables.write(found.likelihood, out / "likelihood.csv")
    if found.break_even:
        rows = [
            {
                "arm": one.arm,
                "trained": one.trained,
                "extra_tokens": one.extra_tokens,
                "extra_flops": one.extra_flops,
                "answers": one.answers,
            }
            for one in found.break_even
        ]
        tables.write(pd.DataFrame(rows), out / "break_even.csv")


def _row(arm: ArmEffort) -> dict[str, object]:
    ledger = arm.ledger
    own: dict[str, object] = {}
    if ledger:
        own = {
            "requests": ledger.requests / ledger.n,
            "acceptance": ledger.acceptance,
            "accepted_tokens": ledger.accepted / ledger.n,
            "rejected_tokens": ledger.rejected / ledger.n,
            "prefilled_tokens": ledger.prefilled / ledger.n,
            "cached_tokens": None if ledger.cached is None else ledger.cached / ledger.n,
            "largest_gap": ledger.gap,
            "largest_tail": ledger.tail,
            "acceptance_by_block": " ".join(f"{share:.4f}" for share in by_block(ledger)),
        }
    return {
        "arm": arm.label,
        "sampler": arm.sampler,
        "answers": arm.answers,
        "kept_tokens": arm.kept,
        "drawn_tokens": arm.drawn,
        "ratio": arm.ratio,
        "passes": arm.drawn,
        "correct_tokens": arm.right,
        "wrong_tokens": arm.wrong,
        **own,
    }


def by_block(ledger: Ledgers) -> list[float]:
    """Share of accepted steps in each block."""
    pairs = zip(ledger.block_accepted.tolist(), ledger.block_steps.tolist(), strict=True)
    return [accepted / steps for accepted, steps in pairs if steps]
