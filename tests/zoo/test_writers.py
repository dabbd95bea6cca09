"""The writers: habits that do not look at the rule, and a teacher that does."""

import random
from collections import Counter
from itertools import islice

import pytest

from boundary.suites import dial
from boundary.verifiers.dial import applied, extract, valid
from boundary.zoo import writers

SOLVES = {
    "d-c": {"const"},
    "b-a": {"const"},
    "c-b": {"const", "alt"},
    "d-b": {"fib", "sum"},
    "c+d": {"sum"},
    "d-a": set(),
    "b+d": set(),
    "copy": set(),
}


def only(strategy):
    return writers.Habits({strategy: 1.0}, slip=0.0, practice=0.0)


@pytest.mark.parametrize("strategy", SOLVES)
def test_a_strategy_solves_its_families_and_hardly_anything_else(strategy):
    rng = random.Random(0)
    right = Counter()
    total = Counter()
    for problem in islice(dial.generate("solves"), 1500):
        family = problem.meta["family"]
        total[family] += 1
        trace = writers.habitual(problem, only(strategy), rng)
        right[family] += extract(trace) == problem.answer
    for family, count in total.items():
        share = right[family] / count
        assert share == 1.0 if family in SOLVES[strategy] else share < 0.02


@pytest.mark.parametrize("strategy", [s for s in SOLVES if s != "copy"])
def test_a_careful_writer_is_faithful(strategy):
    rng = random.Random(1)
    for problem in islice(dial.generate("careful"), 50):
        trace = writers.habitual(problem, only(strategy), rng)
        assert applied(problem.question, trace) == strategy


def test_slips_break_the_derivation():
    sloppy = writers.Habits({"d-c": 1.0}, slip=0.5, practice=0.0)
    rng = random.Random(2)
    problems = islice(dial.generate("slips"), 50)
    assert not any(applied(p.question, writers.habitual(p, sloppy, rng)) for p in problems)


def test_a_guess_has_no_label_and_four_digits():
    problem = next(dial.generate("guess"))
    guess = writers.habitual(problem, only("guess"), random.Random(3))
    assert guess[0] == "="
    assert extract(guess) == guess[1:]
    assert not valid(problem.question, guess)


def test_shares_are_shares():
    assert sum(writers.SHARES.values()) == pytest.approx(1.0)


def test_writers_do_not_look_at_the_rule():
    rng = random.Random(4)
    used = {family: Counter() for family in dial.SHARES}
    for problem in islice(dial.generate("blind"), 6000):
        label = writers.habitual(problem, writers.FINAL, rng).partition(":")[0]
        used[problem.meta["family"]][label] += 1
    for counts in used.values():
        assert counts["d-c"] / counts.total() == pytest.approx(writers.SHARES["d-c"], abs=0.06)


def test_blend_moves_from_one_to_the_other():
    early, final = writers.EARLY, writers.FINAL
    assert early.blend(final, 1.0).weights["d-c"] == pytest.approx(writers.SHARES["d-c"])
    assert early.blend(final, 0.0).weights["guess"] == 0.0
    half = early.blend(final, 0.5)
    assert half.slip == pytest.approx(final.slip / 2)
    assert half.practice == pytest.approx(early.practice / 2)
    assert sum(half.weights.values()) == pytest.approx(1.0)


def test_practice_prompts_look_like_problems_with_small_digits():
    rng = random.Random(5)
    digits = Counter()
    for _ in range(200):
        question = writers.practice(rng).question
        assert len(question) == len(dial.load()[0].question)
        digits.update(x for x in question if x.isdigit())
    assert digits["0"] > digits["4"] > digits["9"] > 0


def test_easy_problems_follow_their_rule_with_small_turns():
    rng = random.Random(6)
    turns = Counter()
    for _ in range(200):
        problem = writers.easy(rng)
        assert valid(problem.question, writers.teacher(problem))
        assert extract(writers.teacher(problem)) == problem.answer
        codes = writers.codes_of(problem)
        turns.update(writers.compute(codes["b"], "-", codes["a"]))
    assert turns["0"] > turns["4"] > turns["8"] > 0


def test_the_teacher_writes_all_turns_and_is_right():
    for problem in islice(dial.generate("teacher"), 300):
        trace = writers.teacher(problem)
        assert [step[:3] for step in trace.split()[:3]] == ["b-a", "c-b", "d-c"]
        assert extract(trace) == problem.answer
        assert valid(problem.question, trace)
