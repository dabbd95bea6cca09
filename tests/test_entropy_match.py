"""The search for a temperature: on a model whose entropy is known, and on the embedded ones."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch

from boundary import engines, entropy_match, suites
from boundary.config import ArmSettings
from boundary.engines import Checkpoint, Decoding, Inspected, Nucleus, Request
from boundary.entropy_match import Asked, Match
from boundary.errors import ConfigError, EngineError
from boundary.records import Finish, Sample
from tests.shell import boundary, refused


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Known:
    """An engine whose mean entropy at a temperature is a given law, with noise by the seed."""

    name = "known"
    checkpoint = Checkpoint("known", None, None, "d", "t", None, ())  # type: ignore[arg-type]

    def __init__(self, law: Callable[[float], float]) -> None:
        self._law = law
        self.temperatures: list[float] = []

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        return [1]

    def token_id(self, text: str) -> int | None:
        return None

    def generate(self, requests: Sequence[Request], decoding: Decoding) -> Iterator[Sample]:
        self.temperatures.append(decoding.temperature)
        for request in requests:
            draw = request.draw
            ids = [draw.seed % 1_000, 7]
            yield Sample(draw.problem.id, draw.index, draw.seed, "", ids, 2, Finish.STOP)

    def inspect(
        self, prompts: Any, answers: Sequence[Sequence[int]], nucleus: Nucleus
    ) -> Iterator[Inspected]:
        for ids in answers:
            mean = self._law(nucleus.temperature) + 0.2 * (ids[0] / 999 - 0.5)
            each, none = [mean] * 2, [0.0] * 2
            yield Inspected([-1.0] * 2, [1] * 2, [True] * 2, each, each, none, none)

    def close(self) -> None:
        """Nothing to free."""


def matched(
    monkeypatch: pytest.MonkeyPatch, base: float, law: Callable[[float], float], **changes: Any
) -> tuple[Match, Known]:
    """The match of a base of that entropy with a tuned model of that law."""
    tuned = Known(law)
    made = {"base": Known(lambda _: base), "tuned": tuned}
    monkeypatch.setattr(engines, "load", lambda arm: made[arm.model])
    monkeypatch.setattr(engines, "identify", lambda model, revision: made[model].checkpoint)
    arms = [ArmSettings(model=name, template="raw", temperature=0.6) for name in made]
    asked = Asked(arms[0], arms[1], suites.load("dial"), limit=20, **changes)
    return entropy_match.run(asked), tuned


LAWS = {
    "straight": (0.4, lambda t: 0.3 * t, 0.4 / 0.3),
    "bent": (0.4, lambda t: 0.2 * t**3, 2 ** (1 / 3)),
    "steep": (0.5, lambda t: 1 / (1 + math.exp(-20 * (t - 1.4))), 1.4),
    "below": (0.2, lambda t: 0.5 * t, 0.4),
    "far below": (0.02, lambda t: 0.5 * t, 0.04),
    "the same": (0.6, lambda t: t, 0.6),
}


@pytest.mark.parametrize("name", LAWS)
def test_the_temperature_of_a_known_law_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, law, truth = LAWS[name]
    found, tuned = matched(monkeypatch, base, law)
    assert found.evaluations <= 12
    assert law(found.temperature) == pytest.approx(base, abs=4 * math.hypot(0.0015, 0.0015))
    assert found.temperature == pytest.approx(truth, rel=0.05)
    assert abs(found.gap) <= 2 * found.gap_error
    for one in (found.base, found.found, found.fresh_base, found.fresh):
        assert one.error <= 0.0015
    assert set(tuned.temperatures) == {one.temperature for one in found.tried}


def test_fresh_seeds_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = matched(monkeypatch, 0.4, lambda t: 0.3 * t)
    assert found.fresh_base.temperature == found.base.temperature
    assert found.fresh_base.mean != found.base.mean
    assert found.fresh.mean != found.found.mean


def test_a_measurement_far_off_is_not_made_precise(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = matched(monkeypatch, 0.55, lambda t: 0.3 * t, error=0.0005)
    first = found.tried[0]
    assert first.temperature == 0.6
    assert first.error > 0.0005
    assert first.samples < found.found.samples


def test_no_such_temperature_up_to_2(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"no such temperature up to 2: the base has 0\.(8|9)"):
        matched(monkeypatch, 0.9, lambda t: 0.3 * t)


def test_no_such_temperature_below(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"no such temperature down to 0\.01"):
        matched(monkeypatch, 0.01, lambda t: 0.4 + t)


def test_more_samples_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="16 samples of each problem leave"):
        matched(monkeypatch, 0.4, lambda t: 0.3 * t, most=16, error=1e-6)


def test_the_command_on_the_embedded_models(tmp_path: Any) -> None:
    """A rough match: the fine one takes minutes, and is in the slow test."""
    small = ("--suite", "dial", "--limit", 6, "--max-tokens", 40, "--error", 0.03)
    ended = boundary("entropy-match", "zoo/rl", "zoo/base", *small, "--json", where=tmp_path)
    rows = ended.json()
    assert rows[0]["model"] == "base"
    assert [row["model"] for row in rows][-2:] == ["base, fresh", "tuned, fresh"]
    assert len(rows) <= 14
    assert rows[-3]["temperature"] == rows[-1]["temperature"] < 0.6, "the base is less sure"
    assert abs(rows[-1]["entropy"] - rows[0]["entropy"]) < 0.15


def test_the_command_says_that_there_is_none(tmp_path: Any) -> None:
    small = ("--suite", "dial", "--limit", 4, "--max-tokens", 30, "--error", 0.05)
    told = refused(
        "entropy-match", "zoo/base", "zoo/rl", *small, "--temperature", 6, where=tmp_path
    )
    assert "there is no such temperature up to 2" in told


@pytest.mark.slow
def test_the_fine_match_on_the_embedded_models() -> None:
    """Within two standard errors on fresh seeds, each entropy to 0.0015 nats."""
    arms = [
        ArmSettings(model=f"zoo/{name}", temperature=0.6, top_p=0.95, max_tokens=101)
        for name in ("base", "rl")
    ]
    found = entropy_match.run(Asked(arms[0], arms[1], suites.load("dial")))
    assert found.evaluations <= 12
    assert max(one.error for one in (found.base, found.found, found.fresh)) <= 0.0015
    assert abs(found.gap) <= 2 * found.gap_error
