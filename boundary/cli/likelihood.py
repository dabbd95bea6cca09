"""The commands on how likely answers are, and how undecided the model was that wrote them."""

from typing import Annotated

import typer

from boundary.cli.options import (
    RESULTS,
    AsJson,
    Data,
    Lenient,
    Out,
    Results,
    VerifierName,
    open_runs,
    part_of,
)

commands = typer.Typer()


@commands.command()
def ppl(
    runs: Annotated[list[str], typer.Argument(help="Runs whose answers are scored.")],
    under: Annotated[str, typer.Option(help="The scoring model.")],
    answers: Annotated[int, typer.Option(min=1, help="Answers per problem.")] = 32,
    seed: Annotated[int, typer.Option(help="Seed that draws the answers.")] = 0,
    truncated: Annotated[
        bool, typer.Option("--truncated", help="Score answers that ran out of tokens, too.")
    ] = False,
    solutions: Annotated[
        str | None,
        typer.Option(help="Score worked solutions too: suite, or a JSONL of id and solution."),
    ] = None,
    engine: Annotated[str | None, typer.Option(help="fake, transformers or vllm.")] = None,
    engine_arg: Annotated[
        list[str] | None, typer.Option(help="key=value for the library behind it; repeat.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Commit of a hub checkpoint.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16, ...")] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", help="Score part I/N only, as in 2/4; tell nothing.")
    ] = None,
    lenient: Lenient = False,
    verifier: VerifierName = None,
    out: Out = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Perplexity of stored answers under a model, from raw log-probabilities.

    Example: boundary ppl results/*-dial-* --under fake/p=0.3 --answers 4
    """
    from boundary import ppl as stage
    from boundary import tables
    from boundary.config import PerplexitySettings, arguments, arm_settings
    from boundary.console import ConsoleProgress, print_table
    from boundary.records import Tier
    from boundary.store.files import WHOLE

    found = open_runs(runs, results)
    arm = arm_settings(
        model=under,
        engine=engine,
        revision=revision,
        dtype=dtype,
        engine_args=arguments(engine_arg or (), "--engine-arg"),
    )
    scoring = stage.Scoring(
        PerplexitySettings(
            answers=answers,
            seed=seed,
            truncated=truncated,
            solutions=None if solutions == "suite" else solutions,
        ),
        tier=Tier.LENIENT if lenient else Tier.STRICT,
        verifier=verifier,
        shard=part_of(shard),
    )
    likelihood = stage.run(
        {run.name: run for run in found},
        stage.Judge(under, arm),
        scoring,
        solutions=solutions is not None,
        progress=ConsoleProgress(),
    )
    if scoring.shard != WHOLE:
        return
    if out is not None:
        stage.write(likelihood, str(found[0].manifest.identity["suite"]), out)
    print_table(tables.perplexities(likelihood.cells), as_json=as_json)


@commands.command()
def entropy_match(
    base: Annotated[str, typer.Argument(help="The base model.")],
    tuned: Annotated[str, typer.Argument(help="The model whose temperature is sought.")],
    suite: Annotated[str, typer.Option(help="A suite's name, or your FILE.jsonl.")],
    temperature: Annotated[float, typer.Option(min=0.0, help="Of the base.")] = 0.6,
    top_p: Annotated[float, typer.Option(min=0.01, max=1.0, help="Of both.")] = 0.95,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="New tokens per answer.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first problems.")] = None,
    template: Annotated[str | None, typer.Option(help="Prompt template.")] = None,
    error: Annotated[
        float, typer.Option(min=1e-6, help="Standard error of every entropy, in nats.")
    ] = 0.0015,
    most: Annotated[int, typer.Option(min=1, help="Samples per problem at the most.")] = 4096,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    engine: Annotated[str | None, typer.Option(help="transformers or vllm.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Find the temperature at which a tuned model's entropy equals the base's.

    Example: boundary entropy-match zoo/base zoo/rl --suite dial --limit 8 --error 0.05
    """
    from boundary import entropy_match as stage
    from boundary import suites
    from boundary.config import arm_settings
    from boundary.console import ConsoleProgress, print_table

    arms = [
        arm_settings(
            model=model,
            engine=engine,
            template=template,
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
        )
        for model in (base, tuned)
    ]
    loaded = suites.load(suite, data=data)
    asked = stage.Asked(arms[0], arms[1], loaded, limit, seed, error, most)
    found = stage.run(asked, progress=ConsoleProgress())
    print_table(stage.table(found), as_json=as_json)
    if not as_json:
        typer.echo(stage.reading(found))
