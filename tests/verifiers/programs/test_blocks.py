"""Where programs stand in texts."""

import ast

import pytest

from boundary.records import Finish, Problem
from boundary.verifiers.programs.blocks import blocks, lenient, strict
from boundary.verifiers.programs.source import parsed
from tests.verifiers.programs.data import ADD, adder, task

OTHER = "def add(a, b):\n    return b + a\n"
BODY = "    return a + b\n"
# Python counts one line here.
STRANGE = 'x = "\u2028\v\x85\x1c"\n'
ASKED = f"{adder().question}\n"


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


STRICT = [
    ("code", f"```python\n{ADD}```", ADD),
    ("code", f"First\n```python\n{OTHER}```\nbetter\n```py\n{ADD}```\ndone", ADD),
    ("code", f"```\n{ADD}```", ADD),
    ("code", f"~~~~python title='x'\n{ADD}~~~~", ADD),
    ("code", f"   ```Python\n{ADD}   ```", ADD),
    ("code", f"```python\n{ADD}```\nThen run\n```bash\npython add.py\n```", ADD),
    ("code", f"````python\n{ADD}```\nquoted\n```\n````", f"{ADD}```\nquoted\n```\n"),
    ("code", f"```python\n{OTHER}\n```python\n{ADD}```", ADD),
    ("code", f"```python\n{OTHER}```\n</think>\n```python\n{ADD}```", ADD),
    ("code", f"<think>\n```python\n{OTHER}```\n</think>\nNo code.", None),
    ("code", f"1. So:\n   ```python\n{indented(ADD, 3)}   ```\n2. Done", ADD),
    ("code", f"  ```python\n{ADD}  ```", ADD),
    *(("code", f"```{said}\n{ADD}```", ADD) for said in ("python:add.py", "{python}", "{.python}")),
    ("code", f"```python,linenos\n{ADD}```", ADD),
    ("code", f"```r:python\n{ADD}```", None),
    ("code", f"```python\n{ADD}```:\n", None),
    ("code", f"```python\n{ADD}```.\n", None),
    ("code", f"```:\n{OTHER}```\n", None),
    ("code", f"```python\n{ADD}", None),
    ("code", f"Use ```{ADD}``` as it is", None),
    ("code", ADD, None),
    ("code", "", None),
    ("code_open", f"{ADD}```\nThat adds.\n```python\n{OTHER}```", ADD),
    ("code_open", ADD, ADD),
    ("code_open", f"```python\n{ADD}```\nThat adds.\n```python\n{OTHER}```", ADD),
    ("code_open", f"\n   ```Py\n{ADD}", ADD),
    ("code_open", f"```java\n{ADD}```", f"```java\n{ADD}"),
    ("code_open", f"Sure!\n```python\n{ADD}```", f"Sure!\n```python\n{ADD}"),
    ("code_open", f"```\nNone.\n```python\n{ADD}```", None),
    ("code_open", "```\n", None),
    ("code_open", "", None),
    ("completion", BODY, ASKED + BODY),
    ("completion", " \n", None),
    ("answer_tag", f"<think>x</think><answer>\n{ADD}</answer>", ADD),
    ("answer_tag", f"<answer>```python\n{ADD}```\nwell</answer>", ADD),
    ("answer_tag", f"<answer>\n```python\n{ADD}\n```\nwell</answer>", f"{ADD}\n"),
    ("answer_tag", f"<answer>\n```python\n{ADD}\n</answer>", None),
    ("answer_tag", f"```python\n{ADD}```", None),
    ("answer_tag", "<answer> </answer>", None),
    ("assertion", "assert f(1) == 2\n[/ANSWER]\n[PYTHON]", "assert f(1) == 2"),
    ("assertion", "So\n[ANSWER]\nassert f(1) == 2\n[/ANSWER]", "assert f(1) == 2"),
    ("assertion", "[ANSWER]assert f(1) == 2", "assert f(1) == 2"),
    ("assertion", "[ANSWER]\n```python\nassert f(1) == 2\n```\n[/ANSWER]", "assert f(1) == 2"),
    ("assertion", "```\n[ANSWER]\nassert f(1) == 2\n[/ANSWER]\n```", "assert f(1) == 2"),
    ("assertion", "[ANSWER]\nassert f(1) == 2\n```", "assert f(1) == 2\n```"),
    ("assertion", "[ANSWER]\n[/ANSWER]", None),
    ("boxed", f"```python\n{ADD}```", ADD),
]


@pytest.mark.parametrize(("channel", "text", "program"), STRICT)
def test_strict_reads_the_channel(channel: str, text: str, program: str | None) -> None:
    found = strict(task(adder(), text, channel=channel))
    assert (found is None) == (program is None)
    assert (found or "").strip() == (program or "").strip()


def test_a_completion_ends_before_its_stop_string() -> None:
    text = f"{BODY}\nassert "
    cut = task(adder(), text, channel="completion", finish=Finish.STOP_STRING)
    assert strict(cut) == f"{ASKED}{BODY}\n"
    alone = task(adder(), "assert ", channel="completion", finish=Finish.STOP_STRING)
    assert strict(alone) is None


LENIENT = [
    ("code", f"```python\n{ADD}", ADD),
    ("code", f"```python\n{ADD}```\nTests:\n```python\nassert add(1, 2) == 3\n```", ADD),
    ("code", f"```python\n{ADD}```\nor\n```python\n{OTHER}", ADD),
    ("code", ADD, ADD),
    ("code", BODY, ASKED + BODY),
    ("code", f"{BODY}\nThat adds two numbers, as it's asked.", f"{ASKED}{BODY}\n"),
    ("code", f"{STRANGE}{ADD}\nThat's it.", f"{STRANGE}{ADD}\n"),
    ("code", f"```python\n{BODY}```", BODY),
    ("code_open", f"Sure!\n```python\n{ADD}```", ADD),
    ("code_open", f"{ADD}\nHope that's it!", f"{ADD}\n"),
    ("answer_tag", f"```python\n{ADD}```", ADD),
    ("code", "I would add them.", None),
    ("code", "add = 5", "add = 5"),
    *(
        ("code", f"```python\n{OTHER}```\nBetter:\n```python\n{better}```", better)
        for better in (
            f"try:\n{indented(ADD, 4)}except: pass\n",
            f"if True:\n{indented(ADD, 4)}",
            "add: object = sum\n",
            "add, more = sum, 1\n",
            "from operator import add\n",
        )
    ),
    *(
        ("code", f"```python\n{ADD}```\nNot:\n```python\n{other}```", ADD)
        for other in (
            "def g():\n    add = 1\n",
            "class A:\n    add = 1\n",
            "[1 for add in 'a']\n",
            "from solution import add\nassert add(1, 2) == 3\n",
            "import add\n",
            "from . import add\n",
        )
    ),
    ("code", f"```python\n{ADD}```\n```python\nx = {'+'.join(['a'] * 3000)}\n```", ADD),
]


@pytest.mark.parametrize(("channel", "text", "program"), LENIENT)
def test_lenient_reads_any_program(channel: str, text: str, program: str | None) -> None:
    found = lenient(task(adder(), text, channel=channel))
    assert (found or "").strip() == (program or "").strip()


def test_a_program_for_standard_input_does_something() -> None:
    problem = Problem("p", "Double it.", "-", meta={"task": "stdin", "entry": None})
    assert lenient(task(problem, "print(2 * int(input()))", channel="code")) is not None
    assert lenient(task(problem, "hello", channel="code")) is None


def test_an_assertion_outside_its_tag() -> None:
    problem = Problem("p", "f?", "-", meta={"task": "output"})
    texts = {
        "It is\n```python\nassert f(1) == 2\n```": "assert f(1) == 2",
        "So `assert f(1) == 2`": "",
        "So\n`assert f(1) == 2`": "assert f(1) == 2",
        "Two.": "",
    }
    for text, found in texts.items():
        assert (lenient(task(problem, text, channel="code")) or "").strip() == found


def test_time_is_linear_in_the_text() -> None:
    for text in (
        f"```{'a' * 300_000}`",
        f"{'~' * 300_000}`",
        f"```{' ' * 300_000}`",
        f"```python\n{ADD}```\n" * 8_000,
        "~~~\n```\n" * 40_000,
        "</think>" * 40_000,
        "</answer>" * 40_000 + "<answer>" * 40_000,
        ADD * 10_000,
        "assert f(1)\n`f(2)`\n" * 20_000,
        "```" * 300_000,
        "```\n" * 200_000,
        "[ANSWER]" * 100_000,
        "(" * 200_000,
        "\n" * 400_000,
    ):
        for channel in ("code", "code_open", "completion", "answer_tag", "assertion"):
            lenient(task(adder(), text, channel=channel))
            blocks(text)


def test_so_much_is_parsed_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text has much to parse again and again: a line less each time, a block more."""
    lengths: list[int] = []

    def counted(text: str) -> ast.Module:
        lengths.append(len(text))
        return parsed(text)

    monkeypatch.setattr("boundary.verifiers.programs.blocks.parsed", counted)
    nested = "".join(f"{' ' * depth}if a:\n" for depth in range(90))
    for text in ("a = 1\n" * 15_000 + nested, f"```python\n{'a = 1;' * 10_000}\n```\n" * 50):
        lengths.clear()
        assert lenient(task(adder(), text, channel="code_open")) is not None
        assert sum(lengths) <= 500_000
        assert max(lengths) <= 100_000


def test_what_is_too_long_to_parse_costs_nothing() -> None:
    text = f"```python\n{ADD}```\n```python\n{'a = 1;' * 200_000}\n```"
    assert lenient(task(adder(), text, channel="code")) == ADD
