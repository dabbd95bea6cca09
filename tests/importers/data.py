"""Stored logs of other tools, and imports of them through the command. Nothing here is a test."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from boundary.store import Run
from boundary.store.files import Folder
from tests import shell

LOGS = Path(__file__).parent / "logs"


def imported(where: Path, *words: object) -> tuple[Run, dict[str, Any]]:
    """The run that ``boundary import`` makes of a log, and what it told as JSON."""
    told = shell.boundary("import", *words, "--json", where=where).json()
    return Run.open(Folder.at(told["path"])), told


def figures(told: Mapping[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    """Per grader what its tool says, and what its stored verdicts give."""
    return {one["verifier"]: (one["told"], one["counted"]) for one in told["figures"]}


def pass_at_1(where: Path, run: object, *words: object) -> float:
    """pass@1 of a run as the command prints it."""
    found = shell.boundary("passk", run, "--k", 1, *words, "--json", where=where).json()
    return float(found[0]["pass_at_k"])


def lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """A file of JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def samples(run: Run) -> list[dict[str, Any]]:
    """All stored samples, in the order of writing."""
    return [row for table in run.samples() for row in table.to_pylist()]


def outcomes(run: Run, verifier: str) -> dict[tuple[str, int], tuple[str, str]]:
    """Outcome and reason by problem and index, in the strict tier."""
    from boundary.records import Tier

    frame = run.verdicts(verifier, Tier.STRICT)
    rows = frame.itertuples(index=False)
    return {(row.problem_id, row.index): (row.outcome, row.reason) for row in rows}
