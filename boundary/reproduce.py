"""The ``reproduce`` stage: published numbers beside what our own code makes of the same counts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from boundary import stats
from boundary.errors import ConfigError
from boundary.published import CELLS, Row, is_model, rows
from boundary.store import CountsTable, load_counts

RERUN = "github:cc1107yss/limit-of-rlvr-qwen7b-math500-reproduction"
COUNTS = "pass_counts_sample.csv"
"""Per-problem counts of the rerun, under this name in a folder of local data."""
_RESAMPLES = 10_000
_POINT = 100.0


@dataclass(frozen=True, slots=True)
class Check:
    """One number: what it is, what was published, and what comes out here.

    ``published`` is ``None`` where the source gives none. ``tolerance`` is half of the last place
    published (0 for counts), or what is said beside the number.
    """

    what: str
    published: float | None
    recomputed: float
    tolerance: float = 0.0

    @property
    def difference(self) -> float | None:
        """Recomputed minus published."""
        return None if self.published is None else self.recomputed - self.published

    @property
    def is_same(self) -> bool:
        """Whether the two agree to within rounding."""
        return self.difference is None or abs(self.difference) <= self.tolerance + 1e-9


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Something published that can be computed again; ``counts`` is whether it needs counts."""

    about: str
    checks: Callable[[Sequence[CountsTable]], Iterator[Check]]
    counts: bool = False


def run(name: str, *, counts: Path | None = None, data: Path | None = None) -> list[Check]:
    """Compute published numbers again.

    Args:
        name: One of ``REPRODUCTIONS``.
        counts: A table of counts, for those that rest on counts.
        data: A folder that may hold the counts under the name ``COUNTS``.

    Returns:
        One check per number, in the source's order.

    Raises:
        ConfigError: There is no such reproduction, or its counts are not to be found.
        StoreError: The counts cannot be read.
        SampleSizeError: The counts have fewer samples than what was published rests on.
    """
    if name not in REPRODUCTIONS:
        raise ConfigError(
            f"no reproduction {name!r}", remedy=f"choose one of {', '.join(REPRODUCTIONS)}"
        )
    chosen = REPRODUCTIONS[name]
    if not chosen.counts:
        if counts is not None:
            raise ConfigError(
                f"{name} rests on published counts alone", remedy="leave --counts out"
            )
        return list(chosen.checks(()))
    return list(chosen.checks(load_counts(str(_located(name, counts, data)))))


def _located(name: str, counts: Path | None, data: Path | None) -> Path:
    if counts is not None:
        return counts
    if data is not None and (data / COUNTS).exists():
        return data / COUNTS
    raise ConfigError(
        f"{name} needs the counts of each problem",
        remedy=f"give --counts FILE with problem_id, model, n and c, or --data with {COUNTS}",
    )


def _rerun(tables: Sequence[CountsTable]) -> Iterator[Check]:
    """The public rerun of MATH-500: its curves, solved sets, sums and gap from its counts."""
    own = [row for row in rows() if row.source == RERUN]
    curve = [row for row in own if row.place == "audit/pass_at_k_curve.csv"]
    names = list(dict.fromkeys(row.model for row in curve))
    found = {name: _table(name, tables) for name in names}
    asked = [{count.problem_id for count in table.counts} for table in found.values()]
    if any(one != asked[0] for one in asked):
        raise ConfigError(
            "the models' counts are of different problems",
            remedy="give each problem's counts for both models",
        )
    for model, points in groupby(curve, key=lambda row: row.model):
        yield from _curve(list(points), found[model])
    for row in own:
        if row.metric == "correct_samples":
            correct = sum(count.correct for count in found[row.model].counts)
            yield Check(f"correct samples, {row.model}", row.value, correct)
    cells = [row for row in own if row.metric in CELLS]
    yield from _split(cells, [found[name] for name in names])
    yield from _gap([row for row in own if row.metric.startswith("gap")], *found.values())


def _table(model: str, tables: Sequence[CountsTable]) -> CountsTable:
    for table in tables:
        if is_model(model, table.label):
            return table
    names = ", ".join(table.label for table in tables)
    raise ConfigError(
        f"the counts hold no {model}, only {names}",
        remedy="give the checkpoint's name in the column model",
    )


def _curve(points: Sequence[Row], table: CountsTable) -> Iterator[Check]:
    import numpy as np

    ks = np.array([row.k for row in points], dtype=np.int64)
    made = stats.curve(
        stats.Arm(table.label, table.counts),
        tuple(int(k) for k in ks),
        rng=np.random.default_rng(0),
        resamples=100,
    )
    for row, value in zip(points, made.mean, strict=True):
        what = f"pass@{row.k}, {row.model}, %"
        yield Check(what, row.value, _POINT * float(value), row.rounding)


def _split(cells: Sequence[Row], pair: Sequence[CountsTable]) -> Iterator[Check]:
    """The four-way table of two models' counts, each problem with as many samples as k."""
    k = cells[0].k
    solved: list[dict[str, bool]] = []
    for table in pair:
        _require(table, k or 0)
        solved.append({count.problem_id: count.correct > 0 for count in table.counts})
    base, other = solved
    kinds = [(base[problem], other.get(problem, False)) for problem in base]
    places = {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}
    made = [0, 0, 0, 0]
    for kind in kinds:
        made[places[kind]] += 1
    for row in cells:
        what = f"solved within {k}: {_words(row.metric)}"
        yield Check(what, row.value, made[CELLS.index(row.metric)])
    yield Check("exact McNemar p", None, stats.mcnemar_exact(made[1], made[2]))


def _require(table: CountsTable, n: int) -> None:
    sizes = {count.n for count in table.counts}
    if sizes != {n}:
        told = " to ".join(str(size) for size in sorted({min(sizes), max(sizes)}))
        raise ConfigError(
            f"{table.label} has {told} samples per problem, not the {n} that were published",
            remedy="give the counts that the source is about",
        )


def _gap(published: Sequence[Row], base: CountsTable, other: CountsTable) -> Iterator[Check]:
    """The paired difference and its interval by a plain bootstrap over problems.

    The limits rest on random resamples there and here: one problem is allowed for that.
    """
    import numpy as np

    counts = {count.problem_id: count for count in other.counts}
    gaps = np.array(
        [float(counts[c.problem_id].correct > 0) - float(c.correct > 0) for c in base.counts]
    )
    means = stats.bootstrap_means(gaps[:, None], np.random.default_rng(0), resamples=_RESAMPLES)[
        :, 0
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    made = {"gap": float(gaps.mean()), "gap_low": float(low), "gap_high": float(high)}
    names = {"gap": "", "gap_low": ", lower limit", "gap_high": ", upper limit"}
    for row in published:
        spare = 0.0 if row.metric == "gap" else _POINT / len(gaps)
        what = f"RL minus base at {row.k}, points{names[row.metric]}"
        yield Check(what, row.value, _POINT * made[row.metric], row.rounding + spare)
    losses, gains = int((gaps < 0).sum()), int((gaps > 0).sum())
    yield from _tango(gains, losses, len(gaps))


def _tango(gains: int, losses: int, problems: int) -> Iterator[Check]:
    low, high = stats.tango(gains, losses, problems)
    yield Check("RL minus base, points, Tango lower limit", None, _POINT * low)
    yield Check("RL minus base, points, Tango upper limit", None, _POINT * high)


Table = dict[str, Row]
"""A four-way table's rows by cell."""


def _tables(source: str, places: Iterable[str]) -> Iterator[Table]:
    """The four-way tables of a source, in the order of its places."""
    for place in places:
        wanted = [
            row
            for row in rows()
            if row.source.startswith(source) and row.place == place and row.metric in CELLS
        ]
        found: dict[tuple[str, str], Table] = {}
        for row in wanted:
            found.setdefault((row.suite, row.model), {})[row.metric] = row
        yield from found.values()


def _yue(_: Sequence[CountsTable]) -> Iterator[Check]:
    """Shares and coverage from the counted tables, beside the shares and curves of the paper."""
    places = ("Table 4 index list", "Table 2 as counts", "Table 5 index list")
    for table in _tables("arXiv:2504.13837", places):
        first = table["both"]
        printed = [
            row
            for row in rows()
            if row.place == "Table 2" and row.suite == first.suite and row.metric in CELLS
        ]
        yield from _shares(table, printed)
        yield from _coverage(table, "Fig. 2")
        yield from _tests(table)


def _shares(table: Table, printed: Sequence[Row]) -> Iterator[Check]:
    """Shares of all problems in percent; also of the tables that the source gives in percent."""
    total = sum(row.value for row in table.values())
    for row in printed:
        made = _POINT * table[row.metric].value / total
        yield Check(f"{_of(row)}: {_words(row.metric)}, %", row.value, made, row.rounding)


def _coverage(table: Table, place: str) -> Iterator[Check]:
    """pass@k of both models, from who solves what."""
    first = table["both"]
    total = sum(row.value for row in table.values())
    base, _, other = first.model.partition(" vs ")
    for model, own in ((base, "base_only"), (other, "rl_only")):
        made = _POINT * (first.value + table[own].value) / total
        row = next(
            (
                row
                for row in rows()
                if row.metric == "pass@k"
                and (row.place, row.suite, row.model, row.k) == (place, first.suite, model, first.k)
            ),
            None,
        )
        if row is not None:
            yield Check(f"{_of(row)}: pass@{row.k}, {model}, %", row.value, made, row.rounding)


def _tests(table: Table) -> Iterator[Check]:
    """What the counts say and the source does not: the exact test and an interval."""
    both, losses, gains, neither = (int(table[cell].value) for cell in CELLS)
    problems = both + losses + gains + neither
    where = _of(table["both"])
    yield Check(f"{where}: exact McNemar p", None, stats.mcnemar_exact(losses, gains))
    for one in _tango(gains, losses, problems):
        yield Check(f"{where}: {one.what}", None, one.recomputed)


def _wu(_: Sequence[CountsTable]) -> Iterator[Check]:
    """Coverage from the four-way tables, beside the coverage printed in the same tables."""
    for table in _tables("arXiv:2507.14843", ("Table 3", *(f"Table {i}" for i in range(6, 12)))):
        yield from _coverage(table, table["both"].place)
        yield from _tests(table)


def _of(row: Row) -> str:
    return f"{row.place}, {row.suite}"


def _words(cell: str) -> str:
    return {"base_only": "base only", "rl_only": "RL only"}.get(cell, cell)


REPRODUCTIONS: dict[str, Reproduction] = {
    "math500-rerun": Reproduction(
        "Qwen2.5-7B and SimpleRL-Zoo-7B on MATH500, n = 128: curves, solved sets and gap from the"
        f" counts of each problem; {RERUN}",
        _rerun,
        counts=True,
    ),
    "yue-four-way": Reproduction(
        "the solvable-set tables on AIME24, MATH500 and LiveCodeBench: shares, coverage and what"
        " an exact test says; arXiv:2504.13837",
        _yue,
    ),
    "wu-four-way": Reproduction(
        "the four-way tables 3 and 6 to 11: coverage and what an exact test says; arXiv:2507.14843",
        _wu,
    ),
}
