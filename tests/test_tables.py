"""Tables of statistics: tidy rows, full precision, and counts that read back as they were."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boundary import stats, tables
from boundary.errors import StoreError
from boundary.passk import arm_of
from boundary.records import Comparison, Counts, Curve, Design, PerplexityCell
from boundary.store import CountsTable, load_counts


def counted(label: str, correct: list[int], *, unjudged: int = 0) -> CountsTable:
    found = (Counts(f"q{i}", 8, c, unjudged, None, f"g{i // 2}") for i, c in enumerate(correct))
    return CountsTable(label, tuple(found))


BASE = counted("base", [0, 1, 2, 3, 8, 8, 1, 0])
OTHER = counted("rl", [1, 4, 8, 8, 8, 8, 0, 0])


def curve_of(table: CountsTable) -> Curve:
    return stats.curve(arm_of(table), rng=np.random.default_rng(0), resamples=200)


def compared() -> Comparison:
    arms = (arm_of(t) for t in (BASE, OTHER))
    return stats.compare(*arms, rng=np.random.default_rng(0), resamples=200)


def test_curves_have_a_row_for_each_arm_and_k() -> None:
    frame = tables.curves([curve_of(BASE), curve_of(OTHER)])
    assert frame[["arm", "k"]].to_numpy().tolist() == [
        [arm, k] for arm in ("base", "rl") for k in (1, 2, 4, 8)
    ]
    assert frame["pass_at_k"][0] == np.mean([c.correct / 8 for c in BASE.counts])
    assert frame["bound_low"].isna().all()


def test_bounds_stand_where_samples_are_unjudged() -> None:
    frame = tables.curves([curve_of(counted("x", [2, 4], unjudged=2))])
    first = frame.iloc[0]
    assert (first["bound_low"], first["pass_at_k"], first["bound_high"]) == (3 / 8, 3 / 8, 5 / 8)


def test_per_problem_values_average_to_the_curve() -> None:
    curve = curve_of(BASE)
    frame = tables.per_problem([curve])
    assert len(frame) == 8 * 4
    np.testing.assert_allclose(frame.groupby("k")["pass_at_k"].mean(), curve.mean, atol=1e-15)


def test_counts_read_back_as_they_were(tmp_path: Path) -> None:
    tables.write(tables.counts([("base", BASE), ("rl", OTHER)]), tmp_path / "counts.csv")
    found = load_counts(str(tmp_path / "counts.csv"))
    assert [(t.label, t.counts) for t in found] == [("base", BASE.counts), ("rl", OTHER.counts)]


def test_counts_of_an_adaptive_run_hold_its_first_look_and_where_it_stopped(
    tmp_path: Path,
) -> None:
    first = (Counts("q0", 4, 2, 1), Counts("q1", 4, 0))
    last = (Counts("q0", 4, 2, 1), Counts("q1", 8, 1))
    found = CountsTable("quick", last, design=Design(2, (4, 8)), first_look=first)
    tables.write(tables.counts([("base", BASE), ("quick", found)]), tmp_path / "counts.csv")
    (again,) = load_counts(f"{tmp_path / 'counts.csv'}::quick")
    assert (again.counts[1], again.design) == (Counts("q1", 8, 1), found.design)
    assert again.first_look is not None
    assert again.first_look[1] == Counts("q1", 4, 0)
    frame = pd.read_csv(tmp_path / "counts.csv", dtype=str, keep_default_na=False)
    columns = ["n", "c", "stop_after", "looks", "reached_n", "reached_c", "reached_unjudged"]
    assert frame[columns].to_numpy()[-3:].tolist() == [
        ["8", "0", "", "", "", "", ""],
        ["4", "2", "2", "4 8", "4", "2", "1"],
        ["4", "0", "2", "4 8", "8", "1", "0"],
    ]
    assert "looks" not in tables.counts([("base", BASE)])


def test_differences_are_other_minus_base() -> None:
    frame = tables.differences([compared()])
    gap = np.mean([o.correct - b.correct for o, b in zip(OTHER.counts, BASE.counts, strict=True)])
    assert frame["difference"][0] == pytest.approx(gap / 8)
    assert set(frame["base"]) == {"base"}
    assert set(frame["other"]) == {"rl"}
    assert frame["settled"].dtype == bool


def test_summaries_and_lists_agree() -> None:
    found = compared()
    (row,) = tables.summaries([found]).to_dict("records")
    cells = ("both", "base_only", "other_only", "neither")
    assert [row[cell] for cell in cells] == [5, 1, 1, 1]
    listed = tables.overlaps([found])["solved_by"].value_counts()
    assert [listed[cell] for cell in cells] == [5, 1, 1, 1]
    assert row["delta_se"] == pytest.approx(row["base_at_delta_se_k"] - row["other_at_1"])


def test_lists_are_empty_where_only_counts_are_known() -> None:
    arms = (stats.Arm(t.label, t.counts, None) for t in (BASE, OTHER))
    found = stats.compare(
        *arms, ks=(1, 2), solved_at=2, rng=np.random.default_rng(0), resamples=200
    )
    assert len(tables.overlaps([found])) == 0
    (row,) = tables.summaries([found]).to_dict("records")
    cells = sum(row[cell] for cell in ("both", "base_only", "other_only", "neither"))
    assert cells == pytest.approx(8)
    assert row["mcnemar_p"] is None


def test_histograms_count_each_arm_once() -> None:
    frame = tables.histograms([compared(), compared()])
    assert frame.groupby("arm")["problems"].sum().to_dict() == {"base": 8, "rl": 8}
    base = frame[frame["arm"] == "base"].set_index("accuracy")["problems"]
    assert base[base > 0].to_dict() == {
        "0": 2, "(0.1, 0.2]": 2, "(0.2, 0.3]": 1, "(0.3, 0.4]": 1, "1": 2,
    }  # fmt: skip


def test_perplexities() -> None:
    cell = PerplexityCell("rl", "base", ("a", "b"), np.array([1.0, 3.0]), 2, 1.5, 2.5, (1, 2, 3), 7)
    (row,) = tables.perplexities([cell]).to_dict("records")
    assert row == {
        "answers_of": "rl", "under": "base", "subset": "all", "mean": 2, "low": 1.5, "high": 2.5,
        "q1": 1, "median": 2, "q3": 3, "problems": 2, "answers": 7,
        "truncated_left_out": 0, "empty_left_out": 0, "too_long_left_out": 0,
        "tokenised_anew": False,
    }  # fmt: skip


def test_files_keep_full_precision(tmp_path: Path) -> None:
    values = [1 / 3, 0.1 + 0.2, 1e-17]
    tables.write(pd.DataFrame({"x": values}), tmp_path / "deep" / "x.csv")
    assert (tmp_path / "deep" / "x.csv").read_text().split() == ["x", *map(repr, values)]


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write .*x\.csv.*--out"):
        tables.write(pd.DataFrame({"x": [1]}), tmp_path / "file" / "x.csv")
