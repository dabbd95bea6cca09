"""From answers to pass@k: a fake model writes the reference solutions, or breaks them."""

import re
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from boundary import config, sample, sandbox, suites
from boundary.engines import fake_code, fake_text
from boundary.records import Tier
from boundary.store import Run
from boundary.store.files import Folder
from boundary.store.marks import CORRECT
from tests.shell import boundary, done
from tests.suites.data import SHARED, needs_shared, rows_of, write
from tests.suites.test_livecodebench import FUNCTION, row

TEMPLATES = ("evalplus", "code-completion", "code-chat", "code-r1", "raw")


@needs_shared
@pytest.mark.parametrize("template", TEMPLATES)
def test_the_first_two_answers_are_right_in_every_template(template: str, tmp_path: Path) -> None:
    arm = config.ArmSettings(model="fake/first=2,tokens=8", template=template)
    suite = suites.load("humanevalplus", data=SHARED)
    job = sample.Job(arm=arm, suite=suite, n=5, results=Folder.at(tmp_path), limit=4)
    run = sample.run(job)
    assert run.manifest.confinements == {"code": (sandbox.level(),)}
    marks = run.marks("code", Tier.STRICT)
    right = {p.id: (marks.of(p.id) == CORRECT).tolist() for p in job.problems}
    assert right == {p.id: [True] * 2 + [False] * 3 for p in suite.problems[:4]}


@needs_shared
@pytest.mark.parametrize("suite", ["humanevalplus", "mbppplus", "cruxeval_o", "cruxeval_i"])
def test_pass_at_k_is_the_value_by_hand(suite: str, tmp_path: Path) -> None:
    found = passk("fake/first=3,tokens=8", suite, 8, tmp_path)
    by_hand = {k: float(1 - Fraction(comb(5, k), comb(8, k))) for k in (1, 2, 4, 8)}
    assert found == pytest.approx(by_hand)


@needs_shared
def test_pass_at_k_of_solutions_among_changed_ones(tmp_path: Path) -> None:
    found = passk("fake/p=0.4,tokens=8", "humanevalplus", 12, tmp_path)
    problems = {p.id: p for p in suites.load("humanevalplus", data=SHARED).problems[:5]}
    run = Run.open(Folder.at(next((tmp_path / "results").iterdir())))
    right = dict.fromkeys(problems, 0)
    changed = set()
    for drawn in run.sample_records():
        problem = problems[drawn.problem_id]
        right[problem.id] += drawn.text.endswith(fake_text.right(problem, "code_open"))
        bodies = fake_code.changes((problem.solution or "").rstrip(), problem.question)
        changed |= {(problem.id, body) for body in bodies if body in drawn.text}
    assert len(set(right.values())) > 1
    assert len(changed) >= 4, "solutions with an operator flipped or a number changed"
    by_hand = {
        k: float(sum(1 - Fraction(comb(12 - c, k), comb(12, k)) for c in right.values()) / 5)
        for k in found
    }
    assert set(found) >= {1, 2, 4, 8}
    assert found == pytest.approx(by_hand)


def passk(model: str, suite: str, n: int, where: Path) -> dict[int, float]:
    """Pass@k of five problems by the command line, for each k of its own grid."""
    asked = ("--suite", suite, "-n", n, "--limit", 5, "--data", SHARED)
    ended = boundary("sample", model, *asked, where=where)
    assert ended.code == 0, ended.err
    (folder,) = (where / "results").iterdir()
    found = boundary("passk", folder, "--json", where=where).json()
    assert {row["problems"] for row in found} == {5}
    return {row["k"]: row["pass_at_k"] for row in found}


def test_a_suite_without_solutions_has_no_right_answer_to_give(tmp_path: Path) -> None:
    write(tmp_path / "livecodebench.jsonl", [row(1), row(2, **FUNCTION)])
    asked = ("--suite", "livecodebench", "-n", 2, "--data", tmp_path)
    for model in ("fake/p=1", "fake/first=1", "fake/p=1,fresh=1"):
        ended = boundary("sample", model, *asked, where=tmp_path)
        assert ended.code != 0
        assert re.search(r"cannot solve lcb-atcoder-abc\d_a: its suite has no solution", ended.err)
        assert "let it solve none: fake/p=0" in ended.err
    assert boundary("sample", "fake/p=0", *asked, where=tmp_path).code == 0


BAD = {"HumanEval/0": "def check(candidate):\n    raise RuntimeError\n", "HumanEval/1": ""}
BAD_TEST = "unjudged: 3 bad_test in 1 problem (the tests of the problem fail by themselves; "
NO_TESTS = "unjudged: 3 no_tests in 1 problem (there are no tests for the problem; "


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite with two problems whose tests are at fault, and a run of it and a good one."""
    where = tmp_path_factory.mktemp("broken")
    rows = [{**row, "test": BAD.get(row["task_id"], row["test"])} for row in rows_of("humaneval")]
    write(where / "humaneval.jsonl", rows)
    return where


@needs_shared
def test_tests_at_fault_are_named_wherever_answers_are_unjudged(broken: Path) -> None:
    asked = ("--suite", "humaneval", "-n", 3, "--limit", 3, "--data", broken)
    drawn = done("sample", "fake/first=2,tokens=8", *asked, where=broken)
    (folder,) = (broken / "results").iterdir()
    for shown in (
        drawn,
        done("show", folder, where=broken),
        done("verify", folder, where=broken),
        boundary("passk", folder, where=broken).err,
    ):
        lines = [line.partition("unjudged: ") for line in shown.splitlines()]
        told = {found + text for _, found, text in lines if found}
        assert told == {
            f"{BAD_TEST}the suite is at fault): HumanEval/0",
            f"{NO_TESTS}the suite is at fault): HumanEval/1",
        }
    ended = boundary("passk", folder, "--k", 1, where=broken)
    assert "6 of 9 samples unjudged, counted as not correct" in ended.err
    # Of three problems one has 2 of 3 right, and two may have none or all.
    assert "22.22 [" in ended.out
    assert "22.2 to 88.9" in ended.out
    told = boundary("verify", folder, "--json", where=broken)
    assert told.json() == [{"run": folder.name, "judged": 0}]
    assert BAD_TEST in told.err


@needs_shared
def test_a_comparison_says_why_answers_are_unjudged(broken: Path) -> None:
    asked = ("--suite", "humaneval", "-n", 2, "--limit", 3, "--data", broken)
    for model in ("fake/first=1,tokens=8", "fake/p=0"):
        done("sample", model, *asked, "--results", "two", where=broken)
    runs = sorted((broken / "two").iterdir())
    told = boundary("compare", *runs, "--resamples", 100, where=broken)
    shown = " ".join((told.out + told.err).split())
    for folder in runs:
        for why, problem in (("bad_test", 0), ("no_tests", 1)):
            says = rf"{folder.name}: unjudged: \d {why} in 1 problem [^:]*: HumanEval/{problem}"
            assert re.search(says, shown), shown


@needs_shared
def test_the_report_tells_the_suite_s_fault_from_the_grader_s(broken: Path) -> None:
    asked = ("--suite", "humaneval", "-n", 2, "--limit", 3, "--data", broken)
    done("sample", "fake/first=1,tokens=8", *asked, "--results", "own", where=broken)
    done("report", next((broken / "own").iterdir()), "--out", "page", where=broken)
    page = (broken / "page" / "report.html").read_text()
    assert "the grader failed, not the model" not in page
    assert "the suite's own tests fail or are missing" in page
    assert re.search(r"unjudged: \d bad_test in 1 problem .*HumanEval/0</bdi>", page)
    assert re.search(r"unjudged: \d no_tests in 1 problem .*HumanEval/1</bdi>", page)


@needs_shared
def test_where_nothing_is_unjudged_no_bounds_are_shown(broken: Path) -> None:
    done("sample", "fake/p=0.5", "--suite", "dial", "-n", 2, "--results", "dial", where=broken)
    (folder,) = (broken / "dial").iterdir()
    ended = boundary("passk", folder, where=broken)
    assert "unjudged" not in ended.out + ended.err


@needs_shared
def test_suites_check_names_the_tests_at_fault(broken: Path) -> None:
    quick = boundary("suites", "check", "humaneval", "--data", broken, "--no-golds", where=broken)
    assert quick.code == 1
    assert quick.out.startswith("humaneval: NOT FINE, 164 problems as expected")
    assert "there are no tests for the problem; the suite is at fault: 1: HumanEval/1" in quick.out
    assert "fail by themselves" not in quick.out
    assert "gold answers: not looked at" in quick.out
    whole = boundary("suites", "check", "humaneval", "--data", broken, where=broken)
    assert "fail by themselves; the suite is at fault: 1: HumanEval/0" in whole.out
    assert "not looked at" not in whole.out
    good = boundary("suites", "check", "humaneval", "--data", SHARED, where=broken)
    assert good.out.startswith("humaneval: fine, 164 problems as expected")
