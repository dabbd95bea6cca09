"""Runs for tests: the real command line as a child that cannot outlive its test, and what it left.

Nothing here is a test.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from boundary import sample
from boundary.config import ArmSettings
from boundary.records import Problem
from boundary.store import Run
from boundary.store.files import Folder
from boundary.suites import Suite
from boundary.suites.base import digest_of

REPOSITORY = Path(__file__).parents[1]
DATA = REPOSITORY.parent / "shared" / "data"
ZOO = REPOSITORY / "boundary" / "zoo" / "checkpoints" / "base"
LIMIT_S = 120
OFTEN = "import boundary.drawing as d; d._COMMIT_SECONDS = 0.1"
"""What a child runs first so that it stores a part ten times a second, not every ten."""


def environment() -> dict[str, str]:
    """No network, no settings from outside, one thread: a child is the same everywhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BOUNDARY_", "HF_"))}
    own = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    return {**kept, **own}


def _command(args: tuple[object, ...], before: str) -> list[str]:
    start = ["-m", "boundary"]
    if before:
        start = ["-c", f"{before}\nfrom boundary.cli import main\nmain()"]
    return [sys.executable, *start, *map(str, args)]


def cli(where: Path, *args: object, before: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command to its end with ``where`` as the working directory.

    ``before`` is Python that the child runs first, to meet with an accident of our choice.
    """
    return subprocess.run(
        _command(args, before),
        cwd=where,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def done(where: Path, *args: object) -> str:
    """Run a command that must succeed; its standard output."""
    ended = cli(where, *args)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refused(where: Path, *args: object, before: str = "") -> str:
    """Run a command that must fail in one clear paragraph; that paragraph."""
    ended = cli(where, *args, before=before)
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    return paragraph(ended.stderr)


def paragraph(stderr: str) -> str:
    """The error at the end of a command's standard error: what, where, and what to do."""
    assert "Traceback" not in stderr
    lines = stderr.strip().splitlines()
    assert len(lines) >= 2, stderr
    assert lines[-2].startswith("error: "), stderr
    assert lines[-1], "an error says what to do"
    return "\n".join(lines[-2:])


@contextlib.contextmanager
def started(where: Path, *args: object, before: str = "") -> Iterator["subprocess.Popen[str]"]:
    """A command in a process group of its own, which is ended when the test lets go of it."""
    child = subprocess.Popen(
        _command(args, before),
        cwd=where,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        kill(child)
        for stream in (child.stdout, child.stderr):
            if stream:
                stream.close()


def wait_for(child: "subprocess.Popen[str]", condition: Callable[[], bool]) -> None:
    """Until the condition holds; fails when the child ends first, or never gets there."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert child.poll() is None, child.communicate()[1]
        assert time.monotonic() < end, "the child makes no progress"
        time.sleep(0.01)


def halting(parts: int, *, seconds: float = 0.0) -> str:
    """What a child runs first so that it halts itself, as by a SIGSTOP from outside.

    It does so once that many parts of samples are stored, one after so many seconds, and one more
    sample is held in memory: a moment in mid-work that no machine is too fast or too slow for.
    """
    return f"""
import os, signal
import boundary.drawing as drawing
drawing._COMMIT_SECONDS = {seconds}
beat, commit, stored = drawing.Drawing.beat, drawing.Drawing._commit, 0
def counting(self, aloft):
    global stored
    stored += bool(self._writer.held)
    commit(self, aloft)
def halting(self, in_flight):
    global stored
    if stored >= {parts} and self._writer.held:
        stored = -(10**9)
        os.kill(os.getpid(), signal.SIGSTOP)
    beat(self, in_flight)
drawing.Drawing.beat, drawing.Drawing._commit = halting, counting
"""


def wait_until_halted(child: "subprocess.Popen[str]") -> None:
    """Until a child that halts itself has done so; see :func:`halting`."""
    if not hasattr(os, "waitid"):
        pytest.skip("this Python has no os.waitid: macOS has it from 3.13 on")
    about = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
    wait_for(child, lambda: os.waitid(os.P_PID, child.pid, about) is not None)


def kill(child: "subprocess.Popen[str]") -> None:
    """What no program can catch, for a command and its workers."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate(timeout=LIMIT_S)


_READY = """
import json, os, sys
import boundary.cli, boundary.console, boundary.display, boundary.probes, boundary.sample
import numpy, pyarrow.fs, pyarrow.parquet, fsspec
for line in sys.stdin:
    before, arguments = json.loads(line)
    child = os.fork()
    if not child:
        code = 1
        os.dup2(2, 1)
        try:
            exec(before)
            sys.argv = ["boundary", *arguments]
            boundary.cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        finally:
            os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Ready:
    """A process that has imported all and forks a command when told: dozens of starts are cheap."""

    def __init__(self, where: Path) -> None:
        with (where / "told.txt").open("w") as told:
            self._parent = subprocess.Popen(
                [sys.executable, "-c", _READY],
                cwd=where,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
                start_new_session=True,
            )
        self.pid = 0

    def start(self, *args: object, before: str = "") -> None:
        """Fork a command; see :func:`cli`."""
        assert self._parent.stdin
        assert self._parent.stdout
        self._parent.stdin.write(json.dumps([before, [str(a) for a in args]]) + "\n")
        self._parent.stdin.flush()
        self.pid = int(self._parent.stdout.readline())

    def kill(self) -> bool:
        """End the command with what it cannot catch; whether it was still at work."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def wait(self) -> int:
        """The exit code of the command, once it has ended."""
        assert self._parent.stdout
        return int(self._parent.stdout.readline())

    def close(self) -> None:
        """End everything."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._parent.pid, signal.SIGKILL)
        self._parent.communicate(timeout=LIMIT_S)


def suite(count: int = 4, *, verifier: str = "exact", name: str = "sums") -> Suite:
    """Small sums, judged in process."""
    problems = tuple(Problem(f"p-{i}", f"What is {i} + 1?", str(i + 1)) for i in range(count))
    return Suite(name, problems, "qwen-boxed", verifier, "made up", digest_of(problems))


def job(
    results: Path | Folder, n: int = 4, model: str = "fake/p=0.5", **changes: Any
) -> sample.Job:
    """A job on :func:`suite`; ``changes`` are fields of the job, or of its arm."""
    own = {k: changes.pop(k) for k in ("suite", "limit", "seed") if k in changes}
    folder = results if isinstance(results, Folder) else Folder.at(results)
    arm = ArmSettings(model=model, **changes)
    return sample.Job(arm=arm, n=n, results=folder, **{"suite": suite(), **own})


def run_in(results: Path) -> Run:
    """The only run under a results directory."""
    (manifest,) = results.glob("**/manifest.json")
    return Run.open(Folder.at(manifest.parent))


def parts(folder: Path, kind: str = "samples") -> dict[str, bytes]:
    """Whole parts of a run by their path in it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.glob(f"{kind}/**/*.parquet")}


def rows(folder: Path, kind: str = "samples") -> list[dict[str, Any]]:
    """All rows of a run's parts, in the order of writing."""
    found = sorted(folder.glob(f"{kind}/**/*.parquet"))
    return [row for part in found for row in pq.read_table(part).to_pylist()]


def texts(folder: Path) -> dict[tuple[str, int], str]:
    """Texts by problem and index; no sample is there twice."""
    found = rows(folder)
    answers = {(row["problem_id"], row["index"]): row["text"] for row in found}
    assert len(answers) == len(found), "a sample is stored twice"
    return answers


def tree(folder: Path) -> dict[str, str]:
    """Every file under a folder with a hash of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
