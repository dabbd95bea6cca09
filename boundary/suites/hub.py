"""Known suites: a local copy where there is one, the Hugging Face hub otherwise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import PackageError, SuiteError
from boundary.records import Problem
from boundary.suites import jsonl
from boundary.suites.base import Suite, check, digest_of


@dataclass(frozen=True, slots=True)
class HubSource:
    """Where a suite lies on the hub; ``path`` may also be a local folder of the same format."""

    path: str
    split: str
    revision: str | None
    config: str | None = None

    @property
    def label(self) -> str:
        """Path and revision, for messages and manifests."""
        return f"{self.path}@{self.revision}" if self.revision else self.path


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A known suite: its number of problems, and how a row of the hub becomes a problem.

    ``convert`` takes a row and its position; ``KeyError`` and ``ValueError`` from it say that
    the row is not what it should be.
    """

    name: str
    size: int
    hub: HubSource
    convert: Callable[[Mapping[str, Any], int], Problem]
    template: str = "qwen-boxed"
    verifier: str = "math"

    def load(self, *, data: Path | None) -> Suite:
        """See :class:`boundary.suites.base.SuiteLoader`."""
        local = jsonl.find(data, self.name) if data else None
        problems = tuple(jsonl.read(local) if local else self._from_hub(data))
        check(self.name, problems, size=self.size)
        return Suite(
            name=self.name,
            problems=problems,
            template=self.template,
            verifier=self.verifier,
            source=str(local or self.hub.label),
            digest=digest_of(problems),
        )

    def _from_hub(self, data: Path | None) -> Iterator[Problem]:
        for index, row in enumerate(_rows(self, data)):
            try:
                yield self.convert(row, index)
            except (KeyError, ValueError) as error:
                raise SuiteError(
                    f"row {index} of {self.hub.label} is no problem of {self.name!r} ({error!r})",
                    remedy=f"put a copy as {self.name}.jsonl in a folder and give --data FOLDER",
                ) from error


def _rows(benchmark: Benchmark, data: Path | None) -> Iterator[Mapping[str, Any]]:
    try:
        import datasets
    except ImportError as error:
        raise PackageError(
            f"suite {benchmark.name!r} is read with the package 'datasets', which is missing",
            remedy="pip install datasets, or give --data FOLDER with a local copy",
        ) from error
    hub = benchmark.hub
    try:
        yield from datasets.load_dataset(
            hub.path, hub.config, split=hub.split, revision=hub.revision
        )
    # The hub's failures, from no network to a missing revision, are one of these.
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        looked = f"not in {data} and " if data else ""
        raise SuiteError(
            f"suite {benchmark.name!r} is {looked}not to be had from {hub.label} ({_first(error)})",
            remedy=f"give --data FOLDER or set BOUNDARY_DATA to a folder with "
            f"{benchmark.name}.jsonl or {benchmark.name}.jsonl.gz",
        ) from error


def _first(error: Exception) -> str:
    """The first line of an error: the hub's run over many."""
    return (str(error) or type(error).__name__).splitlines()[0]
