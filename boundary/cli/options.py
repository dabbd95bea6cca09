"""Options that several commands take, and what their words mean."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boundary.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boundary.sample import Crew
    from boundary.store import Run
    from boundary.store.files import Shard

RESULTS = "results"
"""Where runs lie unless told."""

Results = Annotated[str, typer.Option(help="Directory, or URL, that holds the runs.")]
Data = Annotated[
    Path | None, typer.Option(envvar="BOUNDARY_DATA", help="Folder of local copies of suites.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Ks = Annotated[list[int] | None, typer.Option("--k", min=1, help="Draw size; repeat for a grid.")]
Lenient = Annotated[
    bool, typer.Option("--lenient", help="Count any clear final statement, not only the channel.")
]
Resamples = Annotated[int, typer.Option(min=100, help="Bootstrap draws of problems.")]
VerifierName = Annotated[str | None, typer.Option(help="Read this verifier's verdicts.")]
Out = Annotated[Path | None, typer.Option(help="Write tables and figures here.")]
Replicas = Annotated[
    str, typer.Option(help="Engine processes: a number, or auto for one per group of GPUs.")
]
ShardOf = Annotated[str | None, typer.Option("--shard", help="Draw part I/N only, as in 2/4.")]
UnsafeExecution = Annotated[
    bool,
    typer.Option("--unsafe-execution", help="Run programs without a sandbox, where there is none."),
]
Target = Annotated[
    str,
    typer.Option(
        help="What intervals are of: population, or fixed-suite for new samples of these problems."
    ),
]
Reference = Annotated[
    list[str] | None,
    typer.Option(
        help="Lay published curves under: auto for those of suite and models, or a name from"
        " boundary list references; repeat for several."
    ),
]
Budget = Annotated[
    int | None, typer.Option(min=1, help="Read runs as if drawn with this many tokens.")
]
Errata = Annotated[bool, typer.Option("--errata", help="Correct known errors of the suite.")]


def crew(replicas: str, shard: str | None) -> "Crew":
    """Who draws, from ``--replicas`` and ``--shard``."""
    from boundary.sample import Crew

    if replicas != "auto" and not (replicas.isdecimal() and int(replicas) > 0):
        raise ConfigError(f"--replicas {replicas} is no number", remedy="give auto, or 1 or more")
    return Crew(replicas if replicas == "auto" else int(replicas), part_of(shard))


def part_of(shard: str | None) -> "Shard":
    """The part of the work that ``--shard`` names; all of it where it was not given."""
    from boundary.store.files import WHOLE, Shard

    if shard is None:
        return WHOLE
    number, _, count = shard.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ConfigError(f"--shard {shard} names no shard", remedy="give 1/4, 2/4, 3/4 and 4/4")
    return Shard(int(number), int(count))


def allow(unsafe: bool) -> None:  # noqa: FBT001
    """Let programs run without a sandbox in this process and those that it starts."""
    if unsafe:
        os.environ["BOUNDARY_UNSAFE_EXECUTION"] = "1"


def numbers(text: str | None, name: str) -> tuple[int, ...]:
    """The whole numbers of a list with commas; none where the option was not given."""
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise ConfigError(
            f"{name} {text} is no list of whole numbers", remedy=f"write {name} 512,1024, say"
        ) from None


def located(run: str, results: str) -> str:
    """The path as given, or the run of that name in the results directory."""
    path = run.partition("::")[0]
    if "://" in run or Path(path).exists():
        return run
    inside = f"{results}/{run}"
    is_named = "/" not in path or Path(results, path).exists()
    return inside if is_named else run


def local(results: str) -> Path:
    """The results directory of a command that writes pages and figures into it."""
    if "://" in results:
        raise ConfigError(
            f"{results} is not a directory of this machine, and pages and figures go there",
            remedy="give a local --results; single runs may lie anywhere",
        )
    return Path(results)


def open_runs(names: "Sequence[str]", results: str) -> "list[Run]":
    """The runs of these names, each a path or a name in the results directory."""
    from boundary.store import Run
    from boundary.store.files import Folder

    return [Run.open(Folder.at(located(name, results))) for name in names]
