"""The ``grade`` stage: judges answers that belong to no run, and says why."""

import contextlib
import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary import verifiers
from boundary.errors import ConfigError
from boundary.records import Finish, Outcome, Problem, Sample, Tier, Verdict
from boundary.verifiers import Task, Verifier

# A text of one line up to this length may be an answer as it stands.
BARE_CHARS = 400


@dataclass(frozen=True, slots=True)
class Row:
    """A gold answer, and what was given: an answer, or a whole response that holds one."""

    gold: str
    pred: str


@dataclass(frozen=True, slots=True)
class Graded:
    """What was decided and by which stage, and the answer that was read."""

    outcome: Outcome
    reason: str
    extracted: str | None
    tier: Tier
    verifier_version: str


def one(
    gold: str,
    answer: str,
    *,
    verifier: str = "math",
    tier: Tier = Tier.LENIENT,
    channel: str = "boxed",
) -> Graded:
    """Judge one answer; see :func:`many`."""
    (graded,) = many([Row(gold, answer)], verifier=verifier, tier=tier, channel=channel)
    return graded


def many(
    rows: Iterable[Row],
    *,
    verifier: str = "math",
    tier: Tier = Tier.LENIENT,
    channel: str = "boxed",
) -> Iterator[Graded]:
    """Judge answers one after the other, in their order, as they come.

    In the lenient tier a short text of one line is tried as an answer itself, and else read for
    the statement in it.

    Args:
        rows: Gold answers and what was given; read a little ahead, never all at once.
        verifier: Its name.
        tier: Which statements count as an answer.
        channel: Where strict looks: boxed, answer_line, answer_tag or hashes.

    Raises:
        VerifierError: There is no such verifier or channel, or its workers do not start.
        PackageError: The verifier needs a package that is not installed.
        ConfigError: A row of :func:`read` is malformed.
    """
    with contextlib.closing(verifiers.create(verifier)) as judge:
        yield from _judged(rows, judge, tier, channel)


def read(path: Path) -> Iterator[Row]:
    """The rows of a JSONL file with ``gold`` and ``pred``; bytes that are no UTF-8 are replaced.

    Raises:
        ConfigError: The file is missing, or a line is malformed; the message names it.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(line.decode("utf-8", "replace"), f"{path}, line {number}")
    except OSError as error:
        raise ConfigError(
            f"cannot read {path} ({error.strerror})", remedy="name a file of JSON lines"
        ) from error


def _row(line: str, place: str) -> Row:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _malformed(place, "is no JSON") from error
    if not isinstance(found, dict):
        raise _malformed(place, "is no JSON object")
    return Row(_text(found, "gold", place), _text(found, "pred", place))


def _text(found: dict[str, Any], key: str, place: str) -> str:
    if key not in found:
        raise _malformed(place, f"has no {key!r}")
    value = found[key]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _malformed(place, f"has a {key!r} that is neither text nor a number")
    return str(value)


def _malformed(place: str, what: str) -> ConfigError:
    return ConfigError(
        f"{place} {what}", remedy='write one {"gold": "…", "pred": "…"} on each line'
    )


def _judged(rows: Iterable[Row], judge: Verifier, tier: Tier, channel: str) -> Iterator[Graded]:
    counts: deque[int] = deque()

    def tasks() -> Iterator[Task]:
        for index, row in enumerate(rows):
            texts = _texts(row.pred, tier)
            counts.append(len(texts))
            yield from (_task(row.gold, text, index, channel) for text in texts)

    group: list[Graded] = []
    for verdicts in judge.judge(tasks()):
        (verdict,) = (verdict for verdict in verdicts if verdict.tier is tier)
        group.append(_graded(verdict))
        if len(group) == counts[0]:
            counts.popleft()
            yield _best(group)
            group = []


def _texts(pred: str, tier: Tier) -> list[str]:
    """What to judge: the text, and before it the text as an answer where it may be one."""
    bare = pred.strip()
    may_be_answer = tier is Tier.LENIENT and 0 < len(bare) <= BARE_CHARS and "\n" not in bare
    if not may_be_answer or any(mark in bare for mark in ("boxed", "</answer>", "####")):
        return [pred]
    return [f"<answer>{bare}</answer>", pred]


def _best(group: list[Graded]) -> Graded:
    """What is right, the statement before the whole text; else what was read, in that order."""
    right = [graded for graded in reversed(group) if graded.outcome is Outcome.CORRECT]
    if right:
        return right[0]
    read_ = [graded for graded in reversed(group) if graded.reason != "no_answer"]
    return read_[0] if read_ else group[-1]


def _graded(verdict: Verdict) -> Graded:
    return Graded(
        verdict.outcome,
        verdict.reason,
        verdict.extracted,
        verdict.tier,
        verdict.verifier_version,
    )


def _task(gold: str, text: str, index: int, channel: str) -> Task:
    problem = Problem(str(index), "", gold)
    return Task(problem, Sample(problem.id, index, 0, text, None, None, Finish.STOP), channel)
