"""Every template against the tokenizers of the families that are asked with it.

The tokenizers are byte-level without merges: only the special tokens, at their true ids, matter.
"""

# ruff: noqa: RUF001 - DeepSeek spells its tokens with a full-width bar.

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from boundary import prompts, verifiers
from boundary.engines import EngineConfig, create
from boundary.presets import PRESETS, Preset
from boundary.prompts import TEMPLATES, Template
from boundary.records import Finish, Outcome, Problem, Sample, Tier
from boundary.verifiers import Task
from boundary.verifiers.extract import CHANNELS


class Family(NamedTuple):
    """Added tokens from ``first`` on, and which of them a decoder leaves out.

    ``kind`` is the tokenizer's class as the hub's files name it.
    """

    kind: str
    first: int
    tokens: tuple[str, ...]
    special: frozenset[str]
    bos: str | None
    eos: str


QWEN = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
DEEPSEEK = (
    "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>",
    "<|EOT|>", "<think>", "</think>",
)  # fmt: skip
LLAMA = (
    "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|reserved_special_token_2|>",
    "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>",
)  # fmt: skip
FAMILIES = {
    "qwen": Family("Qwen2Tokenizer", 151_643, QWEN, frozenset(QWEN), None, QWEN[0]),
    "deepseek": Family(
        kind="LlamaTokenizerFast",
        first=151_643,
        tokens=DEEPSEEK,
        special=frozenset({DEEPSEEK[0], DEEPSEEK[3]}),
        bos=DEEPSEEK[3],
        eos=DEEPSEEK[0],
    ),
    "llama": Family(
        "PreTrainedTokenizerFast", 128_000, LLAMA, frozenset(LLAMA), LLAMA[0], LLAMA[1]
    ),
}
# What ends an answer besides a template's stop strings: the base's own token, and <|im_end|>.
ENDS = {"qwen": {151_643, 151_645}, "deepseek": {151_643}, "llama": {128_001}}

GOLD = r"\frac{7}{2}"
REASONING = (
    "The user wants x. Question 2 asks the same, and its Answer: 3, or \\boxed{3}, is too small.\n"
    "user and assistant are only words here, and an Assistant: in mid-line is one as well.\n"
    "Problem: 2x = 7. Human readers and any User: may check it.\nQuestions: none. So x is 7/2.\n"
)
FINALS = {
    "boxed": (r"The answer is $\boxed{\frac{7}{2}}$.",),
    "answer_line": (r"Answer: \frac{7}{2}", r"Answer: $\boxed{\frac{7}{2}}$"),
    "answer_tag": (r"<answer> \frac{7}{2} </answer>", r"<answer>\boxed{\frac{7}{2}}</answer>"),
    "hashes": ("#### 7/2",),
}
MATHS = {name: t for name, t in TEMPLATES.items() if t.channel in CHANNELS}


def family_of(preset: Preset) -> str:
    if preset.template == "r1-distill":
        return "deepseek"
    return "llama" if "llama" in preset.name else "qwen"


def asked(family: str) -> set[str]:
    """Templates that presets of a family are asked with, and none at all."""
    found = {p.template for p in PRESETS.values() if p.template and family_of(p) == family}
    return found | {"raw"}


def written(template: Template) -> Iterator[str]:
    """What a model writes that does as its prompt asks."""
    for final in FINALS[template.channel]:
        if template.text.rstrip().endswith("<think>"):
            yield f"{REASONING}</think>\n{final}"
        elif "<think>" in template.text:
            yield f"<think>{REASONING}</think>\n{final}"
        else:
            yield f"{REASONING}{final}"


def tokenizer(family: Family) -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    filler = [f"filler {i}" for i in range(family.first - len(alphabet))]
    vocabulary = {piece: i for i, piece in enumerate([*alphabet, *filler])}
    fast = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    fast.decoder = decoders.ByteLevel()
    for token in family.tokens:
        fast.add_tokens([AddedToken(token, special=token in family.special, normalized=False)])
    if family.bos:
        fast.post_processor = processors.TemplateProcessing(
            single=f"{family.bos} $A",
            pair=f"{family.bos} $A $B",
            special_tokens=[(family.bos, fast.token_to_id(family.bos))],
        )
    return fast


def save(family: Family, folder: Path) -> Path:
    """A checkpoint's folder, with the smallest of models."""
    from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

    fast = tokenizer(family)
    fast.save(str(folder / "tokenizer.json"))
    own = {"bos_token": family.bos, "eos_token": family.eos, "pad_token": None, "unk_token": None}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": family.kind, **own})
    )
    kind = LlamaConfig if family is FAMILIES["llama"] else Qwen2Config
    config = kind(
        vocab_size=family.first + len(family.tokens),
        hidden_size=4,
        intermediate_size=4,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=fast.token_to_id(family.eos),
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {
        name: create("transformers", EngineConfig(str(save(family, tmp_path_factory.mktemp(name)))))
        for name, family in FAMILIES.items()
    }


@pytest.fixture(scope="module")
def maths() -> Iterator[Any]:
    verifier = verifiers.create("math")
    yield verifier
    verifier.close()


def test_every_family_is_asked_somehow() -> None:
    assert asked("qwen") >= {"qwen-boxed", "qwen-math-cot", "orz", "prime-zero", "dapo@rlvr"}
    assert asked("deepseek") == {"r1-distill", "raw"}
    assert asked("llama") == {"abel-simplerl", "r1", "raw"}


@pytest.mark.parametrize("family", FAMILIES)
def test_stop_tokens_are_the_family_s_ids(family: str, engines: dict[str, Any]) -> None:
    engine = engines[family]
    names = FAMILIES[family].tokens
    for name in asked(family):
        found = {engine.token_id(text) for text in TEMPLATES[name].stop_tokens} - {None}
        assert found | set(engine.checkpoint.eos_token_ids) == ENDS[family], name
        for text in TEMPLATES[name].stop_tokens:
            token = engine.token_id(text)
            assert token is None or names[token - FAMILIES[family].first] == text


def test_a_token_that_a_family_lacks_stops_nothing(engines: dict[str, Any]) -> None:
    assert engines["qwen"].token_id("<|im_end|>") == 151_645
    assert engines["deepseek"].token_id("<|im_end|>") is None
    assert engines["llama"].token_id("<|im_end|>") is None
    assert engines["qwen"].token_id("<｜end▁of▁sentence｜>") is None


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prompt_opens_with_one_bos_or_none(family: str, engines: dict[str, Any]) -> None:
    engine, bos = engines[family], FAMILIES[family].bos
    for name in asked(family):
        ids = engine.encode(prompts.render(TEMPLATES[name], "What is x?"))
        if bos is None:
            assert ids[0] == (151_644 if not TEMPLATES[name].plain else ids[0])
        else:
            assert ids[0] == engine.token_id(bos)
            assert ids.count(ids[0]) == 1, name


def test_markup_becomes_the_tokens_it_stands_for(engines: dict[str, Any]) -> None:
    newline = engines["qwen"].encode("\n", start=False)
    for name in ("qwen-boxed", "qwen-math-cot", "code-r1"):
        ids = engines["qwen"].encode(prompts.render(TEMPLATES[name], "What is x?"))
        assert [ids.count(i) for i in (151_644, 151_645, 151_643)] == [3, 2, 0]
        assert ids[-1:] == newline
    ids = engines["deepseek"].encode(prompts.render(TEMPLATES["r1-distill"], "What is x?"))
    assert ids[:2] == [151_646, 151_644]
    assert ids[-3:] == [151_645, 151_648, *newline]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_reader_needs_survives_decoding(family: str, engines: dict[str, Any]) -> None:
    """Engines leave special tokens out of a text; tags of reasoning and answer are none."""
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(str(engines[family].checkpoint.path))
    for name in asked(family):
        for text in written(TEMPLATES[name]):
            ids = engines[family].encode(text, start=False)
            end = engines[family].token_id(FAMILIES[family].eos)
            assert loaded.decode([*ids, end], skip_special_tokens=True) == text


@pytest.mark.parametrize("template", MATHS.values(), ids=MATHS.keys())
def test_an_answer_given_as_asked_is_whole_and_right(template: Template, maths: Any) -> None:
    for text in written(template):
        whole = text[: prompts.find_stop(text, template.stop_strings)]
        assert whole == text, "a stop string cuts an answer that does as it is asked"
        goes_on = [f"{text}\n{stop} 3" for stop in template.stop_strings]
        for longer in goes_on:
            kept = longer[: prompts.find_stop(longer, template.stop_strings)]
            assert kept.startswith(text)
            assert len(kept) < len(longer)
            assert strictly(maths, template, kept) == (Outcome.CORRECT, GOLD)
        found, _ = strictly(maths, template, text)
        assert found is Outcome.CORRECT


def strictly(maths: Any, template: Template, text: str) -> tuple[Outcome, str | None]:
    """The strict tier's outcome, and what it read."""
    sample = Sample("p", 0, 1, text, None, None, Finish.STOP)
    task = Task(Problem("p", "What is x?", GOLD), sample, template.channel)
    (verdicts,) = maths.judge([task])
    verdict = next(v for v in verdicts if v.tier is Tier.STRICT)
    return verdict.outcome, verdict.extracted


@pytest.mark.parametrize("name", ["r1", "orz", "r1-distill", "r1@rlvr", "code-r1"])
def test_an_answer_inside_the_reasoning_is_not_read(name: str, maths: Any) -> None:
    template = TEMPLATES[name]
    for final in FINALS[template.channel]:
        outcome, _ = strictly(maths, template, f"So {final}</think>\nNo, I am not sure.")
        assert outcome is Outcome.WRONG
