"""How likely stored answers are under any checkpoint: which are scored, and their scores.

What is scored are the stored token ids as they are, where the model's tokenizer is the one that
they came from, and the text tokenised anew where it is not. The stop token that ended an answer
was drawn and counts; a text tokenised anew, like a worked solution, has none. Tokens that were
not drawn (``forced``) condition what follows and do not count themselves.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary import engines
from boundary.config import ArmSettings, PerplexitySettings
from boundary.engines import Checkpoint, Engine, Inspected, Nucleus
from boundary.engines.checkpoint import files_digest
from boundary.progress import SILENT, Progress
from boundary.records import Finish, Key, Outcome, Tier
from boundary.store import Run, schema
from boundary.store.files import WHOLE, Folder, Shard
from boundary.store.parts import read_parts, session_name, write_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PART_ANSWERS, _PART_TOKENS = 512, 1 << 18
"""Scored answers, and tokens of them, of which a part is written: what a crash can cost."""
_NAMED = 3
"""Answers named of those that do not fit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to be scored; a negative index is a worked solution.

    ``token_ids`` is empty where ``text`` is to be tokenised anew. ``forced`` are positions that
    were not drawn.
    """

    problem_id: str
    index: int
    token_ids: tuple[int, ...]
    logprob: float | None = None
    outcome: Outcome | None = None
    is_cut: bool = False
    text: str = ""
    forced: frozenset[int] = frozenset()

    @property
    def key(self) -> Key:
        """Its problem and index."""
        return self.problem_id, self.index

    @property
    def scored(self) -> list[int]:
        """Positions that count."""
        return [i for i in range(len(self.token_ids)) if i not in self.forced]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answers of a run that are scored, and how many of those drawn were left out and why."""

    answers: tuple[Answer, ...]
    truncated: int = 0
    empty: int = 0


@dataclass(frozen=True, slots=True)
class Judge:
    """The model that answers are scored under."""

    label: str
    arm: ArmSettings

    @property
    def checkpoint(self) -> Checkpoint:
        """What it is, without loading it."""
        return engines.identify(self.arm.model, self.arm.revision)

    @property
    def digest(self) -> str:
        """Of the model, and of the adapter on it if there is one."""
        adapter = self.arm.engine_args.get("lora_path")
        own = self.checkpoint.digest
        if not adapter:
            return own
        return f"{own}-{files_digest(Path(adapter).expanduser(), ('adapter_*',))}"


@dataclass(frozen=True, slots=True)
class Scoring:
    """What is scored and by whom.

    ``load`` is whether the model is loaded for what is not scored yet; ``tier`` and ``verifier``
    say which verdicts tell right answers from wrong ones. A shard scores its part and tells
    nothing.
    """

    settings: PerplexitySettings = field(default_factory=PerplexitySettings)
    load: bool = True
    tier: Tier = Tier.STRICT
    verifier: str | None = None
    shard: Shard = WHOLE


def law_of(found: Run) -> str:
    """The digest of the model that a run was drawn from, as :attr:`Judge.digest` has it."""
    identity = found.manifest.identity
    adapter = identity.get("lora_digest")
    own = str(identity["model_digest"])
    return f"{own}-{adapter}" if adapter else own


def nucleus_of(found: Run) -> Nucleus:
    """The law that a run's tokens were drawn from."""
    identity = found.manifest.identity
    return Nucleus(float(identity["temperature"]), float(identity["top_p"]))


def shares_tokenizer(found: Run, judge: Judge) -> bool:
    """Whether a run's token ids mean the same to the scoring model."""
    return bool(found.manifest.identity["tokenizer_digest"] == judge.checkpoint.tokenizer_digest)


def choose(found: Run, scoring: Scoring, *, truncated: bool, anew: bool = False) -> Chosen:
    """Up to ``answers`` answers of each problem, drawn by the seed.

    Of an adaptive run only the first look's, which every problem has.

    Args:
        found: The run.
        scoring: How many, by which seed, and whose verdicts they bear.
        truncated: Take answers that ran out of tokens too.
        anew: Take their texts, to be tokenised anew, and not their tokens.
    """
    keys, left_out = _drawn_keys(found, scoring.settings, truncated=truncated)
    wanted = {key: place for place, key in enumerate(keys)}
    outcomes = _outcomes(found, scoring, wanted)
    answers: list[Answer | None] = [None] * len(keys)
    columns = ["problem_id", "index", "text" if anew else "token_ids", "finish", "logprob"]
    ids: dict[int, int] = {}  # one object per token id: a fifth of the memory
    for table in found.samples([*columns, "forced"]):
        for row in _rows_of(table, wanted):
            key = row["problem_id"], row["index"]
            answers[wanted[key]] = Answer(
                *key,
                tuple(map(ids.setdefault, tokens := row.get("token_ids") or (), tokens)),
                row["logprob"],
                outcomes.get(key),
                row["finish"] == Finish.LENGTH.value,
                row.get("text") or "",
                frozenset(() if anew else row.get("forced") or ()),
            )
    there = tuple(a for a in answers if a and (a.text or len(a.forced) < len(a.token_ids)))
    empty = left_out["empty"] + len(keys) - len(there)
    return Chosen(there, left_out["truncated"], empty)


def _drawn_keys(
    found: Run, settings: PerplexitySettings, *, truncated: bool
) -> tuple[list[Key], Counter[str]]:
    """Keys in the order of the suite and of the draw; what was left out is counted."""
    first = found.design.looks[0] if found.design else None
    best: dict[str, list[tuple[int, Key]]] = {}
    left_out: Counter[str] = Counter()
    for table in found.samples(["problem_id", "index", "n_tokens", "finish"]):
        for row in table.to_pylist():
            if first is not None and row["index"] >= first:
                continue
            if row["n_tokens"] == 0:
                left_out["empty"] += 1
            elif row["finish"] == Finish.LENGTH.value and not truncated:
                left_out["truncated"] += 1
            else:
                key = row["problem_id"], row["index"]
                chosen = best.setdefault(key[0], [])
                chosen.append((_rank(settings.seed, key), key))
                if len(chosen) > 4 * settings.answers:
                    chosen[:] = sorted(chosen)[: settings.answers]
    order = [p.problem.id for p in found.problems()]
    keys = [k for p in order for _, k in sorted(best.get(p, []))[: settings.answers]]
    return keys, left_out


def _rank(seed: int, key: Key) -> int:
    """A random order of answers that no other answer's presence changes."""
    text = f"{seed}\0{key[0]}\0{key[1]}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def _rows_of(table: Any, wanted: Mapping[Key, int]) -> list[dict[str, Any]]:
    """The wanted rows of a part; the others' tokens are never turned into lists."""
    ids, index = (table.column(name).to_pylist() for name in ("problem_id", "index"))
    places = [i for i, key in enumerate(zip(ids, index, strict=True)) if key in wanted]
    rows: list[dict[str, Any]] = table.take(places).to_pylist() if places else []
    return rows


def _outcomes(found: Run, scoring: Scoring, wanted: Mapping[Key, int]) -> dict[Key, Outcome]:
    name = scoring.verifier or found.manifest.verifier
    where = ["problem_id", "index", "outcome"]
    return {
        (row["problem_id"], row["index"]): Outcome(row["outcome"])
        for table in found.verdict_parts(name, scoring.tier, where)
        for row in _rows_of(table, wanted)
    }


Scores = dict[Key, tuple[float, int]]
"""Log-probability (nats) and number of tokens that count, by problem and index."""


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """One answer's tokens that count, (T,) each, in the order of their ``positions``.

    ``within`` is 1, 0, or -1 where it is not decided; entropies are in nats, and the slacks are
    how much more they may be, in the mean.
    """

    answer: Answer
    positions: "NDArray[np.int64]"
    logprobs: "NDArray[np.float64]"
    ranks: "NDArray[np.int64]"
    within: "NDArray[np.int64]"
    raw: "NDArray[np.float64]"
    tempered: "NDArray[np.float64]"
    raw_slack: float
    tempered_slack: float


class Scorer:
    """Finds scores: kept from sampling, stored, or computed now.

    Args:
        judge: The scoring model, loaded when it is first needed.
        scoring: What is scored.
        progress: Told how far it is, and what was left out.
    """

    def __init__(self, judge: Judge, scoring: Scoring, progress: Progress = SILENT) -> None:
        self.judge = judge
        self._scoring = scoring
        self._progress = progress
        self._digest = judge.digest
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        """The model, loaded when it is first needed."""
        if self._engine is None:
            self._engine = engines.load(self.judge.arm, scores=True)
        return self._engine

    def close(self) -> None:
        """Free the model, if it was loaded."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def may_tell(self, found: Run, *, inspected: bool) -> bool:
        """Whether a run's answers are worth reading: something of them is known, or will be."""
        if self._scoring.load or (law_of(found) == self._digest and not inspected):
            return True
        return any(n.startswith(self._digest) for n in (found.folder / "scores").folders())

    def scores(self, found: Run, answers: Sequence[Answer]) -> Scores | None:
        """Scores of a run's answers; a model's own come from sampling, without another pass.

        Those that do not fit the model's context are left out. ``None`` where some are missing
        and are not to be computed, or belong to another shard.
        """
        known: Scores = {}
        if law_of(found) == self._digest:
            known = {a.key: (a.logprob, len(a.scored)) for a in answers if a.logprob is not None}
        folder = found.score_folder(self._digest)
        # What was inspected was scored, too.
        laws = [n for n in (found.folder / "scores").folders() if n.startswith(f"{self._digest}-T")]
        for place in (folder, *map(found.score_folder, laws)):
            known |= _stored(place, {a.key for a in answers} - known.keys())
        missing = self._missing(answers, known, folder)
        if not self._complete(found, missing, folder, None):
            return None
        known |= _stored(folder, {a.key for a in missing})
        return {a.key: known[a.key] for a in answers if a.key in known}

    def _missing(self, answers: Sequence[Answer], known: Scores, folder: Folder) -> list[Answer]:
        """What has neither a score nor the mark of an answer that cannot have one."""
        left = [a for a in answers if a.key not in known]
        marked = _keys(folder) if left else set()
        return [a for a in left if a.key not in marked]

    def solutions(self, found: Run, texts: Mapping[str, Sequence[str]]) -> Scores | None:
        """Scores of worked solutions by problem, without an end token: nobody drew one."""
        answers = [
            Answer(problem, -1 - place, (), text=text)
            for problem, several in texts.items()
            for place, text in enumerate(several)
        ]
        told = "\0".join(f"{a.problem_id}\0{a.index}\0{a.text}" for a in answers)
        stamp = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        folder = found.score_folder(f"{self._digest}-solutions-{stamp}")
        known = _stored(folder, {a.key for a in answers})
        missing = self._missing(answers, known, folder)
        if not self._complete(found, missing, folder, None):
            return None
        known |= _stored(folder, {a.key for a in missing})
        return {a.key: known[a.key] for a in answers if a.key in known}

    def inspections(
        self, found: Run, answers: Sequence[Answer], nucleus: Nucleus
    ) -> Iterator[Inspection] | None:
        """Each answer's tokens, in no order; ``None`` as in :meth:`scores`.

        They are read part by part, for a study's do not fit into memory.
        """
        name = f"{self._digest}-T{nucleus.temperature:g}-p{nucleus.top_p:g}"
        folder = found.score_folder(name)
        known = _keys(folder)
        missing = [a for a in answers if a.key not in known]
        if not self._complete(found, missing, folder, nucleus):
            return None
        return _inspections(folder, {a.key: a for a in answers})

    def _complete(
        self, found: Run, missing: Sequence[Answer], folder: Folder, nucleus: Nucleus | None
    ) -> bool:
        """Score what is missing, or the shard's part of it; whether all is there now."""
        if not missing:
            return True
        if not self._scoring.load:
            return False
        shard = self._scoring.shard
        mine = [a for a in missing if shard.owns(_rank(0, a.key))]
        label = f"score {found.name} under {self.judge.label}"
        with self._progress.task(label, total=len(mine)) as advance:
            fitting, left = self._fitting(found, mine, nucleus)
            if left:
                # Marked without a score: a later command need not load the model to leave them out.
                rows = [{"problem_id": a.problem_id, "index": a.index} for a in left]
                write_table(folder, f"{session_name()}.parquet", _table(rows, nucleus))
            for part in _parts(fitting):
                rows = self._score([p for p, _ in part], [a for _, a in part], nucleus)
                write_table(folder, f"{session_name()}.parquet", _table(rows, nucleus))
                advance(len(part), "")
        return shard == WHOLE

    def _fitting(
        self, found: Run, answers: Sequence[Answer], nucleus: Nucleus | None
    ) -> tuple[list[tuple[list[int], Answer]], list[Answer]]:
        """What the model can see whole, with its prompts and the longest first, and the rest.

        So what takes most memory fails at once, not after an hour.
        """
        engine = self.engine()
        prompts = {p.problem.id: engine.encode(p.prompt) for p in found.problems()}
        tokenised = [
            replace(a, token_ids=tuple(engine.encode(a.text, start=False))) if a.text else a
            for a in answers
        ]
        # vLLM wants room for one more token when it tells the likeliest ones.
        spare = int(nucleus is not None and engine.name == "vllm")
        most = (engine.checkpoint.context or 1 << 62) - spare
        pairs = [(prompts[a.problem_id], a) for a in tokenised if a.token_ids]
        fitting = [pair for pair in pairs if _length(pair) <= most]
        too_long = [a for p, a in pairs if _length((p, a)) > most]
        self._tell_too_long(found, too_long, most)
        left = [*too_long, *(a for a in tokenised if not a.token_ids)]
        return sorted(fitting, key=lambda p: (-_length(p), p[1].problem_id, p[1].token_ids)), left

    def _tell_too_long(self, found: Run, answers: Sequence[Answer], most: int) -> None:
        if not answers:
            return
        named = ", ".join(f"{a.problem_id} #{a.index}" for a in answers[:_NAMED])
        more = f" and {len(answers) - _NAMED} more" if len(answers) > _NAMED else ""
        self._progress.notice(
            f"left out: {len(answers)} answers of {found.name} do not fit the {most} tokens that"
            f" {self.judge.label} can see ({named}{more})"
        )

    def _score(
        self, prompts: list[list[int]], answers: list[Answer], nucleus: Nucleus | None
    ) -> list[dict[str, Any]]:
        # A sure model writes the same answer again and again: each is passed once.
        keys = [(a.problem_id, a.token_ids) for a in answers]
        places = {key: i for i, key in reversed(list(enumerate(keys)))}
        once = sorted(places.values())
        asked = [prompts[i] for i in once], [list(answers[i].token_ids) for i in once]
        if nucleus is None:
            scores = dict(zip(once, self.engine().score(*asked), strict=True))
            return [_row(a, scores[places[key]]) for a, key in zip(answers, keys, strict=True)]
        told = dict(zip(once, self.engine().inspect(*asked, nucleus), strict=True))
        return [
            _row(a, told[places[key]].logprobs) | _told(told[places[key]])
            for a, key in zip(answers, keys, strict=True)
        ]


def _length(pair: tuple[Sequence[int], Answer]) -> int:
    return len(pair[0]) + len(pair[1].token_ids)


def _parts(
    pairs: Iterable[tuple[list[int], Answer]],
) -> Iterator[list[tuple[list[int], Answer]]]:
    waiting = iter(pairs)
    while part := list(islice(waiting, 1)):
        tokens = len(part[0][1].token_ids)
        while len(part) < _PART_ANSWERS and tokens < _PART_TOKENS:
            following = next(waiting, None)
            if following is None:
                break
            part.append(following)
            tokens += len(following[1].token_ids)
        yield part


def _row(answer: Answer, tokens: Sequence[float]) -> dict[str, Any]:
    scored = answer.scored
    return {
        "problem_id": answer.problem_id,
        "index": answer.index,
        "n_tokens": len(scored),
        "logprob": sum(tokens[i] for i in scored),
        "token_logprobs": list(tokens),
    }


def _told(one: Inspected) -> dict[str, Any]:
    within = [-1 if each is None else int(each) for each in one.within]
    return {
        "ranks": list(one.ranks),
        "within": within,
        "raw": list(one.raw),
        "tempered": list(one.tempered),
        "raw_slack": _mean(one.raw_slack),
        "tempered_slack": _mean(one.tempered_slack),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _table(rows: list[dict[str, Any]], nucleus: Nucleus | None) -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema.scores() if nucleus is None else schema.inspections())


def _stored(folder: Folder, wanted: set[Key]) -> Scores:
    if not wanted:
        return {}
    return {
        key: (row["logprob"], row["n_tokens"])
        for table in read_parts(folder, ["problem_id", "index", "logprob", "n_tokens"])
        for row in table.to_pylist()
        if (key := (row["problem_id"], row["index"])) in wanted and row["logprob"] is not None
    }


def _keys(folder: Folder) -> set[Key]:
    return {
        (row["problem_id"], row["index"])
        for table in read_parts(folder, ["problem_id", "index"])
        for row in table.to_pylist()
    }


def _inspections(folder: Folder, answers: Mapping[Key, Answer]) -> Iterator[Inspection]:
    import numpy as np

    # Two commands at once may have scored the same answer.
    seen: set[Key] = set()
    for table in read_parts(folder):
        for batch in table.to_batches(max_chunksize=_PART_ANSWERS):
            for row in batch.to_pylist():
                key = row["problem_id"], row["index"]
                if key not in answers or key in seen or row["token_logprobs"] is None:
                    continue
                seen.add(key)
                answer = answers[key]
                count = len(row["token_logprobs"])
                kept = np.array([i for i in range(count) if i not in answer.forced], np.int64)
                yield Inspection(
                    answer,
                    kept,
                    np.asarray(row["token_logprobs"])[kept],
                    np.asarray(row["ranks"])[kept],
                    np.asarray(row["within"])[kept],
                    np.asarray(row["raw"])[kept],
                    np.asarray(row["tempered"])[kept],
                    row["raw_slack"],
                    row["tempered_slack"],
                )
