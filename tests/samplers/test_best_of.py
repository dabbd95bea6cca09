"""The likeliest of m: what is chosen, what it took, and that a stop costs nothing."""

import contextlib
import dataclasses
import itertools
from typing import Any

import pytest

from boundary.engines import Decoding
from boundary.errors import ConfigError, EngineError
from boundary.records import Sample
from boundary.samplers import create as sampler
from boundary.samplers.best_of import BY
from tests.samplers.test_power import Recorder
from tests.samplers.toy import TWO, Toy, ToyEngine, decoding, requests

TOY = Toy(TWO, 1, limit=12)


def drawn(many: int, engine: Any = None, **arguments: Any) -> list[Sample]:
    best = sampler("best_of", arguments)
    return list(best(engine or ToyEngine(TOY), requests(many), decoding(TOY)))


class Listening(ToyEngine):
    """Keeps every candidate that it gave."""

    def __init__(self) -> None:
        super().__init__(TOY)
        self.given: list[Sample] = []

    def _sample(self, *asked: Any) -> Sample:
        self.given.append(super()._sample(*asked))
        return self.given[-1]


@pytest.mark.parametrize("by", BY)
def test_the_likeliest_of_its_own_candidates_is_kept(by: str) -> None:
    engine = Listening()
    found = drawn(30, engine, m=5, by=by)
    seeds = {request.draw.index: request.draw.seed for request in requests(30)}
    assert sorted(sample.index for sample in found) == list(range(30))
    assert len({sample.seed for sample in engine.given}) == 150
    for sample in found:
        own = [s for s in engine.given if s.index // 5 == sample.index]
        assert len(own) == 5
        scores = [(s.logprob or 0) / ((s.n_tokens or 0) if by == "mean" else 1) for s in own]
        assert max(scores) == pytest.approx(
            (sample.logprob or 0) / ((sample.n_tokens or 0) if by == "mean" else 1)
        )
        assert sample.seed == seeds[sample.index]
        assert sample.ledger
        assert sample.ledger.generated == sum(s.n_tokens or 0 for s in own)
        assert sample.ledger.accepted == sample.n_tokens
        assert sample.ledger.rejected == sample.ledger.generated - (sample.n_tokens or 0)
        assert sample.ledger.requests == 5


def test_the_two_ways_to_choose_differ() -> None:
    one, other = (drawn(60, m=6, by=by) for by in ("mean", "total"))
    lengths = [sum(s.n_tokens or 0 for s in found) / 60 for found in (one, other)]
    assert lengths[1] < lengths[0], "in all, short answers are likelier"


def test_one_of_one_is_a_plain_draw_of_its_own_seed() -> None:
    assert len({s.text for s in drawn(50, m=1)}) > 20


@pytest.mark.parametrize("last", [0, 7, 23, 40])
def test_what_was_drawn_is_not_drawn_again_after_a_stop(last: int) -> None:
    whole = {s.index: s for s in drawn(10, m=4)}
    engine, watch = ToyEngine(TOY, capacity=3), Recorder(last)
    best = sampler("best_of", {"m": 4})
    running = best(engine, requests(10), decoding(TOY), watch)
    found: dict[int, Sample] = {}
    with contextlib.suppress(KeyboardInterrupt):
        found.update((sample.index, sample) for sample in running)
    assert len(watch.states) == last + 1
    aloft = {p.index: p for p in watch.states[-1]}
    left = [
        dataclasses.replace(request, prefix=aloft.get(request.draw.index))
        for request in requests(10)
        if request.draw.index not in found
    ]
    again = ToyEngine(TOY, capacity=3)
    found |= {s.index: s for s in best(again, left, decoding(TOY))}
    texts = {index: (s.text, s.logprob, s.ledger) for index, s in found.items()}
    assert texts == {index: (s.text, s.logprob, s.ledger) for index, s in whole.items()}
    assert engine.asked + again.asked == 40


def test_a_candidate_that_was_begun_is_gone_on_with() -> None:
    from boundary.records import Prefix
    from boundary.samplers.best_of import Candidates

    request = next(requests(1))
    begun = Prefix("p", 2, (0, 1), -1.5, -1.5)
    course = Candidates(request, 4, BY["mean"])
    state = course.state(lambda: {("p", 2): begun, ("p", 9): begun})
    assert state
    assert not state.token_ids
    again = Candidates(dataclasses.replace(request, prefix=state), 4, BY["mean"])
    prefixes = {r.draw.index: r.prefix for r in again.ask()}
    assert prefixes[2] == begun
    assert {index for index, prefix in prefixes.items() if prefix is None} == {0, 1, 3}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"m": 0}, "give a whole number, 1 or more"),
        ({"m": "many"}, "give a number"),
        ({"by": "length"}, "choose one of mean, total"),
        ({"k": 3}, "did you mean"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        sampler("best_of", arguments)
    assert words in f"{caught.value} {caught.value.remedy}"


def test_an_engine_without_log_probabilities_is_refused() -> None:
    class Silent(ToyEngine):
        def _sample(self, *asked: Any) -> Sample:
            return dataclasses.replace(super()._sample(*asked), logprob=None)

    with pytest.raises(EngineError, match="the engine tells none"):
        drawn(1, Silent(TOY), m=2)


def test_settings_name_every_argument() -> None:
    assert sampler("best_of", {}).settings(Decoding(0.6, 0.95, 9)) == {"m": 8, "by": "mean"}


def test_the_source_is_taken_lazily() -> None:
    running = sampler("best_of", {"m": 2})(ToyEngine(TOY), requests(None), decoding(TOY))
    assert len(list(itertools.islice(running, 5))) == 5
