"""Which problems and answers the explorer of a report shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boundary.page import LONGEST, AnswerView, ProblemView, ends
from boundary.passk import Settings
from boundary.records import Key, Outcome
from boundary.store import CountsTable, Run

_SHOWN = 2
"""Answers shown of each outcome, per problem and arm."""
RULE = (
    f"For each problem and arm the first {_SHOWN} right, wrong and unjudged answers are here, by"
    " their index; all others are in the run's directory: boundary show RUN PROBLEM."
)


@dataclass(frozen=True, slots=True)
class _Judged:
    outcome: str
    reason: str
    extracted: str | None
    valid: bool | None


def problems(
    runs: Mapping[str, Run], counts: Mapping[str, CountsTable], settings: Settings
) -> Iterator[ProblemView]:
    """Yield the problems of some runs on one suite, each with a few answers of every arm.

    Args:
        runs: By arm; the first one's problems are shown.
        counts: By arm.
        settings: Whose verdicts, and in which tier.
    """
    answers: dict[str, list[AnswerView]] = {}
    prompts: dict[str, dict[str, str]] = {}
    for label, found in runs.items():
        for key, view in _answers(label, found, settings):
            answers.setdefault(key[0], []).append(view)
        for stored in found.problems():
            prompts.setdefault(stored.problem.id, {})[label] = stored.prompt
    rates: dict[str, dict[str, tuple[int, int]]] = {}
    for label, table in counts.items():
        for count in table.counts:
            rates.setdefault(count.problem_id, {})[label] = (count.correct, count.n)
    for asked in next(iter(runs.values())).problems():
        one = asked.problem
        yield ProblemView(
            id=one.id,
            question=one.question,
            answer=one.answer,
            group=one.group,
            rates=rates.get(one.id, {}),
            answers=tuple(answers.get(one.id, ())),
            prompts=prompts.get(one.id, {}),
        )


def _answers(label: str, found: Run, settings: Settings) -> Iterator[tuple[Key, AnswerView]]:
    """The answers that are shown, in the order of problem, outcome and index."""
    verifier = settings.verifier or found.manifest.verifier
    wanted = list(_wanted(found, verifier, settings))
    judged = _judged(found, verifier, settings, set(wanted))
    views = {}
    for part in found.samples(["problem_id", "index", "text", "finish", "n_tokens"]):
        for row in _rows(part, judged):
            key = (row["problem_id"], row["index"])
            views[key] = _view(label, row, judged[key])
    for key in wanted:
        if key in views:
            yield key, views[key]


def _wanted(found: Run, verifier: str, settings: Settings) -> Iterator[Key]:
    """Problem and index of the first answers of each outcome."""
    import numpy as np

    from boundary.store.marks import CORRECT, UNJUDGED, WRONG

    marks = found.marks(verifier, settings.tier)
    for problem, place in marks.ids.items():
        for outcome in (CORRECT, WRONG, UNJUDGED):
            first = np.flatnonzero(marks.outcome[place] == outcome)[:_SHOWN]
            yield from ((problem, index) for index in first.tolist())


def _judged(found: Run, verifier: str, settings: Settings, wanted: set[Key]) -> dict[Key, _Judged]:
    """What was said of them; a later verdict overrides an earlier one."""
    columns = ["problem_id", "index", "outcome", "reason", "extracted", "valid"]
    said = {}
    for part in found.verdict_parts(verifier, settings.tier, columns):
        for row in _rows(part, wanted):
            key = (row.pop("problem_id"), row.pop("index"))
            said[key] = _Judged(**row)
    return said


def _rows(part: Any, wanted: "set[Key] | Mapping[Key, object]") -> list[dict[str, Any]]:
    """The rows of a table whose keys are wanted, found before any text is read."""
    keys = zip(part.column("problem_id").to_pylist(), part.column("index").to_pylist(), strict=True)
    places = [place for place, key in enumerate(keys) if key in wanted]
    rows: list[dict[str, Any]] = part.take(places).to_pylist() if places else []
    return rows


def _view(label: str, row: Mapping[str, Any], judged: _Judged) -> AnswerView:
    start, end = ends(row["text"], LONGEST)
    return AnswerView(
        arm=label,
        index=row["index"],
        text=start,
        outcome=Outcome(judged.outcome).value,
        reason=judged.reason,
        extracted=judged.extracted,
        valid=judged.valid,
        finish=row["finish"] or "not told",
        n_tokens=row["n_tokens"],
        end=end,
        length=len(row["text"]),
    )
