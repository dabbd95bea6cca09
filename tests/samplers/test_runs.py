"""Samplers behind the command line: what a run holds, and what a kill costs it."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests import runs, shell

POWER = (
    *("sample", "zoo/base", "--suite", "dial", "--limit", 3, "-n", 12, "--max-tokens", 64),
    *("--sampler", "power", "--sampler-arg", "block=16", "--sampler-arg", "steps=5"),
)
STEPS = 4 * 5


def ledgers(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """What each sample took, the latest told."""
    return {(row["problem_id"], row["index"]): row for row in runs.rows(folder, "ledger")}


def test_a_run_holds_the_answers_their_ledgers_and_what_decided_them(tmp_path: Path) -> None:
    shell.done(*POWER, where=tmp_path)
    folder = runs.run_in(tmp_path).folder.base
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    identity = manifest["identity"]
    assert (identity["sampler"], identity["temperature"], identity["top_p"]) == ("power", 1.0, 1.0)
    assert identity["sampler_args"] == {
        "alpha": 4.0,
        "block": 16,
        "steps": 5,
        "temperature": 0.25,
        "stop_rule": "all_blocks",
    }
    rows = runs.rows(Path(folder))
    told = ledgers(Path(folder))
    assert told.keys() == {(row["problem_id"], row["index"]) for row in rows}
    for row in rows:
        ledger = told[row["problem_id"], row["index"]]
        assert sum(ledger["block_steps"]) == STEPS
        assert ledger["generated"] == sum(move["drawn"] for move in ledger["moves"])
        kept = [move["after"] for move in ledger["moves"] if move["accepted"]][-1]
        assert kept == row["n_tokens"] == len(row["token_ids"])
        assert row["logprob"] < 0
        assert row["draw_logprob"] is None
    before = runs.tree(Path(folder))
    shell.done(*POWER, where=tmp_path)
    again = runs.tree(Path(folder))
    assert {k: v for k, v in again.items() if "manifest" not in k} == {
        k: v for k, v in before.items() if "manifest" not in k
    }


# Cuts come fast, and each step is slowed down, so that a kill strikes chains half-way.
SLOWLY = """
import time
import boundary.drawing as drawing
drawing._LOOK_SECONDS = drawing._COMMIT_SECONDS = 0.05
from boundary.samplers.chain import Chain
learn = Chain.learn
def slow(self, sample):
    time.sleep(0.004)
    return learn(self, sample)
Chain.learn = slow
"""


def in_flight(folder: Path) -> dict[tuple[str, int], Any]:
    """Places of the chains in the last snapshot."""
    found: dict[tuple[str, int], Any] = {}
    for part in sorted(folder.glob("results/*/inflight/*.parquet")):
        try:
            rows = pq.read_table(part).to_pylist()
        except (OSError, ValueError):
            # Another one takes its place at this moment.
            continue
        found = {
            (r["problem_id"], r["index"]): json.loads(r["state"].partition(b"\n")[0])["place"]
            for r in rows
        }
    return found


@pytest.mark.timeout(600)
def test_a_kill_amid_chains_costs_steps_and_redraws_no_answer(tmp_path: Path) -> None:
    """An answer that is stored stays; a chain goes on from its last snapshot, not from scratch."""
    with runs.started(tmp_path, *POWER, before=SLOWLY) as child:
        runs.wait_for(child, lambda: any(place > [2, 0] for place in in_flight(tmp_path).values()))
        runs.kill(child)
    folder = next(tmp_path.glob("results/*"))
    stored = {(row["problem_id"], row["index"]): row for row in runs.rows(folder)}
    aloft = in_flight(tmp_path)
    assert aloft
    runs.done(tmp_path, *POWER)
    rows = runs.rows(folder)
    assert len(rows) == 36
    assert len(runs.texts(folder)) == 36
    for row in rows:
        if (row["problem_id"], row["index"]) in stored:
            assert row == stored[row["problem_id"], row["index"]]
    session = json.loads((folder / "manifest.json").read_text())["sessions"][1]
    assert session["continued"] >= 1
    for ledger in ledgers(folder).values():
        assert sum(ledger["block_steps"]) == STEPS
        places = [(move["block"], move["step"]) for move in ledger["moves"]]
        assert places == sorted(set(places)), "no step stands twice"
    whole = tmp_path / "whole"
    whole.mkdir()
    runs.done(whole, *POWER)
    undisturbed = runs.texts(next(whole.glob("results/*")))
    same = sum(text == undisturbed[key] for key, text in runs.texts(folder).items())
    # Rows in another company may round otherwise, in float32, and one token may then differ.
    assert same >= 34


@pytest.mark.timeout(600)
def test_a_stop_asked_for_keeps_every_step_that_ended(tmp_path: Path) -> None:
    with runs.started(tmp_path, *POWER, before=SLOWLY) as child:
        runs.wait_for(child, lambda: any(place > [1, 2] for place in in_flight(tmp_path).values()))
        child.terminate()
        child.communicate(timeout=runs.LIMIT_S)
        assert child.returncode == 130
    folder = next(tmp_path.glob("results/*"))
    aloft = in_flight(tmp_path)
    runs.done(tmp_path, *POWER)
    session = json.loads((folder / "manifest.json").read_text())["sessions"][1]
    stored = sum(key in aloft for key in ledgers(folder))
    assert session["continued"] == stored == len(aloft)
    assert session["restarted"] == 0


REFUSED = {
    "alpha": (("--sampler-arg", "alpha=0.5"), "give 1 or more"),
    "argument": (("--sampler-arg", "alfa=4"), "did you mean 'alpha'?"),
    "no pair": (("--sampler-arg", "alpha"), "--sampler-arg alpha is no key=value"),
    "nucleus": (("--top-p", "0.95"), "could never be proposed"),
    "greedy": (("--temperature", "0"), "sharpens the model's own law"),
    "greedy proposals": (("--sampler-arg", "temperature=0"), "a greedy proposal has no density"),
    "long block": (("--sampler-arg", "block=65"), "a block of 65 tokens is longer than the 64"),
    "no log-probabilities": (("--no-logprobs",), "leave out --no-logprobs"),
    "one stream": (("--seeds", "engine"), "leave out --seeds engine"),
    "longer": (("--extend", "80"), "cannot be extended"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    what: str, tmp_path: Path
) -> None:
    more, words = REFUSED[what]
    assert words in shell.refused(*POWER, *more, where=tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_engine_that_tells_no_costs_is_refused(tmp_path: Path) -> None:
    said = shell.refused(
        *("sample", "fake/p=0.5", "--suite", "dial", "--limit", 2, "-n", 2),
        *("--sampler", "power"),
        where=tmp_path,
    )
    assert "does not tell what each token cost" in said


def test_best_of_m_is_a_sampler_of_any_engine(tmp_path: Path) -> None:
    shell.done(
        *("sample", "fake/p=0.5", "--suite", "dial", "--limit", 3, "-n", 4),
        *("--sampler", "best_of", "--sampler-arg", "m=3", "--sampler-arg", "by=total"),
        where=tmp_path,
    )
    folder = Path(runs.run_in(tmp_path).folder.base)
    found = ledgers(folder)
    assert len(found) == len(runs.rows(folder)) == 12
    assert all(row["requests"] == 3 for row in found.values())
