import pytest

from boundary.errors import SuiteError
from boundary.suites.minerva import BENCHMARK, boxed
from tests.suites.conftest import Hub
from tests.suites.data import minerva_hub


def test_the_hubs_fields_are_mapped(hub: Hub) -> None:
    problems = hub(BENCHMARK, minerva_hub()).load(data=None).problems
    assert len(problems) == 272
    assert (problems[7].id, problems[7].answer) == ("minerva-0007", "7e30")
    assert problems[7].question == "How heavy is star 7?"


def test_without_an_answer_it_is_cut_from_the_solution(hub: Hub) -> None:
    rows = [
        {"problem": row["question"], "solution": f"So it is \\boxed{{{row['answer']}}} kg."}
        for row in minerva_hub()
    ]
    problem = hub(BENCHMARK, rows).load(data=None).problems[7]
    assert (problem.answer, problem.solution) == ("7e30", "So it is \\boxed{7e30} kg.")


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"\boxed{1} and \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{ x^{2} }", "x^{2}"),
    ],
)
def test_the_last_box(solution: str, answer: str) -> None:
    assert boxed(solution) == answer


@pytest.mark.parametrize("solution", ["none", "", r"\boxed{open"])
def test_a_solution_without_a_box_is_refused(hub: Hub, solution: str) -> None:
    with pytest.raises(ValueError, match="no answer"):
        boxed(solution)
    rows = [{"problem": "?", "solution": solution}] * 272
    with pytest.raises(SuiteError, match=r"row 0 of .* is no problem of 'minerva'"):
        hub(BENCHMARK, rows).load(data=None)
