"""The audit of a run: what could spoil its numbers."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boundary.records import Finish, Outcome, Tier
from boundary.store import Run
from boundary.wording import NO_VERDICT, unjudged_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SUSPICIOUS_Z = 4.0


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Pairs of equal answers to one problem, against what the answers' probabilities lead to.

    Two independent draws are equal with chance sum p(a)^2 over the answers a, which is the mean
    of p over draws; so the mean of exp(``draw_logprob``) times the number of pairs has the same
    expectation as the pairs seen. ``expected`` and ``z`` are ``None`` where an engine does not
    tell the law drawn from; ``z`` is the excess over its standard error, taken over problems.
    """

    pairs: int
    expected: float | None
    z: float | None

    @property
    def is_suspicious(self) -> bool:
        """Whether there are more than chance would leave, as repeated seeds would make."""
        return self.z is not None and self.z > _SUSPICIOUS_Z


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Answers that are neither right nor wrong for one reason, and the problems they are to."""

    reason: str
    answers: int
    problems: tuple[str, ...]

    @property
    def line(self) -> str:
        """The same in words, with whose fault it is."""
        return unjudged_text(self.reason, self.answers, self.problems)


@dataclass(frozen=True, slots=True)
class Audit:
    """Counts over all stored samples of a run; rates in [0, 1].

    ``repeats`` counts answers whose text equals an earlier one of the same problem, which a
    short-answer suite has many of; ``repeated_seeds`` must be 0. ``sessions`` counts working
    sessions that drew samples, ``continued`` and ``restarted`` the answers that an interruption
    found in flight: taken up from their tokens, or begun anew. Verdict rates are of the strict
    tier and ``None`` while nothing is judged. ``truncated`` is of the samples whose end is told,
    and like ``repeated_seeds`` ``None`` where an imported log tells it of none.
    ``unjudged_for`` says for which reasons ``unjudged`` samples are so.
    """

    samples: int
    truncated: float | None
    empty: int
    mean_tokens: float | None
    repeats: int
    duplicates: Duplicates
    repeated_seeds: int | None
    sessions: int
    continued: int
    restarted: int
    correct: float | None
    no_answer: float | None
    unjudged: int
    format_only: float | None
    unjudged_for: tuple[Unjudged, ...] = ()


def audit(run: Run, verifier: str | None = None, *, first: int | None = None) -> Audit:
    """Read a run once, part by part.

    Args:
        run: The run.
        verifier: Whose verdicts are counted; the run's own unless told.
        first: Read only so many indices of each problem. An adaptive run draws more of its hard
            problems, so only the indices of its first look compare with another run's.

    Raises:
        StoreError: The run cannot be read.
    """
    tally = _read(run, first)
    judged = _judged(run, verifier or run.manifest.verifier, first)
    missing = tally.samples - judged.total + judged.unjudged
    sessions = run.manifest.sessions
    return Audit(
        samples=tally.samples,
        truncated=tally.cut(),
        empty=tally.empty,
        mean_tokens=tally.tokens / tally.told if tally.told else None,
        repeats=tally.samples - tally.distinct(),
        duplicates=tally.duplicates(),
        # An engine's own stream has one seed for all.
        repeated_seeds=0 if "seeds" in run.manifest.identity else tally.repeated_seeds(),
        sessions=len(sessions),
        continued=sum(session.continued for session in sessions),
        restarted=sum(session.restarted for session in sessions),
        correct=_share(judged.correct, judged.total),
        no_answer=_share(judged.no_answer, judged.total),
        unjudged=missing,
        format_only=_share(judged.lenient - judged.correct, judged.total),
        unjudged_for=unjudged(run, verifier, first=first) if missing else (),
    )


def unjudged(
    run: Run,
    verifier: str | None = None,
    *,
    tier: Tier = Tier.STRICT,
    first: int | None = None,
    sizes: Mapping[str, int] | None = None,
) -> tuple[Unjudged, ...]:
    """Why samples of a run are unjudged, the most frequent reason first.

    Args:
        run: The run.
        verifier: Whose verdicts are read; the run's own unless told.
        tier: Which of them.
        first: Look only at so many indices of each problem.
        sizes: Or at so many of each one by its id.

    Raises:
        StoreError: The run cannot be read.
    """
    from boundary.store.marks import NONE, UNJUDGED

    name = verifier or run.manifest.verifier
    marks, stored = run.marks(name, tier), run.indices()
    reasons = _reasons(run, name, tier) if (marks.outcome == UNJUDGED).any() else {}
    found: dict[str, Counter[str]] = {}
    for key in filter(stored.__contains__, marks.ids):
        limit = first if sizes is None else sizes.get(key, 0)
        drawn = stored[key] if limit is None else stored[key][stored[key] < limit]
        codes = marks.of(key)
        seen = drawn[drawn < len(codes)]
        for index in seen[codes[seen] == UNJUDGED].tolist():
            found.setdefault(reasons[key, index], Counter())[key] += 1
        if waiting := len(drawn) - int((codes[seen] != NONE).sum()):
            found.setdefault(NO_VERDICT, Counter())[key] = waiting
    ordered = sorted(found.items(), key=lambda item: -item[1].total())
    return tuple(Unjudged(why, counts.total(), tuple(counts)) for why, counts in ordered)


def _reasons(run: Run, verifier: str, tier: Tier) -> dict[tuple[str, int], str]:
    """The reasons of the verdicts that leave a sample unjudged; later ones override."""
    import pyarrow.compute as pc

    columns = ["problem_id", "index", "reason"]
    wanted = pc.field("outcome") == Outcome.UNJUDGED.value
    return {
        (row["problem_id"], row["index"]): row["reason"]
        for part in run.verdict_parts(verifier, tier, columns, wanted)
        for row in part.to_pylist()
    }


@dataclass(slots=True)
class _Tally:
    """A few bytes per sample: a million of them fit."""

    samples: int = 0
    truncated: int = 0
    ended: int = 0
    empty: int = 0
    told: int = 0
    tokens: int = 0
    places: "dict[str, int]" = field(default_factory=dict)
    problems: "list[NDArray[np.int64]]" = field(default_factory=list)
    texts: "list[NDArray[np.int64]]" = field(default_factory=list)
    seeds: "list[NDArray[np.int64]]" = field(default_factory=list)
    chances: "list[NDArray[np.float64]]" = field(default_factory=list)

    def cut(self) -> float | None:
        if self.samples and not self.ended:
            return None
        return self.truncated / max(1, self.ended)

    def distinct(self) -> int:
        import numpy as np

        return len(np.unique(np.concatenate(self.texts))) if self.texts else 0

    def repeated_seeds(self) -> int | None:
        import numpy as np

        if not self.seeds:
            return 0
        seeds = np.concatenate(self.seeds)
        return len(seeds) - len(np.unique(seeds)) if len(seeds) else None

    def duplicates(self) -> Duplicates:
        """See :class:`Duplicates`."""
        import numpy as np

        if not self.samples:
            return Duplicates(0, None, None)
        problems, texts = np.concatenate(self.problems), np.concatenate(self.texts)
        _, start, counts = np.unique(texts, return_index=True, return_counts=True)
        pairs = np.zeros(len(self.places))
        np.add.at(pairs, problems[start], counts * (counts - 1) / 2)
        chances = np.concatenate(self.chances)
        if np.isnan(chances).any():
            return Duplicates(int(pairs.sum()), None, None)
        n = np.bincount(problems, minlength=len(self.places))
        mean = np.bincount(problems, chances, minlength=len(self.places)) / n
        expected = n * (n - 1) / 2 * mean
        gap = pairs - expected
        error = float(np.sqrt((gap**2).sum()))
        z = float(gap.sum()) / error if error else 0.0
        return Duplicates(int(pairs.sum()), float(expected.sum()), z)


def _read(run: Run, first: int | None) -> _Tally:
    import numpy as np

    tally = _Tally()
    columns = ["problem_id", "text", "n_tokens", "finish", "seed", "draw_logprob"]
    for part in run.samples(columns, _below(first)):
        ids, texts = part.column("problem_id").to_pylist(), part.column("text").to_pylist()
        tally.samples += part.num_rows
        ends = part.column("finish")
        tally.ended += len(ends) - ends.null_count
        tally.truncated += ends.to_pylist().count(Finish.LENGTH.value)
        tally.empty += sum(not text.strip() for text in texts)
        # An engine need not tell how many tokens a sample has.
        lengths = [n for n in part.column("n_tokens").to_pylist() if n is not None]
        tally.told += len(lengths)
        tally.tokens += sum(lengths)
        for key in ids:
            tally.places.setdefault(key, len(tally.places))
        tally.problems.append(np.fromiter((tally.places[key] for key in ids), np.int64, len(ids)))
        # Hashes of 64 bits: at a million samples a false duplicate has odds of 3e-8.
        hashes = map(hash, zip(ids, texts, strict=True))
        tally.texts.append(np.fromiter(hashes, np.int64, len(ids)))
        tally.seeds.append(part.column("seed").drop_null().to_numpy())
        tally.chances.append(np.exp(part.column("draw_logprob").to_numpy().astype(float)))
    return tally


def _below(first: int | None) -> Any:
    import pyarrow.compute as pc

    return None if first is None else pc.field("index") < first


@dataclass(slots=True)
class _Judged:
    total: int = 0
    correct: int = 0
    unjudged: int = 0
    no_answer: int = 0
    lenient: int = 0


def _judged(run: Run, verifier: str, first: int | None) -> _Judged:
    from boundary.store.marks import CORRECT, NONE, UNJUDGED

    found = _Judged()
    strict = run.marks(verifier, Tier.STRICT).outcome[:, :first]
    found.total = int((strict != NONE).sum())
    found.correct = int((strict == CORRECT).sum())
    found.unjudged = int((strict == UNJUDGED).sum())
    found.lenient = int((run.marks(verifier, Tier.LENIENT).outcome[:, :first] == CORRECT).sum())
    found.no_answer = sum(_silent(run, verifier, first))
    return found


def _silent(run: Run, verifier: str, first: int | None) -> Iterator[int]:
    """Per part, the strict verdicts whose reason is that there was no answer."""
    for part in run.verdict_parts(verifier, Tier.STRICT, ["index", "reason"], _below(first)):
        yield part.column("reason").to_pylist().count("no_answer")


def _share(part: int, total: int) -> float | None:
    return part / total if total else None
