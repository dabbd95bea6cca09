"""What an import has taken in so far: answers and verdicts on disk, a few numbers in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from boundary.errors import LogError
from boundary.importers import Entry, Log, Question, Share
from boundary.records import Outcome, Sample, Tier, Verdict
from boundary.store import Manifest, Run, StoredProblem
from boundary.store.files import Folder
from boundary.store.parts import PartWriter

TOLD = "told"
"""Folder of the counts by graders that told only how many answers were right."""
_SAME = 5e-7
"""Figures closer than this are the same: tools print and store them rounded."""

Place = Callable[[Question, str], StoredProblem]
"""Finds the problem of a run for a question of a log; the other is its place, for messages."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A grader's mean as the tool gives it, and as its stored verdicts give it; in [0, 1].

    ``answers`` is over how many verdicts; ``counted`` is ``None`` where the log tells none.
    """

    verifier: str
    told: float | None
    counted: float | None
    answers: int

    @property
    def is_same(self) -> bool | None:
        """Whether both agree, where both are known."""
        if self.told is None or self.counted is None:
            return None
        return abs(self.told - self.counted) < _SAME


@dataclass(slots=True)
class Score:
    """One grader's verdicts so far; ``problems`` holds those right and judged, per problem."""

    writer: PartWriter
    problems: dict[str, list[int]] = field(default_factory=dict)
    partial: int = 0
    shares: dict[str, Share] = field(default_factory=dict)
    hidden: int = 0


class Intake:
    """Writes answers and verdicts as they come; keeps a bit of each, and each problem's text."""

    def __init__(self, folder: Folder, log: Log, place: Place, *, rejudge: str) -> None:
        self.count = 0
        self._rejudge = rejudge
        self._log = log
        self._place = place
        self._version = f"{log.tool} {log.version or 'of unknown version'}"
        self._questions: dict[str, Question] = {}
        self._asked: dict[str, StoredProblem] = {}
        self._draft = Run(folder, Manifest({}, ""))
        self._samples = self._draft.sample_writer(max_seconds=float("inf"))
        self._scores: dict[str, Score] = {}
        self._seen: dict[str, bytearray] = {}
        self._sizes: dict[str, int] = {}

    def take(self, entry: Entry) -> None:
        """Store one answer, or more verdicts on one.

        Raises:
            LogError: Its problem or index was there before with something else.
        """
        key = self._ask(entry)
        index = self._sizes.get(key, 0) if entry.index is None else entry.index
        if entry.text is not None:
            self._number(key, index, entry.where)
            self._samples.add(
                Sample(key, index, None, entry.text, None, entry.n_tokens, entry.finish)
            )
            self.count += 1
        for name, told in entry.told.items():
            score = self._score(name)
            tally = score.problems.setdefault(key, [0, 0])
            tally[0] += told.outcome is Outcome.CORRECT
            tally[1] += 1
            score.partial += told.reason == "partial_score"
            self._judge(score, key, index, told.outcome, told.reason, told.extracted)
        for name, share in entry.shares.items():
            self._score(name).shares[key] = share

    def _ask(self, entry: Entry) -> str:
        """The id of an entry's problem in the run."""
        own = entry.question
        known = self._questions.get(own.id)
        if known is None:
            self._questions[own.id] = own
            self._asked[own.id] = self._place(own, entry.where)
        elif (known.question, known.gold) != (own.question, own.gold):
            what = "question" if known.question != own.question else "gold answer"
            raise LogError(
                f"{entry.where} has another {what} for problem {own.id} than a line before it:"
                " the files mix sets of problems",
                remedy="import each set by itself",
            )
        return self._asked[own.id].problem.id

    def _number(self, key: str, index: int, where: str) -> None:
        seen = self._seen.setdefault(key, bytearray())
        place, bit = divmod(index, 8)
        if place >= len(seen):
            seen.extend(bytes(place + 1 - len(seen)))
        if seen[place] >> bit & 1:
            raise LogError(
                f"{where} repeats answer {index} to problem {key}",
                remedy="the log holds two runs, or one file twice: import each by itself",
            )
        seen[place] |= 1 << bit
        self._sizes[key] = max(self._sizes.get(key, 0), index + 1)

    def _score(self, name: str) -> Score:
        if name not in self._scores:
            writer = self._draft.verdict_writer(_safe(name), max_seconds=float("inf"))
            self._scores[name] = Score(writer)
        return self._scores[name]

    def _judge(
        self,
        score: Score,
        key: str,
        index: int,
        outcome: Outcome,
        reason: str,
        extracted: str | None = None,
    ) -> None:
        # The tool knows one tier, and ours are two: told so in both.
        for tier in Tier:
            score.writer.add(
                Verdict(key, index, tier, outcome, reason, extracted, None, self._version)
            )

    def finish(self) -> None:
        """Write what is held, and what follows from shares.

        Raises:
            LogError: There is no answer, or none that is numbered 0.
        """
        if not self.count:
            names = ", ".join(str(path) for path in self._log.files)
            raise LogError(f"{names} holds no answer", remedy="let its writer finish")
        if not any(seen[0] & 1 for seen in self._seen.values()):
            raise LogError(
                "no problem has an answer with index 0: the log numbers them from 1 or more",
                remedy="number the answers to a problem 0, 1, 2, ... or leave the index out",
            )
        for score in self._scores.values():
            self._spread(score)
            score.writer.flush()
        self._samples.flush()

    def _spread(self, score: Score) -> None:
        """Which answers are right follows from their number where that is none or all."""
        for key, share in score.shares.items():
            score.problems[key] = [share.correct, share.n]
            for index in range(share.n):
                if share.correct in (0, share.n):
                    outcome = Outcome.CORRECT if share.correct else Outcome.WRONG
                    self._judge(score, key, index, outcome, "told")
                else:
                    score.hidden += 1
                    self._judge(score, key, index, Outcome.UNJUDGED, "only_the_share_is_told")

    @property
    def problems(self) -> list[StoredProblem]:
        """What was asked, in the order of the log."""
        return list(self._asked.values())

    @property
    def n(self) -> int:
        """The most answers of a problem."""
        return max(self._sizes.values(), default=0)

    @property
    def verifiers(self) -> tuple[str, ...]:
        """Graders that told anything, as their folders are named, the log's first one first."""
        ranked = [name for name in self._log.verifiers if name in self._scores]
        return tuple(_safe(name) for name in dict.fromkeys([*ranked, *self._scores]))

    def counts(self) -> Iterator[tuple[str, dict[str, Share]]]:
        """Per grader that told only numbers for some problems, all its numbers."""
        for name, score in self._scores.items():
            if score.hidden:
                yield _safe(name), score.shares

    def figures(self) -> Iterator[Figure]:
        """What the tool says beside what its verdicts give: the mean of the problems' rates."""
        for name in dict.fromkeys([*self._scores, *self._log.figures]):
            tallies = self._scores[name].problems.values() if name in self._scores else ()
            rates = [right / judged for right, judged in tallies]
            counted = sum(rates) / len(rates) if rates else None
            yield Figure(
                _safe(name),
                self._log.figures.get(name),
                counted,
                sum(judged for _, judged in tallies),
            )

    def notes(self, folder: Folder) -> Iterator[str]:
        """What is incomplete, so that nobody takes it for wrong answers."""
        gaps = sum(self._has_gap(key) for key in self._seen)
        if gaps:
            yield (
                f"{gaps} of {len(self._seen)} problems lack an answer below their last one:"
                " answers beyond the first gap are not counted"
            )
        for name, score in self._scores.items():
            judged = sum(tally[1] for tally in score.problems.values())
            if judged < self.count:
                yield (
                    f"{_safe(name)} judged {judged:,} of {self.count:,} answers; the others count"
                    f" as unjudged: boundary verify {folder} --verifier {self._rejudge}"
                )
            if score.partial:
                yield (
                    f"{_safe(name)} gave {score.partial:,} answers a score between 0 and 1, which"
                    " is neither right nor wrong: they are unjudged"
                )
            if score.hidden:
                yield (
                    f"{_safe(name)} tells for some problems how many answers are right and not"
                    f" which, so {score.hidden:,} answers are unjudged; pass@k by its numbers:"
                    f" boundary passk '{folder}/{TOLD}/{_safe(name)}.csv'"
                )

    def _has_gap(self, key: str) -> bool:
        return sum(byte.bit_count() for byte in self._seen[key]) < self._sizes[key]


def _safe(name: str) -> str:
    """A grader's name as a folder's."""
    return "".join("-" if c in "/\\\0" or c.isspace() else c for c in name)
