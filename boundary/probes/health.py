"""The audit of a run: what could spoil its numbers."""

from collections import Counter
from dataclasses import dataclass

from boundary.records import Finish, Outcome, Tier
from boundary.store import Run


@dataclass(frozen=True, slots=True)
class Audit:
    """Counts over all stored samples of a run; rates in [0, 1].

    ``duplicates`` counts answers whose text equals an earlier one of the same problem, which a
    short-answer suite has many of; ``repeated_seeds`` must be 0. ``sessions`` counts working
    sessions that drew samples. Verdict rates are of the strict tier and ``None`` while nothing
    is judged.
    """

    samples: int
    truncated: float
    empty: int
    mean_tokens: float | None
    duplicates: int
    repeated_seeds: int
    sessions: int
    correct: float | None
    no_answer: float | None
    unjudged: int
    format_only: float | None


def audit(run: Run, verifier: str | None = None) -> Audit:
    """Read a run once, part by part.

    Raises:
        StoreError: The run cannot be read.
    """
    tally = _read(run)
    strict, lenient = _verdicts(run, verifier)
    count = max(1, tally.samples)
    return Audit(
        samples=tally.samples,
        truncated=tally.truncated / count,
        empty=tally.empty,
        mean_tokens=tally.tokens / tally.told if tally.told else None,
        duplicates=tally.samples - len(tally.texts),
        repeated_seeds=tally.samples - len(tally.seeds),
        sessions=len(run.manifest.sessions),
        correct=_share(strict.outcomes[Outcome.CORRECT], strict.total),
        no_answer=_share(strict.reasons["no_answer"], strict.total),
        unjudged=tally.samples - strict.total + strict.outcomes[Outcome.UNJUDGED],
        format_only=_share(
            lenient.outcomes[Outcome.CORRECT] - strict.outcomes[Outcome.CORRECT], strict.total
        ),
    )


@dataclass(slots=True)
class _Tally:
    samples: int
    truncated: int
    empty: int
    told: int
    tokens: int
    texts: set[int]
    seeds: set[int]


@dataclass(frozen=True, slots=True)
class _Judged:
    total: int
    outcomes: Counter[str]
    reasons: Counter[str]


def _read(run: Run) -> _Tally:
    tally = _Tally(0, 0, 0, 0, 0, set(), set())
    columns = ["problem_id", "text", "n_tokens", "finish", "seed"]
    for part in run.samples(columns):
        ids, texts = part.column("problem_id").to_pylist(), part.column("text").to_pylist()
        tally.samples += part.num_rows
        tally.truncated += part.column("finish").to_pylist().count(Finish.LENGTH.value)
        tally.empty += sum(not text.strip() for text in texts)
        # An engine need not tell how many tokens a sample has.
        lengths = [n for n in part.column("n_tokens").to_pylist() if n is not None]
        tally.told += len(lengths)
        tally.tokens += sum(lengths)
        # Hashes of 64 bits: at a million samples a false duplicate has odds of 3e-8.
        tally.texts.update(map(hash, zip(ids, texts, strict=True)))
        tally.seeds.update(part.column("seed").to_pylist())
    return tally


def _verdicts(run: Run, verifier: str | None) -> tuple[_Judged, _Judged]:
    name = verifier or run.manifest.verifier
    strict, lenient = (run.verdicts(name, tier) for tier in (Tier.STRICT, Tier.LENIENT))
    return (
        _Judged(len(strict), Counter(strict["outcome"]), Counter(strict["reason"])),
        _Judged(len(lenient), Counter(lenient["outcome"]), Counter()),
    )


def _share(part: int, total: int) -> float | None:
    return part / total if total else None
