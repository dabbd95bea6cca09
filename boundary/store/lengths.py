"""Tokens of a run's samples, and what the run would have been with a smaller budget.

An answer drawn with many tokens and cut at B has the law of an answer drawn with B: a stop token
among the first B ends both, and without one both are cut. So a sample of n_tokens <= B stands as
it is (the stop token counts, and ends it also at B itself), and one of more is truncated, which
is wrong in the strict tier. What was cut at B or before keeps its own finish, ``length``.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from boundary.errors import ConfigError
from boundary.records import Counts, Finish, Tier
from boundary.store.marks import CORRECT, UNKNOWN, VALID, WRONG

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from boundary.store.counts import CountsTable
    from boundary.store.source import Source

_UNKNOWN_LENGTH = -1
_PLAIN = "plain"
END_CODES = {finish: code for code, finish in enumerate(Finish, start=1)}
"""A code per way to end; 0 is for a sample that is not there."""
UNTOLD_END = len(END_CODES) + 1
"""The code of a sample whose end an imported log does not tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """Of each sample its tokens (-1 where not known) and whether the limit cut it, (P, W) each."""

    tokens: "NDArray[np.int32]"
    is_cut: "NDArray[np.bool_]"


def read_lengths(run: "Source", width: int) -> Lengths:
    """Tokens and ends of the samples of a run, by problem in its order and by index below width."""
    tokens, ends = read_ends(run, width)
    return Lengths(tokens, ends == END_CODES[Finish.LENGTH])


def read_ends(run: "Source", width: int) -> tuple["NDArray[np.int32]", "NDArray[np.uint8]"]:
    """(P, W) tokens and codes of the ends of a run's samples; 0 where there is no sample."""
    places = {p.id: i for i, p in enumerate(run.asked())}
    tokens = np.full((len(places), width), _UNKNOWN_LENGTH, np.int32)
    ends = np.zeros(tokens.shape, np.uint8)
    for table in run.samples(["problem_id", "index", "n_tokens", "finish"]):
        ids = table.column("problem_id").combine_chunks().dictionary_encode()
        names = np.array([places.get(key, -1) for key in ids.dictionary.to_pylist()], int)
        rows = names[np.asarray(ids.indices)]
        index = table.column("index").to_numpy()
        kept = (rows >= 0) & (index < width)
        counted = table.column("n_tokens").fill_null(_UNKNOWN_LENGTH).to_numpy()
        ended = table.column("finish").combine_chunks().dictionary_encode()
        known = [END_CODES[Finish(end)] for end in ended.dictionary.to_pylist()]
        codes = np.array([*known, UNTOLD_END], np.uint8)
        ways = np.asarray(ended.indices.fill_null(len(known)))
        tokens[rows[kept], index[kept]] = counted[kept]
        ends[rows[kept], index[kept]] = codes[ways][kept]
    return tokens, ends


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """A run's samples over indices that no outcome chose, (P, W) each.

    ``n`` are the samples of each problem, ``outcome`` and ``valid`` the codes of ``Marks``.
    """

    table: "CountsTable"
    tier: Tier
    n: "NDArray[np.int64]"
    outcome: "NDArray[np.uint8]"
    valid: "NDArray[np.uint8]"
    lengths: Lengths

    @property
    def inside(self) -> "NDArray[np.bool_]":
        """(P, W) which cells hold a sample that counts."""
        found: NDArray[np.bool_] = np.arange(self.outcome.shape[1]) < self.n[:, None]
        return found


def answers_of(
    table: "CountsTable", *, tier: Tier = Tier.STRICT, verifier: str | None = None
) -> Answers | None:
    """Read the samples behind a table of counts; ``None`` where it comes from no run."""
    run = table.run
    if run is None:
        return None
    counts = table.first_look or table.counts
    width = max(count.n for count in counts)
    marks = run.marks(verifier or run.manifest.verifier, tier)
    places = [marks.ids[count.problem_id] for count in counts]
    lengths = read_lengths(run, width)
    return Answers(
        table,
        tier,
        np.array([count.n for count in counts]),
        _cut_or_padded(marks.outcome, width)[places],
        _cut_or_padded(marks.valid, width)[places],
        Lengths(lengths.tokens[places], lengths.is_cut[places]),
    )


def _cut_or_padded(codes: "NDArray[np.uint8]", width: int) -> "NDArray[np.uint8]":
    return np.pad(codes[:, :width], ((0, 0), (0, max(0, width - codes.shape[1]))))


def cut_at(found: Answers, budget: int) -> Answers:
    """The samples as a smaller budget of tokens would have left them: longer ones wrong and cut."""
    too_long = found.lengths.tokens > budget
    return replace(
        found,
        outcome=np.where(too_long, np.uint8(WRONG), found.outcome),
        valid=np.where(too_long, np.uint8(UNKNOWN), found.valid),
        lengths=Lengths(np.minimum(found.lengths.tokens, budget), found.lengths.is_cut | too_long),
    )


def at_budget(found: Answers, budget: int) -> "CountsTable":
    """Counts that the run would have with a smaller budget of tokens.

    Args:
        found: Its samples, judged in the strict tier.
        budget: Most tokens of an answer, the stop token included.

    Returns:
        The table with every longer answer wrong; of an adaptive run its first look, as the rule
        stopped by answers of full length.

    Raises:
        ConfigError: The budget exceeds the run's own, lengths are not known, the tier is not
            strict, or the sampler does not draw token by token.
    """
    table = found.table
    _require_budget(found, budget)
    inside, too_long = found.inside, found.lengths.tokens > budget
    is_right = (found.outcome == CORRECT) & ~too_long & inside
    is_wrong = ((found.outcome == WRONG) | too_long) & inside
    right, wrong = is_right.sum(axis=1), is_wrong.sum(axis=1)
    valid = (is_right & (found.valid == VALID)).sum(axis=1)
    first = np.where(is_right.any(axis=1), is_right.argmax(axis=1), -1)
    checked = ((found.valid != UNKNOWN) & inside).any(axis=1)
    old = table.first_look or table.counts
    counts = tuple(
        Counts(c.problem_id, c.n, int(r), c.n - int(r) - int(w), int(v) if k else None, c.group)
        for c, r, w, v, k in zip(old, right, wrong, valid, checked, strict=True)
    )
    firsts = {c.problem_id: None if at < 0 else int(at) for c, at in zip(old, first, strict=True)}
    cut = int((too_long & inside).sum())
    note = (
        f"{table.label} is read at a budget of {budget} tokens: {cut} of {int(found.n.sum())} "
        "answers are longer, and count as truncated"
    )
    looks = (
        (f"{table.label}: a budget is read over the first look of an adaptive run",)
        if table.design
        else ()
    )
    notes = (*table.notes, note, *looks)
    return replace(table, counts=counts, firsts=firsts, notes=notes, design=None, first_look=None)


def _require_budget(found: Answers, budget: int) -> None:
    label, run = found.table.label, found.table.run
    assert run is not None
    identity = run.manifest.identity
    most = identity.get("max_tokens")
    if found.tier is not Tier.STRICT:
        raise ConfigError(
            "a cut answer would be read anew in the lenient tier",
            remedy="read budgets in the strict tier",
        )
    if budget < 1 or (most is not None and budget > most):
        raise ConfigError(
            f"a budget of {budget} tokens for {label}, drawn with {most}",
            remedy=f"give budgets from 1 to {most}, or draw with more tokens",
        )
    sampler = identity.get("sampler", _PLAIN)
    if sampler is None:
        raise ConfigError(
            f"the log that {label} was imported from does not say how its answers were drawn, so"
            " what a smaller budget would have left is not known",
            remedy="draw it here with --max-tokens",
        )
    if sampler != _PLAIN:
        raise ConfigError(
            f"{label} was drawn by the sampler {sampler}, whose answers at a smaller"
            " budget have another law",
            remedy="draw it anew with --max-tokens",
        )
    if bool(((found.lengths.tokens < 0) & found.inside).any()):
        raise ConfigError(
            f"{label} does not say how many tokens its answers have",
            remedy="draw it with an engine that tells",
        )
