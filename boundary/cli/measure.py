"""The commands that turn runs into numbers, tables and pages."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boundary import display
from boundary.cli.options import (
    RESULTS,
    AsJson,
    Budget,
    Ks,
    Lenient,
    Out,
    Resamples,
    Results,
    Target,
    VerifierName,
    located,
    numbers,
    open_runs,
)
from boundary.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boundary import stats
    from boundary.passk import Settings
    from boundary.store import CountsTable, Run

commands = typer.Typer()


@commands.command()
def passk(
    runs: Annotated[list[str], typer.Argument(help="Runs, or FILE or FILE::MODEL of counts.")],
    k: Ks = None,
    budget: Budget = None,
    budgets: Annotated[
        str | None,
        typer.Option(help="Also the curve at these smaller token budgets, as in 512,1024."),
    ] = None,
    extrapolate: Annotated[
        int | None, typer.Option(min=2, help="Extrapolate to this k beyond n, in a table apart.")
    ] = None,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Also pass^k, G-Pass@k, mG-Pass@k and Cover.")
    ] = False,
    answers: Annotated[
        bool,
        typer.Option("--answers", help="Also maj@k, answer entropy and what guessing would hit."),
    ] = False,
    cost: Annotated[bool, typer.Option("--cost", help="Also pass@k against tokens.")] = False,
    direct: Annotated[
        str | None,
        typer.Option(help="Answers without reasoning: leave out problems they hit by luck."),
    ] = None,
    lenient: Lenient = False,
    verifier: VerifierName = None,
    target: Target = "population",
    resamples: Resamples = 2000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    out: Out = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Estimate unbiased pass@k curves with intervals.

    Example: boundary passk results/*-dial-* --k 1 --k 4 --out curves
    """
    from boundary import passk as stage

    own = _settings(k, lenient=lenient, verifier=verifier, resamples=resamples, seed=seed)
    settings = replace(own, target=_target(target), budget=budget)
    found = [table for run in runs for table in _counts(run, settings, results)]
    also = stage.Also(
        budgets=numbers(budgets, "--budgets"),
        extrapolate=extrapolate,
        metrics=metrics,
        answers=answers,
        cost=cost,
        direct=_one(_counts(direct, settings, results), direct) if direct else None,
    )
    curves = stage.run(found, settings, also=also, out=out)
    display.notices(curves.notes)
    display.show_passk(curves, as_json=as_json)


def _target(name: str) -> "stats.Target":
    if name == "population":
        return "population"
    if name == "fixed-suite":
        return "fixed_suite"
    raise ConfigError(f"no target {name!r}", remedy="use population or fixed-suite")


@commands.command()
def compare(
    base: Annotated[str, typer.Argument(help="The base: a run, or FILE::MODEL.")],
    others: Annotated[list[str], typer.Argument(help="The runs or models compared with it.")],
    k: Ks = None,
    solved_at: Annotated[
        int | None, typer.Option(min=1, help="Samples within which a problem is solved.")
    ] = None,
    floor: Annotated[
        str | None,
        typer.Option(help="An independent second run of the base: the noise floor at full k."),
    ] = None,
    intersect: Annotated[
        bool, typer.Option("--intersect", help="Compare on the problems that all share.")
    ] = False,
    series: Annotated[
        bool,
        typer.Option("--series", help="Checkpoints in order; steps are read from their labels."),
    ] = False,
    steps: Annotated[
        str | None, typer.Option(help="Their training steps, the base's first, as in 0,100,300.")
    ] = None,
    budget: Budget = None,
    lenient: Lenient = False,
    verifier: VerifierName = None,
    target: Target = "population",
    resamples: Resamples = 2000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    out: Out = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Compare models with a base on the same problems: curves, solved sets, crossing, verdict.

    Example: boundary compare results/p=0.3-dial-* results/first=2-dial-* --out versus
    """
    from boundary import compare as stage

    own = _settings(k, lenient=lenient, verifier=verifier, resamples=resamples, seed=seed)
    settings = replace(own, target=_target(target), budget=budget)
    named = [base, *others, *([floor] if floor else [])]
    tables = [_one(_counts(name, settings, results), name) for name in named]
    if intersect:
        tables = stage.shared(tables)
    second = tables.pop() if floor else None
    given = [float(step) for step in numbers(steps, "--steps")] or None
    if series and given is None:
        given = stage.steps_of([table.label for table in tables])
    found = stage.run(tables[0], tables[1:], settings, solved_at=solved_at, floor=second, out=out)
    extras = stage.extras(tables[0], tables[1:], settings, steps=given, out=out)
    display.show_comparisons(found, as_json=as_json, extras=extras)


@commands.command()
def ppl(
    runs: Annotated[list[str], typer.Argument(help="Runs whose answers are scored.")],
    under: Annotated[str, typer.Option(help="The scoring model.")],
    answers: Annotated[int, typer.Option(min=1, help="Answers per problem.")] = 32,
    seed: Annotated[int, typer.Option(help="Seed that draws the answers.")] = 0,
    engine: Annotated[str | None, typer.Option(help="fake or transformers.")] = None,
    solutions: Annotated[bool, typer.Option(help="Score the suite's solutions too.")] = False,
    out: Out = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Perplexity of stored answers under a model, from raw log-probabilities.

    Example: boundary ppl results/*-dial-* --under fake/p=0.3 --answers 4
    """
    from boundary import ppl as stage
    from boundary import tables
    from boundary.config import ArmSettings, PerplexitySettings
    from boundary.console import ConsoleProgress, print_table

    found = open_runs(runs, results)
    cells = stage.run(
        {run.name: run for run in found},
        stage.Judge(under, ArmSettings(model=under, engine=engine)),
        PerplexitySettings(answers=answers, seed=seed),
        solutions=solutions,
        progress=ConsoleProgress(),
    )
    if out is not None:
        stage.write(cells, str(found[0].manifest.identity["suite"]), out)
    print_table(tables.perplexities(cells), as_json=as_json)


@commands.command()
def report(
    runs: Annotated[list[str], typer.Argument(help="Runs; the first one is the base.")],
    out: Annotated[Path, typer.Option(help="Directory of the page.")] = Path("report"),
    lenient: Lenient = False,
    verifier: VerifierName = None,
    resamples: Resamples = 2000,
    results: Results = RESULTS,
) -> None:
    """Write one self-contained HTML page on some runs, with tables and figures beside it.

    Example: boundary report results/*-dial-* --out page
    """
    from boundary import report as stage
    from boundary.config import PerplexitySettings
    from boundary.console import ConsoleProgress

    settings = _settings(None, lenient=lenient, verifier=verifier, resamples=resamples, seed=0)
    by_suite: dict[str, dict[str, Run]] = {}
    for run in open_runs(runs, results):
        by_suite.setdefault(run.suite_label, {})[run.name] = run
    pairs = [(next(iter(arms)), arm) for arms in by_suite.values() for arm in list(arms)[1:]]
    plan = stage.Plan(
        title=", ".join(by_suite),
        runs=by_suite,
        pairs=pairs,
        settings=settings,
        perplexity=PerplexitySettings(),
        commands=" ".join(["boundary report", *runs]),
    )
    found = stage.run(plan, out, progress=ConsoleProgress())
    display.show_findings(found)
    typer.echo(f"report: {out / 'report.html'}")


def _settings(
    k: "Sequence[int] | None", *, lenient: bool, verifier: str | None, resamples: int, seed: int
) -> "Settings":
    from boundary.passk import Settings
    from boundary.records import Tier

    tier = Tier.LENIENT if lenient else Tier.STRICT
    return Settings(tuple(sorted(set(k))) if k else None, tier, verifier, resamples, seed)


def _counts(name: str, settings: "Settings", results: str) -> "list[CountsTable]":
    from boundary.store import load_counts

    return load_counts(located(name, results), tier=settings.tier, verifier=settings.verifier)


def _one(tables: "list[CountsTable]", name: str) -> "CountsTable":
    if len(tables) > 1:
        raise ConfigError(
            f"{name} holds several models",
            remedy=f"name one: {', '.join(f'{name}::{table.label}' for table in tables)}",
        )
    return tables[0]
