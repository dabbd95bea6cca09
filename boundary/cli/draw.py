"""The commands that draw samples and judge them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boundary import display
from boundary.cli.options import (
    RESULTS,
    AsJson,
    Data,
    Errata,
    Lenient,
    Replicas,
    Results,
    ShardOf,
    UnsafeExecution,
    allow,
    crew,
    local,
    numbers,
    open_runs,
)
from boundary.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boundary.suites import Suite

commands = typer.Typer()


@commands.command()
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
    temperature: Annotated[
        float | None, typer.Option(min=0.0, help="0.6; of power sampling, the model's own: 1.")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="0.95; of power sampling, the whole law: 1."),
    ] = None,
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
    sampler: Annotated[
        str, typer.Option(help="How the engine is driven: plain, best_of or power.")
    ] = "plain",
    sampler_arg: Annotated[
        list[str] | None, typer.Option(help="key=value for the sampler, as in alpha=4; repeat.")
    ] = None,
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
    from boundary.config import arguments, arm_settings
    from boundary.console import ConsoleProgress
    from boundary.store.files import Folder

    allow(unsafe_execution)
    arm = arm_settings(
        model=model,
        revision=revision,
        engine=engine,
        engine_args=arguments(engine_arg or (), "--engine-arg"),
        logprobs=not no_logprobs,
        seeds=seeds,
        dtype=dtype,
        batch_size=batch_size,
        template=template,
        temperature=temperature,
        top_p=_positive(top_p),
        max_tokens=max_tokens,
        sampler=sampler,
        sampler_args=arguments(sampler_arg or (), "--sampler-arg"),
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
        crew=crew(replicas, shard),
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
    return tuple(sorted(set(numbers(text, "--looks"))))


def _chosen(
    suite: "Suite", file: Path | None, unsolved_by: "Sequence[str] | None", results: str
) -> tuple[str, ...] | None:
    from boundary import chosen

    ids: set[str] | None = None
    if file is not None:
        ids = chosen.listed(file, suite)
    if unsolved_by:
        unsolved = chosen.unsolved(open_runs(unsolved_by, results))
        ids = unsolved if ids is None else ids & unsolved
    if ids is not None and not ids:
        raise ConfigError("no problem is left to draw", remedy="choose others")
    return None if ids is None else tuple(sorted(ids))


def _positive(top_p: float | None) -> float | None:
    if top_p == 0:
        raise ConfigError("top-p 0 leaves no token", remedy="use --temperature 0 for greedy")
    return top_p


@commands.command()
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
    from boundary.console import ConsoleProgress, print_json
    from boundary.probes import unjudged
    from boundary.records import Tier

    allow(unsafe_execution)
    if lenient and diff is None:
        raise ConfigError("both tiers are judged at once", remedy="--lenient goes with --diff")
    if as_json and diff is not None and len(runs) > 1:
        raise ConfigError("--diff --json is about one run", remedy="name the runs one by one")
    tier = Tier.LENIENT if lenient else Tier.STRICT
    judged = []
    for run in open_runs(runs, results):
        for name in diff or (verifier,):
            count = stage.run(run, verifier=name, progress=ConsoleProgress())
            typer.echo(f"{run.name}: {count} samples judged", err=diff is not None or as_json)
            display.show_unjudged(unjudged(run, name), err=diff is not None or as_json)
            judged.append({"run": run.name, "judged": count})
        if diff:
            found = disagreement.run(run, *diff, tier=tier)
            display.show_disagreements(found, as_json=as_json)
    if as_json and diff is None:
        print_json(judged)


@commands.command()
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
    all_tests: Annotated[
        bool, typer.Option("--all-tests", help="Run all tests of a program, and tell of each.")
    ] = False,
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
        allow(unsafe_execution)
        from boundary import grade_problem, suites

        text = grade_problem.answer_of(answer_file)
        loaded = suites.load(suite, data=data, verifier=verifier)
        display.show_verdicts(
            grade_problem.run(loaded, problem, text, template=template, all_tests=all_tests),
            as_json=as_json,
        )
        return
    judge, tier = verifier or "math", Tier.STRICT if strict else Tier.LENIENT
    if jsonl is not None:
        display.show_graded_lines(stage.many(stage.read(jsonl), verifier=judge, tier=tier))
    elif gold is not None and answer is not None:
        display.show_graded(stage.one(gold, answer, verifier=judge, tier=tier), as_json=as_json)
    else:
        raise ConfigError("nothing to judge", remedy="give GOLD and ANSWER, --jsonl or --suite")


@commands.command()
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

    allow(unsafe_execution)
    outcome = stage.run(
        load_study(file),
        local(results),
        data=data,
        command=f"boundary study {file}",
        crew=crew(replicas, shard),
        progress=ConsoleProgress(),
    )
    if outcome is None:
        return
    display.show_findings(outcome.findings)
    typer.echo(f"report: {outcome.page}")


@commands.command()
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
        local(results),
        data=data,
        calibration=Calibration(problems, samples),
        detect=stage.Detect.parse(detect) if detect else None,
        progress=ConsoleProgress(),
    )
    display.show_plan(found, as_json=as_json)
