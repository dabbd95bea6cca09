"""HumanEval: 164 Python functions from docstrings (Chen et al., arXiv 2107.03374); HumanEval+.

The question is the prompt itself, without the blank lines around it: the head of a module that a
completion continues, or that a chat asks to be written out. What stands in it before the function
is put before a program that is written out: a model that was shown an import need not repeat it.

HumanEval+ has the same prompts and many more tests (EvalPlus, arXiv 2305.01210, version 0.1.10).
The hub's rows, and local copies in that format, hold the expected values or a reference function.
A copy with ``base_input`` and ``plus_input`` holds none: the reference solution gives them, in a
sandbox. Per test, a program has one second of processor time or four times what the reference
solution took.
"""

from collections.abc import Mapping
from typing import Any

from boundary import cases
from boundary.records import Problem
from boundary.suites import checks
from boundary.suites.hub import Benchmark, HubSource

CPU_S = 1.0

_NEEDS = "task_id, prompt, entry_point, canonical_solution and test"


def convert(row: Mapping[str, Any], _: int) -> Problem:
    """A row of the hub as a problem."""
    entry, solution = row["entry_point"], row["prompt"] + row["canonical_solution"]
    return _problem(row, solution, checks.of_check(row["test"], entry, solution))


def convert_plus(row: Mapping[str, Any], _: int) -> Problem:
    """The same for HumanEval+, in either of its formats."""
    solution = row["prompt"] + row["canonical_solution"]
    if "plus_input" not in row:
        is_empty = not row["test"].strip()
        meta = checks.NO_TESTS if is_empty else checks.of_assertions(row["test"])[0]
        return _problem(row, solution, meta)
    inputs = [tuple(arguments) for arguments in (*row["base_input"], *row["plus_input"])]
    entry = row["entry_point"]
    meta = {"rule": "evalplus", "atol": float(row["atol"]), "cases": cases.pack(inputs, None)}
    if entry == "find_zero":
        meta["rule"] = "root"
    else:
        meta["reference"] = {"source": solution, "entry": entry}
    return _problem(row, solution, meta)


def head(prompt: str, entry: str) -> str:
    """What stands before the function in a prompt: imports and helpers."""
    before, found, _ = prompt.rpartition(f"\ndef {entry}(")
    return f"{before}\n" if found and before.strip() else ""


def _problem(row: Mapping[str, Any], solution: str, tests: Mapping[str, Any]) -> Problem:
    entry = row["entry_point"]
    count = f"{tests['cases']['count']:,} " if "cases" in tests else ""
    return Problem(
        id=row["task_id"],
        question=row["prompt"].strip(),
        answer=f"{entry} passes its {count}tests",
        solution=solution,
        meta={
            "task": "function",
            "entry": entry,
            "head": head(row["prompt"], entry),
            "cpu_s": CPU_S,
            **tests,
            "source_id": row["task_id"],
        },
    )


BENCHMARK = Benchmark(
    name="humaneval",
    size=164,
    hub=HubSource(path="openai/openai_humaneval", split="test"),
    convert=convert,
    template="evalplus",
    verifier="code",
    needs=_NEEDS,
)

BENCHMARK_PLUS = Benchmark(
    name="humanevalplus",
    size=164,
    hub=HubSource(path="evalplus/humanevalplus", split="test"),
    convert=convert_plus,
    template="evalplus",
    verifier="code",
    files=("humaneval_plus_originfmt", "humaneval_plus"),
    needs=f"{_NEEDS}, or for the last base_input, plus_input and atol",
)
