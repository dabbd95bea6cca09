"""The ``study`` stage: a whole study from one file, each part continued where it stopped."""

from dataclasses import dataclass, replace
from pathlib import Path

from boundary import report, sample, suites
from boundary.config import StudySettings
from boundary.errors import ConfigError
from boundary.passk import Settings
from boundary.progress import SILENT, Progress
from boundary.report import Findings
from boundary.sample import Job
from boundary.store import Run
from boundary.store.files import Folder


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
    progress: Progress = SILENT,
) -> Outcome:
    """Sample and judge every arm on every suite, then write tables, figures and the report.

    Args:
        study: The study, as :func:`boundary.config.load_study` reads it.
        results: Directory under which the study gets its own.
        data: Folder of local copies of suites.
        command: How the study was called, for the report.
        progress: Told how far it is.

    Raises:
        BoundaryError: A part failed; everything before it is kept.
    """
    out = results / study.name
    # Before the lock, which makes the directory: a study that cannot run leaves nothing behind.
    jobs = plan(study, Folder.at(out / "runs"), data=data)
    with Folder.at(out).locked():
        runs: dict[str, dict[str, Run]] = {}
        for arm, job in jobs:
            runs.setdefault(job.suite.name, {})[arm] = sample.run(job, progress=progress)
        found = report.run(_page(study, runs, command), out, progress=progress)
    return Outcome(out / "report.html", tuple(found))


def plan(study: StudySettings, runs: Folder, *, data: Path | None = None) -> list[tuple[str, Job]]:
    """Every arm on every suite, with one token budget for all arms of a suite.

    Raises:
        BoundaryError: A suite is unknown or malformed, a budget does not fit a model's context,
            or an arm names what :func:`boundary.sample.check` refuses.
    """
    jobs: list[tuple[str, Job]] = []
    for name, settings in study.suites.items():
        suite = suites.load(name, data=data, verifier=settings.verifier)
        if suite.name in {job.suite.name for _, job in jobs}:
            raise ConfigError(
                f"two suites of {study.name} are named {suite.name}",
                remedy="rename one of the files",
            )
        of_suite = {
            arm: Job(
                arm=chosen,
                suite=suite,
                n=settings.n,
                results=runs,
                limit=settings.limit,
                seed=study.seed if chosen.seed is None else chosen.seed,
            )
            for arm, chosen in study.arms.items()
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
        pairs=study.compare or _against_first(study),
        settings=Settings(ks=study.ks, resamples=study.resamples, seed=study.seed),
        solved_at=study.solved_at,
        perplexity=study.perplexity,
        load_models=True,
        arms=study.arms,
        commands=command,
    )


def _against_first(study: StudySettings) -> list[tuple[str, str]]:
    """Every arm compared with its parent, or with the first one where none is named."""
    first = next(iter(study.arms))
    return [(arm.parent or first, name) for name, arm in study.arms.items() if name != first]
