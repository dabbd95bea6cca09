"""The zoo: three tiny checkpoints of one architecture, and the recipe that trained them.

``base`` was trained on writers with habits, ``rl`` is base after reinforcement with a 0/1
reward, ``distill`` is base after a teacher's traces. CARD.md says how, and what was measured.
"""

from pathlib import Path

from boundary.engines.checkpoint import ZOO
from boundary.errors import EngineError

NAMES = ("base", "rl", "distill")
"""The checkpoints, in the order in which they are trained."""


def path(name: str) -> Path:
    """The folder of an embedded checkpoint.

    Raises:
        EngineError: No such checkpoint, or its folder is missing.
    """
    if name not in NAMES:
        raise EngineError(f"no zoo checkpoint {name!r}", remedy=f"choose among {', '.join(NAMES)}")
    folder = ZOO / name
    if not (folder / "config.json").is_file():
        raise EngineError(
            f"zoo checkpoint {name!r} is missing", remedy="train it with `boundary zoo train`"
        )
    return folder
