"""Who answers: engines behind one protocol."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from boundary.engines.base import (
    UNWATCHED,
    Decoding,
    Engine,
    EngineConfig,
    Feed,
    Key,
    Request,
    Watch,
)
from boundary.engines.checkpoint import ZOO_PREFIX, Checkpoint, locate
from boundary.engines.fake import PREFIX, FakeEngine, describe
from boundary.engines.transformers import TransformersEngine
from boundary.errors import EngineError

if TYPE_CHECKING:
    from boundary.config import ArmSettings

_GROUP = "boundary.engines"

ENGINES: dict[str, Callable[[EngineConfig], Engine]] = {
    "fake": FakeEngine,
    "transformers": TransformersEngine,
}


def default_engine(model: str) -> str:
    """The engine used for a model when none is named."""
    return "fake" if model.startswith(PREFIX) else "transformers"


def identify(model: str, revision: str | None = None) -> Checkpoint:
    """What a model is, without loading it."""
    return describe(model) if model.startswith(PREFIX) else locate(model, revision)


def require(name: str) -> None:
    """Refuse a name that no engine has, ours or a third party's, without loading any.

    Raises:
        EngineError: There is none.
    """
    if name not in ENGINES and not entry_points(group=_GROUP, name=name):
        known = {*ENGINES, *(point.name for point in entry_points(group=_GROUP))}
        raise EngineError(
            f"no engine named {name!r}", remedy=f"choose one of {', '.join(sorted(known))}"
        )


def load(arm: "ArmSettings", *, stream: int = 0) -> Engine:
    """The engine of an arm, its model loaded; ``stream`` seeds its own stream of numbers.

    Raises:
        EngineError: No engine of that name, or the model does not load.
    """
    config = EngineConfig(
        arm.model,
        arm.revision,
        arm.dtype,
        arm.batch_size,
        arm.engine_args,
        arm.logprobs,
        arm.seeds,
        stream,
    )
    return create(arm.engine or default_engine(arm.model), config)


def create(name: str, config: EngineConfig) -> Engine:
    """Load a model into the engine of that name, ours or a third party's.

    Raises:
        EngineError: No engine of that name, or the model does not load.
    """
    require(name)
    if name in ENGINES:
        return ENGINES[name](config)
    (point, *_) = entry_points(group=_GROUP, name=name)
    engine: Engine = point.load()(config)
    return engine


__all__ = [
    "ENGINES",
    "UNWATCHED",
    "ZOO_PREFIX",
    "Checkpoint",
    "Decoding",
    "Engine",
    "EngineConfig",
    "Feed",
    "Key",
    "Request",
    "Watch",
    "create",
    "default_engine",
    "identify",
    "load",
    "require",
]
