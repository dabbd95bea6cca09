"""The ``report`` stage: everything known of some runs as tables, figures and one HTML page."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from boundary import __version__, compare, effort, explorer, passk, ppl, tables
from boundary.config import ArmSettings, BreakEvenSettings, PerplexitySettings
from boundary.errors import StoreError
from boundary.page import FigureSpec, Health, Page, RunFacts, SuiteSection, render
from boundary.passk import Settings
from boundary.plots import palette, sheet, svg_text
from boundary.probes import audit
from boundary.progress import SILENT, Progress
from boundary.records import Comparison, Tier
from boundary.sections import SECTIONS, Findings
from boundary.store import CountsTable, Run, count_run

_SEEN = 0.0005
"""A share of format below a tenth of a point is not worth a line."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a page covers: per suite the runs by arm, and the pairs compared."""

    title: str
    runs: Mapping[str, Mapping[str, Run]]
    pairs: Sequence[tuple[str, str]]
    settings: Settings
    solved_at: int | None = None
    perplexity: PerplexitySettings | None = None
    break_even: BreakEvenSettings | None = None
    load_models: bool = False
    arms: Mapping[str, ArmSettings] | None = None
    commands: str = ""


def by_arm(runs: Sequence[Run]) -> dict[str, dict[str, Run]]:
    """Runs by suite, and there by the model's short name: so an arm keeps it on every suite.

    A run whose name another run of its suite would share goes by its own.
    """
    called = [(one.suite_label, _short(one), one) for one in runs]
    seen = Counter((suite, short) for suite, short, _ in called)
    found: dict[str, dict[str, Run]] = {}
    for suite, short, one in called:
        found.setdefault(suite, {})[short if seen[suite, short] == 1 else one.name] = one
    return found


def _short(run: Run) -> str:
    return str(run.manifest.identity["model_id"]).rstrip("/").rsplit("/", 1)[-1]


def against_first(runs: Mapping[str, Mapping[str, Run]]) -> list[tuple[str, str]]:
    """Pairs of each suite's first arm with its others."""
    pairs = ((next(iter(arms)), arm) for arms in runs.values() for arm in list(arms)[1:])
    return list(dict.fromkeys(pairs))


def run(plan: Plan, out: Path, *, progress: Progress = SILENT) -> list[Findings]:
    """Compute all statistics and write ``report.html``, ``tables/`` and ``figures/``.

    Args:
        plan: What the page covers.
        out: The directory that receives them.
        progress: Told of scoring.

    Raises:
        StoreError: A run cannot be read, or ``out`` cannot be written to.
    """
    found = [_findings(plan, suite, runs, progress) for suite, runs in plan.runs.items()]
    arms = list(dict.fromkeys(label for one in found for label in one.runs))
    looks = palette(arms)
    sections = []
    for one in found:
        figures = []
        for drawn in sheet.draw(_sheet(one), looks):
            sheet.write(drawn, out / "figures" / _folder(one.suite))
            figures.append(
                FigureSpec(drawn.title, drawn.caption, svg_text(drawn.figure), drawn.kind)
            )
        _write_tables(one, out / "tables" / _folder(one.suite))
        sections.append(_section(one, tuple(figures)))
    page = Page(
        title=plan.title,
        subtitle="; ".join(map(_covered, found)),
        generated=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        sections=tuple(sections),
        provenance=(_statistics(plan), *_facts(found)),
        commands=plan.commands,
        colors=tuple((label, look.color) for label, look in looks.items()),
    )
    _write_page(render(page), out / "report.html")
    return found


def _covered(one: Findings) -> str:
    """The suite, how many problems and samples, and the arms."""
    arms = ", ".join(one.runs)
    ns = sorted({curve.n for curve in one.curves.solved})
    n = " to ".join(f"{n:,}" for n in dict.fromkeys((ns[0], ns[-1])))
    problems = len(one.curves.solved[0].problem_ids)
    return f"{one.suite}: {problems:,} problems, {n} samples of each by {arms}"


def _findings(plan: Plan, suite: str, runs: Mapping[str, Run], progress: Progress) -> Findings:
    settings = plan.settings
    counts = {
        label: replace(count_run(r, tier=settings.tier, verifier=settings.verifier), label=label)
        for label, r in runs.items()
    }
    comparisons = [
        one
        for base, other in plan.pairs
        if base in counts and other in counts
        for one in compare.run(counts[base], [counts[other]], settings, solved_at=plan.solved_at)
    ]
    likelihood = _likelihood(plan, runs, progress)
    curves = passk.run(list(counts.values()), settings)
    formats = tuple(_formats(comparisons, runs, counts, settings))
    spent = effort.measure(
        runs,
        counts,
        curves.solved,
        settings,
        scored=likelihood.scored,
        given=plan.break_even,
    )
    return Findings(
        suite, runs, counts, curves, tuple(comparisons), likelihood, settings, formats, spent
    )


def _formats(
    comparisons: Sequence[Comparison],
    runs: Mapping[str, Run],
    counts: Mapping[str, CountsTable],
    settings: Settings,
) -> Iterator[str]:
    """How much of each gain at k = 1 is format: the strict tier's gap less the lenient one's."""
    if settings.tier is not Tier.STRICT:
        return
    strict = {label: _pass_at_1(table) for label, table in counts.items()}
    lenient = {
        label: _pass_at_1(count_run(run, tier=Tier.LENIENT, verifier=settings.verifier))
        for label, run in runs.items()
    }
    for one in comparisons:
        base, other = one.base.label, one.other.label
        asked, said = (tier[other] - tier[base] for tier in (strict, lenient))
        if abs(asked - said) >= _SEEN:
            yield (
                f"Of {other}'s {100 * asked:+.1f} pt over {base} at k = 1,"
                f" {100 * (asked - said):+.1f} pt are format: counting any clear final statement"
                f" it is {100 * said:+.1f} pt."
            )


def _pass_at_1(table: CountsTable) -> float:
    """Over the first look of an adaptive run, which both tiers have."""
    found = passk.arm_of(table).fixed_counts
    return sum(count.correct / count.n for count in found) / len(found)


def _likelihood(plan: Plan, runs: Mapping[str, Run], progress: Progress) -> ppl.Likelihood:
    """The cross table of every pair compared, and what else their answers' tokens say."""
    if plan.perplexity is None:
        return ppl.Likelihood()
    # The log of an imported run names a model, and not where it is.
    drawn = {label: found for label, found in runs.items() if not found.manifest.imported}
    return ppl.cross(
        drawn,
        {label: ppl.Judge(label, _arm(plan, label, found)) for label, found in drawn.items()},
        [pair for pair in plan.pairs if drawn.keys() >= set(pair)],
        ppl.Scoring(plan.perplexity, plan.load_models, plan.settings.tier, plan.settings.verifier),
        progress=progress,
    )


def _arm(plan: Plan, label: str, found: Run) -> ArmSettings:
    """The arm's settings, from the study or from its run's manifest."""
    if plan.arms and label in plan.arms:
        return plan.arms[label]
    kept = ("revision", "engine", "dtype")
    identity = found.manifest.identity
    return ArmSettings(
        model=identity["model_id"],
        engine_args=identity.get("engine_args") or {},
        **{key: identity[key] for key in kept},
    )


def _sheet(one: Findings) -> sheet.Sheet:
    return sheet.Sheet(
        one.suite,
        one.curves.solved,
        one.curves.valid,
        one.comparisons,
        one.likelihood.overall,
        extras=one.curves.extras,
        references=passk.references(list(one.counts.values()), one.settings),
        entropies=one.likelihood.entropies,
    )


def _write_tables(one: Findings, out: Path) -> None:
    tables.write(tables.curves(one.curves.solved), out / "passk.csv")
    tables.write(tables.per_problem(one.curves.solved), out / "passk_per_problem.csv")
    tables.write(tables.counts(one.counts.items()), out / "counts.csv")
    if one.curves.valid:
        tables.write(tables.curves(one.curves.valid), out / "passk_valid.csv")
    if one.comparisons:
        compare.write_tables(one.comparisons, out)
    ppl.write_tables(one.likelihood, out)
    if one.effort:
        effort.write_tables(one.effort, out)


def _section(one: Findings, figures: tuple[FigureSpec, ...]) -> SuiteSection:
    made = (build(one) for build in SECTIONS.values())
    return SuiteSection(
        suite=one.suite,
        answers=one.answers,
        verdicts=one.verdicts,
        curves=one.curves.solved,
        valid_curves=one.curves.valid,
        comparisons=one.comparisons,
        more=tuple(part for part in made if part is not None),
        health=tuple(_health(label, r, one.settings.verifier) for label, r in one.runs.items()),
        figures=figures,
        problems=tuple(explorer.problems(one.runs, one.counts, one.settings)),
        sampling=explorer.RULE,
    )


def _health(label: str, found: Run, verifier: str | None) -> Health:
    design = found.design
    checked = audit(found, verifier, first=design.looks[0] if design else None)
    tiers = (checked.correct, checked.format_only)
    lenient = None if None in tiers else sum(filter(None, tiers))
    return Health(
        arm=label,
        samples=checked.samples,
        truncated_rate=checked.truncated,
        no_answer_rate=checked.no_answer,
        unjudged=checked.unjudged,
        unjudged_for=tuple(one.line for one in checked.unjudged_for),
        repeats=checked.repeats,
        equal_pairs=checked.duplicates.pairs,
        expected_pairs=checked.duplicates.expected,
        has_excess=checked.duplicates.is_suspicious,
        repeated_seeds=checked.repeated_seeds,
        continued=checked.continued,
        restarts=checked.restarted,
        empty=checked.empty,
        strict_rate=checked.correct,
        lenient_rate=lenient,
        mean_tokens=checked.mean_tokens,
    )


def _statistics(plan: Plan) -> RunFacts:
    """What the numbers of the page are made with, besides the runs."""
    own = plan.settings
    rows = (
        ("boundary", __version__),
        ("tier", own.tier.value),
        ("verifier", own.verifier or "the one that each run names"),
        ("resamples of the problems", f"{own.resamples:,}"),
        ("seed of the resamples", str(own.seed)),
        ("interval", own.target.replace("_", " ")),
        ("solved within", f"{plan.solved_at:,}" if plan.solved_at else "the largest k"),
    )
    return RunFacts("statistics", "", rows)


def _facts(found: Sequence[Findings]) -> Iterator[RunFacts]:
    for one in found:
        for label, r in one.runs.items():
            manifest = r.manifest
            rows = [(key, str(value)) for key, value in manifest.identity.items()]
            rows += [("verifier", manifest.verifier), ("dtype drawn in", str(manifest.dtype))]
            rows += [
                (f"programs judged by {name} ran in", level)
                for name, level in manifest.programs_ran_in.items()
            ]
            for session in manifest.sessions:
                versions = ", ".join(f"{k} {v}" for k, v in session.versions.items())
                rows += [
                    (f"session {session.started}", f"n = {session.n}; {session.hardware}"),
                    ("command", session.command),
                    ("versions", versions),
                ]
            yield RunFacts(label, r.name, tuple(rows))


def _folder(suite: str) -> str:
    """A suite's name as that of one folder: a log, or a run from elsewhere, may name any."""
    return re.sub(r"[/\\\0]", "-", suite).strip(".") or "suite"


def _write_page(text: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"cannot write {path} ({error.strerror})", remedy="choose another --out directory"
        ) from error
