"""Perplexity: a model's own equals a scoring pass, and no answer is scored twice."""

import json
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from boundary import engines, ppl, sample, stats, suites
from boundary.config import ArmSettings, PerplexitySettings
from boundary.engines.checkpoint import pieces
from boundary.probes import likelihood
from boundary.progress import Silent
from boundary.records import Finish, Key, Outcome, PerplexityCell
from boundary.store import Run
from boundary.store.files import Folder, Shard
from boundary.store.parts import read_parts, write_table
from tests.engines import data
from tests.shell import done, refused

ALL = ppl.Scoring(PerplexitySettings(answers=100))
LEFT_OUT = PerplexitySettings(answers=100, truncated=True)


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


class Told(Silent):
    """Keeps the notices."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def notice(self, text: str) -> None:
        self._told.append(text)


def overall(found: ppl.Likelihood) -> PerplexityCell:
    """The one cell of right and wrong answers together."""
    (cell,) = found.overall
    return cell


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
    cell = overall(ppl.run({"one": one}, judge(place, "one"), ALL))
    assert cell.problem_ids == tuple(expected)
    medians = [float(np.median(values)) for values in expected.values()]
    assert cell.per_problem.tolist() == pytest.approx(medians, rel=1e-4)
    assert cell.mean == pytest.approx(np.mean(medians), rel=1e-4)


def test_truncated_answers_are_left_out(place: Path, one: Run) -> None:
    finishes = [record.finish for record in one.sample_records()]
    finished = sum(finish is not Finish.LENGTH for finish in finishes)
    assert 0 < finished < len(finishes)
    cell = overall(ppl.run({"one": one}, judge(place, "one"), ALL))
    assert cell.n_answers == finished
    assert cell.truncated == len(finishes) - finished
    asked = ppl.run({"one": one}, judge(place, "one"), ppl.Scoring(LEFT_OUT))
    assert overall(asked).n_answers == len(finishes)
    cut = sum(row.is_cut for _, _, row in asked.scored)
    assert cut == len(finishes) - finished


def test_another_model_scores_by_its_own_law(place: Path, copy: Run) -> None:
    cell = overall(ppl.run({"one": copy}, judge(place, "two"), ALL))
    expected = by_hand(copy, data.qwen2(1))
    medians = [float(np.median(values)) for values in expected.values()]
    assert cell.per_problem.tolist() == pytest.approx(medians, rel=1e-4)
    assert (cell.answers_of, cell.under) == ("one", "two")


def test_stored_scores_are_read_and_not_computed_again(
    place: Path, copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ppl.Scoring(PerplexitySettings(answers=3))
    first = ppl.run({"one": copy}, judge(place, "two"), few, solutions=True)
    with monkeypatch.context() as context:
        forbid(context)
        second = ppl.run({"one": copy}, judge(place, "two"), few, solutions=True)
    for before, after in zip(first.cells, second.cells, strict=True):
        assert before.per_problem.tolist() == after.per_problem.tolist()
        assert (before.mean, before.n_answers) == (after.mean, after.n_answers)
    scored = []
    real = likelihood.Scorer._score

    def counted(self: Any, prompts: Any, answers: Any, nucleus: Any) -> Any:
        scored.extend(answers)
        return real(self, prompts, answers, nucleus)

    monkeypatch.setattr(likelihood.Scorer, "_score", counted)
    more = overall(ppl.run({"one": copy}, judge(place, "two"), ALL))
    assert len(scored) == more.n_answers - first.cells[0].n_answers


def test_solutions_are_scored_without_an_end_token(place: Path, copy: Run) -> None:
    _, cell = ppl.run({"one": copy}, judge(place, "two"), ALL, solutions=True).overall
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
        scoring = ppl.Scoring(PerplexitySettings(answers=answers, seed=seed))
        return {a.key for a in likelihood.choose(one, scoring, truncated=False).answers}

    assert chosen(2, 0) == chosen(2, 0)
    assert chosen(2, 0) < chosen(4, 0)
    assert len({frozenset(chosen(2, seed)) for seed in range(4)}) > 1
    per_problem = [problem for problem, _ in chosen(2, 0)]
    assert max(map(per_problem.count, per_problem)) == 2


def test_another_tokenizer_scores_the_texts_and_says_so(place: Path, copy: Run) -> None:
    told: list[str] = []
    watch = Told(told)
    found = ppl.run({"one": copy}, judge(place, "other"), ALL, progress=watch)
    cell = overall(found)
    assert cell.anew
    assert any("tokenised anew, without an end token" in line for line in told)
    assert found.gaps == [], "numbers per token of two tokenizers do not compare"
    model = data.qwen2(2)
    texts = {(r.problem_id, r.index): r.text for r in copy.sample_records()}
    prompts = {p.problem.id: [data.BOS, *data.ids(p.prompt)] for p in copy.problems()}
    for _, _, row in found.scored:
        ids = data.ids(texts[row.problem_id, row.index])
        nats = data.score_by_hand(model, prompts[row.problem_id], ids)
        assert row.n_tokens == len(ids)
        assert row.nats == pytest.approx(sum(nats), abs=1e-3)


def test_the_fake_engine_has_known_perplexities(place: Path, fake: Run) -> None:
    own = overall(ppl.run({"a": fake}, judge(place, "fake/p=0.3"), ALL))
    assert own.per_problem.tolist() == pytest.approx([math.exp(0.25)] * 4)
    cross = overall(ppl.run({"a": fake}, judge(place, "fake/p=0.9"), ALL))
    assert cross.mean == pytest.approx(math.exp(0.5))
    assert math.isnan(cross.low), "values that do not vary give no interval"


def test_the_command_writes_tables_and_figure(place: Path, fake: Run) -> None:
    asked = ("--under", "fake/p=0.9", "--solutions", "suite", "--out", "out")
    shown = done("ppl", str(fake.folder), *asked, where=place)
    assert "solutions" in shown
    assert "correct" in shown
    assert (place / "out" / "perplexity.csv").read_text().count("\n") == 5
    assert (place / "out" / "perplexity.svg").stat().st_size
    answers = (place / "out" / "perplexity_answers.csv").read_text().splitlines()
    assert "truncated" in answers[0].split(",")
    assert (place / "out" / "perplexity_differences.csv").read_text().count("\n") == 3


def test_shards_score_their_parts_and_the_whole_needs_no_model(
    place: Path, copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [ppl.Scoring(ALL.settings, shard=Shard(i, 3)) for i in (1, 2, 3)]
    for part in parts[:2]:
        assert ppl.run({"one": copy}, judge(place, "two"), part).cells == []
    stored = len(scores_of(copy))
    ppl.run({"one": copy}, judge(place, "two"), parts[2])
    answers = likelihood.choose(copy, ALL, truncated=False).answers
    assert 0 < stored < len(answers)
    assert sorted(scores_of(copy)) == sorted(a.key for a in answers), "each once"
    forbid(monkeypatch)
    assert overall(ppl.run({"one": copy}, judge(place, "two"), ALL)).n_answers == len(answers)


def scores_of(run: Run) -> list[Key]:
    """Keys of the stored scores, one for each time."""
    found = []
    for name in (run.folder / "scores").folders():
        for table in read_parts(run.folder / "scores" / name, ["problem_id", "index"]):
            found += [(row["problem_id"], row["index"]) for row in table.to_pylist()]
    return found


def test_a_command_killed_half_way_keeps_what_it_scored(
    place: Path, copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood, "_PART_ANSWERS", 4)
    real, calls = likelihood.Scorer._score, []

    def dying(self: Any, *args: Any) -> Any:
        calls.append(len(args[1]))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, *args)

    with monkeypatch.context() as context:
        context.setattr(likelihood.Scorer, "_score", dying)
        with pytest.raises(KeyboardInterrupt):
            ppl.run({"one": copy}, judge(place, "two"), ALL)
    kept = scores_of(copy)
    assert len(kept) == 8
    ppl.run({"one": copy}, judge(place, "two"), ALL)
    assert len(set(scores_of(copy))) == len(scores_of(copy)) > 8


def test_solutions_of_a_file_stand_in_for_the_suites_own(place: Path, copy: Run) -> None:
    file = place / "teacher.jsonl"
    rows = [("q0", "1 = a"), ("q0", "00"), ("q2", "b"), ("elsewhere", "7")]
    file.write_text("\n".join(json.dumps({"id": i, "solution": text}) for i, text in rows))
    scoring = ppl.Scoring(PerplexitySettings(answers=100, solutions=str(file)))
    _, cell = ppl.run({"one": copy}, judge(place, "two"), scoring, solutions=True).overall
    assert cell.problem_ids == ("q0", "q2")
    assert cell.n_answers == 3
    prompts = {p.problem.id: data.ids(p.prompt) for p in copy.problems()}
    several = [
        math.exp(-np.mean(data.score_by_hand(data.qwen2(1), prompts["q0"], data.ids(text))))
        for text in ("1 = a", "00")
    ]
    assert cell.per_problem[0] == pytest.approx(np.median(several), rel=1e-4)


@pytest.mark.parametrize("line", ['{"id": "q0"}', "[1]", '{"id": "q0", "solution": ""}', "{"])
def test_a_file_of_something_else_is_named(place: Path, fake: Run, line: str) -> None:
    (place / "bad.jsonl").write_text(line)
    asked = ("--under", "fake/p=0.9", "--solutions", "bad.jsonl")
    assert "bad.jsonl" in refused("ppl", str(fake.folder), *asked, where=place)


def test_a_suite_without_solutions_is_refused_where_they_are_asked_for(place: Path) -> None:
    lines = [f'{{"id": "q{i}", "problem": "a{i} = ", "answer": "{i}"}}' for i in range(3)]
    (place / "bare.jsonl").write_text("\n".join(lines))
    suite = suites.load(str(place / "bare.jsonl"), verifier="exact")
    arm = ArmSettings(model="fake/p=0.4", template="raw")
    bare = sample.run(sample.Job(arm, suite, 2, Folder.at(place / "results")))
    asked = ("--under", "fake/p=0.9", "--solutions", "suite")
    told = refused("ppl", str(bare.folder), *asked, where=place)
    assert "no problem of bare has a worked solution" in told
    assert "give --solutions FILE.jsonl" in told


def changed(run: Run, **values: Any) -> Run:
    """The run with other values in the row of q1's sample of index 0."""
    for name in run.sample_parts():
        table = run.sample_part(name)
        rows = table.to_pylist()
        for row in rows:
            if (row["problem_id"], row["index"]) == ("q1", 0):
                row.update(values)
        write_table(run.folder / "samples", name, pa.Table.from_pylist(rows, table.schema))
    return run


def test_an_empty_answer_is_counted_and_left_out(place: Path, copy: Run) -> None:
    told: list[str] = []
    empty = {"token_ids": [], "n_tokens": 0, "text": "", "finish": "stop", "logprob": 0.0}
    found = ppl.run({"one": changed(copy, **empty)}, judge(place, "two"), ALL, progress=Told(told))
    assert overall(found).empty == 1
    assert "one: 1 empty answers have no perplexity: left out" in told
    assert ("q1", 0) not in {(row.problem_id, row.index) for _, _, row in found.scored}


def test_an_answer_longer_than_the_context_is_named_counted_and_left_out(
    place: Path, copy: Run
) -> None:
    told: list[str] = []
    ids = [5] * 300
    long = {"token_ids": ids, "n_tokens": len(ids), "finish": "stop"}
    one = changed(copy, **long)
    found = ppl.run({"one": one}, judge(place, "two"), ALL, progress=Told(told))
    assert overall(found).too_long == 1
    # What could not be scored is known from then on, and no model is loaded to find out again.
    later = ppl.run({"one": one}, judge(place, "two"), ppl.Scoring(ALL.settings, load=False))
    assert overall(later).too_long == 1
    assert overall(later).mean == overall(found).mean
    assert overall(later).problem_ids == overall(found).problem_ids
    (line,) = (line for line in told if line.startswith("left out"))
    assert "1 answers of one" in line.replace(copy.name, "one")
    assert "256 tokens that two can see (q1 #0)" in line


def test_tokens_that_were_not_drawn_are_not_scored(place: Path, copy: Run) -> None:
    ids = data.ids("12 = 3")
    forced = {"token_ids": ids, "n_tokens": len(ids), "finish": "stop", "forced": [0, 1, 4]}
    found = ppl.run({"one": changed(copy, **forced)}, judge(place, "two"), ALL)
    (row,) = (r for _, _, r in found.scored if (r.problem_id, r.index) == ("q1", 0))
    nats = data.score_by_hand(data.qwen2(1), data.ids("a1 = "), ids)
    assert row.n_tokens == 3
    assert row.nats == pytest.approx(nats[2] + nats[3] + nats[5], abs=1e-4)


def cell(of: str, under: str, values: Sequence[float]) -> PerplexityCell:
    per_problem = {f"p{i}": [value] for i, value in enumerate(values)}
    return stats.perplexity(of, under, per_problem, rng=np.random.default_rng(0))


OWN = [1.5, 2.0, 2.5, 2.0, 1.8, 2.2, 3.0, 1.4]


@pytest.mark.parametrize(
    ("factors", "said", "kept_back"),
    [
        ([0.8, 0.9, 0.7], "lower than", "no proof of it"),
        ([1.2, 1.3, 1.1], "higher than", "would not have written them as readily"),
        ([0.9, 1.1, 1.0], "not told apart from", "the interval of their ratio holds 1"),
        # The same texts scored by two kernels: an interval without 1, and no difference.
        ([1 - 5e-8, 1 - 4e-8, 1 - 3e-8], "not told apart from", "two passes over one text"),
    ],
)
def test_the_reading_says_no_more_than_the_paired_interval(
    factors: list[float], said: str, kept_back: str
) -> None:
    """The spread over problems is far larger than the pairs differ."""
    tuned = [value * factors[i % 3] for i, value in enumerate(OWN)]
    line = ppl.reading([cell("base", "base", OWN), cell("rl", "base", tuned)], "base", "rl")
    assert f"the answers of rl have perplexity {np.mean(tuned):.2f} [" in line
    assert f", {said} base's own {np.mean(OWN):.2f} [" in line
    assert "on the same 8 problems" in line
    assert kept_back in line


def test_the_reading_of_values_without_spread_settles_nothing() -> None:
    cells = [cell("base", "base", [2.0, 2.0]), cell("rl", "base", [1.5, 1.5])]
    line = ppl.reading(cells, "base", "rl")
    assert "1.50 (no interval)" in line
    assert "not settled" in line
    assert "nan" not in line


def test_the_reading_is_empty_where_a_cell_is_missing() -> None:
    assert ppl.reading([cell("base", "base", OWN)], "base", "rl") == ""


def test_cells_do_not_hang_on_what_was_scored_first(place: Path, copy: Run, tmp_path: Path) -> None:
    """Answers scored in two goes give the interval that one go gives."""
    again = tmp_path / "again" / copy.name
    shutil.copytree(str(copy.folder), again)
    ppl.run({"one": copy}, judge(place, "two"), ppl.Scoring(PerplexitySettings(answers=1)))
    two_goes = overall(ppl.run({"one": copy}, judge(place, "two"), ALL))
    one_go = overall(ppl.run({"one": Run.open(Folder.at(again))}, judge(place, "two"), ALL))
    assert two_goes.problem_ids == one_go.problem_ids == ("q0", "q1", "q2", "q3")
    assert two_goes.per_problem.tolist() == pytest.approx(one_go.per_problem.tolist(), rel=1e-5)
    assert (two_goes.low, two_goes.high) == pytest.approx((one_go.low, one_go.high), rel=1e-5)


@pytest.fixture(scope="module")
def crossed(place: Path) -> tuple[dict[str, Run], ppl.Likelihood]:
    """The cross table of two tiny models, asked of a narrow nucleus."""
    runs = {name: draw(place, str(place / name), max_tokens=20) for name in ("one", "two")}
    settings = PerplexitySettings(answers=100, nucleus=(0.6, 0.7))
    judges = {name: judge(place, name) for name in runs}
    return runs, ppl.cross(runs, judges, [("one", "two")], ppl.Scoring(settings))


def test_the_cross_table_has_every_cell_and_the_ground_truth_under_the_base(
    crossed: tuple[dict[str, Run], ppl.Likelihood],
) -> None:
    _, found = crossed
    names = [(cell.answers_of, cell.under) for cell in found.overall]
    assert names == [
        ("one", "one"),
        ("two", "one"),
        ("solutions", "one"),
        ("one", "two"),
        ("two", "two"),
    ]
    by_name = {(gap.other[:2], gap.one[:2]) for gap in found.gaps}
    assert (("two", "one"), ("one", "one")) in by_name
    assert (("two", "two"), ("one", "one")) in by_name
    assert (("solutions", "one"), ("one", "one")) in by_name


def test_right_and_wrong_answers_are_apart_and_together_are_all(fake: Run, place: Path) -> None:
    found = ppl.run({"a": fake}, judge(place, "fake/p=0.3"), ALL)
    whole, right, wrong = found.cells
    assert [whole.subset, right.subset, wrong.subset] == ["all", "correct", "wrong"]
    assert right.n_answers + wrong.n_answers == whole.n_answers


def test_reachability_and_entropy_come_with_the_cross_table(
    crossed: tuple[dict[str, Run], ppl.Likelihood],
) -> None:
    runs, found = crossed
    told = {(one.answers_of, one.under, one.subset): one for one in found.reach}
    assert {key[:2] for key in told} == {("one", "one"), ("two", "one")}
    own = told["one", "one", "all"]
    assert (own.temperature, own.top_p) == (0.6, 0.7)
    assert own.share.answers == len([row for row in found.reached if row[0] == "one"])
    assert own.ratio is not None
    assert own.ratio.value == pytest.approx(0, abs=1e-4)
    assert [one.arm for one in found.entropies] == ["one", "two"]
    assert {one.temperature for one in found.entropies} == {1.0}
    cut = sum(r.finish is Finish.LENGTH for r in runs["one"].sample_records())
    drawn = found.entropies[0].tempered.answers
    assert drawn == own.share.answers + cut, "entropy is of cut answers, too"


def test_what_was_inspected_is_not_scored_again(
    crossed: tuple[dict[str, Run], ppl.Likelihood], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, found = crossed
    forbid(monkeypatch)
    judges = {name: judge(place, name) for name in runs}
    settings = PerplexitySettings(answers=100, nucleus=(0.6, 0.7))
    again = ppl.cross(runs, judges, [("one", "two")], ppl.Scoring(settings, load=False))
    assert [c.mean for c in again.cells] == [c.mean for c in found.cells]
    assert again.reach == found.reach
    assert again.entropies == found.entropies


def test_marked_answers_are_right_ones_with_a_token_outside(
    crossed: tuple[dict[str, Run], ppl.Likelihood],
) -> None:
    runs, found = crossed
    outside = {
        (row.problem_id, row.index): row
        for of, _, row in found.reached
        if of == "two" and row.within is False and row.outcome is Outcome.CORRECT
    }
    texts = {(r.problem_id, r.index): r for r in runs["two"].sample_records()}
    assert (len(found.marked) > 0) == bool(outside)
    for shown in found.marked:
        row = outside[shown.problem_id, shown.index]
        assert sum(is_marked for _, is_marked in shown.pieces) == row.outside
        whole = "".join(text for text, _ in shown.pieces)
        assert whole.startswith(texts[shown.problem_id, shown.index].text[:3])


def test_pieces_of_a_text_add_up_to_it() -> None:
    checkpoint = engines.identify("zoo/base")
    ids = [5, 9, 7, 3, 2]
    whole = pieces(checkpoint, ids)
    assert len(whole) == len(ids)
    assert "".join(whole) == "".join(pieces(checkpoint, [i])[0] for i in ids)
    assert pieces(engines.identify("fake/p=0.5"), [1, 2]) == []
