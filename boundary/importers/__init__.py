"""The doors from other tools: importers by the name of their format."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from boundary.errors import LogError
from boundary.importers.base import Entry, Importer, Log, Question, Share, Told
from boundary.importers.evalplus import EvalPlus
from boundary.importers.human_eval import HumanEval
from boundary.importers.inspect import Inspect
from boundary.importers.jsonl import Jsonl
from boundary.importers.lighteval import Lighteval
from boundary.importers.limit_of_rlvr import LimitOfRlvr
from boundary.importers.lines import rows
from boundary.importers.lm_eval import LmEval
from boundary.importers.nemo_skills import NemoSkills

__all__ = [
    "IMPORTERS",
    "Entry",
    "Importer",
    "Log",
    "Question",
    "Share",
    "Told",
    "available",
    "create",
    "open_log",
]

GROUP = "boundary.importers"
_MOST = 50
"""Files of a folder that are looked at to tell its format."""

IMPORTERS: dict[str, Callable[[], Importer]] = {
    "lm-eval": LmEval,
    "lighteval": Lighteval,
    "inspect": Inspect,
    "nemo-skills": NemoSkills,
    "evalplus": EvalPlus,
    "human-eval": HumanEval,
    "limit-of-rlvr": LimitOfRlvr,
    "jsonl": Jsonl,
}
"""By format, from the most particular to the one that takes any lines."""


def create(name: str) -> Importer:
    """A new importer of that format.

    Raises:
        LogError: There is none; the message names the nearest.
    """
    makers = available()
    if name in makers:
        return makers[name]()
    near = difflib.get_close_matches(name, makers, n=1, cutoff=0.0)[0]
    raise LogError(
        f"no format is named {name!r}",
        remedy=f"did you mean {near!r}? 'boundary list importers' names them all",
    )


def available() -> Mapping[str, Callable[[], Importer]]:
    """Every maker by name: the registry, then what other packages add by entry points."""
    others = {entry.name: _deferred(entry) for entry in entry_points(group=GROUP)}
    return {**others, **IMPORTERS}


def _deferred(entry: EntryPoint) -> Callable[[], Importer]:
    """Import another package's importer when it is used, not when importers are listed."""

    def make() -> Importer:
        importer: Importer = entry.load()()
        return importer

    return make


def open_log(name: str, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
    """The log of that format in these files and folders.

    Raises:
        LogError: There is no such format, the files look like another one, or cannot be read.
        PackageError: Reading them takes a package that is not installed.
    """
    importer = create(name)
    _refuse_fields(name, fields)
    _refuse_other(importer, paths)
    return importer.open(paths, fields)


def _refuse_fields(name: str, fields: Mapping[str, str]) -> None:
    if fields and name in IMPORTERS and name != "jsonl":
        raise LogError(
            f"the fields of {name} are known, so --map names none of them",
            remedy="leave --map out, or import the files as jsonl",
        )


def _refuse_other(importer: Importer, paths: Sequence[Path]) -> None:
    """A file that looks like another format is no file of this one, and so is a folder of them."""
    for path in paths:
        found = _looked_at(path)
        if not found or any(importer.recognises(file) for file in found):
            continue
        likely = next((name for file in found for name in _formats_of(file)), None)
        if likely is not None:
            raise LogError(
                f"{path} does not look like a file of {importer.name}: it looks like {likely}",
                remedy=f"boundary import {likely} {path}",
            )
        if path.name.endswith((".jsonl", ".jsonl.gz")):
            # A first line that is no JSON has its own message.
            next(rows(path), None)
        if path.is_file():
            raise LogError(
                f"{path} does not look like a file of {importer.name}",
                remedy="name its format; 'boundary list importers' names them all, and jsonl with"
                " --map reads any lines of JSON",
            )


def _looked_at(path: Path) -> list[Path]:
    """A file, or the first ones of a folder; those that only go with others tell no format."""
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in inside if file.is_file() and file.suffix != ".json"][:_MOST]


def _formats_of(path: Path) -> Iterator[str]:
    """Formats that a file looks like, but for the one that takes any lines."""
    for name, make in available().items():
        if name != "jsonl" and make().recognises(path):
            yield name
