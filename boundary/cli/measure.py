"""The commands that turn runs into numbers, tables and pages."""

import shlex
import sys
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
    Reference,
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
    from boundary.store import CountsTable

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
    reference: Reference = None,
    out: Out = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Estimate unbiased pass@k curves with intervals.

    Example: boundary passk results/*-dial-* --k 1 --k 4 --out curves
    """
    from boundary import passk as stage

    own = _settings(k, lenient=lenient, verifier=verifier, resamples=resamples, seed=seed)
    under = _reference(reference, out)
    settings = replace(own, target=_target(target), budget=budget, reference=under)
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
    _tell_of_references(found, settings)
    display.notices(curves.notes)
    display.show_passk(curves, as_json=as_json)


def _reference(names: "Sequence[str] | None", out: Path | None) -> tuple[str, ...]:
    if names and out is None:
        raise ConfigError(
            "--reference without --out draws nothing", remedy="say with --out where figures go"
        )
    return tuple(names or ())


def _tell_of_references(found: "Sequence[CountsTable]", settings: "Settings") -> None:
    """Say so where published curves were asked for and none is of these models."""
    from boundary import passk as stage

    if settings.reference and not stage.references(found, settings):
        suite = stage.suite_name(found)
        display.notices(
            [f"no published curve of these models on {suite}; see boundary list references"]
        )


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
    reference: Reference = None,
    out: Out = None,
    results: Results = RESULTS,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print verdict and tables as GitHub Markdown.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare models with a base on the same problems: curves, solved sets, crossing, verdict.

    Example: boundary compare results/p=0.3-dial-* results/first=2-dial-* --out versus
    """
    from boundary import compare as stage

    if markdown and as_json:
        raise ConfigError("--markdown and --json exclude each other", remedy="give one of them")
    own = _settings(k, lenient=lenient, verifier=verifier, resamples=resamples, seed=seed)
    under = _reference(reference, out)
    settings = replace(own, target=_target(target), budget=budget, reference=under)
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
    _tell_of_references(tables, settings)
    if markdown:
        display.show_markdown(found)
    else:
        display.show_comparisons(found, as_json=as_json, extras=extras)


@commands.command()
def report(
    runs: Annotated[list[str], typer.Argument(help="Runs; the first one is the base.")],
    out: Annotated[Path, typer.Option(help="Directory of the page.")] = Path("report"),
    lenient: Lenient = False,
    verifier: VerifierName = None,
    resamples: Resamples = 2000,
    reference: Reference = None,
    results: Results = RESULTS,
) -> None:
    """Write one self-contained HTML page on some runs, with tables and figures beside it.

    Example: boundary report results/*-dial-* --out page
    """
    from boundary import report as stage
    from boundary.config import PerplexitySettings
    from boundary.console import ConsoleProgress

    own = _settings(None, lenient=lenient, verifier=verifier, resamples=resamples, seed=0)
    settings = replace(own, reference=tuple(reference or ()))
    found_runs = stage.by_arm(open_runs(runs, results))
    plan = stage.Plan(
        title=", ".join(found_runs),
        runs=found_runs,
        pairs=stage.against_first(found_runs),
        settings=settings,
        perplexity=PerplexitySettings(),
        commands=shlex.join(["boundary", *sys.argv[1:]]),
    )
    found = stage.run(plan, out, progress=ConsoleProgress())
    display.show_findings(found)
    typer.echo(f"report: {out / 'report.html'}")


@commands.command()
def export(
    runs: Annotated[list[str], typer.Argument(help="Runs.")],
    counts: Annotated[
        bool,
        typer.Option("--counts", help="A plain table of counts instead, of runs of a fixed n."),
    ] = False,
    out: Annotated[str, typer.Option(help="Directory, or URL, of the files.")] = ".",
    lenient: Lenient = False,
    verifier: VerifierName = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Write runs as small archives that passk and compare read as the runs themselves.

    An archive holds which samples were right, their lengths and the manifest; no text. What
    --lenient and --verifier choose is for --counts: an archive holds all verdicts.

    Example: boundary export results/*-dial-* --out archives
    """
    from boundary import exporter as stage
    from boundary.store.files import Folder

    if counts:
        settings = _settings(None, lenient=lenient, verifier=verifier, resamples=100, seed=0)
        found = [_one(_counts(run, settings, results), run) for run in runs]
        written = stage.counts(found, Folder.at(out))
    elif lenient or verifier:
        raise ConfigError(
            "an archive holds the verdicts of every verifier in both tiers",
            remedy="leave --lenient and --verifier out, or add --counts",
        )
    else:
        written = stage.run(open_runs(runs, results), Folder.at(out))
    display.show_exported(written, as_json=as_json)


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
