import pytest

from boundary.verifiers.exact import ExactVerifier
from tests.verifiers.data import boxed, strict, task


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        ("Evelyn", "evelyn", ("correct", "text")),
        ("Evelyn", " Evelyn. ", ("correct", "text")),
        ("$B$", "B", ("correct", "text")),
        ("no  such\nnumber", "No such number", ("correct", "text")),
        ("caf\u00e9", "cafe\u0301", ("correct", "text")),
        ("5", "5.0", ("wrong", "mismatch")),
        ("1/2", "0.5", ("wrong", "mismatch")),
        ("x^2", "x\u00b2", ("wrong", "mismatch")),
        ("ab", "a b", ("wrong", "mismatch")),
        ("B", "", ("wrong", "no_answer")),
        (" ", "B", ("unjudged", "no_gold")),
        ("B", "\ud800", ("wrong", "mismatch")),
    ],
)
def test_equality_of_text(gold: str, answer: str, expected: tuple[str, str]) -> None:
    assert strict(ExactVerifier(), [boxed(gold, answer)]) == [expected]


def test_the_answer_is_read_in_the_channel() -> None:
    tasks = [task("B", "A\nAnswer: B", channel="answer_line"), task("B", "Answer: B")]
    assert strict(ExactVerifier(), tasks) == [("correct", "text"), ("wrong", "no_answer")]
