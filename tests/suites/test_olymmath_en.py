import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.suites.olymmath_en import BENCHMARK
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, needs_shared, olymmath_hub, rows_of


def test_easy_and_hard_are_read_one_after_the_other(hub: Hub) -> None:
    problems = hub(BENCHMARK, olymmath_hub()).load(data=None).problems
    assert [p.id for p in problems[99:101]] == ["olymmath-easy-99-en", "olymmath-hard-0-en"]
    assert problems[100].meta == {
        "level": "hard",
        "subject": "Algebra",
        "source_id": "OlymMATH-HARD-0-EN",
    }


def test_a_problem_in_another_language_is_refused(hub: Hub) -> None:
    rows = olymmath_hub()
    rows[5]["unique_id"] = "OlymMATH-EASY-5-ZH"
    with pytest.raises(SuiteError, match=r"row 5 of .*no id of an English problem"):
        hub(BENCHMARK, rows).load(data=None)


def test_the_same_id_twice_is_refused(hub: Hub) -> None:
    rows = olymmath_hub()
    rows[5]["unique_id"] = rows[6]["unique_id"]
    with pytest.raises(SuiteError, match=r"holds the id 'olymmath-easy-6-en' more than once"):
        hub(BENCHMARK, rows).load(data=None)


@needs_shared
def test_hub_and_local_copy_are_the_same_suite(hub: Hub) -> None:
    rows = [
        {
            "problem": row["problem"],
            "answer": row["answer"],
            "subject": row["subject"],
            "unique_id": row["source_id"],
        }
        for row in rows_of("olymmath_en")
    ]
    local = suites.load("olymmath_en", data=SHARED)
    assert hub(BENCHMARK, rows).load(data=None).problems == local.problems
