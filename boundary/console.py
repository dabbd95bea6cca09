"""What the command line shows: tables on standard output, progress on standard error."""

import contextlib
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from boundary.progress import Advance

if TYPE_CHECKING:
    import pandas as pd

_LINE_SECONDS = 15.0
"""Between progress lines where no terminal is there."""


class ConsoleProgress:
    """A bar with rate and time left on a terminal; elsewhere a line now and then."""

    def notice(self, text: str) -> None:
        """See Progress.notice."""
        sys.stderr.write(f"note: {text}\n")

    @contextlib.contextmanager
    def task(self, label: str, *, total: int, done: int = 0) -> Iterator[Advance]:
        """See Progress.task."""
        opened = _bar(label, total, done) if sys.stderr.isatty() else _lines(label, total, done)
        with opened as advance:
            yield advance


@contextlib.contextmanager
def _bar(label: str, total: int, done: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        Left(),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as progress:
        task = progress.add_task(label, total=total, completed=done, state="")
        yield lambda units, state: progress.update(task, advance=units, state=state)


@contextlib.contextmanager
def _lines(label: str, total: int, done: int) -> Iterator[Advance]:
    start = last = time.monotonic()
    now_done = done

    def advance(units: int, state: str) -> None:
        nonlocal now_done, last
        now_done += units
        now = time.monotonic()
        if now - last < _LINE_SECONDS:
            return
        last = now
        rate = (now_done - done) / (now - start)
        left = f"{(total - now_done) / rate:,.0f} s left" if rate else ""
        _write(label, now_done, total, f"{rate:,.0f}/s, {left}", state)

    yield advance
    _write(label, now_done, total, f"{time.monotonic() - start:.1f} s", "")


def _write(label: str, done: int, total: int, rate: str, state: str) -> None:
    line = ", ".join(filter(None, [f"{label}: {done:,} of {total:,}", rate, state]))
    sys.stderr.write(line + "\n")


def print_table(frame: "pd.DataFrame", *, as_json: bool, title: str = "") -> None:
    """Print a table for a person, or as JSON records, on standard output."""
    if as_json:
        sys.stdout.write(frame.to_json(orient="records", indent=2) + "\n")
        return
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False)]
    print_rows([str(c) for c in frame.columns], rows, title=title)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print rows in aligned columns, numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for place, name in enumerate(columns):
        numeric = all(_is_number(row[place]) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # Answers are untrusted: Text takes no markup.
        table.add_row(*(Text(visible(cell)) for cell in row))
    # A pipe gets whole lines, whatever the width of a terminal that is not there.
    width = None if sys.stdout.isatty() else 200
    Console(file=sys.stdout, width=width, highlight=False).print(table)


def visible(text: str) -> str:
    """Text with control characters written as escapes, line ends and tabs kept."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def _is_number(cell: str) -> bool:
    return not cell or cell.strip("%[]<>+-., p=").replace(".", "").replace(",", "").isdigit()


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output; what is not a number is null."""
    sys.stdout.write(json.dumps(_plain(value), indent=2, default=str) + "\n")


def _plain(value: Any) -> Any:
    """A value without NaN, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
