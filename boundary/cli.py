"""The command line: each command parses, calls one stage and prints what it found."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from boundary import display
from boundary.errors import BoundaryError, ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boundary import stats
    from boundary.passk import Settings
    from boundary.sample import Crew
    from boundary.store import CountsTable, Run
    from boundary.suites import Suite

app = typer.Typer(
    name="boundary",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Did reinforcement learning move the boundary of what a checkpoint can solve?",
)
zoo_app = typer.Typer(no_args_is_help=True, help="The embedded checkpoints and their recipe.")
app.add_typer(zoo_app, name="zoo")
suites_app = typer.Typer(no_args_is_help=True, help="What the suites hold.")
app.add_typer(suites_app, name="suites")

_debug = False

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
Budget = Annotated[
    int | None, typer.Option(min=1, help="Read runs as if drawn with this many tokens.")
]
Errata = Annotated[bool, typer.Option("--errata", help="Correct known errors of the suite.")]
RESULTS = "results"
_INTERRUPTED = 130


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Options that stand before the command."""
    global _debug
    _debug = debug
    if version:
        from boundary import __version__

        typer.echo(f"boundary {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def sample(
    model: Annotated[str, typer.Argument(help="Hub id, folder, zoo/base or fake/p=0.3.")],
    suite: Annotated[str, typer.Option(help="A suite's name, or your FILE.jsonl.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Samples per problem.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first problems.")] = None,
    problems: Annotated[
        Path | None, typer.Option(help="Only those whose ids this file lists, in a run apart.")
    ] = None,
    unsolved_by: Annotated[
        list[str] | None,
        typer.Option(help="Only those that none of these runs solved, in a run apart; repeat."),
    ] = None,
    template: Annotated[str | None, typer.Option(help="Prompt template.")] = None,
    temperature: Annotated[float, typer.Option(min=0.0)] = 0.6,
    top_p: Annotated[float, typer.Option(min=0.0, max=1.0)] = 0.95,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="New tokens per answer.")] = None,
    extend: Annotated[
        int | None, typer.Option(min=1, help="Continue answers that were cut, to this budget.")
    ] = None,
    stop_after: Annotated[
        int | None, typer.Option(min=1, help="Sample adaptively: enough right answers.")
    ] = None,
    looks: Annotated[
        str | None, typer.Option(help="Sample sizes at which that is decided, as in 64,128.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The run's seed.")] = 0,
    engine: Annotated[str | None, typer.Option(help="vllm, transformers or fake.")] = None,
    engine_arg: Annotated[
        list[str] | None,
        typer.Option(help="key=value for the library behind the engine; repeat."),
    ] = None,
    replicas: Replicas = "auto",
    shard: ShardOf = None,
    no_logprobs: Annotated[
        bool, typer.Option("--no-logprobs", help="Store no log-probabilities.")
    ] = False,
    seeds: Annotated[
        str, typer.Option(help="request: one per sample; engine: the library's own stream.")
    ] = "request",
    revision: Annotated[str | None, typer.Option(help="Commit of a hub checkpoint.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16, ...")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows in one batch.")] = None,
    sampler: Annotated[str, typer.Option(help="How the engine is driven.")] = "plain",
    verifier: Annotated[str | None, typer.Option(help="Who decides; the suite's own.")] = None,
    errata: Errata = False,
    unsafe_execution: UnsafeExecution = False,
    results: Results = RESULTS,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Draw samples and judge them; the same command continues an unfinished run.

    Example: boundary sample fake/p=0.3 --suite dial -n 8
    """
    from boundary import sample as stage
    from boundary import suites
    from boundary.config import arm_settings, engine_arguments
    from boundary.console import ConsoleProgress
    from boundary.store.files import Folder

    _allow(unsafe_execution)
    arm = arm_settings(
        model=model,
        revision=revision,
        engine=engine,
        engine_args=engine_arguments(engine_arg or ()),
        logprobs=not no_logprobs,
        seeds=seeds,
        dtype=dtype,
        batch_size=batch_size,
        template=template,
        temperature=temperature,
        top_p=_positive(top_p),
        max_tokens=max_tokens,
        sampler=sampler,
    )
    loaded = suites.load(suite, data=data, verifier=verifier, errata=errata)
    job = stage.Job(
        arm=arm,
        suite=loaded,
        n=n,
        results=Folder.at(results),
        limit=limit,
        seed=seed,
        stop_after=stop_after,
        looks=_looks(looks, stop_after),
        only=_chosen(loaded, problems, unsolved_by, results),
        crew=_crew(replicas, shard),
    )
    progress = ConsoleProgress()
    found = (
        stage.run(job, progress=progress)
        if extend is None
        else stage.extend(job, extend, progress=progress)
    )
    display.show_run(found, as_json=as_json)


def _looks(text: str | None, stop_after: int | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    if stop_after is None:
        raise ConfigError("--looks says when to stop, not after what", remedy="add --stop-after 16")
    return tuple(sorted(set(_numbers(text, "--looks"))))


def _crew(replicas: str, shard: str | None) -> "Crew":
    from boundary.sample import Crew
    from boundary.store.files import WHOLE, Shard

    if replicas != "auto" and not (replicas.isdecimal() and int(replicas) > 0):
        raise ConfigError(f"--replicas {replicas} is no number", remedy="give auto, or 1 or more")
    processes = replicas if replicas == "auto" else int(replicas)
    if shard is None:
        return Crew(processes, WHOLE)
    number, _, count = shard.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ConfigError(f"--shard {shard} names no shard", remedy="give 1/4, 2/4, 3/4 and 4/4")
    return Crew(processes, Shard(int(number), int(count)))


def _chosen(
    suite: "Suite", file: Path | None, unsolved_by: "Sequence[str] | None", results: str
) -> tuple[str, ...] | None:
    from boundary import chosen

    ids: set[str] | None = None
    if file is not None:
        ids = chosen.listed(file, suite)
    if unsolved_by:
        unsolved = chosen.unsolved(_runs(unsolved_by, results))
        ids = unsolved if ids is None else ids & unsolved
    if ids is not None and not ids:
        raise ConfigError("no problem is left to draw", remedy="choose others")
    return None if ids is None else tuple(sorted(ids))


def _positive(top_p: float) -> float:
    if top_p == 0:
        raise ConfigError("top-p 0 leaves no token", remedy="use --temperature 0 for greedy")
    return top_p


@app.command()
def verify(
    runs: Annotated[list[str], typer.Argument(help="Runs.")],
    verifier: Annotated[str | None, typer.Option(help="Judge with this one instead.")] = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Judge with both of these, and show where they differ."),
    ] = None,
    lenient: Lenient = False,
    unsafe_execution: UnsafeExecution = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Judge stored samples that have no verdict yet, or all of them with another verifier.

    Example: boundary verify results/*-dial-*
    """
    from boundary import disagreement
    from boundary import verify as stage
    from boundary.console import ConsoleProgress
    from boundary.records import Tier

    _allow(unsafe_execution)
    tier = Tier.LENIENT if lenient else Tier.STRICT
    for run in _runs(runs, results):
        for name in diff or (verifier,):
            count = stage.run(run, verifier=name, progress=ConsoleProgress())
            typer.echo(f"{run.name}: {count} samples judged", err=diff is not None)
        if diff:
            found = disagreement.run(run, *diff, tier=tier)
            display.show_disagreements(found, as_json=as_json)


@app.command()
def grade(
    gold: Annotated[str | None, typer.Argument(help="The gold answer.")] = None,
    answer: Annotated[str | None, typer.Argument(help="The answer, or a whole response.")] = None,
    jsonl: Annotated[
        Path | None, typer.Option(help="Judge each line of a file, by its gold and pred.")
    ] = None,
    suite: Annotated[str | None, typer.Option(help="Judge an answer to a problem of it.")] = None,
    problem: Annotated[str | None, typer.Option(help="That problem's id.")] = None,
    answer_file: Annotated[Path | None, typer.Option(help="The answer to it.")] = None,
    template: Annotated[str | None, typer.Option(help="Template it was asked with.")] = None,
    verifier: Annotated[str | None, typer.Option(help="Who judges; math for pairs.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Read the asked channel only.")] = False,
    unsafe_execution: UnsafeExecution = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Judge one answer and say why, or many from a file.

    Example: boundary grade '1/2' '0.5'
    """
    from boundary import grade as stage
    from boundary.records import Tier

    if suite is not None:
        if problem is None or answer_file is None:
            raise ConfigError(
                "a suite alone is nothing to judge", remedy="add --problem ID --answer-file FILE"
            )
        _allow(unsafe_execution)
        _grade_problem(suite, problem, answer_file, template, verifier, data, as_json=as_json)
        return
    judge, tier = verifier or "math", Tier.STRICT if strict else Tier.LENIENT
    if jsonl is not None:
        display.show_graded_lines(stage.many(stage.read(jsonl), verifier=judge, tier=tier))
    elif gold is not None and answer is not None:
        display.show_graded(stage.one(gold, answer, verifier=judge, tier=tier), as_json=as_json)
    else:
        raise ConfigError("nothing to judge", remedy="give GOLD and ANSWER, --jsonl or --suite")


def _grade_problem(
    suite: str,
    problem: str,
    file: Path,
    template: str | None,
    verifier: str | None,
    data: Path | None,
    *,
    as_json: bool,
) -> None:
    from boundary import grade_problem, suites

    text = grade_problem.answer_of(file)
    loaded = suites.load(suite, data=data, verifier=verifier)
    display.show_verdicts(
        grade_problem.run(loaded, problem, text, template=template), as_json=as_json
    )


def _allow(unsafe: bool) -> None:  # noqa: FBT001
    """Let programs run without a sandbox in this process and those that it starts."""
    if unsafe:
        os.environ["BOUNDARY_UNSAFE_EXECUTION"] = "1"


@app.command()
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
        budgets=_numbers(budgets, "--budgets"),
        extrapolate=extrapolate,
        metrics=metrics,
        answers=answers,
        cost=cost,
        direct=_one(_counts(direct, settings, results), direct) if direct else None,
    )
    curves = stage.run(found, settings, also=also, out=out)
    display.notices(curves.notes)
    display.show_passk(curves, as_json=as_json)


def _numbers(text: str | None, name: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise ConfigError(
            f"{name} {text} is no list of whole numbers", remedy=f"write {name} 512,1024, say"
        ) from None


def _target(name: str) -> "stats.Target":
    if name == "population":
        return "population"
    if name == "fixed-suite":
        return "fixed_suite"
    raise ConfigError(f"no target {name!r}", remedy="use population or fixed-suite")


@app.command()
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
    given = [float(step) for step in _numbers(steps, "--steps")] or None
    if series and given is None:
        given = stage.steps_of([table.label for table in tables])
    found = stage.run(tables[0], tables[1:], settings, solved_at=solved_at, floor=second, out=out)
    extras = stage.extras(tables[0], tables[1:], settings, steps=given, out=out)
    display.show_comparisons(found, as_json=as_json, extras=extras)


@app.command()
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

    found = _runs(runs, results)
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


@app.command()
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
    for run in _runs(runs, results):
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


@app.command()
def study(
    file: Annotated[Path, typer.Argument(help="A study file.")],
    replicas: Replicas = "auto",
    shard: ShardOf = None,
    unsafe_execution: UnsafeExecution = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Run a whole study, each part continued where it stopped, and write its report.

    A shard draws its share of the samples and writes no report: that takes the study without
    --shard, once all of them are done.

    Example: boundary study configs/fake.yaml
    """
    from boundary import study as stage
    from boundary.config import load_study
    from boundary.console import ConsoleProgress

    _allow(unsafe_execution)
    outcome = stage.run(
        load_study(file),
        _local(results),
        data=data,
        command=f"boundary study {file}",
        crew=_crew(replicas, shard),
        progress=ConsoleProgress(),
    )
    if outcome is None:
        return
    display.show_findings(outcome.findings)
    typer.echo(f"report: {outcome.page}")


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="A study file.")],
    problems: Annotated[int, typer.Option(min=2, help="Problems of each suite tried.")] = 16,
    samples: Annotated[int, typer.Option(min=2, help="Samples of each of them.")] = 4,
    detect: Annotated[
        str | None, typer.Option(help="A gap to find, as in 3pt@128: points at pass@k.")
    ] = None,
    results: Results = RESULTS,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say what a study would take and could find, from a short calibration that is kept.

    Example: boundary plan configs/fake.yaml --detect 3pt@16
    """
    from boundary import plan as stage
    from boundary.calibration import Calibration
    from boundary.config import load_study
    from boundary.console import ConsoleProgress

    found = stage.run(
        load_study(file),
        _local(results),
        data=data,
        calibration=Calibration(problems, samples),
        detect=stage.Detect.parse(detect) if detect else None,
        progress=ConsoleProgress(),
    )
    display.show_plan(found, as_json=as_json)


@app.command()
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
    (found,) = _runs([run], results)
    if problem is None:
        display.show_run(found, as_json=as_json)
    else:
        display.show_problem(found, problem, answers, as_json=as_json)


@app.command("list")
def list_(
    kind: Annotated[
        str,
        typer.Argument(
            help="suites, engines, samplers, verifiers, templates, models, presets, decodings"
            " or studies."
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


@app.command()
def doctor(results: Results = RESULTS, as_json: AsJson = False) -> None:
    """Try what works on this machine.

    Example: boundary doctor
    """
    from dataclasses import asdict

    from boundary import doctor as stage
    from boundary.console import print_json, print_rows

    checks = stage.run(_local(results))
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


def _settings(
    k: "Sequence[int] | None", *, lenient: bool, verifier: str | None, resamples: int, seed: int
) -> "Settings":
    from boundary.passk import Settings
    from boundary.records import Tier

    tier = Tier.LENIENT if lenient else Tier.STRICT
    return Settings(tuple(sorted(set(k))) if k else None, tier, verifier, resamples, seed)


def _located(run: str, results: str) -> str:
    """The path as given, or the run of that name in the results directory."""
    path = run.partition("::")[0]
    if "://" in run or Path(path).exists():
        return run
    inside = f"{results}/{run}"
    is_named = "/" not in path or Path(results, path).exists()
    return inside if is_named else run


def _local(results: str) -> Path:
    """The results directory of a command that writes pages and figures into it."""
    if "://" in results:
        raise ConfigError(
            f"{results} is not a directory of this machine, and pages and figures go there",
            remedy="give a local --results; single runs may lie anywhere",
        )
    return Path(results)


def _runs(names: "Sequence[str]", results: str) -> "list[Run]":
    from boundary.store import Run
    from boundary.store.files import Folder

    return [Run.open(Folder.at(_located(name, results))) for name in names]


def _counts(name: str, settings: "Settings", results: str) -> "list[CountsTable]":
    from boundary.store import load_counts

    return load_counts(_located(name, results), tier=settings.tier, verifier=settings.verifier)


def _one(tables: "list[CountsTable]", name: str) -> "CountsTable":
    if len(tables) > 1:
        raise ConfigError(
            f"{name} holds several models",
            remedy=f"name one: {', '.join(f'{name}::{table.label}' for table in tables)}",
        )
    return tables[0]


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; an error a user can cause is one paragraph and exit code 1."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code: Any = app(standalone_mode=False)
    except BoundaryError as error:
        if _debug:
            raise
        # What another library said may hold line ends of its own.
        problem, remedy = (" ".join(text.split()) for text in (error.problem, error.remedy))
        sys.stderr.write(f"error: {problem}.\n{remedy}\n")
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        sys.exit(1)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except Exception as error:
        if not hasattr(error, "show") or not hasattr(error, "exit_code"):
            raise
        error.show()
        sys.exit(error.exit_code)
    # Typer itself turns most interruptions into this code, without a word.
    if code == _INTERRUPTED:
        sys.stderr.write("interrupted: all finished samples are stored; run it again\n")
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
