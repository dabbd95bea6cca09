"""What every engine owes its callers; a new entry in the registry is held to it at once."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from boundary.engines import ENGINES, Decoding, EngineConfig, create, default_engine, identify
from boundary.errors import EngineError
from boundary.records import Finish
from tests.engines import data

NEEDED = {"fake": "fake/p=0.5", "transformers": "FOLDER"}
"""A model for each engine that runs on any machine."""


@pytest.fixture(params=ENGINES)
def any_engine(request: Any, folder: Path) -> Any:
    if request.param not in NEEDED:
        pytest.skip(f"{request.param} has a contract test of its own, with a server or a GPU")
    model = NEEDED[request.param].replace("FOLDER", str(folder))
    with closing(create(request.param, EngineConfig(model))) as engine:
        yield engine


def test_it_has_the_name_it_is_registered_under(any_engine: Any, request: Any) -> None:
    assert ENGINES[any_engine.name] is type(any_engine)
    assert any_engine.dtype
    assert any_engine.checkpoint.digest
    assert any_engine.checkpoint == identify(any_engine.checkpoint.model_id)


def test_one_sample_for_each_request(any_engine: Any) -> None:
    asked = data.requests(25)
    found = data.by_index(any_engine.generate(iter(asked), Decoding(1.0, 0.9, 15)))
    assert sorted(found) == [r.draw.index for r in asked]
    for r in asked:
        sample = found[r.draw.index]
        assert sample.seed == r.draw.seed
        assert sample.n_tokens == len(sample.token_ids)
        assert 1 <= sample.n_tokens <= 15
        assert sample.finish in Finish
        assert sample.logprob < 0


def test_requests_are_taken_lazily_and_a_caller_may_stop(any_engine: Any) -> None:
    def endless() -> Any:
        while True:
            yield from data.requests(10)

    running = any_engine.generate(endless(), Decoding(1.0, 1.0, 3))
    assert [next(running).n_tokens for _ in range(3)]
    running.close()


def test_no_requests_no_samples(any_engine: Any) -> None:
    assert list(any_engine.generate([], Decoding(1.0, 1.0, 3))) == []


def test_one_score_for_each_token_in_order(any_engine: Any) -> None:
    answers = [[5, 6, 7], [8], [9, 10]]
    found = list(any_engine.score([[3], [4, 5], [6]], answers))
    assert [len(scores) for scores in found] == [3, 1, 2]
    assert all(x < 0 for scores in found for x in scores)


def test_an_unknown_engine_is_refused_with_the_known_named() -> None:
    with pytest.raises(EngineError, match=r"no engine named 'vlm': choose one of .*transformers"):
        create("vlm", EngineConfig("fake/p=0.5"))


def test_the_engine_that_is_used_when_none_is_named() -> None:
    assert default_engine("fake/p=0.1") == "fake"
    assert default_engine("zoo/base") == "transformers"


@pytest.mark.parametrize(("has_vllm", "gpus"), [(True, ("0",)), (True, ()), (False, ("0",))])
def test_vllm_is_used_where_it_and_a_gpu_are_there(
    monkeypatch: pytest.MonkeyPatch, has_vllm: bool, gpus: tuple[str, ...]
) -> None:
    from boundary import engines

    monkeypatch.setattr(engines, "find_spec", lambda _: has_vllm or None)
    monkeypatch.setattr(engines, "visible", lambda: gpus)
    monkeypatch.setattr(engines, "_vllm_has_a_gpu", engines._vllm_has_a_gpu.__wrapped__)
    expected = "vllm" if has_vllm and gpus else "transformers"
    assert default_engine("Qwen/Qwen2.5-7B") == expected
    # Loading these into vLLM takes longer than a run.
    assert default_engine("zoo/base") == "transformers"
    assert default_engine("fake/p=0.1") == "fake"


def test_another_package_may_add_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from boundary import engines

    class Point:
        def load(self) -> Any:
            return lambda config: ("theirs", config.model)

    monkeypatch.setattr(
        engines, "entry_points", lambda group, name: [Point()] * (group == "boundary.engines")
    )
    assert create("theirs", EngineConfig("m")) == ("theirs", "m")
