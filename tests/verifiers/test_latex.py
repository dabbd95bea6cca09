from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundary.verifiers import latex
from boundary.verifiers.latex import Number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\frac{1}{2}", r"\dfrac{1}{2}"),
        (r"\frac59", r"\frac{5}{9}"),
        (r"\frac 59", r"\tfrac{5}{9}"),
        (r"\frac9{19}", r"\frac{9}{19}"),
        (r"11\sqrt2", r"11 \sqrt{2}"),
        (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\frac{\pi}{2})"),
        (r"\text{(C)}", "C"),
        (r"\text{Evelyn}", "evelyn"),
        (r"90^\circ", "90"),
        (r"90^{\circ}", "90\u00b0"),
        (r"10,\!080", "10080"),
        (r"11,\! 111,\! 111,\! 100", "11111111100"),
        ("10{,}080", "10080"),
        (r"\$32,\!348", "32348"),
        (r"x \le 3", r"x\leq 3"),
        ("\u22125", "-5"),
        ("$5$", "5."),
        ("4\x00", "4"),
        (r"\(5\)", "5"),
    ],
)
def test_spellings_of_the_same_answer(one: str, other: str) -> None:
    assert latex.key(latex.clean(one)) == latex.key(latex.clean(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("32, 349", "32,349"),
        ("1 2", "12"),
        ("4\x002", "42"),
        ("r", "R"),
        ("3R^2", "3r^2"),
        ("(3,4]", "[3,4]"),
        (r"\text{(B)}", "C"),
        ("x", "(x)"),
        ("10%", "10"),
        ("52_8", "52"),
        (r"\pi r", r"\pir"),
    ],
)
def test_spellings_of_different_answers(one: str, other: str) -> None:
    assert latex.key(latex.clean(one)) != latex.key(latex.clean(other))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", Number(Fraction(5))),
        ("+5", Number(Fraction(5))),
        ("- 5", Number(Fraction(-5))),
        ("025", Number(Fraction(25))),
        (".35625", Number(Fraction(57, 160))),
        ("5.", Number(Fraction(5))),
        ("58,500", Number(Fraction(58500))),
        ("1,234,567.5", Number(Fraction(2469135, 2))),
        ("-3/4", Number(Fraction(-3, 4))),
        (r"-\frac{35}{9}", Number(Fraction(-35, 9))),
        (r"\frac{-35}{9}", Number(Fraction(-35, 9))),
        (r"\frac{1.5}{2}", Number(Fraction(3, 4))),
        (r"1\frac{4}{5}", Number(Fraction(9, 5))),
        ("-1 4/5", Number(Fraction(-9, 5))),
        (r"6.72 \times 10^{-5}", Number(Fraction(21, 312500))),
        (r"3\cdot10^4", Number(Fraction(30000))),
        (r"10\%", Number(Fraction(10), percent=True)),
        ("52_8", Number(Fraction(52), base=8)),
        ("4210_{5}", Number(Fraction(4210), base=5)),
        ("1/0", None),
        (r"\frac{1}{0}", None),
        ("32, 349", None),
        ("1,23", None),
        ("1 2", None),
        ("(5)", None),
        ("5x", None),
        ("", None),
        ("-", None),
        (".", None),
        ("1" * 5000, None),
        ("\u0665", None),
    ],
)
def test_values_of_simple_numbers(text: str, value: Number | None) -> None:
    assert latex.number(latex.clean(text)) == value


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("0.5", "1/2", True),
        ("1/3", "0.333333", False),
        ("0.1", "10", False),
        ("10", "0.1", False),
        ("75", "0.75", False),
        ("10%", "10", True),
        ("10", "10%", True),
        ("0.1", "10%", True),
        ("10%", "0.1", True),
        ("10%", "1000", False),
        ("10%", "0.1%", False),
        ("52_8", "52", True),
        ("52_8", "52_8", True),
        ("52_8", "52_9", False),
        ("52_8", "42", False),
    ],
)
def test_equality_of_numbers(gold: str, answer: str, *, equal: bool) -> None:
    one, other = latex.number(latex.clean(gold)), latex.number(latex.clean(answer))
    assert one is not None
    assert other is not None
    assert latex.same_number(one, other) is equal


@given(st.fractions(max_denominator=10**6))
def test_every_fraction_is_read_back(value: Fraction) -> None:
    sign = "-" if value < 0 else ""
    spelled = f"{sign}\\dfrac{{{abs(value.numerator):,}}}{{{value.denominator}}}"
    for text in (str(value), spelled):
        found = latex.number(latex.clean(text))
        assert found == Number(value)


@given(st.text(max_size=40))
def test_cleaning_twice_changes_no_key(text: str) -> None:
    once = latex.clean(text)
    assert isinstance(latex.key(once), str)
    latex.number(once)
