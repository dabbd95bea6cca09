"""What a sampler is, and the arguments that it takes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Protocol

from boundary.engines import UNWATCHED, Decoding, Engine, Request, Watch
from boundary.errors import ConfigError
from boundary.records import Sample


class Sampler(Protocol):
    """Decides which completions to ask an engine for."""

    def settings(self, decoding: Decoding) -> Mapping[str, Any]:
        """The arguments that decide the answers, those left alone included.

        Raises:
            ConfigError: The arguments and the decoding do not fit each other.
        """
        ...

    def __call__(
        self,
        engine: Engine,
        requests: Iterable[Request | None],
        decoding: Decoding,
        watch: Watch = UNWATCHED,
    ) -> Iterator[Sample]:
        """Yield one sample per request, in any order; see :meth:`Engine.generate`."""
        ...


Factory = Callable[[Mapping[str, Any]], Sampler]
"""Makes a sampler from its arguments; refuses those that it does not know."""


def require_known(name: str, arguments: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse an argument that a sampler does not take.

    Raises:
        ConfigError: The nearest right one is named.
    """
    names = sorted(known)
    for key in arguments:
        if key not in names:
            near = get_close_matches(key, names, 1, 0.0)
            raise ConfigError(
                f"the sampler {name} takes no argument {key!r}",
                remedy=f"did you mean {near[0]!r}?" if near else "leave it out",
            )


def number(name: str, arguments: Mapping[str, Any], key: str, default: float) -> float:
    """An argument that is a number.

    Raises:
        ConfigError: It is none.
    """
    value = arguments.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise ConfigError(f"{key} of the sampler {name} is {value!r}", remedy="give a number")
    return float(value)


def count(name: str, arguments: Mapping[str, Any], key: str, default: int) -> int:
    """An argument that is a whole number of at least 1.

    Raises:
        ConfigError: It is none.
    """
    value = number(name, arguments, key, default)
    if value < 1 or value != int(value):
        raise ConfigError(
            f"{key} of the sampler {name} is {value:g}", remedy="give a whole number, 1 or more"
        )
    return int(value)
