"""Every file of a plural package is a registered choice or a named helper of one."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from boundary import catalog
from boundary.engines import ENGINES
from boundary.importers import IMPORTERS
from boundary.plots import PLOTS
from boundary.samplers import SAMPLERS
from boundary.sections import SECTIONS
from boundary.suites import SUITES
from boundary.verifiers import VERIFIERS

ROOT = Path(__file__).parents[1] / "boundary"
REGISTRIES: dict[str, dict[str, Any]] = {
    "engines": ENGINES,
    "importers": IMPORTERS,
    "plots": PLOTS,
    "samplers": SAMPLERS,
    "sections": SECTIONS,
    "suites": SUITES,
    "verifiers": VERIFIERS,
}
HELPERS = {
    "engines": {
        *("base", "checkpoint", "draw", "slots", "tokenizer"),
        *("core", "flight", "guard"),
        *("fake_code", "fake_stream", "fake_text", "gpus", "replica", "replicas", "worker"),
        *("score", "scored", "topn"),
    },
    "importers": {"base", "lines"},
    "plots": {"base", "files", "labels", "rows", "sheet"},
    "probes": {"entropy", "health", "likelihood", "reachability"},
    "samplers": {"base", "chain", "crowd", "metropolis", "seeds"},
    "sections": {"base"},
    # A user's own file is named by its path; CRUXEval's two suites by what they ask for.
    "suites": {"base", "checks", "cruxeval", "errata", "hub", "jsonl", "literals", "pickled"},
    "verifiers": {"base", "cache", "extract", "pool", "worker"},
}


def stems(package: str) -> set[str]:
    return {p.stem for p in (ROOT / package).glob("*.py") if not p.stem.startswith("_")}


def registered(package: str, registry: dict[str, Any]) -> Iterable[str]:
    """Files that the entries come from: by their name, or by where they are defined."""
    for name, entry in registry.items():
        yield name
        module = getattr(entry, "__module__", "")
        if module.startswith(f"boundary.{package}."):
            yield module.rsplit(".", 1)[1]


@pytest.mark.parametrize("package", HELPERS)
def test_every_file_is_registered_or_a_named_helper(package: str) -> None:
    left = stems(package) - HELPERS[package]
    unknown = left - set(registered(package, REGISTRIES.get(package, {})))
    assert not unknown, f"register {unknown} in boundary/{package}/__init__.py"


@pytest.mark.parametrize("package", HELPERS)
def test_the_named_helpers_exist(package: str) -> None:
    assert HELPERS[package] <= stems(package)


@pytest.mark.parametrize("kind", catalog.KINDS)
def test_everything_listed_has_a_phrase(kind: str) -> None:
    rows = catalog.run(kind)
    assert rows
    for name, about in rows:
        assert name
        assert about, f"{kind}: {name} has no phrase"
        assert "\n" not in about
    assert len({name for name, _ in rows}) == len(rows)


@pytest.mark.parametrize("kind", sorted(REGISTRIES.keys() & catalog.KINDS.keys()))
def test_the_list_names_all_of_a_registry(kind: str) -> None:
    assert REGISTRIES[kind].keys() <= {name for name, _ in catalog.run(kind)}


@pytest.mark.parametrize("kind", ["engines", "importers", "samplers", "suites", "verifiers"])
def test_the_list_names_what_other_packages_add(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name, value = "theirs", "their.package:thing"

    monkeypatch.setattr(
        catalog, "entry_points", lambda group: [Point()] * (group == f"boundary.{kind}")
    )
    assert ("theirs", "from their.package:thing") in catalog.run(kind)
