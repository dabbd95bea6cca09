"""How the engine is driven: samplers behind one protocol."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from boundary.errors import ConfigError
from boundary.samplers.base import Factory, Sampler
from boundary.samplers.best_of import BestOf
from boundary.samplers.plain import Plain
from boundary.samplers.power import Power

SAMPLERS: dict[str, Factory] = {"plain": Plain, "best_of": BestOf, "power": Power}

WEIGHING = frozenset({"best_of", "power"})
"""Samplers that weigh an answer by its log-probability and make it of seeds of their own."""


def create(name: str, arguments: Mapping[str, Any]) -> Sampler:
    """The sampler of that name, ours or a third party's.

    Raises:
        ConfigError: There is none, or its arguments make no sense.
    """
    if name in SAMPLERS:
        return SAMPLERS[name](arguments)
    for point in entry_points(group="boundary.samplers", name=name):
        factory: Factory = point.load()
        return factory(arguments)
    raise ConfigError(f"no sampler named {name!r}", remedy=f"choose one of {', '.join(SAMPLERS)}")


__all__ = ["SAMPLERS", "WEIGHING", "Factory", "Sampler", "create"]
