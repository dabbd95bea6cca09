"""What holds for every registered verifier."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from itertools import count, islice

import pytest

from boundary import verifiers
from boundary.errors import VerifierError
from boundary.records import Finish, Outcome, Problem, Sample, Tier, Verdict
from boundary.verifiers import VERIFIERS, PureVerifier, Task, Verifier
from tests.verifiers.data import of_tier, strict, task
from tests.verifiers.programs.data import ADD, adder, fenced
from tests.verifiers.programs.data import task as program

# Per verifier: an answer that is right, and one that is wrong.
RIGHT = {
    "math": task("5", r"It is $\boxed{5}$."),
    "exact": task("Evelyn", r"\boxed{Evelyn}"),
    "dial": Task(
        Problem("p0", "a6048 b5938 c1976 d6804\n", "1732"),
        Sample("p0", 0, 1, "d-c:6804-1976=5938+6804=1732", None, None, Finish.STOP),
        "dial",
    ),
    "countdown": Task(
        Problem("p0", "?", "3 + 4 = 7", meta={"nums": [3, 4], "target": 7}),
        Sample("p0", 0, 1, "<answer>3 + 4 = 7</answer>", None, None, Finish.STOP),
        "answer_tag",
    ),
    "code": program(adder(), fenced(ADD), channel="code"),
}
WRONG = {
    "code": fenced("def add(a, b):\n    return a - b\n"),
    "math": r"It is $\boxed{6}$.",
    "exact": r"\boxed{Eve}",
    "dial": "d-c:6804-1976=5938+6804=1733",
    "countdown": "<answer>3 - 4</answer>",
}

names = pytest.mark.parametrize("name", VERIFIERS)
NONE = dict.fromkeys(VERIFIERS, "no_answer") | {"code": "no_code"}


def text_of(name: str, text: str, **changes: object) -> Task:
    right = RIGHT[name]
    return right._replace(sample=replace(right.sample, text=text, **changes))  # type: ignore[arg-type]


@pytest.fixture
def verifier(name: str) -> Iterator[Verifier]:
    made = verifiers.create(name)
    yield made
    made.close()


@names
def test_right_and_wrong_answers_in_both_tiers(name: str, verifier: Verifier) -> None:
    right, wrong = verifier.judge([RIGHT[name], text_of(name, WRONG[name])])
    for verdicts, outcome in ((right, Outcome.CORRECT), (wrong, Outcome.WRONG)):
        assert [v.tier for v in verdicts] == list(Tier)
        assert {v.outcome for v in verdicts} == {outcome}
        assert {v.verifier_version for v in verdicts} == {verifier.version}
        assert all(v.extracted and v.reason for v in verdicts)
    assert {v.reason for v in wrong} == {"mismatch"}
    assert verifier.name == name


@names
def test_a_cut_answer_is_wrong_strictly_and_read_leniently(name: str, verifier: Verifier) -> None:
    cut = RIGHT[name]._replace(sample=replace(RIGHT[name].sample, finish=Finish.LENGTH))
    (verdicts,) = verifier.judge([cut])
    assert of_tier(verdicts, Tier.STRICT).outcome is Outcome.WRONG
    assert of_tier(verdicts, Tier.STRICT).reason == "truncated"
    assert of_tier(verdicts, Tier.LENIENT).outcome is Outcome.CORRECT


@names
@pytest.mark.parametrize(
    "text",
    ["", " \n", "I do not know.", "\x00" * 99, "\ud800\udfff", "{" * 65_536, "7 " * 32_768],
    ids=["empty", "blank", "words", "nul", "surrogates", "braces", "numbers"],
)
def test_a_text_without_answer_is_wrong(name: str, verifier: Verifier, text: str) -> None:
    assert strict(verifier, [text_of(name, text)]) == [("wrong", NONE[name])]


@names
def test_verdicts_come_in_the_order_of_the_tasks(name: str, verifier: Verifier) -> None:
    tasks = [
        text_of(name, (WRONG[name], RIGHT[name].sample.text)[i % 2], index=i) for i in range(50)
    ]
    found = [v for verdicts in verifier.judge(tasks) for v in verdicts if v.tier is Tier.STRICT]
    assert [v.index for v in found] == list(range(50))
    assert [v.outcome is Outcome.CORRECT for v in found] == [bool(i % 2) for i in range(50)]


@names
def test_tasks_are_taken_lazily(name: str, verifier: Verifier) -> None:
    endless = (text_of(name, RIGHT[name].sample.text, index=i) for i in count())
    assert [v[0].index for v in islice(verifier.judge(endless), 5)] == list(range(5))


@names
def test_judging_after_close_is_an_error(name: str, verifier: Verifier) -> None:
    verifier.close()
    verifier.close()
    with pytest.raises(VerifierError, match="closed"):
        verifier.judge([])


@pytest.mark.parametrize("name", ["math", "exact"])
def test_an_unknown_channel_is_an_error(name: str, verifier: Verifier) -> None:
    with pytest.raises(VerifierError, match=r"channel 'smoke'.*boxed, answer_line"):
        list(verifier.judge([RIGHT[name]._replace(channel="smoke")]))


@pytest.mark.parametrize("name", ["math", "exact"])
def test_without_gold_or_whole_sample_nothing_is_judged(name: str, verifier: Verifier) -> None:
    no_gold, aborted = task(" ", r"\boxed{5}"), task("5", r"\boxed{5}", finish=Finish.ABORT)
    for given, reason in ((no_gold, "no_gold"), (aborted, "aborted")):
        (verdicts,) = verifier.judge([given])
        assert {(v.outcome, v.reason) for v in verdicts} == {(Outcome.UNJUDGED, reason)}


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(VerifierError, match=r"'maths'.*did you mean 'math'"):
        verifiers.create("maths")


class Theirs(PureVerifier):
    """Right when nothing was written; breaks on an exclamation mark."""

    name = "theirs"
    version = "7"

    def decide(self, task: Task) -> tuple[Verdict, ...]:
        text = task.sample.text
        if "!" in text:
            raise RecursionError(text)
        outcome = Outcome.WRONG if text else Outcome.CORRECT
        return (Verdict("p", 0, Tier.STRICT, outcome, "mine", None, None, self.version),)


def test_other_packages_add_verifiers_by_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("theirs", f"{__name__}:Theirs", verifiers.GROUP)
    monkeypatch.setattr(verifiers, "entry_points", lambda group: EntryPoints([entry]))
    theirs = verifiers.create("theirs")
    assert strict(theirs, [task("5", ""), task("5", "a")]) == [
        ("correct", "mine"),
        ("wrong", "mine"),
    ]


def test_what_breaks_a_pure_verifier_is_unjudged_and_touches_no_other() -> None:
    found = [*Theirs().judge([task("5", ""), task("5", "!"), task("5", "")])]
    assert [v[0].outcome.value for v in found] == ["correct", "unjudged", "correct"]
    assert {(v.tier, v.reason, v.verifier_version) for v in found[1]} == {
        (tier, "grader_error", "7") for tier in Tier
    }
