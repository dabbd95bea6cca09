"""The crossing of hand-made curves of every kind, and its interval against enumeration."""

import itertools
import math

import numpy as np
import pytest

from boundary.records import CrossingKind
from boundary.stats import crossing, crossing_of

KS = np.array([1, 2, 4, 8, 16])


def locate(lead, replicates=None):
    lead = np.array(lead, dtype=float)
    return crossing_of(KS[: len(lead)], lead, np.array(replicates or [lead], dtype=float))


@pytest.mark.parametrize(
    ("lead", "kind", "k"),
    [
        ([-0.2, -0.1, -0.1, 0.1, 0.2], CrossingKind.CROSSES, 2**2.5),
        ([-0.3, 0.1, 0.1, 0.1, 0.1], CrossingKind.CROSSES, 2**0.75),
        ([-0.3, -0.2, -0.1, -0.1, 0.3], CrossingKind.CROSSES, 2**3.25),
        # Level from k = 4 on, strictly ahead later: ahead-or-level from 4.
        ([-0.2, -0.1, 0.0, 0.0, 0.2], CrossingKind.CROSSES, 4),
        # Ahead and then level at n still is a crossing.
        ([-0.2, -0.1, 0.1, 0.1, 0.0], CrossingKind.CROSSES, 2**1.5),
        # Several changes of sign: the last one counts.
        ([-0.2, 0.1, -0.1, 0.1, 0.1], CrossingKind.CROSSES, 2**2.5),
        ([0.2, 0.1, -0.1, 0.1, 0.1], CrossingKind.CROSSES, 2**2.5),
        ([-0.2, -0.1, -0.1, -0.1, -0.1], CrossingKind.NO_CROSSING, None),
        ([0.2, 0.1, 0.1, 0.1, -0.1], CrossingKind.NO_CROSSING, None),
        ([-0.2, 0.1, 0.1, 0.1, -0.1], CrossingKind.NO_CROSSING, None),
        ([0.2, 0.1, 0.1, 0.1, 0.1], CrossingKind.BASE_AHEAD, None),
        ([0.0, 0.0, 0.1, 0.0, 0.0], CrossingKind.BASE_AHEAD, None),
        ([-0.2, -0.1, -0.1, -0.1, 0.0], CrossingKind.TIE, None),
        ([-0.2, -0.1, 0.0, 0.0, 0.0], CrossingKind.TIE, None),
        ([0.0, 0.0, 0.0, 0.0, 0.0], CrossingKind.TIE, None),
        # Rounding noise is no lead.
        ([-0.2, -0.1, -0.1, -0.1, 1e-16], CrossingKind.TIE, None),
        ([1e-16, -1e-16, 0.0, 0.0, -1e-17], CrossingKind.TIE, None),
        ([-0.2, -0.1, 1e-16, 0.1, 0.1], CrossingKind.CROSSES, 4),
        ([-0.2], CrossingKind.NO_CROSSING, None),
        ([0.2], CrossingKind.BASE_AHEAD, None),
    ],
)
def test_kinds(lead, kind, k):
    found = locate(lead)
    assert found.kind is kind
    assert found.k == (None if k is None else pytest.approx(k, rel=1e-9))


def by_definition(lead):
    """The definition word for word: k0, or None."""
    for s in range(1, len(lead)):
        stays = all(x >= 0 for x in lead[s:])
        if stays and any(x < 0 for x in lead[:s]) and any(x > 0 for x in lead[s:]):
            return s
    return None


def test_every_sign_pattern_agrees_with_the_definition():
    for lead in itertools.product((-0.1, 0.0, 0.1), repeat=5):
        found, s = locate(lead), by_definition(lead)
        assert (found.kind is CrossingKind.CROSSES) == (s is not None)
        if s is not None:
            assert found.k is not None
            assert KS[s - 1] < found.k <= KS[s] * (1 + 1e-12)


def test_resamples_that_do_not_cross_lie_beyond_n():
    crosses, never = [-0.2, -0.1, -0.1, 0.1, 0.2], [-0.2, -0.1, -0.1, -0.1, -0.1]
    tie, always = [-0.2, -0.1, -0.1, -0.1, 0.0], [0.1, 0.1, 0.1, 0.1, 0.1]
    found = locate(crosses, [crosses] * 70 + [never] * 20 + [tie] * 10)
    assert found.share_without == pytest.approx(0.3)
    assert found.high is None
    assert found.low == pytest.approx(2**2.5)
    # Base ahead throughout: it stays ahead from the first k on, or from below.
    found = locate(crosses, [crosses] * 90 + [always] * 10)
    assert found.share_without == 0
    assert (found.low, found.high) == (1, pytest.approx(2**2.5))
    found = locate(never, [never] * 99 + [crosses])
    assert (found.kind, found.k, found.low, found.high) == (
        CrossingKind.NO_CROSSING,
        None,
        None,
        None,
    )


def test_the_interval_holds_the_estimate():
    late, early = [-0.2, -0.1, -0.1, 0.1, 0.2], [[-0.1, x, 0.1, 0.1, 0.1] for x in (0.1, 0.2)]
    found = locate(late, early)
    assert found.high == found.k == pytest.approx(2**2.5)
    assert found.low == pytest.approx(2 ** (1 / 3))


@pytest.mark.parametrize(
    ("lead", "limits"),
    [
        ([-0.2, -0.1, -0.1, 0.1, 0.2], (4, 8)),
        ([-0.2, -0.1, 0.0, 0.1, 0.2], (2, 4)),
        ([0.1, 0.1, 0.1, 0.1, 0.1], (1, 2)),
        ([0.1], (1, None)),
    ],
)
def test_limits_that_coincide_become_the_cell_of_the_grid(lead, limits):
    found = locate(lead)
    assert (found.low, found.high) == limits


def test_bootstrap_over_three_problems_against_enumeration():
    ks = np.array([1, 4, 16])
    base = np.array([[0.1, 0.5, 0.9], [0.2, 0.3, 0.4], [0.0, 0.1, 0.2]])
    other = np.array([[0.3, 0.4, 0.5], [0.1, 0.3, 0.5], [0.2, 0.2, 0.2]])
    places = []
    for rows in itertools.product(range(3), repeat=3):
        lead = (base - other)[list(rows)].mean(axis=0)
        found = crossing_of(ks, lead, lead[None])
        if found.kind is CrossingKind.BASE_AHEAD:
            places.append(1.0)
        else:
            places.append(math.inf if found.k is None else found.k)
    found = crossing(ks, base, other, np.random.default_rng(0), 20_000)
    share = np.mean(np.isinf(places))
    assert 0 < share < 1
    assert found.share_without == pytest.approx(share, abs=5 * math.sqrt(share / 20_000))
    assert found.low == pytest.approx(min(places))
    assert found.high is None


def test_groups_widen_the_interval():
    draw = np.random.default_rng(4)
    base = np.sort(draw.random((60, 5)), axis=1)
    shift = np.repeat(draw.normal(size=12), 5)[:, None] * 0.2
    other = np.clip(base + np.linspace(0.1, -0.1, 5) + shift, 0, 1)
    groups = np.repeat(np.arange(12), 5)
    plain = crossing(KS, base, other, np.random.default_rng(0))
    grouped = crossing(KS, base, other, np.random.default_rng(0), groups=groups)
    assert plain.kind is grouped.kind
    assert plain.k == grouped.k
    assert grouped.share_without > plain.share_without
