"""p-values are written in one way everywhere."""

import pytest

from boundary.wording import p_number, p_text


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (1.0, "1"),
        (0.5, ".5"),
        (0.125, ".125"),
        (0.0106, ".0106"),
        (0.000855, ".0009"),
        (0.0001, ".0001"),
        (0.00009, "< .0001"),
        (0.0, "< .0001"),
    ],
)
def test_p(p: float, shown: str) -> None:
    assert p_number(p) == shown
    assert p_text(p) == (f"p {shown}" if "<" in shown else f"p = {shown}")
