"""The ``show`` stage: looks at a run: progress, health, single answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from boundary.errors import ConfigError
from boundary.probes import Audit, audit
from boundary.records import Design, Tier
from boundary.store import Run


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One problem's progress: samples finished and judged correct (strict)."""

    problem_id: str
    n: int
    correct: int


@dataclass(frozen=True, slots=True)
class RunView:
    """A run at a glance; of an adaptive run, the audit is of the first look's samples.

    ``programs_ran_in`` says by verifier under which levels it ran programs.
    """

    name: str
    asked: int
    audit: Audit
    problems: tuple[ProblemLine, ...]
    design: Design | None = None
    programs_ran_in: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One stored answer and what was said of it; verdict fields are ``None`` before judging."""

    index: int
    seed: int | None
    finish: str | None
    n_tokens: int | None
    text: str
    outcome: str | None
    reason: str | None
    extracted: str | None
    valid: bool | None


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """One problem with its prompt, gold answer and stored answers."""

    problem_id: str
    prompt: str
    answer: str
    answers: tuple[AnswerLine, ...]


def run(found: Run) -> RunView:
    """What a run holds so far.

    Raises:
        StoreError: The run cannot be read.
    """
    from boundary.store.marks import CORRECT

    stored = found.indices()
    marks = found.marks(found.manifest.verifier, Tier.STRICT)
    problems = tuple(
        ProblemLine(key, len(stored.get(key, ())), int((marks.of(key) == CORRECT).sum()))
        for key in marks.ids
    )
    sessions = found.manifest.sessions
    asked = max((s.n for s in sessions), default=0) * len(problems)
    design = found.design
    first = design.looks[0] if design and design.looks else None
    ran_in = found.manifest.programs_ran_in
    return RunView(found.name, asked, audit(found, first=first), problems, design, ran_in)


def problem(found: Run, problem_id: str, *, most: int = 8) -> ProblemPage:
    """One problem's stored answers, the first ``most`` by index.

    Raises:
        ConfigError: The run has no such problem.
    """
    import pyarrow.compute as pc

    asked = {p.problem.id: p for p in found.problems()}
    if problem_id not in asked:
        raise ConfigError(
            f"{found.name} has no problem {problem_id!r}",
            remedy=f"name one such as {', '.join(list(asked)[:3])}",
        )
    rows = [
        row
        for part in found.samples(filters=pc.field("problem_id") == problem_id)
        for row in part.to_pylist()
    ]
    verdicts = _verdicts(found, problem_id)
    first = sorted(rows, key=lambda row: row["index"])[:most]
    answers = tuple(_answer(row, verdicts.get(row["index"], {})) for row in first)
    stored = asked[problem_id]
    return ProblemPage(problem_id, stored.prompt, stored.problem.answer, answers)


def _verdicts(found: Run, problem_id: str) -> dict[int, dict[str, object]]:
    frame = found.verdicts(found.manifest.verifier, Tier.STRICT, columns=["extracted"])
    mine = frame[frame["problem_id"] == problem_id]
    # Missing values come out of a frame as NaN; they are none here.
    plain = mine.astype(object).where(mine.notna(), None)
    rows = plain.to_dict("records")
    return {int(row["index"]): {str(key): x for key, x in row.items()} for row in rows}


def _answer(row: dict[str, object], verdict: dict[str, object]) -> AnswerLine:
    kept = {key: row[key] for key in ("index", "seed", "finish", "n_tokens", "text")}
    said = {key: verdict.get(key) for key in ("outcome", "reason", "extracted", "valid")}
    return AnswerLine(**kept, **said)  # type: ignore[arg-type]
