"""NeMo-Skills: ``output-rs<seed>.jsonl`` of one benchmark, one file for each seed.

The fields are those of its documentation; the package itself was not run.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import LogError
from boundary.importers.base import (
    ENDINGS,
    Entry,
    Log,
    Question,
    Told,
    files_in,
    judged,
    number,
    text_of,
    whole,
)
from boundary.importers.lines import document, first_row, required, rows
from boundary.records import Outcome

_SEED = re.compile(r"output(?:-rs(\d+))?\.jsonl(?:\.gz)?")
# Some judges set the word in bold.
_JUDGED = re.compile(r"judgement\**\s*:[\s*]*(yes|no)\b", re.IGNORECASE)
_ONE = re.compile(r"pass@1(?:\[.*\])?")
_SYMBOLIC = "nemo-skills:symbolic_correct"
_JUDGE = "nemo-skills:judge_correct"
_FORMAT = "a NeMo-Skills output"


class NemoSkills:
    """Outputs of NeMo-Skills (output-rs0.jsonl, output-rs1.jsonl, ...), a file for each seed."""

    name = "nemo-skills"
    tested = ""

    def recognises(self, path: Path) -> bool:
        """See :class:`Importer`."""
        row = first_row(path)
        named = {"predicted_answer", "symbolic_correct", "expected_answer", "judgement"}
        return row is not None and "generation" in row and bool(named & row.keys())

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """See :class:`Importer`."""
        if any(path.is_dir() for path in paths):
            _refuse_unfinished(paths)
        found = files_in(paths, ".jsonl", ".jsonl.gz")
        folders = [path.is_dir() for path in paths]
        if all(folders):
            found = [path for path in found if _SEED.fullmatch(path.name)]
        if not found:
            raise LogError(
                "there is no output*.jsonl among the files of NeMo-Skills",
                remedy="name the folder of one benchmark, as in eval-results/aime24",
            )
        found.sort(key=lambda path: (_seed(path), str(path)))
        if len({path.parent for path in found}) > 1 and all(folders):
            names = ", ".join(sorted({path.parent.name for path in found})[:6])
            raise LogError(
                f"the folder holds several benchmarks ({names}), and a run holds one",
                remedy="name the folder of one",
            )
        return _log(found)


def _refuse_unfinished(paths: Sequence[Path]) -> None:
    half = files_in(paths, ".jsonl-async")
    if half:
        raise LogError(
            f"{half[0]} is still being written, or was left by a job that was stopped",
            remedy="let the job finish, or name the finished files one by one",
        )


def _seed(path: Path) -> int:
    match = _SEED.fullmatch(path.name)
    return int(match[1]) if match and match[1] else -1


def _log(found: Sequence[Path]) -> Log:
    first = first_row(found[0]) or {}
    seeds = [seed for path in found if (seed := _seed(path)) >= 0]
    lost = sorted(set(range(max(seeds, default=-1) + 1)) - set(seeds))
    notes = []
    if lost:
        notes.append(
            f"there is no output for seed {', '.join(map(str, lost[:8]))}; the others count as"
            f" answers 0 to {len(found) - 1}"
        )
    metrics = found[0].with_name("metrics.json")
    task = found[0].absolute().parent.name
    figures = _figures(document(metrics), task) if metrics.is_file() else {}
    graders = {_SYMBOLIC: ("symbolic_correct", "is_correct"), _JUDGE: ("judgement",)}
    return Log(
        tool="nemo-skills",
        version=None,
        task=task,
        model=None,
        files=(*found, *([metrics] if metrics.is_file() else [])),
        entries=_Reader(tuple(found)).entries,
        verifiers=tuple(name for name, fields in graders.items() if first.keys() & set(fields)),
        figures=figures,
        notes=tuple(notes),
    )


def _figures(metrics: Mapping[str, Any], task: str) -> dict[str, float]:
    """Means over all answers, given in percent."""
    found = {}
    for mode, scores in (metrics.get(task) or {}).items():
        if _ONE.fullmatch(mode) and isinstance(scores, dict):
            for name, value in scores.items():
                if name in ("symbolic_correct", "judge_correct") and number(value) is not None:
                    found[f"nemo-skills:{name}"] = float(value) / 100
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    paths: tuple[Path, ...]

    def entries(self) -> Iterator[Entry]:
        """File by file; the place of a file among them is the index of its answers.

        Raises:
            LogError: A file has fewer or more problems than the first.
        """
        expected: int | None = None
        for index, path in enumerate(self.paths):
            count = 0
            for where, row in rows(path):
                yield _entry(row, where, count, index)
                count += 1
            if expected not in (None, count):
                raise LogError(
                    f"{path.name} has {count} problems, and {self.paths[0].name} has {expected}",
                    remedy="let its job finish, or leave that file out: the answers that are"
                    " missing are mostly the long ones",
                )
            expected = count


def _entry(row: dict[str, Any], where: str, place: int, index: int) -> Entry:
    text = required(row, "generation", where, _FORMAT)
    asked = text_of(row.get("problem") or row.get("question"))
    key = row.get("id") if row.get("id") is not None else place
    return Entry(
        Question(str(key), asked, text_of(row.get("expected_answer"))),
        where,
        text_of(text) or "",
        index,
        finish=ENDINGS.get(str(row.get("finish_reason"))),
        n_tokens=whole(row.get("num_generated_tokens")),
        told=_said(row),
    )


def _said(row: Mapping[str, Any]) -> dict[str, Told]:
    answer = text_of(row.get("predicted_answer"))
    found = {}
    score = row.get("symbolic_correct", row.get("is_correct"))
    if score is not None:
        told = judged(score, answer)
        silent = "predicted_answer" in row and answer is None
        is_silent = silent and told.outcome is Outcome.WRONG
        found[_SYMBOLIC] = Told(Outcome.WRONG, "no_answer") if is_silent else told
    if isinstance(row.get("judgement"), str):
        said = _JUDGED.findall(row["judgement"])
        found[_JUDGE] = judged(said[-1].lower() == "yes" if said else None, answer)
    return found
