"""lighteval: details in parquet, with the ``results_*.json`` of the same run.

A score over several answers to a problem tells how many were right, not which; see ``Share``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import LogError
from boundary.importers.base import (
    Decoding,
    Entry,
    Log,
    Question,
    Share,
    Told,
    files_in,
    judged,
    number,
    only,
    text_of,
    whole,
)
from boundary.importers.lines import document
from boundary.records import Finish

_DETAILS = re.compile(r"details_(.+)_(\d{4}-\d{2}-\d{2}T[\d.:-]+)\.parquet")
_COLUMNS = ("doc", "metric", "model_response")
_ROWS = 16
"""Problems read at once; each may hold hundreds of long answers."""


class Lighteval:
    """Details of lighteval in parquet (--save-details), with their results file."""

    name = "lighteval"
    tested = ""

    def recognises(self, path: Path) -> bool:
        """See :class:`Importer`."""
        return path.name.endswith(".parquet") and set(_COLUMNS) <= set(_names(path))

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """See :class:`Importer`."""
        found = files_in(paths, ".parquet")
        if not found:
            raise LogError(
                "there is no details_*.parquet among the files of lighteval",
                remedy="run lighteval with --save-details, and name its output folder",
            )
        named = {path: _DETAILS.fullmatch(path.name) for path in found}
        tasks = [match[1] if match else path.stem for path, match in named.items()]
        task = only(tasks, "tasks", "name the details file of one task")
        only([path.name for path in found], f"runs of {task}", "name the details file of one")
        details = found[0]
        missing = [name for name in _COLUMNS if name not in _names(details)]
        if missing:
            raise LogError(
                f"{details} has no column {', '.join(missing)}: it was written by a lighteval"
                " before 0.10, or by something else",
                remedy="have a newer lighteval write it again, or import its answers as jsonl",
            )
        return _log(details, _results(details, named[details], paths))


def _names(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowException):
        return []


def _results(details: Path, match: re.Match[str] | None, paths: Sequence[Path]) -> Path | None:
    """The results of the same moment, in a folder given or in the one that lighteval uses."""
    date = match[2] if match else ""
    given = [p for p in paths if p.is_file() and p.name.endswith(".json")]
    roots = [p for p in paths if p.is_dir()]
    for place in details.parents:
        if place.name == "details":
            roots.append(place.parent / "results" / details.parent.parent.relative_to(place))
            break
    beside = (found for root in roots for found in root.rglob(f"results_{date}.json"))
    return next(iter([*given, *beside]), None)


def _log(details: Path, results: Path | None) -> Log:
    told = document(results) if results else {}
    general = told.get("config_general", {})
    config = general.get("model_config") or {}
    parameters = config.get("generation_parameters") or {}
    first = next(_rows(details), None)
    if first is None:
        raise LogError(f"{details} holds no row", remedy="let lighteval finish")
    doc = first["doc"]
    sha = general.get("lighteval_sha")
    budget = whole(parameters.get("max_new_tokens")) or whole(doc.get("generation_size"))
    notes: tuple[str, ...] = ()
    if results is None:
        notes = (
            f"no results_*.json of the same run as {details.name} was found: the model and the"
            " tool's own figures are not known",
        )
    return Log(
        tool="lighteval",
        version=None if sha in (None, "?") else str(sha),
        task=str(doc.get("task_name") or details.stem),
        model=general.get("model_name"),
        files=(details, *([results] if results else [])),
        entries=_Reader(details, budget).entries,
        verifiers=tuple(f"lighteval:{name}" for name in first["metric"] or ()),
        figures={
            f"lighteval:{name}": float(value)
            for name, value in told.get("results", {}).get(doc.get("task_name"), {}).items()
            if not name.endswith("_stderr") and number(value) is not None
        },
        decoding=Decoding(
            temperature=number(parameters.get("temperature")),
            top_p=number(parameters.get("top_p")),
            max_tokens=budget,
            stop_strings=tuple(map(str, doc.get("stop_sequences") or ())),
            seed=whole(parameters.get("seed")),
        ),
        notes=notes,
    )


def _rows(path: Path, columns: Sequence[str] = _COLUMNS) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS, columns=list(columns)):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise LogError(
            f"{path} cannot be read ({' '.join(str(error).split())})",
            remedy="copy it again; a tool that was stopped while it wrote leaves half of it",
        ) from error


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    budget: int | None

    def entries(self) -> Iterator[Entry]:
        """The answers of each problem, in the order of its list."""
        stops = self._stops()
        for place, row in enumerate(_rows(self.path)):
            where = f"{self.path}, row {place}"
            doc, response = row["doc"], row["model_response"]
            texts = response.get("text") or []
            if not texts:
                raise LogError(
                    f"{where} holds no answer that the model wrote",
                    remedy="import a task with generative metrics",
                )
            told, shares = _said(row["metric"] or {}, len(texts))
            tokens = response.get("output_tokens") or ()
            ends = [self._end(ids, stops) for ids in tokens]
            question = _question(doc, response, place)
            for index, text in enumerate(texts):
                length, finish = ends[index] if len(ends) == len(texts) else (None, None)
                yield Entry(
                    question,
                    where,
                    text,
                    index,
                    finish=finish,
                    n_tokens=length,
                    told=told if len(texts) == 1 else {},
                    shares=shares if index == 0 else {},
                )

    def _stops(self) -> set[int]:
        """Tokens that end answers: the last ones of lists that are shorter than was allowed."""
        lists = (
            ids
            for row in _rows(self.path, ("model_response",))
            for ids in row["model_response"].get("output_tokens") or ()
        )
        return {ids[-1] for ids in lists if ids and len(ids) < (self.budget or 0)}

    def _end(self, ids: Sequence[int], stops: set[int]) -> tuple[int | None, Finish | None]:
        """How many tokens an answer has, and how it ended; the file does not say.

        A batch of the transformers backend is filled up to its longest answer with the token
        that ends one, so that token at the end of a list stands for one alone.
        """
        if self.budget is None or not ids:
            return None, None
        if ids[-1] not in stops:
            # The last tokens may be filled up with one that no shorter list shows to be that.
            is_clear = len(ids) < 2 or ids[-1] != ids[-2]
            return (len(ids), Finish.LENGTH) if is_clear else (None, None)
        count = len(ids)
        while count > 1 and ids[count - 2] == ids[-1]:
            count -= 1
        return count, Finish.STOP


def _said(metrics: Mapping[str, Any], n: int) -> tuple[dict[str, Told], dict[str, Share]]:
    if n == 1:
        return {f"lighteval:{name}": judged(value) for name, value in metrics.items()}, {}
    shares = {}
    for name, value in metrics.items():
        drawn = _averaged(name, n)
        if drawn and number(value) is not None:
            shares[f"lighteval:{name}"] = Share(round(float(value) * drawn), drawn)
    return {}, shares


def _averaged(name: str, n: int) -> int | None:
    """Over how many of ``n`` answers a score is the mean, if it is one."""
    base, _, given = name.partition(":")
    parameters = dict(part.partition("=")[::2] for part in given.split("&"))
    counted = int(parameters["n"]) if parameters.get("n", "").isdecimal() else n
    is_first = base.endswith("pass@k") and "g-pass" not in base and parameters.get("k") == "1"
    return counted if counted <= n and (is_first or base == "avg@n") else None


def _question(doc: Mapping[str, Any], response: Mapping[str, Any], place: int) -> Question:
    gold = doc.get("gold_index")
    places = gold if isinstance(gold, list) else [gold]
    choices = doc.get("choices") or []
    golds = [choices[i] for i in places if isinstance(i, int) and 0 <= i < len(choices)]
    asked = doc.get("original_query") or doc.get("query")
    return Question(
        id=str(doc.get("id") or place),
        question=text_of(asked),
        gold=golds[0] if len(golds) == 1 else text_of(golds or None),
        prompt=text_of(response.get("input") or doc.get("query")),
    )
