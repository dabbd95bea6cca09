from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from boundary.suites.hub import Benchmark
from tests.suites.data import snapshot


class Hub(Protocol):
    def __call__(self, benchmark: Benchmark, rows: Iterable[Mapping[str, Any]]) -> Benchmark: ...


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``datasets`` keeps of the files it reads goes with the test."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def hub(tmp_path: Path, cache: None) -> Hub:
    """The benchmark, read from a folder in the hub's format instead of from the hub."""

    def serve(benchmark: Benchmark, rows: Iterable[Mapping[str, Any]]) -> Benchmark:
        assert benchmark.hub is not None
        folder = snapshot(tmp_path / "hub", benchmark.hub, list(rows))
        return replace(benchmark, hub=replace(benchmark.hub, path=str(folder)))

    return serve
