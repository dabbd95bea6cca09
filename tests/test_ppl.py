"""Perplexity: a model's own equals a scoring pass, and no answer is scored twice."""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from boundary import engines, ppl, sample, suites
from boundary.config import ArmSettings, PerplexitySettings
from boundary.errors import ConfigError
from boundary.records import Finish, PerplexityCell
from boundary.store import Run
from boundary.store.files import Folder
from tests.engines import data
from tests.shell import done, refused

ALL = PerplexitySettings(answers=100)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints of one tokenizer, one of another, and a suite with solutions."""
    where = tmp_path_factory.mktemp("ppl")
    for name, seed in (("one", 0), ("two", 1)):
        data.save(data.qwen2(seed), where / name)
    data.save(data.qwen2(2), where / "other", adds_bos=True)
    lines = [
        f'{{"id": "q{i}", "problem": "a{i} = ", "answer": "{i}", "solution": "{i}{i} = b{i}"}}'
        for i in range(4)
    ]
    (where / "own.jsonl").write_text("\n".join(lines))
    return where


def draw(place: Path, model: str, **changes: Any) -> Run:
    arm = ArmSettings(model=model, template="raw", temperature=1.0, top_p=1.0, **changes)
    suite = suites.load(str(place / "own.jsonl"), verifier="exact")
    return sample.run(sample.Job(arm, suite, 12, Folder.at(place / "results")))


@pytest.fixture(scope="module")
def one(place: Path) -> Run:
    return draw(place, str(place / "one"), max_tokens=30)


@pytest.fixture(scope="module")
def fake(place: Path) -> Run:
    return draw(place, "fake/p=0.3")


@pytest.fixture
def copy(one: Run, tmp_path: Path) -> Run:
    """The run without any scores."""
    shutil.copytree(str(one.folder), tmp_path / one.name)
    shutil.rmtree(tmp_path / one.name / "scores", ignore_errors=True)
    return Run.open(Folder.at(tmp_path / one.name))


def judge(place: Path, name: str) -> ppl.Judge:
    model = name if name.startswith("fake") else str(place / name)
    return ppl.Judge(name, ArmSettings(model=model))


def by_hand(run: Run, model: Any) -> dict[str, list[float]]:
    """Perplexity of each finished answer, by a pass over it alone."""
    prompts = {p.problem.id: data.ids(p.prompt) for p in run.problems()}
    found: dict[str, list[float]] = {problem: [] for problem in prompts}
    for record in run.sample_records():
        if record.finish is not Finish.LENGTH:
            nats = data.score_by_hand(model, prompts[record.problem_id], record.token_ids)
            found[record.problem_id].append(math.exp(-np.mean(nats)))
    return found


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    def create(*_: Any) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(engines, "create", create)


def test_own_perplexity_needs_no_model_and_equals_the_scoring_pass(
    place: Path, one: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = by_hand(one, data.qwen2(0))
    forbid(monkeypatch)
    (cell,) = ppl.run({"one": one}, judge(place, "one"), ALL)
    assert cell.problem_ids == tuple(expected)
    medians = [float(np.median(values)) for values in expected.values()]
    assert cell.per_problem.tolist() == pytest.approx(medians, rel=1e-4)
    assert cell.mean == pytest.approx(np.mean(medians), rel=1e-4)


def test_truncated_answers_are_left_out(place: Path, one: Run) -> None:
    finishes = [record.finish for record in one.sample_records()]
    finished = sum(finish is not Finish.LENGTH for finish in finishes)
    assert 0 < finished < len(finishes)
    (cell,) = ppl.run({"one": one}, judge(place, "one"), ALL)
    assert cell.n_answers == finished


def test_another_model_scores_by_its_own_law(place: Path, copy: Run) -> None:
    (cell,) = ppl.run({"one": copy}, judge(place, "two"), ALL)
    expected = by_hand(copy, data.qwen2(1))
    medians = [float(np.median(values)) for values in expected.values()]
    assert cell.per_problem.tolist() == pytest.approx(medians, rel=1e-4)
    assert (cell.answers_of, cell.under) == ("one", "two")


def test_stored_scores_are_read_and_not_computed_again(
    place: Path, copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = PerplexitySettings(answers=3)
    first = ppl.run({"one": copy}, judge(place, "two"), few, solutions=True)
    with monkeypatch.context() as context:
        forbid(context)
        second = ppl.run({"one": copy}, judge(place, "two"), few, solutions=True)
    for before, after in zip(first, second, strict=True):
        assert before.per_problem.tolist() == after.per_problem.tolist()
        assert (before.mean, before.n_answers) == (after.mean, after.n_answers)
    scored = []
    real = ppl._score

    def counted(run: Run, answers: Any, engine: Any) -> Any:
        scored.extend(answers)
        return real(run, answers, engine)

    monkeypatch.setattr(ppl, "_score", counted)
    (more,) = ppl.run({"one": copy}, judge(place, "two"), ALL)
    assert len(scored) == more.n_answers - first[0].n_answers > 0


def test_without_leave_to_load_a_missing_cell_is_left_out(place: Path, copy: Run) -> None:
    assert ppl.run({"one": copy}, judge(place, "two"), ALL, load=False) == []
    (own,) = ppl.run({"one": copy}, judge(place, "one"), ALL, load=False, solutions=True)
    assert own.under == own.answers_of == "one"


def test_solutions_are_scored_without_an_end_token(place: Path, copy: Run) -> None:
    _, cell = ppl.run({"one": copy}, judge(place, "two"), ALL, solutions=True)
    assert cell.answers_of == ppl.SOLUTIONS
    assert cell.n_answers == 4
    model = data.qwen2(1)
    expected = [
        math.exp(-np.mean(data.score_by_hand(model, data.ids(p.prompt), data.ids(text))))
        for p, text in ((p, p.problem.solution or "") for p in copy.problems())
    ]
    assert cell.per_problem.tolist() == pytest.approx(expected, rel=1e-4)


def test_which_answers_are_scored_is_decided_by_the_seed_alone(place: Path, one: Run) -> None:
    def chosen(answers: int, seed: int) -> set[tuple[str, int]]:
        settings = PerplexitySettings(answers=answers, seed=seed)
        return {(a.problem_id, a.index) for a in ppl._drawn_answers(one, settings)}

    assert chosen(2, 0) == chosen(2, 0)
    assert chosen(2, 0) < chosen(4, 0)
    assert len({frozenset(chosen(2, seed)) for seed in range(4)}) > 1
    per_problem = [problem for problem, _ in chosen(2, 0)]
    assert max(map(per_problem.count, per_problem)) == 2


def test_another_tokenizer_is_refused(place: Path, one: Run) -> None:
    with pytest.raises(ConfigError, match="another tokenizer than other has"):
        ppl.run({"one": one}, judge(place, "other"), ALL)
    told = refused("ppl", str(one.folder), "--under", place / "other", where=place)
    assert "do not compare" in told


def test_the_fake_engine_has_known_perplexities(place: Path, fake: Run) -> None:
    (own,) = ppl.run({"a": fake}, judge(place, "fake/p=0.3"), ALL)
    assert own.per_problem.tolist() == pytest.approx([math.exp(0.25)] * 4)
    (cross,) = ppl.run({"a": fake}, judge(place, "fake/p=0.9"), ALL)
    assert cross.mean == pytest.approx(math.exp(0.5))
    assert math.isnan(cross.low), "values that do not vary give no interval"


def test_the_command_writes_table_and_figure(place: Path, fake: Run) -> None:
    shown = done(
        "ppl", str(fake.folder), "--under", "fake/p=0.9", "--solutions", "--out", "out", where=place
    )
    assert "solutions" in shown
    assert (place / "out" / "perplexity.csv").read_text().count("\n") == 3
    assert (place / "out" / "perplexity.svg").stat().st_size


def cell(of: str, under: str, mean: float, width: float = 0.1) -> PerplexityCell:
    return PerplexityCell(
        of, under, ("p",), np.array([mean]), mean, mean - width, mean + width, (1, 1, 1), 1
    )


@pytest.mark.parametrize(
    ("tuned", "said", "kept_back"),
    [
        (1.5, "lower than", "no proof of it"),
        (2.5, "higher than", "would not have written them as readily"),
        (2.05, "not told apart from", "their intervals overlap"),
    ],
)
def test_the_reading_says_no_more_than_the_cells(tuned: float, said: str, kept_back: str) -> None:
    line = ppl.reading([cell("base", "base", 2.0), cell("rl", "base", tuned)], "base", "rl")
    assert f"perplexity {tuned:.2f} [{tuned - 0.1:.2f}, {tuned + 0.1:.2f}], {said}" in line
    assert "base's own 2.00 [1.90, 2.10]" in line
    assert kept_back in line


def test_the_reading_of_values_without_spread_settles_nothing() -> None:
    cells = [cell("base", "base", 2.0, math.nan), cell("rl", "base", 1.5, math.nan)]
    line = ppl.reading(cells, "base", "rl")
    assert "1.50 (no interval)" in line
    assert "not settled" in line
    assert "nan" not in line


def test_the_reading_is_empty_where_a_cell_is_missing() -> None:
    assert ppl.reading([cell("base", "base", 2.0)], "base", "rl") == ""


def test_cells_do_not_hang_on_what_was_scored_first(place: Path, copy: Run, tmp_path: Path) -> None:
    """Answers scored in two goes give the interval that one go gives."""
    again = tmp_path / "again" / copy.name
    shutil.copytree(str(copy.folder), again)
    ppl.run({"one": copy}, judge(place, "two"), PerplexitySettings(answers=1))
    (two_goes,) = ppl.run({"one": copy}, judge(place, "two"), ALL)
    (one_go,) = ppl.run({"one": Run.open(Folder.at(again))}, judge(place, "two"), ALL)
    assert two_goes.problem_ids == one_go.problem_ids == ("q0", "q1", "q2", "q3")
    assert two_goes.per_problem.tolist() == pytest.approx(one_go.per_problem.tolist(), rel=1e-5)
    assert (two_goes.low, two_goes.high) == pytest.approx((one_go.low, one_go.high), rel=1e-5)
