"""Which GPUs there are, and which of them each replica gets.

CUDA itself is left alone: a process that has called it cannot hide GPUs from its children.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

_DRIVER = Path("/proc/driver/nvidia/gpus")
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_SHARES = ("tensor_parallel_size", "pipeline_parallel_size")
"""Options of an engine that split one model over several GPUs."""
_LIMIT_S = 60.0


def visible() -> tuple[str, ...]:
    """Names of the GPUs that CUDA would show this process, as ``CUDA_VISIBLE_DEVICES`` has them."""
    there = _count()
    listed = os.environ.get(_VISIBLE)
    if listed is None or not there:
        return tuple(map(str, range(there)))
    names = (name.strip() for name in listed.split(","))
    # CUDA sees nothing from the first invalid name on.
    return tuple(takewhile(lambda name: name and not name.startswith("-"), names))


def _count() -> int:
    """GPUs of this machine, by its driver."""
    if shutil.which("nvidia-smi"):
        try:
            told = subprocess.run(
                ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=_LIMIT_S, check=True
            ).stdout
        except (OSError, subprocess.SubprocessError):
            return 0
        return sum(line.startswith("GPU ") for line in told.splitlines())
    return len(list(_DRIVER.iterdir())) if _DRIVER.is_dir() else 0


def groups(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The visible GPUs in groups that hold one model each, as ``CUDA_VISIBLE_DEVICES`` names them.

    GPUs left over belong to no group; where there are too few for one, it is for the engine to
    say so.
    """
    names = visible()
    size = _group_size(options)
    starts = range(0, len(names) - size + 1, size)
    return tuple(",".join(names[start : start + size]) for start in starts)


def _group_size(options: Mapping[str, Any]) -> int:
    size = 1
    for name in _SHARES:
        share = options.get(name, 1)
        if isinstance(share, int) and share > 1:
            size *= share
    return size


def environments(count: int, options: Mapping[str, Any]) -> list[dict[str, str]]:
    """What ``count`` replicas need in their environments: GPUs of their own, or a share of cores.

    More replicas than groups of GPUs share them in turn.
    """
    found = groups(options)
    if found:
        return [{_VISIBLE: found[number % len(found)]} for number in range(count)]
    threads = max(1, _cores() // count)
    return [{"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads))}] * count


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
