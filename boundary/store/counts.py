"""Counts per problem, from a run or from a table made elsewhere."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary.errors import ConfigError, SampleSizeError, StoreError
from boundary.records import Counts, Design, Outcome, Tier
from boundary.store.files import Folder
from boundary.store.run import Run

if TYPE_CHECKING:
    import pandas as pd

SEPARATOR = "::"
_REQUIRED = ("problem_id", "n", "c")


@dataclass(frozen=True, slots=True)
class CountsTable:
    """Counts of one model on one set of problems.

    ``firsts`` holds, per problem, the index of its first correct sample (``None`` where there is
    none); it is ``None`` itself where only counts are known. ``run`` is the run they come from.
    Of an adaptive run, ``design`` is its stop rule, a count's ``n`` the look that its problem
    reached, and ``first_look`` the counts over the first look's indices, which all problems have.
    """

    label: str
    counts: tuple[Counts, ...]
    firsts: dict[str, int | None] | None = None
    run: Run | None = field(default=None, compare=False)
    notes: tuple[str, ...] = ()
    design: Design | None = None
    first_look: tuple[Counts, ...] | None = None


def load_counts(
    reference: str, *, tier: Tier = Tier.STRICT, verifier: str | None = None
) -> list[CountsTable]:
    """Counts behind a reference: a run's directory, ``FILE`` or ``FILE::MODEL``.

    Returns:
        One table for a run or an addressed model, one per model for a bare file.

    Raises:
        StoreError: Nothing is there, or it holds no counts.
        ConfigError: The table is malformed, or has no such model.
    """
    path, _, model = reference.partition(SEPARATOR)
    if Path(path).is_file():
        tables = _from_file(Path(path))
        return [_named(tables, model, path)] if model else tables
    found = Run.open(Folder.at(path))
    if model:
        raise ConfigError(
            f"{path} is a run, which has no model {model!r} to choose",
            remedy=f"name it without {SEPARATOR}{model}",
        )
    return [count_run(found, tier=tier, verifier=verifier)]


def count_run(run: Run, *, tier: Tier = Tier.STRICT, verifier: str | None = None) -> CountsTable:
    """Counts of a run, over each problem's indices 0, 1, 2, ... up to the first one missing.

    A run in progress has more short answers than long ones; counting by assigned index keeps
    that from entering the estimate. A sample without a verdict counts as unjudged.

    Raises:
        StoreError: The run has no samples or no verdicts by that verifier.
    """
    import numpy as np

    name = verifier or run.manifest.verifier
    if name not in run.verifiers():
        raise StoreError(
            f"the run {run.name} has no verdicts by {name}",
            remedy=f"run: boundary verify {run.folder} --verifier {name}",
        )
    frame = run.verdicts(name, tier)
    judged = dict(iter(frame.groupby("problem_id", sort=False, observed=True)))
    stored = run.indices()
    counts, firsts = [], {}
    for asked in run.problems():
        key = asked.problem.id
        have = stored.get(key, np.empty(0, np.int32))
        n = int(np.argmin(np.append(have == np.arange(len(have)), False)))
        counts.append(_count(key, n, judged.get(key), asked.problem.group))
        firsts[key] = _first(judged.get(key), n)
    _require_samples(run, counts)
    return CountsTable(run.name, tuple(counts), firsts, run, _notes(run, counts, stored))


def _count(key: str, n: int, frame: "pd.DataFrame | None", group: str | None) -> Counts:
    if frame is None:
        return Counts(key, n, 0, n, None, group)
    frame = frame[frame["index"] < n]
    correct = frame["outcome"] == Outcome.CORRECT.value
    wrong = int((frame["outcome"] == Outcome.WRONG.value).sum())
    checked = frame["valid"].notna().any()
    valid = int((correct & frame["valid"].eq(other=True)).sum()) if checked else None
    return Counts(key, n, int(correct.sum()), n - int(correct.sum()) - wrong, valid, group)


def _first(frame: "pd.DataFrame | None", n: int) -> int | None:
    if frame is None:
        return None
    hits = frame.loc[(frame["outcome"] == Outcome.CORRECT.value) & (frame["index"] < n), "index"]
    return int(hits.min()) if len(hits) else None


def _require_samples(run: Run, counts: list[Counts]) -> None:
    if min((c.n for c in counts), default=0) == 0:
        none = sum(c.n == 0 for c in counts)
        raise SampleSizeError(
            f"{none} of {len(counts)} problems of {run.name} have no finished sample yet",
            remedy="continue its sampling first",
        )


def _notes(run: Run, counts: list[Counts], stored: dict[str, Any]) -> tuple[str, ...]:
    beyond = sum(len(stored.get(c.problem_id, ())) - c.n for c in counts)
    unfinished = len({c.n for c in counts}) > 1 or beyond
    return (f"{run.name} is unfinished: {beyond} samples wait for earlier ones",) * bool(unfinished)


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
        tables.append(CountsTable(str(label), tuple(_row_counts(rows))))
    return tables


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

    names = ("problem_id", "model", "group")
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


def _row_counts(rows: "pd.DataFrame") -> list[Counts]:
    groups = rows["group"] if "group" in rows else [None] * len(rows)
    return [
        Counts(str(key), int(n), int(c), group=None if group != group else group)
        for key, n, c, group in zip(rows["problem_id"], rows["n"], rows["c"], groups, strict=True)
    ]
