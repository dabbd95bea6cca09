from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boundary import sample
from boundary.errors import ConfigError, SampleSizeError, StoreError
from boundary.records import Counts, Finish, Outcome, Sample, Tier, Verdict
from boundary.store import Run, count_run, load_counts
from boundary.store.files import Folder
from tests.runs import done, job, refused, suite

JUDGED = {"c": Outcome.CORRECT, "w": Outcome.WRONG, "u": Outcome.UNJUDGED}


def empty(folder: Path, count: int = 1) -> Run:
    asked = job(folder, suite=suite(count))
    stored, manifest = sample.describe(asked)
    return Run.create(Folder.at(folder), manifest, stored)


def store(run: Run, indices: Iterable[int], key: str = "p-0") -> None:
    writer = run.sample_writer()
    for index in indices:
        writer.add(Sample(key, index, index, "t", None, None, Finish.STOP))
    writer.flush()


def judge(
    run: Run,
    outcomes: dict[int, str],
    key: str = "p-0",
    *,
    verifier: str = "exact",
    version: str = "1",
    valid: bool | None = None,
    tier: Tier = Tier.STRICT,
) -> None:
    writer = run.verdict_writer(verifier)
    for index, letter in outcomes.items():
        own = valid if letter == "c" else None if valid is None else False
        writer.add(Verdict(key, index, tier, JUDGED[letter], "r", None, own, version))
    writer.flush()


def of(text: str) -> dict[int, str]:
    return dict(enumerate(text))


def counted(run: Run, tier: Tier = Tier.STRICT) -> tuple[int, int, int]:
    (count,) = count_run(run, tier=tier).counts
    return count.n, count.correct, count.unjudged


def test_samples_count_up_to_the_first_that_is_missing(tmp_path: Path) -> None:
    """A late answer is a long one: counting those beyond the hole would favour short ones."""
    run = empty(tmp_path)
    store(run, [5, 0, 1])
    store(run, [2, 4, 7])
    judge(run, of("wwccccccc"))
    table = count_run(run)
    assert counted(run) == (3, 1, 0)
    assert table.firsts == {"p-0": 2}
    assert table.notes == (f"{run.name} is unfinished: 3 samples wait for earlier ones",)
    store(run, [3])
    assert counted(run) == (6, 4, 0)
    store(run, [6])
    assert (counted(run), count_run(run).notes) == ((8, 6, 0), ())


def test_a_first_success_beyond_the_hole_is_none(tmp_path: Path) -> None:
    run = empty(tmp_path)
    store(run, [0, 1, 3])
    judge(run, {0: "w", 1: "u", 3: "c"})
    assert (counted(run), count_run(run).firsts) == ((2, 0, 1), {"p-0": None})


def test_no_verdict_yet_and_no_decision_are_both_unjudged(tmp_path: Path) -> None:
    run = empty(tmp_path)
    store(run, range(6))
    judge(run, {0: "c", 2: "u", 3: "w", 5: "c"})
    assert counted(run) == (6, 2, 3)


def test_a_problem_without_any_verdict_is_unjudged(tmp_path: Path) -> None:
    run = empty(tmp_path, 2)
    store(run, range(3))
    store(run, range(3), "p-1")
    judge(run, of("ccc"))
    found = [(c.n, c.correct, c.unjudged) for c in count_run(run).counts]
    assert found == [(3, 3, 0), (3, 0, 3)]


def test_the_latest_verdict_wins(tmp_path: Path) -> None:
    run = empty(tmp_path)
    store(run, range(4))
    judge(run, of("wwuu"), version="1")
    judge(run, {1: "c", 2: "w"}, version="2")
    assert counted(run) == (4, 1, 1)


def test_tiers_are_counted_apart(tmp_path: Path) -> None:
    run = empty(tmp_path)
    store(run, range(2))
    judge(run, of("wc"))
    judge(run, of("cc"), tier=Tier.LENIENT)
    assert (counted(run), counted(run, Tier.LENIENT)) == ((2, 1, 0), (2, 2, 0))


@pytest.mark.parametrize(("valid", "expected"), [(None, None), (True, 2), (False, 0)])
def test_valid_derivations_count_among_the_right_ones(
    valid: bool | None, expected: int | None, tmp_path: Path
) -> None:
    run = empty(tmp_path)
    store(run, range(3))
    judge(run, of("cwc"), valid=valid)
    assert count_run(run).counts[0].valid == expected


def test_the_deciding_verifier_is_read_unless_another_is_named(tmp_path: Path) -> None:
    run = empty(tmp_path)
    store(run, range(2))
    judge(run, of("cc"), verifier="another")
    with pytest.raises(StoreError, match="has no verdicts by exact"):
        count_run(run)
    judge(run, of("cw"))
    assert counted(run) == (2, 1, 0)
    assert count_run(run, verifier="another").counts[0].correct == 2
    with pytest.raises(StoreError, match="no verdicts by third"):
        count_run(run, verifier="third")


def test_a_problem_without_samples_is_refused(tmp_path: Path) -> None:
    run = empty(tmp_path, 3)
    store(run, [0, 1])
    store(run, [1, 2], "p-1")
    judge(run, of("cc"))
    with pytest.raises(SampleSizeError, match="2 of 3 problems"):
        count_run(run)


def test_groups_come_from_the_problems(tmp_path: Path) -> None:
    grouped = tuple(replace(p, group="twins") for p in suite(2).problems)
    asked = job(tmp_path, 2, suite=replace(suite(2), problems=grouped))
    assert [c.group for c in count_run(sample.run(asked)).counts] == ["twins", "twins"]


TABLE = pd.DataFrame(
    {
        "problem_id": ["007", "NA", "007", "NA"],
        "n": [8, 8, 16, 4],
        "c": [0, 8, 3, 1],
        "model": ["a", "a", "null", "null"],
        "group": ["g", None, "g", None],
        "colour": [1, 2, 3, 4],
    }
)


def write(frame: pd.DataFrame, path: Path) -> str:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_counts_table(name: str, tmp_path: Path) -> None:
    path = write(TABLE, tmp_path / name)
    first, second = load_counts(path)
    assert (first.label, second.label, first.run, first.firsts) == ("a", "null", None, None)
    assert first.counts == (Counts("007", 8, 0, group="g"), Counts("NA", 8, 8))
    assert second.counts == (Counts("007", 16, 3, group="g"), Counts("NA", 4, 1))
    assert load_counts(f"{path}::null") == [second]


def test_a_table_of_one_model_is_named_by_its_file(tmp_path: Path) -> None:
    path = write(TABLE[:2][["problem_id", "n", "c"]], tmp_path / "qwen.csv")
    (table,) = load_counts(path)
    assert (table.label, [c.group for c in table.counts]) == ("qwen", [None, None])


def test_whole_numbers_may_be_written_as_text_or_decimals(tmp_path: Path) -> None:
    frame = TABLE[:2].assign(n=["8.0", "8"], c=[0.0, 8.0])
    (table,) = load_counts(write(frame, tmp_path / "t.parquet"))
    assert [(c.n, c.correct) for c in table.counts] == [(8, 0), (8, 8)]


BAD = {
    "no c": (TABLE.drop(columns="c"), "has no column c"),
    "no n, no c": (TABLE[["problem_id"]], "has no column n, c"),
    "negative c": (TABLE.assign(c=[0, -1, 3, 1]), r"row 2 .*\(NA\) has n = 8, c = -1"),
    "c beyond n": (TABLE.assign(c=[0, 8, 3, 5]), r"row 4 .*n = 4, c = 5"),
    "no samples": (TABLE.assign(n=[0, 8, 16, 4]), "row 1 .*n = 0"),
    "half a sample": (TABLE.assign(n=[8.5, 8, 16, 4]), "row 1 .*n = 8.5"),
    "a gap": (TABLE.assign(c=[0, 8, np.nan, 1]), "row 3 .*c = nan"),
    "words": (TABLE.assign(c=["0", "8", "many", "1"]), "row 3 .*c = many"),
    "without end": (TABLE.assign(n=[np.inf, 8, 16, 4]), "row 1 .*n = inf"),
    "twice": (TABLE.assign(problem_id="x"), "names problem 'x' twice for a"),
    "no id": (TABLE.assign(problem_id=["a", np.nan, "c", "d"]), "row 2 .* has no problem_id"),
    "no model": (TABLE.assign(model=["a", "a", np.nan, "b"]), "row 3 .* has no model"),
    "no rows": (TABLE[:0], "has no rows"),
}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(("frame", "told"), BAD.values(), ids=BAD)
def test_a_malformed_table_is_refused(
    frame: pd.DataFrame, told: str, kind: str, tmp_path: Path
) -> None:
    path = write(frame, tmp_path / f"t.{kind}")
    with pytest.raises(ConfigError, match=told):
        load_counts(path)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
@pytest.mark.parametrize("data", [b"", b"\xff\xfe\0rubbish", b'a,"b\n1'])
def test_what_is_no_table_is_refused(data: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError, match=name):
        load_counts(str(tmp_path / name))


def test_an_unknown_model_is_refused_with_the_names(tmp_path: Path) -> None:
    path = write(TABLE, tmp_path / "t.csv")
    with pytest.raises(ConfigError, match="has no model 'b'") as caught:
        load_counts(f"{path}::b")
    assert caught.value.remedy == "it has: a, null"


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no table of counts at"):
        load_counts(f"{tmp_path}/none.csv::a")
    with pytest.raises(StoreError, match="no run at"):
        load_counts(f"{tmp_path}/none")


def test_a_run_has_no_models_to_choose_from(tmp_path: Path) -> None:
    run = sample.run(job(tmp_path))
    assert load_counts(str(run.folder)) == [count_run(run)]
    with pytest.raises(ConfigError, match="is a run, which has no model 'a'"):
        load_counts(f"{run.folder}::a")


def test_tables_at_the_command_line(tmp_path: Path) -> None:
    both = pd.DataFrame(
        {
            "problem_id": ["x", "y"] * 2,
            "n": 4,
            "c": [1, 0, 4, 2],
            "model": ["base", "base", "rl", "rl"],
        }
    )
    write(both, tmp_path / "t.csv")
    assert all(name in done(tmp_path, "passk", "t.csv") for name in ("base", "rl"))
    told = refused(tmp_path, "compare", "t.csv", "t.csv::rl")
    assert "t.csv::base, t.csv::rl" in told
    found = done(tmp_path, "compare", "t.csv::base", "t.csv::rl", "--k", 1, "--json")
    assert '"difference": 0.625' in found
