"""Test cases as text, in a problem's own record and beside it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boundary import cases
from boundary.errors import StoreError

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**18),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.text(),
    st.binary(max_size=8),
)
HASHABLE = st.one_of(SCALARS, st.tuples(SCALARS, SCALARS))
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=3),
        st.frozensets(HASHABLE, max_size=3),
        st.sets(HASHABLE, max_size=3),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(VALUES, max_size=4))
def test_values_come_back_as_they_were(values: list[Any]) -> None:
    meta = cases.pack(values, values)
    found = cases.unpack(json.loads(json.dumps(meta)))
    assert meta["count"] == len(values)
    assert found.inputs == found.expected == tuple(values)


def test_what_equality_hides() -> None:
    values = [math.nan, -0.0, True, 1, 1.0, "\ud800", 10**5000]
    nan, zero, *rest = cases.unpack(cases.pack(values, None)).inputs
    assert math.isnan(nan)
    assert math.copysign(1, zero) == -1
    assert list(map(type, rest)) == [bool, int, float, str, int]
    assert rest[-1] == 10**5000


@pytest.mark.parametrize("value", [object(), [range(3)], {1: iter(())}, type("Own", (list,), {})()])
def test_what_is_no_plain_data_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="is not plain data"):
        cases.pack([value], None)


@pytest.mark.parametrize(
    "meta",
    [
        {"packed": "!"},
        {"packed": "AAAA"},
        cases.pack_text('[{"q":1}]', None, 1),
        {**cases.pack([1], None), "digest": "0" * 32},
        {**cases.pack([1], None), "packed": cases.pack([2], None)["packed"]},
    ],
)
def test_damage_is_seen(meta: dict[str, Any]) -> None:
    with pytest.raises((ValueError, cases.zlib.error)):
        cases.unpack(meta)


def test_large_cases_lie_in_a_file_of_their_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOUNDARY_CACHE", str(tmp_path))
    monkeypatch.setattr(cases, "INLINE", 100)
    values = [f"{i * i:x}" for i in range(1000)]
    meta = cases.pack(values, None)
    assert meta == cases.pack(values, None)
    assert set(meta) == {"count", "digest"}
    (path,) = (tmp_path / "cases").iterdir()
    assert path.name == meta["digest"]
    assert cases.unpack(meta).inputs == tuple(values)
    path.write_text("other")
    with pytest.raises(StoreError, match="damaged"):
        cases.unpack(meta)
    path.unlink()
    with pytest.raises(StoreError, match=r"are not here: 'boundary suites check"):
        cases.unpack(meta)


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cases").write_text("a file")
    monkeypatch.setenv("BOUNDARY_CACHE", str(tmp_path))
    monkeypatch.setattr(cases, "INLINE", 1)
    with pytest.raises(StoreError, match="set BOUNDARY_CACHE"):
        cases.pack([1], None)


def test_the_cache_has_its_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BOUNDARY_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cases.folder() == tmp_path / "boundary" / "cases"
