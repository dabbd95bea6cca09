"""A report built for real: its tables read back, its page in a browser with hostile texts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from boundary import report, sample, verify
from boundary.passk import Curves, Settings
from boundary.passk import run as passk
from boundary.plots.curve import plot_curve
from boundary.ppl import Likelihood
from boundary.records import Counts, Design, Finish, Problem, Sample
from boundary.sections import Findings
from boundary.store import CountsTable, Run, count_run
from boundary.store.files import Folder
from boundary.suites import Suite
from boundary.suites.base import digest_of
from tests.page import browser
from tests.runs import job, suite
from tests.shell import boundary, done

HOSTILE = "<script>window.ran=1</script><img src=x onerror='window.ran=2'>{{7*7}}\u202eback"
BREAKING = "</script><script>window.ran=3</script>"
STUDY = """
suites: {SUITE: {n: 8, verifier: exact}}
arms:
  base: {model: "fake/first=1"}
  rl: {model: "fake/first=6", parent: base}
  copy: {model: "fake/p=0.5", parent: base}
compare: [[base, rl], [base, copy]]
perplexity: {answers: 2}
resamples: 200
"""
COLUMNS = {
    "passk.csv": "arm k pass_at_k low high method bound_low bound_high problems n",
    "passk_per_problem.csv": "arm problem_id k pass_at_k",
    "counts.csv": "problem_id model n c unjudged valid group",
    "differences.csv": "base other k difference low high method p_value settled",
    "overlap.csv": "base other solved_at problem_id solved_by",
    "histogram.csv": "arm accuracy problems",
    "perplexity.csv": "answers_of under subset mean low high q1 median q3 problems answers"
    " truncated_left_out empty_left_out too_long_left_out tokenised_anew",
}
"""Columns that readers of the tables may rely on; others may be added."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("report")
    rows = [
        {"id": f"q{i}", "problem": f"What is {i} + 1?", "answer": str(i + 1), "group": f"g{i // 2}"}
        for i in range(16)
    ]
    rows.append({"id": "hostile", "problem": HOSTILE, "answer": BREAKING})
    rows.append({"id": "solved", "problem": "2?", "answer": "2", "solution": HOSTILE})
    (where / "own.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (where / "study.yaml").write_text(STUDY.replace("SUITE", "own.jsonl"))
    return where


@pytest.fixture(scope="module")
def out(place: Path) -> Path:
    shown = done("study", "study.yaml", where=place)
    assert "rl raises pass@1" in shown
    return place / "results" / "study"


@pytest.fixture(scope="module")
def runs(out: Path) -> dict[str, Path]:
    names = {"first=1": "base", "first=6": "rl", "p=0.5": "copy"}
    return {names[p.name.split("-")[0]]: p for p in (out / "runs").iterdir()}


def table(out: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(out / "tables" / "own" / name)


@pytest.mark.parametrize("name", COLUMNS)
def test_tables_have_the_columns_that_are_promised(out: Path, name: str) -> None:
    frame = table(out, name)
    assert set(COLUMNS[name].split()) <= set(frame.columns)
    assert len(frame)


def test_the_tables_hold_the_known_truth(out: Path) -> None:
    curves = table(out, "passk.csv").set_index(["arm", "k"])["pass_at_k"]
    assert curves["base"].tolist() == pytest.approx([1 / 8, 2 / 8, 4 / 8, 1.0])
    assert curves["rl"].tolist() == pytest.approx([6 / 8, 27 / 28, 1.0, 1.0])
    counts = table(out, "counts.csv")
    assert set(counts["n"]) == {8}
    assert set(counts.loc[counts["model"] == "rl", "c"]) == {6}
    assert counts["unjudged"].sum() == 0
    overlap = table(out, "overlap.csv")
    assert (overlap.loc[overlap["other"] == "rl", "solved_by"] == "both").all()
    histogram = table(out, "histogram.csv")
    bars = histogram[(histogram["arm"] == "base") & (histogram["problems"] > 0)]
    assert bars[["accuracy", "problems"]].to_numpy().tolist() == [["(0.1, 0.2]", 18]]
    ppl = table(out, "perplexity.csv").query("subset == 'all'")
    ppl = ppl.set_index(["answers_of", "under"])["mean"]
    assert ppl["base", "base"] == pytest.approx(1.2840254)
    assert ppl["rl", "base"] == pytest.approx(1.6487213)


def test_the_counts_table_reads_back_as_the_runs_do(
    out: Path, runs: dict[str, Path], place: Path
) -> None:
    counts = out / "tables" / "own" / "counts.csv"
    options = ("--k", 1, "--k", 2, "--k", 8, "--json")
    from_table = boundary(
        "compare", f"{counts}::base", f"{counts}::copy", *options, where=place
    ).json()
    from_runs = boundary("compare", runs["base"], runs["copy"], *options, where=place).json()
    for one, other in zip(from_table["differences"], from_runs["differences"], strict=True):
        names = ("base", "other")
        assert {k: v for k, v in one.items() if k not in names} == pytest.approx(
            {k: v for k, v in other.items() if k not in names}
        )
    cells = ("both", "base_only", "other_only", "neither", "crossing", "crossing_k", "delta_se")
    for name in cells:
        assert from_table["summaries"][0][name] == from_runs["summaries"][0][name]


def test_derivations_of_an_adaptive_run_are_those_of_its_first_look() -> None:
    first = (Counts("a", 4, 2, valid=1), Counts("b", 4, 0, valid=0))
    last = (Counts("a", 4, 2, valid=1), Counts("b", 8, 3, valid=0))
    tables = {
        "full": CountsTable("full", last),
        "quick": CountsTable("quick", last, design=Design(2, (4, 8)), first_look=first),
        "unchecked": CountsTable("unchecked", (Counts("a", 4, 2), Counts("b", 4, 0))),
    }
    found = Findings("dial", {}, tables, Curves((), (), ()), (), Likelihood(), Settings())
    assert found.verdicts == (
        "Solved problems with at least one valid derivation: "
        "full 1 of 2, quick 1 of 1 (first 4 samples).",
    )


def test_every_figure_has_a_file(out: Path) -> None:
    drawn = {p.stem for p in (out / "figures" / "own").glob("*.svg")}
    expected = {"passk", "perplexity"} | {
        f"{kind}-{other}-base"
        for kind in ("difference", "overlap", "histogram")
        for other in ("rl", "copy")
    }
    assert expected <= drawn


def test_a_report_of_runs_says_what_the_study_says(
    out: Path, runs: dict[str, Path], place: Path
) -> None:
    shown = done("report", runs["base"], runs["rl"], "--out", "page", where=place)
    assert "first=6 raises pass@1 by 62.5 pt" in shown
    said = (place / "page" / "report.html").read_text(encoding="utf-8")
    assert "boundary report" in said
    assert "--out page</pre>" in said
    assert (place / "page" / "report.html").stat().st_size
    again = pd.read_csv(place / "page" / "tables" / "own" / "passk.csv")
    ours = table(out, "passk.csv")
    assert again["pass_at_k"].tolist() == ours.loc[ours["arm"] != "copy", "pass_at_k"].tolist()


def test_an_arm_has_its_model_s_name_unless_another_run_shares_it(
    runs: dict[str, Path], place: Path
) -> None:
    opened = [Run.open(Folder.at(runs[arm])) for arm in ("base", "rl")]
    arms = report.by_arm(opened)
    assert arms == {"own": {"first=1": opened[0], "first=6": opened[1]}}
    assert report.against_first(arms) == [("first=1", "first=6")]
    twice = report.by_arm([opened[0], opened[0], opened[1]])
    assert list(twice["own"]) == [opened[0].name, "first=6"]
    other = {"a": {"x": opened[0], "y": opened[1]}, "b": {"x": opened[0], "y": opened[1]}}
    assert report.against_first(other) == [("x", "y")]


def test_a_study_repeated_draws_nothing_and_says_the_same(out: Path, place: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in out.glob("runs/*/samples/*")}
    tables = {p: p.read_text() for p in out.glob("tables/*/*.csv")}
    done("study", "study.yaml", where=place)
    assert {p: p.stat().st_mtime_ns for p in out.glob("runs/*/samples/*")} == before
    assert {p: p.read_text() for p in out.glob("tables/*/*.csv")} == tables


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from browser.start(tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def page(driver: Any, out: Path) -> Any:
    browser.resize(driver, 1280)
    driver.get((out / "report.html").as_uri())
    return driver


def js(page: Any, code: str) -> Any:
    return page.execute_script(code)


def test_the_page_opens_without_a_word_in_the_console(page: Any) -> None:
    assert page.get_log("browser") == []
    assert js(page, "return window.ran === undefined")


def test_the_verdict_comes_first(page: Any) -> None:
    first = js(page, "return document.querySelector('main').innerText.slice(0, 400)")
    lines = [line for line in first.splitlines() if line.strip()]
    assert lines[1].startswith("rl is right more often than base in one try")
    assert lines[3].startswith("rl against base: rl raises pass@1")
    order = js(
        page,
        "const all = [...document.querySelectorAll('.answer-line, .verdict, svg, table')];"
        "return all.slice(0, 3).every(one => one.matches('.answer-line, .verdict'));",
    )
    assert order


def test_every_problem_can_be_found_and_opened(page: Any) -> None:
    assert js(page, "return document.querySelectorAll('.problem').length") == 18
    js(
        page,
        "const field = document.querySelector('.search'); field.value = 'q7';"
        "field.dispatchEvent(new Event('input', {bubbles: true}));",
    )
    shown = "return [...document.querySelectorAll('.problem:not([hidden]) .id')]"
    assert wait_for(page, shown + ".map(n => n.textContent)", ["q7"])
    js(page, "document.querySelector('.problem:not([hidden])').open = true")
    text = "return document.querySelector('.problem:not([hidden])').innerText"
    wait_for(page, text + ".includes('What is 7 + 1?')", True)
    opened = js(page, text)
    assert "1/8" in opened or "1 of 8" in opened


def test_hostile_texts_are_shown_and_never_run(page: Any) -> None:
    js(
        page,
        "const field = document.querySelector('.search'); field.value = 'hostile';"
        "field.dispatchEvent(new Event('input', {bubbles: true}));",
    )
    js(
        page,
        "const one = [...document.querySelectorAll('.problem')]"
        ".find(p => p.querySelector('.id').textContent === 'hostile');"
        "one.open = true; window.one = one;",
    )
    wait_for(page, "return window.one.textContent.includes('<script>window.ran=1</script>')", True)
    js(page, "window.one.querySelectorAll('details').forEach(d => { d.open = true; })")
    wait_for(page, f"return window.one.textContent.includes({json.dumps(BREAKING)})", True)
    assert js(page, "return window.one.querySelectorAll('script, img').length") == 0
    assert js(page, "return window.one.textContent.includes('{{7*7}}')")
    assert "\u202e" not in js(page, "return window.one.textContent")
    assert js(page, "return window.ran === undefined")
    assert page.get_log("browser") == []


def wait_for(page: Any, code: str, expected: Any) -> bool:
    """Wait until the page says so: it fills details when they are opened."""
    from selenium.webdriver.support.ui import WebDriverWait

    return bool(WebDriverWait(page, 10, 0.05).until(lambda d: d.execute_script(code) == expected))


def test_how_much_of_a_gain_is_format_is_said(tmp_path: Path) -> None:
    """Both are right as often; only one says it where it was asked to."""
    runs = {}
    for label, said in (("base", "The final answer is {}."), ("rl", "So \\boxed{{{}}}.")):
        asked = job(tmp_path / label, 2, suite=suite(2, verifier="math"))
        stored, manifest = sample.describe(asked)
        found = Run.create(Folder.at(tmp_path / label / "run"), manifest, stored)
        writer = found.sample_writer()
        for problem in asked.problems:
            for index in range(2):
                text = said.format(problem.answer)
                writer.add(Sample(problem.id, index, index, text, None, 5, Finish.STOP))
        writer.flush()
        verify.run(found)
        runs[label] = found
    plan = report.Plan(
        title="t",
        runs={"sums": runs},
        pairs=[("base", "rl")],
        settings=Settings(resamples=100),
        perplexity=None,
        commands="",
    )
    (one,) = report.run(plan, tmp_path / "page")
    assert one.formats == (
        "Of rl's +100.0 pt over base at k = 1, +100.0 pt are format:"
        " counting any clear final statement it is +0.0 pt.",
    )
    page = (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    assert "right, lenient" in page
    assert "are format" in page


def test_what_guessing_would_solve_stands_beside_every_curve(tmp_path: Path) -> None:
    problems = tuple(Problem(f"p{i}", "A or B?", "A", meta={"guess": 0.5}) for i in range(3))
    letters = Suite("letters", problems, "qwen-boxed", "exact", "made up", digest_of(problems))
    found = sample.run(job(tmp_path, 2, suite=letters))
    curves = passk([count_run(found)], Settings(resamples=100))
    (note,), (curve,) = curves.notes, curves.solved
    assert curve.guess is not None
    assert curve.guess.tolist() == [0.5, 0.75]
    figure = plot_curve([curve], suite="letters")
    assert "blind guesses" in {line.get_label() for line in figure.axes[0].get_lines()}
    assert note.startswith("blind guesses alone solve of letters 50.0% at k = 1, 75.0% at k = 2")
