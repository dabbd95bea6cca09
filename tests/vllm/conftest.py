"""One loaded engine for all tests: loading takes longer than they do."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from boundary.engines import EngineConfig, create

CAPACITY = 64
IGNORED = (
    # vLLM imports much of torch, which warns of its own old parts,
    "ignore::DeprecationWarning:torch.*",
    "ignore::FutureWarning:(torch|vllm).*",
    # and leaves a context of zmq to the end of the process.
    "ignore:Unclosed context:ResourceWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    for line in IGNORED:
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    with closing(create("vllm", EngineConfig("zoo/base", batch_size=CAPACITY))) as found:
        yield found


@pytest.fixture(scope="session")
def judge() -> Iterator[Any]:
    """The other engine, on the same checkpoint in the same precision."""
    with closing(create("transformers", EngineConfig("zoo/base"))) as found:
        yield found
