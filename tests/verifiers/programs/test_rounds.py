"""Nothing that a model writes ends the judging."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boundary.errors import StoreError
from boundary.records import Problem, Tier
from boundary.verifiers import Task
from boundary.verifiers.code import CodeVerifier
from boundary.verifiers.programs import assertions, blocks
from boundary.verifiers.programs.assertions import StatedCall
from boundary.verifiers.programs.compare import Rule
from tests.verifiers.programs.data import ADD, adder, judged, outcome, task

RIGHT = ("correct", "passed")
UNJUDGED = ("unjudged", "grader_error")


def asking(asks: str) -> Problem:
    meta = {"task": asks, "code": "def f(a):\n    return a", "output": "[1]", "cpu_s": 1.0}
    return Problem(asks, "f?", "-", meta=meta)


PROBLEMS = (adder(cpu_s=1.0), asking("input"), asking("output"))
CHANNELS = ("code", "code_open", "completion", "answer_tag", "assertion", "boxed")
# What texts are made of that are read closely.
PIECES = (
    *("```", "```python\n", "~~~~", "`", "\n", "</think>", "<answer>", "</answer>"),
    *("[ANSWER]", "[/ANSWER]", "assert ", "f(", ")", " == ", "[1]", "[", "{", "}", "(", ","),
    *("def add(a, b):\n", "    return a + b\n", "    ", "lambda x: ", "x", "...", "**", "*"),
    *("'", '"', '"""', "\\", "\\d", "#", "1e999", "2j", "-", "+", "=", ":=", "yield ", "await "),
    *("\0", "\ud800", "\r", "\f", "\u2028", "é", "\uff46(", "if x:\n", "0xff", "9**9", ";", "b=1"),
)


WRITTEN = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join)
VALUES = (
    *("...", "'x'", "1", "9**9", "1e999", "2j", "a", "f(1)", "None", "[1]", "{1: [1]}", "(1,)"),
    *(" + ", ", ", "*", "-", "a=", "lambda: ", "[", "]", "(", ")", "{", "}", ".real"),
    "__import__('os').write(3, b'V\\0\\0\\0\\0')",
)
SHORT = st.lists(st.sampled_from(VALUES), min_size=1, max_size=3).map("".join)


@settings(max_examples=500)
@given(
    text=WRITTEN
    | SHORT.map("[ANSWER]\nassert f({}) == [1]\n[/ANSWER]".format)
    | SHORT.map("[ANSWER]\n{}\n[/ANSWER]".format)
    | SHORT.map("```python\ndef add(a, b):\n    return {}\n```".format),
    problem=st.sampled_from(PROBLEMS),
    channel=st.sampled_from(CHANNELS),
)
def test_any_text_has_verdicts(
    verifier: CodeVerifier, text: str, problem: Problem, channel: str
) -> None:
    (verdicts,) = verifier.judge([task(problem, text, channel=channel)])
    assert {verdict.tier for verdict in verdicts} == set(Tier)
    assert all(outcome(verdicts, tier)[0] in {"correct", "wrong"} for tier in Tier)


@pytest.mark.parametrize("error", [RuntimeError, RecursionError, MemoryError, TypeError])
def test_what_the_judging_fails_on_is_unjudged_and_the_rest_goes_on(
    verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    strict, stated_call, passes = blocks.strict, assertions.stated_call, Rule.passes

    def reading(asked: Task) -> str | None:
        if "unread" in asked.sample.text:
            raise error
        return strict(asked)

    def deciding(answer: str) -> StatedCall:
        if "undecided" in answer:
            raise error
        return stated_call(answer)

    def comparing(rule: Rule, output: Any, expected: Any, arguments: Sequence[Any]) -> bool:
        if output == "incomparable":
            raise error
        return passes(rule, output, expected, arguments)

    monkeypatch.setattr(blocks, "strict", reading)
    monkeypatch.setattr(assertions, "stated_call", deciding)
    monkeypatch.setattr(Rule, "passes", comparing)
    note = f"  # {error.__name__}\n"
    tasks = [
        task(adder(), f"{ADD}{note}"),
        task(adder(), f"{ADD}{note}# unread"),
        task(adder(), f"def add(a, b):\n    return 'incomparable'{note}"),
        task(asking("input"), f"f('undecided'){note}", channel="assertion"),
        task(asking("input"), f"f([1]){note}", channel="assertion"),
    ]
    assert judged(verifier, tasks) == [RIGHT, UNJUDGED, UNJUDGED, UNJUDGED, RIGHT]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), StoreError("no tests", remedy="load them"), OSError(28, "full")]
)
@pytest.mark.parametrize(("module", "name"), [(blocks, "strict"), (assertions, "stated_call")])
def test_what_is_no_fault_of_the_answer_ends_the_judging(
    verifier: CodeVerifier,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    error: BaseException,
) -> None:
    def fail(_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module, name, fail)
        with pytest.raises(type(error)):
            judged(verifier, [task(asking("input"), f"f({name!r})", channel="assertion")])
    assert judged(verifier, [task(adder(), f"{ADD}# after {name}, {error!r}")]) == [RIGHT]
