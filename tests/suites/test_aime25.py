import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.suites.aime25 import BENCHMARK
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, aime25_hub, needs_shared, rows_of


def test_both_papers_are_read_one_after_the_other(hub: Hub) -> None:
    problems = hub(BENCHMARK, aime25_hub()).load(data=None).problems
    assert [p.id for p in problems[13:17]] == [
        "aime25-I-14",
        "aime25-I-15",
        "aime25-II-01",
        "aime25-II-02",
    ]
    assert (problems[16].question, problems[16].answer) == ("Find 2 of paper II.", "2")


@pytest.mark.parametrize("raw", ["336^\\circ", "$336^{\\circ}$", "336\u00b0", "0336", " 336 "])
def test_answers_are_bare_numbers(hub: Hub, raw: str) -> None:
    rows = aime25_hub()
    rows[19]["answer"] = raw
    problem = hub(BENCHMARK, rows).load(data=None).problems[19]
    assert (problem.answer, problem.meta["answer_raw"]) == ("336", raw)


def test_a_row_that_holds_no_number_is_named(hub: Hub) -> None:
    rows = aime25_hub()
    rows[20]["answer"] = "m + n"
    with pytest.raises(SuiteError, match=r"row 20 of .* is no problem of 'aime25'"):
        hub(BENCHMARK, rows).load(data=None)


def test_half_a_suite_is_refused(hub: Hub) -> None:
    with pytest.raises(SuiteError, match="has 28 problems, not 30"):
        hub(BENCHMARK, aime25_hub()[1:-1]).load(data=None)


@needs_shared
def test_hub_and_local_copy_are_the_same_suite(hub: Hub) -> None:
    rows = [{"question": row["problem"], "answer": row["answer"]} for row in rows_of("aime25")]
    local = suites.load("aime25", data=SHARED)
    assert hub(BENCHMARK, rows).load(data=None).problems == local.problems
    assert all(0 <= int(p.answer) <= 999 for p in local.problems)
