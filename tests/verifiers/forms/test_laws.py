"""What must hold of equality for any answers, and of mutants of them."""

import random
import time
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from boundary.verifiers import forms
from tests.verifiers.forms.test_rules import equal
from tests.verifiers.mutants import SEEDS, mutants

INTEGERS = st.integers(-(10**30), 10**30)
FRACTIONS = st.fractions(max_denominator=10**6)

EXACT = st.one_of(
    INTEGERS.map(str),
    FRACTIONS.map(lambda f: f"\\frac{{{f.numerator}}}{{{f.denominator}}}"),
)
NUMBERS = st.one_of(EXACT, st.decimals(-1000, 1000, places=3).map(str))
NAMES = st.sampled_from(["x", "y", "n", r"\pi", "e", "i", r"\alpha", "R_1"])
ATOMS = st.one_of(NUMBERS, NAMES)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]}) + ({p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]})({p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"\\frac{{{p[0]}}}{{{p[1]}}}"),
        inner.map(lambda text: f"\\sqrt{{{text}}}"),
        inner.map(lambda text: f"({text})^2"),
        inner.map(lambda text: f"\\sin({text})"),
        inner.map(lambda text: f"|{text}|"),
    )


SCALARS = st.recursive(ATOMS, compound, max_leaves=6)


def listed(scalars: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Scalars, alone and in lists of every kind."""
    return st.one_of(
        scalars,
        st.lists(scalars, min_size=2, max_size=4).map(", ".join),
        st.lists(scalars, min_size=2, max_size=4).map(lambda items: f"({', '.join(items)})"),
        st.lists(scalars, min_size=1, max_size=4).map(lambda items: f"\\{{{', '.join(items)}\\}}"),
        st.tuples(INTEGERS, INTEGERS).map(lambda p: f"[{min(p)}, {max(p)})"),
    )


ANSWERS = st.one_of(listed(SCALARS), SCALARS.map(lambda text: f"x = {text}"))
# A tolerance belongs to a gold decimal, and only an answer may say more.
EVEN = listed(st.recursive(st.one_of(EXACT, NAMES), compound, max_leaves=6))


def decided(one: str, other: str) -> bool | None:
    """Whether two answers are equal by their forms, their text aside."""
    spelled = forms.spell(one), forms.spell(other)
    notation = forms.notation_of(*spelled)
    left, right = (forms.read(text, notation) for text in spelled)
    if left is None or right is None:
        return None
    return forms.compare(left, right).equal


@settings(deadline=None)
@given(ANSWERS)
def test_every_answer_equals_itself(answer: str) -> None:
    assert equal(answer, answer) is True
    assert decided(answer, f" {answer} ") is not False


@settings(deadline=None)
@given(EVEN, EVEN)
def test_equality_is_symmetric(one: str, other: str) -> None:
    assert decided(one, other) == decided(other, one)


@given(INTEGERS)
def test_no_number_equals_the_next(number: int) -> None:
    assert equal(str(number), str(number + 1)) is False
    assert equal(f"{number}x", f"{number + 1}x") is False
    assert equal(f"({number}, 1)", f"({number + 1}, 1)") is False


@given(FRACTIONS, st.sampled_from(["{}/{}", r"\frac{{{}}}{{{}}}", r"\dfrac{{{}}}{{{}}}"]))
def test_every_fraction_is_read_back(value: Fraction, spelling: str) -> None:
    text = spelling.format(value.numerator, value.denominator)
    assert decided(f"{2 * value.numerator}/{2 * value.denominator}", text) is True


FIGURES = st.one_of(
    INTEGERS.map(str),
    st.decimals(-1000, 1000, places=4).map(str),
    st.tuples(st.integers(1, 999), st.integers(1001, 9999)).map(lambda p: f"{p[0]}/{p[1]}"),
    st.tuples(st.integers(2, 99), st.integers(1, 8)).map(lambda p: f"{p[0]} {p[1]}/9"),
    st.integers(2, 99).map(lambda n: f"\\sqrt{{{n}}}"),
)


@given(FIGURES, st.randoms(use_true_random=False))
def test_no_figure_with_another_digit_is_equal(answer: str, chance: random.Random) -> None:
    at = chance.choice([at for at, char in enumerate(answer) if char.isdigit()])
    other = answer[:at] + str((int(answer[at]) + 1) % 10) + answer[at + 1 :]
    # Minus nought is nought, whatever the digit.
    assume("/0" not in other)
    assert equal(answer, other) is not True
    assert equal(other, answer) is not True


@pytest.mark.parametrize("gold", SEEDS)
def test_no_seed_with_another_digit_is_equal(gold: str) -> None:
    for at, char in enumerate(gold):
        # The rows and columns of a matrix, and the base of digits, are no figures of their own.
        if char.isdigit():
            other = gold[:at] + str((int(char) + 1) % 10) + gold[at + 1 :]
            assert equal(gold, other) is not True


def judged(count: int, seed: int) -> float:
    """Seconds of the slowest comparison among mutants."""
    slowest = 0.0
    for gold, boxed in mutants(count, seed=seed):
        start = time.process_time()
        equal(gold, boxed[len("\\boxed{") : -1])
        slowest = max(slowest, time.process_time() - start)
    return slowest


def test_mutants_break_nothing() -> None:
    assert judged(3000, seed=1) < 5.0


@pytest.mark.slow
def test_many_mutants_break_nothing() -> None:
    assert judged(100_000, seed=2) < 5.0


PATHOLOGICAL = {
    "tower": "9^{9^{9^{9^{9}}}}",
    "tower of variables": "^".join("x" * 300),
    "long sum": "+".join(f"x^{{{i}}}" for i in range(900)),
    "long sum of roots": "+".join(f"\\sqrt{{{i}}}" for i in range(400)),
    "braces": "{" * 1900 + "}" * 1900,
    "brackets": "(" * 1900 + "x" + ")" * 1900,
    "bars": "|" * 3000,
    "roots": "\\sqrt" * 700 + "2",
    "fractions": "\\frac{1}{" * 400 + "2" + "}" * 400,
    "signs": "-" * 3900 + "1",
    "digits": "7" * 3900,
    "factorials": "9" + "!" * 300,
    "big factorial": "3000!/2999!+" * 200 + "1",
    "list": ",".join(str(i) for i in range(900)),
    "list of roots": ",".join(f"\\sqrt{{{i}}}" for i in range(300)),
    "signs in a list": ",".join("\\pm x" for _ in range(400)),
    "nested powers": "(" * 30 + "x+1" + ")^{9}" * 30,
    "huge exponents": "x^{99999999999}y^{-99999999999}",
    "tiny": "10^{-99999999}",
    "huge sine": "\\sin(10^{99999999})",
    "huge floor": "\\lfloor \\pi^{99999999} \\rfloor",
    "commas": "," * 3000,
    "equations": "=".join("x" * 1500),
    "unions": "\\cup".join("(1,2)" for _ in range(250)),
    "texts": "\\text{a}" * 400,
    "nested texts": "\\text{" * 500 + "}" * 500,
    "matrix": "\\begin{pmatrix}" + "\\\\".join("1&2" for _ in range(400)) + "\\end{pmatrix}",
    "determinant": "\\begin{vmatrix}" + "\\\\".join("1&2&x&y" for _ in range(4)) + "\\end{vmatrix}",
    "words": "word " * 700,
    "decimals": "0." + "3" * 3000,
    "repeating": "0.\\overline{" + "3" * 3000 + "}",
    "exponent": "1e99999999999999",
    "binomials": "\\binom{3000}{1500}" * 100,
    "spaces": "1" + " " * 3900 + "2",
    "thousands": "1" + ",000" * 900,
    "calls": "f(" * 500 + "x" + ")" * 500,
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_no_answer_takes_long(name: str) -> None:
    answer = PATHOLOGICAL[name]
    start = time.process_time()
    for gold in ("7", "x+1", "1, 2", r"\{\sqrt{2}, 3\}", answer + "+1"):
        equal(gold, answer)
        equal(answer, gold)
    assert time.process_time() - start < 10.0
