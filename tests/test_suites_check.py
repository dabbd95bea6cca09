"""What ``suites check`` finds: good copies, each kind of fault, and what is not there."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from boundary import cases, sandbox, suites
from boundary.errors import PackageError
from boundary.records import Problem
from boundary.suites import Suite
from boundary.suites_check import STATEMENTS, Finding, lines, run
from boundary.verifiers import extract
from tests.suites.data import SHARED, needs_shared, write
from tests.verifiers.programs.data import ADD, adder

ROWS = [
    {"id": "a", "problem": "How many?", "answer": "5", "group": "g"},
    {"id": "b", "problem": "Which  one?", "answer": "\\text{Evelyn}", "group": "g"},
    {"id": "c", "problem": "which one? ", "answer": "\\frac{1}{2}", "group": "h"},
    {"id": "d", "problem": "What is \x0crac{1}{2} of a long question?", "answer": "(1,2)"},
]


def found(tmp_path: Path, rows: list[dict[str, Any]], **settings: Any) -> Finding:
    path = write(tmp_path / "mine.jsonl", rows)
    (finding,) = run([str(path)], **settings)
    return finding


def test_a_users_file(tmp_path: Path) -> None:
    finding = found(tmp_path, ROWS)
    assert finding.is_fine
    assert (finding.problems, finding.expected) == (4, ())
    assert (finding.groups, finding.grouped) == (2, 3)
    assert finding.repeated == (("b", "c"),)
    assert finding.control == ("d",)
    assert (finding.longest, finding.longest_chars) == ("d", len(ROWS[3]["problem"]))
    assert (finding.rejected, finding.literal) == ((), ("b",))
    assert finding.digest == suites.load(finding.source).digest
    text = "\n".join(lines(finding))
    assert "mine.jsonl: fine, 4 problems, from" in text
    assert "same question: 1: b = c" in text
    assert "control characters in the question: 1: d" in text
    assert "groups: 3 problems in 2 groups of dependent ones" in text
    assert "letter for letter: 1: b" in text
    assert "errata" not in text


def test_gold_answers_are_looked_at_only_where_asked(tmp_path: Path) -> None:
    finding = found(tmp_path, ROWS, judge=False)
    assert finding.rejected is finding.literal is None
    assert "  gold answers: not looked at" in list(lines(finding))


def with_suite(monkeypatch: pytest.MonkeyPatch, suite: Suite) -> Finding:
    monkeypatch.setattr(suites, "load", lambda *_, **__: suite)
    (finding,) = run([suite.name])
    return finding


def test_faults_that_a_loader_of_others_lets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = (Problem("a", "?", "5"), Problem("a", "??", "5"), Problem("b", " ", " "))
    suite = Suite("theirs", problems, "r1@rlvr", "exact", "theirs", "d", guess=0.25)
    finding = with_suite(monkeypatch, suite)
    assert not finding.is_fine
    assert (finding.repeated_ids, finding.empty, finding.rejected) == (("a",), ("b",), ("b",))
    text = "\n".join(lines(finding))
    assert text.startswith("theirs: NOT FINE, 3 problems, from theirs")
    assert "a blind guess is right with chance 0.25: read pass@k beside its curve" in text
    assert "gold answers that the verifier rejects: 1: b" in text


def test_gold_answers_that_are_no_puzzle_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"nums": [3, 4], "target": 7}
    problems = (Problem("a", "?", "3 + 4", meta=good), Problem("b", "??", "4", meta=good))
    finding = with_suite(monkeypatch, Suite("x", problems, "r1@rlvr", "countdown", "x", "d"))
    assert (finding.rejected, finding.literal) == (("b",), ())


def test_a_suite_whose_answers_are_no_statements_is_not_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(STATEMENTS, "boxed")
    suite = Suite("x", (Problem("a", "?", "5"),), "raw", "math", "x", "d")
    assert with_suite(monkeypatch, suite).rejected is None


def program(key: str, **changes: Any) -> Problem:
    given = adder(**changes)
    return Problem(key, f"{given.question}  # {key}", given.answer, None, ADD, given.meta)


def test_programs_are_judged_by_their_own_solutions(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = {"cases": None, "recorder": {"source": "def r():\n    1 / 0", "entry": "r"}}
    wrong = {"cases": cases.pack([(1, 2)], [4])}
    output = {"task": "output", "input": "1", "output": "no literal"}
    problems = (
        *(program("fine"), program("empty", cases=None), program("rule", rule="alike")),
        *(program("crash", **crash), program("wrong", **wrong), program("output", **output)),
    )
    suite = Suite("x", problems, "code-chat", "code", "x", "d")
    finding = with_suite(monkeypatch, suite)
    assert not finding.is_fine
    assert finding.untested == ("empty",)
    assert finding.broken == ("rule", "output", "crash")
    assert finding.rejected == ("wrong",)
    (quick,) = run(["x"], judge=False)
    assert (quick.untested, quick.broken, quick.rejected) == (("empty",), ("rule", "output"), None)
    monkeypatch.setattr(sandbox, "require", lacking)
    assert with_suite(monkeypatch, suite) == quick, "programs cannot be isolated"
    good = with_suite(monkeypatch, replace(suite, problems=problems[:1]))
    assert good.is_fine


def lacking(**_: Any) -> None:
    raise PackageError("no bubblewrap", remedy="install it")


def test_every_channel_has_a_statement() -> None:
    assert set(extract.CHANNELS) <= set(STATEMENTS)
    for channel in extract.CHANNELS:
        assert extract.strict(STATEMENTS[channel].format("{5}"), channel) == "{5}"


def test_a_wrong_number_of_problems_is_not_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = tuple(Problem(str(i), f"{i}?", "5") for i in range(674))
    suite = Suite("olympiadbench", problems, "qwen-boxed", "exact", "hub", "d")
    whole = with_suite(monkeypatch, suite)
    assert whole.is_fine
    assert next(lines(whole)) == (
        "olympiadbench: fine, 674 problems, expected 675 (so the hub's copy), from hub"
    )
    short = with_suite(monkeypatch, replace(suite, problems=problems[1:]))
    assert not short.is_fine
    assert next(lines(short)) == "olympiadbench: NOT FINE, 673 problems, expected 675, from hub"


def test_what_is_not_there_is_a_finding_and_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path / "aime24.jsonl", [{"id": "a", "problem": "?", "answer": "5"}])
    missing, short, dial = run(["countdown", "aime24", "dial"], data=tmp_path)
    assert not missing.is_fine
    assert list(lines(missing)) == [
        f"countdown: suite 'countdown' lies on no hub and not in {tmp_path}",
        "  give --data FOLDER or set BOUNDARY_DATA to a folder with countdown_3.jsonl or "
        "countdown_3.jsonl.gz",
    ]
    assert short.failure == "suite 'aime24' has 1 problems, not 30"
    assert dial.is_fine


def test_long_lists_are_cut(tmp_path: Path) -> None:
    rows = [{"id": f"p{i}", "problem": "Which?", "answer": "\\text{east}"} for i in range(9)]
    finding = found(tmp_path, rows)
    text = list(lines(finding, shown=2))
    assert "  same question: 1: p0 = p1 = p2 = p3 = p4 = p5 = p6 = p7 = p8" in text
    assert "  gold answers compared letter for letter: 9: p0, p1, and 7 more" in text


@needs_shared
def test_the_local_copies() -> None:
    names = ["aime24", "aime25", "amc23", "countdown", "dial"]
    findings = {finding.name: finding for finding in run(names, data=SHARED)}
    assert list(findings) == names
    assert all(finding.is_fine for finding in findings.values())
    assert all(not finding.rejected and not finding.literal for finding in findings.values())
    assert all(not finding.repeated for name, finding in findings.items() if name != "dial")
    assert [one.id for one in findings["aime24"].errata] == ["aime24-II-08"]
    assert findings["aime25"].control == ("aime25-II-04", "aime25-II-05", "aime25-II-13")
    assert json.loads(json.dumps(asdict(findings["aime25"])))["errata"][0]["kind"] == "text"


@needs_shared
def test_with_errata_applied_none_are_left() -> None:
    (finding,) = run(["aime25"], data=SHARED, errata=True, judge=False)
    assert finding.errata == ()
    assert finding.control == ()
    assert finding.is_fine


@needs_shared
def test_groups_and_the_longest_question_of_a_real_suite() -> None:
    (finding,) = run(["olympiadbench"], data=SHARED, judge=False)
    assert (finding.groups, finding.grouped, finding.longest) == (15, 46, "olympiad-2626")
    assert finding.expected == (675, 674)


def test_all_suites_are_looked_at_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "load", lambda name, **_: suites_load("dial"))
    assert [finding.name for finding in run(judge=False)] == list(suites.available())


suites_load = suites.load
