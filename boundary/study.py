"""The ``study`` stage: a whole study from one file, each part continued where it stopped."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from boundary import chosen, report, sample, suites
from boundary.config import StudySettings
from boundary.errors import ConfigError
from boundary.passk import Settings
from boundary.progress import SILENT, Progress
from boundary.sample import ALONE, Crew, Job
from boundary.sections import Findings
from boundary.store import Run
from boundary.store.files import WHOLE, Folder


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Where a study's report lies, and what it found."""

    page: Path
    findings: tuple[Findings, ...]


def run(
    study: StudySettings,
    results: Path,
    *,
    data: Path | None = None,
    command: str = "",
    crew: Crew = ALONE,
    progress: Progress = SILENT,
) -> Outcome | None:
    """Sample and judge every arm on every suite, then write tables, figures and the report.

    Args:
        study: The study, as :func:`boundary.config.load_study` reads it.
        results: Directory under which the study gets its own.
        data: Folder of local copies of suites.
        command: How the study was called, for the report.
        crew: Engine processes for each arm, and which part of the samples to draw.
        progress: Told how far it is.

    Returns:
        What was found; ``None`` of a shard, which only draws.

    Raises:
        BoundaryError: A part failed; everything before it is kept.
    """
    out = results / study.name
    # Before the lock, which makes the directory: a study that cannot run leaves nothing behind.
    jobs = [
        (arm, replace(job, crew=crew))
        for arm, job in plan(study, Folder.at(out / "runs"), data=data)
    ]
    with Folder.at(out).locked(crew.shard):
        runs: dict[str, dict[str, Run]] = {}
        for arm, job in jobs:
            runs.setdefault(job.suite.name, {})[arm] = sample.run(job, progress=progress)
        if crew.shard != WHOLE:
            return None
        runs |= _more(study, jobs, runs, progress)
        found = report.run(_page(study, runs, command), out, progress=progress)
    return Outcome(out / "report.html", tuple(found))


def _more(
    study: StudySettings,
    jobs: Sequence[tuple[str, Job]],
    runs: dict[str, dict[str, Run]],
    progress: Progress,
) -> dict[str, dict[str, Run]]:
    """Further draws on the problems that some arms left unsolved, for all arms alike."""
    further: dict[str, dict[str, Run]] = {}
    for settings, suite in zip(study.suites.values(), runs, strict=True):
        if settings.more is None:
            continue
        by = settings.more.unsolved_by
        ids = chosen.unsolved([runs[suite][arm] for arm in by])
        if not ids:
            progress.notice(f"{suite}: no problem is unsolved by {', '.join(by)}")
            continue
        for arm, job in jobs:
            if job.suite.name == suite:
                on = replace(
                    job, n=settings.more.n, only=tuple(sorted(ids)), stop_after=None, looks=None
                )
                found = sample.run(on, progress=progress)
                further.setdefault(found.suite_label, {})[arm] = found
    return further


def plan(study: StudySettings, runs: Folder, *, data: Path | None = None) -> list[tuple[str, Job]]:
    """Every arm on every suite, with one token budget for all arms of a suite.

    Raises:
        BoundaryError: A suite is unknown or malformed, a budget does not fit a model's context,
            or an arm names what :func:`boundary.sample.check` refuses.
    """
    jobs: list[tuple[str, Job]] = []
    for name, settings in study.suites.items():
        suite = suites.load(name, data=data, verifier=settings.verifier, errata=settings.errata)
        if suite.name in {job.suite.name for _, job in jobs}:
            raise ConfigError(
                f"two suites of {study.name} are named {suite.name}",
                remedy="rename one of the files",
            )
        of_suite = {
            arm: Job(
                arm=asked,
                suite=suite,
                n=settings.n,
                results=runs,
                limit=settings.limit,
                seed=study.seed if asked.seed is None else asked.seed,
                stop_after=settings.stop_after,
                looks=settings.looks,
            )
            for arm, asked in study.arms.items()
        }
        for job in of_suite.values():
            sample.check(job)
        budget = sample.token_budget(list(of_suite.values()))
        jobs += [(arm, replace(job, max_tokens=budget)) for arm, job in of_suite.items()]
    return jobs


def _page(study: StudySettings, runs: dict[str, dict[str, Run]], command: str) -> report.Plan:
    return report.Plan(
        title=study.name,
        runs=runs,
        pairs=pairs(study),
        settings=Settings(
            ks=study.ks,
            resamples=study.resamples,
            seed=study.seed,
            reference=study.reference,
        ),
        solved_at=study.solved_at,
        perplexity=study.perplexity,
        break_even=study.break_even,
        load_models=True,
        arms=study.arms,
        commands=command,
    )


def pairs(study: StudySettings) -> list[tuple[str, str]]:
    """The compared arms; unless told, every arm with its parent, or with the first one."""
    first = next(iter(study.arms))
    own = [(arm.parent or first, name) for name, arm in study.arms.items() if name != first]
    return list(study.compare) or own
