"""Counts per problem, from a run or from a table made elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary.errors import ConfigError, SampleSizeError, StoreError
from boundary.records import Counts, Design, Tier
from boundary.store import archive
from boundary.store.files import Folder
from boundary.store.run import Run
from boundary.store.source import Asked, Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from boundary.store.marks import Marks

SEPARATOR = "::"
_ADAPTIVE = {"stop_after", "looks", "reached_n", "reached_c"}
_REQUIRED = ("problem_id", "n", "c")
_TABLES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class CountsTable:
    """Counts of one model on one set of problems.

    ``firsts`` holds, per problem, the index of its first correct sample (``None`` where there is
    none); it is ``None`` itself where only counts are known. ``run`` is the run, or the archive of
    one, that they come from.
    Of an adaptive run, ``design`` is its stop rule, a count's ``n`` the look that its problem
    reached, and ``first_look`` the counts over the first look's indices, which all problems have.
    ``is_cut`` says that problems were left out to compare it with another table.
    """

    label: str
    counts: tuple[Counts, ...]
    firsts: dict[str, int | None] | None = None
    run: Source | None = field(default=None, compare=False)
    notes: tuple[str, ...] = ()
    design: Design | None = None
    first_look: tuple[Counts, ...] | None = None
    is_cut: bool = False


def load_counts(
    reference: str, *, tier: Tier = Tier.STRICT, verifier: str | None = None
) -> list[CountsTable]:
    """Counts behind a reference: a run's directory or archive, ``FILE`` or ``FILE::MODEL``.

    Returns:
        One table for a run or an addressed model, one per model for a bare file.

    Raises:
        StoreError: Nothing is there, or it holds no counts.
        ConfigError: The table is malformed, or has no such model.
    """
    path, _, model = reference.partition(SEPARATOR)
    is_archive = archive.is_one(path)
    if Path(path).is_file() and not is_archive:
        tables = _from_file(Path(path))
        return [_named(tables, model, path)] if model else tables
    if path.endswith(_TABLES):
        raise StoreError(f"no table of counts at {path}", remedy="check the path")
    found = archive.read(path) if is_archive else Run.open(Folder.at(path))
    if model:
        raise ConfigError(
            f"{path} is a run, which has no model {model!r} to choose",
            remedy=f"name it without {SEPARATOR}{model}",
        )
    return [count_run(found, tier=tier, verifier=verifier)]


def count_run(run: Source, *, tier: Tier = Tier.STRICT, verifier: str | None = None) -> CountsTable:
    """Counts of a run, over each problem's indices 0, 1, 2, ... up to the first one missing.

    A run in progress has more short answers than long ones; counting by assigned index keeps
    that from entering the estimate. A sample without a verdict counts as unjudged. An adaptive
    run is counted to the look that each problem reached, where the verifier and tier are those
    that decided; by others, to the first look.

    Raises:
        StoreError: The run has no samples or no verdicts by that verifier.
    """
    name = verifier or run.manifest.verifier
    if name not in run.verifiers():
        raise StoreError(
            f"the run {run.name} has no verdicts by {name}",
            remedy=f"run: boundary verify {run.folder} --verifier {name}"
            if isinstance(run, Run)
            else f"its archive has those by {', '.join(run.verifiers()) or 'none'}",
        )
    marks = run.marks(name, tier)
    stored = run.indices()
    asked = run.asked()
    design = run.manifest.design
    if design:
        decides = (name, tier) == (run.manifest.identity["decided_by"], Tier.STRICT)
        return _count_adaptive(run, design, marks, asked, stored, decides=decides)
    sizes = [_reached(stored.get(p.id)) for p in asked]
    counts = [_count(p, n, marks) for p, n in zip(asked, sizes, strict=True)]
    _require_samples(run, counts)
    firsts = {p.id: _first(marks, p.id, n) for p, n in zip(asked, sizes, strict=True)}
    return CountsTable(run.name, tuple(counts), firsts, run, _notes(run, counts, stored))


def _count_adaptive(
    run: Source,
    design: Design,
    marks: "Marks",
    asked: Sequence[Asked],
    stored: Mapping[str, "NDArray[np.int32]"],
    *,
    decides: bool,
) -> CountsTable:
    """Counts to each problem's look; of an unfinished run, to the last look that all completed."""
    least = design.looks[0]
    ready = [_ready(marks, p.id, _reached(stored.get(p.id))) for p in asked]
    short = [p.id for p, n in zip(asked, ready, strict=True) if n < least]
    if short:
        raise SampleSizeError(
            f"{len(short)} of {len(asked)} problems of {run.name} have not reached its first look"
            f" of {least} samples",
            remedy="continue its sampling first",
        )
    first = tuple(_count(p, least, marks) for p in asked)
    firsts = {p.id: _first(marks, p.id, least) for p in asked}
    if not decides:
        note = (
            f"{run.name} stopped by the strict verdicts of {run.manifest.identity['decided_by']}:"
            f" other verdicts are counted over the first {least} samples of each problem"
        )
        return CountsTable(run.name, first, firsts, run, (note,))
    looks, notes = _common_looks(run, design, marks, asked, ready)
    sizes = [_stopped_at(marks.of(p.id), looks) for p in asked]
    counts = [_count(p, n, marks) for p, n in zip(asked, sizes, strict=True)]
    firsts = {p.id: _first(marks, p.id, n) for p, n in zip(asked, sizes, strict=True)}
    notes += _of_problems(run)
    return CountsTable(run.name, tuple(counts), firsts, run, notes, looks, first)


def _common_looks(
    run: Source, design: Design, marks: "Marks", asked: Sequence[Asked], ready: Sequence[int]
) -> tuple[Design, tuple[str, ...]]:
    """The design cut at the last look that every problem has completed or stopped before."""
    looks = design.looks
    for place, look in enumerate(looks):
        whole = Design(design.stop_after, looks[:place])
        waits = [
            p.id
            for p, n in zip(asked, ready, strict=True)
            if n < look and (not place or not _has_stopped(marks.of(p.id), whole))
        ]
        if waits:
            note = (
                f"{run.name} is unfinished: {len(waits)} problems have not reached the look at"
                f" {look}, so it is read to k = {looks[place - 1]}"
            )
            return whole, (note,)
    return design, ()


def _has_stopped(outcomes: "NDArray[np.uint8]", design: Design) -> bool:
    return any(_successes(outcomes, look) >= design.stop_after for look in design.looks)


def _stopped_at(outcomes: "NDArray[np.uint8]", design: Design) -> int:
    """The look that decided a problem."""
    for look in design.looks:
        if _successes(outcomes, look) >= design.stop_after:
            return look
    return design.looks[-1]


def _successes(outcomes: "NDArray[np.uint8]", n: int) -> int:
    from boundary.store.marks import CORRECT

    return int((outcomes[:n] == CORRECT).sum())


def _reached(have: "NDArray[np.int32] | None") -> int:
    """Samples at indices 0, 1, 2, ... up to the first one missing."""
    import numpy as np

    if have is None:
        return 0
    return int(np.argmin(np.append(have == np.arange(len(have)), False)))


def _ready(marks: "Marks", problem_id: str, n: int) -> int:
    """Of the first ``n`` samples, those before the first one without a verdict."""
    from boundary.store.marks import NONE

    missing = (marks.of(problem_id)[:n] == NONE).nonzero()[0]
    judged = min(n, len(marks.of(problem_id)))
    return int(missing[0]) if len(missing) else judged


def _count(problem: Asked, n: int, marks: "Marks") -> Counts:
    from boundary.store.marks import CORRECT, UNKNOWN, VALID, WRONG

    place = marks.ids[problem.id]
    outcome, valid = marks.outcome[place, :n], marks.valid[place, :n]
    right = outcome == CORRECT
    correct = int(right.sum())
    unjudged = n - correct - int((outcome == WRONG).sum())
    checked = bool((valid != UNKNOWN).any())
    held = int((right & (valid == VALID)).sum()) if checked else None
    return Counts(problem.id, n, correct, unjudged, held, problem.group)


def _first(marks: "Marks", problem_id: str, n: int) -> int | None:
    from boundary.store.marks import CORRECT

    hits = (marks.of(problem_id)[:n] == CORRECT).nonzero()[0]
    return int(hits[0]) if len(hits) else None


def _require_samples(run: Source, counts: list[Counts]) -> None:
    if min((c.n for c in counts), default=0) == 0:
        none = sum(c.n == 0 for c in counts)
        raise SampleSizeError(
            f"{none} of {len(counts)} problems of {run.name} have no finished sample yet",
            remedy="continue its sampling first",
        )


def _notes(run: Source, counts: Sequence[Counts], stored: Mapping[str, Any]) -> tuple[str, ...]:
    beyond = sum(len(stored.get(c.problem_id, ())) - c.n for c in counts)
    unfinished = len({c.n for c in counts}) > 1 or beyond
    notes = [f"{run.name} is unfinished: {beyond} samples wait for earlier ones"] * bool(unfinished)
    return (*notes, *_of_problems(run))


def _of_problems(run: Source) -> tuple[str, ...]:
    """What a reader must know of the problems themselves."""
    if "targeted" in run.manifest.identity:
        told = "holds chosen problems: its means say nothing of the whole suite"
        return (f"{run.name} {told}",)
    return ()


def _named(tables: list[CountsTable], model: str, path: str) -> CountsTable:
    for table in tables:
        if table.label == model:
            return table
    names = ", ".join(t.label for t in tables)
    raise ConfigError(f"{path} has no model {model!r}", remedy=f"it has: {names}")


def _from_file(path: Path) -> list[CountsTable]:
    frame = _read_frame(path)
    if "model" not in frame:
        frame["model"] = path.stem
    if frame.empty:
        raise ConfigError(f"{path} has no rows", remedy="give one row per problem and model")
    tables = []
    for label, rows in frame.groupby("model", sort=False):
        repeated = rows["problem_id"][rows["problem_id"].duplicated()]
        if len(repeated):
            raise ConfigError(
                f"{path} names problem {repeated.iloc[0]!r} twice for {label}",
                remedy="keep one row per problem and model",
            )
        tables.append(_table(str(label), rows))
    return tables


def _table(label: str, rows: "pd.DataFrame") -> CountsTable:
    """Counts of one model; of an adaptive run, ``n`` and ``c`` are those of its first look."""
    plain = tuple(_row_counts(rows, ("n", "c")))
    if not set(rows.columns) >= _ADAPTIVE or rows["stop_after"].isna().any():
        return CountsTable(label, plain)
    looks = tuple(int(look) for look in str(rows["looks"].iloc[0]).split())
    design = Design(int(rows["stop_after"].iloc[0]), looks)
    reached = tuple(_row_counts(rows, ("reached_n", "reached_c")))
    return CountsTable(label, reached, design=design, first_look=plain)


def _read_frame(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read as a table ({error})", remedy="give a CSV or parquet file"
        ) from error
    missing = [name for name in _REQUIRED if name not in frame]
    if missing:
        raise ConfigError(
            f"the counts table {path} has no column {', '.join(missing)}",
            remedy=f"it needs {', '.join(_REQUIRED)}, and may have model and group",
        )
    _check_numbers(frame, path)
    return frame


def _read_csv(path: Path) -> "pd.DataFrame":
    """Names stay text: the id 007 is not 7, and the model NA is not missing."""
    import pandas as pd

    names = ("problem_id", "model", "group", "looks")
    return pd.read_csv(
        path, dtype=dict.fromkeys(names, str), keep_default_na=False, na_values=["", "nan"]
    )


def _check_numbers(frame: "pd.DataFrame", path: Path) -> None:
    import pandas as pd

    numbers = frame[["n", "c"]].apply(pd.to_numeric, errors="coerce")
    whole = numbers.notna().all(axis=1) & (numbers % 1 == 0).all(axis=1)
    bad = ~whole | (numbers["n"] < 1) | (numbers["c"] < 0) | (numbers["c"] > numbers["n"])
    if bad.any():
        place = int(bad.to_numpy().argmax())
        row = frame.iloc[place]
        raise ConfigError(
            f"row {place + 1} of {path} ({row['problem_id']}) has n = {row['n']}, c = {row['c']}",
            remedy="counts need whole numbers with 1 <= n and 0 <= c <= n",
        )
    frame[["n", "c"]] = numbers.astype("int64")
    for name in {"problem_id", "model"} & set(frame.columns):
        if frame[name].isna().any():
            place = int(frame[name].isna().to_numpy().argmax())
            raise ConfigError(f"row {place + 1} of {path} has no {name}", remedy="fill it in")


def _row_counts(rows: "pd.DataFrame", names: tuple[str, str]) -> list[Counts]:
    groups = rows["group"] if "group" in rows else [None] * len(rows)
    sizes, correct = (rows[name] for name in names)
    return [
        Counts(str(key), int(n), int(c), group=None if group != group else group)
        for key, n, c, group in zip(rows["problem_id"], sizes, correct, groups, strict=True)
    ]
