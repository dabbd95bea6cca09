"""The commands that look: at runs, at what can be named, at this machine, at the zoo."""

from pathlib import Path
from typing import Annotated

import typer

from boundary import display
from boundary.cli.options import RESULTS, AsJson, Data, Errata, Results, local, open_runs
from boundary.errors import StoreError

commands = typer.Typer()
zoo_app = typer.Typer(no_args_is_help=True, help="The embedded checkpoints and their recipe.")
commands.add_typer(zoo_app, name="zoo")
suites_app = typer.Typer(no_args_is_help=True, help="What the suites hold.")
commands.add_typer(suites_app, name="suites")


@commands.command()
def show(
    run: Annotated[str, typer.Argument(help="A run.")],
    problem: Annotated[str | None, typer.Argument(help="One of its problems.")] = None,
    answers: Annotated[int, typer.Option(min=1, help="Answers shown.")] = 4,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Look at a run: progress, health, and with a problem's id its prompt and answers.

    Example: boundary show results/p=0.3-dial-* dial-000
    """
    (found,) = open_runs([run], results)
    if problem is None:
        display.show_run(found, as_json=as_json)
    else:
        display.show_problem(found, problem, answers, as_json=as_json)


@commands.command("list")
def list_(
    kind: Annotated[
        str,
        typer.Argument(
            help="suites, engines, samplers, verifiers, importers, templates, models, presets,"
            " decodings, studies, references or reproductions."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """List what can be named.

    Example: boundary list suites
    """
    from boundary import catalog
    from boundary.console import print_json, print_rows

    rows = catalog.run(kind)
    if as_json:
        print_json([{"name": name, "about": about} for name, about in rows])
    else:
        print_rows(["name", "about"], rows)


@commands.command()
def doctor(results: Results = RESULTS, as_json: AsJson = False) -> None:
    """Try what works on this machine.

    Example: boundary doctor
    """
    from dataclasses import asdict

    from boundary import doctor as stage
    from boundary.console import print_json, print_rows

    checks = stage.run(local(results))
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        marks = {True: "ok", False: "missing"}
        rows = [(check.name, marks[check.is_fine], check.detail) for check in checks]
        print_rows(["what", "", "detail"], rows)
    if not all(check.is_fine for check in checks if check.is_needed):
        raise typer.Exit(1)


@suites_app.command("check")
def suites_check(
    names: Annotated[
        list[str] | None, typer.Argument(help="Suites, or your FILE.jsonl; all that are known.")
    ] = None,
    data: Data = None,
    errata: Errata = False,
    no_golds: Annotated[
        bool, typer.Option("--no-golds", help="Leave the gold answers unjudged.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at suites before a run rests on them: size, ids, gold answers, errata.

    Example: boundary suites check dial
    """
    from dataclasses import asdict

    from boundary import suites_check as stage
    from boundary.console import print_json

    found = []
    for finding in stage.run(names or [], data=data, judge=not no_golds, errata=errata):
        found.append(finding)
        if not as_json:
            typer.echo("\n".join(stage.lines(finding)))
    if as_json:
        print_json([{**asdict(finding), "is_fine": finding.is_fine} for finding in found])
    # Without names, a suite that lies nowhere is no failure.
    if not all(finding.is_fine for finding in found if names or finding.failure is None):
        raise typer.Exit(1)


@zoo_app.command("train")
def zoo_train(
    out: Annotated[Path, typer.Option(help="Directory that receives the checkpoints.")],
    seed: Annotated[int, typer.Option(help="Seed of the recipe.")] = 0,
    scale: Annotated[
        float, typer.Option(min=0.0, help="Share of the steps; below 1 to try it out.")
    ] = 1.0,
) -> None:
    """Train base, rl and distill anew by the committed recipe.

    Example: boundary zoo train --out zoo --scale 0.001
    """
    from boundary.zoo import recipe

    try:
        recipe.run(out, seed=seed, scale=scale, progress=lambda line: typer.echo(line, err=True))
    except OSError as error:
        raise StoreError(
            f"cannot write to {out} ({error.strerror})", remedy="choose another --out directory"
        ) from error
    typer.echo(f"trained: {out}")
