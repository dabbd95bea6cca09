"""Sandboxes kept warm, and programs handed out to them."""

import functools
import os
import select
import signal
import tempfile
import time
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from boundary.errors import PackageError
from boundary.sandbox import isolation
from boundary.sandbox.attempt import SandboxFailedError, Task
from boundary.sandbox.program import Check, Output, Program
from boundary.sandbox.worker import START_LIMIT_S, Worker

# Programs begun and not yet handed back, per worker: a slow one at their head leaves the other
# workers something to do.
_WINDOW = 256

_MAX_STARTS = 3
# A sandbox that fails on a program is tried once more.
_MAX_FAILURES = 2


class _Source:
    """Jobs, read one by one, and those of them that are not handed back yet."""

    def __init__(self, jobs: Iterable[tuple[Program, Check]], *, keep: bool) -> None:
        self._jobs = iter(jobs)
        self._keep = keep
        self.window: deque[Task] = deque()

    def next(self) -> Task | None:
        job = next(self._jobs, None)
        if job is None:
            return None
        task = Task(*job, keep=self._keep)
        task.is_done = not task.program.inputs
        self.window.append(task)
        return task


class Pool:
    """Runs programs in sandboxes, each kept for program after program.

    Not safe for use by several threads, nor for two runs at once.

    Args:
        workers: Sandboxes at most; one for each core that this process may use.
        unsafe: Do without bubblewrap, even where it works: programs run as this user, held to
            limits and nothing else.

    Raises:
        PackageError: bubblewrap is missing, and ``unsafe`` is not given.
    """

    def __init__(self, workers: int | None = None, *, unsafe: bool = False) -> None:
        """Start nothing yet."""
        isolation.require(unsafe=unsafe)
        self.level = isolation.level(unsafe=unsafe)
        self._size = workers or len(os.sched_getaffinity(0))
        self._folder = tempfile.TemporaryDirectory(prefix="boundary-") if unsafe else None
        self._started = 0
        self._failed_starts = 0
        self._workers: dict[int, Worker] = {}
        self._again: deque[Task] = deque()
        # Also runs when the pool is forgotten, and at exit.
        self._finalizer = weakref.finalize(self, _end_all, self._workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all sandboxes."""
        self._finalizer()
        if self._folder:
            self._folder.cleanup()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the sandboxes that are alive."""
        return tuple(worker.process.pid for worker in self._workers.values())

    def run(
        self, jobs: Iterable[tuple[Program, Check]], *, keep: bool = True
    ) -> Iterator[list[Output]]:
        """Run programs and yield the outputs of each, in the order of the jobs.

        A list is shorter than the program's inputs where the check said that it is enough, and
        where a source does not run or a call never came back: the last output has the error.

        Args:
            jobs: Programs, each with a check that is called here, in this process, with the
                number of an input and its output, in the order of the inputs; once it returns
                False, the program's other inputs are left out. Read as sandboxes get free.
            keep: Whether to yield what came out as well. Where the check has all that is wanted of
                it, outputs need not pile up behind a slow program.

        Raises:
            PackageError: The sandboxes do not start.
        """
        source = _Source(jobs, keep=keep)
        try:
            while self._fill(source) or source.window:
                if source.window and source.window[0].is_done:
                    yield source.window.popleft().outputs
                else:
                    self._pump()
        finally:
            self._again.clear()
            # Those that are done with their programs are still tidying up after them.
            for worker in [w for w in self._workers.values() if w.task and not w.task.is_done]:
                self._discard(worker)

    def _fill(self, source: "_Source") -> bool:
        """Give idle workers something to do; whether there may be more jobs to read."""
        while self._again or len(source.window) < _WINDOW * self._size:
            worker = self._idle()
            if not worker and len(self._workers) >= self._size:
                return True
            task = self._again.popleft() if self._again else source.next()
            if not task:
                return False
            if not task.is_done:
                self._begin(worker or self._start(), task)
        return True

    def _idle(self) -> Worker | None:
        return next((w for w in self._workers.values() if not w.task), None)

    def _start(self) -> Worker:
        folder = ""
        if self._folder:
            self._started += 1
            folder = os.path.join(self._folder.name, str(self._started))  # noqa: PTH118
        try:
            worker = Worker(folder)
        except SandboxFailedError as error:
            raise _not_starting(str(error)) from error
        self._workers[worker.replies] = worker
        return worker

    def _begin(self, worker: Worker, task: Task) -> None:
        try:
            worker.begin(task)
        except SandboxFailedError as error:
            self._bury(worker, error)

    def _pump(self) -> None:
        """Wait for the next thing to happen, and see to it."""
        poll = select.poll()
        owners = {}
        for worker in self._workers.values():
            poll.register(worker.replies, select.POLLIN)
            owners[worker.replies] = worker
            if worker.wants_to_send:
                poll.register(worker.orders, select.POLLOUT)
                owners[worker.orders] = worker
        now = time.monotonic()
        deadline = min((w.deadline for w in self._workers.values() if w.task), default=now)
        for fd, _ in poll.poll(max(0, int((deadline - now) * 1000) + 1)):
            worker = owners[fd]
            try:
                if fd == worker.orders:
                    worker.send()
                else:
                    worker.receive()
                if worker.is_ready:
                    self._failed_starts = 0
            except SandboxFailedError as error:
                self._bury(worker, error)
        self._end_silent()

    def _end_silent(self) -> None:
        now = time.monotonic()
        for worker in tuple(self._workers.values()):
            if worker.task and now >= worker.deadline:
                self._bury(worker, SandboxFailedError("the server hangs"))

    def _bury(self, worker: Worker, error: SandboxFailedError) -> None:
        """See off a sandbox that failed; its program is tried once more."""
        if worker.replies not in self._workers:
            return
        task, words = worker.task, self._discard(worker)
        if not worker.is_ready:
            self._failed_starts += 1
            if self._failed_starts >= _MAX_STARTS:
                raise _not_starting(words)
        elif task:
            task.failures += 1
            if task.failures >= _MAX_FAILURES:
                task.fail("sandbox_error", str(error))
        if task and not task.is_done:
            self._again.append(task)

    def _discard(self, worker: Worker) -> str:
        del self._workers[worker.replies]
        return worker.end()


def starts() -> bool:
    """Whether a sandbox starts here; tried once in a process, and left again at once."""
    found = isolation.bubblewrap()
    return bool(found) and _starts(found)


@functools.cache
def _starts(bubblewrap: str) -> bool:
    """Whether it starts by that bubblewrap, the one that is found now."""
    try:
        worker = Worker("")
    except SandboxFailedError:
        return False
    deadline = time.monotonic() + START_LIMIT_S
    poll = select.poll()
    poll.register(worker.replies, select.POLLIN)
    with suppress(SandboxFailedError):
        while not worker.is_ready and poll.poll(max(0, deadline - time.monotonic()) * 1000):
            worker.receive()
    if not worker.is_ready:
        # Whatever hangs there instead may have started others.
        with suppress(ProcessLookupError):
            os.killpg(worker.process.pid, signal.SIGKILL)
    worker.end()
    return worker.is_ready


def _end_all(workers: dict[int, Worker]) -> None:
    for worker in workers.values():
        worker.end()
    workers.clear()


def _not_starting(words: str) -> PackageError:
    return PackageError(
        f"the sandbox does not start: {words or 'it ended without a word'}",
        remedy="allow user name spaces on this machine (sysctl user.max_user_namespaces, and"
        " kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), or run the programs"
        " unprotected with --unsafe-execution",
    )
