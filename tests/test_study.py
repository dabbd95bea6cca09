"""Study files and the study that runs them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from boundary import sample, study
from boundary.config import StudySettings, load_study
from boundary.errors import BoundaryError, ConfigError
from boundary.store import Run, count_run
from boundary.store.files import Folder
from tests.runs import DATA, REPOSITORY, cli, done, parts, refused, rows, tree

CONFIGS = sorted((REPOSITORY / "configs").glob("*.yaml"))

STUDY: dict[str, Any] = {
    "suites": {"dial": {"n": 4, "limit": 3}},
    "arms": {"base": {"model": "fake/first=1"}, "rl": {"model": "fake/first=3", "parent": "base"}},
    "perplexity": {"answers": 2},
    "resamples": 100,
}


def load(folder: Path, **changes: Any) -> StudySettings:
    return load_study(write(folder, **changes))


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({**STUDY, **changes}))
    return path


def refusal(folder: Path, **changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, **changes)
    assert "mine.yaml" in caught.value.problem
    return f"{caught.value.problem}: {caught.value.remedy}"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_study_in_configs_loads_and_names_what_exists(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_study(path)
    assert settings.name == path.stem
    if not DATA.is_dir() and set(settings.suites) - {"dial"}:
        pytest.skip("no copies of the suites in shared/data beside this checkout")
    # The room that a context leaves is read from the checkpoint, which may be on the hub.
    monkeypatch.setattr(sample, "token_budget", lambda jobs: 1024)
    jobs = study.plan(settings, Folder.at("nowhere"), data=DATA if DATA.is_dir() else None)
    assert len(jobs) == len(settings.arms) * len(settings.suites)
    assert {job.max_tokens for _, job in jobs} == {1024}


def test_defaults_are_the_documented_ones(tmp_path: Path) -> None:
    arm = load(tmp_path).arms["base"]
    assert (arm.temperature, arm.top_p, arm.max_tokens, arm.sampler) == (0.6, 0.95, None, "plain")


UNKNOWN = {
    "top": ({"solved_on": 4}, "unknown key 'solved_on'", "'solved_at'"),
    "suite": ({"suites": {"dial": {"n": 4, "limits": 3}}}, "'suites.dial.limits'", "'limit'"),
    "arm": (
        {"arms": {"a": {"model": "x", "temprature": 1}}},
        "'arms.a.temprature'",
        "'temperature'",
    ),
    "misspelt need": ({"arms": {"a": {"modle": "x"}}}, "'arms.a.modle'", "'model'"),
    "like": ({"arms": {"a": {"model": "x", "lik": "b"}}}, "'arms.a.lik'", "'like'"),
    "perplexity": ({"perplexity": {"answer": 3}}, "'perplexity.answer'", "'answers'"),
}


@pytest.mark.parametrize(("change", "key", "nearest"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_key_is_refused_with_the_nearest(
    change: dict[str, Any], key: str, nearest: str, tmp_path: Path
) -> None:
    told = refusal(tmp_path, **change)
    assert "unknown key" in told
    assert key in told
    assert told.endswith(f"did you mean {nearest}?")


def arms(**named: dict[str, Any]) -> dict[str, Any]:
    return {"arms": named}


VALUES = {
    "n 0": ({"suites": {"dial": {"n": 0}}}, "suites.dial.n"),
    "no n": ({"suites": {"dial": {}}}, "suites.dial.n"),
    "limit 0": ({"suites": {"dial": {"n": 1, "limit": 0}}}, "suites.dial.limit"),
    "n alone": ({"suites": {"dial": 128}}, "suites.dial"),
    "suites as a list": ({"suites": ["dial"]}, "suites"),
    "no suites": ({"suites": {}}, "suites"),
    "no arms": ({"arms": {}}, "arms"),
    "arms as a list": ({"arms": ["a"]}, "arms must map names to settings"),
    "arm as a text": ({"arms": {"a": "zoo/base"}}, "arms must map names to settings"),
    "no model": (arms(a={"template": "raw"}), "arms.a.model"),
    "cold": (arms(a={"model": "x", "temperature": -0.1}), "arms.a.temperature"),
    "hot": (arms(a={"model": "x", "temperature": float("inf")}), "arms.a.temperature"),
    "no heat": (arms(a={"model": "x", "temperature": float("nan")}), "arms.a.temperature"),
    "top-p 0": (arms(a={"model": "x", "top_p": 0}), "arms.a.top_p"),
    "top-p 2": (arms(a={"model": "x", "top_p": 2}), "arms.a.top_p"),
    "no tokens": (arms(a={"model": "x", "max_tokens": 0}), "arms.a.max_tokens"),
    "words": (arms(a={"model": "x", "max_tokens": "many"}), "arms.a.max_tokens"),
    "few resamples": ({"resamples": 10}, "resamples"),
    "k 0": ({"ks": [0, 1]}, "ks.0"),
    "half a pair": ({"compare": [["base"]]}, "compare.0"),
    "name with a slash": ({"name": "../up"}, "a study's name becomes a directory"),
    "hidden name": ({"name": ".git"}, "a study's name becomes a directory"),
    "unknown compared": (
        {"compare": [["base", "rll"]]},
        "'rll', which is no arm: did you mean 'rl'",
    ),
    "unknown parent": (arms(a={"model": "x", "parent": "b"}), "arms.a.parent names 'b'"),
    "unknown like": (arms(a={"like": "c"}, b={"model": "x"}), "'c', which is no arm"),
    "like a list": (arms(a={"like": ["b"]}, b={"model": "x"}), "which is no arm"),
    "like itself": (arms(a={"like": "a"}), "'a' is like 'a', which is itself like it"),
    "like in a circle": (
        arms(a={"like": "b"}, b={"like": "c"}, c={"like": "b"}),
        "'c' is like 'b', which is itself like it",
    ),
}


@pytest.mark.parametrize(("change", "told"), VALUES.values(), ids=VALUES)
def test_a_wrong_value_is_refused_at_its_place(
    change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    assert told in refusal(tmp_path, **change)


FILES = {
    "no yaml": (b"arms: [", "is no YAML"),
    "tabs": (b"arms:\n\tbase: x", "is no YAML"),
    "bytes": (b"\xff\xfe\0", "is no YAML"),
    "a tag": (b"!!python/object/apply:os.getcwd []", "is no YAML"),
    "empty": (b"", "holds no settings"),
    "a list": (b"- a", "holds no settings"),
    "an arm twice": (
        b"suites: {dial: {n: 1}}\narms: {a: {model: x}, a: {model: y}}",
        "the key 'a' stands twice",
    ),
    "a number for a key": (b"1: 2\nsuites: {dial: {n: 1}}\narms: {a: {model: x}}", "1: Keys"),
}


@pytest.mark.parametrize(("data", "told"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_study_is_refused(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(data)
    with pytest.raises(ConfigError, match=r"mine\.yaml") as caught:
        load_study(tmp_path / "mine.yaml")
    assert told in caught.value.problem
    assert "\n" not in caught.value.problem


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_file_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the study"):
        load_study(tmp_path / name)


def test_like_takes_over_what_is_not_said(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        **arms(
            c={"like": "b", "top_p": 0.5},
            b={"like": "a", "model": "y", "temperature": 1.0},
            a={
                "model": "x",
                "revision": "r",
                "template": "raw",
                "temperature": 0.0,
                "parent": "d",
            },
            d={"model": "z"},
            e={"like": "a", "seed": 3},
        ),
    ).arms
    assert (found["c"].model, found["c"].template) == ("y", "raw")
    assert (found["c"].temperature, found["c"].top_p) == (1.0, 0.5)
    # A parent and a revision belong to the checkpoint: only a copy of the same model keeps them.
    assert [found[name].parent for name in "abcde"] == ["d", None, None, None, "d"]
    assert [found[name].revision for name in "abcde"] == ["r", None, None, None, "r"]
    assert found["e"].seed == 3


def runs_of(results: Path) -> dict[str, Path]:
    return {path.parent.name: path.parent for path in results.glob("*/runs/*/manifest.json")}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A working directory where the study has run, and what it printed."""
    here = tmp_path_factory.mktemp("study")
    write(here)
    return here, done(here, "study", "mine.yaml")


def test_a_study_leaves_report_tables_figures_and_runs(finished: tuple[Path, str]) -> None:
    here, said = finished
    out = here / "results" / "mine"
    assert sorted(p.name for p in out.iterdir() if p.name != ".lock") == [
        "figures",
        "report.html",
        "runs",
        "tables",
    ]
    assert "report: results/mine/report.html" in said
    found = {
        name.split("-")[0]: [(c.n, c.correct) for c in count_run(Run.open(Folder.at(path))).counts]
        for name, path in runs_of(here / "results").items()
    }
    assert found == {"first=1": [(4, 1)] * 3, "first=3": [(4, 3)] * 3}


def test_a_study_run_again_draws_and_judges_nothing(finished: tuple[Path, str]) -> None:
    here, said = finished
    out = here / "results" / "mine"
    before = tree(out / "runs")
    tables = tree(out / "tables")
    assert done(here, "study", "mine.yaml") == said
    assert tree(out / "runs") == before
    assert tree(out / "tables") == tables


def test_arms_are_compared_as_the_file_says(finished: tuple[Path, str]) -> None:
    here, _ = finished
    text = (here / "results" / "mine" / "tables" / "dial" / "comparisons.csv").read_text()
    head, row = (line.split(",") for line in text.splitlines())
    values = dict(zip(head, row, strict=True))
    assert (values["base"], values["other"]) == ("base", "rl")


def test_arms_of_one_study_share_the_budget_and_the_seeds_differ(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        **arms(
            a={"model": "fake/p=0.5"}, b={"like": "a", "seed": 5}, c={"like": "a", "max_tokens": 9}
        ),
    )
    jobs = dict(study.plan(settings, Folder.at(tmp_path / "runs")))
    budgets = {arm: sample.describe(job)[1].identity["max_tokens"] for arm, job in jobs.items()}
    assert budgets == {"a": 16_384, "b": 16_384, "c": 9}
    assert {arm: job.seed for arm, job in jobs.items()} == {"a": 0, "b": 5, "c": 0}


def test_two_arms_with_the_same_settings_are_one_run(tmp_path: Path) -> None:
    settings = load(tmp_path, **arms(a={"model": "fake/p=0.5"}, b={"like": "a", "parent": "a"}))
    jobs = study.plan(settings, Folder.at(tmp_path / "runs"))
    names = {sample.run(job).name for _, job in jobs}
    assert len(names) == 1
    assert len(rows(tmp_path / "runs" / names.pop())) == 12


LATE = {
    "suite": ({"suites": {"dial": {"n": 2, "limit": 2}, "dail": {"n": 1}}}, "did you mean 'dial'"),
    "verifier": ({"suites": {"dial": {"n": 2, "verifier": "dail"}}}, "did you mean 'dial'"),
    "template": (arms(a={"model": "fake/p=0.1"}, b={"like": "a", "template": "rwa"}), "'raw'"),
    "engine": (arms(a={"model": "fake/p=0.1"}, b={"like": "a", "engine": "vlm"}), "choose one of"),
    "sampler": (arms(a={"model": "fake/p=0.1"}, b={"like": "a", "sampler": "x"}), "choose one of"),
    "model": (arms(a={"model": "fake/p=0.1"}, b={"model": "./none"}), "no checkpoint at ./none"),
}


@pytest.mark.parametrize(("change", "told"), LATE.values(), ids=LATE)
def test_a_mistake_in_a_later_arm_stops_the_study_before_it_starts(
    change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    settings = load(tmp_path, **change)
    with pytest.raises(BoundaryError) as caught:
        study.run(settings, tmp_path / "results")
    assert told in str(caught.value)
    assert not (tmp_path / "results").exists()


def test_a_wrong_file_at_the_command_line(tmp_path: Path) -> None:
    write(tmp_path, seeds=3)
    assert "did you mean 'seed'?" in refused(tmp_path, "study", "mine.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_raising_n_in_the_file_continues_the_runs(tmp_path: Path) -> None:
    few = dict(study.plan(load(tmp_path), Folder.at(tmp_path / "runs")))
    folders = {arm: Path(str(sample.run(job).folder)) for arm, job in few.items()}
    before = {arm: parts(folder) for arm, folder in folders.items()}
    more = load(tmp_path, suites={"dial": {"n": 6, "limit": 3}})
    for arm, job in study.plan(more, Folder.at(tmp_path / "runs")):
        folder = Path(str(sample.run(job).folder))
        assert folder == folders[arm]
        assert before[arm].items() <= parts(folder).items()
        assert len(rows(folder)) == 18
        sessions = json.loads((folder / "manifest.json").read_text())["sessions"]
        assert [session["n"] for session in sessions] == [4, 6]


def test_a_k_that_some_suite_cannot_answer_is_refused_before_sampling(tmp_path: Path) -> None:
    assert "k = 16, and the smallest n is 4" in refusal(tmp_path, ks=[1, 16])
    assert "k = 5, and the smallest n is 4" in refusal(tmp_path, solved_at=5)
    assert load(tmp_path, ks=[4, 1, 4]).ks == (1, 4)


def test_two_suites_of_one_name_are_refused(tmp_path: Path) -> None:
    line = json.dumps({"id": "p", "problem": "1 + 1", "answer": "2"})
    names = [str(tmp_path / folder / "mine.jsonl") for folder in "ab"]
    for name in names:
        Path(name).parent.mkdir()
        Path(name).write_text(line + "\n")
    settings = load(tmp_path, suites={name: {"n": 4} for name in names})
    with pytest.raises(ConfigError, match="two suites of mine are named mine"):
        study.plan(settings, Folder.at(tmp_path / "runs"))


def test_arms_of_other_tokenizers_are_scored_by_their_texts_and_it_is_said(
    tmp_path: Path,
) -> None:
    arms = {**STUDY["arms"], "rl": {"model": "zoo/rl", "parent": "base", "max_tokens": 8}}
    ended = cli(tmp_path, "study", write(tmp_path, arms=arms))
    assert ended.returncode == 0
    assert "base has another tokenizer than rl: the texts are tokenised anew" in ended.stderr
    assert (tmp_path / "results" / "mine" / "report.html").exists()
