# ruff: noqa: RUF001 - DeepSeek spells its tokens with a full-width bar.
import pytest

from boundary import cases, prompts, verifiers
from boundary.errors import ConfigError
from boundary.prompts import TEMPLATES, Template
from boundary.records import Finish, Outcome, Problem, Sample, Tier
from boundary.verifiers import Task
from boundary.verifiers.extract import CHANNELS

QUESTION = "What is 40 + 2?"
MARKUP = ("<|im_start|>", "<｜User｜>")

# What a model writes that does as its prompt asks, and the verifier that reads it.
ASKED = {
    "boxed": ("40 and 2 make 42.\nAnswer below.\n\\boxed{42}", QUESTION, "42", "math"),
    "answer_line": ("40 and 2 make 42.\nAnswer: 42", QUESTION, "42", "math"),
    "answer_tag": (
        " <think> 40 and 2 </think> <answer> 42 </answer>\nUser: more",
        QUESTION,
        "42",
        "math",
    ),
    "code": (
        "Like this:\n```python\ndef f(a, b):\n    return a + b\n```\nIt adds.",
        "Write f(a, b), the sum.",
        "def f(a, b):\n    return a + b",
        "code",
    ),
    "code_open": (
        "def f(a, b):\n    return a + b\n```\nIt adds.",
        "Write f(a, b), the sum.",
        "def f(a, b):\n    return a + b",
        "code",
    ),
    "completion": (
        "    return a + b\nassert f(1, 2) == 3\n",
        "def f(a, b):",
        "def f(a, b):\n    return a + b",
        "code",
    ),
    "assertion": (
        "[ANSWER]\nassert f(40, 2) == 42\n[/ANSWER]\n\n[PYTHON]",
        "assert f(40, 2) == ??",
        "assert f(40, 2) == 42",
        "code",
    ),
    "dial": (
        "d-c:6804-1976=5938+6804=1732",
        "a6048 b5938 c1976 d6804",
        "1732",
        "dial",
    ),
}


SUM = {
    "task": "function",
    "entry": "f",
    "cpu_s": 5.0,
    "rule": "equal",
    "cases": cases.pack([(40, 2)], [42]),
}
META = {
    **dict.fromkeys(("code", "code_open", "completion"), SUM),
    "assertion": {"task": "output", "output": "42"},
}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_a_model_that_answers_as_asked_is_not_cut_and_is_graded_right(template: Template) -> None:
    text, question, gold, name = ASKED[template.channel]
    kept = text[: prompts.find_stop(text, template.stop_strings)]
    problem = Problem("p", question, gold, meta=META.get(template.channel, {}))
    is_cut = kept != text
    finish = Finish.STOP_STRING if is_cut else Finish.STOP
    sample = Sample("p", 0, 1, kept, None, None, finish)
    verifier = verifiers.create(name)
    (verdicts,) = verifier.judge([Task(problem, sample, template.channel)])
    verifier.close()
    strict = next(v for v in verdicts if v.tier is Tier.STRICT)
    assert strict.outcome is Outcome.CORRECT
    assert strict.extracted is not None
    assert strict.extracted.strip() == gold


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_templates_are_complete(template: Template) -> None:
    assert template.text.count(prompts.QUESTION) == 1
    assert template.source
    assert template.channel in {*CHANNELS, *META, "dial"}
    assert template.plain == (not any(mark in template.text for mark in MARKUP))
    for stop in template.stop_strings:
        assert not stop.isalnum(), "a bare word cuts answers that contain it"
        assert stop != "Answer:"


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_rendering_keeps_the_question_as_it_is(template: Template) -> None:
    question = r"Let $\{x\}$ be {q}, {0}, %s and \boxed{}?"
    before, after = template.text.split("{q}")
    assert prompts.render(template, question) == before + question + after


def test_wordings_letter_by_letter() -> None:
    assert prompts.render(prompts.get("qwen-boxed"), "Q") == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nQ\n"
        "Please reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert prompts.render(prompts.get("qwen-math-cot"), "Q") == (
        "<|im_start|>system\nPlease reason step by step, and put your final answer within "
        "\\boxed{}.<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n"
    )
    assert prompts.render(prompts.get("abel-simplerl"), "Q") == (
        "Question:\nQ\nAnswer:\nLet's think step by step.\n"
    )
    dapo = prompts.render(prompts.get("dapo@rlvr"), "Q")
    assert dapo.startswith("A conversation between user and assistant. The user asks")
    assert dapo.endswith(
        '\nQ\nRemember to put your answer on its own line after "Answer:".\nassistant'
    )
    assert prompts.render(prompts.get("r1-distill"), "Q") == (
        "<｜begin▁of▁sentence｜><｜User｜>Q\nPlease reason step by step, and put your final answer "
        "within \\boxed{}.<｜Assistant｜><think>\n"
    )
    for name in ("r1", "orz"):
        assert prompts.render(prompts.get(name), "Q").endswith("\nAssistant: <think>")
    assert prompts.render(prompts.get("prime-zero"), "Q").endswith(
        ". User: Q\n\nPresent the answer in LaTex format: \\boxed{Your answer}. Assistant:"
    )
    assert prompts.render(prompts.get("code-r1"), "Q").endswith(
        "tags, respectively.<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n"
    )
    r1 = prompts.render(prompts.get("r1@rlvr"), "Q")
    assert r1.endswith("<answer> answer here </answer>. User: Q. Assistant:")
    assert prompts.render(prompts.get("raw"), "Q") == "Q"


def test_the_templates_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TEMPLATES["raw"] = TEMPLATES["dial"]  # type: ignore[index]


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'qwen-boxd'.*did you mean 'qwen-boxed'"):
        prompts.get("qwen-boxd")


@pytest.mark.parametrize(
    ("text", "stops", "kept"),
    [
        ("one\nQuestion: two", ["Question:"], "one\nQuestion:"),
        ("Question: two", ["Question:"], "Question:"),
        ("the Question: two", ["Question:"], None),
        ("one\n Question: two", ["Question:"], None),
        ("the Question: and\nQuestion:\nQuestion:", ["Question:"], "the Question: and\nQuestion:"),
        ("a <answer>3</answer> b</answer>", ["</answer>"], "a <answer>3</answer>"),
        ("a\nUser: b</answer>", ["</answer>", "User:"], "a\nUser:"),
        ("a </answer>\nUser:", ["User:", "</answer>"], "a </answer>"),
        ("nothing here", ["Question:", "</answer>"], None),
        ("nothing here", [], None),
        ("", ["Question:"], None),
    ],
)
def test_stop_strings_count_at_line_starts(text: str, stops: list[str], kept: str | None) -> None:
    end = prompts.find_stop(text, stops)
    assert (None if end is None else text[:end]) == kept
