import json
from pathlib import Path
from typing import Any

import pytest

from boundary.errors import StoreError
from boundary.store.manifest import SCHEMA, Manifest, Session, differing, slug

IDENTITY = {"model_id": "org/Model 7B", "suite": "math500", "temperature": 0.6, "stops": ["a"]}


def test_it_reads_back_what_it_wrote() -> None:
    manifest = Manifest(IDENTITY, "math", "float32", (Session.now("boundary sample", 8),))
    assert Manifest.from_json(manifest.to_json(), "here") == manifest


def test_the_name_follows_from_all_that_decides_the_answers() -> None:
    manifest = Manifest(IDENTITY, "math")
    assert manifest.name == f"Model-7B-math500-{manifest.digest}"
    digests = {Manifest({**IDENTITY, key: "x"}, "math").digest for key in IDENTITY}
    assert len(digests | {manifest.digest}) == len(IDENTITY) + 1


def test_the_name_does_not_follow_from_anything_else() -> None:
    reordered = dict(reversed(IDENTITY.items()))
    other = Manifest(reordered, "exact", "bfloat16", (Session.now("again", 9),))
    assert other.name == Manifest(IDENTITY, "math").name


@pytest.mark.parametrize(
    ("text", "name"),
    [("a/b", "a-b"), ("p=0.3,delay=1", "p=0.3-delay=1"), ("..", "x"), ("", "x"), ("ému", "mu")],
)
def test_a_slug_is_fit_for_a_directory(text: str, name: str) -> None:
    assert slug(text) == name


def test_differences_name_field_and_both_values() -> None:
    assert differing({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 4, "d": 5}) == [
        "b: 2 stored, 4 asked",
        "c: 3 stored, None asked",
        "d: None stored, 5 asked",
    ]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: b"{",
        lambda raw: b"[]",
        lambda raw: b"\xff\xfe",
        lambda raw: json.dumps({**raw, "schema": "new"}).encode(),
        lambda raw: json.dumps({**raw, "sessions": [{"started": "now"}]}).encode(),
        lambda raw: json.dumps({**raw, "identity": 5}).encode(),
        lambda raw: json.dumps({k: v for k, v in raw.items() if k != "verifier"}).encode(),
    ],
    ids=["empty", "cut", "a list", "bytes", "schema", "session", "identity", "verifier"],
)
def test_a_damaged_manifest_is_refused(damage: Any) -> None:
    raw = json.loads(Manifest(IDENTITY, "math").to_json())
    with pytest.raises(StoreError, match="the manifest of here cannot be read"):
        Manifest.from_json(damage(raw), "here")


def test_a_newer_schema_is_refused_whatever_else_it_holds(tmp_path: Path) -> None:
    newer = json.dumps({"schema": SCHEMA + 1, "all": "different"}).encode()
    with pytest.raises(StoreError, match=f"schema {SCHEMA + 1}") as caught:
        Manifest.from_json(newer, str(tmp_path))
    assert caught.value.remedy == "update boundary"
