"""The transformers engine on a random checkpoint of its own."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from boundary.engines import Decoding, EngineConfig, create, score
from boundary.errors import EngineError
from boundary.prompts import find_stop
from boundary.records import Finish
from tests.engines import data

REQUESTS = data.requests(40, seed=1)
DECODING = Decoding(1.0, 0.9, 20)


@pytest.fixture(scope="module")
def bos_engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = data.save(data.qwen2(), tmp_path_factory.mktemp("bos"), adds_bos=True)
    return create("transformers", EngineConfig(str(folder)))


def test_samples_say_how_they_came_about(engine: Any, model: Any) -> None:
    found = data.by_index(engine.generate(REQUESTS, DECODING))
    assert sorted(found) == list(range(len(REQUESTS)))
    finishes = Counter()
    for asked in REQUESTS:
        sample = found[asked.draw.index]
        ids, raw, own = data.generate_by_hand(model, asked, DECODING, {data.EOS})
        assert sample.token_ids == ids
        assert sample.n_tokens == len(ids)
        assert (sample.problem_id, sample.seed) == (asked.draw.problem.id, asked.draw.seed)
        assert sample.finish is (Finish.STOP if ids[-1] == data.EOS else Finish.LENGTH)
        assert sample.text == "".join(data.CHARACTERS[i - 3] for i in ids if i >= 3)
        assert sample.logprob == pytest.approx(raw, abs=1e-4)
        assert sample.draw_logprob == pytest.approx(own, abs=1e-4)
        finishes[sample.finish] += 1
    assert min(finishes[Finish.STOP], finishes[Finish.LENGTH]) > 3


def test_the_first_token_follows_the_tempered_nucleus_exactly(engine: Any, model: Any) -> None:
    """20,000 draws at T = 0.7 and top-p 0.8 against the law worked out by hand."""
    prompt = data.ids("a12 = b")
    count = 20_000
    asked = (data.request(prompt, seed, seed) for seed in range(count))
    drawn = Counter(s.token_ids[0] for s in engine.generate(asked, Decoding(0.7, 0.8, 1)))
    assert drawn.total() == count
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prompt])).logits[0, -1].tolist()
    law = data.law(logits, 0.7, 0.8)
    assert 4 < len(law) < data.VOCABULARY / 2, "the nucleus must be a true choice"
    assert set(drawn) <= set(law)
    expected = [count * p for p in law.values()]
    found = [drawn[token] for token in law]
    assert stats.chisquare(found, expected).pvalue > 1e-3


def test_temperature_0_is_greedy_and_the_same_for_every_seed(engine: Any, model: Any) -> None:
    asked = [data.request(data.ids("12"), seed, seed) for seed in range(3)]
    decoding = Decoding(0.0, 0.95, 12)
    found = list(engine.generate(asked, decoding))
    expected, raw, _ = data.generate_by_hand(model, asked[0], decoding, {data.EOS})
    for sample in found:
        assert sample.token_ids == expected
        assert sample.logprob == pytest.approx(raw, abs=1e-4)
        assert sample.draw_logprob == 0


@pytest.mark.parametrize("budget", [1, 2, 7])
def test_max_tokens_cuts_and_counts_the_stop_token(engine: Any, budget: int) -> None:
    whole = data.by_index(engine.generate(REQUESTS, DECODING))
    for sample in engine.generate(REQUESTS, Decoding(1.0, 0.9, budget)):
        kept = whole[sample.index].token_ids[:budget]
        assert sample.token_ids == kept
        assert sample.finish is (Finish.STOP if kept[-1] == data.EOS else Finish.LENGTH)


def test_further_stop_tokens_end_an_answer_and_stand_at_its_end(engine: Any) -> None:
    whole = data.by_index(engine.generate(REQUESTS, DECODING))
    often = Counter(i for s in whole.values() for i in s.token_ids[:-1]).most_common(1)[0][0]
    decoding = Decoding(1.0, 0.9, 20, stop_token_ids=(often,))
    ended = 0
    for sample in engine.generate(REQUESTS, decoding):
        before = whole[sample.index].token_ids
        cut = before.index(often) + 1 if often in before else len(before)
        assert sample.token_ids == before[:cut]
        assert sample.n_tokens == cut
        if sample.token_ids[-1] == often:
            assert sample.finish is Finish.STOP
            ended += 1
    assert ended > 3


def test_stop_strings_end_an_answer_at_line_starts_only(engine: Any) -> None:
    """What stops and where is worked out from the same answers drawn without stop strings."""
    asked = [data.request(data.ids("a\nb"), seed, seed) for seed in range(400)]
    whole = data.by_index(engine.generate(asked, Decoding(1.0, 1.0, 40)))
    pairs = Counter(
        text[i + 1 : i + 3]
        for text in (s.text for s in whole.values())
        for i in range(len(text) - 3)
        if text[i] == "\n" and "\n" not in text[i + 1 : i + 3] and " " not in text[i + 1 : i + 3]
    )
    stop = pairs.most_common(1)[0][0]
    inside = [s for s in whole.values() if stop in s.text and find_stop(s.text, [stop]) is None]
    stopped = 0
    for sample in engine.generate(asked, Decoding(1.0, 1.0, 40, stop_strings=(stop,))):
        before = whole[sample.index]
        end = find_stop(before.text, [stop])
        if end is None:
            assert (sample.token_ids, sample.text) == (before.token_ids, before.text)
            assert sample.finish is before.finish
            continue
        stopped += 1
        assert sample.finish is Finish.STOP_STRING
        assert sample.text == before.text[:end]
        assert sample.text.endswith(stop)
        assert sample.token_ids == before.token_ids[: sample.n_tokens]
        assert engine._text(sample.token_ids) == sample.text
    assert stopped > 3
    assert inside, "no answer holds the stop string in the middle of a line"


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("a1\nUser: b", True),
        ("a1\nUser:", True),
        ("User: b", True),
        ("a1 User: b", False),
        ("a1\nUser", False),
        ("a1 </answer> b", True),
        ("a1 </answer", False),
        ("7" * 60 + "\nUser:", True),
        ("7" * 60 + " User:", False),
        ("\n" + "7" * 24 + "User:", False),
    ],
)
def test_which_texts_end(engine: Any, text: str, ends: bool) -> None:
    class Row:
        live = 1

        def tokens(self, row: int) -> list[int]:
            return data.ids(text)

        def tail(self, row: int, count: int) -> list[int]:
            return data.ids(text)[-count:]

    decoding = Decoding(1.0, 1.0, 99, stop_strings=("User:", "</answer>"))
    assert engine._stop_strings(decoding)(Row()).tolist() == [ends]


def test_a_model_without_an_end_token_is_refused(engine: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(engine, "_end_ids", set())
    with pytest.raises(EngineError, match="names no end token: set eos_token_id"):
        next(engine.generate(REQUESTS, DECODING))


def pairs() -> tuple[list[list[int]], list[list[int]]]:
    rng = np.random.default_rng(4)
    prompts = [rng.integers(3, 40, size).tolist() for size in (1, 5, 30, 2, 1, 9, 17)]
    answers = [rng.integers(0, 40, size).tolist() for size in (1, 40, 1, 2, 12, 60, 3)]
    return prompts, answers


@pytest.mark.parametrize("logits", [1, 5_000, 1 << 26])
def test_scores_equal_a_pass_over_each_sequence_alone(
    engine: Any, model: Any, monkeypatch: pytest.MonkeyPatch, logits: int
) -> None:
    monkeypatch.setattr(score, "LOGITS", logits)
    prompts, answers = pairs()
    found = list(engine.score(prompts, answers))
    for scores, prompt, answer in zip(found, prompts, answers, strict=True):
        assert scores == pytest.approx(data.score_by_hand(model, prompt, answer), abs=1e-4)
    backwards = list(engine.score(prompts[::-1], answers[::-1]))
    for one, other in zip(found, backwards[::-1], strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_scores_of_drawn_answers_are_the_log_probabilities_of_drawing_them(engine: Any) -> None:
    samples = list(engine.generate(REQUESTS, DECODING))
    prompts = {r.draw.index: list(r.prompt_ids) for r in REQUESTS}
    scores = engine.score([prompts[s.index] for s in samples], [s.token_ids for s in samples])
    for sample, logprobs in zip(samples, scores, strict=True):
        assert sum(logprobs) == pytest.approx(sample.logprob, abs=1e-4)


def test_nothing_to_score(engine: Any) -> None:
    assert list(engine.score([], [])) == []


def test_encoding_adds_nothing_of_its_own(engine: Any) -> None:
    assert engine.encode("12 a\nUser:") == data.ids("12 a\nUser:")
    assert engine.encode("12", start=False) == data.ids("12")
    assert engine.encode("<bos>12<eos>") == [data.BOS, *data.ids("12"), data.EOS]


def test_a_start_token_stands_once(bos_engine: Any) -> None:
    start = [data.BOS]
    assert bos_engine.encode("12") == start + data.ids("12")
    assert bos_engine.encode("<bos>12") == start + data.ids("12")
    assert bos_engine.encode("12", start=False) == data.ids("12")


def test_special_tokens_by_their_text(engine: Any) -> None:
    assert engine.token_id("<eos>") == data.EOS
    assert engine.token_id("<|im_end|>") is None


def test_what_it_says_of_itself(engine: Any, folder: Any) -> None:
    assert (engine.name, engine.dtype) == ("transformers", "float32")
    assert engine.checkpoint.path == folder
    assert engine.checkpoint.eos_token_ids == (data.EOS,)
    assert engine.checkpoint.context == 256


def test_dtype_is_that_of_the_loaded_weights(folder: Any) -> None:
    assert create("transformers", EngineConfig(str(folder), dtype="bfloat16")).dtype == "bfloat16"
    with pytest.raises(EngineError, match="no dtype 'float31': give float32"):
        create("transformers", EngineConfig(str(folder), dtype="float31"))


@pytest.mark.parametrize("windowed_from", [0, 1])
def test_sliding_windows_are_refused(windowed_from: int, tmp_path: Any) -> None:
    model = data.qwen2(use_sliding_window=True, sliding_window=8, max_window_layers=windowed_from)
    data.save(model, tmp_path)
    with pytest.raises(EngineError, match=r"other than full attention .*sliding_attention"):
        create("transformers", EngineConfig(str(tmp_path)))


@pytest.mark.parametrize("window", [8, None])
def test_a_window_without_layer_types_is_refused_too(window: int | None, tmp_path: Any) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=data.VOCABULARY,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=16,
        max_position_embeddings=64,
        sliding_window=window,
    )
    data.save(MistralForCausalLM(config), tmp_path)
    if window is None:
        assert create("transformers", EngineConfig(str(tmp_path))).dtype == "float32"
        return
    with pytest.raises(EngineError, match="a sliding window of 8"):
        create("transformers", EngineConfig(str(tmp_path)))


def truncate(folder: Any) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


def reshape(folder: Any) -> None:
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"vocab_size": 40', '"vocab_size": 50'))


def rename_type(folder: Any) -> None:
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"qwen2"', '"no-such-type"'))


def break_tokenizer(folder: Any) -> None:
    (folder / "tokenizer.json").write_text("{")


@pytest.mark.parametrize("damage", [truncate, reshape, rename_type, break_tokenizer])
def test_a_damaged_checkpoint_is_an_error_with_a_remedy(
    damage: Any, model: Any, tmp_path: Any
) -> None:
    data.save(model, tmp_path)
    damage(tmp_path)
    with pytest.raises(EngineError, match="transformers cannot load") as failure:
        create("transformers", EngineConfig(str(tmp_path)))
    assert "\n" not in failure.value.problem
    assert "tokenizer" in failure.value.remedy
