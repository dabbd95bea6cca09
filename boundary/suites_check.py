"""The ``suites check`` stage: what was found in each suite, before a run rests on it.

A suite that cannot be read is a finding like any other, so one missing copy hides no other suite.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from boundary import prompts, suites, verifiers
from boundary.engines import fake_text
from boundary.errors import BoundaryError, PackageError
from boundary.records import Finish, Outcome, Problem, Sample, Tier, Verdict
from boundary.suites import BENCHMARKS, Erratum, Suite
from boundary.suites.errata import of
from boundary.verifiers import Task, Verifier
from boundary.verifiers.code import CodeVerifier
from boundary.verifiers.programs import assertions
from boundary.verifiers.programs.plan import BadTestError, NoTestsError, Plan
from boundary.wording import FAULTS

STATEMENTS = {
    "boxed": "\\boxed{{{}}}",
    "answer_line": "Answer: {}",
    "answer_tag": "<answer>{}</answer>",
    "hashes": "#### {}",
    "dial": "={}",
}
"""A bare answer in each channel."""

# Why a problem's answers are unjudged where its tests are to blame.
_TEST_FAULTS = _NO_TESTS, _BAD_TEST = "no_tests", "bad_test"

# Where a plain number stands: neither in a word or command nor after a power or subscript sign.
_NUMBER = re.compile(r"(?<![\w\\^{.])[0-9]+(?![\w.])")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one suite holds; ``failure`` and ``remedy`` where it cannot be read.

    ``expected`` are the numbers of problems that a complete copy may have, first the suite's own.
    ``repeated`` are problems with the same question, ``control`` those with control characters in
    it. ``rejected`` are gold answers that the suite's own verifier does not take for right, and
    ``literal`` those it compares letter for letter only; both are ``None`` where no verifier was
    asked. Of programs the solutions are judged, where they are known and there is a sandbox.
    ``untested`` are problems without tests, ``broken`` those whose tests fail by themselves: what
    shows of that without running them, and all of it where solutions are judged. ``errata`` are
    known faults that the copy has.
    """

    name: str
    failure: str | None = None
    remedy: str | None = None
    source: str = ""
    digest: str = ""
    template: str = ""
    verifier: str = ""
    guess: float | None = None
    problems: int = 0
    expected: tuple[int, ...] = ()
    groups: int = 0
    grouped: int = 0
    repeated_ids: tuple[str, ...] = ()
    repeated: tuple[tuple[str, ...], ...] = ()
    empty: tuple[str, ...] = ()
    control: tuple[str, ...] = ()
    rejected: tuple[str, ...] | None = None
    literal: tuple[str, ...] | None = None
    untested: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    errata: tuple[Erratum, ...] = ()
    longest: str = ""
    longest_chars: int = 0

    @property
    def is_fine(self) -> bool:
        """Whether a run can rest on the suite."""
        faults = (*self.repeated_ids, *self.empty, *(self.rejected or ()))
        faults += self.untested + self.broken
        whole = not self.expected or self.problems in self.expected
        return self.failure is None and whole and not faults


def run(
    names: Sequence[str] = (),
    *,
    data: Path | None = None,
    judge: bool = True,
    errata: bool = False,
) -> Iterator[Finding]:
    """Look at suites one by one, at all that are known where none is named.

    Args:
        names: Suites by name, or users' own JSONL files.
        data: Folder of local copies.
        judge: Ask each suite's verifier about its own gold answers, or solutions in programs;
            seconds to a minute, two for the largest tests of programs.
        errata: Look at the suites with their errata applied.

    Yields:
        What each suite holds, also where it cannot be read.
    """
    for name in names or suites.available():
        yield _found(name, data, judge=judge, errata=errata)


def _found(name: str, data: Path | None, *, judge: bool, errata: bool) -> Finding:
    try:
        suite = suites.load(name, data=data, errata=errata)
        golds = _golds(suite) if judge and _channel(suite) in STATEMENTS else None
        programs = _programs(suite, judge=judge) if suite.verifier == CodeVerifier.name else None
    except BoundaryError as error:
        return Finding(name, failure=error.problem, remedy=error.remedy)
    found = _described(name, suite, golds)
    if programs is None:
        return found
    return replace(
        found,
        rejected=programs.rejected,
        untested=programs.of(_NO_TESTS),
        broken=programs.of(_BAD_TEST),
    )


@dataclass(frozen=True, slots=True)
class _Programs:
    """What was found of a suite's tests: a reason by problem, and the solutions not taken."""

    faults: dict[str, str]
    rejected: tuple[str, ...] | None

    def of(self, reason: str) -> tuple[str, ...]:
        return tuple(key for key, why in self.faults.items() if why == reason)


def _programs(suite: Suite, *, judge: bool) -> _Programs:
    """Look at tests, and run them with the suite's own solutions where that is asked for."""
    read = ((problem.id, _test_fault(problem)) for problem in suite.problems)
    faults = {key: why for key, why in read if why}
    solved = [p for p in suite.problems if p.solution and p.id not in faults]
    if not (judge and solved):
        return _Programs(faults, None)
    channel = _channel(suite)
    try:
        verifier = verifiers.create(suite.verifier)
    except PackageError:
        # Programs cannot be isolated here.
        return _Programs(faults, None)
    rejected = []
    with closing(verifier):
        tasks = (_task(p, channel, fake_text.right(p, channel)) for p in solved)
        for problem, verdicts in zip(solved, verifier.judge(tasks), strict=True):
            (verdict,) = (one for one in verdicts if one.tier is Tier.STRICT)
            if verdict.reason in _TEST_FAULTS:
                faults[problem.id] = verdict.reason
            elif verdict.outcome is not Outcome.CORRECT:
                rejected.append(problem.id)
    return _Programs(faults, tuple(rejected))


def _test_fault(problem: Problem) -> str | None:
    """Why answers to a problem would be unjudged, where that shows without running its tests."""
    if problem.meta.get("task") in ("output", "input"):
        found = assertions.output_decision(problem, "")
        return found.reason if found.outcome is Outcome.UNJUDGED else None
    try:
        Plan.of(problem)
    except NoTestsError:
        return _NO_TESTS
    except BadTestError:
        return _BAD_TEST
    return None


def _described(
    name: str, suite: Suite, golds: tuple[tuple[str, ...], tuple[str, ...]] | None
) -> Finding:
    problems = suite.problems
    groups = [problem.group for problem in problems if problem.group is not None]
    longest = max(problems, key=lambda problem: len(problem.question))
    known = BENCHMARKS.get(name)
    return Finding(
        name=name,
        source=suite.source,
        digest=suite.digest,
        template=suite.template,
        verifier=suite.verifier,
        guess=suite.guess,
        problems=len(problems),
        expected=known.sizes if known and not suite.errata else (),
        groups=len(set(groups)),
        grouped=len(groups),
        repeated_ids=tuple(ids[0] for ids in _alike(problems, lambda problem: problem.id)),
        repeated=tuple(_alike(problems, _words)),
        empty=tuple(p.id for p in problems if not (p.question.strip() and p.answer.strip())),
        control=tuple(p.id for p in problems if _has_control(p.question)),
        rejected=golds[0] if golds else None,
        literal=golds[1] if golds else None,
        errata=tuple(of(suite)),
        longest=longest.id,
        longest_chars=len(longest.question),
    )


def _words(problem: Problem) -> str:
    return " ".join(problem.question.split()).casefold()


def _has_control(text: str) -> bool:
    return any(ord(char) < ord(" ") and char not in "\n\r" for char in text)


def _alike(problems: Sequence[Problem], key: Callable[[Problem], str]) -> Iterator[tuple[str, ...]]:
    """The ids of problems that share a key, where more than one does."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(key(problem), []).append(problem.id)
    return (tuple(ids) for ids in found.values() if len(ids) > 1)


def _golds(suite: Suite) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Problems whose gold answer the verifier rejects, and those it knows by its letters only."""
    channel = _channel(suite)
    with closing(verifiers.create(suite.verifier)) as verifier:
        rejected = _wrong(verifier, suite.problems, channel, str)
        # Only the maths verifier reads what an answer means.
        literal = suite.problems if verifier.name == "math" else ()
        for reword in REWORDINGS:
            same = [problem for problem in literal if reword(problem.answer) == problem.answer]
            other = [problem for problem in literal if reword(problem.answer) != problem.answer]
            literal = (*same, *_wrong(verifier, other, channel, reword))
    return tuple(p.id for p in rejected), tuple(p.id for p in literal if p not in rejected)


def _channel(suite: Suite) -> str:
    return prompts.get(suite.template).channel


def _as_fraction(answer: str) -> str:
    """The same answer, its first plain number n written 2n/2."""
    return _NUMBER.sub(lambda found: f"\\frac{{{2 * int(found[0])}}}{{2}}", answer, count=1)


REWORDINGS: tuple[Callable[[str], str], ...] = (
    _as_fraction,
    "{}\\text{{ units}}".format,
    "{{{}}}".format,
    "y={}".format,
)
"""Other spellings of an answer that mean the same; who knows none of them goes by the letters."""


def _wrong(
    verifier: Verifier, problems: Sequence[Problem], channel: str, reword: Callable[[str], str]
) -> tuple[Problem, ...]:
    """Problems whose gold answer, reworded, is not taken for right."""
    tasks = (
        _task(problem, channel, STATEMENTS[channel].format(reword(problem.answer)))
        for problem in problems
    )
    pairs = zip(problems, verifier.judge(tasks), strict=True)
    return tuple(problem for problem, verdicts in pairs if not _is_right(verdicts))


def _is_right(verdicts: tuple[Verdict, ...]) -> bool:
    return any(v.outcome is Outcome.CORRECT for v in verdicts if v.tier is Tier.STRICT)


def _task(problem: Problem, channel: str, text: str) -> Task:
    sample = Sample(problem.id, 0, 0, text, None, None, Finish.STOP)
    return Task(problem, sample, channel)


def lines(finding: Finding, *, shown: int = 5) -> Iterator[str]:
    """What was found, a line for each thing; lists are cut after so many."""
    if finding.failure is not None:
        yield f"{finding.name}: {finding.failure}"
        yield f"  {finding.remedy}"
        return
    state = "fine" if finding.is_fine else "NOT FINE"
    yield f"{finding.name}: {state}, {_size(finding)}, from {finding.source}"
    yield f"  judged by {finding.verifier}, template {finding.template}, digest {finding.digest}"
    yield from (f"  {line}" for line in _notes(finding, shown))


def _size(finding: Finding) -> str:
    if not finding.expected:
        return f"{finding.problems} problems"
    own, *others = finding.expected
    if finding.problems == own:
        return f"{own} problems as expected"
    known = finding.problems in others
    return f"{finding.problems} problems, expected {own}" + (
        " (so the hub's copy)" if known else ""
    )


def _notes(finding: Finding, shown: int) -> Iterator[str]:
    yield f"longest question: {finding.longest}, {finding.longest_chars:,} characters"
    if finding.groups:
        yield f"groups: {finding.grouped} problems in {finding.groups} groups of dependent ones"
    if finding.guess is not None:
        yield f"a blind guess is right with chance {finding.guess:g}: read pass@k beside its curve"
    named = {
        "ids that stand twice": finding.repeated_ids,
        "same question": tuple(" = ".join(ids) for ids in finding.repeated),
        "no question or no answer": finding.empty,
        "control characters in the question": finding.control,
        "gold answers that the verifier rejects": finding.rejected or (),
        FAULTS[_NO_TESTS]: finding.untested,
        FAULTS[_BAD_TEST]: finding.broken,
        "gold answers compared letter for letter": finding.literal or (),
        "known errata": tuple(f"{one.id} ({one.kind})" for one in finding.errata),
    }
    yield from (f"{what}: {_some(ids, shown)}" for what, ids in named.items() if ids)
    if finding.rejected is None:
        yield "gold answers: not looked at"


def _some(ids: Sequence[str], shown: int) -> str:
    more = f", and {len(ids) - shown} more" if len(ids) > shown else ""
    return f"{len(ids)}: {', '.join(ids[:shown])}{more}"
