"""What the real tools leave to say of their own parts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.importers.real.writers import WRITERS

Writes = Callable[[str], Path]

IGNORED = (
    # The packages that Inspect imports warn of parts of each other.
    "ignore::DeprecationWarning",
    "ignore::PendingDeprecationWarning",
    # It leaves files and sockets to the end of the process.
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    for line in IGNORED:
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Writes:
    """Runs a tool once for all tests; returns the folder of its log."""
    made: dict[str, Path] = {}

    def write(name: str) -> Path:
        if name not in made:
            made[name] = WRITERS[name](tmp_path_factory.mktemp("tools") / name)
        return made[name]

    return write
