"""The ``ppl`` stage: perplexity of stored answers, whether a base could have drawn them, entropy.

PPL = exp(-mean log p) over the answer's tokens, the stop token included, natural log, at
temperature 1 without top-p. A problem counts by the median over its answers.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary import samplers, stats, tables
from boundary.engines import Nucleus
from boundary.engines.checkpoint import pieces
from boundary.errors import ConfigError
from boundary.probes.entropy import profile, undecided
from boundary.probes.likelihood import (
    Answer,
    Chosen,
    Inspection,
    Judge,
    Scorer,
    Scores,
    Scoring,
    choose,
    nucleus_of,
    shares_tokenizer,
)
from boundary.probes.reachability import reach, summarise
from boundary.progress import SILENT, Progress
from boundary.records import (
    EntropyProfile,
    Key,
    Outcome,
    PerplexityCell,
    PerplexityGap,
    Reach,
    Reachability,
    Scored,
)
from boundary.store import Run

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SOLUTIONS", "Judge", "Likelihood", "Marked", "Scoring", "cross", "run", "write"]

SOLUTIONS = "solutions"
"""Label of worked solutions, the ground truth of the cross table."""
_SHOWN = 3
"""Answers shown with the tokens marked that a base would not have drawn, per pair."""
_AROUND = 120
"""Tokens shown before and after the first of these."""


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer in pieces, each with whether a base would not have drawn that token."""

    answers_of: str
    under: str
    problem_id: str
    index: int
    pieces: tuple[tuple[str, bool], ...]


@dataclass(slots=True, eq=False)
class Likelihood:
    """What is known of some runs' answers under some models.

    ``scored`` and ``reached`` hold single answers, each with whose it is and under which model.
    """

    cells: list[PerplexityCell] = field(default_factory=list)
    scored: list[tuple[str, str, Scored]] = field(default_factory=list)
    reach: list[Reachability] = field(default_factory=list)
    reached: list[tuple[str, str, Reach]] = field(default_factory=list)
    entropies: list[EntropyProfile] = field(default_factory=list)
    marked: list[Marked] = field(default_factory=list)

    @property
    def overall(self) -> list[PerplexityCell]:
        """Cells of right and wrong answers together, which the box plot shows."""
        return [cell for cell in self.cells if cell.subset == "all"]

    @property
    def gaps(self) -> list[PerplexityGap]:
        """Differences of cells that share their answers or their model, paired over problems."""
        return gaps(self.cells)


def run(
    answers_of: Mapping[str, Run],
    judge: Judge,
    scoring: Scoring | None = None,
    *,
    solutions: bool = False,
    progress: Progress = SILENT,
) -> Likelihood:
    """Score runs under one model; what was scored before is read, not computed again.

    Args:
        answers_of: Runs by the label that their answers get.
        judge: The scoring model.
        scoring: How many answers, which, and by whom.
        solutions: Score worked solutions too.
        progress: Told how far it is, and what was left out.

    Returns:
        Cells and scored answers; none of a shard, which only scores.

    Raises:
        ConfigError: Solutions are asked for and there are none.
        EngineError: The model does not load.
    """
    scoring = scoring or Scoring()
    found = Likelihood()
    with closing(Scorer(judge, scoring, progress)) as scorer:
        for label, one in answers_of.items():
            _add_cells(found, scorer, (label, one), scoring, progress)
        if solutions:
            first = next(iter(answers_of.values()))
            texts = _solutions(first, scoring)
            if not texts:
                raise ConfigError(
                    f"no problem of {first.manifest.identity['suite']} has a worked solution",
                    remedy="give --solutions FILE.jsonl with lines of id and solution",
                )
            _add_solutions(found, scorer, first, texts)
    return found


def cross(
    runs: Mapping[str, Run],
    judges: Mapping[str, Judge],
    pairs: Sequence[tuple[str, str]],
    scoring: Scoring,
    *,
    progress: Progress = SILENT,
) -> Likelihood:
    """The cross table of every pair of base and other, reachability and entropy.

    Args:
        runs: By arm.
        judges: The arms' models.
        pairs: Base and other, by arm.
        scoring: How many answers, and by whom.
        progress: Told how far it is, and what was left out.

    Raises:
        EngineError: A model does not load.
    """
    pairs = [pair for pair in pairs if pair[0] in runs and pair[1] in runs]
    found = Likelihood()
    partners: dict[str, dict[str, None]] = {}
    for pair in pairs:
        for under in pair:
            partners.setdefault(under, {}).update(dict.fromkeys((under, *pair)))
    for under, labels in partners.items():
        with closing(Scorer(judges[under], scoring, progress)) as scorer:
            # What is inspected is scored by it: the tables need no second pass.
            _add_entropy(found, scorer, (under, runs[under]), scoring)
            if under in {base for base, _ in pairs}:
                asked = scoring.settings.nucleus
                law = Nucleus(*asked) if asked else nucleus_of(runs[under])
                for label in labels:
                    _add_reach(found, scorer, (label, runs[label]), scoring, law)
                texts = _solutions(runs[under], scoring)
                if texts:
                    _add_solutions(found, scorer, runs[under], texts)
            for label in labels:
                _add_cells(found, scorer, (label, runs[label]), scoring, progress)
    order = {label: place for place, label in enumerate([*runs, SOLUTIONS])}
    found.cells.sort(key=lambda cell: (order[cell.under], order[cell.answers_of]))
    return found


def _add_cells(
    found: Likelihood,
    scorer: Scorer,
    named: tuple[str, Run],
    scoring: Scoring,
    progress: Progress,
) -> None:
    """All, right and wrong answers of a run under a model."""
    (label, one), under = named, scorer.judge.label
    if not scorer.may_tell(one, inspected=False):
        return
    anew = not shares_tokenizer(one, scorer.judge)
    if anew:
        progress.notice(
            f"{under} has another tokenizer than {label}: the texts are tokenised anew, without an"
            " end token, and perplexities per token of different tokenizers do not compare"
        )
    chosen = choose(one, scoring, truncated=scoring.settings.truncated, anew=anew)
    if chosen.empty:
        progress.notice(f"{label}: {chosen.empty} empty answers have no perplexity: left out")
    scores = scorer.scores(one, chosen.answers)
    if scores is None:
        return
    rows = [_scored(a, scores) for a in chosen.answers if a.key in scores]
    found.scored += [(label, under, row) for row in rows]
    missing = (chosen, len(chosen.answers) - len(rows), anew)
    subsets = {"all": rows}
    for outcome in (Outcome.CORRECT, Outcome.WRONG):
        subsets[outcome.value] = [row for row in rows if row.outcome is outcome]
    for subset, some in subsets.items():
        if some:
            found.cells.append(_cell((label, under, subset), some, missing))


def _scored(answer: Answer, scores: Scores) -> Scored:
    nats, n_tokens = scores[answer.key]
    return Scored(*answer.key, answer.outcome, answer.is_cut, nats, n_tokens)


def _cell(
    name: tuple[str, str, str],
    rows: Sequence[Scored],
    missing: tuple[Chosen, int, bool] | None = None,
) -> PerplexityCell:
    per_problem: dict[str, list[float]] = {}
    for row in rows:
        per_problem.setdefault(row.problem_id, []).append(math.exp(-row.nats / row.n_tokens))
    cell = stats.perplexity(*name[:2], per_problem, rng=_rng(), subset=name[2])
    if missing is None:
        return cell
    chosen, too_long, anew = missing
    return replace(
        cell, truncated=chosen.truncated, empty=chosen.empty, too_long=too_long, anew=anew
    )


def _add_solutions(
    found: Likelihood, scorer: Scorer, one: Run, texts: Mapping[str, Sequence[str]]
) -> None:
    scores = scorer.solutions(one, texts)
    if scores:
        rows = [
            Scored(*key, None, is_cut=False, nats=nats, n_tokens=n)
            for key, (nats, n) in scores.items()
        ]
        found.scored += [(SOLUTIONS, scorer.judge.label, row) for row in rows]
        found.cells.append(_cell((SOLUTIONS, scorer.judge.label, "all"), rows))


def _solutions(found: Run, scoring: Scoring) -> dict[str, list[str]]:
    """Worked solutions by problem, in the suite's order: of a file, or else of the suite."""
    asked = [p.problem for p in found.problems()]
    if scoring.settings.solutions is None:
        return {p.id: [p.solution] for p in asked if p.solution}
    given = _read_solutions(Path(scoring.settings.solutions))
    return {p.id: given[p.id] for p in asked if p.id in given}


def _read_solutions(path: Path) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row: Any = json.loads(line) if line.strip() else None
            if row is None:
                continue
            if not (isinstance(row, dict) and _is_text(row.get("id"), row.get("solution"))):
                raise ConfigError(
                    f"line {number} of {path} is no solution",
                    remedy='write {"id": "a problem\'s id", "solution": "its text"}',
                )
            given.setdefault(row["id"], []).append(row["solution"])
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"cannot read the solutions in {path} ({why})",
            remedy="give a JSONL file with an id and a solution per line",
        ) from error
    return given


def _is_text(*values: object) -> bool:
    return all(isinstance(value, str) and value.strip() for value in values)


def _add_reach(
    found: Likelihood,
    scorer: Scorer,
    named: tuple[str, Run],
    scoring: Scoring,
    nucleus: Nucleus,
) -> None:
    """Whether a base could have drawn an arm's answers; its own beside the others'."""
    (label, one), under = named, scorer.judge.label
    if not shares_tokenizer(one, scorer.judge) or not scorer.may_tell(one, inspected=True):
        return
    chosen = choose(one, scoring, truncated=False)
    told = scorer.inspections(one, chosen.answers, nucleus)
    if told is None:
        return
    marks = _Marks(chosen.answers)
    by_key: dict[Key, Reach] = {}
    for inspection in told:
        by_key[inspection.answer.key] = row = reach(inspection)
        if label != under:
            marks.take(inspection, row)
    # In the order of the draw: an interval does not hang on what was scored first.
    rows = [by_key[a.key] for a in chosen.answers if a.key in by_key]
    found.reached += [(label, under, row) for row in rows]
    subsets = {"all": rows}
    for outcome in (Outcome.CORRECT, Outcome.WRONG):
        subsets[outcome.value] = [row for row in rows if row.outcome is outcome]
    for subset, some in subsets.items():
        if some:
            found.reach.append(summarise((label, under, subset), nucleus, some, _rng()))
    found.marked += marks.shown(label, scorer.judge)


class _Marks:
    """The first few right answers with a token that the base would not have drawn."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._order = {a.key: place for place, a in enumerate(answers)}
        self._best: list[tuple[int, Answer, frozenset[int]]] = []

    def take(self, found: Inspection, row: Reach) -> None:
        if row.first is None or row.outcome is not Outcome.CORRECT:
            return
        outside = frozenset(found.positions[found.within == 0].tolist())
        # One of each problem says more than several of one.
        rivals = [one for one in self._best if one[1].problem_id == row.problem_id]
        mine = (self._order[found.answer.key], found.answer, outside)
        if not rivals or mine[0] < rivals[0][0]:
            kept = [one for one in self._best if one not in rivals]
            self._best = sorted([*kept, mine], key=lambda one: one[0])[:_SHOWN]

    def shown(self, label: str, judge: Judge) -> Iterator[Marked]:
        for _, answer, outside in self._best:
            start = max(0, min(outside) - _AROUND)
            end = min(outside) + _AROUND
            texts = pieces(judge.checkpoint, answer.token_ids[start:end])
            if texts:
                marks = [(text, start + i in outside) for i, text in enumerate(texts)]
                yield Marked(label, judge.label, *answer.key, tuple(marks))


def _add_entropy(
    found: Likelihood, scorer: Scorer, named: tuple[str, Run], scoring: Scoring
) -> None:
    """Of a run's own model, over all that was drawn from it, cut answers too."""
    label, one = named
    if one.manifest.identity.get("sampler") in samplers.WEIGHING:
        return  # what it keeps was not drawn token by token from one law
    if not scorer.may_tell(one, inspected=True):
        return
    nucleus = nucleus_of(one)
    chosen = choose(one, scoring, truncated=True)
    told = scorer.inspections(one, chosen.answers, nucleus)
    if told is None:
        return
    by_key = {inspection.answer.key: undecided(inspection) for inspection in told}
    rows = [by_key[a.key] for a in chosen.answers if a.key in by_key]
    if rows:
        found.entropies.append(profile(label, nucleus, rows, _rng()))


def _rng() -> "np.random.Generator":
    import numpy as np

    return np.random.default_rng(0)


def gaps(cells: Sequence[PerplexityCell]) -> list[PerplexityGap]:
    """Differences of cells that share their answers or their model, paired over problems.

    Also of the right and the wrong answers of one arm under one model. Numbers of different
    tokenizers are not set against each other.
    """
    found = (
        stats.perplexity_gap(one, other, rng=_rng())
        for one, other in combinations([cell for cell in cells if not cell.anew], 2)
        if _is_pair(one, other)
    )
    return [gap for gap in found if gap is not None]


def _is_pair(one: PerplexityCell, other: PerplexityCell) -> bool:
    names = [(c.answers_of, c.under, c.subset) for c in (one, other)]
    differing = sum(left != right for left, right in zip(*names, strict=True))
    own = all(answers_of == under for answers_of, under, _ in names)
    subsets = {name[2] for name in names}
    if len(subsets) == 2:
        return differing == 1 and "all" not in subsets
    return differing == 1 or own


_NOISE = 1e-3
"""How far two passes over one text may lie apart, as a share of its perplexity."""


def reading(cells: Sequence[PerplexityCell], base: str, other: str) -> str:
    """What the cross table says of two arms, in words; empty where cells are missing."""
    found = {(c.answers_of, c.under): c for c in cells if c.subset == "all"}
    own, tuned = found.get((base, base)), found.get((other, base))
    if own is None or tuned is None or own.anew or tuned.anew:
        return ""
    gap = stats.perplexity_gap(own, tuned, rng=_rng())
    if gap is None or not math.isfinite(gap.ratio_low):
        relation = "beside"
        meaning = "not settled, for values that do not vary over the problems give no interval"
    elif gap.ratio_high < 1 - _NOISE:
        relation = "lower than"
        meaning = (
            f"{base} finds them likely already: consistent with sharpening what is there, though"
            " no proof of it, since one decisive token averages away"
        )
    elif gap.ratio_low > 1 + _NOISE:
        relation = "higher than"
        meaning = f"on average {base} would not have written them as readily as its own"
    else:
        relation = "not told apart from"
        meaning = (
            "the interval of their ratio holds 1, but for what two passes over one text may"
            f" differ by: to {base} they look much like its own"
        )
    ratio = "" if gap is None or not math.isfinite(gap.ratio_low) else _ratio(gap)
    return (
        f"Under {base}, the answers of {other} have perplexity {_interval(tuned)},"
        f" {relation} {base}'s own {_interval(own)}{ratio}; {meaning}."
    )


def _ratio(gap: PerplexityGap) -> str:
    return (
        f", {gap.ratio:.2f} times as much [{gap.ratio_low:.2f}, {gap.ratio_high:.2f}]"
        f" on the same {gap.problems} problems"
    )


def _interval(cell: PerplexityCell) -> str:
    if not math.isfinite(cell.low):
        return f"{cell.mean:.2f} (no interval)"
    return f"{cell.mean:.2f} [{cell.low:.2f}, {cell.high:.2f}]"


def write_tables(found: Likelihood, out: Path) -> None:
    """Write what there is as CSV."""
    parts = {
        "perplexity": tables.perplexities(found.cells),
        "perplexity_differences": tables.gaps(found.gaps),
        "perplexity_answers": tables.scored(found.scored),
        "reachability": tables.reach(found.reach),
        "reachability_answers": tables.reached(found.reached),
        "entropy": tables.entropies(found.entropies),
        "entropy_along": tables.entropy_along(found.entropies),
    }
    for name, frame in parts.items():
        if len(frame):
            tables.write(frame, out / f"{name}.csv")


def write(found: Likelihood, suite: str, out: Path) -> None:
    """Write the tables and the box plot."""
    from boundary.plots import sheet

    for drawn in sheet.draw(sheet.Sheet(suite, perplexity=found.overall)):
        sheet.write(drawn, out)
    # After the figure, beside which its own rows are written under the same name.
    write_tables(found, out)
