"""What counts as the expected output."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundary.sandbox import plain
from boundary.verifiers.programs.compare import Rule
from tests.sandbox.test_plain import VALUES, unhurried

INF, NAN = math.inf, math.nan

TABLE: list[tuple[str, Any, Any, bool]] = [
    ("equal", 3, 3.0, True),
    ("equal", [1], (1,), False),
    ("equal", 0.1 + 0.2, 0.3, False),
    ("truth", 1, True, True),
    ("truth", [], True, False),
    ("tuple", [1, 2], (1, 2), True),
    ("tuple", 5, (5,), False),
    ("evalplus", 0.1 + 0.2, 0.3, True),
    ("evalplus", 0.3000009, 0.3, True),
    ("evalplus", 0.300002, 0.3, False),
    ("evalplus", 1e9 + 90, 1e9, True),
    ("evalplus", 1e9 + 110, 1e9, False),
    ("evalplus", [0.1 + 0.2], [0.3], True),
    ("evalplus", (0.1 + 0.2,), [0.3], False),
    ("evalplus", [0.3, 0.3], [0.3], False),
    ("evalplus", [], [0.3], False),
    ("evalplus", [1.0], [], False),
    ("evalplus", [1, 0.1 + 0.2], [1, 0.3], False),
    ("evalplus", 3, 3.0, True),
    ("evalplus", 3, 3.0000001, False),
    ("evalplus", True, 1.0, True),
    ("evalplus", INF, INF, True),
    ("evalplus", 1e308, INF, False),
    ("evalplus", INF, 1.0, False),
    ("evalplus", NAN, NAN, False),
    ("evalplus", "0.3", 0.3, False),
    ("evalplus", None, 0.3, False),
    ("evalplus", {1: 2}, {1: 2}, True),
    ("evalplus", {1: 0.1 + 0.2}, {1: 0.3}, False),
    ("set", [1, 2, 2], (2, 1), True),
    ("set", [1], (2, 1), False),
    ("set", plain.Array([1, 2]), (2, 1), True),
    ("equal", plain.Array([1, 2]), [1, 2], False),
    ("evalplus", plain.Array([1.0, 2.0]), [1.0, 2.0], False),
    ("evalplus", [plain.Array([1.0, 2.0])], [[1.0, 2.0]], False),
    ("evalplus", plain.Array([1.0, 2.0]), 1.0, False),
    ("set", [[1]], ([1],), False),
    ("set", None, (1,), False),
    ("not_none", True, True, True),
    ("not_none", False, True, False),
    ("not_none", "match", True, True),
    ("not_none", None, False, True),
    ("not_none", None, True, False),
    ("json", (1, 2), [1, 2], True),
    ("json", [(1, 2)], [[1, 2]], False),
    ("json", 2, 2.0, True),
    ("json", "2", 2, False),
    ("lines", "1 2\n", "1 2", True),
    ("lines", "  1 2  \n\n", "1 2\n", True),
    ("lines", "1  2", "1 2", True),
    ("lines", "1\n2", "1 2", False),
    ("lines", "1.0", "1", True),
    ("lines", "1.50", "1.5", True),
    ("lines", "1e3 x", "1000 x", True),
    ("lines", "1.0000001", "1", False),
    ("lines", "50000000000000001", "50000000000000000", False),
    ("lines", "01", "1", True),
    ("lines", "1_0", "10", False),
    ("lines", "yes", "Yes", False),
    ("lines", "", "", True),
    ("lines", "\n", "0", False),
    ("lines", "1\n\n2", "1\n2", False),
    ("lines", "nan", "nan", True),
    ("lines", "NaN", "nan", False),
    ("lines", "Infinity", "inf", False),
    ("lines", "1e99999", "1", False),
]


@pytest.mark.parametrize(("rule", "output", "expected", "passes"), TABLE)
def test_rules(rule: str, output: Any, expected: Any, passes: bool) -> None:
    assert Rule(rule).passes(output, expected, ()) is passes


@unhurried
@given(
    st.sampled_from(["equal", "close", "evalplus", "set", "json", "truth", "tuple", "not_none"]),
    VALUES,
)
def test_what_accepts_itself_accepts_a_copy(rule: str, value: Any) -> None:
    found = Rule(rule)
    if found.accepts_itself(value):
        assert found.passes(plain.decode(plain.encode(value)), value, ())
    elif rule in ("equal", "evalplus"):
        assert not found.passes(plain.decode(plain.encode(value)), value, ())


@pytest.mark.parametrize(
    "value", [NAN, [1.0, NAN], {"a": (NAN,)}, {1: {2: [NAN]}}, complex(NAN, 0)]
)
def test_nan_does_not_accept_itself(value: Any) -> None:
    assert not Rule("equal").accepts_itself(value)
    assert not Rule("evalplus").accepts_itself(value)


def test_a_comparison_takes_no_longer_than_the_output_is_long() -> None:
    """Outputs may be megabytes: what is quadratic in them never ends."""
    digits = "1" * 4_000_000
    assert not Rule("lines").passes(digits + "x", digits + "y", ())
    assert Rule("lines").passes(digits + ".0", digits, ())
    # All of one hash.
    crafted = [i * (2**61 - 1) for i in range(400_000)]
    assert not Rule("set").passes(crafted, [0, 1], ())


def test_a_set_may_have_its_elements_many_times() -> None:
    assert Rule("set").passes([1, (2,)] * 1000, [(2,), 1], ())
    assert not Rule("set").passes([1, (2,)] * 1000, [(2,), 2], ())
    assert not Rule("set").passes([[1]], [1], ())
    # Of one hash, and equal to none but themselves.
    assert Rule("set").passes([-1, -2] * 1000, [-2, -1], ())


def test_a_tolerance_of_the_task() -> None:
    assert Rule("evalplus", 1e-4).passes(1.00009, 1.0, ())
    assert Rule("evalplus", 1e-4).passes(3 + 0.00001j, 3 + 0j, ())
    assert not Rule("evalplus", 1e-4).passes(1.0002, 1.0, ())
    assert not Rule("evalplus", 1e-4).passes(1, 1.00001, ())
    assert not Rule("evalplus", 1e-4).passes([[1.0], "a"], [[1.0], "b"], ())
    assert not Rule("evalplus", 1e-4).passes(10**400, 10**400 + 1, ())
    assert Rule("close", 1e-6).passes(0.33 + 5e-7, 0.33, ())
    assert not Rule("close", 1e-6).passes("0.33", 0.33, ())


def test_a_root_is_judged_as_one() -> None:
    rule = Rule("root", 1e-4)
    cubic = ([-6, 11, -6, 1],)
    assert all(rule.passes(root, None, cubic) for root in (1, 2.0, 3.000001))
    assert not any(rule.passes(root, None, cubic) for root in (1.5, None, "1", NAN, INF, 10**400))


def test_two_readings_of_a_task() -> None:
    distance = Rule("evalplus", oracle="digit_distance")
    assert distance.passes(1, 1, (1, 2))
    assert distance.passes(7, 6, (23, 56)) is False
    assert distance.passes(9 + 8, 0, (9, 189)) is False
    assert distance.passes(1 + 8 + 0, 99, (9, 189))
    surface = Rule("evalplus", oracle="pyramid_surface")
    assert surface.passes(33, 33, (3, 4))
    assert surface.passes(35, 33, (3, 4))
    assert not surface.passes(34, 33, (3, 4))


def test_unknown_names_are_known_as_such() -> None:
    assert Rule("equal").is_known
    assert not Rule("alike").is_known
    assert not Rule("equal", oracle="delphi").is_known
