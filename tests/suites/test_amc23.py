import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.suites.amc23 import BENCHMARK
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, amc23_hub, needs_shared, rows_of


def test_the_hubs_fields_are_mapped(hub: Hub) -> None:
    problems = hub(BENCHMARK, amc23_hub()).load(data=None).problems
    assert len(problems) == 40
    # The pages in the order of their names: 1, 10, 11, ..., 19, 2, 20, 21, ..., 3.
    assert [p.id for p in problems[:3]] == ["amc23-00", "amc23-11", "amc23-18"]
    assert problems[20].id == "amc23-25"
    assert (problems[9].answer, problems[9].meta["source_id"]) == (
        "10",
        "2023_AMC_12A_Problems/Problem_10",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "https://example.org"), ("answer", "2.5"), ("answer", "C"), ("question", " ")],
)
def test_a_malformed_row_is_named(hub: Hub, field: str, value: str) -> None:
    rows = amc23_hub()
    rows[3][field] = value
    with pytest.raises(SuiteError, match=r"row 3 of .* is no problem of 'amc23'"):
        hub(BENCHMARK, rows).load(data=None)


@needs_shared
def test_hub_and_local_copy_are_the_same_suite(hub: Hub) -> None:
    rows = [
        {"question": row["problem"], "answer": float(row["answer"]), "url": row["source_id"]}
        for row in rows_of("amc23")
    ]
    local = suites.load("amc23", data=SHARED)
    assert hub(BENCHMARK, rows).load(data=None).problems == local.problems
