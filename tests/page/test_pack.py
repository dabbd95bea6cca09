"""What a page keeps of answers: what fits, both ends of the rest, and how much is gone."""

import base64
import json
import random
import zlib

import pytest

from boundary.page import LONGEST, AnswerView, ProblemView, ends
from boundary.page.pack import pack

ROOMY = 1e9


def unpacked(text):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def answer(text, arm="a", outcome="wrong", **more):
    return AnswerView(arm, 0, text, outcome, "mismatch", **more)


def words(seed, count):
    rng = random.Random(seed)
    return " ".join(str(rng.randrange(10**6)) for _ in range(count))


def problems(count=6, answers=4, length=900):
    made = [[answer(words(100 * i + j, length)) for j in range(answers)] for i in range(count)]
    return [ProblemView(f"p{i}", "q", "1", answers=tuple(own)) for i, own in enumerate(made)]


@pytest.mark.parametrize("limit", [2, 10, 11])
def test_both_ends_of_a_text(limit):
    text = "0123456789"
    start, end = ends(text, limit)
    assert text.startswith(start)
    assert text.endswith(end)
    assert len(start) + len(end) == min(limit, len(text))


def test_what_fits_is_kept_whole():
    asked = ProblemView("p", "q\u202e", "1 <b>", answers=(answer("so\x00 it is"),))
    made = pack([asked], ["a"], ROOMY)
    content = unpacked(made.texts[0])
    assert content["question"] == ["q⟨U+202E⟩", 0, ""]
    assert content["gold"] == ["1 <b>", 0, ""]
    assert content["answers"][0]["text"] == ["so⟨U+0000⟩ it is", 0, ""]
    assert (made.answers, made.cut, made.dropped) == (1, 0, 0)


def test_nothing_in_it_could_be_markup():
    made = pack([ProblemView("p", "</script>", "<!--", answers=(answer("<b>"),))], ["a"], ROOMY)
    assert set(made.texts[0]).isdisjoint("<>&\"'")


def test_a_prompt_is_kept_once_with_the_arms_that_were_sent_it():
    asked = ProblemView("p", "q", "1", prompts={"a": "Q: q", "b": "Q: q", "c": "q?"})
    content = unpacked(pack([asked], ["a", "b", "c"], ROOMY).texts[0])
    assert content["prompts"] == [
        {"arms": [0, 1], "text": ["Q: q", 0, ""]},
        {"arms": [2], "text": ["q?", 0, ""]},
    ]


def test_a_long_answer_counts_all_that_is_left_out():
    start, end = "s" * 9_000, "e" * 9_000
    asked = ProblemView("p", "q", "1", answers=(answer(start, end=end, length=70_000),))
    made = pack([asked], ["a"], ROOMY)
    head, left, tail = unpacked(made.texts[0])["answers"][0]["text"]
    assert (head, tail) == ("s" * (LONGEST // 2), "e" * (LONGEST // 2))
    assert left == 70_000 - LONGEST
    assert made.cut == 1


def test_a_smaller_budget_shows_less_of_each_before_it_drops_any():
    asked = problems()
    whole = pack(asked, ["a"], ROOMY)
    size = sum(map(len, whole.texts))
    less = pack(asked, ["a"], size / 2)
    assert sum(map(len, less.texts)) <= size / 2
    assert less.answers == whole.answers == 24
    assert less.limit < whole.limit
    assert less.cut == 24
    assert less.dropped == 0


def test_then_it_keeps_the_first_of_each_arm_and_outcome_and_then_none():
    asked = problems()
    size = sum(map(len, pack(asked, ["a"], ROOMY).texts))
    few = pack(asked, ["a"], size / 20)
    assert sum(map(len, few.texts)) <= size / 20
    assert (few.answers, few.dropped) == (6, 18)
    none = pack(asked, ["a"], 0)
    assert (none.answers, none.dropped) == (0, 24)
    assert unpacked(none.texts[0])["question"][0] == "q"


def test_no_problem_is_no_text():
    assert pack([], [], 0).texts == ()
