"""The ``ppl`` stage: perplexity of stored answers under any checkpoint, token by token exact.

PPL = exp(-mean log p) over the answer's tokens, the stop token included, natural log, at
temperature 1 without top-p. Answers cut at the token limit are left out. A problem counts by the
median over its answers.
"""

import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from boundary import engines, stats, tables
from boundary.config import ArmSettings, PerplexitySettings
from boundary.engines import Checkpoint, Engine
from boundary.errors import ConfigError
from boundary.progress import SILENT, Progress
from boundary.records import Finish, PerplexityCell
from boundary.store import Run, schema
from boundary.store.files import Folder
from boundary.store.parts import read_parts, write_table

if TYPE_CHECKING:
    import numpy as np

_CHUNK = 512
SOLUTIONS = "solutions"
"""Label of the suite's own worked solutions, the ground truth of the cross table."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to be scored; index -1 is the suite's own solution."""

    problem_id: str
    index: int
    token_ids: tuple[int, ...]
    logprob: float | None


@dataclass(frozen=True, slots=True)
class Judge:
    """The model that answers are scored under."""

    label: str
    arm: ArmSettings

    @property
    def checkpoint(self) -> Checkpoint:
        """What it is, without loading it."""
        return engines.identify(self.arm.model, self.arm.revision)


def run(
    answers_of: Mapping[str, Run],
    judge: Judge,
    settings: PerplexitySettings | None = None,
    *,
    solutions: bool = False,
    load: bool = True,
    progress: Progress = SILENT,
) -> list[PerplexityCell]:
    """Score runs under one model; what was scored before is read, not computed again.

    Args:
        answers_of: Runs by the label that their answers get.
        judge: The scoring model.
        settings: Answers per problem, and the seed that draws them.
        solutions: Score the suite's worked solutions too, where it has them.
        load: Load the model for answers not scored yet; else leave their cells out.
        progress: Told how far it is.

    Raises:
        ConfigError: A run's tokenizer differs from the scoring model's.
        EngineError: The model does not load.
    """
    settings = settings or PerplexitySettings()
    scorer = _Scorer(judge, progress, load=load)
    cells: list[PerplexityCell] = []
    try:
        for label, found in answers_of.items():
            _require_tokenizer(label, found, judge)
            scores = scorer.answers(found, _drawn_answers(found, settings))
            if scores:
                cells.append(_cell(label, judge.label, scores))
        for found in islice(answers_of.values(), int(solutions)):
            scores = scorer.solutions(found)
            if scores:
                cells.append(_cell(SOLUTIONS, judge.label, scores))
    finally:
        scorer.close()
    return cells


def shares_tokenizer(found: Run, judge: Judge) -> bool:
    """Whether a run's token ids mean the same to the scoring model."""
    return bool(found.manifest.identity["tokenizer_digest"] == judge.checkpoint.tokenizer_digest)


def _require_tokenizer(label: str, found: Run, judge: Judge) -> None:
    if not shares_tokenizer(found, judge):
        raise ConfigError(
            f"the answers of {label} were drawn with another tokenizer than {judge.label} has",
            remedy="score them under a model of the same tokenizer: perplexities per token of"
            " different tokenizers do not compare",
        )


def _drawn_answers(found: Run, settings: PerplexitySettings) -> list[Answer]:
    """Up to ``answers`` finished answers of each problem, drawn by the seed."""
    columns = ["problem_id", "index", "token_ids", "finish", "logprob"]
    best: dict[str, list[tuple[int, Answer]]] = {}
    for table in found.samples(columns):
        for row in table.to_pylist():
            if row["finish"] == Finish.LENGTH.value or not row["token_ids"]:
                continue
            answer = Answer(
                row["problem_id"], row["index"], tuple(row["token_ids"]), row["logprob"]
            )
            chosen = best.setdefault(answer.problem_id, [])
            chosen.append((_rank(settings.seed, answer), answer))
            if len(chosen) > 4 * settings.answers:
                chosen[:] = _least(chosen, settings.answers)
    order = [p.problem.id for p in found.problems()]
    return [a for key in order for _, a in _least(best.get(key, []), settings.answers)]


def _least(ranked: list[tuple[int, Answer]], count: int) -> list[tuple[int, Answer]]:
    return sorted(ranked, key=lambda pair: pair[0])[:count]


def _rank(seed: int, answer: Answer) -> int:
    """A random order of answers that no other answer's presence changes."""
    key = f"{seed}\0{answer.problem_id}\0{answer.index}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")


Scores = dict[tuple[str, int], tuple[float, int]]
"""Log-probability (nats) and number of tokens, by problem and index."""


class _Scorer:
    """Finds log-probabilities: kept from sampling, stored, or computed now."""

    def __init__(self, judge: Judge, progress: Progress, *, load: bool) -> None:
        self._judge = judge
        self._digest = judge.checkpoint.digest
        self._progress = progress
        self._load = load
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        """The model, loaded when it is first needed."""
        if self._engine is None:
            self._engine = engines.load(self._judge.arm)
        return self._engine

    def close(self) -> None:
        """Free the model, if it was loaded."""
        if self._engine is not None:
            self._engine.close()

    def answers(self, found: Run, answers: Sequence[Answer]) -> Scores | None:
        """Scores of a run's answers; a model's own come from sampling, without another pass."""
        if found.manifest.identity["model_digest"] == self._digest:
            kept = {(a.problem_id, a.index): (a.logprob, len(a.token_ids)) for a in answers}
            known = {key: (nats, n) for key, (nats, n) in kept.items() if nats is not None}
        else:
            known = _stored(found.score_folder(self._digest))
        wanted = {(a.problem_id, a.index) for a in answers}
        known = {key: score for key, score in known.items() if key in wanted}
        missing = [a for a in answers if (a.problem_id, a.index) not in known]
        scores = self._complete(found, known, missing, found.score_folder(self._digest))
        return _ordered(scores, [(a.problem_id, a.index) for a in answers])

    def solutions(self, found: Run) -> Scores | None:
        """Scores of the worked solutions, without an end token: nobody drew one."""
        folder = found.score_folder(f"{self._digest}-{SOLUTIONS}")
        known = _stored(folder)
        solved = [p.problem for p in found.problems() if p.problem.solution]
        missing = [p for p in solved if (p.id, -1) not in known]
        if missing and not self._load:
            return None
        answers = [
            Answer(p.id, -1, tuple(self.engine().encode(p.solution or "", start=False)), None)
            for p in missing
        ]
        return _ordered(self._complete(found, known, answers, folder), [(p.id, -1) for p in solved])

    def _complete(
        self, found: Run, known: Scores, missing: Sequence[Answer], folder: Folder
    ) -> Scores | None:
        if not missing:
            return known
        if not self._load:
            return None
        label = f"score {found.name} under {self._judge.label}"
        with self._progress.task(label, total=len(missing)) as advance:
            for chunk in _score(found, missing, self.engine()):
                _store(folder, chunk)
                known.update({(a.problem_id, a.index): (x, len(a.token_ids)) for a, x in chunk})
                advance(len(chunk), "")
        return known


def _ordered(scores: Scores | None, keys: Sequence[tuple[str, int]]) -> Scores | None:
    """Scores in the suite's order, so that intervals do not hang on what was scored first."""
    return None if scores is None else {key: scores[key] for key in keys}


def _stored(folder: Folder) -> Scores:
    known = {}
    for table in read_parts(folder, ["problem_id", "index", "logprob", "n_tokens"]):
        for row in table.to_pylist():
            known[row["problem_id"], row["index"]] = (row["logprob"], row["n_tokens"])
    return known


def _score(
    found: Run, answers: Sequence[Answer], engine: Engine
) -> Iterator[list[tuple[Answer, float]]]:
    """Yield scored chunks, answers of like length together so that little is padded."""
    prompts = {p.problem.id: engine.encode(p.prompt) for p in found.problems()}
    # Longest first: what does not fit fails at once, not after an hour.
    ordered = sorted(answers, key=lambda a: -len(a.token_ids) - len(prompts[a.problem_id]))
    waiting = iter(ordered)
    while chunk := list(islice(waiting, _CHUNK)):
        scores = engine.score(
            [prompts[a.problem_id] for a in chunk], [list(a.token_ids) for a in chunk]
        )
        yield [(a, sum(tokens)) for a, tokens in zip(chunk, scores, strict=True)]


def _store(folder: Folder, chunk: Sequence[tuple[Answer, float]]) -> None:
    import pyarrow as pa

    rows = [
        {
            "problem_id": a.problem_id,
            "index": a.index,
            "n_tokens": len(a.token_ids),
            "logprob": nats,
        }
        for a, nats in chunk
    ]
    name = f"{time.time_ns():020d}.parquet"
    write_table(folder, name, pa.Table.from_pylist(rows, schema.scores()))


def _cell(label: str, under: str, scores: Scores) -> PerplexityCell:
    per_problem: dict[str, list[float]] = {}
    for (problem, _), (nats, n_tokens) in scores.items():
        per_problem.setdefault(problem, []).append(math.exp(-nats / n_tokens))
    return stats.perplexity(label, under, per_problem, rng=_rng())


def _rng() -> "np.random.Generator":
    import numpy as np

    return np.random.default_rng(0)


def reading(cells: Sequence[PerplexityCell], base: str, other: str) -> str:
    """What the cross table says of two arms, in words; empty where cells are missing."""
    found = {(c.answers_of, c.under): c for c in cells if c.subset == "all"}
    own, tuned = found.get((base, base)), found.get((other, base))
    if own is None or tuned is None:
        return ""
    if not all(math.isfinite(cell.low) for cell in (own, tuned)):
        relation = "beside"
        meaning = "not settled, for values that do not vary over the problems give no interval"
    elif tuned.high < own.low:
        relation = "lower than"
        meaning = (
            f"{base} finds them likely already: consistent with sharpening what is there, though"
            " no proof of it, since one decisive token averages away"
        )
    elif tuned.low > own.high:
        relation = "higher than"
        meaning = f"on average {base} would not have written them as readily as its own"
    else:
        relation = "not told apart from"
        meaning = f"their intervals overlap: to {base} they look much like its own"
    return (
        f"Under {base}, the answers of {other} have perplexity {_interval(tuned)},"
        f" {relation} {base}'s own {_interval(own)}; {meaning}."
    )


def _interval(cell: PerplexityCell) -> str:
    if not math.isfinite(cell.low):
        return f"{cell.mean:.2f} (no interval)"
    return f"{cell.mean:.2f} [{cell.low:.2f}, {cell.high:.2f}]"


def write(cells: Sequence[PerplexityCell], suite: str, out: Path) -> None:
    """Write the table and the box plot."""
    from boundary.plots import sheet

    tables.write(tables.perplexities(cells), out / "perplexity.csv")
    for drawn in sheet.draw(sheet.Sheet(suite, perplexity=cells)):
        sheet.write(drawn, out)
