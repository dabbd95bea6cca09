"""What arms took and what their tokens buy elsewhere, from runs whose truth is known."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boundary import effort, sample, stats
from boundary.config import BreakEvenSettings
from boundary.effort import Effort
from boundary.passk import Settings
from boundary.passk import run as passk
from boundary.ppl import Likelihood
from boundary.records import Outcome, Scored
from boundary.sections import Findings, sampling
from boundary.store import CountsTable, Run, count_run
from tests import runs, shell

SETTINGS = Settings(resamples=200)
GIVEN = BreakEvenSettings(trained="rl", training_flops=1e9, parameters=1000)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    results = tmp_path_factory.mktemp("effort")
    arms = {
        "base": {"model": "fake/p=0.3"},
        "best": {"model": "fake/p=0.3", "sampler": "best_of", "sampler_args": {"m": 4}},
        "rl": {"model": "fake/p=0.6"},
    }
    return {name: sample.run(runs.job(results, n=32, **arm)) for name, arm in arms.items()}


def counts(drawn: dict[str, Run]) -> dict[str, CountsTable]:
    from dataclasses import replace

    return {name: replace(count_run(run), label=name) for name, run in drawn.items()}


@pytest.fixture(scope="module")
def told(drawn: dict[str, Run]) -> Effort:
    tables = counts(drawn)
    scored = [("rl", "base", Scored("p-0", i, Outcome.CORRECT, False, -3.0, 4)) for i in range(5)]
    found = effort.measure(
        drawn,
        tables,
        passk(list(tables.values()), SETTINGS).solved,
        SETTINGS,
        scored=scored,
        given=GIVEN,
    )
    assert found
    return found


def lengths(run: Run) -> list[int]:
    return [row["n_tokens"] for row in runs.rows(Path(run.folder.base))]


def test_without_a_ledger_there_is_nothing_to_tell(drawn: dict[str, Run]) -> None:
    plain = {name: run for name, run in drawn.items() if name != "best"}
    assert effort.measure(plain, counts(plain), (), SETTINGS) is None


def test_tokens_of_answers_are_those_of_the_store(drawn: dict[str, Run], told: Effort) -> None:
    arms = {arm.label: arm for arm in told.arms}
    assert told.base == "base"
    for label in ("base", "rl"):
        assert arms[label].kept == arms[label].drawn == np.mean(lengths(drawn[label]))
        assert arms[label].ledger is None
    best = arms["best"]
    ledgers = runs.rows(Path(drawn["best"].folder.base), "ledger")
    assert best.kept == np.mean(lengths(drawn["best"]))
    assert best.drawn == np.mean([row["generated"] for row in ledgers])
    assert best.ratio == best.drawn / arms["base"].drawn
    assert 3 < best.ratio < 5
    assert best.sampler == "best_of, by mean, m 4"
    assert arms["base"].sampler == "plain, temperature 0.6, top-p 0.95"
    assert best.answers == 4 * 32


def test_lengths_by_outcome_are_means_over_those_answers(
    drawn: dict[str, Run], told: Effort
) -> None:
    arm = next(arm for arm in told.arms if arm.label == "rl")
    folder = Path(drawn["rl"].folder.base)
    right = {
        (row["problem_id"], row["index"])
        for row in runs.rows(folder, "verdicts")
        if row["tier"] == "strict" and row["outcome"] == "correct"
    }
    tokens = [
        row["n_tokens"] for row in runs.rows(folder) if (row["problem_id"], row["index"]) in right
    ]
    assert arm.right == pytest.approx(np.mean(tokens))
    assert arm.wrong
    assert arm.wrong != arm.right


def test_equal_tokens_buy_each_arm_what_they_pay_for(drawn: dict[str, Run], told: Effort) -> None:
    arms = {arm.label: arm for arm in told.arms}
    tables = counts(drawn)
    assert {one.of for one in told.at_tokens} == {"best"}
    for one in told.at_tokens:
        assert one.k == math.floor(one.tokens / arms[one.arm].drawn + 1e-9) <= 32
        assert one.low <= one.pass_at_k <= one.high
        hits = np.array([count.correct for count in tables[one.arm].counts])
        exact = stats.pass_at_k(hits, 32, [one.k])[:, 0].mean()
        assert one.pass_at_k == pytest.approx(float(exact))
    own = [one.k for one in told.at_tokens if one.arm == "best"]
    assert own == [1, 4, 16]
    # What 16 of its answers take pays for more than 32 of the base's, which has no more.
    assert max(one.tokens for one in told.at_tokens if one.arm == "base") < 16 * arms["best"].drawn


def test_training_is_cheaper_from_so_many_answers_on(told: Effort) -> None:
    drawn = {arm.label: arm.drawn for arm in told.arms}
    found = {one.arm: one for one in told.break_even}
    assert found.keys() == {"base", "best"}
    extra = drawn["best"] - drawn["rl"]
    assert found["best"].extra_tokens == extra
    assert found["best"].answers == pytest.approx(1e9 / (2 * 1000 * extra))
    assert found["base"].answers > found["best"].answers


def test_likelihoods_are_shares_of_each_arm(drawn: dict[str, Run], told: Effort) -> None:
    for label, rows in told.likelihood.groupby("arm"):
        assert rows["share"].sum() == pytest.approx(1)
        ends = [
            end for part in drawn[label].samples(["finish"]) for end in part["finish"].to_pylist()
        ]
        finished = sum(end != "length" for end in ends)
        assert len(ends) == 128 > finished or label == "rl"
        assert rows["answers"].sum() == (5 if label == "rl" else finished)
    assert set(told.likelihood["arm"]) == {"base", "best", "rl"}
    assert (told.likelihood["high"] <= 0).all()


def test_the_page_has_a_section_of_it(drawn: dict[str, Run], told: Effort) -> None:
    tables = counts(drawn)
    curves = passk(list(tables.values()), SETTINGS)
    found = Findings("sums", drawn, tables, curves, (), Likelihood(), SETTINGS, (), told)
    made = sampling.section(found)
    assert made
    assert [table.caption for table in made.tables] == [
        "What an answer took",
        "Problems solved at equal tokens",
        "When training would have been cheaper",
    ]
    for table in made.tables:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.heads)}
    assert made.lines[0].startswith("best draws ")
    assert any("answers on training was cheaper" in line for line in made.lines)
    assert len(made.figures) == 2
    assert all(figure.svg.lstrip().startswith("<") for figure in made.figures)


def test_published_numbers_stand_beside_the_model_that_they_are_of() -> None:
    rows = list(sampling._published("math500", "Qwen2.5-Math-7B"))
    assert {method: value for method, value, _ in rows} == {
        "Base": "49.6",
        "Low-temperature": "69.0",
        "Power Sampling": "74.8",
        "GRPO (MATH)": "78.5",
    }
    assert not list(sampling._published("math500", "Qwen2.5-32B"))
    assert list(sampling._published("gpqa_diamond", "Qwen2.5-Math-7B"))


def test_a_study_writes_its_tables(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "suites: {dial: {n: 8, limit: 4}}\n"
        "arms:\n"
        "  base: {model: fake/p=0.3}\n"
        "  best: {like: base, sampler: best_of, sampler_args: {m: 2}}\n"
        "  rl: {model: fake/p=0.6, parent: base}\n"
        "perplexity: null\n"
        "break_even: {trained: rl, training_flops: 1.0e+9, parameters: 1000}\n"
    )
    shell.done("study", "s.yaml", where=tmp_path)
    folder = tmp_path / "results" / "s"
    for name in ("effort", "equal_tokens", "likelihood", "break_even"):
        frame = pd.read_csv(folder / "tables" / "dial" / f"{name}.csv")
        assert len(frame)
    page = (folder / "report.html").read_text()
    assert "What the samplers took" in page
    cost = pd.read_csv(folder / "tables" / "dial" / "effort.csv").set_index("arm")
    assert cost.loc["best", "drawn_tokens"] > 1.5 * cost.loc["base", "drawn_tokens"]
