"""Hidden characters shown, JSON that stays inside its element, numbers as printed."""

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from boundary.page import text


@pytest.mark.parametrize("code", [0, 7, 0x1B, 0x85, 0x202E, 0x2066, 0x200F, 0x2028, 0xFEFF, 0xD800])
def test_hidden_characters_become_visible(code):
    assert text.visible(f"a{chr(code)}b") == f"a⟨U+{code:04X}⟩b"


@pytest.mark.parametrize("kept", ["a\n\tb", "数学 ∑ é", "👩\u200d🔬", "<b>&amp;"])
def test_all_else_stays(kept):
    assert text.visible(kept) == kept


def test_windows_line_ends_are_line_ends_and_a_lone_one_is_shown():
    assert text.visible("a\r\nb\rc") == "a\nb⟨U+000D⟩c"


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=8))
@example(["</script><!--<script>", "a & b > c", "\u2028\u2029"])
def test_embedded_json_reads_back_and_holds_no_markup(value):
    made = text.embedded_json(value)
    assert json.loads(made) == value
    assert not set(made) & set("<>&\u2028\u2029")


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(0.12345, "12.3"), (1.0, "100.0"), (None, "\u2013"), (math.nan, "\u2013"), (0, "0.0")],
)
def test_percent(rate, shown):
    assert text.percent(rate) == shown


@pytest.mark.parametrize(
    ("rate", "shown"), [(0.0312, "+3.1"), (-0.0312, "\u22123.1"), (0.0001, "0.0"), (-0.0001, "0.0")]
)
def test_signed(rate, shown):
    assert text.signed(rate) == shown


def test_interval_and_thousands():
    assert text.interval(-0.061, 0.2) == "[\u22126.1, 20.0]"
    assert text.number(64000, 0) == "64,000"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, ".5"),
        (0.0106, ".0106"),
        (0.00151, ".0015"),
        (1e-7, "< .0001"),
        (math.nan, "\u2013"),
    ],
)
def test_p(value, shown):
    assert text.p_text(value) == shown


@pytest.mark.parametrize(("k", "shown"), [(3.29, "3.3"), (14.6, "15"), (2.0, "2"), (9.97, "10")])
def test_short_k(k, shown):
    assert text.short_k(k) == shown
