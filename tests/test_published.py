"""The published numbers: well-formed, found by suite and model, laid under the measured."""

import csv
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
import yaml

from boundary import published
from boundary.config import load_study
from boundary.errors import ConfigError
from boundary.plots import plot_curve
from boundary.presets import PRESETS
from tests.plots import data
from tests.shell import boundary, done, refused


def by_name(figure):
    return {artist.get_gid(): artist for artist in figure.findobj() if artist.get_gid()}


def test_every_row_is_well_formed() -> None:
    found = published.rows()
    assert len(found) > 2000
    for row in found:
        assert row.source.startswith(("arXiv:", "github:")), row
        assert row.place
        assert row.read in ("printed", "digitised")
        if row.metric == "pass@k":
            assert row.k
            assert row.k >= 1
            assert 0 <= row.value <= 100


def test_what_was_read_off_a_drawing_is_told_apart() -> None:
    text = resources.files("boundary").joinpath("data/published.csv").read_text(encoding="utf-8")
    kinds = [row["printed_or_digitised"] for row in csv.DictReader(text.splitlines())]
    assert [row.read for row in published.rows()] == kinds
    assert {"printed", "digitised"} == set(kinds)


@pytest.mark.parametrize(
    ("text", "read", "rounding"),
    [
        ("63.3", "printed", 0.05),
        ("61.392187", "printed", 5e-7),
        ("462", "printed", 0.0),
        ("15.4", "digitised", 0.1),
    ],
)
def test_rounding_is_half_of_the_last_place(text, read, rounding) -> None:
    row = published.Row("s", "p", "suite", "model", 1, "pass@k", text, read, "")
    assert row.rounding == pytest.approx(rounding)


def test_four_way_tables_are_whole() -> None:
    tables: dict[tuple[object, ...], dict[str, float]] = {}
    for row in published.rows():
        if row.metric in published.CELLS:
            key = (row.source, row.place, row.suite, row.model, row.k)
            tables.setdefault(key, {})[row.metric] = row.value
    assert len(tables) > 100
    for key, cells in tables.items():
        assert cells.keys() == set(published.CELLS), key
        if key[1] == "Table 2":  # in percent
            assert sum(cells.values()) == pytest.approx(100, abs=0.2)


def test_curves_have_names_of_their_own_and_rising_k() -> None:
    found = published.references()
    assert len({one.name for one in found}) == len(found) > 200
    for one in found:
        assert len(one.ks) > 1
        assert list(one.ks) == sorted(set(one.ks)), one.name


def test_curves_match_by_suite_and_model() -> None:
    found = published.matching("math500", ["Qwen/Qwen2.5-7B", "/models/Qwen-2.5-7B-SimpleRL-Zoo/"])
    assert [(one.model, one.read) for one in found] == [
        ("Qwen2.5-7B", "digitised"),
        ("Qwen2.5-7B", "printed"),
        ("SimpleRL-Zoo-7B", "digitised"),
        ("SimpleRL-Zoo-7B", "printed"),
    ]
    assert {one.suite for one in found} == {"MATH500"}
    (one,) = published.matching("humanevalplus", ["ganler/CodeR1-Zero-Qwen2.5-7B-12k-832"])
    assert one.suite == "HumanEval+"
    assert published.matching("olympiadbench", ["Qwen/Qwen2.5-14B"])
    assert not published.matching("math500", ["Qwen/Qwen2.5-7B-Instruct"])
    assert not published.matching("dial", ["Qwen/Qwen2.5-7B"])


def test_the_models_that_have_other_names_here_are_presets() -> None:
    ours = {preset.hf_id.rpartition("/")[2] for preset in PRESETS.values()}
    assert set(published._MODELS.values()) <= ours
    names = {one.model for one in published.references()}
    assert published._MODELS.keys() <= names


def test_a_name_s_beginning_stands_for_several() -> None:
    several = published.chosen(["2504.13837v2/fig-2/math500"], "any", [])
    assert len(several) == 8
    one = published.chosen([several[0].name, f"{several[0].name}/"], "any", [])
    assert one == (several[0],)
    assert published.chosen([], "math500", ["Qwen/Qwen2.5-7B"]) == ()
    with pytest.raises(ConfigError, match="no published curve '2504"):
        published.chosen(["2504.13837v2/fig-2/math5"], "any", [])


@pytest.fixture(scope="module")
def made() -> data.Study:
    return data.study(problems=30, n=16)


def test_published_curves_end_where_the_measured_do(made) -> None:
    figure = plot_curve([made.curves["base"]], suite="s", references=[data.PUBLISHED])
    drawn = by_name(figure)
    line = drawn[f"reference:{data.PUBLISHED.name.replace('/', '%2F')}"]
    assert line.get_xdata().tolist() == [1, 2, 4, 8]
    assert line.get_ydata().tolist() == [30.0, 41.5, 52.0, 60.0]
    (label,) = [a for gid, a in drawn.items() if gid.startswith("label:someone")]
    assert label.get_text() == "Base, digitised  60.0"
    assert line.get_zorder() < drawn["curve:base"].get_zorder()


def test_printed_and_digitised_look_different(made) -> None:
    from dataclasses import replace

    printed = replace(data.PUBLISHED, name="other/printed", read="printed")
    figure = plot_curve([made.curves["base"]], suite="s", references=[data.PUBLISHED, printed])
    drawn = by_name(figure)
    faces = {
        gid: artist.get_markerfacecolor()
        for gid, artist in drawn.items()
        if gid.startswith("reference:")
    }
    assert len(set(faces.values())) == 2


def test_a_curve_with_one_point_in_reach_is_left_out(made) -> None:
    from dataclasses import replace

    far = replace(data.PUBLISHED, points=((1, 30.0), (1024, 99.0)))
    figure = plot_curve([made.curves["base"]], suite="s", references=[far])
    assert not [gid for gid in by_name(figure) if gid.startswith("reference:")]
    assert "published" not in figure.texts[-1].get_text()


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("counts")
    rows = [
        {"problem_id": f"q{i}", "model": model, "n": 8, "c": (i * step) % 9}
        for model, step in (("Qwen2.5-7B", 2), ("other", 5))
        for i in range(20)
    ]
    pd.DataFrame(rows).to_csv(where / "counts.csv", index=False)
    return where


NAME = "2504.13837v2/fig-2/math500/qwen2.5-7b"


def test_passk_and_compare_lay_a_named_curve_under(counts: Path) -> None:
    pair = ("counts.csv::Qwen2.5-7B", "counts.csv::other")
    done("passk", *pair, "--reference", NAME, "--out", "curves", where=counts)
    done("compare", *pair, "--reference", NAME, "--out", "versus", where=counts)
    for folder in ("curves", "versus"):
        rows = pd.read_csv(counts / folder / "passk.csv")
        below = rows[rows["source"].notna()]
        assert set(below["arm"]) == {"Qwen2.5-7B"}
        assert set(below["read"]) == {"digitised"}
        assert 'id="reference:2504' in (counts / folder / "passk.svg").read_text(encoding="utf-8")


def test_a_curve_that_is_not_there_is_told_of(counts: Path) -> None:
    arguments = ("passk", "counts.csv::other", "--out", "none", "--reference")
    ended = boundary(*arguments, "auto", where=counts)
    assert ended.code == 0
    assert "no published curve of these models on counts" in ended.err
    assert "no published curve 'x'" in refused(*arguments, "x", where=counts)
    without = refused("passk", "counts.csv::other", "--reference", "auto", where=counts)
    assert "--reference without --out" in without


def test_a_report_lays_curves_under_too(tmp_path: Path) -> None:
    for model in ("fake/p=0.5", "fake/first=1"):
        done("sample", model, "--suite", "dial", "-n", 2, "--limit", 8, where=tmp_path)
    runs = sorted(path.name for path in (tmp_path / "results").iterdir())
    done("report", *runs, "--reference", NAME, "--out", "page", where=tmp_path)
    figures = tmp_path / "page" / "figures" / "dial"
    rows = pd.read_csv(figures / "passk.csv")
    assert set(rows.loc[rows["source"].notna(), "arm"]) == {"Qwen2.5-7B"}
    assert "Qwen2.5-7B, digitised" in (tmp_path / "page" / "report.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("given", "read"), [(True, ("auto",)), (False, ()), ([NAME], (NAME,)), (None, ())]
)
def test_a_study_takes_true_or_names(given, read, tmp_path: Path) -> None:
    study = {"suites": {"dial": {"n": 2}}, "arms": {"base": {"model": "fake/p=0.5"}}}
    if given is not None:
        study["reference"] = given
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(study))
    assert load_study(path).reference == read


def test_the_list_says_where_each_is_from(counts: Path) -> None:
    rows = boundary("list", "references", "--json", where=counts).json()
    about = {row["name"]: row["about"] for row in rows}
    assert about[NAME].startswith("Qwen2.5-7B on MATH500, digitised, k = 1 to 128: ")
    assert about[NAME].endswith("arXiv:2504.13837v2, Fig. 2")
