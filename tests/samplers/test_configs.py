"""The studies that set samplers beside training load, and name what they mean to compare."""

from pathlib import Path

import pytest

from boundary import samplers
from boundary.config import StudySettings, load_study
from boundary.engines import Decoding
from boundary.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = ("sampling-vs-rl", "sampling-vs-rl-qwen", "power-sweep")


@pytest.fixture(params=NAMES)
def study(request: pytest.FixtureRequest) -> StudySettings:
    return load_study(CONFIGS / f"{request.param}.yaml")


def test_every_arm_starts_from_the_model_s_own_law_or_says_otherwise(study: StudySettings) -> None:
    for name, arm in study.arms.items():
        assert arm.top_p == 1.0
        assert arm.temperature == (0.25 if name == "low-temperature" else 1.0)
        law = Decoding(arm.temperature, arm.top_p, arm.max_tokens or 0)
        settings = samplers.create(arm.sampler, arm.sampler_args).settings(law)
        assert settings.keys() >= arm.sampler_args.keys()


def test_all_arms_have_one_budget_and_the_sampled_ones_one_checkpoint(study: StudySettings) -> None:
    assert len({arm.max_tokens for arm in study.arms.values()}) == 1
    drawn = {arm.model for arm in study.arms.values() if arm.sampler != "plain"}
    assert drawn == {study.arms["base"].model}


@pytest.mark.parametrize("name", NAMES[:2])
def test_greed_and_training_stand_beside_the_chain(name: str) -> None:
    arms = load_study(CONFIGS / f"{name}.yaml").arms
    assert {"base", "low-temperature", "best-of-mean", "best-of-total", "power", "rl"} <= set(arms)
    assert arms["low-temperature"].temperature == 1 / arms["power"].sampler_args["alpha"]
    assert {arms[f"best-of-{by}"].sampler_args["by"] for by in ("mean", "total")} == {
        "mean",
        "total",
    }
    assert arms["rl"].parent == "base"


WRONG = {
    "name": ("break_even: {trained: lr, training_flops: 1, parameters: 1}", "did you mean 'rl'?"),
    "key": ("break_even: {trained: rl, flops: 1, parameters: 1}", "did you mean 'training_flops'?"),
    "nothing": ("break_even: {trained: rl, training_flops: 0, parameters: 1}", "greater than 0"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_training_took_is_checked(what: str, tmp_path: Path) -> None:
    line, words = WRONG[what]
    file = tmp_path / "study.yaml"
    arms = "arms: {base: {model: fake/p=0.1}, rl: {model: fake/p=0.5}}"
    file.write_text(f"suites: {{dial: {{n: 2}}}}\n{arms}\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        load_study(file)
    assert words in f"{caught.value} {caught.value.remedy}"


def test_an_arm_like_another_takes_its_arguments_only_with_its_sampler(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(
        "suites: {dial: {n: 2}}\n"
        "arms:\n"
        "  a: {model: fake/p=0.1, sampler: best_of, sampler_args: {m: 3}}\n"
        "  b: {like: a}\n"
        "  c: {like: a, sampler: plain}\n"
        "  d: {like: c, sampler: power}\n"
    )
    arms = load_study(file).arms
    assert arms["b"].sampler_args == {"m": 3}
    assert arms["c"].sampler_args == {}
    assert (arms["c"].temperature, arms["c"].top_p) == (0.6, 0.95)
    assert (arms["d"].temperature, arms["d"].top_p) == (1.0, 1.0)
