"""The command line: every example runs, and every exit code and stream is as promised."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from boundary import __version__, catalog, cli
from tests.shell import Ended, boundary, done, expanded, refused

ROOT = Path(__file__).parents[1]
FIRST = (
    "boundary sample fake/p=0.3 --suite dial -n 8",
    "boundary sample fake/first=2 --suite dial -n 8",
)
"""Runs that the examples speak of; the first is an example itself."""


def commands(
    group: Any = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that lead to it, in the order of the help."""
    group = group or typer.main.get_command(cli.app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())


def examples(command: Any) -> list[str]:
    return re.findall(r"^Example: (boundary .+)$", command.help or "", re.MULTILINE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the study files, another tool's log and the two runs."""
    where = tmp_path_factory.mktemp("place")
    answer = {"id": "sum", "question": "1 + 1?", "gold": "2", "response": "It is \\boxed{2}."}
    (where / "answers.jsonl").write_text(json.dumps(answer) + "\n", encoding="utf-8")
    shutil.copytree(ROOT / "configs", where / "configs")
    for line in FIRST:
        done(*line.split()[1:], where=where)
    return where


@pytest.fixture(scope="module")
def runs(place: Path) -> dict[str, str]:
    return {p.name.split("-")[0]: f"results/{p.name}" for p in place.glob("results/*-dial-*")}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(path: tuple[str, ...]) -> None:
    found = examples(COMMANDS[path])
    assert found
    for line in found:
        assert tuple(line.split()[1 : 1 + len(path)]) == path


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_says_what_it_does_or_names_it(path: tuple[str, ...], place: Path) -> None:
    shown = done(*path, "--help", where=place)
    for parameter in COMMANDS[path].params:
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in shown
            assert parameter.help or parameter.name in ("temperature", "top_p"), parameter.name


def test_every_example_runs_in_the_order_of_the_help(place: Path) -> None:
    """On this machine as it is; the recipe's own example is tried at its tiny scale."""
    lines = [line for path in COMMANDS for line in examples(COMMANDS[path])]
    assert len(lines) >= len(COMMANDS)
    for line in lines:
        ended = boundary(*expanded(line, place)[1:], where=place)
        assert ended.code == 0, (line, ended.err)
        assert ended.out, line
    for left in ("curves/passk.csv", "versus/comparisons.csv", "page/report.html"):
        assert (place / left).stat().st_size
    assert (place / "results" / "fake" / "report.html").stat().st_size


def test_the_version(place: Path) -> None:
    assert done("--version", where=place) == f"boundary {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nosuch"], "No such command 'nosuch'"),
        (["sample"], "Missing argument"),
        (["sample", "fake/p=1", "--suite", "dial"], "Missing option '-n'"),
        (["sample", "fake/p=1", "--suite", "dial", "-n", "0"], "'-n'"),
        (["sample", "fake/p=1", "--suite", "dial", "-n", "x"], "'-n'"),
        (
            ["sample", "fake/p=1", "--suite", "dial", "-n", "1", "--temperature", "-1"],
            "temperature",
        ),
        (["passk", "x", "--resamples", "5"], "'--resamples'"),
        (["list", "suites", "--jsn"], "No such option"),
    ],
)
def test_wrong_usage_is_2(arguments: list[str], told: str, place: Path) -> None:
    ended = boundary(*arguments, where=place)
    assert ended.code == 2
    assert told in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list", "nothing"], "cannot list 'nothing'"),
        (["sample", "fake/p=1", "--suite", "math5", "-n", "1"], "did you mean 'math500'"),
        (["sample", "fake/q=1", "--suite", "dial", "-n", "1"], "unknown key 'q'"),
        (["sample", "./nowhere", "--suite", "dial", "-n", "1"], "no checkpoint at ./nowhere"),
        (["sample", "fake/p=1", "--suite", "dial", "-n", "1", "--top-p", "0"], "--temperature 0"),
        (["sample", "fake/p=1", "--suite", "dial", "-n", "1", "--sampler", "x"], "no sampler"),
        (["sample", "fake/p=1", "--suite", "dial", "-n", "1", "--engine", "x"], "no engine"),
        (["sample", "fake/p=1", "--suite", "dial", "-n", "1", "--template", "x"], "no template"),
        (["sample", "fake/p=1", "--suite", "dial", "-n", "1", "--verifier", "x"], "no verifier"),
        (["passk", "nosuch"], "results/nosuch"),
        (["passk", "other/nosuch"], "/other/nosuch"),
        (["passk", "configs/fake.yaml"], "cannot be read as a table"),
        (["compare", "configs", "configs"], "no run at"),
        (["ppl", "nosuch", "--under", "fake/p=1"], "no run at"),
        (["report", "nosuch"], "no run at"),
        (["study", "configs/nosuch.yaml"], "cannot read the study"),
        (["zoo", "train", "--out", "/dev/null/x", "--scale", "0.001"], "cannot write to"),
        (["doctor", "--results", "configs/fake.yaml"], ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_reported_failure_is_1_and_one_paragraph(
    arguments: list[str], told: str, place: Path
) -> None:
    if arguments[0] == "doctor":
        assert boundary(*arguments, where=place).code == 1
    else:
        assert told in refused(*arguments, where=place)


def interrupted(monkeypatch: pytest.MonkeyPatch, place: Path, act: Any) -> Ended:
    monkeypatch.setattr(catalog, "run", act)
    return boundary("list", "suites", where=place)


def test_interrupted_is_130(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    def act(kind: str) -> None:
        raise KeyboardInterrupt

    ended = interrupted(monkeypatch, place, act)
    assert (ended.code, ended.out) == (130, "")
    assert "run it again" in ended.err


def test_sigterm_is_an_interruption(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    ended = interrupted(monkeypatch, place, lambda kind: os.kill(os.getpid(), signal.SIGTERM))
    assert ended.code == 130
    assert ended.err.startswith("interrupted: what was finished is stored")


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    def act(kind: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted(monkeypatch, place, act)


@pytest.mark.parametrize("debug", [False, True])
def test_a_traceback_is_shown_under_debug_only(debug: bool, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "boundary", *["--debug"] * debug, "list", "nothing"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ("Traceback" in ended.stderr) == debug
    assert "cannot list 'nothing'" in ended.stderr


def test_a_reader_that_leaves_early_is_no_fault(tmp_path: Path) -> None:
    line = f"{sys.executable} -m boundary list templates --json | head -c 1"
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ended.stderr


def test_standard_output_is_clean_json(place: Path, runs: dict[str, str]) -> None:
    p, first = runs["p=0.3"], runs["first=2"]
    sampled = boundary(*FIRST[0].split()[1:], "--json", where=place).json()
    assert sampled["asked"] == sampled["audit"]["samples"] == 1920
    assert Path(sampled["path"]).name == Path(p).name
    rows = boundary("passk", first, "--k", 1, "--k", 8, "--json", where=place).json()
    assert [(row["k"], row["pass_at_k"], row["n"]) for row in rows] == [(1, 0.25, 8), (8, 1.0, 8)]
    compared = boundary("compare", p, first, p, "--json", where=place).json()
    assert len(compared["verdicts"]) == len(compared["summaries"]) == 2
    scored = boundary("ppl", p, "--under", "fake/p=0.3", "--json", where=place).json()
    assert {row["answers_of"] for row in scored} == {Path(p).name}
    assert [row["subset"] for row in scored] == ["all", "correct", "wrong"]
    view = boundary("show", first, "--json", where=place).json()
    assert view["audit"]["correct"] == 0.25
    page = boundary("show", first, "dial-000", "--answers", 2, "--json", where=place).json()
    assert [one["outcome"] for one in page["answers"]] == ["correct", "correct"]
    names = boundary("list", "models", "--json", where=place).json()
    assert "zoo/base" in [row["name"] for row in names]


def test_crossings_of_some_and_not_of_others_are_clean_json_too(
    place: Path, tmp_path: Path
) -> None:
    """A table's column of numbers with a gap holds NaN, which JSON does not know."""
    rows = ["problem_id,model,n,c"]
    for i in range(20):
        rows += [f"q{i},base,16,{1 + i % 3}", f"q{i},rl,16,{16 * (i % 2)}", f"q{i},weak,16,0"]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    compared = boundary(
        "compare", "t.csv::base", "t.csv::rl", "t.csv::weak", "--json", where=tmp_path
    ).json()
    ks = [row["crossing_k"] for row in compared["summaries"]]
    assert isinstance(ks[0], float)
    assert ks[1] is None


def test_a_run_is_found_by_path_or_by_name(place: Path, runs: dict[str, str]) -> None:
    name = Path(runs["first=2"]).name
    assert done("show", name, where=place) == done("show", runs["first=2"], where=place)
    elsewhere = done("show", name, "--results", place / "results", where=ROOT)
    assert name in elsewhere


def test_verify_judges_what_lacks_a_verdict(place: Path, runs: dict[str, str]) -> None:
    assert ": 0 samples judged" in done("verify", runs["p=0.3"], where=place)


def test_numbers_in_the_terminal_are_those_of_the_run(place: Path, runs: dict[str, str]) -> None:
    shown = done("passk", runs["first=2"], "--k", 1, where=place)
    assert re.search(r"\b1\s+25\.00 \[", shown)
    assert shown.count("\n") < 20


def test_texts_of_a_model_cannot_steer_the_terminal(tmp_path: Path) -> None:
    suite = tmp_path / "own.jsonl"
    suite.write_text('{"id": "a", "problem": "red\\u001b[31m?\\u0007", "answer": "4"}\n')
    done("sample", "fake/first=1", "--suite", suite, "-n", 1, where=tmp_path)
    (run,) = (tmp_path / "results").iterdir()
    shown = done("show", run, "a", where=tmp_path)
    assert "\x1b" not in shown
    assert "\\x1b[31m?\\x07" in shown
