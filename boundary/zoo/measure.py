"""What the trained checkpoints can do: samples on the test problems, and the figures from them.

``sample`` needs minutes per seed and leaves two small tables beside the checkpoints; ``figures``
and ``card_tables`` compute everything that the card states from those tables.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boundary.records import Counts, CrossingKind, Overlap, Problem
from boundary.stats import Arm, bootstrap_means, compare, curve, valid_curve
from boundary.suites import dial
from boundary.verifiers.dial import applied, extract, valid
from boundary.zoo import NAMES, grpo, model, tokenizer
from boundary.zoo.pretrain import Progress

SAMPLES = 256
KS = (1, 4, 16, 64, 256)
MAX_TOKENS = 101
"""New tokens that fit the context behind any prompt; no trace of the recipe is that long."""

COUNTS = "counts.csv"
HABITS = "habits.csv"
TRAINING = "training.json"
_COUNT_FIELDS = ("seed", "model", "problem_id", "family", "n", "c", "valid")
_HABIT_FIELDS = ("seed", "model", "strategy", "samples", "faithful", "c", "valid")
_RESAMPLES = 10_000
_BOOTSTRAP_SEED = 0

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Graded:
    """One answer: the strategy that it ends on, and what is right about it."""

    problem_id: str
    strategy: str
    faithful: bool
    correct: bool
    valid: bool


def grade(problem: Problem, text: str, *, ended: bool) -> Graded:
    """Judge one answer; one that was cut at the token limit is wrong."""
    label, colon, _ = text.rpartition(" ")[2].partition(":")
    correct = ended and extract(text) == problem.answer
    return Graded(
        problem_id=problem.id,
        strategy=label if colon else "bare",
        faithful=applied(problem.question, text) is not None,
        correct=correct,
        valid=correct and valid(problem.question, text),
    )


def _graded(folder: Path, problems: Sequence[Problem], *, n: int, stream: str) -> Iterator[Graded]:
    """Answers of one checkpoint, judged as they finish."""
    net = model.load(folder)
    drawn = grpo.rollout(net, problems, n, max_tokens=MAX_TOKENS, stream=stream)
    for answer in drawn:
        text = tokenizer.decode(answer.token_ids)
        yield grade(answer.request.draw.problem, text, ended=answer.stopped)


def _count_rows(graded: Sequence[Graded], problems: Sequence[Problem], n: int) -> list[Row]:
    """Per problem: how many answers are right, and how many by a valid derivation."""
    right = Counter(g.problem_id for g in graded if g.correct)
    sound = Counter(g.problem_id for g in graded if g.valid)
    return [
        {
            "problem_id": p.id,
            "family": p.meta["family"],
            "n": n,
            "c": right[p.id],
            "valid": sound[p.id],
        }
        for p in problems
    ]


def _habit_rows(graded: Sequence[Graded]) -> list[Row]:
    """Per strategy, most frequent first: answers, and how many are faithful, right and valid."""
    by_strategy: dict[str, list[Graded]] = {}
    for g in graded:
        by_strategy.setdefault(g.strategy, []).append(g)
    return [
        {
            "strategy": strategy,
            "samples": len(own),
            "faithful": sum(g.faithful for g in own),
            "c": sum(g.correct for g in own),
            "valid": sum(g.valid for g in own),
        }
        for strategy, own in sorted(by_strategy.items(), key=lambda item: -len(item[1]))
    ]


def write_rows(path: Path, fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[Row]:
    """Read a table from CSV; every field is a string."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sample(
    trained: Path,
    *,
    seed: int,
    problems: Sequence[Problem],
    n: int = SAMPLES,
    progress: Progress = lambda _: None,
) -> None:
    """Sample the three checkpoints of one seed at temperature 1, top-p 1, in float32.

    Args:
        trained: Folder that the recipe wrote; receives ``counts.csv`` and ``habits.csv``.
        seed: The seed of the training, also part of the seeds of the draws.
        problems: The problems to answer.
        n: Answers per problem and checkpoint.
        progress: Told each checkpoint's pass@1.
    """
    counts: list[Row] = []
    habits: list[Row] = []
    for name in NAMES:
        graded = list(_graded(trained / name, problems, n=n, stream=f"zoo-test-{seed}/{name}"))
        tag = {"seed": seed, "model": name}
        counts += [tag | row for row in _count_rows(graded, problems, n)]
        habits += [tag | row for row in _habit_rows(graded)]
        progress(f"{name}: pass@1 {sum(g.correct for g in graded) / len(graded):.3f}")
    write_rows(trained / COUNTS, _COUNT_FIELDS, counts)
    write_rows(trained / HABITS, _HABIT_FIELDS, habits)


def gather(trained: Sequence[Path], out: Path) -> None:
    """Join the tables and the training records of several seeds."""
    for name, fields in ((COUNTS, _COUNT_FIELDS), (HABITS, _HABIT_FIELDS)):
        write_rows(out / name, fields, [row for each in trained for row in read_rows(each / name)])
    records = [json.loads((each / TRAINING).read_text(encoding="utf-8")) for each in trained]
    by_seed = {str(record["seed"]): record for record in records}
    (out / TRAINING).write_text(json.dumps(by_seed, indent=1) + "\n", encoding="utf-8")


def _counts(rows: Iterable[Row]) -> list[Counts]:
    """Rows of the counts table as records."""
    return [
        Counts(row["problem_id"], int(row["n"]), int(row["c"]), valid=int(row["valid"]))
        for row in rows
    ]


def _rng() -> np.random.Generator:
    """A fresh generator of the bootstrap, so that no figure depends on another's draws."""
    return np.random.default_rng(_BOOTSTRAP_SEED)


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), 4) for value in values]


def _of_model(rows: Sequence[Row]) -> dict[str, Any]:
    """Curves and solved problems of one checkpoint of one seed."""
    counts = _counts(rows)
    right = curve(Arm("", counts), KS, rng=_rng(), resamples=_RESAMPLES)
    sound = valid_curve(Arm("", counts), KS, rng=_rng(), resamples=_RESAMPLES)
    families: dict[str, dict[str, float]] = {}
    for family in dial.SHARES:
        own = _counts(row for row in rows if row["family"] == family)
        families[family] = {
            "problems": len(own),
            "pass_at_1": round(sum(x.correct / x.n for x in own) / len(own), 4),
            "solved": sum(x.correct > 0 for x in own),
            "valid": sum((x.valid or 0) > 0 for x in own),
        }
    return {
        "pass": _rounded(right.mean),
        "low": _rounded(right.low),
        "high": _rounded(right.high),
        "valid_pass": _rounded(sound.mean),
        "solved": sum(x.correct > 0 for x in counts),
        "validly_solved": sum((x.valid or 0) > 0 for x in counts),
        "families": families,
    }


def _contrast(base: Sequence[Row], other: Sequence[Row]) -> dict[str, Any]:
    """Paired differences, other minus base, with percentile intervals over problems."""
    left, right = Arm("base", _counts(base)), Arm("other", _counts(other))
    found = compare(left, right, ks=KS, rng=_rng(), resamples=_RESAMPLES)
    gaps = found.other.per_problem - found.base.per_problem
    low, high = np.quantile(bootstrap_means(gaps, _rng(), resamples=_RESAMPLES), [0.025, 0.975], 0)
    split = found.overlap
    assert isinstance(split, Overlap)  # all n are equal to the largest k
    parts = ("both", "base_only", "other_only", "neither")
    return {
        "difference": _rounded(found.difference),
        "low": _rounded(low),
        "high": _rounded(high),
        "solved": {part: len(getattr(split, part)) for part in parts},
        "mcnemar_p": float(f"{split.p_value:.3g}"),
        "crossing_k": (
            round(found.crossing.k, 2)
            if found.crossing.kind is CrossingKind.CROSSES and found.crossing.k is not None
            else None
        ),
    }


def _of_seed(rows: Sequence[Row]) -> dict[str, Any]:
    """Everything about one seed."""
    by_model = {name: [row for row in rows if row["model"] == name] for name in NAMES}
    return {
        "models": {name: _of_model(own) for name, own in by_model.items()},
        "contrasts": {
            f"{name}-base": _contrast(by_model["base"], by_model[name]) for name in NAMES[1:]
        },
    }


def figures(folder: Path) -> dict[str, Any]:
    """All figures of the card from the tables in a folder.

    Returns:
        ``ks`` and, for each seed, its models' curves and the contrasts with base. Rates are in
        [0, 1], intervals 95 % over problems.
    """
    rows = read_rows(folder / COUNTS)
    seeds = dict.fromkeys(row["seed"] for row in rows)
    return {
        "ks": list(KS),
        "n": SAMPLES,
        "problems": len({row["problem_id"] for row in rows}),
        "seeds": {seed: _of_seed([row for row in rows if row["seed"] == seed]) for seed in seeds},
    }


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _curve_table(seeds: Mapping[str, Any]) -> str:
    """pass@k and valid pass@k of every seed and checkpoint."""
    rows = []
    for seed, found in seeds.items():
        for name, own in found["models"].items():
            cells = [
                f"{p:.3f} ({v:.3f})" for p, v in zip(own["pass"], own["valid_pass"], strict=True)
            ]
            rows.append([seed, name, *cells, f"{own['validly_solved']} of {own['solved']}"])
    return _table(["seed", "checkpoint", *(f"@{k}" for k in KS), "validly solved"], rows)


def _contrast_table(seeds: Mapping[str, Any]) -> str:
    """Paired differences of every seed."""
    rows = []
    for seed, found in seeds.items():
        for name, own in found["contrasts"].items():
            cells = [
                f"{d:+.3f} [{low:+.3f}, {high:+.3f}]"
                for d, low, high in zip(own["difference"], own["low"], own["high"], strict=True)
            ]
            split = "/".join(str(count) for count in own["solved"].values())
            crossing = "none" if own["crossing_k"] is None else f"{own['crossing_k']:.1f}"
            rows.append([seed, name, *cells, split, f"{own['mcnemar_p']:.2g}", crossing])
    header = ["seed", "difference", *(f"@{k}" for k in KS)]
    return _table([*header, "both/base/other/neither", "McNemar p", "crossing k"], rows)


def _family_table(seeds: Mapping[str, Any]) -> str:
    """Problems solved within 256 samples, by family, and validly so."""
    rows = []
    for seed, found in seeds.items():
        for name, own in found["models"].items():
            cells = [
                f"{f['solved']} ({f['valid']}) of {f['problems']}" for f in own["families"].values()
            ]
            rows.append([seed, name, *cells])
    return _table(["seed", "checkpoint", *dial.SHARES], rows)


def _habit_table(rows: Sequence[Row]) -> str:
    """Share of the answers that end on each strategy, and how many of those are faithful."""
    names = ("d-c", "b-a", "c-b", "d-b", "c+d", "d-a", "b+d", "bare")
    out = []
    for seed, name in dict.fromkeys((row["seed"], row["model"]) for row in rows):
        own = [row for row in rows if (row["seed"], row["model"]) == (seed, name)]
        total = sum(int(row["samples"]) for row in own)
        found = {row["strategy"]: row for row in own}
        out.append([seed, name, *(_habit_cell(found.get(habit), total) for habit in names)])
    return _table(["seed", "checkpoint", *names], out)


def _habit_cell(row: Row | None, total: int) -> str:
    """Share of all answers, and in brackets the share of those that is faithful."""
    if row is None:
        return "0"
    count = int(row["samples"])
    return f"{count / total:.4f} ({int(row['faithful']) / count:.2f})"


def _training_table(folder: Path) -> str:
    """Wall time of every stage of every seed."""
    records = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    rows = [
        [seed, *(f"{record['stages'][name]['seconds'] / 60:.1f} min" for name in NAMES)]
        for seed, record in records.items()
    ]
    return _table(["seed", *NAMES], rows)


def _spread_table(seeds: Mapping[str, Any]) -> str:
    """Smallest, middle and largest difference over the seeds."""
    rows = []
    for name in next(iter(seeds.values()))["contrasts"]:
        by_k = zip(
            *(found["contrasts"][name]["difference"] for found in seeds.values()), strict=True
        )
        rows.append([name, *(" / ".join(f"{x:+.3f}" for x in sorted(column)) for column in by_k)])
    return _table(["difference", *(f"@{k}" for k in KS)], rows)


def card_tables(folder: Path) -> str:
    """The measured part of the card, as Markdown."""
    seeds = figures(folder)["seeds"]
    parts = {
        "pass@k, in brackets by valid derivations only": _curve_table(seeds),
        "Paired differences with 95 % bootstrap intervals over problems": _contrast_table(seeds),
        "Spread of the differences over the seeds, in rising order": _spread_table(seeds),
        "Problems solved within 256 samples, in brackets validly": _family_table(seeds),
        "Share of answers by strategy, in brackets how many are faithful": _habit_table(
            read_rows(folder / HABITS)
        ),
        "Wall time of the training": _training_table(folder),
    }
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in parts.items()) + "\n"


def write(folder: Path) -> None:
    """Write ``figures.json`` from the tables in a folder, and the tables of its ``CARD.md``."""
    text = json.dumps(figures(folder), indent=1) + "\n"
    (folder / "figures.json").write_text(text, encoding="utf-8")
    card = folder / "CARD.md"
    before, _, rest = card.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    card.write_text(f"{before}{BEGIN}\n{card_tables(folder)}{END}{after}", encoding="utf-8")


BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
