import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.suites.aime24 import BENCHMARK
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, aime24_hub, needs_shared, rows_of


def test_the_hubs_fields_are_mapped(hub: Hub) -> None:
    problems = hub(BENCHMARK, aime24_hub()).load(data=None).problems
    assert [p.id for p in problems[13:17]] == [
        "aime24-I-14",
        "aime24-I-15",
        "aime24-II-01",
        "aime24-II-02",
    ]
    assert (problems[6].answer, problems[6].meta) == ("7", {"source_id": "67", "answer_raw": "007"})


def test_a_page_without_number_is_refused(hub: Hub) -> None:
    rows = aime24_hub()
    rows[4]["url"] = "https://example.org/elsewhere"
    with pytest.raises(SuiteError, match=r"row 4 of .*elsewhere"):
        hub(BENCHMARK, rows).load(data=None)


@needs_shared
def test_the_local_copy() -> None:
    problems = suites.load("aime24", data=SHARED).problems
    assert len(problems) == 30
    assert {p.answer for p in problems} == {str(int(p.answer)) for p in problems}
    assert problems[0].id == "aime24-I-01"


@needs_shared
def test_hub_and_local_copy_are_the_same_suite(hub: Hub) -> None:
    rows = [
        {
            "id": int(row["source_id"]),
            "problem": row["problem"],
            "solution": row["solution"],
            "answer": row.get("answer_raw", row["answer"]),
            "url": "2024_AIME_{}_Problems/Problem_{}".format(*_place(row["id"])),
        }
        for row in rows_of("aime24")
    ]
    local = suites.load("aime24", data=SHARED)
    assert hub(BENCHMARK, rows).load(data=None).problems == local.problems


def _place(problem_id: str) -> tuple[str, int]:
    _, paper, number = problem_id.split("-")
    return paper, int(number)
