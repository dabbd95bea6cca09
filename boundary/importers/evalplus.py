"""EvalPlus: ``*_eval_results.json``, which holds programs and verdicts, or samples alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import LogError
from boundary.importers.base import Entry, Log, Question, Told, files_in, only, text_of
from boundary.importers.lines import document, first_row, required, rows
from boundary.records import Outcome

_RESULTS = "eval_results.json"
_PASS = "pass"
_BASE, _PLUS = "evalplus:base", "evalplus:plus"
_FORMAT = "a file of EvalPlus samples"


class EvalPlus:
    """Samples of EvalPlus with their _eval_results.json: HumanEval+ and MBPP+."""

    name = "evalplus"
    tested = ""

    def recognises(self, path: Path) -> bool:
        """See :class:`Importer`."""
        if path.name.endswith(_RESULTS):
            return True
        row = first_row(path)
        return row is not None and {"task_id", "solution"} <= row.keys()

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """See :class:`Importer`."""
        judged = files_in(paths, _RESULTS)
        samples = [
            path
            for path in files_in(paths, ".jsonl", ".jsonl.gz")
            if not path.name.split(".jsonl")[0].endswith(".raw")
        ]
        if not judged and not samples:
            raise LogError(
                "there is neither a samples file nor an _eval_results.json of EvalPlus",
                remedy="name the .jsonl that was evaluated, or the file that evaluating it wrote",
            )
        every = [_stem(path) for path in (*judged, *samples)]
        task = only(every, "sets of samples", "name the files of one")
        results = judged[0] if judged else _beside(samples[0])
        if results is None:
            return _unjudged(samples[0], task)
        found = document(results).get("eval")
        if not (isinstance(found, dict) and all(map(_is_listed, found.values()))):
            raise LogError(
                f"{results} has no 'eval' with a list of results for each task: it was written by"
                " an EvalPlus before 0.2, or by something else",
                remedy="evaluate the samples again with a newer EvalPlus",
            )
        return _log(results, samples, task, found)


def _is_listed(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(row, dict) for row in told)


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(_RESULTS)
    return name.removesuffix("_") or path.absolute().parent.name


def _beside(samples: Path) -> Path | None:
    path = samples.with_name(f"{_stem(samples)}_{_RESULTS}")
    return path if path.is_file() else None


def _unjudged(samples: Path, task: str) -> Log:
    return Log(
        tool="evalplus",
        version=None,
        task=task,
        model=None,
        files=(samples,),
        entries=_Samples(samples).entries,
        channel="code_open",
        notes=(f"no {_RESULTS} lies beside {samples.name}: EvalPlus has judged none of it",),
    )


def _log(results: Path, samples: Sequence[Path], task: str, found: Mapping[str, Any]) -> Log:
    first: dict[str, Any] = next((row for judged in found.values() for row in judged), {})
    has_plus = first.get("plus_status") is not None
    return Log(
        tool="evalplus",
        version=None,
        task=task,
        model=None,
        files=(results, *samples[:1]),
        entries=_Results(results, samples[0] if samples else None).entries,
        verifiers=(_PLUS, _BASE) if has_plus else (_BASE,),
        channel="code_open",
    )


@dataclass(frozen=True, slots=True)
class _Samples:
    path: Path

    def entries(self) -> Iterator[Entry]:
        """Samples in their order; a completion alone needs its prompt, which is not there."""
        for where, row in rows(self.path):
            key = text_of(required(row, "task_id", where, _FORMAT)) or ""
            text = required(row, "solution", where, _FORMAT)
            yield Entry(Question(key), where, text_of(text) or "")


@dataclass(frozen=True, slots=True)
class _Results:
    path: Path
    samples: Path | None

    def entries(self) -> Iterator[Entry]:
        """Results of each task in the order of its samples.

        Raises:
            LogError: The samples are not those that were judged.
        """
        found: dict[str, Any] = document(self.path)["eval"]
        if self.samples is not None:
            _require_same(self.samples, self.path, found)
        for key, judged in found.items():
            for place, row in enumerate(judged):
                where = f"{self.path}, {key}, result {place}"
                text = required(row, "solution", where, "EvalPlus's results")
                yield Entry(Question(key), where, text_of(text) or "", place, told=_said(row))


def _require_same(samples: Path, results: Path, found: Mapping[str, Any]) -> None:
    """A results file of other samples would give their verdicts to these programs."""
    seen = dict.fromkeys(found, 0)
    for where, row in rows(samples):
        key = text_of(required(row, "task_id", where, _FORMAT)) or ""
        place = seen.get(key)
        if place is None:
            continue
        judged, own = found[key], row.get("solution")
        if place >= len(judged) or (own is not None and own != judged[place].get("solution")):
            raise _other(samples, results, where)
        seen[key] += 1
    if any(seen[key] != len(judged) for key, judged in found.items()):
        raise _other(samples, results, "its end")


def _other(samples: Path, results: Path, where: str) -> LogError:
    return LogError(
        f"{results.name} does not judge the samples of {samples.name} (they part at {where})",
        remedy="name the results of the same samples, or the results file alone: it holds the"
        " programs too",
    )


def _said(row: Mapping[str, Any]) -> dict[str, Told]:
    base, plus = row.get("base_status"), row.get("plus_status")
    found = {_BASE: _told(base)}
    if plus is not None:
        found[_PLUS] = _told(plus) if base == _PASS else _told(base)
    return found


def _told(status: Any) -> Told:
    if status == _PASS:
        return Told(Outcome.CORRECT, "passed")
    if status == "timeout":
        return Told(Outcome.WRONG, "time_limit")
    if status is None:
        return Told(Outcome.UNJUDGED, "no_score")
    return Told(Outcome.WRONG, "told")
