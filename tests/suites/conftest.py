from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from boundary.suites.hub import Benchmark
from tests.suites.data import write


class Hub(Protocol):
    def __call__(self, benchmark: Benchmark, rows: Iterable[Mapping[str, Any]]) -> Benchmark: ...


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The benchmark, read from a folder in the hub's format instead of from the hub."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "hub"
    folder.mkdir()

    def serve(benchmark: Benchmark, rows: Iterable[Mapping[str, Any]]) -> Benchmark:
        split, config = benchmark.hub.split, benchmark.hub.config or "default"
        write(folder / f"{split}.jsonl", rows)
        (folder / "README.md").write_text(
            f"---\nconfigs:\n- config_name: {config}\n  data_files:\n"
            f"  - split: {split}\n    path: {split}.jsonl\n---\n"
        )
        return replace(benchmark, hub=replace(benchmark.hub, path=str(folder)))

    return serve
