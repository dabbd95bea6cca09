"""CRUXEval: 800 short functions, each with one input and its output (Gu et al., arXiv 2401.03065).

Two suites, and in both an answer is an assertion ``assert f(input) == output`` with literals:

- ``cruxeval_o`` gives the input and asks for the output;
- ``cruxeval_i`` gives the output and asks for any input that leads to it.

The question is the benchmark's own direct prompt, its two examples included, up to the tag that
opens the answer: the template ``cruxeval`` writes that tag, ``cruxeval-chat`` leaves it to the
model.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from boundary.records import Problem
from boundary.suites.hub import Benchmark, HubSource

CPU_S = 3.0

_FIELD = re.compile(r"\{(code|input|output)\}")

_OUTPUT = """\
You are given a Python function and an assertion containing an input to the function. Complete \
the assertion with a literal (no unsimplified expressions, no function calls) containing the \
output when executing the provided code on the given input, even if the function is incorrect or \
incomplete. Do NOT output any extra information. Provide the full assertion with the correct \
output in [ANSWER] and [/ANSWER] tags, following the examples.

[PYTHON]
def f(n):
    return n
assert f(17) == ??
[/PYTHON]
[ANSWER]
assert f(17) == 17
[/ANSWER]

[PYTHON]
def f(s):
    return s + "a"
assert f("x9j") == ??
[/PYTHON]
[ANSWER]
assert f("x9j") == "x9ja"
[/ANSWER]

[PYTHON]
{code}
assert f({input}) == ??
[/PYTHON]"""

_INPUT = """\
You will be given a function f and an output in the form f(??) == output. Find any input such \
that executing f on the input leads to the given output. There may be multiple answers, but you \
should only output one. In [ANSWER] and [/ANSWER] tags, complete the assertion with one such \
input that will produce the output when executing the function.

[PYTHON]
def f(my_list):
    count = 0
    for i in my_list:
        if len(i) % 2 == 0:
            count += 1
    return count
assert f(??) == 3
[/PYTHON]
[ANSWER]
assert f(["mq", "px", "zy"]) == 3
[/ANSWER]

[PYTHON]
def f(s1, s2):
    return s1 + s2
assert f(??) == "banana"
[/PYTHON]
[ANSWER]
assert f("ba", "nana") == "banana"
[/ANSWER]

[PYTHON]
{code}
assert f(??) == {output}
[/PYTHON]"""


def convert(row: Mapping[str, Any], _: int, *, asks: str) -> Problem:
    """A row of the hub as a problem that asks for the output or for an input."""
    words = _OUTPUT if asks == "output" else _INPUT
    fields = {name: row[name] for name in ("code", "input", "output")}
    return Problem(
        id=f"cruxeval-{asks[0]}-{row['id'].removeprefix('sample_')}",
        # Not str.format: the examples and the code may hold braces.
        question=_FIELD.sub(lambda found: fields[found[1]], words),
        answer=f"f({row['input']}) == {row['output']}",
        solution=f"assert f({row['input']}) == {row['output']}",
        meta={"task": asks, **fields, "cpu_s": CPU_S, "source_id": row["id"]},
    )


def _benchmark(name: str, asks: str) -> Benchmark:
    return Benchmark(
        name=name,
        size=800,
        hub=HubSource(path="cruxeval-org/cruxeval", split="test"),
        convert=partial(convert, asks=asks),
        template="cruxeval",
        verifier="code",
        files=("cruxeval",),
        needs="id, code, input and output",
    )


BENCHMARK_O = _benchmark("cruxeval_o", "output")
BENCHMARK_I = _benchmark("cruxeval_i", "input")
