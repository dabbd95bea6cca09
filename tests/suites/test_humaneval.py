"""HumanEval, HumanEval+ and MBPP+: fields of the hub, tests as data."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boundary import cases, suites
from boundary.errors import SuiteError
from boundary.suites import checks, cruxeval, humaneval, mbppplus
from boundary.suites.base import digest_of
from boundary.suites.hub import Benchmark
from boundary.suites.math500 import BENCHMARK as MATH500
from boundary.verifiers.programs.plan import NoTestsError, Plan
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, needs_shared, write

PROMPT = 'import math\n\n\ndef one():\n    return 1\n\n\ndef add(a, b):\n    """The sum."""\n'
CHECK = """

METADATA = {'author': 'jt'}


def check(candidate):
    assert candidate(1, 2) == 3
    assert candidate(2 * 3, -1) == 5, 'a word'
    assert True
"""
ORIGIN = """
import numpy as np

def is_floats(x) -> bool:
    return isinstance(x, float)


def assertion(out, exp, atol):
    if not out == exp and atol != 0:
        assert np.allclose(out, exp, rtol=1e-07, atol=atol)
    else:
        assert out == exp

"""
CHECKED = """
def check(candidate):
    inputs = [[1, (2, 3)], [4, {5}]]
    results = [6, {7: inf}]
    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assertion(candidate(*inp), exp, 0)
"""
REFERRED = """
import collections
def ref_func(*a):
    return collections.Counter(a)


inputs = [[1, 2]]
for i, inp in enumerate(inputs):
    assertion(add(*inp), ref_func(*inp), 0.0001)
"""


def row(**changes: Any) -> dict[str, Any]:
    return {
        "task_id": "HumanEval/0",
        "prompt": PROMPT,
        "entry_point": "add",
        "canonical_solution": "    return a + b\n",
        "test": CHECK,
        **changes,
    }


def one(benchmark: Benchmark, found: Mapping[str, Any], hub: Hub) -> Any:
    (problem,) = hub(replace(benchmark, size=1), [found]).load(data=None).problems
    return problem


def test_a_row_of_humaneval(hub: Hub) -> None:
    problem = one(humaneval.BENCHMARK, row(), hub)
    assert (problem.id, problem.question) == ("HumanEval/0", PROMPT.strip())
    assert problem.solution == PROMPT + "    return a + b\n"
    assert problem.answer == "add passes its 2 tests"
    assert problem.meta["head"] == PROMPT.partition("def add")[0]
    assert (problem.meta["rule"], problem.meta["entry"]) == ("equal", "add")
    assert cases.unpack(problem.meta["cases"]) == (((1, 2), (6, -1)), (3, 5))


def test_a_row_of_humanevalplus(hub: Hub) -> None:
    problem = one(humaneval.BENCHMARK_PLUS, row(test=ORIGIN + CHECKED), hub)
    assert (problem.meta["rule"], problem.meta["atol"]) == ("evalplus", 0.0)
    found = cases.unpack(problem.meta["cases"])
    assert found == (([1, (2, 3)], [4, {5}]), (6, {7: float("inf")}))


def test_a_row_without_expected_values_has_its_solution_for_reference() -> None:
    tests = {"base_input": [[1, 2]], "plus_input": [[3, 10**30]], "atol": 1e-6}
    problem = humaneval.convert_plus(row(**tests), 0)
    assert cases.unpack(problem.meta["cases"]) == (((1, 2), (3, 10**30)), None)
    assert problem.meta["reference"] == {"source": problem.solution, "entry": "add"}
    assert problem.meta["atol"] == 1e-6


@pytest.mark.parametrize("test", ["", " \n"])
def test_a_row_with_an_empty_test_has_no_tests(test: str) -> None:
    own = {humaneval.convert: row(test=test), humaneval.convert_plus: row(test=test)}
    for convert, fields in {**own, mbppplus.convert: mbpp(test)}.items():
        problem = convert(fields, 0)
        assert problem.answer == "add passes its tests"
        assert (problem.meta["entry"], problem.meta["task"]) == ("add", "function")
        with pytest.raises(NoTestsError):
            Plan.of(problem)


NEEDED = {
    humaneval.BENCHMARK: "needs task_id, prompt, entry_point, canonical_solution and test",
    humaneval.BENCHMARK_PLUS: "and test, or for the last base_input, plus_input and atol",
    mbppplus.BENCHMARK: "needs task_id, prompt, code, test_list and test",
    cruxeval.BENCHMARK_I: "needs id, code, input and output",
    MATH500: "needs id, problem and answer",
}


@pytest.mark.parametrize("benchmark", NEEDED, ids=lambda benchmark: benchmark.name)
def test_a_row_that_lacks_a_field_is_told_which_it_needs(benchmark: Benchmark, hub: Hub) -> None:
    with pytest.raises(SuiteError, match=NEEDED[benchmark]):
        hub(replace(benchmark, size=1), [{"nothing": 1}]).load(data=None)


def mbpp(test: str) -> dict[str, Any]:
    return {
        "task_id": 2,
        "prompt": "Add two. https://example.org/add-two",
        "code": "def add(a, b): return a + b",
        "test_imports": [],
        "test_list": ["assert add(1, 2) == 3"],
        "test": test,
    }


def test_a_row_of_mbppplus(hub: Hub) -> None:
    problem = one(mbppplus.BENCHMARK, mbpp(ORIGIN + REFERRED), hub)
    assert problem.id == "Mbpp/2"
    assert problem.question == '"""\nAdd two. \nassert add(1, 2) == 3\n"""'
    assert (problem.meta["entry"], problem.meta["atol"]) == ("add", 0.0001)
    assert cases.unpack(problem.meta["cases"]) == (([1, 2],), None)
    reference = problem.meta["reference"]
    assert "numpy" not in reference["source"]
    space: dict[str, Any] = {}
    exec(reference["source"], space)  # noqa: S102
    assert space[reference["entry"]](1, 1) == {1: 2}


def test_a_copy_that_lost_its_tuples_is_refused(tmp_path: Path) -> None:
    rows = [{"task_id": "Mbpp/2", "prompt": "?", "plus_input": [], "base_input": []}]
    write(tmp_path / "mbppplus.jsonl", rows)
    with pytest.raises(SuiteError, match="lost the tuples and sets of this copy"):
        suites.load("mbppplus", data=tmp_path)


FORMS = {
    "assert candidate('a')\n    assert not candidate('b')": ("truth", 0.0, [True, False]),
    "assert abs(candidate('a') - 2.0 / 4) < 1e-6": ("close", 1e-6, [0.5]),
    "assert math.fabs(candidate('a') - 1) < 1e-3": ("close", 1e-3, [1]),
    "assert tuple(candidate('a')) == tuple([1, 2])": ("tuple", 0.0, [(1, 2)]),
    "assert tuple(candidate('a')) == tuple(own('a'))\n    assert candidate('b') == 1": (
        "equal",
        0.0,
        [1],
    ),
    "print('hm')\n    assert candidate('a') == None, 'no'": ("equal", 0.0, [None]),
}


@pytest.mark.parametrize(("body", "found"), FORMS.items())
def test_forms_of_assertions(body: str, found: tuple[str, float, list[Any]]) -> None:
    meta = checks.of_check(f"def check(candidate):\n    {body}\n", "own", "")
    assert (meta["rule"], meta["atol"]) == found[:2]
    assert cases.unpack(meta["cases"]).expected == tuple(found[2])


@pytest.mark.parametrize(
    "body",
    [
        "for i in range(3):\n        assert candidate(i) == i",
        "assert candidate(1) == other(1)",
        "assert candidate(1) in [1, 2]",
        "assert 0 < candidate(1) < 2",
        "assert candidate(a=1) == 1",
        "x = 1\n    assert candidate(x) == 1",
        "assert other(candidate(1)) == 1",
        "assert abs(other(1)) < 1",
    ],
)
def test_a_check_that_computes_is_recorded(body: str) -> None:
    meta = checks.of_check(f"def check(candidate):\n    {body}\n", "own", "def own(i): return i")
    assert set(meta) == {"rule", "atol", "recorder"}
    space: dict[str, Any] = {"other": lambda x: x}
    exec(meta["recorder"]["source"], space)  # noqa: S102
    if "range" in body:
        assert space["_record"]() == [((0,), 0), ((1,), 1), ((2,), 2)]


@pytest.mark.parametrize(
    "test",
    [
        "",
        "def check(candidate): ...",
        ORIGIN,
        ORIGIN + CHECKED.replace("results = [6, ", "results = ["),
        ORIGIN + CHECKED.replace("[4, {5}]", "[4, f(5)]"),
        ORIGIN.replace("np.allclose", "np.equal") + CHECKED,
    ],
)
def test_a_test_of_another_form_is_refused(test: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        checks.of_assertions(test)


def test_sets_and_matches_have_rules_of_their_own() -> None:
    as_set = ORIGIN.replace("    if not", "    out = set(out)\n    if not") + CHECKED
    assert checks.of_assertions(as_set)[0]["rule"] == "set"
    found = ORIGIN.replace("assert out == exp", "exp == (out is not None)") + CHECKED
    assert checks.of_assertions(found)[0]["rule"] == "not_none"
    root = CHECKED.replace("assertion(candidate(*inp), exp, 0)", "ROOT").replace(
        "ROOT", "assert _poly(*candidate(*inp), inp) <= 0.0001"
    )
    meta, _ = checks.of_assertions(root)
    assert (meta["rule"], meta["atol"]) == ("root", 1e-4)


@needs_shared
def test_the_local_copies_as_data() -> None:
    base, plus, mbpp_plus = (
        suites.load(name, data=SHARED).problems
        for name in ("humaneval", "humanevalplus", "mbppplus")
    )
    recorded = [p.id for p in base if "recorder" in p.meta]
    assert recorded == [f"HumanEval/{n}" for n in (32, 38, 44, 50, 53, 72, 151)]
    assert [p.id for p in plus if p.meta["rule"] == "root"] == ["HumanEval/32"]
    assert sum(p.meta["cases"]["count"] for p in plus) == 123_981
    assert sum(p.meta["cases"]["count"] for p in mbpp_plus) == 40_634
    rules = {p.id: p.meta["rule"] for p in mbpp_plus if p.meta["rule"] != "evalplus"}
    assert rules == {
        **{f"Mbpp/{n}": "set" for n in (2, 7, 111, 140, 232, 579, 769)},
        **{f"Mbpp/{n}": "not_none" for n in (737, 787, 794)},
    }
    assert sum(len(json.dumps(dict(p.meta))) for p in plus) < 3_000_000


@needs_shared
def test_the_prompts_are_those_of_evalplus() -> None:
    import gzip

    with gzip.open(SHARED / "mbpp_plus.jsonl.gz", "rt") as file:
        prompts = {row["task_id"]: row["prompt"] for row in map(json.loads, file)}
    found = {p.id: p.question for p in suites.load("mbppplus", data=SHARED).problems}
    assert found == {key: prompt.strip() for key, prompt in prompts.items()}


@needs_shared
def test_the_copy_without_expected_values_is_read(tmp_path: Path) -> None:
    (tmp_path / "humaneval_plus.jsonl.gz").symlink_to(SHARED / "humaneval_plus.jsonl.gz")
    problems = suites.load("humanevalplus", data=tmp_path).problems
    inputs = sum(p.meta["cases"]["count"] for p in problems)
    # 122,683 of HumanEval+, and those of HumanEval before them.
    assert inputs == 122_683 + 1_570
    assert all(("reference" in p.meta) != (p.meta["rule"] == "root") for p in problems)


def test_the_digest_is_of_the_cases_not_of_their_compression() -> None:
    problem = humaneval.convert(row(), 0)
    cases_meta = {**problem.meta["cases"], "packed": "compressed otherwise"}
    other = replace(problem, meta={**problem.meta, "cases": cases_meta})
    assert digest_of([other]) == digest_of([problem])
    changed = humaneval.convert(row(test=CHECK.replace("== 3", "== 4")), 0)
    assert digest_of([changed]) != digest_of([problem])
