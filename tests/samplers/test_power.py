"""Power sampling through its real loop: the law that it draws, its ledger, its refusals."""

import contextlib
import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from boundary.engines import Decoding, EngineConfig, Request, create
from boundary.errors import ConfigError, EngineError
from boundary.records import Finish, Key, Prefix, Sample
from boundary.samplers import create as sampler
from boundary.samplers.chain import Schedule
from tests.samplers.toy import (
    ONE,
    TWO,
    Matrix,
    Toy,
    ToyEngine,
    after,
    decoding,
    distance,
    frequencies,
    requests,
    stationary,
)

TOY = Toy(TWO, 2)


def drawn(toy: Toy, many: int, engine: ToyEngine | None = None, **arguments: Any) -> list[Sample]:
    arguments = {"alpha": toy.alpha, "block": toy.limit, **arguments}
    power = sampler("power", arguments)
    return list(power(engine or ToyEngine(toy), requests(many), decoding(toy)))


def test_every_sample_bears_its_own_name_seed_text_and_cost() -> None:
    found = drawn(TOY, 40, steps=3)
    asked = {request.draw.index: request.draw for request in requests(40)}
    assert sorted(sample.index for sample in found) == list(range(40))
    for sample in found:
        assert sample.seed == asked[sample.index].seed
        assert sample.problem_id == "p"
        path = TOY.path(tuple(sample.token_ids or ()))
        assert sample.logprob == pytest.approx(math.fsum(path.log_p), abs=1e-12)
        assert sample.n_tokens == len(path) == len(sample.text)
        assert sample.finish is (Finish.STOP if sample.text.endswith("$") else Finish.LENGTH)
        assert sample.finish is Finish.STOP or sample.n_tokens == TOY.limit
    assert len({sample.text for sample in found}) > 5


def test_the_law_after_some_steps_is_that_of_the_kernel() -> None:
    """Of the kernel built from the step; two thirds of the way from the proposal to p ** alpha."""
    expected = after(TOY, 12)
    found = frequencies(TOY, drawn(TOY, 4000, steps=12))
    assert distance(found, expected) < 0.04
    assert distance(TOY.proposal, expected) > 0.12
    assert distance(expected, TOY.target) < 0.09


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_100_000_chains_of_200_steps_have_the_power_law() -> None:
    """Expected of sound code: .0042; second eigenvalue .9155, so 200 steps are converged."""
    power = sampler("power", {"alpha": 2, "block": 4, "steps": 200})
    # Ledgers of so many steps are not kept.
    running = power(ToyEngine(TOY, capacity=1000), requests(100_000), decoding(TOY))
    found = frequencies(TOY, running)
    assert distance(found, TOY.target) < 0.006


def test_alpha_1_has_the_law_of_plain_sampling() -> None:
    """Chains begin in it, and the steps leave it alone."""
    toy, many = Toy(ONE, 1), 8000
    found = frequencies(toy, drawn(toy, many, steps=4, block=4)) * many
    expected = toy.target * many
    assert stats.chisquare(found, expected).pvalue > 1e-4


def test_blocks_let_an_answer_that_ended_grow_again() -> None:
    """Two blocks of two letters: by the published rule an answer that ended in the first stays."""
    many = 1200
    found = drawn(TOY, many, block=2, steps=10)
    early = drawn(TOY, many, block=2, steps=10, stop_rule="first_eos_block")
    assert all(len(s.ledger.block_steps) == 2 for s in found if s.ledger)
    stayed = [s for s in early if s.ledger and len(s.ledger.block_steps) == 1]
    assert stayed
    assert all(s.finish is Finish.STOP and len(s.text) <= 2 for s in stayed)
    short = [sum((s.n_tokens or 0) <= 2 for s in some) / many for some in (found, early)]
    expected = sum(c for x, c in zip(TOY.answers, TOY.target, strict=True) if len(x) <= 2)
    assert abs(short[0] - expected) < 0.06
    assert short[1] > short[0] + 0.04


def test_the_proposal_may_have_another_temperature() -> None:
    toy = Toy(TWO, 2, temperature=0.8)
    expected = after(toy, 6)
    found = frequencies(toy, drawn(toy, 3000, steps=6, temperature=0.8))
    assert distance(found, expected) < 0.05
    assert distance(toy.proposal, expected) > 0.12


def test_the_ledger_adds_up_to_what_the_engine_drew() -> None:
    engine = ToyEngine(TOY)
    found = drawn(TOY, 50, engine, block=2, steps=6)
    ledgers = [sample.ledger for sample in found if sample.ledger]
    assert len(ledgers) == 50
    # Eight short answers, four at each of two temperatures, are drawn for the check at the start.
    probe = ToyEngine(TOY)
    nothing = drawn(TOY, 1, probe, block=4, steps=1)[0].ledger
    assert nothing
    assert sum(ledger.requests for ledger in ledgers) + 8 == engine.asked
    probed = probe.drawn - nothing.generated
    assert sum(ledger.generated for ledger in ledgers) + probed == engine.drawn
    for sample, ledger in zip(found, ledgers, strict=True):
        assert ledger.generated == ledger.extended + ledger.accepted + ledger.rejected
        assert ledger.passes == ledger.generated == sum(m.drawn for m in ledger.moves)
        assert ledger.requests == len(ledger.moves)
        assert list(ledger.block_steps) == [6, 6]
        assert ledger.prefilled == ledger.requests + sum(m.cut for m in ledger.moves)
        length = 0
        for move in ledger.moves:
            assert move.before == length
            assert move.after == move.cut + move.drawn <= 2 * move.block
            assert move.cut < length or not move.step
            length = move.after if move.accepted else length
            if move.step:
                assert move.log_r == pytest.approx(move.log_r_z, abs=1e-6)
        assert length == sample.n_tokens


def test_no_two_requests_share_a_seed() -> None:
    engine = ToyEngine(TOY)
    drawn(TOY, 60, engine, block=2, steps=5)
    assert len(set(engine.seeds)) > 0.98 * len(engine.seeds)
    repeated = Counter(engine.seeds)
    # Only the check at the start draws at two temperatures with the same seeds.
    assert sum(n - 1 for n in repeated.values()) == 4


def test_acceptance_by_block_is_counted() -> None:
    for sample in drawn(TOY, 30, block=2, steps=5):
        assert sample.ledger
        steps = [m for m in sample.ledger.moves if m.step]
        for block in (1, 2):
            own = [m.accepted for m in steps if m.block == block]
            assert sample.ledger.block_accepted[block - 1] == sum(own)
            assert sample.ledger.block_steps[block - 1] == len(own)


class Recorder:
    """Keeps the states of each beat, and ends the generation at one of them."""

    def __init__(self, last: int | None = None) -> None:
        self.states: list[list[Prefix]] = []
        self._last = last

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        self.states.append(in_flight())
        if self._last is not None and len(self.states) > self._last:
            raise KeyboardInterrupt

    def cancelled(self) -> Collection[Key]:
        return ()


def until(last: int, engine: ToyEngine, **arguments: Any) -> tuple[dict[int, Sample], Recorder]:
    """What had ended by a beat, and what was in flight then."""
    watch = Recorder(last)
    running = sampler("power", arguments)(engine, requests(12), decoding(TOY), watch)
    found: dict[int, Sample] = {}
    with contextlib.suppress(KeyboardInterrupt):
        found.update((sample.index, sample) for sample in running)
    assert len(watch.states) == last + 1
    return found, watch


@pytest.mark.parametrize("last", [0, 3, 57, 150, 260])
def test_a_chain_goes_on_from_where_it_was_stopped(last: int) -> None:
    """The same answers with the same ledgers; no step is done again but those in flight."""
    arguments = {"alpha": 2, "block": 2, "steps": 12}
    whole = {s.index: s for s in drawn(TOY, 12, **arguments)}
    engine = ToyEngine(TOY, capacity=4)
    found, watch = until(last, engine, **arguments)
    aloft = {p.index: p for p in watch.states[-1]}
    assert not found.keys() & aloft.keys()
    left = [
        dataclasses.replace(request, prefix=aloft.get(request.draw.index))
        for request in requests(12)
        if request.draw.index not in found
    ]
    again = ToyEngine(TOY, capacity=4)
    for sample in sampler("power", arguments)(again, left, decoding(TOY)):
        assert sample.index not in found
        found[sample.index] = sample
    assert found == whole
    steps = sum(s.ledger.requests for s in whole.values() if s.ledger)
    # 8 requests of each start's check, and those that were on their way at the stop.
    assert steps <= engine.asked + again.asked - 16 <= steps + 5


def test_an_answer_that_is_called_off_is_not_drawn_on() -> None:
    class Once(Recorder):
        told = False

        def cancelled(self) -> Collection[Key]:
            if self.told or len(self.states) < 60:
                return ()
            self.told = True
            return {("p", 1)}

    power = sampler("power", {"alpha": 2, "block": 2, "steps": 20})
    found = list(power(ToyEngine(TOY), requests(3), decoding(TOY), Once()))
    assert sorted(sample.index for sample in found) == [0, 2]


def test_while_no_request_is_there_the_chains_go_on() -> None:
    def slow() -> Iterator[Request | None]:
        for request in requests(6):
            yield request
            yield None

    power = sampler("power", {"alpha": 2, "block": 4, "steps": 4})
    found = list(power(ToyEngine(TOY), slow(), decoding(TOY)))
    assert sorted(sample.index for sample in found) == list(range(6))
    assert list(power(ToyEngine(TOY), iter(()), decoding(TOY))) == []


def test_many_chains_are_advanced_together() -> None:
    class Counting(ToyEngine):
        most = 0

        def generate(self, asked: Any, *rest: Any) -> Iterator[Sample]:
            """Takes all that is offered before it draws any of it."""
            waiting = iter(asked)
            while True:
                batch = []
                for request in waiting:
                    if request is None:
                        break
                    batch.append(request)
                if not batch:
                    return
                self.most = max(self.most, len(batch))
                for request in batch:
                    yield self._sample(request, rest[0])

    engine = Counting(TOY, capacity=64)
    assert len(drawn(TOY, 200, engine, steps=3)) == 200
    assert engine.most >= 64


REFUSED = {
    "alpha below 1": ({"alpha": 0.5}, {}, "give 1 or more: below 1 the law would be flattened"),
    "alpha nan": ({"alpha": math.nan}, {}, "give a number"),
    "alpha in words": ({"alpha": "four"}, {}, "give a number"),
    "alpha without end": ({"alpha": math.inf}, {}, "give 1 or more"),
    "greedy proposals": ({"temperature": 0}, {}, "a greedy proposal has no density"),
    "nucleus of the proposals": ({"top_p": 0.9}, {}, "could never be proposed"),
    "top-k of the proposals": ({"top_k": 50}, {}, "could never be proposed"),
    "nucleus of the law": ({}, {"top_p": 0.95}, "could never be proposed"),
    "tempered law": ({}, {"temperature": 0.6}, "sharpens the model's own law"),
    "greedy law": ({}, {"temperature": 0.0}, "sharpens the model's own law"),
    "long block": ({"block": 101}, {}, "a block of 101 tokens is longer than the 100"),
    "no block": ({"block": 0}, {}, "give a whole number, 1 or more"),
    "half a step": ({"steps": 2.5}, {}, "give a whole number, 1 or more"),
    "no step": ({"steps": 0}, {}, "give a whole number, 1 or more"),
    "stop rule": ({"stop_rule": "eos"}, {}, "first_eos_block (published, not exact)"),
    "unknown": ({"alfa": 4}, {}, "did you mean 'alpha'?"),
    "stop strings": ({}, {"stop_strings": ("Question:",)}, "stops on token ids only"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_makes_no_sense_is_refused_with_the_reason(what: str) -> None:
    arguments, changes, words = REFUSED[what]
    law = dataclasses.replace(Decoding(1.0, 1.0, 100), **changes)
    with pytest.raises(ConfigError) as caught:
        sampler("power", arguments).settings(law)
    assert words in f"{caught.value} {caught.value.remedy}"


def test_settings_say_what_was_left_alone() -> None:
    found = sampler("power", {}).settings(Decoding(1.0, 1.0, 3072))
    assert found == {
        "alpha": 4.0,
        "block": 192,
        "steps": 10,
        "temperature": 0.25,
        "stop_rule": "all_blocks",
    }


def test_log_probabilities_that_are_not_raw_are_refused_at_the_start() -> None:
    engine = ToyEngine(TOY, raw=False)
    with pytest.raises(EngineError, match="not raw"):
        drawn(TOY, 5, engine)
    assert engine.asked <= 8


def test_an_engine_that_tells_no_costs_is_refused() -> None:
    with pytest.raises(EngineError, match="does not tell what each token cost"):
        drawn(TOY, 5, ToyEngine(TOY, tells=False))


def test_a_law_known_in_part_is_refused_when_too_much_is_open() -> None:
    class Vague(ToyEngine):
        def _sample(self, *asked: Any) -> Sample:
            found = super()._sample(*asked)
            assert found.trace
            return dataclasses.replace(found, trace=dataclasses.replace(found.trace, tail=1e-4))

    with pytest.raises(EngineError, match=r"leave a share of 1\.0e-04"):
        drawn(TOY, 2, Vague(TOY))
    assert all(s.ledger and s.ledger.tail == 1e-4 for s in drawn(TOY, 2, Vague(TOY), tail=1e-3))


def test_costs_that_contradict_each_other_end_the_run() -> None:
    class Wrong(ToyEngine):
        def _sample(self, *asked: Any) -> Sample:
            found = super()._sample(*asked)
            assert found.trace
            q = [x - 1e-3 for x in found.trace.log_q]
            return dataclasses.replace(found, trace=dataclasses.replace(found.trace, log_q=q))

    with pytest.raises(EngineError, match="two ways to the acceptance ratio"):
        drawn(TOY, 20, Wrong(TOY))


def test_a_request_of_which_a_part_came_from_elsewhere_is_made_again() -> None:
    """So a replica that dies in mid-proposal does, whose answer another one went on with."""

    class Torn(ToyEngine):
        has_torn = False

        def _sample(self, request: Request, law: Decoding) -> Sample:
            found = super()._sample(request, law)
            if self.asked > 12 and not self.has_torn and found.trace and len(found.trace.log_p) > 1:
                self.has_torn = True
                cut = dataclasses.replace(found.trace, log_p=found.trace.log_p[1:])
                return dataclasses.replace(found, trace=cut)
            return found

    engine = Torn(TOY)
    assert drawn(TOY, 6, engine, steps=8) == drawn(TOY, 6, steps=8)
    assert engine.has_torn


def test_limits_of_blocks_end_at_that_of_the_answer() -> None:
    plan = Schedule(4.0, 24, 10, 0.25, 101, stops_early=False)
    assert plan.blocks == 5
    assert [plan.limit(k) for k in range(1, 6)] == [24, 48, 72, 96, 101]
    assert plan.is_tempered
    assert not dataclasses.replace(plan, temperature=0.5).is_tempered


_FEW = (4, 9, 17)
"""Tokens that the checkpoint below is held to, besides its end token."""
_LENGTH = 4


@pytest.fixture(scope="module")
def held() -> Iterator[Any]:
    """The zoo's base, which can only say three tokens and stop."""
    from boundary.zoo import tokenizer

    engine = create("transformers", EngineConfig("zoo/base", batch_size=512))
    allowed = [*_FEW, tokenizer.EOS]

    def narrow(_module: Any, _args: Any, out: Any) -> Any:
        mask = out.logits.new_full((out.logits.shape[-1],), -math.inf)
        # Flattened as well: left alone the checkpoint is sure of nearly every token.
        mask[allowed] = 0.0
        out.logits = out.logits / 4 + mask
        return out

    handle = engine._model.register_forward_hook(narrow)
    yield engine
    handle.remove()
    engine.close()


class Held(Toy):
    """What that checkpoint can say, by scoring every beginning of an answer."""

    letters = len(_FEW) + 1

    def costs(self, history: Sequence[int]) -> tuple[Matrix, Matrix, float]:
        p = LAWS[tuple(history)]
        heated = p / self.heat
        z = float(np.log(np.exp(self.alpha * p).sum()))
        return p, heated - np.log(np.exp(heated).sum()), z


LAWS: dict[tuple[int, ...], Matrix] = {}


def test_a_checkpoint_of_few_tokens_has_the_law_worked_out_by_enumeration(held: Any) -> None:
    """Every answer of at most four tokens, with its exact chance after so many steps."""
    from boundary import suites
    from boundary.zoo import tokenizer

    prompt = tuple(held.encode(suites.load("dial").problems[0].question))
    ids = (*_FEW, tokenizer.EOS)
    begun = [x for n in range(_LENGTH) for x in itertools.product(range(len(_FEW)), repeat=n)]
    asked = [(*(ids[i] for i in x), v) for x in begun for v in ids]
    costs = iter(list(held.score([prompt] * len(asked), asked)))
    LAWS.update({x: np.array([next(costs)[-1] for _ in ids]) for x in begun})
    toy, many, steps = Held((), 2, _LENGTH), 1500, 12
    assert max(abs(np.exp(law).sum() - 1) for law in LAWS.values()) < 1e-5
    assert distance(stationary(toy.kernel()), toy.target) < 1e-9
    requested = [dataclasses.replace(r, prompt_ids=prompt) for r in requests(many)]
    power = sampler("power", {"alpha": 2, "block": _LENGTH, "steps": steps})
    found = list(power(held, requested, Decoding(1.0, 1.0, _LENGTH)))
    letter = {v: i for i, v in enumerate(ids)}
    renamed = [
        dataclasses.replace(s, token_ids=[letter[v] for v in s.token_ids or ()]) for s in found
    ]
    expected = after(toy, steps)
    noise = np.sqrt(2 * expected * (1 - expected) / (math.pi * many)).sum() / 2
    assert distance(frequencies(toy, renamed), expected) < noise + 0.02
    assert distance(toy.proposal, expected) > noise + 0.06
    moves = [m for s in found for m in (s.ledger.moves if s.ledger else ()) if m.step]
    assert all(m.log_r == pytest.approx(m.log_r_z, abs=1e-6) for m in moves)


def test_a_tokenizer_without_an_end_token_is_refused(held: Any) -> None:
    from unittest import mock

    with (
        mock.patch.object(held, "_end_ids", set()),
        pytest.raises(EngineError, match="names no end token"),
    ):
        list(sampler("power", {})(held, requests(1), Decoding(1.0, 1.0, 8)))
