"""What commands print on the terminal: tables and lines, or JSON for machines."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from boundary.console import print_json, print_rows, print_table, visible

if TYPE_CHECKING:
    from boundary.disagreement import Disagreements
    from boundary.plan import Cost, Plan
    from boundary.probes import Duplicates
    from boundary.records import Comparison, Curve
    from boundary.report import Findings
    from boundary.show import RunView
    from boundary.store import Run

_VALID = {None: "", True: ", valid derivation", False: ", derivation does not hold"}


def notices(notes: Sequence[str]) -> None:
    """Tell notes on standard error."""
    for note in notes:
        typer.echo(f"note: {note}", err=True)


def show_curves(curves: "Sequence[Curve]", title: str) -> None:
    """Print pass@k with intervals, one line per arm and k."""
    ks = sorted({int(k) for curve in curves for k in curve.ks})
    rows = []
    for curve in curves:
        cells = {
            int(k): f"{100 * m:.2f} [{100 * low:.1f}, {100 * high:.1f}]"
            for k, m, low, high in zip(curve.ks, curve.mean, curve.low, curve.high, strict=True)
        }
        # Down the page, for eleven intervals do not fit across it.
        rows += [(curve.label, str(k), cells[k]) for k in ks if k in cells]
    print_rows(["arm", "k", "pass@k"], rows, title=title)


def show_comparisons(found: "Sequence[Comparison]", *, as_json: bool) -> None:
    """Print verdicts, differences and summaries."""
    from boundary import stats, tables

    if as_json:
        print_json(
            {
                "verdicts": [stats.verdict(one) for one in found],
                "differences": tables.differences(found).to_dict("records"),
                "summaries": tables.summaries(found).to_dict("records"),
            }
        )
        return
    for one in found:
        typer.echo(stats.verdict(one) + ".")
        notices(one.notes)
    print_table(tables.differences(found), as_json=False, title="difference, other minus base")
    print_table(tables.summaries(found).T.reset_index(), as_json=False)


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
        ("truncated", _percent(checked.truncated)),
        ("unjudged", f"{checked.unjudged:,}"),
        ("empty", f"{checked.empty:,}"),
        ("mean tokens", f"{checked.mean_tokens or 0:.1f}"),
        ("repeated texts within a problem", f"{checked.repeats:,}"),
        ("pairs of equal answers", _pairs(checked.duplicates)),
        ("repeated seeds", f"{checked.repeated_seeds:,}"),
        ("working sessions", f"{checked.sessions:,}"),
        ("answers taken up after an interruption", f"{checked.continued:,}"),
        ("answers begun anew after one", f"{checked.restarted:,}"),
    ]
    print_rows(["", ""], facts)


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
        head = f"--- {one.index}: {said}{valid}, read {one.extracted!r}, ended by {one.finish}"
        typer.echo(visible(f"{head}\n{one.text}"))
