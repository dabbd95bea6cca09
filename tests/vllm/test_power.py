"""Power sampling and best-of-m on the real vLLM, held to the other engine and to their ledgers."""

import math
from typing import Any

import pytest

from boundary import suites
from boundary.engines import Decoding, Request
from boundary.engines.flight import trace_of
from boundary.records import Draw, Finish, Ledger, Sample
from boundary.sample import seed_of
from boundary.samplers import create as sampler
from boundary.samplers.power import require_raw
from tests.vllm.test_engine import by_key

PROBLEMS = suites.load("dial").problems[:6]
BUDGET = 96
LAW = Decoding(1.0, 1.0, BUDGET)
ARGUMENTS = {"alpha": 2.0, "block": 24, "steps": 4}


def asked(engine: Any, per_problem: int) -> list[Request]:
    return [
        Request(Draw(problem, i, seed_of(7, "zoo/base", problem.id, i)), ids)
        for problem in PROBLEMS
        for ids in [tuple(engine.encode(problem.question))]
        for i in range(per_problem)
    ]


@pytest.fixture(scope="module")
def found(engine: Any) -> list[Sample]:
    return list(sampler("power", ARGUMENTS)(engine, asked(engine, 16), LAW))


def ledgers(samples: list[Sample]) -> list[Ledger]:
    assert all(sample.ledger for sample in samples)
    return [sample.ledger for sample in samples if sample.ledger]


def test_every_answer_is_there_and_costs_what_the_other_engine_says(
    engine: Any, judge: Any, found: list[Sample]
) -> None:
    requests = asked(engine, 16)
    samples = by_key(found)
    assert samples.keys() == {request.key for request in requests}
    prompts = [list(request.prompt_ids) for request in requests]
    answers = [list(samples[request.key].token_ids or ()) for request in requests]
    for request, costs in zip(requests, judge.score(prompts, answers), strict=True):
        sample = samples[request.key]
        assert sample.seed == request.draw.seed
        assert sample.logprob == pytest.approx(math.fsum(costs), abs=2e-3)
        assert sample.n_tokens == len(costs) <= BUDGET
        assert sample.finish is Finish.STOP or sample.n_tokens == BUDGET


def test_the_ratio_agrees_with_itself_in_two_ways_at_every_step(found: list[Sample]) -> None:
    steps = [move for ledger in ledgers(found) for move in ledger.moves if move.step]
    assert len(steps) == len(found) * 4 * 4
    assert all(move.log_r == pytest.approx(move.log_r_z, abs=1e-6) for move in steps)
    assert {move.accepted for move in steps} == {True, False}
    assert max(abs(move.log_r or 0) for move in steps) > 0.1


def test_kept_prefixes_come_from_the_prefix_cache(found: list[Sample]) -> None:
    """Whole blocks of 32 tokens, of prompts and prefixes of which many share a beginning."""
    rows = ledgers(found)
    assert all(ledger.cached is not None for ledger in rows)
    cached = sum(ledger.cached or 0 for ledger in rows)
    prefilled = sum(ledger.prefilled for ledger in rows)
    assert 0.1 * prefilled < cached < prefilled


def test_the_ledger_adds_up(found: list[Sample]) -> None:
    for sample, ledger in zip(found, ledgers(found), strict=True):
        assert ledger.generated == sum(move.drawn for move in ledger.moves)
        assert ledger.generated == ledger.extended + ledger.accepted + ledger.rejected
        assert ledger.tail < 1e-9, "all of the vocabulary is told"
        kept = 0
        for move in ledger.moves:
            assert move.before == kept
            assert move.after == move.cut + move.drawn <= min(24 * move.block, BUDGET)
            kept = move.after if move.accepted else kept
        assert kept == sample.n_tokens


def test_the_costs_of_proposals_are_those_of_their_law(engine: Any, judge: Any) -> None:
    """Token by token, with and without a prefix, against the other engine's own sums."""
    request = asked(engine, 1)[0]
    law = Decoding(0.5, 1.0, 40, exponent=2.0)
    (one,) = engine.generate([request], law)
    (other,) = judge.generate([request], law)
    assert one.trace
    assert other.trace
    (scored,) = judge.score([request.prompt_ids], [one.token_ids])
    assert one.trace.log_p == pytest.approx(scored, abs=1e-3)
    assert one.trace.log_q == pytest.approx(
        [2 * p - z for p, z in zip(one.trace.log_p, one.trace.log_z, strict=True)], abs=1e-9
    )
    assert all(z <= 1e-6 for z in one.trace.log_z)
    shared = [
        i
        for i, (a, b) in enumerate(zip(one.token_ids, other.token_ids, strict=False))
        if one.token_ids[:i] == other.token_ids[:i]
    ]
    assert shared
    for i in shared:
        assert one.trace.log_z[i] == pytest.approx(other.trace.log_z[i], abs=1e-3)


def test_a_law_told_in_part_says_how_much_it_leaves_open(engine: Any) -> None:
    request = asked(engine, 1)[0]
    (whole,) = engine.generate([request], Decoding(0.5, 1.0, 40, exponent=2.0))
    (part,) = engine.generate([request], Decoding(0.5, 1.0, 40, exponent=2.0, most_likely=3))
    assert whole.token_ids == part.token_ids
    assert whole.trace.tail < 1e-9
    assert part.trace.tail > 0
    for z, known in zip(whole.trace.log_z, part.trace.log_z, strict=True):
        assert known <= z + 1e-9
        assert z - known <= math.log1p(part.trace.tail) + 1e-9


def test_raw_log_probabilities_are_shown_at_the_start(engine: Any) -> None:
    require_raw(engine, asked(engine, 1)[0], Decoding(0.25, 1.0, BUDGET, exponent=4.0))


def test_best_of_m_keeps_the_likeliest(engine: Any) -> None:
    requests = asked(engine, 2)
    chosen = list(sampler("best_of", {"m": 4, "by": "total"})(engine, requests, LAW))
    assert by_key(chosen).keys() == {request.key for request in requests}
    assert all(ledger.requests == 4 for ledger in ledgers(chosen))


def test_the_sum_over_the_likeliest_is_worked_out_by_hand() -> None:
    class Flat:
        """Two positions: the drawn token first, then the two likeliest of 0.5, 0.3, 0.2."""

        start_indices, end_indices = (0, 3), (3, 6)
        logprobs = tuple(math.log(p) for p in (0.2, 0.5, 0.3, 0.5, 0.5, 0.3))

    trace = trace_of(Flat, Decoding(0.5, 1.0, 2, exponent=2.0), 7)
    assert trace.cached == 7
    assert trace.log_p == pytest.approx([math.log(0.2), math.log(0.5)])
    assert trace.log_z == pytest.approx([math.log(0.34)] * 2)
    assert trace.log_q == pytest.approx([math.log(0.04 / 0.34), math.log(0.25 / 0.34)])
    assert trace.tail == pytest.approx(0.3 * 0.2 / 0.34)


@pytest.mark.parametrize("temperature", [0.25, 0.5, 0.8, 1.0, 1.25, 2.0])
def test_no_normaliser_lacks_more_than_is_told(temperature: float) -> None:
    """The law drawn from has one as well, and where it is flatter than p its tail weighs more."""
    weights = [1 / (i + 1) ** 1.3 for i in range(1000)]
    law = [w / sum(weights) for w in weights]

    class Flat:
        start_indices, end_indices = (0,), (65,)
        logprobs = tuple(math.log(p) for p in (law[0], *law[:64]))

    trace = trace_of(Flat, Decoding(temperature, 1.0, 2, exponent=4.0), None)
    whole = math.log(math.fsum(p ** (1 / temperature) for p in law))
    told = math.log(law[0]) / temperature - trace.log_q[0]
    assert told <= whole + 1e-12
    assert whole - told <= math.log1p(trace.tail) + 1e-12
    if temperature == 1:
        assert told == 0
