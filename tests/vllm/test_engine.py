"""vLLM held to the transformers engine, to its own answers, and to what every engine owes."""

import dataclasses
import json
import math
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy import stats

from boundary import suites
from boundary.engines import (
    Decoding,
    EngineConfig,
    Request,
    Watch,
    create,
)
from boundary.engines.checkpoint import ZOO
from boundary.engines.flight import seed_after
from boundary.errors import BoundaryError, ConfigError, EngineError
from boundary.prompts import find_stop
from boundary.records import Draw, Finish, Key, Prefix, Sample
from boundary.sample import seed_of
from tests.engines import data
from tests.vllm.conftest import CAPACITY
from tests.vllm.processes import family_of, wait_for_the_end

PROBLEMS = suites.load("dial").problems[:20]
DECODING = Decoding(1.0, 1.0, 96)


def asked(engine: Any, per_problem: int, run: int = 0, problems: int = 20) -> list[Request]:
    """Requests grouped by problem, with the seeds that a run gives them."""
    return [
        Request(Draw(problem, i, seed_of(run, "zoo/base", problem.id, i)), ids)
        for problem in PROBLEMS[:problems]
        for ids in [tuple(engine.encode(problem.question))]
        for i in range(per_problem)
    ]


def by_key(samples: Iterable[Sample]) -> dict[Key, Sample]:
    found = {(s.problem_id, s.index): s for s in samples}
    return found


@pytest.fixture(scope="module")
def requests(engine: Any) -> list[Request]:
    return asked(engine, 16)


@pytest.fixture(scope="module")
def whole(engine: Any, requests: list[Request]) -> dict[Key, Sample]:
    """What the requests give when nothing interferes."""
    found = list(engine.generate(requests, DECODING))
    assert len(found) == len(requests)
    return by_key(found)


class Watcher(Watch):
    """Looks into a generation at every step, and cancels what it is told to."""

    def __init__(self, look: Callable[[list[Prefix]], None], cancel: Iterable[Key] = ()) -> None:
        self._look = look
        self._cancel = set(cancel)
        self.beats = 0

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        self.beats += 1
        self._look(in_flight())

    def cancelled(self) -> set[Key]:
        if self.beats < 3:
            return set()
        told, self._cancel = self._cancel, set()
        return told


def test_what_it_says_of_itself(engine: Any) -> None:
    assert (engine.name, engine.dtype, engine.capacity) == ("vllm", "float32", CAPACITY)
    assert engine.checkpoint.model_id == "zoo/base"


def test_both_engines_encode_alike(engine: Any, judge: Any) -> None:
    for problem in PROBLEMS:
        ids = engine.encode(problem.question)
        assert ids == judge.encode(problem.question)
        assert ids[1:] == engine.encode(problem.question, start=False)
    assert engine.token_id("<eos>") == judge.token_id("<eos>")
    assert engine.token_id("<|im_end|>") is None


def test_samples_say_how_they_came_about(
    engine: Any, judge: Any, requests: list[Request], whole: dict[Key, Sample]
) -> None:
    eos = judge.checkpoint.eos_token_ids[0]
    assert set(whole) == {r.key for r in requests}
    for request in requests:
        sample = whole[request.key]
        assert sample.seed == request.draw.seed
        assert sample.n_tokens == len(sample.token_ids) <= DECODING.max_tokens
        assert sample.text == judge._text(sample.token_ids)
        assert (sample.finish is Finish.STOP) == (sample.token_ids[-1] == eos)
        assert eos not in sample.token_ids[:-1]
        assert sample.draw_logprob == sample.logprob


def test_log_probabilities_are_the_models_own(
    engine: Any, judge: Any, requests: list[Request], whole: dict[Key, Sample]
) -> None:
    prompts = [list(r.prompt_ids) for r in requests]
    answers = [whole[r.key].token_ids for r in requests]
    found = list(engine.score(prompts, answers))
    for ours, theirs, request in zip(found, judge.score(prompts, answers), requests, strict=True):
        assert len(ours) == len(theirs)
        assert np.abs(np.subtract(ours, theirs)).max() < 1e-3
        assert whole[request.key].logprob == pytest.approx(sum(theirs), abs=1e-3)


def test_log_probabilities_are_raw_at_any_temperature(engine: Any, judge: Any) -> None:
    some = asked(engine, 4, problems=5)
    found = by_key(engine.generate(some, Decoding(0.6, 0.9, 96)))
    answers = [found[r.key].token_ids for r in some]
    for request, scores in zip(
        some, judge.score([list(r.prompt_ids) for r in some], answers), strict=True
    ):
        assert found[request.key].logprob == pytest.approx(sum(scores), abs=1e-3)
        assert found[request.key].draw_logprob is None


def test_temperature_0_is_greedy_and_sure(engine: Any, judge: Any) -> None:
    some = asked(engine, 2, problems=5)
    greedy = Decoding(0.0, 0.95, 30)
    expected = by_key(judge.generate(some, greedy))
    for sample in engine.generate(some, greedy):
        other = expected[sample.problem_id, sample.index]
        assert sample.token_ids == other.token_ids
        assert sample.logprob == pytest.approx(other.logprob, abs=1e-3)
        assert sample.draw_logprob == 0


def test_the_first_token_follows_the_tempered_nucleus_exactly(engine: Any, judge: Any) -> None:
    """No top-k and no penalty of the model's own: the law worked out by hand."""
    prompt = tuple(engine.encode(PROBLEMS[0].question))
    size = 4000
    draws = [
        Request(Draw(PROBLEMS[0], i, seed_of(3, "zoo/base", "first", i)), prompt)
        for i in range(size)
    ]
    drawn = Counter(s.token_ids[0] for s in engine.generate(draws, Decoding(1.3, 0.9, 1)))
    with torch.inference_mode():
        logits = judge._model(input_ids=torch.tensor([prompt])).logits[0, -1].tolist()
    law = data.law(logits, 1.3, 0.9)
    assert len(law) > 2, "the nucleus must be a true choice"
    assert set(drawn) <= set(law)
    found = [drawn[token] for token in law]
    assert stats.chisquare(found, [size * p for p in law.values()]).pvalue > 1e-3


def test_a_seed_draws_the_same_answer_in_any_company(
    engine: Any, requests: list[Request], whole: dict[Key, Sample]
) -> None:
    few = requests[::-7]
    for sample in engine.generate(few, DECODING):
        assert sample == whole[sample.problem_id, sample.index]


def test_neighbouring_seeds_draw_unrelated_answers(engine: Any) -> None:
    prompt = tuple(engine.encode(PROBLEMS[0].question))

    def answers(seeds: Iterable[int]) -> list[tuple[int, ...]]:
        draws = [Request(Draw(PROBLEMS[0], i, s), prompt) for i, s in enumerate(seeds)]
        found = by_key(engine.generate(draws, Decoding(1.5, 1.0, 24)))
        return [tuple(found[PROBLEMS[0].id, i].token_ids) for i in range(len(found))]

    near = answers(range(100, 228))
    spread = answers(seed_of(5, "m", "p", i) for i in range(128))
    alike = sum(a == b for a, b in pairwise(near))
    usual = sum(a == b for a, b in pairwise(spread))
    assert alike <= usual + 4 * math.sqrt(usual + 1)
    assert abs(len(set(near)) - len(set(spread))) < 40


def test_seeds_of_63_bits_are_told_apart(engine: Any) -> None:
    prompt = tuple(engine.encode(PROBLEMS[0].question))
    seeds = [2**63 - 1, 2**63 - 2, 2**62 + 12345, 0]
    draws = [Request(Draw(PROBLEMS[0], i, s), prompt) for i, s in enumerate(seeds)]
    hot = Decoding(2.0, 1.0, 40)
    found = by_key(engine.generate(draws, hot))
    assert found == by_key(engine.generate(draws, hot))
    assert len({tuple(s.token_ids) for s in found.values()}) == len(seeds)


def test_the_engines_own_stream_claims_no_seed_per_sample(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = dataclasses.replace(engine._config, seeds="engine", stream=77)
    monkeypatch.setattr(engine, "_config", own)
    twice = [list(engine.generate(asked(engine, 8, problems=4), DECODING)) for _ in range(2)]
    assert {s.seed for found in twice for s in found} == {77}
    one, other = ({k: s.token_ids for k, s in by_key(found).items()} for found in twice)
    assert one.keys() == other.keys()
    assert one != other, "a stream goes on: it does not start again"


def test_without_log_probabilities_none_are_told(
    engine: Any, monkeypatch: pytest.MonkeyPatch, whole: dict[Key, Sample]
) -> None:
    monkeypatch.setattr(engine, "_config", dataclasses.replace(engine._config, logprobs=False))
    for sample in engine.generate(asked(engine, 2), DECODING):
        same = whole[sample.problem_id, sample.index]
        assert sample == dataclasses.replace(same, logprob=None, draw_logprob=None)


def test_an_answer_continues_from_its_prefix(
    engine: Any, judge: Any, requests: list[Request], whole: dict[Key, Sample]
) -> None:
    parts = []
    for request in requests:
        ids = whole[request.key].token_ids
        scores = next(judge.score([list(request.prompt_ids)], [ids[: len(ids) // 2]]))
        prefix = Prefix(*request.key, ids[: len(ids) // 2], sum(scores), sum(scores))
        parts.append(dataclasses.replace(request, prefix=prefix if scores else None))
    found = by_key(engine.generate(parts, DECODING))
    assert set(found) == set(whole)
    for request in parts:
        sample, held = found[request.key], request.prefix_ids
        assert tuple(sample.token_ids[: len(held)]) == held
        assert sample.seed == request.draw.seed
        assert sample.n_tokens == len(sample.token_ids) <= DECODING.max_tokens
        assert sample.text == judge._text(sample.token_ids)
        scores = next(judge.score([list(request.prompt_ids)], [sample.token_ids]))
        assert sample.logprob == pytest.approx(sum(scores), abs=2e-3)


def test_a_prefix_without_its_log_probability_leaves_none(engine: Any) -> None:
    (request,) = asked(engine, 1, problems=1)
    begun = dataclasses.replace(request, prefix=Prefix(*request.key, [13, 7]))
    (sample,) = engine.generate([begun], DECODING)
    assert sample.logprob is None
    assert sample.draw_logprob is None


def test_continued_answers_have_the_law_of_uninterrupted_ones(engine: Any) -> None:
    """Cut after two tokens, which leaves nearly all of an answer open."""
    size, cut = 60, 2
    first = asked(engine, size, run=1, problems=10)
    plain = by_key(engine.generate(first, DECODING))
    begun = asked(engine, size, run=2, problems=10)
    before = by_key(engine.generate(begun, DECODING))
    restarted = [
        dataclasses.replace(r, prefix=Prefix(*r.key, before[r.key].token_ids[:cut], 0.0))
        for r in begun
        if len(before[r.key].token_ids) > cut
    ]
    after = by_key(engine.generate(restarted, DECODING))
    lengths = [[s.n_tokens for s in found.values()] for found in (plain, {**before, **after})]
    error = math.sqrt(sum(np.var(each) / len(each) for each in lengths))
    assert abs(np.mean(lengths[0]) - np.mean(lengths[1])) < 4 * error
    # Random numbers used twice would bring back the end that was cut off.
    again = np.mean([after[k].token_ids == before[k].token_ids for k in after])
    chance = np.mean([plain[k].token_ids == before[k].token_ids for k in after])
    assert again < 0.6, (again, chance)


def test_seeds_to_go_on_with_are_new_ones() -> None:
    seeds = {seed_after(seed, drawn) for seed in range(50) for drawn in range(50)}
    assert len(seeds) == 50 * 49 + 50
    assert min(seeds) >= 0
    assert max(seeds) < 2**63
    assert seed_after(7, 0) == 7


@pytest.mark.parametrize("budget", [1, 2, 7])
def test_max_tokens_cuts_and_counts_the_stop_token(
    engine: Any, requests: list[Request], whole: dict[Key, Sample], budget: int
) -> None:
    eos = engine.checkpoint.eos_token_ids[0]
    for sample in engine.generate(requests, Decoding(1.0, 1.0, budget)):
        kept = whole[sample.problem_id, sample.index].token_ids[:budget]
        assert sample.token_ids == kept
        assert sample.finish is (Finish.STOP if kept[-1] == eos else Finish.LENGTH)


def test_further_stop_tokens_end_an_answer_and_stand_at_its_end(
    engine: Any, requests: list[Request], whole: dict[Key, Sample]
) -> None:
    often = Counter(i for s in whole.values() for i in s.token_ids[2:-1]).most_common(1)[0][0]
    decoding = Decoding(1.0, 1.0, 96, stop_token_ids=(often, 10_000))
    for sample in engine.generate(requests, decoding):
        before = whole[sample.problem_id, sample.index].token_ids
        cut = before.index(often) + 1 if often in before else len(before)
        assert sample.token_ids == before[:cut]
        usual = whole[sample.problem_id, sample.index].finish
        assert sample.finish is (Finish.STOP if often in before else usual)


def line_start(whole: Iterable[Sample]) -> str:
    """Two characters that open many lines, and stand inside of others."""
    texts = [s.text for s in whole]
    pairs = Counter(line[:2] for text in texts for line in text.split("\n") if len(line) > 1)
    return pairs.most_common(1)[0][0]


def test_stop_strings_end_an_answer_at_line_starts_only(
    engine: Any, judge: Any, requests: list[Request], whole: dict[Key, Sample]
) -> None:
    stop = line_start(whole.values())
    ends: Counter[Finish] = Counter()
    prefixes: list[Prefix] = []
    decoding = Decoding(1.0, 1.0, 96, stop_strings=(stop,))
    watch = Watcher(prefixes.extend)
    found = by_key(engine.generate(requests, decoding, watch))
    assert set(found) == set(whole)
    expected = by_key(_cut(judge, s, stop) for s in whole.values())
    for key, sample in found.items():
        ends[sample.finish] += 1
        assert sample.logprob == pytest.approx(expected[key].logprob or sample.logprob, abs=1e-3)
        assert dataclasses.replace(sample, logprob=None, draw_logprob=None) == expected[key]
    assert min(ends[Finish.STOP_STRING], ends[Finish.STOP] + ends[Finish.LENGTH]) > 3, ends
    check_prefixes(judge, prefixes, found, requests)


def _cut(judge: Any, sample: Sample, stop: str) -> Sample:
    """What an answer becomes where it is stopped at the first token that completes the string."""
    bare = dataclasses.replace(sample, logprob=None, draw_logprob=None)
    for size in range(1, len(sample.token_ids) + 1):
        text = judge._text(sample.token_ids[:size])
        end = find_stop(text, [stop])
        is_last = size == len(sample.token_ids)
        if end is not None and not (is_last and sample.finish is Finish.STOP):
            return dataclasses.replace(
                bare,
                text=text[:end],
                token_ids=sample.token_ids[:size],
                n_tokens=size,
                finish=Finish.STOP_STRING,
            )
    return bare


def check_prefixes(
    judge: Any, prefixes: Sequence[Prefix], found: dict[Key, Sample], requests: list[Request]
) -> None:
    """Every snapshot held the beginning of the answer that came, and its log-probability."""
    prompts = {r.key: list(r.prompt_ids) for r in requests}
    assert len({len(p.token_ids) for p in prefixes}) > 3
    for prefix in prefixes:
        sample = found[prefix.problem_id, prefix.index]
        assert 0 < len(prefix.token_ids) <= len(sample.token_ids)
        assert prefix.token_ids == sample.token_ids[: len(prefix.token_ids)]
    some = prefixes[:: max(1, len(prefixes) // 50)]
    scores = judge.score(
        [prompts[p.problem_id, p.index] for p in some], [p.token_ids for p in some]
    )
    for prefix, each in zip(some, scores, strict=True):
        assert prefix.logprob == pytest.approx(sum(each), abs=1e-3)
        assert prefix.draw_logprob == prefix.logprob


def test_what_is_in_flight_begins_the_answers_that_come(
    engine: Any, judge: Any, requests: list[Request], whole: dict[Key, Sample]
) -> None:
    prefixes: list[Prefix] = []
    most = []

    def look(found: list[Prefix]) -> None:
        prefixes.extend(found)
        most.append(len(found))

    found = by_key(engine.generate(requests, DECODING, Watcher(look)))
    assert found == whole
    # Those that wait have not begun.
    assert max(most) <= CAPACITY
    check_prefixes(judge, prefixes, found, requests)


def test_a_continued_answer_in_flight_holds_its_prefix(engine: Any) -> None:
    (request,) = asked(engine, 1, problems=1)
    begun = dataclasses.replace(request, prefix=Prefix(*request.key, [13, 7], -1.0, -1.0))
    seen: list[Prefix] = []
    (sample,) = engine.generate([begun], DECODING, Watcher(seen.extend))
    assert seen
    for prefix in seen:
        assert prefix.token_ids == sample.token_ids[: len(prefix.token_ids)]
        assert prefix.token_ids[:2] == [13, 7]


def test_what_cannot_be_told_of_is_named_at_least(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of vLLM may keep its tokens elsewhere."""
    some = asked(engine, 2, problems=2)
    assert engine._core.held("no such request") is None
    monkeypatch.setattr(engine._core, "held", lambda _: None)
    seen: list[Prefix] = []
    found = by_key(engine.generate(some, DECODING, Watcher(seen.extend)))
    assert {(p.problem_id, p.index) for p in seen} == set(found)
    assert all(p.token_ids == () and p.logprob is None for p in seen)


def test_answers_that_vllm_gives_up_are_in_flight_and_not_samples(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its process is told to end: what has finished stands, the rest can be continued."""
    from vllm.v1.engine import FinishReason

    some = asked(engine, 2, problems=4)
    steps = engine._core.step
    states = engine._core.engine.output_processor.request_states
    seen: list[list[Prefix]] = []
    came: list[Sample] = []

    def ending() -> list[Any]:
        outputs: list[Any] = steps()
        if outputs:
            abort = FinishReason.ABORT
            left = [state.make_request_output([], None, abort, None) for state in states.values()]
            return [*left, *outputs]
        return outputs

    monkeypatch.setattr(engine._core, "step", ending)
    running = engine.generate(some, DECODING, Watcher(seen.append))
    with pytest.raises(EngineError, match="engine process ended"):
        came.extend(running)
    assert {s.finish for s in came} <= {Finish.STOP, Finish.LENGTH}
    left = {(p.problem_id, p.index): p for p in seen[-1]}
    assert left.keys() | by_key(came).keys() >= {r.key for r in some}
    assert not left.keys() & by_key(came).keys()
    assert all(p.token_ids and p.logprob is not None for p in left.values())


def test_cancelled_answers_never_come_and_the_others_do(
    engine: Any, requests: list[Request], whole: dict[Key, Sample]
) -> None:
    # A step or two after the start these are at work, or wait in vLLM's queue.
    unwanted = {r.key for r in requests[CAPACITY - 20 : CAPACITY + 10]}
    watch = Watcher(lambda _: None, unwanted | {("no such problem", 0)})
    found = by_key(engine.generate(requests, DECODING, watch))
    assert set(found) >= set(whole) - unwanted
    assert len(set(found) & unwanted) < 10, "few answers are as short as three tokens"
    assert engine._core.engine.get_num_unfinished_requests() == 0


def test_none_means_none_at_present(engine: Any, requests: list[Request]) -> None:
    def stream() -> Any:
        yield None
        for request in requests[:40]:
            yield request
            yield None

    found = by_key(engine.generate(stream(), DECODING))
    assert set(found) == {r.key for r in requests[:40]}


def test_requests_are_taken_lazily_and_a_caller_may_stop(engine: Any) -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        for request in asked(engine, 1000, problems=2):
            taken += 1
            yield request

    running = engine.generate(endless(), Decoding(1.0, 1.0, 30))
    assert [next(running).n_tokens for _ in range(3)]
    running.close()
    assert taken < 3 * CAPACITY
    assert engine._core.engine.get_num_unfinished_requests() == 0


def test_nothing_asked_nothing_given(engine: Any) -> None:
    assert list(engine.generate([], DECODING)) == []
    assert list(engine.score([], [])) == []


def test_scores_of_odd_sizes_in_order(engine: Any, judge: Any) -> None:
    rng = np.random.default_rng(4)
    sizes = [(1, 1), (5, 40), (30, 1), (2, 126), (1, 127), (9, 60), (17, 3)] * 12
    prompts = [rng.integers(3, 30, p).tolist() for p, _ in sizes]
    answers = [rng.integers(3, 30, a).tolist() for _, a in sizes]
    pairs = zip(engine.score(prompts, answers), judge.score(prompts, answers), strict=True)
    for ours, theirs in pairs:
        assert ours == pytest.approx(theirs, abs=2e-3)
    assert next(engine.score([[5], [6]], [[], [7]])) == []


@pytest.mark.parametrize(
    ("decoding", "message"),
    [
        (Decoding(2.5, 1.0, 9), "temperature of 2.5: give 0, or 0.01 to 2"),
        (Decoding(0.001, 1.0, 9), "temperature of 0.001"),
        (Decoding(1.0, 1.0, 126), r"25 tokens and 126 new ones .* context of 128"),
    ],
)
def test_what_does_not_fit_is_refused(engine: Any, decoding: Decoding, message: str) -> None:
    with pytest.raises(BoundaryError, match=message):
        list(engine.generate(asked(engine, 1, problems=1), decoding))
    with pytest.raises(EngineError, match="does not fit the 128 tokens"):
        list(engine.score([[5] * 100], [[6] * 30]))


def test_a_model_without_an_end_token_is_refused(engine: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(engine, "_end_ids", set())
    with pytest.raises(EngineError, match="names no end token: set eos_token_id"):
        next(engine.generate([], DECODING))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_model_length": 64}, "no argument 'max_model_length': did you mean 'max_model_len'"),
        ({"lora_pth": "x"}, "did you mean 'lora_path'"),
        ({"seed": 3}, "'seed' is decided by the run: give the run's seed"),
        ({"lora_path": "nowhere"}, "nowhere is no LoRA adapter"),
    ],
)
def test_wrong_arguments_are_refused_before_loading(options: Any, message: str) -> None:
    with pytest.raises((ConfigError, EngineError), match=message):
        create("vllm", EngineConfig("zoo/base", options=options))


def test_a_missing_model_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no checkpoint"):
        create("vllm", EngineConfig(str(tmp_path / "nowhere")))
    shutil.copytree(ZOO / "base", tmp_path / "copy")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"):
        (tmp_path / "copy" / name).unlink()
    with pytest.raises(EngineError, match="no tokenizer files"):
        create("vllm", EngineConfig(str(tmp_path / "copy")))


def test_damaged_weights_are_one_clear_error_with_its_cause(tmp_path: Path, capfd: Any) -> None:
    shutil.copytree(ZOO / "base", tmp_path / "copy")
    weights = tmp_path / "copy" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(EngineError, match=r"vLLM cannot load .*copy \(\w*Error: ") as failure:
        create("vllm", EngineConfig(str(tmp_path / "copy")))
    assert "\n" not in failure.value.problem
    assert capfd.readouterr() == ("", "")


def test_an_adapter_shifts_the_law_as_its_product_does(tmp_path: Path) -> None:
    """LoRA on vLLM against the same weights added by hand, under transformers."""
    rank, alpha = 4, 16
    weights = load_file(ZOO / "base" / "model.safetensors")
    generator = torch.Generator().manual_seed(0)
    adapter, merged = {}, dict(weights)
    for name, weight in weights.items():
        if name.endswith(("q_proj.weight", "v_proj.weight", "down_proj.weight")):
            out, size = weight.shape
            one = 0.05 * torch.randn((rank, size), generator=generator)
            two = 0.05 * torch.randn((out, rank), generator=generator)
            key = f"base_model.model.{name.removesuffix('.weight')}"
            adapter |= {f"{key}.lora_A.weight": one, f"{key}.lora_B.weight": two}
            merged[name] = weight.float() + alpha / rank * two @ one
    (tmp_path / "adapter").mkdir()
    save_file(adapter, tmp_path / "adapter" / "adapter_model.safetensors")
    settings = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": alpha,
        "target_modules": ["q_proj", "v_proj", "down_proj"],
    }
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(settings))
    shutil.copytree(ZOO / "base", tmp_path / "merged")
    save_file(
        {name: weight.float() for name, weight in merged.items()},
        tmp_path / "merged" / "model.safetensors",
        {"format": "pt"},
    )
    options = {"lora_path": str(tmp_path / "adapter"), "max_num_seqs": 8}
    with (
        closing(create("vllm", EngineConfig("zoo/base", options=options))) as engine,
        closing(create("transformers", EngineConfig(str(tmp_path / "merged")))) as oracle,
        closing(create("transformers", EngineConfig("zoo/base"))) as base,
    ):
        some = asked(engine, 2, problems=8)
        found = list(engine.generate(some, DECODING))
        prompts = {r.key: list(r.prompt_ids) for r in some}
        asking = [prompts[s.problem_id, s.index] for s in found], [s.token_ids for s in found]
        scores = [sum(each) for each in oracle.score(*asking)]
        plain = [sum(each) for each in base.score(*asking)]
        assert [s.logprob for s in found] == pytest.approx(scores, abs=1e-2)
        assert [sum(each) for each in engine.score(*asking)] == pytest.approx(scores, abs=1e-2)
        assert np.abs(np.subtract(scores, plain)).max() > 0.1, "the adapter must matter"


def test_a_dead_engine_is_an_error_and_what_came_stands(tmp_path: Path) -> None:
    """Killed from outside: nothing hangs, what was in flight is told, no process is left."""
    options = {"max_num_seqs": 16, "max_model_len": 120}
    seen: list[list[Prefix]] = []
    with closing(create("vllm", EngineConfig("zoo/rl", options=options))) as engine:
        assert engine.capacity == 16
        (process,) = engine._core.engine.engine_core.resources.engine_manager.processes
        family = family_of(process.pid)
        running = engine.generate(asked(engine, 100), Decoding(1.0, 1.0, 90), Watcher(seen.append))
        came = [next(running) for _ in range(40)]
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match=r"engine process ended .*run the command again"):
            came.extend(running)
        assert seen[-1]
        assert len(by_key(came)) == len(came) >= 40
        with pytest.raises(EngineError, match="engine process ended"):
            list(engine.generate(asked(engine, 1), Decoding(1.0, 1.0, 90)))
    wait_for_the_end(family)
