"""What holds for every registered suite."""

import hashlib
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.prompts import TEMPLATES
from boundary.records import Problem
from boundary.suites import BENCHMARKS, SUITES, Suite
from boundary.suites.base import digest_of
from boundary.verifiers import VERIFIERS
from tests.suites.data import SHARED, math500_hub, needs_shared, write

SIZES = {
    "math500": 500,
    "aime24": 30,
    "aime25": 30,
    "amc23": 40,
    "minerva": 272,
    "olympiadbench": 675,
    "gsm8k": 1319,
    "olymmath_en": 200,
    "countdown": 256,
    "countdown_3to4": 1024,
    "gpqa_diamond": 198,
    "dial": 240,
    "humaneval": 164,
    "humanevalplus": 164,
    "mbppplus": 378,
    "cruxeval_o": 800,
    "cruxeval_i": 800,
    # Two of the five parts up to that release.
    "livecodebench": 167,
}
# No copies beside the checkout: course material, data behind terms, half a million rows.
ABSENT = {"minerva", "gpqa_diamond", "countdown_3to4"}

ENDS = {
    "math500": ("math500-0000", "math500-0499"),
    "aime24": ("aime24-I-01", "aime24-II-15"),
    "aime25": ("aime25-I-01", "aime25-II-15"),
    "amc23": ("amc23-00", "amc23-49"),
    "olympiadbench": ("olympiad-1606", "olympiad-3102"),
    "gsm8k": ("gsm8k-0000", "gsm8k-1318"),
    "olymmath_en": ("olymmath-easy-0-en", "olymmath-hard-99-en"),
    "countdown": ("countdown-cd3-000", "countdown-cd3-255"),
    "dial": ("dial-000", "dial-239"),
    "humaneval": ("HumanEval/0", "HumanEval/163"),
    "humanevalplus": ("HumanEval/0", "HumanEval/163"),
    "mbppplus": ("Mbpp/2", "Mbpp/809"),
    "cruxeval_o": ("cruxeval-o-0", "cruxeval-o-799"),
    "cruxeval_i": ("cruxeval-i-0", "cruxeval-i-799"),
    "livecodebench": ("lcb-atcoder-abc374_c", "lcb-leetcode-3688"),
}


@pytest.mark.parametrize("name", SIZES)
def test_every_size_is_the_one_of_its_benchmark(name: str) -> None:
    assert name in SUITES
    assert name in {"dial", "livecodebench"} or BENCHMARKS[name].size == SIZES[name]


@needs_shared
@pytest.mark.parametrize("name", [name for name in SIZES if name not in ABSENT])
def test_every_suite_is_complete(name: str) -> None:
    suite = suites.load(name, data=SHARED)
    assert suite.name == name
    assert len(suite.problems) == SIZES[name]
    assert len({p.id for p in suite.problems}) == SIZES[name]
    assert (suite.problems[0].id, suite.problems[-1].id) == ENDS[name]
    assert all(p.question.strip() and p.answer.strip() for p in suite.problems)
    assert suite.template in TEMPLATES
    assert suite.verifier in VERIFIERS
    assert suite.digest == suites.load(name, data=SHARED).digest == digest_of(suite.problems)
    with pytest.raises(FrozenInstanceError):
        suite.name = "other"  # type: ignore[misc]


def test_the_embedded_suite_needs_no_data() -> None:
    suite = suites.load("dial")
    assert (suite.template, suite.verifier, len(suite.problems)) == ("dial", "dial", 240)


@needs_shared
def test_the_data_folder_may_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNDARY_DATA", str(SHARED))
    assert suites.load("aime24").source == str(SHARED / "aime24.jsonl")


def test_a_data_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="is not a folder"):
        suites.load("aime24", data=tmp_path / "nowhere")


def test_a_local_copy_of_another_size_is_refused(tmp_path: Path) -> None:
    rows = [row | {"id": str(i)} for i, row in enumerate(math500_hub(7))]
    write(tmp_path / "math500.jsonl", rows)
    with pytest.raises(SuiteError, match="has 7 problems, not 500"):
        suites.load("math500", data=tmp_path)


def test_the_verifier_can_be_replaced() -> None:
    assert suites.load("dial", verifier="exact").verifier == "exact"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(SuiteError, match=r"'math-500'.*did you mean 'math500'"):
        suites.load("math-500")


def test_without_network_the_remedy_is_a_local_copy(tmp_path: Path) -> None:
    script = "from boundary import suites; suites.load('math500')"
    env = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("boundary.errors.SuiteError: suite 'math500' is not to be had from")
    assert "--data FOLDER or set BOUNDARY_DATA" in last


def test_the_digest_covers_all_but_the_solution() -> None:
    problem = Problem("a", "q", "5", "g", "s", {"level": 1})
    others = [
        replace(problem, id="b"),
        replace(problem, question="r"),
        replace(problem, answer="6"),
        replace(problem, group=None),
        replace(problem, meta={"level": 2}),
    ]
    digests = {digest_of([each]) for each in [problem, *others]}
    assert len(digests) == 6
    assert digest_of([replace(problem, solution="t")]) == digest_of([problem])
    assert digest_of([problem, others[0]]) != digest_of([others[0], problem])
    canonical = b'[["a","q","5","g",{"level":1}]]'
    assert digest_of([problem]) == hashlib.blake2b(canonical, digest_size=16).hexdigest()


def test_other_packages_add_suites_by_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("theirs", f"{__name__}:load_theirs", suites.GROUP)
    monkeypatch.setattr(suites, "entry_points", lambda group: EntryPoints([entry]))
    assert suites.load("theirs").problems[0].answer == "5"
    assert list(suites.available()) == ["theirs", *SUITES]


def load_theirs(*, data: Path | None) -> Suite:
    problems = (Problem("a", "q", "5"),)
    return Suite("theirs", problems, "raw", "exact", "theirs", digest_of(problems))
