"""Beside every figure lie its rows as CSV and JSON, as docs/figures.md says."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boundary.errors import StoreError
from boundary.plots import PLOTS
from boundary.plots.sheet import Drawn, Sheet, draw, write
from boundary.records import Design
from tests.plots import data

DOCUMENT = Path(__file__).parents[2] / "docs" / "figures.md"
ELSEWHERE = {"likelihood"}
"""Drawn by a section of the page alone, with no file of its own."""
OPTIONAL = {"counted", "stop_after", "looks", "guess", "source", "place", "read"}
NOT_ALWAYS = {"prompt_tokens", "with_prompt_once", "with_prompt_each"}


def promised() -> dict[str, set[str]]:
    """The columns of each kind, from the tables of the document."""
    found = {}
    for part in re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
        found[part.split("\n")[0]] = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    return found


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    made = data.everything(data.study(problems=30, n=16))
    adaptive = replace(made.curves[2], design=Design(4, (8, 16)))
    return replace(made, curves=[*made.curves[:2], adaptive])


@pytest.fixture(scope="module")
def figures(sheet: Sheet) -> list[Drawn]:
    return list(draw(sheet))


def test_the_document_tells_of_every_kind() -> None:
    assert promised().keys() == PLOTS.keys() - ELSEWHERE


def test_every_kind_is_among_the_figures(figures: list[Drawn]) -> None:
    assert {one.kind for one in figures} == PLOTS.keys() - ELSEWHERE
    assert len({one.name for one in figures}) == len(figures)


def test_every_figure_has_four_files_of_one_name(figures: list[Drawn], tmp_path: Path) -> None:
    for one in figures:
        paths = write(one, tmp_path)
        assert [path.suffix for path in paths] == [".svg", ".png", ".csv", ".json"]
        assert {path.stem for path in paths} == {one.name}
        rows = pd.read_csv(paths[2])
        assert len(rows) == len(one.frame) > 0
        told = json.loads(
            paths[3].read_text(encoding="utf-8"),
            parse_constant=lambda name: pytest.fail(f"{name} is no JSON"),
        )
        assert (told["kind"], told["title"], told["caption"]) == (one.kind, one.title, one.caption)
        again = pd.DataFrame(told["rows"], columns=rows.columns)
        for name in rows.columns:
            if pd.api.types.is_numeric_dtype(rows[name]) and rows[name].dtype != bool:
                numbers = again[name].astype(float)
                np.testing.assert_allclose(numbers, rows[name].astype(float), rtol=1e-12)


def test_the_columns_are_those_that_the_document_names(figures: list[Drawn]) -> None:
    seen: dict[str, set[str]] = {}
    for one in figures:
        columns = set(one.frame.columns)
        assert columns <= promised()[one.kind], one.name
        assert promised()[one.kind] - columns <= OPTIONAL | NOT_ALWAYS, one.name
        seen.setdefault(one.kind, set()).update(columns)
    for kind, columns in seen.items():
        assert promised()[kind] - columns <= NOT_ALWAYS, f"{kind}: told of, never there"


def test_captions_tell_problems_samples_and_interval(figures: list[Drawn]) -> None:
    for one in figures:
        assert "30 problems" in one.caption, one.name
        assert "interval" in one.caption, one.name
        if one.kind not in {"solved", "perplexity", "entropy"}:
            assert "n = 16" in one.caption, one.name


def test_the_rows_are_what_is_drawn(sheet: Sheet, figures: list[Drawn]) -> None:
    named = {one.name: one.frame for one in figures}
    curves = named["passk"].set_index(["arm", "k"])
    assert curves.loc[("rl", 4), "pass_at_k"] == sheet.curves[1].mean[2]
    assert curves.loc[("Base", 4), "pass_at_k"] == pytest.approx(0.52)
    assert curves.loc[("Base", 4), "read"] == "digitised"
    assert curves["source"].notna().sum() == len(data.PUBLISHED.points)
    for pair in sheet.comparisons:
        rates = named[f"difficulty-{pair.other.label}-base"]
        assert rates["problems"].sum() == 30
        mean = (rates["base_rate"] * rates["problems"]).sum() / 30
        assert mean == pytest.approx(pair.base.mean[0])
        moved = named[f"transition-{pair.other.label}-base"]
        by_base = moved.groupby("base_accuracy", sort=False)["problems"].sum()
        assert by_base.tolist() == pair.base_histogram.tolist()
    sets = named["solved-sets"]
    assert sets["problems"].sum() == 30
    assert sets["share"].sum() == pytest.approx(1.0)
    whiskers = named["perplexity"]
    assert (whiskers["p5"] <= whiskers["q1"]).all()
    assert (whiskers["q3"] <= whiskers["p95"]).all()
    series = named["series"]
    for _, rows in series.groupby("k"):
        fitted = np.polyfit(rows["step"], rows["pass_at_k"], 1)[0]
        assert rows["slope_per_step"].tolist() == pytest.approx([fitted] * 3)


def test_a_place_that_cannot_be_written_to_is_named(figures: list[Drawn], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        write(figures[0], tmp_path / "taken")
    (tmp_path / "passk.json").mkdir()
    with pytest.raises(StoreError, match=r"passk\.json"):
        write(figures[0], tmp_path)
