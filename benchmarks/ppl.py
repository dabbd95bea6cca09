"""Scoring speed against one plain forward per batch, and the memory of one long answer.

Both sides score the same answers of the zoo's base, sorted by length, in batches of the same
tokens; the plain side is one forward, log-softmax and gather. Passes alternate. The long answer
has 16,384 tokens over a vocabulary of 151,936, under a model of one layer with random weights, in
a process of its own.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

MODEL = "zoo/base"
PROBLEMS, EACH, PASSES = 240, 2, 7
LONG, VOCABULARY = 16_384, 151_936
ASKED_RATIO, ASKED_GB = 0.9, 2.5


def answers() -> tuple[Any, list[tuple[list[int], list[int]]]]:
    """The engine, and prompts with answers drawn from it, the longest first."""
    from boundary import suites
    from boundary.engines import Decoding, EngineConfig, Request, create
    from boundary.records import Draw

    engine = create("transformers", EngineConfig(MODEL))
    problems = suites.load("dial").problems[:PROBLEMS]
    requests = [
        Request(Draw(p, i, EACH * place + i), tuple(engine.encode(p.question)))
        for place, p in enumerate(problems)
        for i in range(EACH)
    ]
    prompts = {r.key: list(r.prompt_ids) for r in requests}
    samples = engine.generate(requests, Decoding(1.0, 1.0, 96))
    pairs = [(prompts[s.problem_id, s.index], list(s.token_ids or ())) for s in samples]
    return engine, sorted(pairs, key=lambda pair: -len(pair[0]) - len(pair[1]))


def plain(engine: Any, pairs: Sequence[tuple[list[int], list[int]]]) -> list[list[float]]:
    """One forward per batch, log-softmax over all of it, and gather."""
    import torch

    from boundary.engines.score import batches

    found = []
    for batch in batches(pairs):
        longest = max(len(prompt) + len(answer) for prompt, answer in batch)
        ids = torch.zeros((len(batch), longest), dtype=torch.long)
        for row, (prompt, answer) in enumerate(batch):
            ids[row, : len(prompt) + len(answer)] = torch.tensor([*prompt, *answer])
        with torch.inference_mode():
            logits = engine._model(input_ids=ids, use_cache=False).logits[:, :-1]
            taken = torch.log_softmax(logits.float(), -1).gather(2, ids[:, 1:, None])[..., 0]
        for row, (prompt, answer) in enumerate(batch):
            start = len(prompt) - 1
            found.append(taken[row, start : start + len(answer)].tolist())
    return found


def speed() -> float:
    """Print the tokens per second of both sides; their ratio, of medians of the passes."""
    engine, pairs = answers()
    tokens = sum(len(answer) for _, answer in pairs)
    prompts, given = [p for p, _ in pairs], [a for _, a in pairs]

    def ours() -> list[list[float]]:
        return list(engine.score(prompts, given))

    def theirs() -> list[list[float]]:
        return plain(engine, pairs)

    sides: dict[str, Callable[[], list[list[float]]]] = {"boundary": ours, "plain": theirs}
    apart = max(
        abs(a - b)
        for mine, other in zip(ours(), theirs(), strict=True)
        for a, b in zip(mine, other, strict=True)
    )
    rates: dict[str, list[float]] = {name: [] for name in sides}
    busy: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(PASSES):
        for name in sorted(sides, reverse=turn % 2 == 1):
            start, cpu = time.perf_counter(), time.process_time()
            sides[name]()
            busy[name].append(time.process_time() - cpu)
            rates[name].append(tokens / (time.perf_counter() - start))
    for name, found in rates.items():
        print(f"  {name:9} {statistics.median(found):10,.0f} tokens/s", [round(x) for x in found])
    ratio = statistics.median(a / b for a, b in zip(rates["boundary"], rates["plain"], strict=True))
    work = statistics.median(b / a for a, b in zip(busy["boundary"], busy["plain"], strict=True))
    print(f"  by processor time, which a busy machine disturbs less: {work:.2f}")
    print(f"  {len(pairs):,} answers, {tokens:,} tokens; no token differs by more than {apart:.1e}")
    return ratio


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def long_answer(results: Any) -> None:
    """Score one long answer; puts the seconds and the MB above the loaded model."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from boundary.engines.score import Scorer

    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=256,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=1_024,
        max_position_embeddings=32_768,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(config).float().eval()
    scorer = Scorer(model)
    tokens = torch.randint(0, VOCABULARY, (LONG,)).tolist()
    before = _resident_mb()
    start = time.perf_counter()
    (found,) = scorer.logprobs([(tokens[:100], tokens)])
    results.put((len(found), time.perf_counter() - start, _peak_mb() - before, before))


def memory() -> float:
    """Print what one long answer takes; GB above the weights."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    child = context.Process(target=long_answer, args=(results,))
    child.start()
    tokens, seconds, above, before = results.get()
    child.join()
    print(
        f"  {tokens:,} tokens, vocabulary {VOCABULARY:,}: {above / 1024:.2f} GB above the"
        f" {before / 1024:.2f} GB of the loaded model, {seconds:.0f} s"
    )
    return float(above / 1024)


def main() -> int:
    """Both parts; 1 where one misses what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("speed", "memory"))
    only = parser.parse_args().only
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    missed = False
    if only != "memory":
        ratio = speed()
        print(f"ratio {ratio:.2f} (asked: {ASKED_RATIO})")
        missed |= ratio < ASKED_RATIO
    if only != "speed":
        above = memory()
        print(f"memory {above:.2f} GB (asked: {ASKED_GB})")
        missed |= above > ASKED_GB
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
