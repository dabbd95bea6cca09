"""Runs on chosen problems: apart from the run that chose them, with draws of their own."""

import json
from pathlib import Path

import pytest
import yaml

from boundary import sample
from boundary.store import Run, count_run
from boundary.store.files import Folder
from tests import shell
from tests.runs import job, rows, suite, texts, tree

MAIN = ("sample", "fake/p=0.1", "--suite", "dial", "--limit", 12, "-n", 6)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("desk")
    shell.done(*MAIN, where=here)
    (here / "two.txt").write_text("dial-003\n# not this one: dial-004\n\n dial-001  # but this\n")
    (here / "far.txt").write_text("dial-200\n")
    (here / "wrong.txt").write_text("dial-001\ndail-003\n")
    (here / "none.txt").write_text("# nothing\n")
    (here / "raw.txt").write_bytes(b"\xff\xfe\x00")
    return here


def main_run(desk: Path) -> Run:
    runs = (Run.open(Folder.at(path.parent)) for path in desk.glob("results/*/manifest.json"))
    (found,) = (run for run in runs if "targeted" not in run.manifest.identity)
    return found


def drawn(desk: Path, *options: object) -> Run:
    """The run that a command on chosen problems leaves."""
    said = json.loads(shell.done(*MAIN, *options, "--json", where=desk))
    return Run.open(Folder.at(said["path"]))


def seeds(run: Run) -> dict[tuple[str, int], int]:
    return {(r["problem_id"], r["index"]): r["seed"] for r in rows(Path(str(run.folder)))}


def test_listed_problems_make_a_run_apart_with_seeds_of_its_own(desk: Path) -> None:
    before = tree(Path(str(main_run(desk).folder)))
    found = drawn(desk, "--problems", "two.txt")
    assert [p.problem.id for p in found.problems()] == ["dial-001", "dial-003"]
    assert found.name != main_run(desk).name
    assert tree(Path(str(main_run(desk).folder))) == before
    own, usual = seeds(found), seeds(main_run(desk))
    assert own.keys() == {(key, i) for key in ("dial-001", "dial-003") for i in range(6)}
    assert not set(own.values()) & set(usual.values())


def test_unsolved_problems_are_those_without_a_right_answer(desk: Path) -> None:
    left = [c.problem_id for c in count_run(main_run(desk)).counts if not c.correct]
    assert 2 < len(left) < 12
    found = drawn(desk, "--unsolved-by", main_run(desk).name, "-n", 3)
    assert [p.problem.id for p in found.problems()] == left
    assert {c.n for c in count_run(found).counts} == {3}
    assert main_run(desk).name != found.name

    # A choice made by that run's answers must not draw them again.
    again = drawn(desk, "--unsolved-by", found.name, "-n", 9)
    fewer = {c.problem_id for c in count_run(found).counts if not c.correct}
    assert 0 < len(fewer) < len(left)
    assert {p.problem.id for p in again.problems()} == fewer
    assert not set(seeds(again).values()) & set(seeds(found).values())


def test_both_ways_of_choosing_together_choose_what_both_do(desk: Path) -> None:
    left = {c.problem_id for c in count_run(main_run(desk)).counts if not c.correct}
    ids = sorted(left)[:2]
    solved = next(c.problem_id for c in count_run(main_run(desk)).counts if c.correct)
    (desk / "three.txt").write_text("\n".join([*ids, solved]))
    both = ("--problems", "three.txt", "--unsolved-by", main_run(desk).name)
    assert [p.problem.id for p in drawn(desk, *both).problems()] == ids


def test_means_over_chosen_problems_are_noted_as_such(desk: Path) -> None:
    found = drawn(desk, "--problems", "two.txt")
    ended = shell.boundary("passk", found.name, "--json", "--resamples", 100, where=desk)
    assert ended.json()
    assert "holds chosen problems: its means say nothing of the whole suite" in ended.err


REFUSED = {
    "wrong id": (("--problems", "wrong.txt"), "did you mean 'dial-003'?"),
    "no id": (("--problems", "none.txt"), "no problem is left"),
    "beyond the limit": (("--problems", "far.txt"), "no problem of dial is left"),
    "no file": (("--problems", "nowhere.txt"), "cannot read nowhere.txt"),
    "a folder": (("--problems", "results"), "cannot read results"),
    "no text": (("--problems", "raw.txt"), "cannot read raw.txt"),
    "no run": (("--unsolved-by", "nowhere"), "no run at"),
}


@pytest.mark.parametrize(("options", "told"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_one_paragraph_and_leaves_nothing(
    options: tuple[str, ...], told: str, desk: Path
) -> None:
    before = tree(desk)
    assert told in shell.refused(*MAIN, *options, where=desk)
    assert tree(desk) == before


def test_runs_on_different_problems_choose_nothing_together(desk: Path) -> None:
    chose = drawn(desk, "--problems", "two.txt").name
    both = ("--unsolved-by", main_run(desk).name, "--unsolved-by", chose)
    assert "were drawn on different ones" in shell.refused(*MAIN, *both, where=desk)


def test_unsolved_problems_of_another_suite_are_none(desk: Path, tmp_path: Path) -> None:
    other = sample.run(job(tmp_path, 2, model="fake/first=0", suite=suite(3)))
    told = shell.refused(*MAIN, "--unsolved-by", other.folder, where=desk)
    assert "no problem of dial is left" in told


STUDY = {
    "suites": {"dial": {"n": 6, "limit": 12}},
    "arms": {"base": {"model": "fake/p=0.1"}, "rl": {"model": "fake/p=0.3"}},
    "ks": [1, 4],
    "resamples": 100,
    "perplexity": None,
}


def study(where: Path, name: str, **of_suite: object) -> str:
    settings = {**STUDY, "suites": {"dial": {**STUDY["suites"]["dial"], **of_suite}}}
    (where / f"{name}.yaml").write_text(yaml.safe_dump(settings))
    return f"{name}.yaml"


def test_a_study_draws_more_of_the_unsolved_and_reports_it_apart(tmp_path: Path) -> None:
    shell.done("study", study(tmp_path, "plain"), where=tmp_path)
    more = {"n": 20, "unsolved_by": ["base"]}
    shell.done("study", study(tmp_path, "further", more=more), where=tmp_path)
    plain, further = (tmp_path / "results" / name for name in ("plain", "further"))
    found = [Run.open(Folder.at(p.parent)) for p in further.glob("runs/*/manifest.json")]
    chosen = [run for run in found if "targeted" in run.manifest.identity]
    usual = [run for run in found if run not in chosen]
    assert (len(chosen), len(usual)) == (2, 2)
    (base,) = (run for run in usual if run.manifest.identity["model_id"] == "fake/p=0.1")
    left = [c.problem_id for c in count_run(base).counts if not c.correct]
    assert [[p.problem.id for p in run.problems()] for run in chosen] == [left, left]
    for run in usual:
        there = Path(str(run.folder))
        assert texts(there) == texts(plain / "runs" / run.name)

    # The suite's tables are as without; the further draws have their own section.
    tables = {p.name: p.read_text() for p in plain.glob("tables/*.csv")}
    mine = {p.name: p.read_text() for p in further.glob("tables/*.csv")}
    dial = {name for name in tables if "dial" in name}
    section = f"dial ({len(left)} chosen problems)"
    if dial:
        assert {name: mine[name] for name in dial} == {name: tables[name] for name in dial}
    for name in tables.keys() - dial:
        kept = [line for line in mine[name].splitlines() if section not in line]
        assert kept == tables[name].splitlines()
        assert len(kept) < len(mine[name].splitlines())
    page = (further / "report.html").read_text()
    assert section in page
    assert section not in (plain / "report.html").read_text()


def test_a_study_whose_unsolved_are_none_says_so(tmp_path: Path) -> None:
    file = study(tmp_path, "easy", more={"n": 20, "unsolved_by": ["base", "rl"]}, n=64, limit=3)
    ended = shell.boundary("study", file, where=tmp_path)
    assert ended.code == 0
    assert "no problem is unsolved by base, rl" in ended.err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"n": 2, "unsolved_by": ["base"]}, "ks asks for k = 4, and the smallest n is 2"),
        ({"n": 20, "unsolved_by": ["bas"]}, "did you mean 'base'?"),
        ({"n": 20, "unsolved_by": []}, "suites.dial.more.unsolved_by"),
        ({"n": 20}, "suites.dial.more.unsolved_by"),
        ({"n": 20, "unsolvd_by": ["base"]}, "did you mean 'unsolved_by'?"),
    ],
    ids=["k beyond it", "no arm", "no arms", "nobody", "misspelt"],
)
def test_a_wrong_more_is_refused_before_anything_is_drawn(
    more: dict[str, object], told: str, tmp_path: Path
) -> None:
    assert told in shell.refused("study", study(tmp_path, "off", more=more), where=tmp_path)
    assert not (tmp_path / "results").exists()
