"""The preset records, the studies made from them, and what ``list`` tells of both."""

import hashlib
from pathlib import Path

import pytest
from pydantic import ValidationError

from boundary import catalog, prompts
from boundary.config import ArmSettings, StudySettings, load_study
from boundary.errors import ConfigError
from boundary.presets import DECODINGS, PRESETS, Preset, Verified, chain
from boundary.prompts import TEMPLATES

REPOSITORY = Path(__file__).parents[1]
BY_ID = {preset.hf_id: preset for preset in PRESETS.values()}
STUDIES = {
    path.stem: load_study(path)
    for path in sorted((REPOSITORY / "configs").glob("*.yaml"))
    if path.stem not in {"demo", "entropy-matched", "fake", "smoke", "zoo"}
    # Samplers' studies have arms of one checkpoint: tests/samplers/test_configs.py.
    and not path.stem.startswith(("sampling-vs-rl", "power-"))
}
QUESTION = "What is $x$ if {2x} = 7?"
# sha256 of each wording around that question: a change moves numbers.
RENDERED = {
    "abel-simplerl": "8f44e76105b56f12dfd0fa6ea4898eb615c3c73d3eee624429af41633d5784d0",
    "code-chat": "8d9df0f7fd4123532e871210eb7a05e6c4cb9922f054bee899b2c72d0e37a23c",
    "code-completion": "a1fb3d6c1e6c5f702c7e94081129e0fefdf89f8cfe888894f29fdaa8d352b5a6",
    "code-completion-docstring": "a1fb3d6c1e6c5f702c7e94081129e0fefdf89f8cfe888894f29fdaa8d352b5a6",
    "code-r1": "7ffeafc5946088f8407e7505a189bdbf6dfe6b10a4419d27a12bf968f5c55a02",
    "cruxeval": "998c25bb4f168c5a4306fbbe9c0930790fcbf6a9912ddc49d53bc5ed1cbf166c",
    "cruxeval-chat": "999de2c4f6cc792ba0542369434d8a67f9631803ceaed896373493e7c7f5175d",
    "dapo@rlvr": "7497a98e0914eebfb99334d291c183529aa7615ca99253f68b2207a3f7ee45a1",
    "evalplus": "a64ddc24827a23e3b539aca44df26f9b693e1a8e0bd720f2352fc1cb614b08ce",
    "livecodebench": "8d8edcf72b6a2fe0ee5d3be5c8944a7562ca85552b5a562d83c9c82280bfedac",
    "orz": "f49667965fedcb81adbe0b3835e98b4ccb7af76b2d4988aee5190cf85823db6b",
    "power-boxed": "411003f120d8cd033dc8aa036f7e287fa5ecd2ef98af197e370675e4ab59ad93",
    "prime-zero": "720174196ac03b34a68b5169ff01290d50ad3be1cb333337e0df08a8484e6c46",
    "qwen-boxed": "4b75a587388308a80226d121af51697f68c7c88f9008dac7e5c48fbdd0fa82ee",
    "qwen-math-cot": "2def0f32c77c4f526049b7beb3eda978e7bd02d55ce48f469dd01fb2d43e45af",
    "r1": "19880793015de2fe76bfba2110ac1ac93c6bb295315acef8928844eab6ce8df0",
    "r1-distill": "bc044c83085c4a1bbd02e8fba9159da961bb6f26f6500ee34c76e1b69dca63f9",
    "r1-distill-code": "514a31cd6d9985ce9705b5a97edfd7d0d04fdbd1eec56d36971ed0eb6633eaaa",
    "r1@rlvr": "d5a6c9072fdfa1505f7f58a82aa7ee6bbbaa0a8e5643df5b1d51a2b38d229dc9",
    "raw": "a84b7075b051e1153debaaa2f913780e1bf8935fb4705aa08bc33d44e650b1de",
}
PROGRAMS = {"humanevalplus", "mbppplus", "livecodebench"}
# Samples per problem of Yue et al. 2025; on AIME24 its curves end at 512 (Llama), 1,024 or 2,048.
N = {
    "math500": {128},
    "gsm8k": {128},
    "aime24": {512, 1024, 2048},
    "humanevalplus": {128},
    "mbppplus": {128},
    "livecodebench": {64, 128},
}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_a_record_is_complete(preset: Preset) -> None:
    assert preset.hf_id.count("/") == 1
    assert preset.source
    assert preset.default_budget < preset.max_context
    assert preset.dtype == "bfloat16"
    assert (preset.parent is None) == (preset.role == "base") == (preset.verified.parent is None)
    if preset.template is None:
        assert preset.role == "base" or preset.verified.template is False
        assert preset.role == "base" or "was not seen" in preset.note
    else:
        assert preset.template in TEMPLATES
        assert preset.verified.template is not None


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_a_parent_chain_ends_at_a_base(preset: Preset) -> None:
    *after, first = (PRESETS[name] for name in chain(PRESETS, preset.name))
    assert first.role == "base"
    assert all(one.role != "base" for one in after)
    if preset.role == "rl_on_distilled":
        assert "distilled" in {one.role for one in after[1:]}


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(PRESETS)
    assert not PRESETS.keys() & DECODINGS.keys()


def test_pairings_that_are_often_written_down_wrong() -> None:
    parents = {
        "qwen2.5-7b-orz": "qwen2.5-7b",
        "qwen2.5-32b-dapo": "qwen2.5-32b",
        "eurus-2-7b-prime": "eurus-2-7b-sft",
        "qwen2.5-math-7b-prime-zero": "qwen2.5-math-7b",
        "llama-3.2-3b-oat-zero": "llama-3.2-3b-numinaqa",
        "qwen2.5-7b-coder1-12k": "qwen2.5-7b-instruct-1m",
        "r1-distill-qwen-1.5b": "qwen2.5-math-1.5b",
    }
    assert {name: PRESETS[name].parent for name in parents} == parents
    revision = PRESETS["qwen2.5-32b-dapo"].revision
    assert revision == "38b8075427d3f7d12075377d1e40495875066189"
    assert PRESETS["qwen2.5-math-7b-simplerl-sft-v0"].role == "sft"
    assert PRESETS["llama-3.1-8b"].gated


def test_memory_is_weights_and_one_answer_s_keys_and_values() -> None:
    # 2 x 7.6 + 57,344 x (1,024 + 16,384) bytes = 15.2 + 1.0 GB
    assert PRESETS["qwen2.5-7b"].min_gpu_gb == 17
    # 2 x 32.8 + 262,144 x (1,024 + 16,384) bytes = 65.6 + 4.6 GB
    assert PRESETS["qwen2.5-32b"].min_gpu_gb == 71


@pytest.mark.parametrize("name", [name for name, t in TEMPLATES.items() if t.channel != "dial"])
def test_a_fixed_question_renders_to_what_is_stored(name: str) -> None:
    text = prompts.render(TEMPLATES[name], QUESTION)
    assert QUESTION in text
    assert hashlib.sha256(text.encode()).hexdigest() == RENDERED[name]


def test_a_record_with_a_wrong_key_or_value_is_refused() -> None:
    whole = PRESETS["qwen2.5-7b-orz"].model_dump()
    for change in ({"roles": "rl"}, {"role": "tuned"}, {"revision": "main"}, {"max_context": 0}):
        with pytest.raises(ValidationError):
            Preset.model_validate({**whole, **change})
    with pytest.raises(ValidationError):
        Verified.model_validate({"id": True})


@pytest.mark.parametrize("parent", [None, "nobody", "qwen2.5-7b-orz"])
def test_a_chain_that_leads_to_no_base_is_refused(parent: str | None) -> None:
    lost = PRESETS["qwen2.5-7b-orz"].model_copy(update={"parent": parent})
    with pytest.raises(ConfigError, match="leads to no base"):
        chain({lost.name: lost}, lost.name)


def test_decodings_are_those_of_their_sources() -> None:
    found = {
        name: (one.temperature, one.top_p, one.max_tokens, one.n) for name, one in DECODINGS.items()
    }
    assert found["rlvr-boundary"] == (0.6, 0.95, 16_384, 128)
    assert found["dapo-card"] == (1.0, 0.7, 20_480, 32)
    assert found["oat-zero"] == (0.0, 1.0, 3_000, 1)
    assert set(DECODINGS["deepcoder"].unverified) == {"temperature", "top_p", "n"}
    assert all(one.source for one in DECODINGS.values())


def presets_of(study: StudySettings) -> dict[str, Preset]:
    return {name: BY_ID[arm.model] for name, arm in study.arms.items()}


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES.keys())
def test_a_study_asks_seen_checkpoints_at_their_revision(study: StudySettings) -> None:
    for name, preset in presets_of(study).items():
        assert preset.verified.id
        assert study.arms[name].revision == preset.revision
        assert study.arms[name].dtype == preset.dtype
    assert set(study.suites) <= N.keys()
    for name, suite in study.suites.items():
        assert suite.n in N[name]


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES.keys())
def test_a_study_asks_a_base_in_the_words_of_the_arm_beside_it(study: StudySettings) -> None:
    presets = presets_of(study)
    for name, arm in study.arms.items():
        own = presets[name].template
        others = {p.template for p in presets.values() if p.role != "base"}
        # Programs are asked for without the sentence that asks for a box.
        if set(study.suites) <= PROGRAMS and f"{own}-code" in TEMPLATES:
            own = f"{own}-code"
        assert arm.template in ({"raw", own} | others if presets[name].role == "base" else {own})
    first = next(iter(presets.values()))
    raw = [name for name, arm in study.arms.items() if arm.template == "raw"]
    assert bool(raw) == (first.role == "base"), "a base is asked without a template as well"
    assert {"base-t1"} <= {n for n, a in study.arms.items() if (a.temperature, a.top_p) == (1, 1)}


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES.keys())
def test_a_study_compares_checkpoints_of_one_origin(study: StudySettings) -> None:
    presets = presets_of(study)
    assert study.compare
    for one, other in study.compare:
        meet = set(chain(PRESETS, presets[one].name)) & set(chain(PRESETS, presets[other].name))
        assert meet, f"{one} and {other} have no common origin"
    for name, arm in study.arms.items():
        if arm.parent:
            assert presets[arm.parent].name in chain(PRESETS, presets[name].name)[1:]
        else:
            assert presets[name] == presets["base"]


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES.keys())
def test_a_study_s_budget_is_below_the_context(study: StudySettings) -> None:
    presets = presets_of(study)
    small = min(preset.max_context for preset in presets.values()) <= 4096
    for name, arm in study.arms.items():
        if arm.max_tokens:
            assert arm.max_tokens + 1024 < presets[name].max_context
    # A window of 4,096: every arm gets what the longest prompt leaves, unless it says otherwise.
    assert not small or study.arms["base"].max_tokens is None
    defaults = ArmSettings(model="x")
    assert study.arms["base"].temperature == defaults.temperature
    assert study.arms["base"].top_p == defaults.top_p


def test_list_says_what_was_seen_and_what_was_not() -> None:
    rows = dict(catalog.run("presets"))
    assert rows.keys() == PRESETS.keys()
    assert rows["qwen2.5-32b-dapo"] == (
        "rl of qwen2.5-32b; BytedTsinghua-SIA/DAPO-Qwen-32B at 38b8075; template dapo@rlvr;"
        " context 131,072; 72 GB; seen id, parent, template (BytedTsinghua-SIA/DAPO README and"
        " inference examples; revision of arXiv 2504.13837); not seen context; from Qwen2.5-32B,"
        " not from a Math model; weights and wording were later replaced in place, so keep the"
        " revision"
    )
    assert "base; " in rows["qwen2.5-7b"]
    assert "template of the arm beside it" in rows["qwen2.5-7b"]
    assert "no template here" in rows["eurus-2-7b-prime"]
    assert "19 GB, license llama3.1, gated" in rows["llama-3.1-8b"]
    assert "not seen" not in rows["qwen2.5-math-7b-simplerl"]
    decodings = dict(catalog.run("decodings"))
    assert decodings.keys() == DECODINGS.keys()
    assert decodings["deepcoder"].endswith("; not seen temperature, top_p, n")
    assert decodings["rlvr-boundary"].startswith(
        "temperature 0.6, top-p 0.95, 16,384 tokens, n 128;"
    )


def test_list_names_the_studies_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    rows = dict(catalog.run("studies"))
    assert len(rows) == 1 + len(list((REPOSITORY / "configs").glob("*.yaml")))
    assert rows["configs/qwen2.5-32b-dapo.yaml"].startswith("Qwen2.5-32B and DAPO-Qwen-32B on")
    monkeypatch.chdir(tmp_path)
    assert [name for name, _ in catalog.run("studies")] == ["FILE.yaml"]
