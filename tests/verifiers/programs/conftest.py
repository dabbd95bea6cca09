"""One code verifier for each file of tests."""

from collections.abc import Iterator

import pytest

from boundary.verifiers.code import CodeVerifier


@pytest.fixture(scope="module")
def verifier() -> Iterator[CodeVerifier]:
    made = CodeVerifier(workers=1)
    yield made
    made.close()
