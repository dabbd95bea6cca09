"""Archives of runs: every table from them is the one from the run itself, to the last digit."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boundary.store import load_counts
from tests.shell import boundary, done, refused

FIXED, OTHER, QUICK = "fake/p=0.4", "fake/first=3", "fake/p=0.2"


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of a fixed n, an adaptive one, and the archives of all."""
    folder = tmp_path_factory.mktemp("exported")
    for model, n, more in (
        (FIXED, 16, ()),
        (OTHER, 16, ()),
        (QUICK, 32, ("--stop-after", 2, "--looks", "4,8,16,32")),
    ):
        options = ("--suite", "dial", "--limit", 24, "-n", n, *more)
        done("sample", model, *options, where=folder)
    names = sorted(p.name for p in (folder / "results").iterdir())
    again = ("sample", FIXED, "--suite", "dial", "--limit", 24, "-n", 16, "--seed", 7)
    done(*again, "--results", "again", where=folder)
    (second,) = (folder / "again").glob("p=0.4-*")
    done("export", second, "--out", "again/archives", where=folder)
    done("export", *names, "--out", "archives", where=folder)
    return folder


def run_of(where: Path, model: str) -> Path:
    (found,) = (where / "results").glob(f"{model.rpartition('/')[2]}-*")
    return found


def archive_of(where: Path, model: str) -> Path:
    return where / "archives" / f"{run_of(where, model).name}.boundary.zip"


def written(out: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in out.glob("*.csv")}
    assert found
    return found


@pytest.mark.parametrize("model", [FIXED, OTHER, QUICK])
@pytest.mark.parametrize("tier", [(), ("--lenient",)])
def test_passk_says_the_same(where: Path, tmp_path: Path, model: str, tier: tuple[str]) -> None:
    also = ["--metrics", "--cost", "--extrapolate", 128, *tier]
    also += [] if tier else ["--budgets", "4,8"]
    said = []
    for place, source in (("run", run_of(where, model)), ("archive", archive_of(where, model))):
        ended = boundary("passk", source, *also, "--out", tmp_path / place, where=tmp_path)
        assert ended.code == 0, ended.err
        said.append((ended.out, ended.err, written(tmp_path / place)))
    assert said[0] == said[1]


@pytest.mark.parametrize("more", [(), ("--solved-at", 3), ("--target", "fixed-suite")])
def test_compare_says_the_same(where: Path, tmp_path: Path, more: tuple[object, ...]) -> None:
    said = []
    for place, of in (("run", run_of), ("archive", archive_of), ("mixed", None)):
        names = [of(where, m) if of else archive_of(where, m) for m in (FIXED, OTHER)]
        if of is None:
            names[0] = run_of(where, FIXED)
        ended = boundary("compare", *names, *more, "--out", tmp_path / place, where=tmp_path)
        assert ended.code == 0, ended.err
        said.append((ended.out, ended.err, written(tmp_path / place)))
    assert said[0] == said[1] == said[2]


def test_compare_with_an_adaptive_run_a_floor_and_a_budget(where: Path, tmp_path: Path) -> None:
    said = []
    for place, of in (("run", run_of), ("archive", archive_of)):
        base, quick, second = (of(where, m) for m in (FIXED, QUICK, OTHER))
        (floor,) = where.glob("again/archives/*.zip" if of is archive_of else "again/p=0.4-*")
        names = (base, quick, "--floor", floor, "--steps", "0,100")
        adaptive = done("compare", *names, "--out", tmp_path / place, where=tmp_path)
        cut = done("compare", base, second, "--budget", 5, "--intersect", where=tmp_path)
        said.append((adaptive, cut, written(tmp_path / place)))
    assert said[0] == said[1]
    assert "trend.csv" in said[0][2]
    assert "a second run of" in said[0][0]
    assert "lengths.csv" in said[0][2]


def test_the_same_run_gives_the_same_bytes(where: Path, tmp_path: Path) -> None:
    told = boundary("export", run_of(where, QUICK), "--json", where=tmp_path).json()
    (one,) = told
    assert Path(one["path"]) == tmp_path / f"{one['run']}.boundary.zip"
    assert Path(one["path"]).read_bytes() == archive_of(where, QUICK).read_bytes()
    assert one["bytes"] == archive_of(where, QUICK).stat().st_size


def test_an_archive_is_found_by_its_name_in_the_results(where: Path, tmp_path: Path) -> None:
    source = archive_of(where, FIXED)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / source.name).write_bytes(source.read_bytes())
    assert "p=0.4-dial" in done("passk", source.name, where=tmp_path)


def test_an_archive_holds_neither_questions_nor_answers(where: Path) -> None:
    problems = pd.read_parquet(run_of(where, FIXED) / "problems.parquet")
    with np.load(archive_of(where, FIXED)) as held:
        assert held["tokens"].shape == (24, 16)
        told = "".join(str(held[name]) for name in held.files if name.endswith("json"))
    for text in (*problems["question"], *problems["prompt"]):
        assert json.dumps(text)[1:-1] not in told


def test_plain_counts_read_back(where: Path, tmp_path: Path) -> None:
    for source in (run_of(where, FIXED), archive_of(where, FIXED)):
        done("export", source, "--counts", "--out", tmp_path, where=tmp_path)
        path = tmp_path / f"{run_of(where, FIXED).name}.counts.csv"
        assert path.read_text().startswith("problem_id,model,n,c")
        (found,), (run,) = load_counts(str(path)), load_counts(str(source))
        assert found.label == run.label
        plain = [(c.problem_id, c.n, c.correct) for c in found.counts]
        assert plain == [(c.problem_id, c.n, c.correct) for c in run.counts]
        path.unlink()


def test_plain_counts_of_an_adaptive_run_are_refused(where: Path, tmp_path: Path) -> None:
    for source in (run_of(where, QUICK), archive_of(where, QUICK)):
        told = refused("export", source, "--counts", where=tmp_path)
        assert "stopped early" in told
        assert "without --counts" in told
    assert not list(tmp_path.iterdir())


def test_what_an_archive_cannot_tell_is_refused(where: Path, tmp_path: Path) -> None:
    source = archive_of(where, FIXED)
    told = refused("passk", source, "--answers", where=tmp_path)
    assert "holds no answers" in told
    assert "--verifier" not in told
    assert "no verdicts by math" in refused("passk", source, "--verifier", "math", where=tmp_path)
    assert "passk and compare" in refused("show", source, where=tmp_path)
    assert "no model 'x'" in refused("passk", f"{source}::x", where=tmp_path)
    told = refused("export", run_of(where, FIXED), "--lenient", where=tmp_path)
    assert "--counts" in told


def test_two_runs_of_one_name_are_refused(where: Path, tmp_path: Path) -> None:
    run = run_of(where, FIXED)
    assert "would be one file" in refused("export", run, run, where=tmp_path)


def test_different_problems_are_refused_from_archives_too(where: Path, tmp_path: Path) -> None:
    done("sample", FIXED, "--suite", "dial", "--limit", 20, "-n", 4, where=tmp_path)
    (name,) = (p.name for p in (tmp_path / "results").iterdir())
    done("export", name, where=tmp_path)
    told = refused("compare", archive_of(where, FIXED), f"{name}.boundary.zip", where=tmp_path)
    assert "4 only in" in told
    assert "--intersect" in told
    names = (archive_of(where, FIXED), f"{name}.boundary.zip", "--intersect")
    assert "the 20 problems that all share" in boundary("compare", *names, where=tmp_path).err


def test_archives_at_a_url(where: Path, tmp_path: Path) -> None:
    run = run_of(where, FIXED)
    done("export", run, "--out", "memory://archives/deep", where=tmp_path)
    url = f"memory://archives/deep/{run.name}.boundary.zip"
    assert done("passk", url, where=tmp_path) == done("passk", run, where=tmp_path)
    told = refused("passk", "memory://archives/none.boundary.zip", where=tmp_path)
    assert "no archive at" in told


def test_unfinished_runs_and_samplers_that_draw_more_than_they_keep(tmp_path: Path) -> None:
    few = ("--suite", "dial", "--limit", 6)
    done("sample", FIXED, *few, "-n", 4, where=tmp_path)
    done("sample", FIXED, *few, "-n", 12, "--shard", "1/3", where=tmp_path)
    best = ("fake/p=0.4,tokens=20,spread=0.5", "--sampler", "best_of", "-n", 4)
    done("sample", *best, *few, where=tmp_path)
    errors = ""
    for run in sorted((tmp_path / "results").iterdir()):
        done("export", run, where=tmp_path)
        archive = tmp_path / f"{run.name}.boundary.zip"
        told = [boundary("passk", s, "--cost", "--json", where=tmp_path) for s in (run, archive)]
        assert told[0] == told[1]
        assert told[0].code == 0
        errors += told[0].err
    assert "is unfinished" in errors


def test_a_floor_is_the_base_drawn_again(where: Path) -> None:
    base, other = run_of(where, FIXED), run_of(where, OTHER)
    told = refused("compare", base, other, "--floor", other, where=where)
    assert "another model id" in told
    told = refused("compare", base, other, "--floor", base, where=where)
    assert "the same seed" in told
    assert "another --seed" in told


def test_a_budget_cuts_votes_costs_and_lengths_too(where: Path) -> None:
    run = run_of(where, FIXED)
    found = done("passk", run, "--budget", 2, "--cost", "--answers", "--json", where=where)
    told = json.loads(found)
    assert {row["pass_at_k"] for row in told["curves"]} == {0.0}
    assert {row["maj_at_k"] for row in told["majority"]} == {0.0}
    assert all(row["tokens"] <= 2 * row["k"] for row in told["cost"])
    lengths = json.loads(done("compare", run, run, "--budget", 2, "--json", where=where))["lengths"]
    assert {row["outcome"] for row in lengths} == {"all", "truncated"}
    assert max(row["mean"] for row in lengths) <= 2


def test_an_intersection_of_the_same_prompts_tells_no_difference(where: Path) -> None:
    options = ("--suite", "dial", "--limit", 20, "-n", 16, "--results", "fewer")
    done("sample", OTHER, *options, where=where)
    (fewer,) = (where / "fewer").iterdir()
    said = done("compare", run_of(where, FIXED), fewer, "--intersect", where=where)
    assert "differ in" not in said
