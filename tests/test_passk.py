"""pass@k from published counts through the command line, and from runs whose truth is known."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boundary import display, passk
from boundary.errors import ConfigError, SampleSizeError
from boundary.passk import Also, Settings
from boundary.records import Counts, Design
from boundary.store import CountsTable, Run, load_counts
from boundary.store.files import Folder
from tests.shell import boundary, done, refused

BASE = [61.39, 73.41, 81.44, 86.82, 90.43, 92.93, 94.74, 96.20]
TUNED = {1: 77.93, 128: 93.00}
POWERS = [1, 2, 4, 8, 16, 32, 64, 128]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("passk")
    done("sample", "fake/first=3", "--suite", "dial", "-n", 8, "--limit", 30, where=where)
    (found,) = (where / "results").iterdir()
    return found


def test_the_published_base(table: Path, tmp_path: Path) -> None:
    rows = boundary("passk", f"{table}::Qwen2.5-7B", "--json", where=tmp_path).json()
    assert [row["k"] for row in rows] == POWERS
    assert [100 * row["pass_at_k"] for row in rows] == pytest.approx(BASE, abs=0.006)
    assert all(row["low"] < row["pass_at_k"] < row["high"] for row in rows)
    assert {row["problems"] for row in rows} == {500}
    assert {row["n"] for row in rows} == {128}


def test_the_published_tuned_model(table: Path, tmp_path: Path) -> None:
    rows = boundary("passk", f"{table}::Qwen-2.5-7B-SimpleRL-Zoo", "--json", where=tmp_path).json()
    found = {row["k"]: 100 * row["pass_at_k"] for row in rows}
    assert {k: found[k] for k in TUNED} == pytest.approx(TUNED, abs=0.006)


def test_a_table_without_a_model_prints_each(table: Path, tmp_path: Path) -> None:
    shown = done("passk", table, "--k", 1, "--resamples", 100, where=tmp_path)
    for model in ("Qwen2.5-7B", "Qwen-2.5-7B-SimpleRL-Zoo", "Pythia"):
        assert model in shown
    assert re.search(r"Qwen2\.5-7B +1 +61\.39 \[", shown)


def test_an_unknown_model_is_answered_with_the_names(table: Path, tmp_path: Path) -> None:
    told = refused("passk", f"{table}::Qwen", where=tmp_path)
    assert "no model 'Qwen'" in told
    assert "Qwen2.5-7B, Qwen-2.5-7B-SimpleRL-Zoo" in told


def test_a_k_beyond_n_is_refused(table: Path, run: Path, tmp_path: Path) -> None:
    told = refused("passk", f"{table}::Qwen2.5-7B", "--k", 129, where=tmp_path)
    assert "129" in told
    assert "128" in told
    assert "9" in refused("passk", run, "--k", 1, "--k", 9, where=tmp_path)
    with pytest.raises(SampleSizeError):
        passk.run(load_counts(str(run)), Settings(ks=(9,)))


def test_a_run_of_known_counts_gives_the_exact_curve(run: Path) -> None:
    """c = 3 of n = 8 everywhere: 1 - C(5, k) / C(8, k)."""
    (curve,) = passk.run(load_counts(str(run))).solved
    assert curve.ks.tolist() == [1, 2, 4, 8]
    np.testing.assert_allclose(curve.mean, [3 / 8, 18 / 28, 65 / 70, 1.0], atol=1e-12)
    assert curve.label == run.name
    assert (curve.high > curve.low).all(), "an interval has a width even without spread"


def test_valid_derivations_have_a_curve_of_their_own(run: Path, tmp_path: Path) -> None:
    shown = done("passk", run, "--out", tmp_path / "out", where=tmp_path)
    assert "counting valid derivations only" in shown
    valid = pd.read_csv(tmp_path / "out" / "passk_valid.csv")
    assert valid["pass_at_k"].tolist() == [0.0] * 4


def test_tables_and_figures_are_written_where_asked(run: Path, tmp_path: Path) -> None:
    done("passk", run, "--k", 1, "--k", 4, "--out", "out", where=tmp_path)
    frame = pd.read_csv(tmp_path / "out" / "passk.csv")
    assert frame["k"].tolist() == [1, 4]
    assert frame["pass_at_k"].tolist() == pytest.approx([3 / 8, 65 / 70], abs=1e-12)
    assert (tmp_path / "out" / "passk.svg").stat().st_size
    assert (tmp_path / "out" / "passk.png").stat().st_size


def test_a_place_that_cannot_be_written_to_is_told(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = boundary("passk", run, "--out", "file/out", where=tmp_path)
    assert ended.code == 1
    assert "error: cannot write" in ended.err
    assert "Traceback" not in ended.err


def test_the_seed_decides_the_intervals_and_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 17, 140)
    lines = ["problem_id,n,c", *(f"q{i},16,{c}" for i, c in enumerate(counts))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    one, same, other = (
        boundary("passk", "t.csv", "--k", 4, "--seed", seed, "--json", where=tmp_path).json()[0]
        for seed in (0, 0, 1)
    )
    assert one == same
    assert one["pass_at_k"] == other["pass_at_k"]
    assert (one["low"], one["high"]) != (other["low"], other["high"])
    assert one["arm"] == "t"


def test_lenient_counts_what_strict_does_not(run: Path, tmp_path: Path) -> None:
    """Judged once more for a channel that no answer uses: strict finds none, lenient all."""
    suite = tmp_path / "own.jsonl"
    suite.write_text('{"id": "a", "problem": "2 + 2?", "answer": "4", "solution": "#### 4"}\n')
    done("sample", "fake/p=1", "--suite", suite, "-n", 4, where=tmp_path)
    (found,) = (tmp_path / "results").iterdir()
    stored = Run.open(Folder.at(found))
    identity = {**stored.manifest.identity, "template": "dapo@rlvr"}
    stored.folder.write("manifest.json", replace(stored.manifest, identity=identity).to_json())
    shutil.rmtree(found / "verdicts")
    done("verify", found, where=tmp_path)
    shares = [
        boundary("passk", found, "--k", 1, *extra, "--json", where=tmp_path).json()[0]["pass_at_k"]
        for extra in ([], ["--lenient"])
    ]
    assert shares == [0.0, 1.0]


def test_a_verifier_that_did_not_judge_is_refused(run: Path, tmp_path: Path) -> None:
    told = refused("passk", run, "--verifier", "exact", where=tmp_path)
    assert "no verdicts by exact" in told
    assert "boundary verify" in told


DESIGN = Design(2, (4, 8, 16))


def adaptive(label: str = "quick") -> CountsTable:
    """Problems that stopped at the first look, at the second, and not at all."""
    last = [("a", 4, 2, 1), ("b", 8, 3, 0), ("c", 16, 1, 1)]
    first = [("a", 2, 1), ("b", 0, 0), ("c", 0, 0)]
    return CountsTable(
        label,
        tuple(Counts(name, n, c, valid=v) for name, n, c, v in last),
        {"a": 0, "b": 5, "c": 12},
        design=DESIGN,
        first_look=tuple(Counts(name, 4, c, valid=v) for name, c, v in first),
    )


def test_an_adaptive_table_has_its_curve_to_the_cap_and_says_so(tmp_path: Path) -> None:
    found = passk.run([adaptive()], out=tmp_path)
    (curve,) = found.solved
    assert curve.ks.tolist() == [1, 2, 4, 8, 16]
    assert curve.per_problem[1, 2] == 6 / 7
    assert curve.per_problem[:, 3].tolist() == [1, 1, 0.5]
    assert curve.mean[-1] == 1
    assert "quick is adaptive: stops at the first of 4, 8 samples with 2 correct" in found.notes[0]
    frame = pd.read_csv(tmp_path / "passk.csv")
    assert (set(frame["n"]), set(frame["stop_after"]), set(frame["looks"])) == (
        {16}, {2}, {"4 8 16"},
    )  # fmt: skip
    with pytest.raises(SampleSizeError, match="pass@17 with n = 16"):
        passk.run([adaptive()], Settings(ks=(17,)))


def test_valid_derivations_of_an_adaptive_table_end_at_its_first_look() -> None:
    found = passk.run([adaptive()])
    (valid,) = found.valid
    assert valid.ks.tolist() == [1, 2, 4]
    assert valid.mean[0] == pytest.approx(1 / 12)
    assert "valid derivations are those among the first 4 samples" in found.notes[1]
    (valid,) = passk.run([adaptive()], Settings(ks=(2, 16))).valid
    assert valid.ks.tolist() == [2]
    assert passk.run([adaptive()], Settings(ks=(8, 16))).valid == ()


def spread_run(where: Path, model: str = "fake/p=0.4,tokens=24,spread=0.8") -> CountsTable:
    few = ("-n", 8, "--limit", 12, "--max-tokens", 90)
    done("sample", model, "--suite", "dial", *few, where=where)
    (found,) = (where / "results").iterdir()
    (table,) = load_counts(str(found))
    return table


def test_what_is_made_besides_curves(tmp_path: Path) -> None:
    table = spread_run(tmp_path)
    also = Also(budgets=(20, 90), extrapolate=32, metrics=True, answers=True, cost=True)
    found = passk.run([table], also=also, out=tmp_path / "out")
    frames = {extra.name: extra.frame for extra in found.extras}
    assert list(frames) == [
        "budgets", "extrapolation", "metrics", "cost", "majority", "answers", "guesses",
    ]  # fmt: skip
    for name, frame in frames.items():
        assert len(pd.read_csv(tmp_path / "out" / f"{name}.csv")) == len(frame) > 0
    solved = found.solved[0]
    budgets = frames["budgets"]
    whole = budgets[budgets["budget"] == 90]
    np.testing.assert_allclose(whole["pass_at_k"], solved.mean)
    assert (budgets[budgets["budget"] == 20]["pass_at_k"].to_numpy() <= solved.mean).all()
    assert set(frames["extrapolation"]["k"]) == {16, 32}
    assert "pass_at_k" not in frames["extrapolation"]
    metrics = frames["metrics"][frames["metrics"]["k"] == 8]
    values = metrics.fillna({"tau": "all"}).set_index(["metric", "tau"])["value"].to_dict()
    assert values["G-Pass@k", "1"] == pytest.approx(values["pass^k", "all"])
    assert frames["majority"]["maj_at_k"][0] == pytest.approx(solved.mean[0])
    assert (frames["answers"]["samples"] == 8).all()
    assert (frames["answers"]["hit_elsewhere"] <= 0.5).all()
    names = frames["guesses"]["curve"].unique().tolist()
    assert names[:2] == ["pass@k", "answers to other problems (equal text)"]
    assert frames["cost"]["tokens"].is_monotonic_increasing


def test_a_budget_moves_the_curve_and_is_told(tmp_path: Path) -> None:
    table = spread_run(tmp_path)
    cut, whole = (passk.run([table], Settings(budget=b)) for b in (20, None))
    assert cut.solved[0].mean[0] < whole.solved[0].mean[0]
    assert any("read at a budget of 20 tokens" in note for note in cut.notes)


def test_direct_answers_leave_out_problems_hit_by_luck(tmp_path: Path) -> None:
    def counted(label: str, correct: tuple[int, ...], n: int) -> CountsTable:
        rows = (Counts(f"q{i}", n, c) for i, c in enumerate(correct))
        return CountsTable(label, tuple(rows))

    direct = counted("direct", (0, 1, 50), 100)
    found = passk.run([counted("model", (0, 4, 2), 4)], Settings(ks=(1,)), also=Also(direct=direct))
    frame = found.extras[0].frame.set_index("curve")
    assert frame["problems"].tolist() == [3, 2]
    assert frame["value"].tolist() == pytest.approx([0.5, 0.25])


def test_the_fixed_suite_has_intervals_of_its_own() -> None:
    table = CountsTable("counts", tuple(Counts(f"q{i}", 16, i % 17) for i in range(60)))
    over, on = (passk.run([table], Settings(target=t)) for t in ("population", "fixed_suite"))
    assert set(on.solved[0].method[:-1]) == {"fixed_suite"}
    widths = [found.solved[0].high[0] - found.solved[0].low[0] for found in (on, over)]
    assert 0 < widths[0] < widths[1]
    with pytest.raises(ConfigError, match="stops early"):
        passk.run([adaptive()], Settings(target="fixed_suite"))


def test_counts_alone_tell_nothing_of_answers_or_budgets() -> None:
    table = CountsTable("counts", (Counts("a", 4, 1), Counts("b", 4, 2)))
    with pytest.raises(ConfigError, match="table of counts"):
        passk.run([table], Settings(budget=10))
    for also in (Also(answers=True), Also(budgets=(4,)), Also(cost=True)):
        with pytest.raises(ConfigError, match="table of counts"):
            passk.run([table], also=also)
    with pytest.raises(ConfigError, match="power of two above 4"):
        passk.run([table], also=Also(extrapolate=4))


def test_what_is_printed_besides_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    also = Also(budgets=(20,), extrapolate=16, answers=True)
    found = passk.run([spread_run(tmp_path)], Settings(ks=(1, 8)), also=also)
    display.show_passk(found, as_json=False)
    shown = capsys.readouterr().out
    for title in (
        "pass@k in percent [95 % interval]",
        "pass@k at smaller budgets of tokens",
        "extrapolated pass@k, not measured",
        "maj@k; samples without an answer abstain",
        "pass@k beside what guessing would give",
    ):
        assert title in shown
    display.show_passk(found, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert list(printed)[:2] == ["curves", "budgets"]
    assert [row["k"] for row in printed["curves"]] == [1, 8]
    display.show_passk(replace(found, extras=()), as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["k"] == 1
