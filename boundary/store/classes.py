"""Answers of a run as classes: all that were judged right together, the others by what was read.

Two wrong answers are one class when the verifier read the same string from both; equal wrong
answers written differently count as two. An answer that was cut, or from which nothing was read,
is silent.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boundary.errors import ConfigError
from boundary.store.marks import CORRECT
from boundary.store.run import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from boundary.store.lengths import Answers

_SILENT = -1


@dataclass(frozen=True, slots=True)
class Classes:
    """One problem's samples: the right ones by string, the wrong ones by string, the silent."""

    problem_id: str
    right: "Counter[str]"
    wrong: "Counter[str]"
    silent: int


def classes_of(found: "Answers", verifier: str | None = None) -> list[Classes]:
    """Sort the samples of a run into classes, over indices that no outcome chose.

    Raises:
        ConfigError: They come from an archive, which holds no answers.
    """
    run = _with_answers(found)
    name = verifier or run.manifest.verifier
    codes, words = _extracted(found, name)
    if ((found.outcome == CORRECT) & (codes == _SILENT) & found.inside).any():
        raise ConfigError(
            f"{name} does not say what it read from the answers of {found.table.label}",
            remedy=f"judge them by one that does: boundary verify {run.folder} --verifier math,"
            " and then --verifier math here",
        )
    codes = np.where(found.lengths.is_cut, _SILENT, codes)
    counts = found.table.first_look or found.table.counts
    return [
        _classes(count.problem_id, codes[i, : count.n], found.outcome[i, : count.n], words)
        for i, count in enumerate(counts)
    ]


def _with_answers(found: "Answers") -> Run:
    run = found.table.run
    if not isinstance(run, Run):
        raise ConfigError(
            f"{found.table.label} is an archive, which holds no answers",
            remedy="give the run itself, or leave out what needs its answers",
        )
    return run


def _classes(
    key: str, codes: "NDArray[np.int32]", outcome: "NDArray[np.uint8]", words: list[str]
) -> Classes:
    is_right = outcome == CORRECT
    right, wrong = (_counted(codes[chosen], words) for chosen in (is_right, ~is_right))
    return Classes(key, right, wrong, len(codes) - right.total() - wrong.total())


def _counted(codes: "NDArray[np.int32]", words: list[str]) -> "Counter[str]":
    kinds, times = np.unique(codes[codes > _SILENT], return_counts=True)
    return Counter({words[k]: t for k, t in zip(kinds.tolist(), times.tolist(), strict=True)})


def _extracted(found: "Answers", verifier: str) -> tuple["NDArray[np.int32]", list[str]]:
    """(P, W) codes of what was read from each sample, and the words they stand for."""
    run, counts = _with_answers(found), found.table.first_look or found.table.counts
    places = {count.problem_id: i for i, count in enumerate(counts)}
    known: dict[str, int] = {}
    width = found.outcome.shape[1]
    codes: NDArray[np.int32] = np.full((len(counts), width), _SILENT, np.int32)
    for table in run.verdict_parts(verifier, found.tier, ["problem_id", "index", "extracted"]):
        ids = table.column("problem_id").combine_chunks().dictionary_encode()
        names = np.array([places.get(key, -1) for key in ids.dictionary.to_pylist()], np.int64)
        read = table.column("extracted").combine_chunks().dictionary_encode()
        mapped = [known.setdefault(w.strip(), len(known)) for w in read.dictionary.to_pylist()]
        table_of = np.array([*mapped, _SILENT], np.int32)
        own: NDArray[np.int32] = table_of[np.asarray(read.indices.fill_null(len(mapped)))]
        rows, index = names[np.asarray(ids.indices)], table.column("index").to_numpy()
        kept = (rows >= 0) & (index < width)
        codes[rows[kept], index[kept]] = own[kept]
    return codes, list(known)
