"""CRUXEval: the benchmark's own prompts around one function."""

from dataclasses import replace

from boundary.suites import cruxeval
from tests.suites.conftest import Hub

ROW = {
    "code": 'def f(s):\n    return "{input}" + s',
    "input": "'{output}'",
    "output": "'{input}{output}'",
    "id": "sample_7",
}


def test_the_question_holds_the_function_as_it_is(hub: Hub) -> None:
    (asks_output,) = hub(replace(cruxeval.BENCHMARK_O, size=1), [ROW]).load(data=None).problems
    assert asks_output.id == "cruxeval-o-7"
    assert asks_output.question.startswith("You are given a Python function and an assertion")
    assert asks_output.question.endswith(
        "[PYTHON]\ndef f(s):\n    return \"{input}\" + s\nassert f('{output}') == ??\n[/PYTHON]"
    )
    assert asks_output.answer == "f('{output}') == '{input}{output}'"
    asks_input = cruxeval.convert(ROW, 0, asks="input")
    assert asks_input.id == "cruxeval-i-7"
    assert asks_input.question.startswith("You will be given a function f and an output")
    assert asks_input.question.endswith("assert f(??) == '{input}{output}'\n[/PYTHON]")
    assert "assert f('{output}')" not in asks_input.question
    assert asks_input.meta["task"] == "input"
