"""Choosing problems to draw more of."""

from collections.abc import Sequence
from pathlib import Path

from boundary.config import nearest
from boundary.errors import ConfigError
from boundary.store import Run, count_run
from boundary.suites import Suite


def listed(file: Path, suite: Suite) -> set[str]:
    """Problem ids of a text file, one per line; ``#`` begins a comment.

    Raises:
        ConfigError: The file cannot be read, or the suite has no such problem.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file} ({error})", remedy="check its path") from error
    ids = {name for line in lines if (name := line.partition("#")[0].strip())}
    known = [p.id for p in suite.problems]
    for name in sorted(ids - set(known)):
        raise ConfigError(
            f"{file} names {name!r}, which is no problem of {suite.name}",
            remedy=f"did you mean {nearest(name, known)!r}?",
        )
    return ids


def unsolved(runs: Sequence[Run]) -> set[str]:
    """Problems that no run has a right answer to, by its own verifier's strict verdicts.

    Raises:
        ConfigError: The runs were drawn on different problems.
        StoreError: A run has no verdicts.
    """
    left: list[set[str]] = []
    asked: list[set[str]] = []
    for run in runs:
        counts = count_run(run).counts
        asked.append({c.problem_id for c in counts})
        left.append({c.problem_id for c in counts if not c.correct})
    if any(ids != asked[0] for ids in asked):
        raise ConfigError(
            "the runs that are to choose problems were drawn on different ones",
            remedy="name runs on the same problems",
        )
    return set.intersection(*left)
