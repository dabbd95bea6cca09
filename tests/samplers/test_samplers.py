"""What every sampler owes; a new entry in the registry is held to it at once."""

from contextlib import closing
from itertools import islice
from typing import Any

import pytest

from boundary import samplers
from boundary.engines import Decoding, EngineConfig, create
from boundary.errors import ConfigError
from boundary.samplers import SAMPLERS
from tests.engines import data
from tests.samplers.toy import ONE, Toy, ToyEngine, decoding, requests

TOY = Toy(ONE, 1, limit=12)


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_sample_for_each_request_taken_lazily(name: str) -> None:
    sampler = samplers.create(name, {})
    found = list(sampler(ToyEngine(TOY), requests(12), decoding(TOY)))
    assert sorted(s.index for s in found) == list(range(12))
    assert {s.seed for s in found} == {r.draw.seed for r in requests(12)}
    assert {s.problem_id for s in found} == {"p"}
    running = sampler(ToyEngine(TOY), requests(None), decoding(TOY))
    assert len({s.index for s in islice(running, 30)}) == 30


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_unknown_argument_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"the sampler {name} takes no argument 'depth'"):
        samplers.create(name, {"depth": 3})


@pytest.mark.parametrize("name", SAMPLERS)
def test_settings_are_what_json_holds(name: str) -> None:
    import json

    found = dict(samplers.create(name, {}).settings(Decoding(1.0, 1.0, 64)))
    assert json.loads(json.dumps(found)) == found
    assert samplers.create(name, found).settings(Decoding(1.0, 1.0, 64)) == found


def test_plain_is_the_engine_itself() -> None:
    asked = data.requests(5)
    law = Decoding(1.0, 1.0, 200)
    with closing(create("fake", EngineConfig("fake/p=0.5"))) as engine:
        direct = list(engine.generate(asked, law))
        assert list(samplers.create("plain", {})(engine, asked, law)) == direct


def test_an_unknown_sampler_is_refused_with_the_known_named() -> None:
    with pytest.raises(ConfigError, match="no sampler named 'powr': choose one of plain"):
        samplers.create("powr", {})


def test_another_package_can_add_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        def load(self) -> Any:
            return lambda arguments: ("theirs", arguments)

    monkeypatch.setattr(
        samplers, "entry_points", lambda group, name: [Point()] * (group == "boundary.samplers")
    )
    assert samplers.create("theirs", {"m": 2}) == ("theirs", {"m": 2})
