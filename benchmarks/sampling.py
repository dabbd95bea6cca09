"""Samples per second of ``boundary sample`` on vLLM against one call of vLLM's ``LLM.generate``.

Both sides drive the same loaded engine in turn, with the same prompts, number of requests, seeds
per request, log-probabilities and decoding. Ours stores and judges every sample; theirs hands all
answers over at its end, and they are thrown away. Loading and a warm-up of both sides are left
out; a side runs for a minute or longer; repetitions alternate; figures are medians. Two more
arms, of ``LLM.generate`` alone, tell what log-probabilities cost and what a seed per request does.

Their text and log-probabilities come as vLLM gives them by default, decoded token by token; with
``--lean`` they are asked for as ours ask: numbers only, no text.

    python benchmarks/sampling.py [--seconds 60] [--repeats 3] [--lean] [--quick]
"""

import argparse
import datetime
import math
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from unittest import mock

import torch
import transformers
import vllm

from boundary import engines, sample, suites
from boundary.config import ArmSettings
from boundary.engines import EngineConfig
from boundary.store.files import Folder

TEMPERATURE, TOP_P, MAX_TOKENS = 1.0, 0.95, 96
BATCH = 256


@dataclass
class Pass:
    """Samples of one pass, its seconds, and the seconds of CPU that this process spent."""

    samples: int
    seconds: float
    busy: float

    @property
    def rate(self) -> float:
        """Samples per second."""
        return self.samples / self.seconds


class Bench:
    """One loaded engine, and the ways to drive it."""

    def __init__(self, model: str, *, lean: bool) -> None:
        self._engine = engines.create("vllm", EngineConfig(model, batch_size=BATCH))
        self._model = model
        self._suite = suites.load("dial")
        self._run = 0
        self._form = {"detokenize": False, "flat_logprobs": True} if lean else {}
        core = self._engine._core.engine
        # LLM around the engine that is there already.
        with mock.patch("vllm.v1.engine.llm_engine.LLMEngine.from_engine_args", return_value=core):
            self._llm = vllm.LLM(model=core.vllm_config.model_config.model)

    def close(self) -> None:
        """End the engine's processes."""
        self._engine.close()

    def ours(self, n: int) -> int:
        """Draw, store and judge ``n`` samples of each problem."""
        self._run += 1
        arm = ArmSettings(
            model=self._model,
            engine="vllm",
            temperature=TEMPERATURE,
            top_p=TOP_P,
            max_tokens=MAX_TOKENS,
        )
        stay = mock.patch.object(self._engine, "close")
        load = mock.patch.object(engines, "load", return_value=self._engine)
        with tempfile.TemporaryDirectory() as place, stay, load:
            job = sample.Job(arm, self._suite, n, Folder.at(place), seed=self._run)
            run = sample.run(job)
            return sum(map(len, run.indices().values()))

    def theirs(self, n: int, *, logprobs: bool = True, seeds: bool = True) -> int:
        """One call for ``n`` answers to each problem."""
        self._run += 1
        prompts, params = [], []
        for problem in self._suite.problems:
            prompt = {"prompt_token_ids": self._engine.encode(problem.question)}
            for index in range(n):
                prompts.append(prompt)
                params.append(
                    vllm.SamplingParams(
                        temperature=TEMPERATURE,
                        top_p=TOP_P,
                        max_tokens=MAX_TOKENS,
                        logprobs=0 if logprobs else None,
                        seed=sample.seed_of(self._run, self._model, problem.id, index)
                        if seeds
                        else None,
                        **self._form,
                    )
                )
        return len(self._llm.generate(prompts, params, use_tqdm=False))

    @property
    def sides(self) -> dict[str, Callable[[int], int]]:
        """What is measured, by name."""
        return {
            "boundary sample": self.ours,
            "LLM.generate": self.theirs,
            "  without log-probabilities": lambda n: self.theirs(n, logprobs=False),
            "  with the engine's own stream": lambda n: self.theirs(n, seeds=False),
        }

    def per_problem(self, seconds: float) -> int:
        """Samples per problem that keep the faster side busy so long."""
        start = time.perf_counter()
        size = self.theirs(8)
        rate = size / (time.perf_counter() - start)
        return max(8, math.ceil(1.15 * seconds * rate / len(self._suite.problems)))


def measured(side: Callable[[int], int], n: int) -> Pass:
    """One pass of a side."""
    busy, start = _cpu_seconds(), time.perf_counter()
    samples = side(n)
    return Pass(samples, time.perf_counter() - start, _cpu_seconds() - busy)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def tell(found: dict[str, list[Pass]]) -> None:
    """Print the table and the ratios."""
    medians = {name: statistics.median(p.rate for p in passes) for name, passes in found.items()}
    for name, passes in found.items():
        each = ", ".join(f"{p.rate:,.0f}" for p in passes)
        busy = statistics.median(1000 * p.busy / p.samples for p in passes)
        print(f"{name:32} {medians[name]:7,.0f} samples/s  ({each}); {busy:.2f} ms CPU a sample")
    ours, theirs, bare, stream = medians.values()
    pairs = [a.rate / b.rate for a, b in zip(*list(found.values())[:2], strict=True)]
    each = ", ".join(f"{x:.3f}" for x in pairs)
    print(f"boundary sample / LLM.generate: {ours / theirs:.3f}  (pass by pass {each})")
    print(f"log-probabilities cost {1 - theirs / bare:.1%} of LLM.generate's rate,")
    print(f"a seed per request {1 - theirs / stream:.1%} at a batch of {BATCH}")


def main() -> None:
    """Load, warm up, measure in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="zoo/base")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--lean", action="store_true", help="their answers without text")
    parser.add_argument("--quick", action="store_true", help="one short repetition")
    options = parser.parse_args()
    if options.quick:
        options = argparse.Namespace(**{**vars(options), "seconds": 5.0, "repeats": 1})
    bench = Bench(options.model, lean=options.lean)
    try:
        for side in bench.sides.values():
            side(8)
        n = bench.per_problem(options.seconds)
        found: dict[str, list[Pass]] = {name: [] for name in bench.sides}
        for _ in range(options.repeats):
            for name, side in bench.sides.items():
                found[name].append(measured(side, n))
    finally:
        bench.close()
    print(f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {platform.machine()},", end=" ")
    print(f"{os.cpu_count()} CPUs, Python {platform.python_version()}, vllm {vllm.__version__},")
    print(f"torch {torch.__version__}, transformers {transformers.__version__};", end=" ")
    print(f"{options.model}, {found['LLM.generate'][0].samples:,} samples a pass")
    tell(found)


if __name__ == "__main__":
    main()
