import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.suites.gsm8k import BENCHMARK
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, gsm8k_hub, needs_shared, rows_of


def test_the_gold_answer_stands_after_the_hashes(hub: Hub) -> None:
    problems = hub(BENCHMARK, gsm8k_hub()).load(data=None).problems
    assert len(problems) == 1319
    assert (problems[1234].id, problems[1234].answer) == ("gsm8k-1234", "1234")
    assert problems[1234].solution == "That many.\n#### 1,234"


@pytest.mark.parametrize("answer", ["That many.", "That many.\n#### "])
def test_a_row_without_a_gold_answer_is_refused(hub: Hub, answer: str) -> None:
    rows = gsm8k_hub()
    rows[7]["answer"] = answer
    with pytest.raises(SuiteError, match="row 7 of"):
        hub(BENCHMARK, rows).load(data=None)


@needs_shared
def test_hub_and_local_copy_are_the_same_suite(hub: Hub) -> None:
    rows = [{"question": r["problem"], "answer": r["solution"]} for r in rows_of("gsm8k")]
    local = suites.load("gsm8k", data=SHARED)
    assert hub(BENCHMARK, rows).load(data=None).problems == local.problems
