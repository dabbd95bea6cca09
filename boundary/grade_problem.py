"""The ``grade`` stage for one answer to one problem of a suite, programs too."""

import difflib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from boundary import prompts, verifiers
from boundary.errors import ConfigError, SuiteError
from boundary.records import Finish, Problem, Sample, Verdict
from boundary.suites import Suite
from boundary.verifiers import Task, Verifier
from boundary.verifiers.code import CodeVerifier
from boundary.verifiers.programs.blocks import blocks


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of one answer.

    Attributes:
        verdicts: One per tier.
        confinement: Where its program ran; None where there was none to run.
        tests: What became of each test (``passed``, why it failed, ``not_run``), where all were
            asked for.
    """

    verdicts: tuple[Verdict, ...]
    confinement: str | None
    tests: tuple[str, ...] | None


def run(
    suite: Suite,
    problem_id: str,
    text: str,
    *,
    template: str | None = None,
    all_tests: bool = False,
) -> Judged:
    """Judge one answer, in both tiers.

    Args:
        suite: The suite of the problem; its own verifier judges.
        problem_id: The problem, by its id or by what its source calls it.
        text: The whole answer, as a model wrote it.
        template: Says where the answer stands in the text; the suite's own unless told. A text
            with fenced blocks is then read for the last of them all the same.
        all_tests: Go on after the first test that a program fails, and tell of each.

    Raises:
        SuiteError: The suite has no such problem.
        ConfigError: There is no such template, or there are no tests to tell of.
        VerifierError: The verifier cannot be set up, or does not read the template's channel.
    """
    channel = _channel(suite, text, template)
    problem = problem_of(suite, problem_id)
    sample = Sample(problem.id, 0, 0, text, None, None, Finish.STOP)
    told: dict[str, dict[int, str]] = {}
    with closing(_verifier(suite, told if all_tests else None)) as verifier:
        (verdicts,) = verifier.judge([Task(problem, sample, channel)])
    tests = _tests(problem, next(iter(told.values()), {})) if all_tests else None
    return Judged(verdicts, getattr(verifier, "confinement", None), tests)


def _verifier(suite: Suite, told: dict[str, dict[int, str]] | None) -> Verifier:
    """The suite's own, which writes down what becomes of each test where that is wanted."""
    if told is None:
        return verifiers.create(suite.verifier)
    if suite.verifier != CodeVerifier.name:
        raise ConfigError(
            f"the answers to suite {suite.name!r} are not judged by tests",
            remedy="leave out --all-tests",
        )
    return CodeVerifier(
        on_test=lambda code, number, reason: told.setdefault(code, {}).update({number: reason})
    )


def _tests(problem: Problem, found: dict[int, str]) -> tuple[str, ...]:
    stated = (problem.meta.get("cases") or {}).get("count", 0)
    count = max(stated, max(found, default=-1) + 1)
    return tuple(found.get(number, "not_run") for number in range(count))


def _channel(suite: Suite, text: str, template: str | None) -> str:
    """Where to look; a template that opens the block for the model suits a bare program only."""
    channel = prompts.get(template or suite.template).channel
    if template is None and channel == "code_open" and any(b.is_closed for b in blocks(text)):
        return "code"
    return channel


def problem_of(suite: Suite, problem_id: str) -> Problem:
    """The problem of that id, or with that id in its source.

    Raises:
        SuiteError: There is none; near ones are named.
    """
    found = [p for p in suite.problems if p.id == problem_id]
    found = found or [p for p in suite.problems if p.meta.get("source_id") == problem_id]
    if found:
        return found[0]
    near = difflib.get_close_matches(problem_id, (p.id for p in suite.problems), 1, 0.0)[0]
    raise SuiteError(
        f"suite {suite.name!r} has no problem {problem_id!r}",
        remedy=f"did you mean {near!r}? Its first is {suite.problems[0].id!r}",
    )


def answer_of(path: Path) -> str:
    """The answer in a file.

    Raises:
        SuiteError: It cannot be read as text.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SuiteError(f"{path} cannot be read ({error})", remedy="check the path") from error
