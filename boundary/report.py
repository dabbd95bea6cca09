"""The ``report`` stage: everything known of some runs as tables, figures and one HTML page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from boundary import __version__, compare, passk, ppl, stats, tables
from boundary.config import ArmSettings, PerplexitySettings
from boundary.errors import StoreError
from boundary.page import (
    AnswerView,
    FigureSpec,
    Health,
    Page,
    ProblemView,
    RunFacts,
    SuiteSection,
    render,
)
from boundary.passk import Curves, Settings
from boundary.plots import palette, sheet, svg_text
from boundary.probes import audit
from boundary.progress import SILENT, Progress
from boundary.records import Comparison, Outcome, PerplexityCell, Tier
from boundary.store import CountsTable, Run, count_run

_SEEN = 0.0005
"""A share of format below a tenth of a point is not worth a line."""
_SHOWN = 2
"""Answers shown of each outcome, per problem and arm."""
_LONGEST = 6_000
"""Characters shown of an answer; the rest is in the store."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a page covers: per suite the runs by arm, and the pairs compared."""

    title: str
    runs: Mapping[str, Mapping[str, Run]]
    pairs: Sequence[tuple[str, str]]
    settings: Settings
    solved_at: int | None = None
    perplexity: PerplexitySettings | None = None
    load_models: bool = False
    arms: Mapping[str, ArmSettings] | None = None
    commands: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What was computed for one suite."""

    suite: str
    runs: Mapping[str, Run]
    counts: Mapping[str, CountsTable]
    curves: Curves
    comparisons: tuple[Comparison, ...]
    perplexity: tuple[PerplexityCell, ...]
    settings: Settings
    formats: tuple[str, ...] = ()

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdict lines in words, notes after them."""
        lines = [_verdict(comparison) for comparison in self.comparisons]
        return (*lines, *self.formats, *_derivations(self.counts))


def _verdict(comparison: Comparison) -> str:
    notes = "".join(f" Note: {note}." for note in comparison.notes)
    pair = f"{comparison.other.label} against {comparison.base.label}"
    return f"{pair}: {stats.verdict(comparison)}.{notes}"


def _derivations(counts: Mapping[str, CountsTable]) -> Iterator[str]:
    """How much of each arm's coverage rests on derivations that hold, where these are checked."""
    shares = [_validly_solved(label, table) for label, table in counts.items()]
    if any(shares):
        told = ", ".join(filter(None, shares))
        yield f"Solved problems with at least one valid derivation: {told}."


def _validly_solved(label: str, table: CountsTable) -> str | None:
    """One arm's share, over the first look of an adaptive run."""
    found = passk.arm_of(table).fixed_counts
    if any(count.valid is None for count in found):
        return None
    valid, solved = sum(bool(c.valid) for c in found), sum(c.correct > 0 for c in found)
    within = f" (first {table.design.looks[0]} samples)" if table.design else ""
    return f"{label} {valid} of {solved}{within}"


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
            sheet.write(drawn, out / "figures" / one.suite)
            figures.append(
                FigureSpec(drawn.title, drawn.caption, svg_text(drawn.figure), drawn.kind)
            )
        _write_tables(one, out / "tables" / one.suite)
        sections.append(_section(one, tuple(figures)))
    page = Page(
        title=plan.title,
        subtitle=", ".join(plan.runs),
        generated=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        sections=tuple(sections),
        provenance=tuple(_facts(found)),
        commands=plan.commands,
        colors=tuple((label, look.color) for label, look in looks.items()),
    )
    _write_page(render(page), out / "report.html")
    return found


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
    cells = _perplexity(plan, runs, progress) if plan.perplexity else []
    curves = passk.run(list(counts.values()), settings)
    formats = tuple(_formats(comparisons, runs, counts, settings))
    return Findings(
        suite, runs, counts, curves, tuple(comparisons), tuple(cells), settings, formats
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


def _perplexity(
    plan: Plan, runs: Mapping[str, Run], progress: Progress
) -> Iterator[PerplexityCell]:
    """The cross table of every pair compared, each cell once."""
    cells: dict[str, dict[str, None]] = {}
    for pair in plan.pairs:
        for under in pair:
            cells.setdefault(under, {}).update(dict.fromkeys(pair))
    bases = {base for base, _ in plan.pairs}
    for under, answers_of in cells.items():
        if under not in runs:
            continue
        judge = ppl.Judge(under, _arm(plan, under, runs[under]))
        chosen = {}
        for label in answers_of:
            if label in runs and ppl.shares_tokenizer(runs[label], judge):
                chosen[label] = runs[label]
            elif label in runs:
                progress.notice(f"no perplexity of {label} under {under}: their tokenizers differ")
        yield from ppl.run(
            chosen,
            judge,
            plan.perplexity,
            solutions=under in bases,
            load=plan.load_models,
            progress=progress,
        )


def _arm(plan: Plan, label: str, found: Run) -> ArmSettings:
    """The arm's settings, from the study or from its run's manifest."""
    if plan.arms and label in plan.arms:
        return plan.arms[label]
    kept = ("revision", "engine", "dtype")
    identity = found.manifest.identity
    return ArmSettings(model=identity["model_id"], **{key: identity[key] for key in kept})


def _sheet(one: Findings) -> sheet.Sheet:
    return sheet.Sheet(
        one.suite, one.curves.solved, one.curves.valid, one.comparisons, one.perplexity
    )


def _write_tables(one: Findings, out: Path) -> None:
    tables.write(tables.curves(one.curves.solved), out / "passk.csv")
    tables.write(tables.per_problem(one.curves.solved), out / "passk_per_problem.csv")
    tables.write(tables.counts(one.counts.items()), out / "counts.csv")
    if one.curves.valid:
        tables.write(tables.curves(one.curves.valid), out / "passk_valid.csv")
    if one.comparisons:
        compare.write_tables(one.comparisons, out)
    if one.perplexity:
        tables.write(tables.perplexities(one.perplexity), out / "perplexity.csv")


def _section(one: Findings, figures: tuple[FigureSpec, ...]) -> SuiteSection:
    readings = (ppl.reading(one.perplexity, c.base.label, c.other.label) for c in one.comparisons)
    return SuiteSection(
        suite=one.suite,
        verdicts=one.verdicts,
        curves=one.curves.solved,
        valid_curves=one.curves.valid,
        comparisons=one.comparisons,
        perplexity=one.perplexity,
        perplexity_reading=" ".join(filter(None, readings)),
        health=tuple(_health(label, r, one.settings.verifier) for label, r in one.runs.items()),
        figures=figures,
        problems=tuple(_problems(one)),
    )


def _health(label: str, found: Run, verifier: str | None) -> Health:
    design = found.design
    checked = audit(found, verifier, first=design.looks[0] if design else None)
    return Health(
        arm=label,
        samples=checked.samples,
        truncated_rate=checked.truncated,
        no_answer_rate=checked.no_answer,
        unjudged=checked.unjudged,
        repeats=checked.repeats,
        equal_pairs=checked.duplicates.pairs,
        expected_pairs=checked.duplicates.expected,
        has_excess=checked.duplicates.is_suspicious,
        repeated_seeds=checked.repeated_seeds,
        continued=checked.continued,
        restarts=checked.restarted,
        empty=checked.empty,
        format_only_rate=checked.format_only,
        mean_tokens=checked.mean_tokens,
    )


def _problems(one: Findings) -> Iterator[ProblemView]:
    answers: dict[str, list[AnswerView]] = {}
    for label, found in one.runs.items():
        for problem, view in _answers(label, found, one.settings):
            answers.setdefault(problem, []).append(view)
    rates: dict[str, dict[str, tuple[int, int]]] = {}
    for label, table in one.counts.items():
        for count in table.counts:
            rates.setdefault(count.problem_id, {})[label] = (count.correct, count.n)
    asked = next(iter(one.runs.values())).problems()
    for p in (stored.problem for stored in asked):
        yield ProblemView(
            p.id, p.question, p.answer, p.group, rates.get(p.id, {}), tuple(answers.get(p.id, ()))
        )


def _answers(label: str, found: Run, settings: Settings) -> Iterator[tuple[str, AnswerView]]:
    """A few answers of each outcome for every problem, those of the lowest indices."""
    name = settings.verifier or found.manifest.verifier
    frame = found.verdicts(name, settings.tier, columns=["extracted"])
    frame = frame.sort_values(["problem_id", "index"])
    chosen = frame.groupby(["problem_id", "outcome"], sort=False, observed=True).head(_SHOWN)
    wanted = {(row.problem_id, row.index): row for row in chosen.itertuples(index=False)}
    keys = ["problem_id", "index", "text", "finish", "n_tokens"]
    for part in found.samples(keys):
        # Most samples are not shown: find the few by their keys before reading any text.
        ids = part.column("problem_id").to_pylist()
        places = [
            place
            for place, key in enumerate(zip(ids, part.column("index").to_pylist(), strict=True))
            if key in wanted
        ]
        for row in part.take(places).to_pylist() if places else ():
            verdict = wanted[row["problem_id"], row["index"]]
            yield row["problem_id"], _view(label, row, verdict)


def _view(label: str, row: Mapping[str, object], verdict: object) -> AnswerView:
    text = str(row["text"])
    valid, extracted = getattr(verdict, "valid", None), getattr(verdict, "extracted", None)
    n_tokens = row["n_tokens"]
    return AnswerView(
        arm=label,
        index=int(str(row["index"])),
        text=text[:_LONGEST],
        outcome=Outcome(getattr(verdict, "outcome", "")).value,
        reason=str(getattr(verdict, "reason", "")),
        extracted=extracted if isinstance(extracted, str) else None,
        valid=bool(valid) if valid in (True, False) else None,
        finish=str(row["finish"]),
        n_tokens=n_tokens if isinstance(n_tokens, int) else None,
        is_excerpt=len(text) > _LONGEST,
    )


def _facts(found: Sequence[Findings]) -> Iterator[RunFacts]:
    for one in found:
        for label, r in one.runs.items():
            manifest = r.manifest
            rows = [(key, str(value)) for key, value in manifest.identity.items()]
            rows += [("verifier", manifest.verifier), ("dtype drawn in", str(manifest.dtype))]
            rows += [
                (f"programs judged by {name} ran in", level)
                for name, level in manifest.confinements.items()
            ]
            for session in manifest.sessions:
                versions = ", ".join(f"{k} {v}" for k, v in session.versions.items())
                rows += [
                    (f"session {session.started}", f"n = {session.n}; {session.hardware}"),
                    ("command", session.command),
                    ("versions", versions),
                ]
            yield RunFacts(label, r.name, tuple(rows))


def _write_page(text: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"cannot write {path} ({error.strerror})", remedy="choose another --out directory"
        ) from error
