"""Which samples are asked for: any order of verdicts must lead to the same end."""

from collections.abc import Mapping
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundary.records import Design
from boundary.schedule import MISSING, RIGHT, WRONG, Adaptive, Fixed, Key
from boundary.stats import StoppingState, stopping_state

Truth = Mapping[str, "np.ndarray"]


def test_a_fixed_schedule_asks_for_what_is_missing_problem_by_problem() -> None:
    fixed = Fixed({"a": np.array([1, 4]), "b": np.array([0])})
    assert [fixed.next(is_idle=bool(i % 2)) for i in range(3)] == [("a", 1), ("a", 4), ("b", 0)]
    with pytest.raises(StopIteration):
        fixed.next(is_idle=True)
    assert [*fixed.judged("a", 1, is_right=True)] == []
    for key, settled in ((("a", 4), 0), (("b", 0), 1), (("a", 1), 2)):
        fixed.drawn(key)
        assert (fixed.settled, fixed.spared) == (settled, 0)


def test_a_fixed_schedule_knows_what_it_asks_for() -> None:
    fixed = Fixed({"a": np.array([1, 4])})
    assert [fixed.may_ask(key) for key in (("a", 4), ("a", 0), ("b", 1))] == [True, False, False]


class Oracle:
    """Where each problem stands by the verdicts told so far, from the words of the rule."""

    def __init__(self, design: Design, truth: Truth, known: Mapping[str, set[int]]) -> None:
        self.design, self.truth = design, truth
        self.known = {key: set(known.get(key, ())) for key in truth}

    def place(self, key: str) -> int | None:
        """The look that a problem is on its way to, ``None`` when it needs no more."""
        for place, look in enumerate(self.design.looks):
            if not self.known[key].issuperset(range(look)):
                return place
            if self.truth[key][:look].sum() >= self.design.stop_after:
                return None
        return None

    def hits(self, key: str) -> int:
        return int(sum(self.truth[key][i] for i in self.known[key]))

    def end(self, key: str) -> StoppingState:
        """The state over all verdicts that are known without a hole."""
        whole = next(i for i in range(10**6) if i not in self.known[key])
        return stopping_state(self.truth[key][:whole], self.design)


def play(schedule: Adaptive, oracle: Oracle, rng: Random) -> tuple[set[Key], set[Key]]:
    """Ask and answer in any order, and check every step; the keys asked for and called back."""
    looks, half = oracle.design.looks, oracle.design.stop_after / 2
    out: list[Key] = []
    asked: set[Key] = {(key, i) for key, known in oracle.known.items() for i in known}
    recalled: set[Key] = set()
    while True:
        places = {key: oracle.place(key) for key in oracle.truth}
        going = {key: place for key, place in places.items() if place is not None}
        free = [(k, i) for k, p in going.items() for i in range(looks[p]) if (k, i) not in asked]
        assert schedule.settled == len(places) - len(going)
        if not out or rng.random() < 0.6:
            is_idle = rng.random() < 0.4
            try:
                key = schedule.next(is_idle=is_idle)
            except StopIteration:
                assert not going
                return asked, recalled
            assert going, "asked for, or waited, with every problem settled"
            if key is None:
                assert not free
                assert out or not is_idle, "nothing is in flight, and nothing is asked for"
            else:
                assert key not in asked, "asked for twice"
                asked.add(key)
                out.append(key)
                place = going[key[0]]
                if free:
                    assert key in free, "ran ahead with work at hand"
                else:
                    assert is_idle, "ran ahead although the engine is busy"
                    assert key[1] < looks[min(place + 1, len(looks) - 1)]
                    assert oracle.hits(key[0]) < half
        if out and rng.random() < 0.6:
            problem, index = out.pop(rng.randrange(len(out)))
            place = places[problem]
            oracle.known[problem].add(index)
            is_right = bool(oracle.truth[problem][index])
            unwanted = [*schedule.judged(problem, index, is_right=is_right)]
            waiting = {key for key in out if key[0] == problem}
            if place is not None and oracle.place(problem) is None:
                assert set(unwanted) == waiting
                assert all(i >= oracle.end(problem).n for _, i in waiting)
            else:
                assert not unwanted
            recalled |= set(unwanted)
            # Called back, a sample may have come already: its verdict then comes late.
            out = [key for key in out if key not in set(unwanted) or rng.random() < 0.3]


@st.composite
def designs(draw: st.DrawFn) -> Design:
    looks = sorted(draw(st.sets(st.integers(1, 20), min_size=1, max_size=4)))
    return Design(draw(st.integers(1, 6)), tuple(looks))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Design, dict[str, "np.ndarray"], Random]:
    design = draw(designs())
    rng = draw(st.randoms(use_true_random=False))
    chances = draw(st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0]), min_size=1, max_size=4))
    cap = design.looks[-1]
    truth = {
        f"p{i}": np.array([rng.random() < p for _ in range(cap)]) for i, p in enumerate(chances)
    }
    return design, truth, rng


def codes(truth: Truth, known: Mapping[str, set[int]]) -> dict[str, "np.ndarray"]:
    """What a store tells: codes to some width, most of them missing."""
    found = {}
    for key, right in truth.items():
        code = np.full(max(known.get(key, {-1}), default=-1) + 1, MISSING, np.uint8)
        for i in known.get(key, ()):
            code[i] = RIGHT if right[i] else WRONG
        found[key] = code
    return found


def assert_ended(design: Design, truth: Truth, oracle: Oracle, asked: set[Key]) -> None:
    for key, right in truth.items():
        expected = stopping_state(right, design)
        assert oracle.end(key) == expected
        assert {(key, i) for i in range(expected.n)} <= asked


@given(cases())
def test_any_order_of_verdicts_ends_where_the_whole_vector_says(
    case: tuple[Design, dict[str, "np.ndarray"], Random],
) -> None:
    design, truth, rng = case
    oracle = Oracle(design, truth, {})
    schedule = Adaptive(design, codes(truth, {}))
    assert schedule.open == len(truth) * design.looks[-1]
    asked, _ = play(schedule, oracle, rng)
    assert_ended(design, truth, oracle, asked)
    assert schedule.settled == len(truth)
    assert schedule.open == 0
    assert schedule.spared == len(truth) * design.looks[-1] - len(asked)


@given(cases(), st.data())
def test_any_stored_state_ends_in_the_same_place(
    case: tuple[Design, dict[str, "np.ndarray"], Random], data: st.DataObject
) -> None:
    """Stored samples may lie anywhere, as a kill leaves them; none is asked for again."""
    design, truth, rng = case
    share = data.draw(st.sampled_from([0.2, 0.5, 0.9, 1.0]))
    known = {
        key: {i for i in range(len(right)) if rng.random() < share} for key, right in truth.items()
    }
    oracle = Oracle(design, truth, known)
    schedule = Adaptive(design, codes(truth, known))
    before = {(key, i) for key, indices in known.items() for i in indices}
    wanted = {
        (key, i)
        for key in truth
        for i in range(design.looks[-1])
        if oracle.place(key) is not None and i not in known[key]
    }
    assert {(k, i) for k in truth for i in range(30) if schedule.may_ask((k, i))} == wanted
    assert schedule.open == len(wanted)
    asked, _ = play(schedule, oracle, rng)
    assert_ended(design, truth, oracle, asked)
    assert asked - before <= wanted


def test_without_an_idle_engine_nothing_runs_ahead() -> None:
    schedule = Adaptive(Design(2, (2, 4)), codes({"a": np.zeros(4)}, {}))
    assert [schedule.next(is_idle=False) for _ in range(3)] == [("a", 0), ("a", 1), None]
    assert schedule.next(is_idle=True) == ("a", 2)


def test_what_ran_ahead_of_a_stop_is_called_back() -> None:
    truth = {"a": np.ones(8, bool), "b": np.zeros(8, bool)}
    schedule = Adaptive(Design(2, (2, 8)), codes(truth, {}))
    first = [schedule.next(is_idle=False) for _ in range(4)]
    assert first == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    ahead = [schedule.next(is_idle=True) for _ in range(3)]
    assert ahead == [("a", 2), ("a", 3), ("a", 4)]
    assert [*schedule.judged("a", 0, is_right=True)] == []
    # One right of the two that stop it: from now on others run ahead.
    assert schedule.next(is_idle=True) == ("b", 2)
    assert [*schedule.judged("a", 1, is_right=True)] == ahead
    assert (schedule.settled, schedule.spared) == (1, 3)


def test_a_run_that_looked_further_than_now_asked_has_nothing_to_do() -> None:
    stored = {"a": np.full(40, WRONG, np.uint8)}
    schedule = Adaptive(Design(1, (4, 8)), stored)
    assert (schedule.open, schedule.settled) == (0, 1)
    with pytest.raises(StopIteration):
        schedule.next(is_idle=True)
    assert [*schedule.judged("a", 30, is_right=True)] == []


def test_a_stored_success_beyond_the_look_does_not_stop_a_problem() -> None:
    stored = {"a": np.array([WRONG, MISSING, RIGHT, RIGHT], np.uint8)}
    schedule = Adaptive(Design(2, (2, 4)), stored)
    assert schedule.next(is_idle=False) == ("a", 1)
    assert [*schedule.judged("a", 1, is_right=False)] == []
    # Its second look, whose samples are all there, decides at once.
    with pytest.raises(StopIteration):
        schedule.next(is_idle=True)
    assert schedule.settled == 1
