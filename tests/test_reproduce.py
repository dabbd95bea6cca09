"""Published numbers computed again: equal where they should be, told apart where they are not."""

import json
from pathlib import Path

import pandas as pd
import pytest

from boundary import reproduce
from boundary.errors import ConfigError
from tests.shell import boundary, done, refused


@pytest.mark.parametrize(
    "name", [name for name, one in reproduce.REPRODUCTIONS.items() if not one.counts]
)
def test_what_needs_no_counts_comes_out_as_published(name: str) -> None:
    checks = reproduce.run(name)
    compared = [check for check in checks if check.published is not None]
    assert len(compared) >= 10
    assert all(check.is_same for check in checks)


def test_the_paper_s_tables_by_hand() -> None:
    """AIME24 19/4/0/7 of 30 and MATH500 462/18/5/15 of 500."""
    found = {check.what: check for check in reproduce.run("yue-four-way")}
    shares = found["Table 2, AIME24: both, %"]
    assert (shares.published, shares.recomputed) == (63.3, pytest.approx(100 * 19 / 30))
    assert shares.tolerance == pytest.approx(0.05)
    assert found["Table 4 index list, AIME24: exact McNemar p"].recomputed == pytest.approx(0.125)
    p_value = found["Table 2 as counts, MATH500: exact McNemar p"].recomputed
    # 2 P(X <= 5), X binomial(23, 1/2)
    assert p_value == pytest.approx(2 * sum([1, 23, 253, 1771, 8855, 33649]) / 2**23)
    curve = found["Fig. 2, MATH500: pass@128, Qwen2.5-7B, %"]
    assert curve.recomputed == pytest.approx(96.0)


def test_the_rerun_comes_out_from_its_counts(table: Path) -> None:
    checks = reproduce.run("math500-rerun", counts=table)
    compared = [check for check in checks if check.published is not None]
    assert len(compared) == 25
    assert [check.what for check in compared if not check.is_same] == []
    exact = [check for check in compared if check.tolerance == 0]
    assert {check.published for check in exact} >= {462, 19, 3, 16, 39291, 49877}


@pytest.fixture
def spoiled(table: Path, tmp_path: Path) -> Path:
    """The counts with one more right answer to the first problem."""
    frame = pd.read_csv(table)
    frame.loc[0, "c"] += 1
    frame.to_csv(tmp_path / reproduce.COUNTS, index=False)
    return tmp_path


def test_one_right_answer_more_is_noticed(spoiled: Path) -> None:
    found = boundary("reproduce", "math500-rerun", "--data", spoiled, "--json", where=spoiled)
    assert found.code == 1
    checks = {check["what"]: check for check in json.loads(found.out)}
    assert not checks["correct samples, Qwen2.5-7B"]["is_same"]
    assert checks["correct samples, Qwen2.5-7B"]["difference"] == 1
    assert not checks["pass@1, Qwen2.5-7B, %"]["is_same"]
    assert checks["solved within 128: both"]["is_same"]
    shown = boundary("reproduce", "math500-rerun", "--data", spoiled, where=spoiled)
    assert shown.code == 1
    assert "differs" in shown.out


def test_the_command_prints_both_and_the_difference(tmp_path: Path) -> None:
    shown = done("reproduce", "yue-four-way", where=tmp_path)
    (line,) = [line for line in shown.splitlines() if "Table 2, AIME24: both" in line]
    assert line.split()[-3:] == ["63.3", "63.33333333", "+0.033"]
    assert "12 of 12 published numbers agree to within their rounding." in shown


def test_bad_calls_are_refused_with_a_way_out(tmp_path: Path) -> None:
    assert "math500-rerun" in refused("reproduce", "nothing", where=tmp_path)
    assert "--counts FILE" in refused("reproduce", "math500-rerun", where=tmp_path)
    pd.DataFrame({"problem_id": ["a"], "n": [4], "c": [1]}).to_csv(tmp_path / "c.csv", index=False)
    needless = refused("reproduce", "yue-four-way", "--counts", "c.csv", where=tmp_path)
    assert "rests on published counts alone" in needless
    strange = refused("reproduce", "math500-rerun", "--counts", "c.csv", where=tmp_path)
    assert "the counts hold no Qwen2.5-7B" in strange


def test_counts_of_another_size_are_refused(tmp_path: Path) -> None:
    rows = [
        {"problem_id": f"q{i}", "model": model, "n": 256, "c": i}
        for model in ("Qwen2.5-7B", "Qwen-2.5-7B-SimpleRL-Zoo")
        for i in range(4)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(ConfigError, match="256 samples per problem, not the 128"):
        reproduce.run("math500-rerun", counts=tmp_path / "c.csv")


def test_the_list_names_them(tmp_path: Path) -> None:
    rows = boundary("list", "reproductions", "--json", where=tmp_path).json()
    assert [row["name"] for row in rows] == list(reproduce.REPRODUCTIONS)
    (about,) = [row["about"] for row in rows if row["name"] == "math500-rerun"]
    assert about.endswith("needs --counts or --data")
