"""The recipe: a short run of all of it, and that no test problem is trained on."""

import json
from dataclasses import replace
from itertools import islice

import pytest
from transformers import AutoModelForCausalLM

from boundary.suites import dial
from boundary.zoo import NAMES, recipe, writers


@pytest.fixture
def small(monkeypatch):
    plan = replace(
        recipe.PLAN,
        base=replace(recipe.PLAN.base, documents=4),
        rl=replace(recipe.PLAN.rl, problems=2, answers=2, max_tokens=4),
        distill=replace(recipe.PLAN.distill, documents=4),
    )
    monkeypatch.setattr(recipe, "PLAN", plan)


@pytest.mark.usefixtures("small")
def test_three_steps_of_each_stage_write_loadable_checkpoints_twice_the_same(tmp_path):
    said = []
    recipe.run(tmp_path / "a", seed=3, scale=1e-6, progress=said.append)
    recipe.run(tmp_path / "b", seed=3, scale=1e-6)
    first, second = (
        json.loads((tmp_path / name / "training.json").read_text()) for name in ("a", "b")
    )
    assert first["plan"]["base"]["steps"] == first["plan"]["rl"]["steps"] == 3
    for name in NAMES:
        assert first["stages"][name]["sha256"] == second["stages"][name]["sha256"]
        net = AutoModelForCausalLM.from_pretrained(tmp_path / "a" / name)
        assert sum(p.numel() for p in net.parameters()) == 645_120
    assert first["stages"]["base"]["sha256"] != first["stages"]["distill"]["sha256"]
    assert {line.partition(":")[0] for line in said} == set(NAMES)


def prompts(seed):
    """Prompts of the first steps of every stage."""
    base = recipe.base_documents(recipe.PLAN, seed)
    distill = recipe.distill_documents(recipe.PLAN, seed)
    late = recipe.PLAN.base.steps - 1
    found = {document[0] for step in (0, late, late) for document in base(step)}
    found |= {document[0] for step in range(3) for document in distill(step)}
    return found | {p.question for p in islice(recipe.training_problems("rl", seed), 100)}


def test_no_test_problem_is_trained_on(monkeypatch):
    seen = prompts(0)
    assert not seen & {p.question for p in dial.load()}
    # Were the prompts just seen the test problems, they would be left out.
    held_out = [replace(dial.load()[0], question=question) for question in seen]
    monkeypatch.setattr(dial, "load", lambda: held_out)
    problems = {
        p.question
        for stage in ("base", "rl", "distill")
        for p in islice(recipe.training_problems(stage, 0), 200)
    }
    assert not problems & seen


def test_stages_and_seeds_have_streams_of_their_own():
    first = {
        next(recipe.training_problems(stage, seed)).question
        for stage in ("base", "rl", "distill")
        for seed in (0, 1, 2)
    }
    assert len(first) == 9


def test_habits_go_from_drill_to_the_final_shares():
    steps = recipe.PLAN.base.steps
    assert recipe.habits_at(recipe.PLAN, 0).practice == writers.EARLY.practice
    drill_end = round(steps * recipe.PLAN.drill_end)
    assert recipe.habits_at(recipe.PLAN, drill_end).weights["guess"] == 0.0
    final = recipe.habits_at(recipe.PLAN, steps - 1)
    assert final.practice == 0.0
    assert final.weights == pytest.approx(writers.SHARES)
