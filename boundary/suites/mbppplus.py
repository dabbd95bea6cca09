"""MBPP+: 378 short Python functions (Austin et al., arXiv 2108.07732) with EvalPlus's tests, 0.2.0.

The question is a docstring with the task and one of the assertions of the set, as in EvalPlus: it
names the function. Only copies in the hub's format are read; the other one lost tuples, sets and
complex numbers to JSON. Per test, a program has one second of processor time or four times what
the reference solution took.
"""

import re
from collections.abc import Mapping
from typing import Any

from boundary.records import Problem
from boundary.suites import checks
from boundary.suites.hub import Benchmark, HubSource

CPU_S = 1.0

# Where two readings of a task are right, as EvalPlus 0.3.1 has it.
ORACLES = {"Mbpp/558": "digit_distance", "Mbpp/581": "pyramid_surface"}

_LINK = re.compile(r"https?://\S+")


def convert(row: Mapping[str, Any], _: int) -> Problem:
    """A row of the hub as a problem."""
    if "plus_input" in row:
        raise ValueError("JSON lost the tuples and sets of this copy; take mbpp_plus_originfmt")
    name = f"Mbpp/{row['task_id']}"
    tests, entry = _tests(row)
    count = f"{tests['cases']['count']:,} " if "cases" in tests else ""
    # A link to a page with the solution is no part of the task.
    task = _LINK.sub("", row["prompt"])
    return Problem(
        id=name,
        question=f'"""\n{task}\n{row["test_list"][0]}\n"""',
        answer=f"{entry} passes its {count}tests",
        solution=row["code"],
        meta={
            "task": "function",
            "entry": entry,
            "head": "",
            "cpu_s": CPU_S,
            **tests,
            **({"oracle": ORACLES[name]} if name in ORACLES else {}),
            "source_id": name,
        },
    )


def _tests(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The tests and the function that they call; without any, the one in the set's assertion."""
    if row["test"].strip():
        return checks.of_assertions(row["test"])
    defined = re.findall(r"^def (\w+)", row["code"], re.MULTILINE)
    return checks.NO_TESTS, next(name for name in defined if f"{name}(" in row["test_list"][0])


BENCHMARK = Benchmark(
    name="mbppplus",
    size=378,
    hub=HubSource(path="evalplus/mbppplus", split="test"),
    convert=convert,
    template="evalplus",
    verifier="code",
    files=("mbpp_plus_originfmt",),
    needs="task_id, prompt, code, test_list and test",
)
