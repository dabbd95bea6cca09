"""Comparisons of published counts through the command line, and of runs whose truth is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from boundary import compare, display, sample, stats
from boundary.errors import ConfigError
from boundary.passk import Settings
from boundary.records import Counts, CrossingKind, Design, Overlap, Problem
from boundary.store import CountsTable, count_run, load_counts
from boundary.suites import Suite
from boundary.suites.base import digest_of
from tests.runs import job
from tests.shell import boundary, done, refused

BASE, TUNED = "Qwen2.5-7B", "Qwen-2.5-7B-SimpleRL-Zoo"


@pytest.fixture(scope="module")
def published(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    where = tmp_path_factory.mktemp("published")
    arguments = (f"{table}::{BASE}", f"{table}::{TUNED}", "--out", "out")
    return boundary("compare", *arguments, "--json", where=where).json(), where / "out"


def test_the_published_four_way_table(published: Any) -> None:
    (summary,) = published[0]["summaries"]
    cells = [summary[name] for name in ("both", "base_only", "other_only", "neither")]
    assert cells == [462, 19, 3, 16]
    assert summary["solved_at"] == 128
    assert summary["mcnemar_p"] == pytest.approx(0.000855, abs=1e-5)


def test_the_published_gaps(published: Any) -> None:
    rows = {row["k"]: row for row in published[0]["differences"]}
    first, last = rows[1], rows[128]
    assert 100 * first["difference"] == pytest.approx(16.5, abs=0.06)
    assert [100 * first["low"], 100 * first["high"]] == pytest.approx([14.7, 18.5], abs=0.4)
    assert 100 * last["difference"] == pytest.approx(-3.2, abs=0.006)
    assert [100 * last["low"], 100 * last["high"]] == pytest.approx([-5.1, -1.4], abs=0.3)
    assert first["settled"]
    assert last["settled"]


def test_the_published_crossing_and_the_verdict(published: Any) -> None:
    (summary,) = published[0]["summaries"]
    assert summary["crossing"] == CrossingKind.CROSSES.value
    assert 14 < summary["crossing_k"] <= 15
    assert summary["crossing_low"] == pytest.approx(9, abs=1.5)
    assert summary["crossing_high"] == pytest.approx(31, abs=4)
    (verdict,) = published[0]["verdicts"]
    assert verdict.startswith(f"{TUNED} raises pass@1 by 16.5 pt [")
    assert f"{BASE} is ahead from k = 15 [" in verdict
    assert f"at k = 128 {BASE} leads by 3.2 pt [" in verdict
    assert "19 problems to 3 (p = .0009)" in verdict


def test_the_written_tables_say_the_same(published: Any) -> None:
    found, out = published
    summary = pd.read_csv(out / "comparisons.csv")
    assert summary["base_only"].tolist() == [19]
    overlap = pd.read_csv(out / "overlap.csv")
    assert overlap["solved_by"].value_counts().to_dict() == {
        "both": 462, "base_only": 19, "neither": 16, "other_only": 3,
    }  # fmt: skip
    differences = pd.read_csv(out / "differences.csv")
    assert differences["difference"].tolist() == pytest.approx(
        [row["difference"] for row in found["differences"]], abs=1e-12
    )
    histogram = pd.read_csv(out / "histogram.csv")
    assert histogram.groupby("arm")["problems"].sum().to_dict() == {BASE: 500, TUNED: 500}
    for kind in ("difference", "overlap", "histogram"):
        assert list(out.glob(f"{kind}-*.svg"))


def test_a_table_without_a_model_is_refused_with_the_names(table: Path, tmp_path: Path) -> None:
    told = refused("compare", table, f"{table}::{TUNED}", where=tmp_path)
    assert "holds several models" in told
    for model in (BASE, TUNED):
        assert f"{table}::{model}" in told
    assert refused("compare", f"{table}::{BASE}", table, where=tmp_path) == told


def test_a_k_beyond_n_is_refused(table: Path, tmp_path: Path) -> None:
    told = refused("compare", f"{table}::{BASE}", f"{table}::{TUNED}", "--k", 129, where=tmp_path)
    assert "129" in told
    told = refused(
        "compare", f"{table}::{BASE}", f"{table}::{TUNED}", "--solved-at", 200, where=tmp_path
    )
    assert "200" in told


def test_different_problems_are_refused(table: Path, tmp_path: Path) -> None:
    pythia = next(t.label for t in load_counts(str(table)) if "ythia" in t.label)
    told = refused("compare", f"{table}::{BASE}", f"{table}::{pythia}", where=tmp_path)
    assert "problem" in told


def written(path: Path, counts: dict[str, list[int]], n: int = 8) -> dict[str, Any]:
    """A counts table of several models, read back."""
    lines = ["problem_id,model,n,c"]
    for model, column in counts.items():
        lines += [f"q{i},{model},{n},{c}" for i, c in enumerate(column)]
    path.write_text("\n".join(lines))
    return {found.label: found for found in load_counts(str(path))}


def test_problem_sets_must_be_equal_not_only_overlap(tmp_path: Path) -> None:
    tables = written(tmp_path / "t.csv", {"base": [1, 2, 3], "rl": [1, 2]})
    with pytest.raises(ConfigError, match="q2"):
        compare.run(tables["base"], [tables["rl"]])


def test_a_model_compared_with_itself_differs_nowhere(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    column = rng.integers(0, 9, 40).tolist()
    tables = written(tmp_path / "t.csv", {"base": column, "same": column})
    (found,) = compare.run(tables["base"], [tables["same"]], Settings(resamples=200))
    assert found.difference.tolist() == [0.0] * len(found.ks)
    assert not found.is_settled.any()
    assert found.crossing.kind is CrossingKind.TIE
    assert (found.high > found.low).all()


def test_each_other_is_compared_with_the_base_and_others_change_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    columns = {name: rng.integers(0, 9, 30).tolist() for name in ("base", "one", "two")}
    tables = written(tmp_path / "t.csv", columns)
    both = compare.run(tables["base"], [tables["one"], tables["two"]], Settings(resamples=200))
    (alone,) = compare.run(tables["base"], [tables["two"]], Settings(resamples=200))
    assert [c.other.label for c in both] == ["one", "two"]
    np.testing.assert_array_equal(both[1].low, alone.low)
    np.testing.assert_array_equal(both[1].p_value, alone.p_value)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Runs of known counts, by model."""
    where = tmp_path_factory.mktemp("drawn")
    for model, extra in (
        ("fake/first=2", ()),
        ("fake/first=4", ("--temperature", 1.0)),
        ("fake/first=0", ("--template", "qwen-boxed", "--max-tokens", 2000)),
    ):
        done("sample", model, "--suite", "dial", "-n", 8, "--limit", 12, *extra, where=where)
    return {p.name.split("-")[0]: str(p) for p in (where / "results").iterdir()}


def counts(drawn: dict[str, str], name: str) -> Any:
    (found,) = load_counts(drawn[name])
    return found


def test_runs_of_known_counts(drawn: dict[str, str]) -> None:
    base, other = counts(drawn, "first=2"), counts(drawn, "first=4")
    (found,) = compare.run(base, [other])
    assert found.difference.tolist() == pytest.approx(
        [0.25, 1 - 6 / 28 - 13 / 28, 1 - 1 / 70 - 55 / 70, 0.0], abs=1e-12
    )
    assert len(found.overlap.both) == 12
    (within,) = compare.run(base, [counts(drawn, "first=0")], solved_at=1)
    assert (len(within.overlap.base_only), within.overlap.k) == (12, 1)


def test_what_else_sets_two_runs_apart_is_told(drawn: dict[str, str]) -> None:
    base = counts(drawn, "first=2")
    (warm,) = compare.run(base, [counts(drawn, "first=4")])
    assert any("different temperatures: 0.6 and 1.0" in note for note in warm.notes)
    assert not any("prompts" in note for note in warm.notes)
    (raw,) = compare.run(base, [counts(drawn, "first=0")])
    assert any("different prompts" in note for note in raw.notes)
    assert any("different token budgets: 16384 and 2000" in note for note in raw.notes)


def test_notes_go_to_standard_error_and_the_verdict_to_standard_output(
    drawn: dict[str, str], tmp_path: Path
) -> None:
    ended = boundary("compare", drawn["first=2"], drawn["first=4"], where=tmp_path)
    assert "different temperatures" in ended.err
    assert "different temperatures" not in ended.out
    assert ended.out.splitlines()[0].endswith(".")
    assert "25.0 pt" in ended.out.splitlines()[0]


def test_runs_of_different_problems_under_equal_ids_are_refused(tmp_path: Path) -> None:
    runs = []
    for question in ("1 + 1", "2 + 0"):
        path = tmp_path / f"{question[0]}.jsonl"
        path.write_text(json.dumps({"id": "p", "problem": question, "answer": "2"}) + "\n")
        shown = done("sample", "fake/p=0.5", "--suite", path, "-n", 4, "--json", where=tmp_path)
        runs.append(json.loads(shown)["path"])
    assert "whose problems differ" in refused("compare", *runs, where=tmp_path)


def test_different_verifiers_stand_in_the_verdict(tmp_path: Path) -> None:
    rows = [{"id": str(i), "problem": f"{i} + 1", "answer": str(i + 1)} for i in range(4)]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for model, verifier in (("fake/p=0.5", "exact"), ("fake/p=0.6", "math")):
        options = ("--suite", "s.jsonl", "--verifier", verifier, "-n", 4)
        done("sample", model, *options, where=tmp_path)
    runs = sorted((tmp_path / "results").iterdir())
    shown = done("compare", *runs, where=tmp_path)
    assert "the two differ in verifiers (exact and math)." in shown.splitlines()[0]


def test_an_adaptive_run_beside_one_of_fixed_n(tmp_path: Path) -> None:
    """Three problems, stopped at 4 and at 8 and not at all, against 16 samples of each."""
    reached, first = [("a", 4, 2), ("b", 8, 3), ("c", 16, 0)], [2, 0, 0]
    quick = CountsTable(
        "quick",
        tuple(Counts(*row) for row in reached),
        {"a": 0, "b": 5, "c": None},
        design=Design(2, (4, 8, 16)),
        first_look=tuple(Counts(row[0], 4, c) for row, c in zip(reached, first, strict=True)),
    )
    full = CountsTable(
        "full", tuple(Counts(name, 16, 4) for name in "abc"), {"a": 0, "b": 9, "c": 3}
    )
    (found,) = compare.run(full, [quick], solved_at=8, out=tmp_path)
    assert found.ks.tolist() == [1, 2, 4, 8, 16]
    assert found.other.per_problem[:, 2].tolist() == [1, 6 / 7, 0]
    assert found.method[-1] == "tango"
    assert isinstance(found.overlap, Overlap)
    assert (found.overlap.both, found.overlap.other_only) == (("a",), ("b",))
    assert found.other_histogram.tolist() == [2, *[0] * 4, 1, *[0] * 6]
    assert any(note.startswith("quick is adaptive: ") for note in found.notes)
    assert any("histogram uses the first 4 samples" in note for note in found.notes)
    for name in ("differences.csv", "histogram.csv", "overlap.csv"):
        assert len(pd.read_csv(tmp_path / name))


def test_controls_and_lists_are_written(tmp_path: Path) -> None:
    columns = {"base": [0, 1, 3, 8] * 5, "rl": [0, 4, 8, 8] * 5, "again": [1, 0, 3, 8] * 5}
    tables = written(tmp_path / "t.csv", columns)
    (found,) = compare.run(
        tables["base"], [tables["rl"]], floor=tables["again"], out=tmp_path / "out"
    )
    assert found.floor is not None
    assert found.floor.second is not None
    floors = pd.read_csv(tmp_path / "out" / "floor.csv").set_index("table")
    assert floors.loc["base, second run of base", "other_only"] == 5
    assert floors["k"].tolist() == [4, 4, 8, 8]
    moves = pd.read_csv(tmp_path / "out" / "transition.csv", dtype={"base_accuracy": str})
    assert moves["problems"].sum() == 20
    support = pd.read_csv(tmp_path / "out" / "support.csv").iloc[0]
    assert support["srr"] == 1.0
    summary = pd.read_csv(tmp_path / "out" / "comparisons.csv").iloc[0]
    assert summary["reversal"] == 1
    assert summary["floor_k"] == 4


def test_problems_that_all_share(tmp_path: Path) -> None:
    tables = written(tmp_path / "t.csv", {"base": [1, 2, 3], "rl": [1, 2]})
    base, other = compare.shared([tables["base"], tables["rl"]])
    (found,) = compare.run(base, [other])
    assert found.base.problem_ids == ("q0", "q1")
    assert "compared on the 2 problems that all share, of up to 3" in found.notes
    whole = compare.shared([tables["base"]] * 2)
    assert [table.counts for table in whole] == [tables["base"].counts] * 2
    assert not any(table.notes for table in whole)
    apart = CountsTable("apart", (Counts("x", 8, 1),))
    with pytest.raises(ConfigError, match="share no problem"):
        compare.shared([tables["base"], apart])


def test_problems_of_one_id_are_shared_only_where_question_and_answer_agree(
    tmp_path: Path,
) -> None:
    runs = []
    for first, second in (("1 + 1", "3 + 3"), ("2 + 0", "3 + 3")):
        path = tmp_path / f"{first[0]}.jsonl"
        rows = [{"id": "a", "problem": first, "answer": "2"}]
        rows += [{"id": "b", "problem": second, "answer": "6"}]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        shown = done("sample", "fake/p=0.5", "--suite", path, "-n", 4, "--json", where=tmp_path)
        runs.append(json.loads(shown)["path"])
    base, other = compare.shared([load_counts(str(tmp_path / run))[0] for run in runs])
    (found,) = compare.run(base, [other])
    assert found.base.problem_ids == ("b",)


def test_what_sets_two_runs_apart_stands_in_the_verdict(drawn: dict[str, str]) -> None:
    (raw,) = compare.run(counts(drawn, "first=2"), [counts(drawn, "first=0")])
    line = stats.verdict(raw)
    told = "beside their checkpoints the two differ in prompts, token budgets (16384 and 2000)"
    assert line.endswith(told)
    (cut,) = compare.run(
        counts(drawn, "first=2"), [counts(drawn, "first=0")], Settings(budget=1000)
    )
    assert "token budgets" not in stats.verdict(cut)
    assert any("read at a budget of 1000 tokens" in note for note in cut.notes)


def test_a_series_has_a_trend_and_all_its_pairs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {f"step-{s}": rng.binomial(8, 0.2 + s / 500, 60).tolist() for s in (0, 100, 300)}
    tables = list(written(tmp_path / "t.csv", columns).values())
    steps = compare.steps_of([table.label for table in tables])
    assert steps == [0.0, 100.0, 300.0]
    made = compare.extras(tables[0], tables[1:], steps=steps, out=tmp_path / "out")
    frames = {extra.name: extra.frame for extra in made}
    assert list(frames) == ["pairs", "trend"]
    assert frames["trend"]["slope_per_step"][0] == pytest.approx(1 / 500, abs=5e-4)
    assert frames["trend"]["p_value"][0] < 0.01
    assert len(frames["pairs"]) == 3 * 4
    assert len(pd.read_csv(tmp_path / "out" / "trend.csv")) == 2
    few = compare.extras(tables[0], tables[1:2], steps=steps[:2])
    assert [extra.name for extra in few] == ["pairs", "trend"]
    with pytest.raises(ConfigError, match="2 steps for 3 models"):
        compare.extras(tables[0], tables[1:], steps=steps[:2])
    with pytest.raises(ConfigError, match="no number"):
        compare.steps_of(["base", "step-1"])


def test_lengths_by_outcome(drawn: dict[str, str]) -> None:
    tables = [counts(drawn, name) for name in ("first=2", "first=4")]
    (lengths,) = compare.extras(tables[0], tables[1:])
    every = lengths.frame[lengths.frame["outcome"] == "all"]
    assert every["samples"].tolist() == [96, 96]
    parts = lengths.frame[lengths.frame["outcome"] != "all"]
    assert parts["samples"].sum() == 192


def test_the_fixed_suite_of_a_comparison(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    columns = {name: rng.integers(0, 9, 30).tolist() for name in ("base", "rl")}
    tables = written(tmp_path / "t.csv", columns)
    (found,) = compare.run(tables["base"], [tables["rl"]], Settings(target="fixed_suite"))
    assert set(found.method[:-1]) == {"fixed_suite"}
    assert found.base.method[0] == "fixed_suite"
    assert any("these very problems" in note for note in found.notes)


def test_what_a_comparison_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(2)
    columns = {name: rng.integers(0, 9, 12).tolist() for name in ("base", "one", "two")}
    base, *others = written(tmp_path / "t.csv", columns).values()
    found, extras = compare.run(base, others), compare.extras(base, others)
    display.show_comparisons(found, as_json=False, extras=extras)
    shown = capsys.readouterr().out
    for words in (
        "would put the other ahead",
        "noise floor at k = 4",
        "solved sets",
        "the same tables by chance alone",
        "differences of all pairs",
    ):
        assert words in shown
    display.show_comparisons(found, as_json=True, extras=extras)
    printed = json.loads(capsys.readouterr().out)
    assert {"verdicts", "controls", "support", "floor", "pairs"} <= set(printed)


def test_what_guessing_would_solve_is_told_beside_a_comparison(tmp_path: Path) -> None:
    problems = tuple(Problem(f"p{i}", "A or B?", "A", meta={"guess": 0.5}) for i in range(3))
    letters = Suite("letters", problems, "qwen-boxed", "exact", "made up", digest_of(problems))
    tables = []
    for model in ("fake/p=0.5", "fake/p=0.7"):
        tables.append(count_run(sample.run(job(tmp_path, 2, model, suite=letters))))
    (found,) = compare.run(tables[0], tables[1:], Settings(resamples=100))
    assert found.other.guess is not None
    assert found.other.guess.tolist() == [0.5, 0.75]
    told = "blind guesses alone solve of letters 50.0% at k = 1, 75.0% at k = 2"
    assert found.notes.count(told) == 1


def test_one_sample_has_no_floor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, other = written(tmp_path / "t.csv", {"base": [0, 1], "rl": [1, 1]}, n=1).values()
    found = compare.run(base, [other])
    assert found[0].floor is None
    display.show_comparisons(found, as_json=False)
    assert "by chance" not in capsys.readouterr().out
    with pytest.raises(ConfigError, match="two halves"):
        compare.run(base, [other], floor=base)
