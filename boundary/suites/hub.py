"""Known suites: a local copy where there is one, the Hugging Face hub otherwise.

In a folder of local copies a suite is looked for under its names, in this order:

- ``NAME.jsonl`` or ``NAME.jsonl.gz``, each line with ``id``, ``problem`` and ``answer``, or with
  the hub's own fields;
- ``NAME.csv`` or ``NAME.parquet`` with the hub's own fields;
- the folder ``NAME/``: a snapshot of the hub's repository, or what ``save_to_disk`` wrote.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from boundary.errors import PackageError, SuiteError
from boundary.records import Problem
from boundary.suites import jsonl
from boundary.suites.base import REQUIRED, Suite, check, digest_of, problem_of

TABLES = (".csv", ".parquet")
"""Endings of local tables."""

# What a converter runs into when a row is not what it should be.
_MALFORMED = (KeyError, ValueError, TypeError, AttributeError, IndexError)

Row = tuple[str, Mapping[str, Any]]
"""Where a row lies, for messages, and its fields."""


@dataclass(frozen=True, slots=True)
class HubSource:
    """Where a suite lies on the hub; ``path`` may also be a local folder of the same format.

    ``configs`` are read one after the other, the default one where there is none; ``rows`` is the
    half-open range of rows that belong to the suite, and ``size`` their number where it is not
    the suite's own. ``gated`` data need an account that accepted its terms.
    """

    path: str
    split: str
    revision: str | None = None
    configs: tuple[str, ...] = ()
    rows: tuple[int, int] | None = None
    size: int | None = None
    gated: bool = False

    @property
    def label(self) -> str:
        """Path and revision, for messages and manifests."""
        return f"{self.path}@{self.revision}" if self.revision else self.path


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A known suite: its number of problems, and how a row of the hub becomes a problem.

    ``convert`` takes a row and its position; what it raises says that the row is not what it
    should be. ``arrange`` works on all problems, wherever they were read. ``files`` are further
    names of a local copy, and ``guess`` is the chance of a blind guess where choices are given.
    ``needs`` says which fields a line must have: a program's tests have a place in the hub's only.
    """

    name: str
    size: int
    convert: Callable[[Mapping[str, Any], int], Problem]
    hub: HubSource | None
    template: str = "qwen-boxed"
    verifier: str = "math"
    files: tuple[str, ...] = ()
    guess: float | None = None
    arrange: Callable[[tuple[Problem, ...]], tuple[Problem, ...]] | None = None
    needs: str = "id, problem and answer"

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of problems that a complete copy may have, the suite's own first."""
        other = self.hub.size if self.hub else None
        return (self.size, other) if other else (self.size,)

    def load(self, *, data: Path | None) -> Suite:
        """See :class:`boundary.suites.base.SuiteLoader`."""
        local = self._find(data) if data else None
        if local is not None:
            return self._suite(self._local(local), str(local), self.sizes)
        if self.hub is not None:
            rows = _hub_rows(self.name, self.hub, data)
            return self._suite(rows, self.hub.label, self.sizes[-1:])
        raise SuiteError(
            f"suite {self.name!r} lies on no hub{f' and not in {data}' if data else ''}",
            remedy=f"give --data FOLDER or set BOUNDARY_DATA to a folder with {self._wanted}",
        )

    def _suite(self, rows: Iterator[Row], source: str, sizes: tuple[int, ...]) -> Suite:
        problems = tuple(self._problems(rows))
        check(self.name, problems, sizes=sizes)
        arranged = self.arrange(problems) if self.arrange else problems
        return Suite(
            name=self.name,
            problems=arranged,
            template=self.template,
            verifier=self.verifier,
            source=source,
            digest=digest_of(arranged),
            guess=self.guess,
        )

    @property
    def _wanted(self) -> str:
        """The local files that would do."""
        stem = self.files[0] if self.files else self.name
        return f"{stem}.jsonl or {stem}.jsonl.gz"

    def _find(self, data: Path) -> Path | None:
        stems = (*self.files, self.name)
        for stem in stems:
            if (lines := jsonl.find(data, stem)) is not None:
                return lines
        tables = (data / f"{stem}{ending}" for stem in stems for ending in TABLES)
        folders = (data / stem for stem in stems)
        return next(
            (path for path in tables if path.is_file()),
            next((path for path in folders if path.is_dir()), None),
        )

    def _local(self, path: Path) -> Iterator[Row]:
        if path.name.endswith(jsonl.ENDINGS):
            return jsonl.rows(path)
        if path.suffix == ".csv":
            return _csv_rows(path)
        return _table_rows(self.name, self.hub, path)

    def _problems(self, rows: Iterator[Row]) -> Iterator[Problem]:
        for index, (where, row) in enumerate(rows):
            if all(isinstance(row.get(field), str) for field in REQUIRED):
                yield problem_of(row, where)
            else:
                yield self._converted(row, index, where)

    def _converted(self, row: Mapping[str, Any], index: int, where: str) -> Problem:
        try:
            return _stated(self.convert(row, index))
        except _MALFORMED as error:
            raise SuiteError(
                f"{where} is no problem of {self.name!r} ({error!r})",
                remedy=f"replace the copy, or put {self._wanted} in a folder and give "
                f"--data FOLDER; each line needs {self.needs}",
            ) from error


def _stated(problem: Problem) -> Problem:
    for field in ("id", "question", "answer"):
        value = getattr(problem, field)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"no {field}")
    return problem


def _hub_rows(name: str, hub: HubSource, data: Path | None) -> Iterator[Row]:
    looked = f"not in {data} and " if data else ""
    terms = f"accept its terms at https://huggingface.co/datasets/{hub.path} and log in, or "
    remedy = (
        f"{terms if hub.gated else ''}give --data FOLDER or set BOUNDARY_DATA to a folder with "
        f"{name}.jsonl, {name}.jsonl.gz, {name}.csv or a folder {name}"
    )
    parts = _parts(name, hub, f"{looked}not to be had from {hub.label}", remedy)
    return _numbered(parts, hub.label)


def _csv_rows(path: Path) -> Iterator[Row]:
    """As text throughout: an answer 2.50 is no number yet, and None may be a choice."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for index, row in enumerate(csv.DictReader(file)):
                yield f"row {index} of {path}", row
    except (OSError, ValueError, csv.Error) as error:
        raise SuiteError(f"{path} cannot be read ({error})", remedy="replace the file") from error


def _table_rows(name: str, hub: HubSource | None, path: Path) -> Iterator[Row]:
    source = hub or HubSource(str(path), "train")
    remedy = "replace the copy with a complete one in the format of the hub"
    parts = _parts(name, source, f"not to be read from {path}", remedy, path=path)
    return _numbered(parts, str(path))


def _numbered(parts: Iterator[Any], label: str) -> Iterator[Row]:
    rows = (row for part in parts for row in part)
    return ((f"row {index} of {label}", row) for index, row in enumerate(rows))


def _parts(
    name: str, hub: HubSource, failure: str, remedy: str, *, path: Path | None = None
) -> Iterator[Any]:
    """The data sets that make up the suite, each a sequence of rows."""
    datasets = _datasets(name)
    try:
        for config in _configs(datasets, hub, path):
            yield _cut(_open(datasets, hub, config, path), hub)
    # The hub's failures, from no network to a missing revision, are one of these.
    except (OSError, ValueError, LookupError, datasets.exceptions.DatasetsError) as error:
        raise SuiteError(f"suite {name!r} is {failure} ({_first(error)})", remedy=remedy) from error


def _configs(datasets: ModuleType, hub: HubSource, path: Path | None) -> tuple[str | None, ...]:
    """The configurations to read; a copy that is not laid out as the hub is has only one."""
    if path is None:
        return hub.configs or (None,)
    if path.is_file() or _is_saved(path):
        return (None,)
    names = datasets.get_dataset_config_names(str(path))
    return hub.configs if set(hub.configs) & set(names) else (names[0],)


def _open(datasets: ModuleType, hub: HubSource, config: str | None, path: Path | None) -> Any:
    if path is None:
        return datasets.load_dataset(hub.path, config, split=hub.split, revision=hub.revision)
    if path.is_file():
        return datasets.load_dataset("parquet", data_files=str(path), split="train")
    if _is_saved(path):
        saved = datasets.load_from_disk(str(path))
        return saved[hub.split] if isinstance(saved, dict) else saved
    return datasets.load_dataset(str(path), config, split=hub.split)


def _is_saved(folder: Path) -> bool:
    """Whether ``save_to_disk`` wrote the folder, with its splits or without."""
    return any((folder / name).is_file() for name in ("dataset_dict.json", "state.json"))


def _cut(found: Any, hub: HubSource) -> Any:
    """The suite's rows of a data set; a copy may hold just these."""
    if hub.rows is None or len(found) == hub.rows[1] - hub.rows[0]:
        return found
    return found.select(range(*hub.rows))


def _datasets(name: str) -> ModuleType:
    try:
        import datasets
    except ImportError as error:
        raise PackageError(
            f"suite {name!r} is read with the package 'datasets', which is missing",
            remedy="pip install datasets, or give --data FOLDER with a local copy",
        ) from error
    module: ModuleType = datasets
    return module


def _first(error: Exception) -> str:
    """The first line of an error: the hub's run over many."""
    return (str(error) or type(error).__name__).splitlines()[0]
