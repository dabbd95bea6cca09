"""Plans: what a study would take and could find, from a calibration on the fake engine."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from boundary import calibration, display, plan, stats
from boundary.calibration import Calibration
from boundary.config import load_study
from boundary.errors import ConfigError
from boundary.plan import Detect, Plan
from boundary.store import Run, count_run
from boundary.store.files import Folder
from tests.runs import rows, tree
from tests.test_study import write

FAST = {"arms": {"base": {"model": "fake/p=0.3"}}}


def planned(where: Path, detect: str | None = None, **changes: Any) -> Plan:
    """A plan of the study with its suite ``mine``: 30 problems, ``n`` 8 unless changed."""
    size = {key: changes.pop(key) for key in ("problems", "samples") if key in changes}
    suite = {"n": 8, "verifier": "exact", **changes.pop("suite", {})}
    problems = [{"id": f"q{i:02}", "problem": f"{i} + 1?", "answer": str(i + 1)} for i in range(30)]
    (where / "mine.jsonl").write_text("\n".join(map(json.dumps, problems)))
    file = write(where, **{"suites": {str(where / "mine.jsonl"): suite}, **FAST, **changes})
    return plan.run(
        load_study(file),
        where / "results",
        calibration=Calibration(**size),
        detect=Detect.parse(detect) if detect else None,
    )


def calibrations(where: Path) -> list[Path]:
    return sorted(path.parent for path in where.glob("results/mine/plan/*/manifest.json"))


def test_a_fixed_study_costs_n_samples_of_each_problem(tmp_path: Path) -> None:
    (cost,) = planned(tmp_path, suite={"n": 128}).costs
    (folder,) = calibrations(tmp_path)
    drawn = rows(folder)
    mean = np.mean([row["n_tokens"] for row in drawn])
    size = sum(p.stat().st_size for kind in ("samples", "verdicts")
               for p in folder.glob(f"{kind}/**/*.parquet"))  # fmt: skip
    assert (cost.suite, cost.arm, cost.problems, cost.n) == ("mine", "base", 30, 128)
    assert (cost.samples, cost.cap, cost.is_adaptive) == (30 * 128, 30 * 128, False)
    assert cost.tokens_per_answer == pytest.approx(mean)
    assert cost.tokens == pytest.approx(mean * 30 * 128)
    assert cost.bytes == pytest.approx(size / len(drawn) * 30 * 128)
    assert cost.tokens
    assert cost.tokens_per_second
    assert cost.tokens / cost.tokens_per_second / 3600 == pytest.approx(cost.hours)


def test_a_calibration_is_small_spread_and_apart_from_the_study(tmp_path: Path) -> None:
    planned(tmp_path, problems=10, samples=3)
    (folder,) = calibrations(tmp_path)
    drawn = rows(folder)
    assert {row["problem_id"] for row in drawn} == {f"q{i:02}" for i in range(0, 30, 3)}
    assert len(drawn) == 10 * 3
    assert "targeted" in Run.open(Folder.at(folder)).manifest.identity
    assert [p.name for p in (tmp_path / "results" / "mine").iterdir()] == ["plan"]


def test_a_suite_smaller_than_the_calibration_is_drawn_whole(tmp_path: Path) -> None:
    (cost,) = planned(tmp_path, suite={"limit": 5}, problems=16).costs
    assert cost.problems == 5
    (folder,) = calibrations(tmp_path)
    assert {row["problem_id"] for row in rows(folder)} == {f"q{i:02}" for i in range(5)}


def test_planned_again_it_draws_nothing_and_says_the_same(tmp_path: Path) -> None:
    found = planned(tmp_path, "5pt@8")
    before = tree(*calibrations(tmp_path))
    assert planned(tmp_path, "5pt@8") == found
    assert tree(*calibrations(tmp_path)) == before


def test_more_samples_continue_a_calibration_and_fewer_use_all_of_it(tmp_path: Path) -> None:
    planned(tmp_path, problems=6, samples=2)
    (folder,) = calibrations(tmp_path)
    old = rows(folder)
    (cost,) = planned(tmp_path, problems=6, samples=5).costs
    drawn = rows(folder)
    assert len(drawn) == 6 * 5
    assert [row for row in drawn if row["index"] < 2] == old
    speed = json.loads((folder / "speed.json").read_text())
    assert speed["samples"] == 6 * 5
    assert planned(tmp_path, problems=6, samples=3).costs == (cost,)


def exact(p: float, stop_after: int, looks: tuple[int, ...]) -> float:
    """Samples that a problem solved with chance p takes until a stop rule ends it."""
    blocks = ((high - low) * binom.cdf(stop_after - 1, low, p) for low, high in pairwise(looks))
    return looks[0] + float(sum(blocks))


@pytest.mark.parametrize("p", [0.1, 0.3])
def test_stopping_saves_what_a_rate_that_all_problems_share_saves(p: float, tmp_path: Path) -> None:
    arms = {"base": {"model": f"fake/p={p}"}}
    (cost,) = planned(tmp_path, arms=arms, suite={"n": 1024}, problems=30, samples=64).costs
    looks = (64, 128, 256, 512, 1024)
    assert stats.looks_for(plan.STOP_AFTER, 1024) == looks
    assert cost.stop_after == plan.STOP_AFTER
    # The calibration's own share of right answers, which is p but for its noise.
    assert cost.right == pytest.approx(p, abs=0.03)
    expected = 30 * exact(cost.right, plan.STOP_AFTER, looks)
    assert cost.stopped == pytest.approx(expected, rel=0.1)
    assert cost.stopped_low < expected < cost.stopped_high
    assert cost.samples == cost.cap == 30 * 1024


@pytest.mark.parametrize(("model", "each"), [("fake/p=1", 4), ("fake/p=0", 32)])
def test_an_adaptive_study_costs_what_its_own_rule_leaves(
    model: str, each: int, tmp_path: Path
) -> None:
    suite = {"n": 32, "stop_after": 2, "looks": [4, 16]}
    found = planned(tmp_path, arms={"a": {"model": model}}, suite=suite, problems=30, samples=16)
    (cost,) = found.costs
    assert cost.is_adaptive
    assert (cost.stop_after, cost.cap) == (2, 30 * 32)
    assert cost.samples == cost.stopped == pytest.approx(30 * each, rel=0.03)
    assert cost.hours == cost.stopped_hours
    assert cost.tokens is not None
    assert cost.tokens_per_answer is not None
    assert cost.tokens == pytest.approx(cost.samples * cost.tokens_per_answer, rel=0.1)
    assert any("calibration is too small" in note for note in found.notes)


def test_what_goes_on_after_a_look_is_as_long_as_the_problems_that_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long_where_hard(found: Run, ids: list[str]) -> Any:
        counts = {c.problem_id: c.correct for c in count_run(found).counts}
        return np.array([100.0 if counts[key] > 2 else 1000.0 for key in ids])

    monkeypatch.setattr(calibration, "_mean_tokens", long_where_hard)
    suite = {"n": 1024, "stop_after": 4, "looks": [8]}
    (cost,) = planned(tmp_path, suite=suite, problems=30, samples=8).costs
    assert cost.tokens is not None
    assert cost.tokens_per_answer is not None
    assert cost.tokens > 1.02 * cost.samples * cost.tokens_per_answer


def test_a_speed_that_is_lost_or_of_another_machine_is_told(tmp_path: Path) -> None:
    assert len(planned(tmp_path).notes) == 1
    speed = calibrations(tmp_path)[0] / "speed.json"
    speed.write_text(json.dumps({"samples": 64, "seconds": 32.0, "hardware": "an abacus"}))
    found = planned(tmp_path)
    assert found.costs[0].hours == pytest.approx(30 * 8 * 0.5 / 3600)
    assert found.notes[-1] == "base on mine was timed on other hardware: an abacus"
    speed.unlink()
    found = planned(tmp_path)
    assert (found.costs[0].hours, found.costs[0].tokens_per_second) == (None, None)
    assert "was not timed" in found.notes[-1]


def test_further_draws_are_told_not_counted(tmp_path: Path) -> None:
    found = planned(tmp_path, suite={"more": {"n": 64, "unsolved_by": ["base"]}})
    assert found.costs[0].samples == 30 * 8
    assert found.notes[-1].startswith("further draws on unsolved problems are not counted: ")


def test_a_study_that_cannot_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        planned(tmp_path, arms={"base": {"model": "fake/p=0.3", "template": "nosuch"}})
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("text", "gap", "k"), [("3pt@128", 0.03, 128), ("1.5pt@64", 0.015, 64), ("20pt@1", 0.2, 1)]
)
def test_a_gap_is_read(text: str, gap: float, k: int) -> None:
    found = Detect.parse(text)
    assert found.gap == pytest.approx(gap)
    assert found.k == k


@pytest.mark.parametrize(
    "text",
    [
        *("", "3", "3pt", "@128", "3@128", "3pt@", "3pt@0", "0pt@8", "100pt@8", "-3pt@8"),
        *("3pt@8.5", "3 pt@8", "3pt@8 ", "3pp@8", "3pt@99999"),
    ],
)
def test_what_is_no_gap_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="names no gap: write 3pt@128"):
        Detect.parse(text)


PAIR = {"arms": {"base": {"model": "fake/p=0.3"}, "rl": {"model": "fake/p=0.5", "parent": "base"}}}


def test_a_small_suite_cannot_find_a_small_gap(tmp_path: Path) -> None:
    (power,) = planned(tmp_path, "1pt@1", **PAIR).powers
    assert (power.base, power.other, power.problems, power.n) == ("base", "rl", 30, 8)
    assert power.needed_n is None
    assert power.power < 0.8
    assert power.needed_low < power.needed_problems < power.needed_high
    assert power.needed_problems > 30
    assert power.line.startswith(
        "mine cannot find 1 points at pass@1 between base and rl: 30 problems,"
        f" {power.needed_problems:,} needed ["
    )


def test_a_large_gap_is_found_with_the_samples_that_it_takes(tmp_path: Path) -> None:
    (power,) = planned(tmp_path, "25pt@16", **PAIR).powers
    assert power.needed_n == 16
    assert power.power > 0.8
    assert power.needed_problems <= 30
    assert power.line == (
        "mine can find 25 points at pass@16 between base and rl: 30 problems with n = 16,"
        " 480 samples of each arm; the study has n = 8"
    )


def test_problems_of_one_rate_need_what_their_noise_alone_asks(tmp_path: Path) -> None:
    (power,) = planned(tmp_path, "10pt@1", **PAIR, problems=30, samples=64).powers
    noise = (0.3 * 0.7 + 0.5 * 0.5) / 8
    assert power.needed_problems == pytest.approx(stats.problems_needed(0.1, noise), rel=0.25)


def test_an_adaptive_study_is_judged_by_its_own_design(tmp_path: Path) -> None:
    suite = {"n": 32, "stop_after": 2, "looks": [4, 16]}
    (power,) = planned(tmp_path, "20pt@8", **PAIR, suite=suite).powers
    assert 0 < power.power <= 1
    assert power.needed_n is not None


def test_every_compared_pair_is_judged_and_a_lone_arm_against_its_like(tmp_path: Path) -> None:
    arms = {**PAIR["arms"], "distill": {"like": "rl"}}
    found = planned(tmp_path, "3pt@8", arms=arms, compare=[["rl", "base"], ["distill", "rl"]])
    assert [(one.base, one.other) for one in found.powers] == [("rl", "base"), ("distill", "rl")]
    (alone,) = planned(tmp_path, "3pt@8").powers
    assert (alone.other, alone.correlation) == ("another arm like it", 0)
    assert planned(tmp_path).powers == ()


def test_a_plan_is_printed_for_people_and_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = planned(tmp_path, "3pt@8", **PAIR)
    display.show_plan(found, as_json=False)
    said = capsys.readouterr()
    assert "after 16 right would save 0% [0%, 0%]" in said.out
    assert f"{found.powers[0].line}." in said.out
    assert "note: speeds are of one engine" in said.err
    display.show_plan(found, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [cost["arm"] for cost in told["costs"]] == ["base", "rl"]
    assert told["costs"][0]["samples"] == 240
    assert told["lines"] == [one.line for one in found.powers]
