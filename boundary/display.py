"""What commands print on the terminal: tables and lines, or JSON for machines."""

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from boundary.console import print_json, print_rows, print_table, visible
from boundary.wording import FAULTS

if TYPE_CHECKING:
    from boundary.disagreement import Disagreements
    from boundary.exporter import Exported
    from boundary.grade import Graded
    from boundary.grade_problem import Judged
    from boundary.importer import Imported
    from boundary.intake import Figure
    from boundary.passk import Curves
    from boundary.plan import Cost, Plan
    from boundary.probes import Duplicates, Unjudged
    from boundary.records import Comparison, Curve
    from boundary.sections import Findings
    from boundary.show import RunView
    from boundary.store import Run
    from boundary.tables import Extra

_MOST_ROWS = 120
_VALID = {None: "", True: ", valid derivation", False: ", derivation does not hold"}


def notices(notes: Sequence[str]) -> None:
    """Tell notes on standard error."""
    for note in notes:
        typer.echo(visible(f"note: {note}"), err=True)


def show_curves(curves: "Sequence[Curve]", title: str) -> None:
    """Print pass@k with intervals, one line per arm and k, and bounds where any is unjudged."""
    ks = sorted({int(k) for curve in curves for k in curve.ks})
    bounds = [_bounds(curve) for curve in curves]
    rows = []
    for curve, bound in zip(curves, bounds, strict=True):
        cells = {
            int(k): f"{100 * m:.2f} [{100 * low:.1f}, {100 * high:.1f}]"
            for k, m, low, high in zip(curve.ks, curve.mean, curve.low, curve.high, strict=True)
        }
        # Down the page, for eleven intervals do not fit across it.
        rows += [(curve.label, str(k), cells[k], bound.get(k, "")) for k in ks if k in cells]
    if any(bounds):
        print_rows(["arm", "k", "pass@k", "unjudged wrong to right"], rows, title=title)
    else:
        print_rows(["arm", "k", "pass@k"], [row[:3] for row in rows], title=title)


def _bounds(curve: "Curve") -> dict[int, str]:
    """By k, pass@k with every unjudged sample wrong to every one right; none where all are."""
    if curve.bound_low is None or curve.bound_high is None:
        return {}
    ends = zip(curve.ks, curve.bound_low, curve.bound_high, strict=True)
    return {int(k): f"{100 * low:.1f} to {100 * high:.1f}" for k, low, high in ends}


def show_passk(curves: "Curves", *, as_json: bool) -> None:
    """Print curves, and what was made besides them; its longer tables are for files."""
    from boundary import tables

    frame = tables.curves(curves.solved)
    if as_json and not curves.extras:
        print_table(frame, as_json=True)
        return
    if as_json:
        valid = {"valid": tables.curves(curves.valid).to_dict("records")} if curves.valid else {}
        print_json({"curves": frame.to_dict("records"), **_records(curves.extras), **valid})
        return
    show_curves(curves.solved, "pass@k in percent [95 % interval]")
    if curves.valid:
        show_curves(curves.valid, "the same, counting valid derivations only")
    show_extras(curves.extras)


def show_extras(extras: "Sequence[Extra]") -> None:
    """Print the tables that fit a terminal; the others are told by name."""
    for extra in extras:
        if len(extra.frame) <= _MOST_ROWS:
            print_table(extra.frame, as_json=False, title=extra.title)
        else:
            typer.echo(f"{extra.title}: {len(extra.frame):,} rows, in {extra.name}.csv with --out")


def _records(extras: "Sequence[Extra]") -> dict[str, list[dict[Hashable, Any]]]:
    return {extra.name: extra.frame.to_dict("records") for extra in extras}


def show_comparisons(
    found: "Sequence[Comparison]", *, as_json: bool, extras: "Sequence[Extra]" = ()
) -> None:
    """Print verdicts, what they rest on, differences and summaries."""
    from boundary import stats, tables

    if as_json:
        print_json(
            {
                "verdicts": [stats.verdict(one) for one in found],
                "notes": [list(one.notes) for one in found],
                "differences": tables.differences(found).to_dict("records"),
                "summaries": tables.summaries(found).to_dict("records"),
                "controls": [stats.controls(one) for one in found],
                "support": tables.supports(found).to_dict("records"),
                "floor": tables.floors(found).to_dict("records"),
                **_records(extras),
            }
        )
        return
    for one in found:
        typer.echo(visible(stats.verdict(one)) + ".")
        for line in stats.controls(one):
            typer.echo(visible(f"  {line}."))
        notices(one.notes)
    print_table(tables.differences(found), as_json=False, title="difference, other minus base")
    print_table(tables.summaries(found).T.reset_index(), as_json=False)
    print_table(tables.supports(found).T.reset_index(), as_json=False, title="solved sets")
    floors = tables.floors(found)
    if len(floors):
        print_table(floors, as_json=False, title="the same tables by chance alone")
    show_extras(extras)


def show_markdown(found: "Sequence[Comparison]") -> None:
    """Print comparisons as Markdown, their notes on standard error."""
    from boundary import markdown

    typer.echo("\n\n".join(map(markdown.of_comparison, found)))
    for one in found:
        notices(one.notes)


def show_exported(found: "Sequence[Exported]", *, as_json: bool) -> None:
    """Print the files that were written."""
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.path}: {one.bytes:,} bytes")


def show_findings(found: "Sequence[Findings]") -> None:
    """Print the verdicts of a report."""
    for one in found:
        for line in one.verdicts:
            typer.echo(f"{one.suite}: {line}")


def show_disagreements(found: "Disagreements", *, as_json: bool) -> None:
    """Print where two verifiers differ, with what each read."""
    if as_json:
        print_json(asdict(found))
        return
    first, second = found.verifiers
    rows = [
        (
            f"{one.problem_id} {one.index}",
            str(one.answers),
            visible(one.gold),
            *(
                visible(f"{outcome} ({reason}): {extracted}")
                for outcome, reason, extracted in zip(
                    one.outcome, one.reason, one.extracted, strict=True
                )
            ),
        )
        for one in found.rows
    ]
    if rows:
        print_rows(["problem, index", "answers", "gold", first, second], rows)
    typer.echo(
        f"{found.differing:,} of {found.judged:,} answers are judged differently"
        f" ({found.tier} tier)"
    )


def show_plan(found: "Plan", *, as_json: bool) -> None:
    """Print what a study would take, and what it could find."""
    notices(found.notes)
    if as_json:
        print_json({**asdict(found), "lines": [one.line for one in found.powers]})
        return
    columns = ["suite", "arm", "right", "samples", "tokens", "time", "disk", "tokens/s", "stopping"]
    title = "what the study would take, in means and 80 % ranges"
    print_rows(columns, [_cost_row(cost) for cost in found.costs], title=title)
    for one in found.powers:
        typer.echo(f"{one.line}.")


def _cost_row(cost: "Cost") -> tuple[str, ...]:
    speed = cost.tokens_per_second
    saved, least, most = (
        f"{1 - part / cost.cap:.0%}" for part in (cost.stopped, cost.stopped_high, cost.stopped_low)
    )
    verb = "saves" if cost.is_adaptive else "would save"
    return (
        cost.suite,
        cost.arm,
        _percent(cost.right),
        f"{cost.samples:,.0f}",
        "" if cost.tokens is None else f"{cost.tokens:,.0f}",
        "" if cost.hours is None else _span(cost.hours),
        f"{cost.bytes / 1e6:,.1f} MB",
        "" if speed is None else f"{speed:,.0f}",
        f"after {cost.stop_after} right {verb} {saved} [{least}, {most}]",
    )


def _span(hours: float) -> str:
    if hours >= 1:
        return f"{hours:,.1f} h"
    return f"{60 * hours:.1f} min" if hours >= 1 / 60 else f"{3600 * hours:.1f} s"


def show_graded(found: "Graded", *, as_json: bool) -> None:
    """Print one judgement."""
    if as_json:
        print_json(asdict(found))
        return
    typer.echo(visible(f"{found.outcome} ({found.reason}), read {found.extracted!r}"))


def show_graded_lines(found: Iterable["Graded"]) -> None:
    """Print one JSON line for each judgement, as it comes."""
    for one in found:
        told = {"outcome": one.outcome, "reason": one.reason, "extracted": one.extracted}
        typer.echo(json.dumps(told))


def show_verdicts(found: "Judged", *, as_json: bool) -> None:
    """Print the verdicts of one answer, one per tier, and where its program ran."""
    if found.confinement:
        typer.echo(f"sandbox: {found.confinement}", err=True)
    if as_json:
        print_json(asdict(found))
        return
    for one in found.verdicts:
        read = f", read {one.extracted!r}" if one.extracted else ""
        typer.echo(visible(f"{one.tier}: {one.outcome} ({one.reason}){read}"))
    for reason in {one.reason for one in found.verdicts} & FAULTS.keys():
        typer.echo(f"{reason}: {FAULTS[reason]}")
    if found.tests is not None:
        passed = found.tests.count("passed")
        typer.echo(f"tests: {passed:,} of {len(found.tests):,} passed")
        for number, told in enumerate(found.tests):
            if told != "passed":
                typer.echo(f"  test {number}: {told}")


def show_run(found: "Run", *, as_json: bool) -> None:
    """Print a run's progress and audit."""
    from boundary import show as stage

    view = stage.run(found)
    if as_json:
        print_json({"path": str(found.folder), **asdict(view)})
        return
    checked = view.audit
    facts = [
        ("run", str(found.folder)),
        ("samples", f"{sum(p.n for p in view.problems):,} of {view.asked:,}"),
        *_design_facts(view),
        ("right (strict)", _percent(checked.correct)),
        ("right in the lenient tier only", _percent(checked.format_only)),
        ("no answer", _percent(checked.no_answer)),
        ("truncated", _percent(checked.truncated) or "not told"),
        ("unjudged", f"{checked.unjudged:,}"),
        ("empty", f"{checked.empty:,}"),
        ("mean tokens", _number(checked.mean_tokens)),
        ("repeated texts within a problem", f"{checked.repeats:,}"),
        ("pairs of equal answers", _pairs(checked.duplicates)),
        ("repeated seeds", _told(checked.repeated_seeds)),
        ("working sessions", f"{checked.sessions:,}"),
        ("answers taken up after an interruption", f"{checked.continued:,}"),
        ("answers begun anew after one", f"{checked.restarted:,}"),
        *((f"programs judged by {name} ran in", to) for name, to in view.programs_ran_in.items()),
    ]
    print_rows(["", ""], facts)
    show_unjudged(checked.unjudged_for)


def show_unjudged(found: "Iterable[Unjudged]", *, err: bool = False) -> None:
    """Print why answers are unjudged, a line for each reason."""
    for one in found:
        typer.echo(visible(one.line), err=err)


def show_imported(found: "Imported", *, as_json: bool) -> None:
    """Print what was imported, and the tool's figures beside those of its verdicts."""
    if as_json:
        from boundary import show as stage

        figures = [{**asdict(one), "is_same": one.is_same} for one in found.figures]
        told = {"path": str(found.run.folder), "figures": figures, "notes": found.notes}
        print_json({**told, **asdict(stage.run(found.run))})
        return
    show_run(found.run, as_json=False)
    rows = [
        (one.verifier, _figure(one.told), _figure(one.counted), f"{one.answers:,}", _same(one))
        for one in found.figures
    ]
    if rows:
        print_rows(["grader", "the tool says", "its verdicts give", "of", ""], rows)


def _figure(share: float | None) -> str:
    return "" if share is None else f"{share:.4f}"


def _same(figure: "Figure") -> str:
    return {True: "the same", False: "not the same", None: ""}[figure.is_same]


def _design_facts(view: "RunView") -> list[tuple[str, str]]:
    if view.design is None:
        return []
    looks = ", ".join(map(str, view.design.looks))
    rule = f"a problem ends at {view.design.stop_after} right answers, looked for at {looks}"
    return [("adaptive", rule), ("what follows is of", f"the first {view.design.looks[0]} indices")]


def _pairs(found: "Duplicates") -> str:
    if found.expected is None:
        return f"{found.pairs:,}, expectation not known: the engine does not tell the law drawn"
    warning = ": more than chance leaves" if found.is_suspicious else ""
    return f"{found.pairs:,}, {found.expected:,.0f} expected (z = {found.z:.1f}){warning}"


def _told(count: int | None) -> str:
    return "not told" if count is None else f"{count:,}"


def _number(mean: float | None) -> str:
    return "not told" if mean is None else f"{mean:.1f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"


def show_problem(found: "Run", problem: str, answers: int, *, as_json: bool) -> None:
    """Print one problem's prompt and answers."""
    from boundary import show as stage

    page = stage.problem(found, problem, most=answers)
    if as_json:
        print_json(asdict(page))
        return
    typer.echo(visible(f"{page.problem_id}\n{page.prompt}\ngold: {page.answer}"))
    for one in page.answers:
        said = f"{one.outcome or 'not judged'} ({one.reason})" if one.outcome else "not judged"
        valid = _VALID[one.valid]
        ended = one.finish or "not told"
        head = f"--- {one.index}: {said}{valid}, read {one.extracted!r}, ended by {ended}"
        typer.echo(visible(f"{head}\n{one.text}"))
