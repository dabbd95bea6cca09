"""One thread for tiny models, and one random checkpoint for all tests of engines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from boundary.engines import EngineConfig, create
from tests.engines import data


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def model() -> Any:
    return data.qwen2()


@pytest.fixture(scope="session")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data.save(model, tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def engine(folder: Path) -> Any:
    return create("transformers", EngineConfig(str(folder), batch_size=16))
