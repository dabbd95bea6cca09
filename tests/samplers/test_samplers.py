"""What every sampler owes; a new entry in the registry is held to it at once."""

from contextlib import closing
from typing import Any

import pytest

from boundary import samplers
from boundary.engines import Decoding, EngineConfig, create
from boundary.errors import ConfigError
from boundary.samplers import SAMPLERS
from tests.engines import data

DECODING = Decoding(1.0, 1.0, 200)


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_sample_for_each_request_taken_lazily(name: str) -> None:
    asked = data.requests(12)
    with closing(create("fake", EngineConfig("fake/p=0.5"))) as engine:
        found = list(samplers.get(name)(engine, iter(asked), DECODING))
        assert sorted(s.index for s in found) == list(range(12))
        assert {s.seed for s in found} == {r.draw.seed for r in asked}

        def endless() -> Any:
            while True:
                yield from asked

        running = iter(samplers.get(name)(engine, endless(), DECODING))
        assert next(running).index in range(12)


def test_plain_is_the_engine_itself() -> None:
    asked = data.requests(5)
    with closing(create("fake", EngineConfig("fake/p=0.5"))) as engine:
        direct = list(engine.generate(asked, DECODING))
        assert list(samplers.get("plain")(engine, asked, DECODING)) == direct


def test_an_unknown_sampler_is_refused_with_the_known_named() -> None:
    with pytest.raises(ConfigError, match="no sampler named 'powr': choose one of plain"):
        samplers.get("powr")


def test_another_package_may_add_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        def load(self) -> Any:
            return "theirs"

    monkeypatch.setattr(
        samplers, "entry_points", lambda group, name: [Point()] * (group == "boundary.samplers")
    )
    assert samplers.get("theirs") == "theirs"
