"""LiveCodeBench: releases, windows, and tests of all its formats."""

import json
from pathlib import Path
from typing import Any

import pytest

from boundary import cases, suites
from boundary.errors import SuiteError
from boundary.suites import livecodebench
from boundary.suites.livecodebench import RELEASES, STUDY_SIZE, Edition
from tests.suites.data import SHARED, needs_shared, write
from tests.suites.test_pickled import Malicious, packed, squeezed


def row(number: int, date: str = "2024-09-01", **changes: Any) -> dict[str, Any]:
    """A row with the hub's fields."""
    tests = [{"input": "1\n", "output": "2\n", "testtype": "stdin"}]
    return {
        "question_title": f"Problem {number}",
        "question_content": "Double it.",
        "platform": "atcoder",
        "question_id": f"abc{number}_a",
        "contest_id": f"abc{number}",
        "contest_date": f"{date}T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public_test_cases": json.dumps(tests),
        "private_test_cases": packed(json.dumps(tests * 2)),
        "metadata": "{}",
        **changes,
    }


FUNCTION = {
    "starter_code": "class Solution:\n    def double(self, n: int, by: int) -> int:\n        ",
    "public_test_cases": json.dumps([{"input": "3\n2", "output": "6", "testtype": "functional"}]),
    "private_test_cases": json.dumps(
        [{"input": '"a"\n2', "output": '["a", "a"]', "testtype": "functional"}]
    ),
    "metadata": json.dumps({"func_name": "double"}),
}


def folder(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    write(tmp_path / "livecodebench.jsonl", rows)
    return tmp_path


def test_a_row_of_the_hub_is_a_problem(tmp_path: Path) -> None:
    suite = suites.load("livecodebench", data=folder(tmp_path, [row(1), row(2, **FUNCTION)]))
    stdin, function = suite.problems
    assert (suite.name, suite.template, suite.verifier) == (
        "livecodebench",
        "livecodebench",
        "code",
    )
    assert stdin.id == "lcb-atcoder-abc1_a"
    assert stdin.question.startswith("Double it.\n\n### Format: Read the inputs from stdin solve")
    assert stdin.question.endswith("```python\n# YOUR CODE HERE\n```")
    assert stdin.answer == "Problem 1 passes its 3 tests"
    assert (stdin.meta["entry"], stdin.meta["rule"], stdin.meta["cpu_s"]) == (None, "lines", 6.0)
    assert cases.unpack(stdin.meta["cases"]) == (("1\n",) * 3, ("2\n",) * 3)
    assert function.question.endswith("by: int) -> int:\n```")
    assert (function.meta["entry"], function.meta["rule"]) == ("Solution.double", "json")
    assert cases.unpack(function.meta["cases"]) == (((3, 2), ("a", 2)), (6, ["a", "a"]))
    assert suite.source.endswith("livecodebench.jsonl (2 of 880 problems of v5)")


def test_a_window_leaves_its_last_day_out(tmp_path: Path) -> None:
    dates = ["2024-07-31", "2024-08-01", "2025-01-31", "2025-02-01"]
    data = folder(tmp_path, [row(i, date) for i, date in enumerate(dates)])
    found = {
        option: [p.meta["date"] for p in suites.load(f"livecodebench{option}", data=data).problems]
        for option in ("", "@v5", "@..2024-08-01", "@2025-01-31..", "@v6,2024-08-01..2025-02-01")
    }
    assert found == {
        "": dates[1:3],
        "@v5": dates,
        "@..2024-08-01": dates[:1],
        "@2025-01-31..": dates[2:],
        "@v6,2024-08-01..2025-02-01": dates[1:3],
    }


def test_editions_have_one_name_each() -> None:
    names = {
        "": "livecodebench",
        "v5": "livecodebench@v5",
        "2024-08-01..2025-02-01": "livecodebench",
        "v5,2024-08-01..2025-02-01": "livecodebench",
        "v6,2024-08-01..2025-02-01": "livecodebench@v6,2024-08-01..2025-02-01",
        "2024-10-01..": "livecodebench@v5,2024-10-01..",
    }
    assert {option: Edition.parse(option).name for option in names} == names


@pytest.mark.parametrize(
    "option", ["v7", "5", "2024-13-01..", "2024-08-01", "v5..", "latest", "v5,", "2024-8-1.."]
)
def test_other_editions_are_refused(option: str, tmp_path: Path) -> None:
    if option in {"v5,", "v5.."}:
        assert Edition.parse(option) == Edition("v5", None, None)
        return
    with pytest.raises(SuiteError, match="is no edition of livecodebench: write livecodebench@v5"):
        suites.load(f"livecodebench@{option}", data=tmp_path)


def whole(parts: int, in_window: int) -> list[dict[str, Any]]:
    """As many rows as a release has, some of them in the study's window."""
    names = list(RELEASES)[:parts]
    counts = [RELEASES[n] - RELEASES.get(m, 0) for m, n in zip(["", *names], names, strict=False)]
    labels = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
    return [
        row(i, "2024-09-01" if i >= len(labels) - in_window else "2024-01-01", part=part)
        for i, part in enumerate(labels)
    ]


def test_the_study_s_number_is_asked_of_a_whole_release(tmp_path: Path) -> None:
    suite = suites.load("livecodebench", data=folder(tmp_path, whole(5, STUDY_SIZE)))
    assert len(suite.problems) == 279
    assert suite.source.endswith("livecodebench.jsonl")
    assert len(suites.load("livecodebench@v5", data=tmp_path).problems) == 880
    assert len(suites.load("livecodebench@v1", data=tmp_path).problems) == 400
    folder(tmp_path, whole(5, STUDY_SIZE + 1))
    with pytest.raises(SuiteError, match="has 280 problems, not 279"):
        suites.load("livecodebench", data=tmp_path)


def test_more_rows_than_a_release_has_are_refused_unless_they_name_their_own(
    tmp_path: Path,
) -> None:
    rows = whole(6, 30)
    window = "2024-08-01..2025-02-01"
    # The study's window holds some of the rows that only v6 has: 30 here.
    bare = [{key: x for key, x in row.items() if key != "part"} for row in rows]
    folder(tmp_path, bare)
    for option in ("", "@v5", "@v4,2024-01-01.."):
        with pytest.raises(SuiteError, match=r"holds 1,055 .*: name its release as .*@v6, or"):
            suites.load(f"livecodebench{option}", data=tmp_path)
    assert len(suites.load("livecodebench@v6", data=tmp_path).problems) == 1055
    assert len(suites.load(f"livecodebench@v6,{window}", data=tmp_path).problems) == 30
    folder(tmp_path, [*bare, row(-1)])
    with pytest.raises(SuiteError, match=r"v6 has 1,055: give each row its own as \"part\""):
        suites.load("livecodebench@v6", data=tmp_path)
    folder(tmp_path, rows)
    assert len(suites.load("livecodebench@v5", data=tmp_path).problems) == 880


def test_the_hub_s_files_are_the_releases_parts(tmp_path: Path) -> None:
    own = tmp_path / "livecodebench"
    own.mkdir()
    for number in range(1, 6):
        write(own / f"test{number if number > 1 else ''}.jsonl", [row(number)])
    assert len(suites.load("livecodebench@v2", data=tmp_path).problems) == 2
    assert len(suites.load("livecodebench", data=tmp_path).problems) == 5
    with pytest.raises(SuiteError, match=r"has no test6\.jsonl"):
        suites.load("livecodebench@v6", data=tmp_path)


BROKEN: dict[str, dict[str, Any]] = {
    "no tests": {"public_test_cases": "[]", "private_test_cases": "[]"},
    "tests of two kinds": {"private_test_cases": FUNCTION["public_test_cases"]},
    "tests that are no list": {"public_test_cases": '{"a": 1}'},
    "damaged tests": {"private_test_cases": "AAAA"},
    "a method without a name": {**FUNCTION, "metadata": "{}"},
    "a malicious pickle": {"private_test_cases": squeezed(b"cos\nsystem\n(S'true'\ntR.")},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_a_row_that_is_no_problem_is_named(tmp_path: Path, changes: dict[str, Any]) -> None:
    data = folder(tmp_path, [row(1), row(2, **changes)])
    named = r"line 2 is no problem of 'livecodebench'.*each line needs question_content, "
    with pytest.raises(SuiteError, match=named):
        suites.load("livecodebench", data=data)


def test_a_malicious_file_does_nothing(tmp_path: Path) -> None:
    import pickle

    made = tmp_path / "made"
    data = pickle.dumps(Malicious(made))
    folder(tmp_path, [row(1, private_test_cases=squeezed(data))])
    with pytest.raises(SuiteError, match="refused"):
        suites.load("livecodebench", data=tmp_path)
    assert not made.exists()


def test_large_tests_lie_beside_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNDARY_CACHE", str(tmp_path))
    monkeypatch.setattr(cases, "INLINE", 10)
    suite = suites.load("livecodebench", data=folder(tmp_path, [row(1)]))
    meta = suite.problems[0].meta["cases"]
    assert set(meta) == {"count", "digest"}
    assert cases.unpack(meta).inputs == ("1\n",) * 3


def test_without_a_copy_the_files_that_would_do_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError("no network\nat all")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(
        SuiteError, match=r"not to be had from livecodebench/.*\(no network\): give"
    ):
        suites.load("livecodebench", data=tmp_path)


def test_the_hub_is_read_file_by_file(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    asked: list[str] = []

    def serve(kind: str, *, data_files: str, split: str, streaming: bool) -> list[dict[str, Any]]:
        assert (kind, split, streaming) == ("json", "train", True)
        asked.append(data_files.rpartition("/")[2])
        return [row(len(asked))]

    monkeypatch.setattr(datasets, "load_dataset", serve)
    suite = suites.load("livecodebench@v3")
    assert asked == ["test.jsonl", "test2.jsonl", "test3.jsonl"]
    assert len(suite.problems) == 3
    assert suite.source == f"{livecodebench.HUB} (3 of 612 problems of v3)"


@needs_shared
def test_the_local_copy_has_public_tests_only() -> None:
    everything = suites.load("livecodebench@v6", data=SHARED)
    assert len(everything.problems) == 742
    assert everything.source.endswith("(742 of 1055 problems of v6, 742 with public tests only)")
    assert {p.meta["task"] for p in everything.problems} == {"function", "stdin"}
    assert sum(p.meta["cases"]["count"] for p in everything.problems) > 1500
    window = suites.load("livecodebench@v6,2024-08-01..2025-02-01", data=SHARED)
    assert len(window.problems) == 211
