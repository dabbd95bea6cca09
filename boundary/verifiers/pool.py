"""Worker processes that can be ended at any moment: one JSON line in, one JSON line out.

A worker is a program of its own, not a fork: the parent's threads (those of torch, say) stay out
of it. Each works on one job at a time; a job that takes too long costs its worker its life, and a
fresh one takes the next.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boundary.errors import VerifierError

# A cold import of math-verify on a busy machine takes seconds, not minutes.
START_LIMIT_S = 120.0

# A worker ends itself this long after the limit, should the parent not be there to do it.
_GRACE_S = 1.0

_MAX_STARTS = 3
_MAX_DEATHS = 2

# The same order of sets, thus the same verdict, in every worker.
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}

_CLOSED = "the worker pool is closed"


@dataclass(slots=True, eq=False)
class Job:
    """One request and, when it is done, its reply: the worker's own, or ``{"error": …}``."""

    request: Mapping[str, str]
    reply: Mapping[str, Any] | None = None
    deaths: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    process: "subprocess.Popen[bytes]"
    deadline: float
    is_ready: bool = False
    job: Job | None = None
    received: bytearray = field(default_factory=bytearray)


class Pool:
    """Runs jobs in worker processes, started when needed, each under a wall-clock limit.

    Not safe for use by several threads at once.

    Args:
        program: The Python file that a worker runs; it is given its own limit as argument.
        size: Number of workers at most.
        limit_s: Seconds of wall-clock time for one job.
    """

    def __init__(self, program: Path, *, size: int, limit_s: float) -> None:
        """Start nothing yet."""
        self._program = program
        self._size = size
        self._limit_s = limit_s
        self._queue: deque[Job] = deque()
        self._workers: dict[int, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._failed_starts = 0
        # Also runs when the pool is forgotten, and at exit.
        self._finalizer = weakref.finalize(self, _end_all, self._workers, self._selector)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that are alive."""
        return tuple(worker.process.pid for worker in self._workers.values())

    def submit(self, job: Job) -> None:
        """Queue a job; :meth:`pump` does the rest."""
        self._queue.append(job)

    def pump(self, *, block: bool) -> None:
        """Hand out jobs and take in replies; with ``block``, wait for the next thing to happen.

        Raises:
            VerifierError: The pool is closed, or its workers do not start.
        """
        if not self._finalizer.alive:
            raise VerifierError(_CLOSED, remedy="create another verifier")
        self._hand_out()
        if not self._workers:
            return
        for key, _ in self._selector.select(self._wait_s() if block else 0):
            self._receive(self._workers[key.fd])
        self._end_late()
        self._hand_out()

    def close(self) -> None:
        """End all workers."""
        self._finalizer()

    def _hand_out(self) -> None:
        for worker in tuple(self._workers.values()):
            if self._queue and worker.is_ready and worker.job is None:
                self._send(worker, self._queue.popleft())
        starting = sum(not worker.is_ready for worker in self._workers.values())
        wanted = min(len(self._queue) - starting, self._size - len(self._workers))
        for _ in range(wanted):
            self._start()

    def _start(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-P", str(self._program), str(self._limit_s + _GRACE_S)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **_ENVIRONMENT},
        )
        worker = _Worker(process, deadline=time.monotonic() + START_LIMIT_S)
        assert process.stdout
        self._workers[process.stdout.fileno()] = worker
        self._selector.register(process.stdout, selectors.EVENT_READ)

    def _send(self, worker: _Worker, job: Job) -> None:
        worker.job = job
        worker.deadline = time.monotonic() + self._limit_s
        assert worker.process.stdin
        line = memoryview(json.dumps(dict(job.request)).encode() + b"\n")
        try:
            # A signal may cut a write short.
            while line:
                line = line[worker.process.stdin.write(line) or 0 :]
        except BrokenPipeError:
            self._bury(worker)

    def _receive(self, worker: _Worker) -> None:
        assert worker.process.stdout
        chunk = os.read(worker.process.stdout.fileno(), 65536)
        if not chunk:
            self._bury(worker)
            return
        worker.received += chunk
        if not worker.received.endswith(b"\n"):
            return
        reply = json.loads(worker.received)
        worker.received.clear()
        if worker.job:
            worker.job.reply = reply
            worker.job = None
        else:
            worker.is_ready = True
            self._failed_starts = 0

    def _end_late(self) -> None:
        now = time.monotonic()
        for worker in tuple(self._workers.values()):
            is_busy = worker.job is not None or not worker.is_ready
            if is_busy and now >= worker.deadline:
                if worker.job:
                    worker.job.reply = {"error": "timeout"}
                    worker.job = None
                    self._discard(worker)
                else:
                    self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        """See off a worker that died, or never came to life.

        A job that takes down two workers is given up; one death may be another's doing, such as
        the kernel's when memory runs out.
        """
        status = self._discard(worker)
        job = worker.job
        if job is None:
            self._failed_starts += not worker.is_ready
            if self._failed_starts >= _MAX_STARTS:
                raise _not_starting(status)
            return
        job.deaths += 1
        if status == -signal.SIGALRM:
            job.reply = {"error": "timeout"}
        elif job.deaths >= _MAX_DEATHS:
            job.reply = {"error": f"worker ended with status {status}"}
        else:
            self._queue.appendleft(job)

    def _discard(self, worker: _Worker) -> int:
        stdout = worker.process.stdout
        assert stdout
        self._selector.unregister(stdout)
        del self._workers[stdout.fileno()]
        return _end(worker)

    def _wait_s(self) -> float:
        busy = (w.deadline for w in self._workers.values() if w.job or not w.is_ready)
        return max(0.0, min(busy, default=0.0) - time.monotonic())


def _end(worker: _Worker) -> int:
    """End a worker if need be; its exit status, negative for a signal."""
    process = worker.process
    # One that closed its output is ending by itself, and its own status says why.
    if process.poll() is None:
        process.kill()
    status = process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    return status


def _end_all(workers: dict[int, _Worker], selector: selectors.BaseSelector) -> None:
    for worker in workers.values():
        worker.process.kill()
    for worker in workers.values():
        _end(worker)
    workers.clear()
    selector.close()


def _not_starting(status: int) -> VerifierError:
    return VerifierError(
        f"the grader's worker processes do not start (last exit status {status})",
        remedy="check that math-verify is installed: 'boundary doctor' says what is missing",
    )
