"""Power sampling: many chains together against one after another, and what the ledger says of it.

Both sides draw from the same loaded checkpoint by the same settings; one after another is the
sampler asked for one answer at a time. Repetitions alternate; figures are medians. Then the tokens
drawn for each token kept are held against the ledger's formula, by a checkpoint that cannot stop,
so that every answer runs to its limit as the formula has it. With --engine vllm the prompt tokens
read from the prefix cache are counted as well.

    python benchmarks/samplers.py [--engine transformers] [--chains 64] [--repeats 3]
"""

import argparse
import math
import platform
import statistics
import time
from collections.abc import Iterator
from typing import Any

from boundary import engines, samplers, suites
from boundary.engines import Decoding, EngineConfig, Request
from boundary.records import Draw, Ledger, Sample
from boundary.sample import seed_of
from boundary.samplers.power import require_raw
from boundary.stats import tokens_of_chain

BUDGET, BLOCK, STEPS, ALPHA = 96, 24, 5, 4.0
ALONE = 4
"""Answers of a pass that draws one after another: its rate needs no more."""


def requests(engine: Any, many: int, run: int) -> Iterator[Request]:
    """So many answers to the first problems of the suite."""
    for place, problem in enumerate(suites.load("dial").problems[: max(1, many // 4)]):
        ids = tuple(engine.encode(problem.question))
        for index in range(min(4, many - 4 * place)):
            yield Request(Draw(problem, index, seed_of(run, "zoo/base", problem.id, index)), ids)


def draw(engine: Any, asked: list[Request], alpha: float = ALPHA) -> list[Sample]:
    """Answers of the sampler."""
    power = samplers.create("power", {"alpha": alpha, "block": BLOCK, "steps": STEPS})
    return list(power(engine, asked, Decoding(1.0, 1.0, BUDGET)))


def together(engine: Any, chains: int, run: int) -> tuple[float, list[Sample]]:
    """Answers per second with all chains in one batch."""
    asked = list(requests(engine, chains, run))
    start = time.perf_counter()
    found = draw(engine, asked)
    return len(found) / (time.perf_counter() - start), found


def alone(engine: Any, run: int) -> float:
    """Answers per second with one chain after another; checks at the start are left out."""
    asked = list(requests(engine, ALONE, run))
    spent = 0.0
    for one in asked:
        start = time.perf_counter()
        draw(engine, [one])
        spent += time.perf_counter() - start
        start = time.perf_counter()
        require_raw(engine, one, Decoding(1 / ALPHA, 1.0, BUDGET, exponent=ALPHA, most_likely=128))
        spent -= time.perf_counter() - start
    return len(asked) / spent


def ledgers(found: list[Sample]) -> list[Ledger]:
    """The ledgers of answers."""
    return [sample.ledger for sample in found if sample.ledger]


def endless(engine: Any, chains: int) -> None:
    """Hold the tokens of answers that cannot stop against the formula."""
    ends = sorted(engine.checkpoint.eos_token_ids)

    def never(_module: Any, _args: Any, out: Any) -> Any:
        out.logits[..., ends] = -math.inf
        return out

    handle = engine._model.register_forward_hook(never)
    try:
        rows = ledgers(draw(engine, list(requests(engine, chains, 1)), alpha=2.0))
    finally:
        handle.remove()
    drawn = [ledger.generated / BUDGET for ledger in rows]
    expected = tokens_of_chain(BUDGET, BLOCK, STEPS) / BUDGET
    mean, error = statistics.fmean(drawn), statistics.stdev(drawn) / math.sqrt(len(drawn))
    print(
        f"drawn per token kept, of answers that run to {BUDGET} tokens: {mean:.3f} +- {error:.3f};"
        f" the formula gives {expected:.3f} ({(mean - expected) / error:+.1f} standard errors)"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="transformers")
    parser.add_argument("--chains", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    engine = engines.create(options.engine, EngineConfig("zoo/base", batch_size=options.chains))
    many: list[float] = []
    one: list[float] = []
    together(engine, options.chains, 0)
    found: list[Sample] = []
    for run in range(options.repeats):
        rate, found = together(engine, options.chains, run)
        many.append(rate)
        one.append(alone(engine, run))
    print(f"{platform.machine()}, zoo/base, {options.engine}, alpha {ALPHA:g}, blocks of {BLOCK},")
    print(f"{STEPS} steps each, at most {BUDGET} tokens, medians of {options.repeats}")
    for name, rates in ((f"{options.chains} chains together", many), ("one after another", one)):
        each = ", ".join(f"{rate:.2f}" for rate in rates)
        print(f"{name:22} {statistics.median(rates):8.2f} answers/s   ({each})")
    print(f"ratio: {statistics.median(many) / statistics.median(one):.1f}")
    rows = ledgers(found)
    kept = sum(sample.n_tokens or 0 for sample in found)
    drawn, read = sum(row.generated for row in rows), sum(row.prefilled for row in rows)
    print(f"drawn per token kept, of answers as they are: {drawn / kept:.2f}")
    cached = [row.cached for row in rows if row.cached is not None]
    if cached:
        print(f"prompt and prefix tokens read: {read:,}, {sum(cached) / read:.1%} from the cache")
    if options.engine == "transformers":
        endless(engine, options.chains)
    engine.close()


if __name__ == "__main__":
    main()
