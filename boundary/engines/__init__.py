"""Who answers: engines behind one protocol."""

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING

from boundary.engines.base import (
    UNWATCHED,
    Decoding,
    Engine,
    EngineConfig,
    Feed,
    Request,
    Watch,
)
from boundary.engines.checkpoint import ZOO_PREFIX, Checkpoint, locate
from boundary.engines.fake import PREFIX, FakeEngine, describe
from boundary.engines.gpus import groups, visible
from boundary.engines.scored import Inspected, Nucleus
from boundary.engines.transformers import TransformersEngine
from boundary.engines.vllm import VllmEngine
from boundary.errors import EngineError

if TYPE_CHECKING:
    from boundary.config import ArmSettings

_GROUP = "boundary.engines"

ENGINES: dict[str, Callable[[EngineConfig], Engine]] = {
    "fake": FakeEngine,
    "transformers": TransformersEngine,
    "vllm": VllmEngine,
}


def default_engine(model: str) -> str:
    """The engine used for a model when none is named.

    That is vLLM where it is installed and there is a GPU. The embedded checkpoints stay with
    transformers: they are small enough that loading them into vLLM takes longer than a run.
    """
    if model.startswith(PREFIX):
        return "fake"
    return "vllm" if not model.startswith(ZOO_PREFIX) and _vllm_has_a_gpu() else "transformers"


@cache
def _vllm_has_a_gpu() -> bool:
    return find_spec("vllm") is not None and bool(visible())


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


def replica_count(asked: int | str, arm: "ArmSettings") -> int:
    """Processes of an arm's engine: a number, or ``auto`` for one to each GPU group of the machine.

    Without a GPU ``auto`` is 1.

    Raises:
        EngineError: ``asked`` is neither.
    """
    if asked == "auto":
        is_fake = (arm.engine or default_engine(arm.model)) == "fake"
        return 1 if is_fake else max(1, len(groups(arm.engine_args)))
    try:
        count = int(asked)
    except ValueError:
        count = 0
    if count < 1:
        raise EngineError(f"no engine has {asked} replicas", remedy="give auto, or 1 or more")
    return count


def load(
    arm: "ArmSettings",
    *,
    stream: int = 0,
    replicas: int | str = 1,
    context: int | None = None,
    scores: bool = False,
) -> Engine:
    """The engine of an arm, its model loaded; ``stream`` seeds its own stream of numbers.

    ``scores`` loads it to score answers and not to draw any. With more than one of ``replicas``
    (see :func:`replica_count`) each is a process of its own.

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
        context,
        scores,
    )
    name, count = arm.engine or default_engine(arm.model), replica_count(replicas, arm)
    if count == 1:
        return create(name, config)
    from boundary.engines.replicas import Replicas

    require(name)
    return Replicas(name, config, count)


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
    "Inspected",
    "Nucleus",
    "Request",
    "Watch",
    "create",
    "default_engine",
    "identify",
    "load",
    "replica_count",
    "require",
]
