"""Which of a model's answers to other problems would be right for a problem, by its verifier."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from boundary import verifiers
from boundary.records import Finish, Outcome, Problem, Sample, Tier
from boundary.store.classes import Classes
from boundary.verifiers import Task

READS_ANSWERS = ("math", "exact")
"""Verifiers that judge an answer by itself; the others read a program or a derivation."""
BY_TEXT = "equal text"
MOST_PAIRS = 20_000
"""Pairs of a problem and an answer that are judged at most, the most frequent answers first."""
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Accepted:
    """Per problem the answers that count as right for it, and who said so."""

    answers: Mapping[str, frozenset[str]]
    judged_by: str


def accepted(
    classes: Sequence[Classes], problems: Mapping[str, Problem], verifier: str
) -> Accepted:
    """Judge each distinct answer of a run against every problem of it.

    Equal text counts always: the gold answer, and what was judged right for the problem itself.
    Beyond that the verifier judges, the most frequent answers first, as many as ``MOST_PAIRS``
    allow; rarer ones are told by equal text alone, and ``judged_by`` says so.

    Args:
        classes: Answers of each problem.
        problems: The problems by id.
        verifier: Its name; one that reads more than an answer is not asked.

    Returns:
        What counts as right.

    Raises:
        VerifierError: The verifier cannot be set up.
        PackageError: It needs a package that is not installed.
    """
    same = {c.problem_id: {problems[c.problem_id].answer.strip(), *c.right} for c in classes}
    if verifier not in READS_ANSWERS:
        return Accepted({key: frozenset(own) for key, own in same.items()}, BY_TEXT)
    distinct = _by_frequency(classes)
    asked = [a for a in distinct[: MOST_PAIRS // len(classes)] if _is_plain(a)]
    for key, answer in _right(asked, [problems[c.problem_id] for c in classes], verifier):
        same[key].add(answer)
    rest = f", {BY_TEXT} beyond the {len(asked)} most frequent of {len(distinct)} answers"
    by = verifier + rest * (len(asked) < len(distinct))
    return Accepted({key: frozenset(own) for key, own in same.items()}, by)


def _by_frequency(classes: Sequence[Classes]) -> list[str]:
    pool: Counter[str] = Counter()
    for one in classes:
        pool.update(one.right + one.wrong)
    return [answer for answer, _ in sorted(pool.items(), key=lambda pair: (-pair[1], pair[0]))]


def _is_plain(answer: str) -> bool:
    """Whether an answer can be handed over as one: in one line, and without tags of its own."""
    return 0 < len(answer) <= _LONGEST and answer.isprintable() and "</" not in answer


def _right(
    answers: Sequence[str], problems: Sequence[Problem], verifier: str
) -> Iterator[tuple[str, str]]:
    """Each problem's id with each answer that is right for it."""
    pairs = [(problem, answer) for problem in problems for answer in answers]
    tasks = (
        Task(problem, _sample(problem, index, answer), "answer_tag")
        for index, (problem, answer) in enumerate(pairs)
    )
    with closing(verifiers.create(verifier)) as judge:
        for (problem, answer), verdicts in zip(pairs, judge.judge(tasks), strict=True):
            if any(v.tier is Tier.STRICT and v.outcome is Outcome.CORRECT for v in verdicts):
                yield problem.id, answer


def _sample(problem: Problem, index: int, answer: str) -> Sample:
    return Sample(problem.id, index, 0, f"<answer>{answer}</answer>", None, None, Finish.STOP)
