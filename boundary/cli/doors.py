"""The command that takes in what other tools have drawn."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boundary import display
from boundary.cli.options import RESULTS, AsJson, Data, Results
from boundary.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

commands = typer.Typer()


@commands.command("import")
def import_(
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help="As boundary list importers.")],
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of one log.")],
    suite: Annotated[
        str | None, typer.Option(help="A suite, or your FILE.jsonl, whose problems these are.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model, where the log has no name.")] = None,
    template: Annotated[
        str | None, typer.Option(help="Prompt template they were asked with, if one of ours.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="field=column of your own JSON lines; repeat."),
    ] = None,
    results: Results = RESULTS,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take in another tool's log as a run, with that tool's own verdicts.

    Example: boundary import jsonl answers.jsonl --model mine --map text=response
    """
    from boundary import importer as stage
    from boundary import suites
    from boundary.console import ConsoleProgress
    from boundary.store.files import Folder

    request = stage.Request(
        format_,
        tuple(paths),
        Folder.at(results),
        suite=suites.load(suite, data=data) if suite else None,
        model=model,
        template=template,
        fields=_fields(map_ or ()),
    )
    found = stage.run(request, progress=ConsoleProgress())
    display.notices(found.notes)
    display.show_imported(found, as_json=as_json)


def _fields(pairs: "Sequence[str]") -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise ConfigError(f"--map {pair} maps nothing", remedy="write --map text=response, say")
        found[name.strip()] = column.strip()
    return found
