import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.suites.math500 import BENCHMARK
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, math500_hub, needs_shared, rows_of


def test_the_hubs_fields_are_mapped(hub: Hub) -> None:
    suite = hub(BENCHMARK, math500_hub()).load(data=None)
    third = suite.problems[2]
    assert len(suite.problems) == 500
    assert (third.id, third.question, third.answer) == ("math500-0002", "What is $2 + 1$?", "3")
    assert third.solution == "$\\boxed{3}$"
    assert third.meta == {"level": 3, "subject": "Algebra", "source_id": "test/algebra/2.json"}
    assert suite.source.endswith("@6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be")


def test_another_size_is_refused(hub: Hub) -> None:
    with pytest.raises(SuiteError, match="has 499 problems, not 500"):
        hub(BENCHMARK, math500_hub(499)).load(data=None)


@needs_shared
def test_hub_and_local_copy_are_the_same_suite(hub: Hub) -> None:
    rows = [
        {
            "problem": row["problem"],
            "solution": row["solution"],
            "answer": row["answer"],
            "subject": row["subject"],
            "level": row["level"],
            "unique_id": row["source_id"],
        }
        for row in rows_of("math500")
    ]
    local = suites.load("math500", data=SHARED)
    assert hub(BENCHMARK, rows).load(data=None).problems == local.problems
    assert local.problems[30].answer == "52_8"
