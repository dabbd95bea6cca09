"""Tokens per second of ``boundary sample`` against transformers' own ``generate``.

Both draw the same number of samples for the same prompts from the same checkpoint, at the same
temperature and top-p, each at its best batch size among 64, 256 and 1,024. Tokens count up to and
including each row's stop token. Loading and a warm-up are left out; storing and judging are in on
our side. Repetitions alternate; figures are medians.

    python benchmarks/engine.py [--samples 4096] [--repeats 3]
"""

import argparse
import platform
import statistics
import tempfile
import time

import torch
import transformers

from boundary import engines, sample, suites
from boundary.config import ArmSettings
from boundary.engines import EngineConfig
from boundary.store import Run
from boundary.store.files import Folder

SIZES = (64, 256, 1024)
TEMPERATURE, TOP_P, MAX_TOKENS = 1.0, 0.95, 96
PER_PROBLEM = 64


class Ours:
    """``boundary sample``, its engine loaded before the clock starts."""

    name = "boundary sample"

    def __init__(self, model: str, size: int) -> None:
        self._engine = engines.create("transformers", EngineConfig(model, batch_size=size))
        self._engine.close = lambda: None
        self._arm = ArmSettings(
            model=model, temperature=TEMPERATURE, top_p=TOP_P, max_tokens=MAX_TOKENS
        )
        self._seed = 0

    def draw(self, samples: int) -> int:
        """Draw, store and judge; returns the tokens drawn."""
        self._seed += 1
        with tempfile.TemporaryDirectory() as place:
            job = sample.Job(
                self._arm,
                suites.load("dial"),
                PER_PROBLEM,
                Folder.at(place),
                samples // PER_PROBLEM,
                self._seed,
            )
            load, engines.load = engines.load, lambda *_, **__: self._engine
            try:
                return tokens_of(sample.run(job))
            finally:
                engines.load = load


def tokens_of(run: Run) -> int:
    """Tokens stored in a run."""
    return sum(sum(part.column("n_tokens").to_pylist()) for part in run.samples(["n_tokens"]))


class Theirs:
    """``model.generate(do_sample=True)`` over batches of left-padded prompts."""

    name = "transformers generate"

    def __init__(self, model: str, size: int) -> None:
        folder = engines.identify(model).path
        self._size = size
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, padding_side="left")
        self._model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype="float32", attn_implementation="sdpa"
        ).eval()
        self._ends = torch.tensor(engines.identify(model).eos_token_ids)

    def draw(self, samples: int) -> int:
        """Draw; returns the tokens up to and including each row's stop token."""
        problems = suites.load("dial").problems[: samples // PER_PROBLEM]
        prompts = [p.question for p in problems for _ in range(PER_PROBLEM)]
        return sum(
            self._batch(prompts[start : start + self._size])
            for start in range(0, len(prompts), self._size)
        )

    @torch.inference_mode()
    def _batch(self, prompts: list[str]) -> int:
        inputs = self._tokenizer(prompts, return_tensors="pt", padding=True)
        inputs.pop("token_type_ids", None)
        out = self._model.generate(
            **inputs,
            do_sample=True,
            temperature=TEMPERATURE,
            top_p=TOP_P,
            top_k=0,
            max_new_tokens=MAX_TOKENS,
            pad_token_id=self._tokenizer.pad_token_id,
        )
        new = out[:, inputs["input_ids"].shape[1] :]
        ended = torch.isin(new, self._ends).int()
        # Tokens after the first stop are padding: count those with no stop before them.
        return int(((ended.cumsum(1) - ended) == 0).sum())


def rate(side: Ours | Theirs, samples: int) -> float:
    """Tokens per second of one pass."""
    start = time.perf_counter()
    tokens = side.draw(samples)
    return tokens / (time.perf_counter() - start)


def main() -> None:
    """Print the table and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="zoo/base")
    parser.add_argument("--samples", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    sides = {
        (kind.name, size): kind(options.model, size) for size in SIZES for kind in (Ours, Theirs)
    }
    rates: dict[tuple[str, int], list[float]] = {key: [] for key in sides}
    for side in sides.values():
        side.draw(PER_PROBLEM * 2)
    for _ in range(options.repeats):
        for key, side in sides.items():
            rates[key].append(rate(side, options.samples))
    medians = {key: statistics.median(found) for key, found in rates.items()}
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__},")
    print(f"transformers {transformers.__version__}, {options.samples} samples a pass")
    for (name, size), value in sorted(medians.items()):
        each = ", ".join(f"{x:,.0f}" for x in rates[name, size])
        print(f"{name:24} batch {size:5}: {value:9,.0f} tokens/s   ({each})")
    best = {kind.name: max(medians[kind.name, size] for size in SIZES) for kind in (Ours, Theirs)}
    print(f"ratio of the bests: {best[Ours.name] / best[Theirs.name]:.2f}")


if __name__ == "__main__":
    main()
