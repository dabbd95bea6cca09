import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boundary.records import Finish, Problem, Sample
from boundary.verifiers import Task
from boundary.verifiers.countdown import CountdownVerifier, parsed
from tests.verifiers.data import strict


def puzzle(
    text: str,
    nums: object = (30, 100, 93),
    target: object = 23,
    *,
    channel: str = "answer_tag",
    may_omit: object = None,
) -> Task:
    given_nums = list(nums) if isinstance(nums, tuple) else nums
    meta = {"nums": given_nums, "target": target, "may_omit": may_omit}
    problem = Problem("p0", "?", "-", meta=meta)
    return Task(problem, Sample("p0", 0, 1, text, None, None, Finish.STOP), channel)


def judge(
    answer: str, nums: object = (30, 100, 93), target: object = 23, *, may_omit: object = None
) -> str:
    """The reason, after the outcome where that is not what the reason says."""
    text = f"<answer>{answer}</answer>"
    ((outcome, reason),) = strict(
        CountdownVerifier(), [puzzle(text, nums, target, may_omit=may_omit)]
    )
    return reason if outcome == ("correct" if reason == "expression" else "wrong") else outcome


@pytest.mark.parametrize(
    "answer",
    [
        "93 + 30 - 100",
        "93+(30-100)",
        " (93 + 30) - 100 = 23 ",
        "23 = 93 - (100 - 30)",
        "93 + 30 - 100 = 23.",
        "-100 + 93 + 30",
        "93 - -30 - 100",
        "93 + 30\n- 100\n= 23",
        "$93 + 30 - 100 = 23$",
        "\\(93 + 30 - 100\\)",
        "\\left[93 + 30\\right] - 100",
        "93 + 30 \u2212 100",
        "**93 + 30 - 100**",
        "`93 + 30 - 100`",
        "\\boxed{93 + 30 - 100}",
    ],
)
def test_ways_to_write_a_right_answer(answer: str) -> None:
    assert judge(answer) == "expression"


@pytest.mark.parametrize(
    ("answer", "nums", "target", "reason"),
    [
        ("6 / (1 - 3/4)", (1, 3, 4, 6), 24, "expression"),
        ("1 / 3 * 3", (1, 3, 3), 1, "expression"),
        ("5 * (5 - 1/5)", (1, 5, 5), 24, "other_numbers"),
        ("5 * (5 - 1/5)", (1, 5, 5, 5), 24, "expression"),
        ("2 \\times 3", (2, 3), 6, "expression"),
        ("2 \\cdot 3", (2, 3), 6, "expression"),
        ("6 \\div 3", (6, 3), 2, "expression"),
        ("6 \u00f7 3", (6, 3), 2, "expression"),
        ("2 \u00d7 3", (2, 3), 6, "expression"),
        ("\\frac{6}{3}", (6, 3), 2, "expression"),
        ("\\dfrac{\\frac{12}{2}}{3} = 2", (12, 2, 3), 2, "expression"),
        ("7", (7,), 7, "expression"),
        ("7 = 7", (7,), 7, "expression"),
        ("7 = 8", (7,), 7, "mismatch"),
        ("3 - 5", (3, 5), -2, "expression"),
        ("3 - 5 = -2", (3, 5), -2, "expression"),
        ("0 * 4 + 9", (0, 4, 9), 9, "expression"),
        # Values that are not the target, however near.
        ("93 + 30 + 100", (30, 100, 93), 23, "mismatch"),
        ("93 + 30 - 100 = 24", (30, 100, 93), 23, "mismatch"),
        ("93 + 30 + 100 = 23", (30, 100, 93), 23, "mismatch"),
        ("1000000001 / 1000000000", (1000000001, 1000000000), 1, "mismatch"),
        ("9 / (4 - 4)", (9, 4, 4), 9, "mismatch"),
        # Numbers that are not those given, or not each of them once.
        ("23", (30, 100, 93), 23, "other_numbers"),
        ("23 + 0 * 30 * 100 * 93", (30, 100, 93), 23, "other_numbers"),
        ("93 - 70", (30, 100, 93), 23, "other_numbers"),
        ("5 + 5", (5, 3), 10, "other_numbers"),
        ("12 + 3", (1, 2, 3), 15, "other_numbers"),
        ("10 + 5", (10, 5, 3), 15, "other_numbers"),
        # Nothing that Python would also run.
        ("9 ** 2", (9, 2), 81, "malformed"),
        ("9 // 2", (9, 2), 4, "malformed"),
        ("9 % 2", (9, 2), 1, "malformed"),
        ("9 ^ 2", (9, 2), 81, "malformed"),
        ("5(3)", (5, 3), 15, "malformed"),
        ("5 3", (5, 3), 15, "malformed"),
        ("5 * 3.0", (5, 3), 15, "malformed"),
        ("5 * 0x3", (5, 3), 15, "malformed"),
        ("5 * 03", (5, 3), 15, "malformed"),
        ("1_0 + 5", (10, 5), 15, "malformed"),
        ("5 * 3 #", (5, 3), 15, "malformed"),
        ("(5 * 3", (5, 3), 15, "malformed"),
        ("5, 3", (5, 3), 15, "malformed"),
        ("()", (5, 3), 15, "malformed"),
        ("True + 14", (1, 14), 15, "malformed"),
        ("abs(-15)", (15,), 15, "malformed"),
        ("max(15, 3)", (15, 3), 15, "malformed"),
        ("[5 * 3][0]", (5, 3, 0), 15, "malformed"),
        ("\u0665 * 3", (5, 3), 15, "malformed"),
        ("5 * 3 = 15 = 15", (5, 3), 15, "malformed"),
        ("5 * 3 = 3 * 5", (5, 3), 15, "malformed"),
        ("5 * 3 = --15", (5, 3), 15, "malformed"),
        ("x = 15", (5, 3), 15, "malformed"),
        ("= 15", (5, 3), 15, "malformed"),
        ("The answer is 5 * 3", (5, 3), 15, "malformed"),
        ("__import__('os').getcwd()", (5, 3), 15, "malformed"),
        ("+" * 190 + "5 * 3", (5, 3), 15, "malformed"),
        ("(" * 60 + "5 * 3" + ")" * 60, (5, 3), 15, "malformed"),
        ("5 * 3 + " * 40, (5, 3), 15, "too_long"),
        ("9" * 400, (5, 3), 15, "too_long"),
    ],
)
def test_judgements(answer: str, nums: tuple[int, ...], target: int, reason: str) -> None:
    assert judge(answer, nums, target) == reason


def test_a_number_may_be_left_out_where_the_problem_says_so() -> None:
    assert judge("10 + 5", (10, 5, 3), 15, may_omit=True) == "expression"
    assert judge("10 + 5 + 0", (10, 5, 3), 15, may_omit=True) == "other_numbers"
    assert judge("5 + 5 + 5", (10, 5, 3), 15, may_omit=True) == "other_numbers"
    assert judge("10 + 5", (10, 5, 3), 15, may_omit="yes") == "other_numbers"


@pytest.mark.parametrize(
    "meta",
    [
        {"nums": None},
        {"nums": ()},
        {"nums": "5, 3"},
        {"nums": (5, 3.5)},
        {"nums": (True, 3)},
        {"nums": (5, 3), "target": None},
        {"nums": (5, 3), "target": "15"},
    ],
)
def test_without_a_puzzle_nothing_is_judged(meta: dict[str, object]) -> None:
    task = puzzle("<answer>5 * 3</answer>", **({"target": 15} | meta))  # type: ignore[arg-type]
    assert strict(CountdownVerifier(), [task]) == [("unjudged", "no_gold")]


def test_the_answer_is_read_where_the_template_asks_for_it() -> None:
    asked = [
        puzzle("so \\boxed{93 + 30 - 100}", channel="boxed"),
        puzzle("Answer: 93 + 30 - 100 = 23", channel="answer_line"),
        puzzle("93 + 30 - 100 = 23"),
        puzzle("<think><answer>1</answer></think><answer>93 + 30 - 100</answer>"),
    ]
    assert strict(CountdownVerifier(), asked) == [
        ("correct", "expression"),
        ("correct", "expression"),
        ("wrong", "no_answer"),
        ("correct", "expression"),
    ]


OPERATIONS = {
    "+": Fraction.__add__,
    "-": Fraction.__sub__,
    "*": Fraction.__mul__,
    "/": Fraction.__truediv__,
}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 99), min_size=2, max_size=5),
    st.lists(st.sampled_from("+-*/"), min_size=4, max_size=4),
    st.integers(-3, 3),
)
def test_the_value_is_exact(nums: list[int], signs: list[str], off: int) -> None:
    """Built from the left with a value kept beside it; judged right at that value only."""
    text, value = str(nums[0]), Fraction(nums[0])
    for sign, number in zip(signs, nums[1:], strict=False):
        if sign == "/" and number == 0:
            sign = "+"
        text, value = f"({text} {sign} {number})", OPERATIONS[sign](value, Fraction(number))
    target = value.numerator // value.denominator + off
    expected = "expression" if value == target else "mismatch"
    assert judge(text, tuple(nums), target) == expected


def test_what_is_parsed_is_arithmetic_only() -> None:
    alphabet = "12+-*/() "
    for letters in itertools.product(alphabet, repeat=4):
        text = "".join(letters)
        try:
            tree = parsed(text)
        except ValueError:
            continue
        assert "**" not in text
        assert "//" not in text
        assert tree is not None
