import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundary.verifiers import extract
from boundary.verifiers.extract import CHANNELS

# channel, text, strict, lenient
CASES = [
    ("boxed", r"so \boxed{5}.", "5", "5"),
    ("boxed", r"\boxed{\frac{1}{2}} it is", r"\frac{1}{2}", r"\frac{1}{2}"),
    ("boxed", r"\boxed{1}, no, \boxed{2}", "2", "2"),
    ("boxed", r"$\boxed{1}$ and $\boxed{2}$", "1, 2", "1, 2"),
    ("boxed", r"\boxed{p = 1}, \boxed{p = 2}.", "p = 1, p = 2", "p = 1, p = 2"),
    ("boxed", r"\($y_1 = \boxed{x}\) and \(y_2 = \boxed{2x}\)", "x, 2x", "x, 2x"),
    ("boxed", "\\boxed{1}\n\n\\boxed{2}", "2", "2"),
    ("boxed", r"\boxed{5}, \boxed{5}", "5", "5"),
    ("boxed", r"\boxed{1}. So \boxed{2}", "2", "2"),
    ("boxed", r"\beginboxed{8}", "8", "8"),
    ("boxed", r"\boxed{1} and \boxed{2", "1", "1"),
    ("boxed", r"\boxed{\{1, 2\}}", r"\{1, 2\}", r"\{1, 2\}"),
    ("boxed", r"\boxed{x = \boxed{5}}", "5", "5"),
    ("boxed", r"\boxed {5}", "5", "5"),
    ("boxed", r"\\boxed{5}", "5", "5"),
    ("boxed", r"\fbox{5}", "5", "5"),
    ("boxed", r"\boxed{$5$}", "5", "5"),
    ("boxed", r"\boxed{5.}", "5", "5"),
    ("boxed", r"} \boxed{5} {", "5", "5"),
    ("boxed", r"{ \boxed{5}", "5", "5"),
    ("boxed", r"\boxed{}", None, None),
    ("boxed", r"\boxed", None, None),
    ("boxed", r"boxed{5}", None, None),
    ("boxed", "we have 4 and then 5", None, None),
    ("boxed", "The final answer is 42.", None, "42"),
    ("boxed", "The answer is $3.5$. I hope it is correct.", None, "3.5"),
    ("boxed", "so the answer is: 3.5 metres. Good", None, "3.5 metres"),
    ("boxed", "The answer is $3$ and $4$.", None, "$3$ and $4$"),
    ("boxed", "The answer is 3.\nNo, the answer is 4.", None, "4"),
    ("boxed", "**Final Answer:** 42", None, "42"),
    ("boxed", "**Answer**: **42**", None, "42"),
    ("boxed", "### Answer:\n$$\n42\n$$\n", None, "42"),
    ("boxed", "The answer isn't 5", None, None),
    ("boxed", "Final Answer: The largest $n$ is 34.", None, "34"),
    ("boxed", "Final Answer: The ball fell 3 seconds ago. I hope it is correct.", None, "3"),
    ("boxed", "We add 2 and 3. Therefore, there are 5 such pairs.", None, "5"),
    ("boxed", "We add 2 and 3. There are 5 such pairs.", None, None),
    ("boxed", "We add. So 2 and 3 make 5.", None, None),
    ("boxed", "Therefore $x < 5$ is the solution.", None, "x < 5"),
    (
        "boxed",
        "The matrix is $\\begin{pmatrix}1\\end{pmatrix}$",
        None,
        "\\begin{pmatrix}1\\end{pmatrix}",
    ),
    ("boxed", "\u56e0\u6b64\uff0c\u4ed6\u6709**858\u9897**\u7cd6\u679c\u3002", None, "858"),
    (
        "boxed",
        "\u7b54\u6848\uff1a\u6bcf\u4efd\u662f (\\frac{2}{5}) \u5428\u3002",
        None,
        "(\\frac{2}{5})",
    ),
    ("boxed", "x = 3", None, "x = 3"),
    ("boxed", "$$-15$$", None, "-15"),
    ("boxed", "Answer \\( (9+1) \\)", None, "(9+1)"),
    ("boxed", "answers vary; 5", None, None),
    ("boxed", "Answer: 7", None, "7"),
    ("boxed", "done\n#### 1,234\n", None, "1,234"),
    ("boxed", "#### Step 2\nWe add. The answer is 4", None, "4"),
    ("boxed", "<answer>9</answer>", None, "9"),
    ("boxed", "Answer: 7\n<answer>9</answer>", None, "9"),
    ("boxed", "<answer>9</answer>\nAnswer: 7", None, "7"),
    ("boxed", r"\boxed{5} The answer is 6.", "5", "5"),
    ("answer_line", "Answer: 1\nAnswer: $6$.\nbye", "6", "6"),
    ("answer_line", "  Answer:  6", "6", "6"),
    ("answer_line", r"Answer: $\boxed{6}$", "6", "6"),
    ("answer_line", "Answer:\n\n$$\n7\n$$", "7", "7"),
    ("answer_line", "Answer: a Answer: b", "a Answer: b", "a Answer: b"),
    ("answer_line", "my Answer: 6", None, "6"),
    ("answer_line", "answer: 6", None, "6"),
    ("answer_line", "Answer: 6\nmy Answer: 7", "6", "6"),
    ("answer_line", "Answer:", None, None),
    ("answer_line", r"\boxed{6}", None, "6"),
    ("answer_tag", "<answer> 4 </answer> <answer>5", "4", "4"),
    ("answer_tag", "<answer>3</answer><answer>4</answer>", "4", "4"),
    ("answer_tag", r"<answer>it is \boxed{4}</answer>", "4", "4"),
    ("answer_tag", "<answer> </answer>", None, None),
    ("answer_tag", "</answer><answer>", None, None),
    ("answer_tag", "4</answer>", None, None),
    ("answer_tag", "<think><answer>3</answer></think><answer>4</answer>", "4", "4"),
    ("hashes", "#### 1\n#### 18\nbye", "18", "18"),
    ("hashes", "####", None, None),
    ("hashes", "### 18", None, None),
    ("boxed", r"<think>\boxed{4}</think> done", None, None),
    ("boxed", r"\boxed{4}</think> so \boxed{5}", "5", "5"),
    ("boxed", r"<think>\boxed{4}", "4", "4"),
    ("boxed", "</think> The answer is 6", None, "6"),
    ("boxed", "\\boxed{4\x00}", "4\x00", "4\x00"),
    ("boxed", "\\boxed{\ud800}", "\ud800", "\ud800"),
]


@pytest.mark.parametrize(("channel", "text", "strict", "lenient"), CASES)
def test_where_the_answer_stands(
    channel: str, text: str, strict: str | None, lenient: str | None
) -> None:
    assert extract.strict(text, channel) == strict
    assert extract.lenient(text, channel) == lenient


@pytest.mark.parametrize("channel", CHANNELS)
@given(text=st.text(alphabet="5a \n$\\{}<>/#*:.", max_size=60))
def test_lenient_agrees_wherever_strict_finds_an_answer(channel: str, text: str) -> None:
    for whole in (text, f"\\boxed{{{text}}}", f"Answer: {text}", f"<answer>{text}</answer>"):
        found = extract.strict(whole, channel)
        assert found is None or extract.lenient(whole, channel) == found
        assert found is None or found == found.strip() != ""


def last_closed_box(text: str) -> str | None:
    """From the last box to the first, count braces until they balance."""
    opening = "\\boxed{"
    start = text.rfind(opening)
    while start >= 0:
        depth = 0
        for at in range(start + len(opening) - 1, len(text)):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            if depth == 0:
                return text[start + len(opening) : at]
        start = text.rfind(opening, 0, start)
    return None


@given(st.lists(st.sampled_from(["\\boxed{", "{", "}", "a", "b"]), max_size=14))
def test_the_last_closed_box_is_the_one_that_counting_braces_finds(pieces: list[str]) -> None:
    # Words between boxes keep them apart.
    text = " see then ".join(pieces)
    assert (extract.strict(text, "boxed") or "") == (last_closed_box(text) or "").strip()


@given(text=st.text(alphabet="0123456789 \n.,;abc", max_size=80))
def test_numbers_in_a_text_are_no_answer(text: str) -> None:
    whole = f"We tried {text} and then went on with it for a while"
    assert all(extract.lenient(whole, channel) is None for channel in CHANNELS)


HOSTILE = [
    "\\boxed{",
    "\\boxed{a}",
    "\\boxed{\\boxed{a}",
    "\\boxed ",
    "\\",
    "{",
    "{}",
    " ",
    "answer",
    "answer is ",
    "so it is ",
    "therefore $x$ ",
    "answer:$$\n",
    "Answer: ",
    " Answer:\n",
    "x Answer: ",
    "$",
    "$$\n",
    "**",
    "<answer>",
    "</answer>",
    "<answer></answer>",
    "#### ",
    "\n####",
    "</think>",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_in_the_text(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = time.process_time()
        for channel in CHANNELS:
            extract.strict(text, channel)
            extract.lenient(text, channel)
        return time.process_time() - start

    # A quadratic reader takes 64 times as long for the longer text.
    assert min(seconds(131_072), seconds(131_072)) < 24 * max(seconds(16_384), 0.01)
