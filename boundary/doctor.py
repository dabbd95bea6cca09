"""The ``doctor`` stage: what works on this machine, tried and not only looked up."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried; ``is_needed`` says whether a failure stops the tool."""

    name: str
    is_fine: bool
    detail: str
    is_needed: bool = True


def run(results: Path) -> list[Check]:
    """Try everything that a study needs, and what it may use."""
    return [_tried(name, needed, check) for name, needed, check in _checks(results)]


def _checks(results: Path) -> Iterator[tuple[str, bool, Callable[[], str]]]:
    yield "Python", True, lambda: sys.version.split()[0]
    yield "results directory", True, lambda: _writes(results)
    yield "maths verifier", True, _grades
    yield "transformers engine", False, _samples
    yield "accelerator", False, _accelerator
    yield "vLLM", False, _vllm
    yield "sandbox for code", False, _sandbox
    yield "local suites", False, _data


def _tried(name: str, needed: bool, check: Callable[[], str]) -> Check:  # noqa: FBT001
    try:
        return Check(name, is_fine=True, detail=check(), is_needed=needed)
    except PackageNotFoundError as error:
        return Check(name, is_fine=False, detail=f"{error.name} is not installed", is_needed=needed)
    # Whatever goes wrong is what the doctor is there to tell.
    except Exception as error:  # noqa: BLE001
        return Check(name, is_fine=False, detail=str(error), is_needed=needed)


def _writes(results: Path) -> str:
    results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=results) as file:
        file.write(b"x")
    free = shutil.disk_usage(results).free / 2**30
    return f"{results} can be written, {free:.0f} GiB free"


def _grades() -> str:
    from boundary.records import Finish, Problem, Sample
    from boundary.verifiers import create
    from boundary.verifiers.base import Task

    problem = Problem("p", "", "\\frac{1}{2}")
    sample = Sample("p", 0, 0, "\\boxed{\\frac{2}{4}}", None, None, Finish.STOP)
    with closing(create("math")) as verifier:
        (verdicts,) = verifier.judge([Task(problem, sample, "boxed")])
    if verdicts[0].outcome != "correct":
        raise RuntimeError(f"2/4 was not found equal to 1/2 ({verdicts[0].reason})")
    return f"math-verify {version('math-verify')}, in worker processes"


def _samples() -> str:
    from boundary.engines import Decoding, EngineConfig, Request, create
    from boundary.records import Draw, Problem

    problem = Problem("p", "a1234 b2345 c3456 d4567\n", "5678")
    with closing(create("transformers", EngineConfig("zoo/base"))) as engine:
        request = Request(Draw(problem, 0, 1), tuple(engine.encode(problem.question)))
        (sample,) = engine.generate([request], Decoding(1.0, 1.0, 64))
    names = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))
    return f"{names}; zoo/base drew {sample.n_tokens} tokens"


def _accelerator() -> str:
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError("no GPU that torch can use; the zoo runs on the CPU")
    return torch.cuda.get_device_name()


def _vllm() -> str:
    """Which of its distributions is there: the build for CPUs has a name of its own."""
    if find_spec("vllm") is None:
        raise PackageNotFoundError("vllm")
    from boundary.engines import default_engine

    (name, *_) = packages_distributions()["vllm"]
    is_default = default_engine("a/model") == "vllm"
    return f"{name} {version(name)}, {'used unless told' if is_default else 'no GPU for it'}"


def _sandbox() -> str:
    if shutil.which("bwrap") is None:
        raise RuntimeError("bubblewrap is not installed: apt-get install bubblewrap")
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    subprocess.run(command, check=True, capture_output=True, timeout=10)
    return "bubblewrap isolates processes here"


def _data() -> str:
    folder = os.environ.get("BOUNDARY_DATA")
    if not folder:
        raise RuntimeError("BOUNDARY_DATA is not set; suites come from the hub")
    if not Path(folder).is_dir():
        raise RuntimeError(f"BOUNDARY_DATA names {folder}, which is no folder")
    found = sorted(p.name.split(".")[0] for p in Path(folder).glob("*.jsonl*"))
    return f"{len(found)} files in {folder}"
