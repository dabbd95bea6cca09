from collections import Counter

import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.records import Problem
from boundary.suites.olympiadbench import BENCHMARK, OPENING_CHARS, grouped
from tests.suites.conftest import Hub
from tests.suites.data import SHARED, needs_shared, olympiadbench_hub, rows_of


def test_the_hubs_fields_are_mapped(hub: Hub) -> None:
    problems = hub(BENCHMARK, olympiadbench_hub()).load(data=None).problems
    assert len(problems) == 674
    assert (problems[3].id, problems[3].answer) == ("olympiad-1609", "$3$,$7$")
    assert problems[3].solution == "It is 3.\n\nOr so."
    assert problems[5].question.startswith("Towns are numbered.\nIn town 2")
    assert problems[4].meta == {
        "level": None,
        "subject": "Geometry",
        "source_id": "1610",
        "answer_type": "Numerical",
        "is_multiple_answer": False,
        "unit": "km",
        "tolerance": "1e-1",
    }
    assert [p.group for p in problems[:4]] == ["olympiad-1606"] * 2 + ["olympiad-1608"] * 2


@pytest.mark.parametrize("count", [673, 676])
def test_another_size_is_refused(hub: Hub, count: int) -> None:
    with pytest.raises(SuiteError, match=f"has {count} problems, not 674"):
        hub(BENCHMARK, olympiadbench_hub(count)).load(data=None)


@pytest.mark.parametrize("field", ["id", "question", "final_answer", "unit"])
def test_a_row_that_lacks_a_field_is_named(hub: Hub, field: str) -> None:
    rows = olympiadbench_hub()
    for row in rows:
        del row[field]
    with pytest.raises(SuiteError, match=rf"row 0 of .*KeyError\('{field}'\)"):
        hub(BENCHMARK, rows).load(data=None)


def test_problems_that_open_alike_are_a_group_wherever_they_stand() -> None:
    stem = "A  row of\nhouses " * 6
    questions = [f"{stem}(a)", "Short.", "Another.", f"{stem.replace('  ', ' ')}(b)", "Short."]
    problems = grouped(tuple(Problem(str(i), q, "1") for i, q in enumerate(questions)))
    assert [p.group for p in problems] == ["0", None, None, "0", None]
    assert [p.question for p in problems] == questions
    assert len("Short.") < OPENING_CHARS


@needs_shared
def test_the_sub_questions_of_the_local_copy() -> None:
    problems = suites.load("olympiadbench", data=SHARED).problems
    sizes = Counter(p.group for p in problems if p.group)
    assert (len(sizes), sizes.total()) == (15, 46)
    assert sizes["olympiad-2991"] == 9
    of = {p.id: p for p in problems}
    assert of["olympiad-2626"].group == of["olympiad-2614"].group == "olympiad-2614"
    # Two functional equations that only begin with the same phrase.
    assert of["olympiad-1938"].group is of["olympiad-1969"].group is None
    assert of["olympiad-2592"].meta["tolerance"] == "1e-1"
    assert sum(p.meta["unit"] is not None for p in problems) == 8


@needs_shared
def test_hub_and_local_copy_are_the_same_problems(hub: Hub) -> None:
    rows = [
        {
            "id": int(row["source_id"]),
            "question": row["problem"],
            "solution": [row["solution"]],
            "final_answer": [row["answer"]],
            "context": None,
            "is_multiple_answer": row["is_multiple_answer"],
            "unit": row["unit"],
            "answer_type": row["answer_type"],
            "error": row["tolerance"],
            "subfield": row["subject"],
        }
        for row in rows_of("olympiadbench_en_maths")[1:]
    ]
    local = suites.load("olympiadbench", data=SHARED)
    assert hub(BENCHMARK, rows).load(data=None).problems == local.problems[1:]
