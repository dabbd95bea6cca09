"""Comparisons as Markdown: whole tables, numbers as published, names that stay names."""

import re
from pathlib import Path

import pytest

from boundary import compare, markdown
from boundary.records import Counts
from boundary.store import CountsTable
from tests.shell import boundary, done, refused

BASE, TUNED = "Qwen2.5-7B", "Qwen-2.5-7B-SimpleRL-Zoo"


def tables_of(text: str) -> list[list[list[str]]]:
    """Rows of cells of each table, every row as wide as its head."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("| "):
            found[-1].append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif found[-1]:
            found.append([])
    tables = [table for table in found if table]
    for table in tables:
        assert {len(row) for row in table} == {len(table[0])}
        assert all(set(cell) <= set("-: ") for cell in table[1])
    return tables


def test_the_published_pair(table: Path, tmp_path: Path) -> None:
    shown = done("compare", f"{table}::{BASE}", f"{table}::{TUNED}", "--markdown", where=tmp_path)
    assert shown.startswith(f"{TUNED} raises pass@1 by 16.5 pt ")
    four_way, gaps = tables_of(shown)
    assert [row[1:] for row in four_way[2:]] == [["462", "19"], ["3", "16"]]
    assert "Exact McNemar test: p = .0009." in shown
    assert [row[0] for row in gaps[2:]] == [str(2**i) for i in range(8)]
    assert gaps[2][1:4] == ["61.4", "77.9", "+16.5"]
    assert gaps[-1][1:4] == ["96.2", "93.0", "-3.2"]
    assert gaps[2][-2:] == ["&lt; .0001", "yes"]


def test_several_others_and_notes(tmp_path: Path) -> None:
    rows = [f"q{i},{m},{n},{i % 5}" for m, n in (("a", 8), ("b", 8), ("c", 16)) for i in range(20)]
    (tmp_path / "t.csv").write_text("\n".join(["problem_id,model,n,c", *rows]))
    ended = boundary("compare", "t.csv::a", "t.csv::b", "t.csv::c", "--markdown", where=tmp_path)
    assert len(tables_of(ended.out)) == 4
    assert "Expected numbers from counts alone; no test." in ended.out
    assert "k stops at 8" in ended.err
    told = refused("compare", "t.csv::a", "t.csv::b", "--markdown", "--json", where=tmp_path)
    assert "exclude each other" in told


@pytest.mark.parametrize("name", ["a|b", "<b>x</b>", "_u_*v*`w`", "[t](http://x)", "new\nline"])
def test_a_name_stays_a_name(name: str) -> None:
    base, other = (
        CountsTable(label, tuple(Counts(f"q{i}", 4, c) for i, c in enumerate(column)))
        for label, column in (("base", [0, 1, 2, 4]), (name, [1, 1, 4, 4]))
    )
    (found,) = compare.run(base, [other])
    shown = markdown.of_comparison(found)
    assert len(tables_of(shown.replace(r"\|", ""))) == 2
    assert "<b>" not in shown
    assert not re.search(r"(?<!\\)(\]\(|`|\*|_)", shown)
