"""One browser for all tests of the page."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.page import browser


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from browser.start(tmp_path_factory.mktemp("profile"))
