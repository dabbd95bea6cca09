"""What is asked: known suites by name, a user's own by path."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from boundary.errors import SuiteError
from boundary.suites import (
    aime24,
    aime25,
    amc23,
    countdown,
    cruxeval,
    dial,
    gpqa_diamond,
    gsm8k,
    humaneval,
    jsonl,
    livecodebench,
    math500,
    mbppplus,
    minerva,
    olymmath_en,
    olympiadbench,
)
from boundary.suites.base import Suite, SuiteLoader, check, digest_of
from boundary.suites.errata import ERRATA, Erratum, corrected
from boundary.suites.hub import Benchmark

__all__ = [
    "BENCHMARKS",
    "ERRATA",
    "SUITES",
    "Benchmark",
    "Erratum",
    "Suite",
    "SuiteLoader",
    "available",
    "load",
]

GROUP = "boundary.suites"
DATA_VARIABLE = "BOUNDARY_DATA"


def _dial(*, data: Path | None) -> Suite:
    """The embedded suite lies in the package; local copies do not concern it."""
    problems = tuple(dial.load())
    check("dial", problems)
    return Suite("dial", problems, "dial", "dial", "embedded", digest_of(problems))


BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        math500.BENCHMARK,
        aime24.BENCHMARK,
        aime25.BENCHMARK,
        amc23.BENCHMARK,
        minerva.BENCHMARK,
        olympiadbench.BENCHMARK,
        gsm8k.BENCHMARK,
        olymmath_en.BENCHMARK,
        countdown.BENCHMARK,
        countdown.BENCHMARK_3TO4,
        gpqa_diamond.BENCHMARK,
        humaneval.BENCHMARK,
        humaneval.BENCHMARK_PLUS,
        mbppplus.BENCHMARK,
        cruxeval.BENCHMARK_O,
        cruxeval.BENCHMARK_I,
    )
}
"""Suites that lie on the hub or in a local copy."""

SUITES: dict[str, SuiteLoader] = {
    **{name: benchmark.load for name, benchmark in BENCHMARKS.items()},
    livecodebench.NAME: livecodebench.load,
    "dial": _dial,
}


def load(
    name_or_path: str,
    *,
    data: Path | None = None,
    verifier: str | None = None,
    errata: bool = False,
) -> Suite:
    """The suite of that name, or the user's own suite in that JSONL file.

    Args:
        name_or_path: A registered name, one with an edition (``livecodebench@v6``), or a path
            that ends in ``.jsonl`` or ``.jsonl.gz``.
        data: Folder of local copies; the environment's BOUNDARY_DATA when not given.
        verifier: Judges instead of the suite's own verifier.
        errata: Correct what the reviewed table knows to be wrong. Published numbers rest on the
            problems as they are, so this is off unless asked for; the digest tells the two apart.

    Raises:
        SuiteError: No such suite, or its problems are missing or malformed.
    """
    if name_or_path.endswith(jsonl.ENDINGS):
        suite = jsonl.load(Path(name_or_path))
    else:
        suite = _loader(name_or_path)(data=_folder(data))
    suite = corrected(suite) if errata else suite
    return replace(suite, verifier=verifier) if verifier else suite


def available() -> Mapping[str, SuiteLoader]:
    """Every loader by name: the registry, then what other packages add by entry points."""
    others = {entry.name: _deferred(entry) for entry in entry_points(group=GROUP)}
    return {**others, **SUITES}


def _deferred(entry: EntryPoint) -> SuiteLoader:
    """Import another package's loader when it is used, not when suites are listed."""

    def load_other(*, data: Path | None) -> Suite:
        loader: SuiteLoader = entry.load()
        return loader(data=data)

    return load_other


def _loader(name: str) -> SuiteLoader:
    loaders = available()
    if name in loaders:
        return loaders[name]
    if name.startswith(f"{livecodebench.NAME}@"):
        return livecodebench.Edition.parse(name.partition("@")[2]).load
    near = difflib.get_close_matches(name, loaders, n=1, cutoff=0.0)[0]
    raise SuiteError(
        f"no suite is named {name!r}",
        remedy=f"did you mean {near!r}? 'boundary list suites' names them all, "
        "and a file of your own ends in .jsonl or .jsonl.gz",
    )


def _folder(data: Path | None) -> Path | None:
    folder = data or (Path(given) if (given := os.environ.get(DATA_VARIABLE)) else None)
    if folder is not None and not folder.is_dir():
        raise SuiteError(
            f"the data folder {folder} is not a folder",
            remedy=f"correct --data or {DATA_VARIABLE}",
        )
    return folder
