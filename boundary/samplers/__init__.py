"""How the engine is driven: samplers behind one protocol."""

from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from typing import Protocol

from boundary.engines import UNWATCHED, Decoding, Engine, Request, Watch
from boundary.errors import ConfigError
from boundary.records import Sample
from boundary.samplers.plain import draw_plain


class Sampler(Protocol):
    """Decides which completions to ask an engine for."""

    def __call__(
        self,
        engine: Engine,
        requests: Iterable[Request | None],
        decoding: Decoding,
        watch: Watch = UNWATCHED,
    ) -> Iterator[Sample]:
        """Yield one sample per request, in any order; see :meth:`Engine.generate`."""
        ...


SAMPLERS: dict[str, Sampler] = {"plain": draw_plain}


def get(name: str) -> Sampler:
    """The sampler of that name, ours or a third party's.

    Raises:
        ConfigError: There is none.
    """
    if name in SAMPLERS:
        return SAMPLERS[name]
    for point in entry_points(group="boundary.samplers", name=name):
        sampler: Sampler = point.load()
        return sampler
    raise ConfigError(f"no sampler named {name!r}", remedy=f"choose one of {', '.join(SAMPLERS)}")
