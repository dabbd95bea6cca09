"""Who decides: verifiers by name."""

import difflib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from boundary.errors import VerifierError
from boundary.verifiers.base import Decision, PureVerifier, Task, Verifier
from boundary.verifiers.code import CodeVerifier
from boundary.verifiers.countdown import CountdownVerifier
from boundary.verifiers.dial import DialVerifier
from boundary.verifiers.exact import ExactVerifier
from boundary.verifiers.symbolic import MathVerifier

__all__ = ["VERIFIERS", "Decision", "PureVerifier", "Task", "Verifier", "available", "create"]

GROUP = "boundary.verifiers"

VERIFIERS: dict[str, Callable[[], Verifier]] = {
    "math": MathVerifier,
    "exact": ExactVerifier,
    "dial": DialVerifier,
    "countdown": CountdownVerifier,
    "code": CodeVerifier,
}


def create(name: str) -> Verifier:
    """A new verifier of that name; close it when done.

    Raises:
        VerifierError: There is none; the message names the nearest.
        PackageError: It needs a package that is not installed.
    """
    makers = available()
    if name in makers:
        return makers[name]()
    near = difflib.get_close_matches(name, makers, n=1, cutoff=0.0)[0]
    raise VerifierError(
        f"no verifier is named {name!r}",
        remedy=f"did you mean {near!r}? 'boundary list verifiers' names them all",
    )


def available() -> Mapping[str, Callable[[], Verifier]]:
    """Every maker by name: the registry, then what other packages add by entry points."""
    others = {entry.name: _deferred(entry) for entry in entry_points(group=GROUP)}
    return {**others, **VERIFIERS}


def _deferred(entry: EntryPoint) -> Callable[[], Verifier]:
    """Import another package's verifier when it is used, not when verifiers are listed."""

    def make() -> Verifier:
        verifier: Verifier = entry.load()()
        return verifier

    return make
