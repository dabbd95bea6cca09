"""The step's own arithmetic, against every answer of a small model written down."""

import math
import random

import numpy as np
import pytest

from boundary.samplers.metropolis import (
    Path,
    acceptance,
    cut_at,
    log_ratio,
    log_ratio_by_normalisers,
    step,
)
from tests.samplers.toy import ONE, STOP, TWO, Ratio, Toy, distance, letters, stationary

TABLES = {"one": ONE, "two": TWO}
PI = {
    "ab$": 0.437825,
    "abab": 0.226969,
    "b$": 0.171025,
    "$": 0.076011,
    "a$": 0.027364,
    "bab$": 0.022165,
    "baba": 0.017954,
    "aab$": 0.004378,
    "aba$": 0.003546,
}
ROWS = [
    ("abab", "a$", 1, 1.896120, 0.0),
    ("a$", "abab", 1, -1.896120, -1.202973),
    ("$", "abab", 0, -3.004783, -1.618489),
    ("abab", "bab$", 0, -0.371942, -0.371942),
    ("ab$", "abb$", 2, -1.075140, -0.787458),
]
"""From, to, cut, log r, and what comes of cutting the longer suffix to the shorter one."""


def test_the_answers_and_their_chances_are_those_worked_out_by_hand() -> None:
    toy = Toy(ONE, 2)
    assert len(toy.answers) == 31
    assert sum(x[-1] == STOP for x in toy.answers) == 15
    chances = dict(zip(toy.answers, toy.target, strict=True))
    for text, chance in PI.items():
        assert chances[letters(text)] == pytest.approx(chance, abs=1e-6)
    assert sum(len(x) * c for x, c in chances.items()) == pytest.approx(2.9353, abs=1e-4)
    assert distance(toy.proposal, toy.target) == pytest.approx(0.1543, abs=1e-4)


@pytest.mark.parametrize("alpha", [1, 2, 4])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("temperature", [None, 0.7])
def test_the_step_leaves_the_power_law_alone_and_is_reversible(
    table: str, alpha: float, temperature: float | None
) -> None:
    toy = Toy(TABLES[table], alpha, temperature=temperature)
    kernel, pi = toy.kernel(), toy.target
    np.testing.assert_allclose(kernel.sum(axis=1), 1, atol=1e-12)
    assert kernel.min() >= -1e-15
    assert np.abs(pi @ kernel - pi).sum() < 1e-12
    flow = pi[:, None] * kernel
    assert np.abs(flow - flow.T).max() < 1e-12
    # Nothing else is left alone, from wherever a chain begins.
    assert distance(stationary(kernel), pi) < 1e-9


def test_alpha_1_at_temperature_1_is_the_model_itself() -> None:
    toy = Toy(ONE, 1)
    np.testing.assert_allclose(toy.target, toy.proposal, atol=1e-15)


@pytest.mark.parametrize(("one", "other", "cut", "expected", "sliced"), ROWS)
def test_the_ratio_is_that_worked_out_by_hand_in_two_ways(
    one: str, other: str, cut: int, expected: float, sliced: float
) -> None:
    toy = Toy(ONE, 2)
    current, proposed = toy.path(letters(one)), toy.path(letters(other))
    assert log_ratio(current, proposed, cut, 2) == pytest.approx(expected, abs=1e-6)
    by_z = log_ratio_by_normalisers(current, proposed, cut)
    assert by_z == pytest.approx(expected, abs=1e-6)
    assert log_ratio(proposed, current, cut, 2) == pytest.approx(-expected, abs=1e-6)
    found = step(current, cut, toy.path(letters(other), cut), 0.0, 2)
    assert found.log_r == pytest.approx(expected, abs=1e-6)
    assert found.proposed == proposed
    assert _published(current, proposed, cut, 2) == pytest.approx(sliced, abs=1e-6)


@pytest.mark.parametrize("alpha", [1.0, 2.0, 4.0])
def test_the_two_ways_agree_and_are_antisymmetric_for_every_pair(alpha: float) -> None:
    toy = Toy(TWO, alpha)
    for x in toy.answers:
        for cut in range(len(x)):
            for y in toy.endings(x[:cut]):
                there = log_ratio(toy.path(x), toy.path(y), cut, alpha)
                back = log_ratio(toy.path(y), toy.path(x), cut, alpha)
                by_z = log_ratio_by_normalisers(toy.path(x), toy.path(y), cut)
                assert there == pytest.approx(by_z, abs=1e-12)
                assert there == pytest.approx(-back, abs=1e-12)


def _gain(current: Path, proposed: Path, cut: int, column: str = "log_p") -> float:
    """The difference of the suffixes' sums."""
    return math.fsum(getattr(proposed, column)[cut:]) - math.fsum(getattr(current, column)[cut:])


def _lengths(current: Path, proposed: Path) -> float:
    return math.log(len(current) / len(proposed))


def _unstopped(path: Path) -> Path:
    """The same without what its stop token cost; its length stays."""
    if not path.is_ended:
        return path
    cut = len(path) - 1
    return Path(path.token_ids, path.log_p[:cut], path.log_q[:cut], path.log_z[:cut], True)


def _tempered(path: Path) -> Path:
    return Path(path.token_ids, path.log_q, path.log_q, path.log_z, path.is_ended)


def _sliced(current: Path, proposed: Path, cut: int, alpha: float) -> float:
    """The current suffix cut to the end of the proposed one."""
    end = len(proposed)
    shorter = Path(current.token_ids, current.log_p[:end], current.log_q[:end], current.log_z[:end])
    return log_ratio(shorter, proposed, cut, alpha)


def _published(current: Path, proposed: Path, cut: int, alpha: float) -> float:
    """Sliced, and without the chances of the cut."""
    return _sliced(current, proposed, cut, alpha) - _lengths(current, proposed)


MUTANTS: dict[str, tuple[Ratio, tuple[float, float, float]]] = {
    "cut term omitted": (
        lambda x, y, m, a: log_ratio(x, y, m, a) - _lengths(x, y),
        (0.113, 0.123, 0.032),
    ),
    "cut term flipped": (
        lambda x, y, m, a: log_ratio(x, y, m, a) - 2 * _lengths(x, y),
        (0.201, 0.265, 0.049),
    ),
    "stop token left out": (
        lambda x, y, m, a: log_ratio(_unstopped(x), _unstopped(y), m, a),
        (0.124, 0.049, 0.030),
    ),
    "tempered log p used as p": (
        lambda x, y, m, a: log_ratio(_tempered(x), _tempered(y), m, a),
        (0.282, 0.212, 0.281),
    ),
    "proposal terms omitted": (
        lambda x, y, m, a: a * _gain(x, y, m) + _lengths(x, y),
        (0.256, 0.261, 0.200),
    ),
    "log q not normalised": (lambda x, y, m, a: _lengths(x, y), (0.154, 0.395, 0.588)),
    "alpha forgotten": (lambda x, y, m, a: log_ratio(x, y, m, 1), (0.273, 0.360, 0.592)),
    "ratchet": (
        lambda x, y, m, a: -math.inf if len(y) > len(x) else log_ratio(x, y, m, a),
        (0.924, 0.872, 0.934),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
@pytest.mark.parametrize(("place", "table", "alpha"), [(0, ONE, 2), (1, TWO, 2), (2, TWO, 4)])
def test_every_wrong_ratio_fails_the_test_of_the_kernel(
    name: str, place: int, table: tuple[tuple[float, float, float], ...], alpha: float
) -> None:
    """And by as much as theory says, so that each is the mutant that it is called."""
    toy = Toy(table, alpha)
    ratio, distances = MUTANTS[name]
    kernel, pi = toy.kernel(ratio), toy.target
    assert np.abs(pi @ kernel - pi).sum() > 1e-4
    left_alone = np.linalg.matrix_power(kernel, 1 << 20)[toy.answers.index(letters("abab"))]
    assert distance(left_alone, pi) == pytest.approx(distances[place], abs=0.0006)


def test_the_sliced_suffix_passes_that_test_nearly_and_fails_the_table_of_ratios() -> None:
    toy = Toy(ONE, 2)
    assert distance(stationary(toy.kernel(_sliced)), toy.target) < 0.001
    current, proposed = toy.path(letters("abab")), toy.path(letters("a$"))
    assert _sliced(current, proposed, 1, 2) != pytest.approx(ROWS[0][3], abs=0.1)


def test_a_step_takes_the_proposal_just_as_often_as_its_chance_says() -> None:
    toy = Toy(ONE, 2)
    current, suffix = toy.path(letters("$")), toy.path(letters("abab"))
    chance = acceptance(step(current, 0, suffix, 0.0, 2).log_r)
    assert 0 < chance < 0.1
    assert step(current, 0, suffix, chance - 1e-12, 2).is_accepted
    left = step(current, 0, suffix, chance, 2)
    assert not left.is_accepted
    assert left.path is current
    assert acceptance(0.0) == acceptance(700.0) == 1
    assert acceptance(-math.inf) == 0


def test_every_cut_has_the_same_share_of_the_numbers() -> None:
    rng = random.Random(0)
    for length in (1, 2, 7, 3072):
        assert cut_at(0.0, length) == 0
        assert cut_at(math.nextafter(1.0, 0.0), length) == length - 1
        for cut in {rng.randrange(length) for _ in range(5)}:
            assert cut_at((cut + 0.5) / length, length) == cut
