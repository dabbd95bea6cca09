"""The command that computes published numbers again."""

from pathlib import Path
from typing import Annotated

import typer

from boundary.cli.options import AsJson, Data

commands = typer.Typer()


@commands.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="See boundary list reproductions.")],
    counts: Annotated[
        Path | None,
        typer.Option(help="Counts of each problem: problem_id, model, n, c; CSV or parquet."),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Print published numbers beside what comes out here; exit 1 where they differ.

    Numbers that agree to within the rounding of what was published count as equal.

    Example: boundary reproduce yue-four-way
    """
    from dataclasses import asdict

    from boundary import reproduce as stage
    from boundary.console import print_json, print_rows

    checks = stage.run(name, counts=counts, data=data)
    if as_json:
        extra = [{"difference": c.difference, "is_same": c.is_same} for c in checks]
        print_json([{**asdict(c), **more} for c, more in zip(checks, extra, strict=True)])
    else:
        columns = ["what", "published", "recomputed", "difference", ""]
        marks = {True: "", False: "differs"}
        cells = [
            (
                one.what,
                "" if one.published is None else f"{one.published:.10g}",
                f"{one.recomputed:.10g}" if one.published is not None else f"{one.recomputed:.4g}",
                "" if one.difference is None else f"{one.difference:+.2g}",
                marks[one.is_same],
            )
            for one in checks
        ]
        print_rows(columns, cells)
        compared = [one for one in checks if one.published is not None]
        apart = sum(not one.is_same for one in compared)
        typer.echo(
            f"{len(compared) - apart} of {len(compared)} published numbers agree to within"
            " their rounding."
        )
    if not all(one.is_same for one in checks):
        raise typer.Exit(1)
