"""The dial-lock suite: rules against brute force, and the embedded test problems."""

import random
from collections import Counter
from itertools import islice

import pytest

from boundary.errors import SuiteError
from boundary.suites import dial

FAMILIES = list(dial.SHARES)


def digits(question: str, place: int) -> list[int]:
    """The four digits that one dial shows, in turn order."""
    return [int(word[1 + place]) for word in question.split()]


def next_digit(family: str, a: int, b: int, c: int, d: int) -> int | None:
    """The fifth digit by the rule's own words, or None where the four do not follow it."""
    first, second, third = (b - a) % 10, (c - b) % 10, (d - c) % 10
    rules = {
        "const": (first == second == third, d + first),
        "alt": (first == third, d + second),
        "fib": (third == (first + second) % 10, d + second + third),
        "sum": (c == (a + b) % 10 and d == (b + c) % 10, c + d),
        "double": (second == 2 * first % 10 and third == 2 * second % 10, d + 2 * third),
    }
    holds, value = rules[family]
    return value % 10 if holds else None


@pytest.mark.parametrize("problem", dial.load(), ids=lambda p: p.id)
def test_embedded_answer_follows_from_the_prompt(problem):
    family = problem.meta["family"]
    fifth = [next_digit(family, *digits(problem.question, place)) for place in range(4)]
    assert "".join(map(str, fifth)) == problem.answer


@pytest.mark.parametrize("family", FAMILIES)
def test_sequences_follow_their_rule(family):
    rng = random.Random(3)
    for _ in range(300):
        codes = dial.sequence(family, rng)
        for a, b, c, d, e in zip(*codes, strict=True):
            assert next_digit(family, a, b, c, d) == e


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "const"])
def test_the_habit_of_repeating_the_last_turn_solves_const_only(family):
    rng = random.Random(4)
    for _ in range(300):
        *_, c, d, e = dial.sequence(family, rng)
        assert dial.add(c, e) != dial.add(d, d)


def test_five_codes_by_hand():
    assert dial.five("fib", (1,), (3,)) == [(0,), (1,), (4,), (8,), (5,)]
    assert dial.five("double", (7,), (0,)) == [(0,), (7,), (1,), (9,), (5,)]
    assert dial.five("alt", (9,), (2,)) == [(0,), (9,), (1,), (0,), (2,)]
    assert dial.five("sum", (6,), (5,)) == [(6,), (5,), (1,), (6,), (7,)]


def test_unknown_family_is_refused():
    with pytest.raises(SuiteError, match="rule family"):
        dial.five("cube", (1,), (2,))


def test_embedded_problems_are_240_distinct_ones_by_share():
    problems = dial.load()
    assert [p.id for p in problems] == [f"dial-{i:03d}" for i in range(240)]
    assert len({p.question for p in problems}) == 240
    assert Counter(p.meta["family"] for p in problems) == dial.quotas(240)
    assert all(p.group is None for p in problems)


def test_quotas_follow_the_shares():
    assert dial.quotas(240) == {"const": 121, "alt": 31, "fib": 31, "sum": 26, "double": 31}
    assert sum(dial.quotas(17).values()) == 17


def test_embedded_problems_come_from_their_stream():
    assert dial.stratified(dial.TEST_STREAM, dial.TEST_SIZE, name="dial") == dial.load()


def test_generate_keeps_shares_and_repeats_nothing():
    problems = list(islice(dial.generate("shares"), 4000))
    assert len({p.question for p in problems}) == 4000
    counts = Counter(p.meta["family"] for p in problems)
    for family, share in dial.SHARES.items():
        assert counts[family] / 4000 == pytest.approx(share, abs=0.03)


def test_generate_is_seeded_and_leaves_out_what_it_is_told():
    plain = list(islice(dial.generate("x"), 20))
    assert plain == list(islice(dial.generate("x"), 20))
    held_out = {p.question for p in plain[::2]}
    rest = [p.question for p in islice(dial.generate("x", exclude=held_out), 10)]
    assert rest == [p.question for p in plain[1::2]]
