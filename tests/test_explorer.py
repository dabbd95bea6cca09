"""Which answers a report shows: the first of each outcome, long ones by both ends."""

import pytest

from boundary import explorer, sample
from boundary.page import LONGEST
from boundary.passk import Settings
from boundary.records import Finish, Outcome, Sample, Tier, Verdict
from boundary.store import Run, count_run
from boundary.store.files import Folder
from tests.runs import job, suite

LONG = "start " + "x" * 2 * LONGEST + " end"
OUTCOMES = ["wrong", "wrong", "correct", "wrong", "unjudged", "correct", "correct", "unjudged"]


def judged(writer, index: int, outcome: str, reason: str = "mismatch") -> None:
    said = Verdict("p-0", index, Tier.STRICT, Outcome(outcome), reason, str(index), None, "1")
    writer.add(said)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Eight answers to one problem; the second one is judged again."""
    where = tmp_path_factory.mktemp("explorer")
    asked = job(where, 8, suite=suite(1))
    stored, manifest = sample.describe(asked)
    found = Run.create(Folder.at(where / "run"), manifest, stored)
    samples = found.sample_writer()
    for index in reversed(range(8)):
        text = LONG if index == 0 else f"answer {index}"
        samples.add(Sample("p-0", index, index, text, None, 5, Finish.STOP))
    samples.flush()
    verdicts = found.verdict_writer("exact")
    for index, outcome in enumerate(OUTCOMES):
        judged(verdicts, index, outcome)
    verdicts.flush()
    judged(verdicts, 1, "correct", "string_equal")
    verdicts.flush()
    return found


@pytest.fixture(scope="module")
def shown(run: Run):
    settings = Settings()
    (problem,) = explorer.problems({"base": run}, {"base": count_run(run)}, settings)
    return problem


def test_the_first_two_of_each_outcome_are_shown(shown) -> None:
    assert [(a.index, a.outcome) for a in shown.answers] == [
        (1, "correct"), (2, "correct"), (0, "wrong"), (3, "wrong"), (4, "unjudged"),
        (7, "unjudged"),
    ]  # fmt: skip


def test_an_answer_bears_its_latest_verdict(shown) -> None:
    first = shown.answers[0]
    assert (first.reason, first.extracted) == ("string_equal", "1")
    assert (first.text, first.finish, first.n_tokens) == ("answer 1", "stop", 5)


def test_a_long_answer_keeps_both_ends_and_its_length(shown) -> None:
    long = shown.answers[2]
    assert long.text.startswith("start x")
    assert long.end.endswith("x end")
    assert len(long.text) + len(long.end) == LONGEST
    assert long.length == long.whole == len(LONG)


def test_a_problem_has_its_rate_and_its_prompt(run: Run, shown) -> None:
    assert shown.rates == {"base": (4, 8)}
    (asked,) = run.problems()
    assert shown.prompts == {"base": asked.prompt}
    assert shown.answer == "1"
