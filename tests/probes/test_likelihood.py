"""Scores against an independent computation, and against what sampling itself kept."""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from boundary import sample, suites
from boundary.config import ArmSettings, PerplexitySettings
from boundary.engines import EngineConfig, Nucleus, create
from boundary.engines.checkpoint import ZOO
from boundary.probes import likelihood
from boundary.probes.entropy import profile, stretch, undecided
from boundary.probes.likelihood import Judge, Scorer, Scoring
from boundary.probes.reachability import reach, summarise
from boundary.records import Finish, Outcome
from boundary.store import Run
from boundary.store.files import Folder

ALL = Scoring(PerplexitySettings(answers=1_000, truncated=True))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(str(ZOO / "base"), dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("likelihood")


def draw(results: Path, temperature: float, top_p: float, tokens: int, model: str = "base") -> Run:
    arm = ArmSettings(model=f"zoo/{model}", temperature=temperature, top_p=top_p, max_tokens=tokens)
    suite = suites.load("dial")
    return sample.run(sample.Job(arm, suite, 8, Folder.at(results), limit=25))


@pytest.fixture(scope="module")
def cool(results: Path) -> Run:
    return draw(results, 0.6, 0.95, 101)


@pytest.fixture(scope="module")
def warm(results: Path) -> Run:
    """The base from its own law; some answers are cut."""
    return draw(results, 1.0, 1.0, 24)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge("base", ArmSettings(model="zoo/base"))


def loss(model: Any, prompt: list[int], answer: list[int]) -> float:
    """Mean cross-entropy over the answer, one sequence, float32: transformers' own."""
    labels = torch.tensor([[-100] * len(prompt) + answer])
    with torch.inference_mode():
        return float(model(input_ids=torch.tensor([[*prompt, *answer]]), labels=labels).loss)


def test_perplexity_equals_transformers_own_loss_on_200_answers(warm: Run, model: Any) -> None:
    """Finished, cut and one-token answers; one at a time in float32 against batches."""
    engine = create("transformers", EngineConfig("zoo/base"))
    prompts = {p.problem.id: engine.encode(p.prompt) for p in warm.problems()}
    records = list(warm.sample_records())
    assert len(records) == 200
    assert {r.finish for r in records} == {Finish.STOP, Finish.LENGTH}
    answers = [list(r.token_ids or ())[: 1 if i % 10 == 0 else None] for i, r in enumerate(records)]
    asked = [prompts[r.problem_id] for r in records]
    for tokens, prompt, answer in zip(engine.score(asked, answers), asked, answers, strict=True):
        expected = math.exp(loss(model, prompt, answer))
        assert math.exp(-sum(tokens) / len(tokens)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["cool", "warm"])
def test_what_sampling_kept_is_raw(name: str, judge: Judge, request: pytest.FixtureRequest) -> None:
    """Own perplexity equals a scoring pass, at temperature 0.6 and top-p 0.95 too."""
    run: Run = request.getfixturevalue(name)
    answers = likelihood.choose(run, ALL, truncated=True).answers
    assert len(answers) == 200
    scorer = Scorer(judge, ALL)
    own = scorer.scores(run, answers)
    assert scorer._engine is None, "no pass was needed"
    folder = run.score_folder("pass")
    assert scorer._complete(run, answers, folder, None)
    passed = likelihood._stored(folder, {a.key for a in answers})
    assert own is not None
    for key, (nats, n_tokens) in own.items():
        assert passed[key][1] == n_tokens
        ours, theirs = (math.exp(-x / n_tokens) for x in (nats, passed[key][0]))
        assert ours == pytest.approx(theirs, rel=1e-3)


def inspected(run: Run, judge: Judge, law: Nucleus) -> list[likelihood.Inspection]:
    answers = likelihood.choose(run, ALL, truncated=True).answers
    told = Scorer(judge, ALL).inspections(run, answers, law)
    assert told is not None
    return list(told)


def test_a_run_is_within_its_own_model_and_decoding(cool: Run, judge: Judge) -> None:
    found = [reach(one) for one in inspected(cool, judge, likelihood.nucleus_of(cool))]
    assert len(found) == 200
    assert all(one.within for one in found)
    summary = summarise(
        ("base", "base", "all"), Nucleus(0.6, 0.95), found, np.random.default_rng(0)
    )
    assert summary.share.value == 1
    assert 0.8 < summary.share.low < 1, "an interval that 25 problems can bear"
    assert summary.first is summary.rank is summary.probability is None


def by_hand(model: Any, prompt: list[int], answer: list[int], law: Nucleus) -> list[bool]:
    """Whether each token is in the nucleus, by sorting and adding up in double precision."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].double()
    found = []
    for i, token in enumerate(answer):
        probs = torch.softmax(logits[len(prompt) - 1 + i] / law.temperature, 0).tolist()
        likelier = math.fsum(p for p in probs if p > probs[token])
        found.append(likelier < law.top_p)
    return found


def test_reachability_of_another_run_equals_the_share_by_hand(
    warm: Run, judge: Judge, model: Any
) -> None:
    law = Nucleus(0.6, 0.95)
    prompts = {p.problem.id: judge_ids(p.prompt) for p in warm.problems()}
    shares: dict[str, list[float]] = {}
    found = inspected(warm, judge, law)
    for one in found:
        within = by_hand(model, prompts[one.answer.problem_id], list(one.answer.token_ids), law)
        mine = reach(one)
        assert mine.within == all(within)
        assert mine.outside == within.count(False)
        assert mine.first == (None if all(within) else within.index(False))
        shares.setdefault(mine.problem_id, []).append(float(all(within)))
    rows = [reach(one) for one in found]
    summary = summarise(("base", "base", "all"), law, rows, np.random.default_rng(0))
    assert 0.3 < summary.share.value < 0.97
    assert summary.share.value == pytest.approx(np.mean([np.mean(x) for x in shares.values()]))
    assert summary.share.low < summary.share.value < summary.share.high
    assert summary.reachable == sum(map(sum, shares.values()))
    assert summary.undecided == 0


def judge_ids(text: str) -> list[int]:
    from transformers import AutoTokenizer

    ids: list[int] = AutoTokenizer.from_pretrained(str(ZOO / "base"))(text)["input_ids"]
    return ids


def test_rank_probability_and_ratio_are_the_models(warm: Run, model: Any) -> None:
    rl = Judge("rl", ArmSettings(model="zoo/rl"))
    from transformers import AutoModelForCausalLM

    other = AutoModelForCausalLM.from_pretrained(str(ZOO / "rl"), dtype=torch.float32).eval()
    prompts = {p.problem.id: judge_ids(p.prompt) for p in warm.problems()}
    outside = 0
    for one in inspected(warm, rl, Nucleus(1.0, 0.9)):
        prompt, answer = prompts[one.answer.problem_id], list(one.answer.token_ids)
        with torch.inference_mode():
            logits = other(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].double()
        logprobs = torch.log_softmax(logits, -1)
        taken = [float(logprobs[len(prompt) - 1 + i, token]) for i, token in enumerate(answer)]
        mine = reach(one)
        assert mine.smallest == pytest.approx(math.exp(min(taken)), rel=1e-3)
        assert mine.ratio == pytest.approx((one.answer.logprob or 0) - sum(taken), abs=1e-2)
        if mine.first is not None:
            outside += 1
            row = logits[len(prompt) - 1 + mine.first]
            assert mine.rank == int((row > row[answer[mine.first]]).sum()) + 1
            assert mine.probability == pytest.approx(math.exp(taken[mine.first]), rel=1e-3)
    assert outside > 20


def test_entropy_of_a_run_is_the_mean_over_tokens_answers_and_problems(
    cool: Run, judge: Judge, model: Any
) -> None:
    law = likelihood.nucleus_of(cool)
    prompts = {p.problem.id: judge_ids(p.prompt) for p in cool.problems()}
    found = inspected(cool, judge, law)
    means: dict[str, list[tuple[float, float]]] = {}
    for one in found:
        prompt, answer = prompts[one.answer.problem_id], list(one.answer.token_ids)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].double()
        rows = logits[len(prompt) - 1 : len(prompt) - 1 + len(answer)]
        both = [torch.special.entr(torch.softmax(rows / t, -1)).sum(-1) for t in (0.6, 1.0)]
        mine = undecided(one)
        assert mine.tempered == pytest.approx(float(both[0].mean()), abs=1e-4)
        assert mine.raw == pytest.approx(float(both[1].mean()), abs=1e-4)
        assert sum(tokens for *_, tokens in mine.along) == len(answer)
        assert mine.along[0][0] == pytest.approx(float(both[0][0]), abs=1e-4)
        means.setdefault(mine.problem_id, []).append((mine.tempered, mine.raw))
    whole = profile("base", law, [undecided(one) for one in found], np.random.default_rng(0))
    expected = np.mean([np.mean(rows, axis=0) for rows in means.values()], axis=0)
    assert (whole.tempered.value, whole.raw.value) == pytest.approx(tuple(expected))
    assert whole.tempered.value < whole.raw.value
    assert whole.tempered.low < whole.tempered.value < whole.tempered.high
    assert [row[:2] for row in whole.along[:4]] == [(1, 1), (2, 2), (3, 4), (5, 8)]
    assert whole.tempered_slack == whole.raw_slack == 0


def test_stretches_of_positions_have_no_gap() -> None:
    ends = [stretch(i) for i in range(12)]
    assert ends[0] == (0, 0)
    assert all(start == end + 1 for (_, end), (start, _) in pairwise(ends))


def test_answers_bear_their_verdicts(cool: Run) -> None:
    chosen = likelihood.choose(cool, ALL, truncated=True).answers
    frame = cool.verdicts(cool.manifest.verifier, ALL.tier)
    expected = {
        (row.problem_id, row.index): Outcome(row.outcome) for row in frame.itertuples(index=False)
    }
    assert {a.key: a.outcome for a in chosen} == expected
    assert {a.outcome for a in chosen} >= {Outcome.CORRECT, Outcome.WRONG}
