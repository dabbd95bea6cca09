"""The trusted process inside a sandbox: a prepared interpreter that forks once per program.

It passes bytes on without looking at them, watches what the program uses, and tells the parent
how it ended. A program is the first process of a name space of its own: it can see, signal or
open nothing of the server, and whatever it started ends with it.

Also runs inside the sandbox, thus imports nothing of the package but its fellows there.
"""

import fcntl
import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import site
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from boundary.sandbox import runner, wire
from boundary.sandbox.confine import Confinement
from boundary.sandbox.pipes import Inbox, Outbox, widen
from boundary.sandbox.watch import Base, Watch

# Imported once, before any program: what programs that compute an answer mostly use.
PREPARED = (
    "abc array bisect collections collections.abc contextlib copy datetime decimal enum fractions "
    "functools heapq itertools json math operator random re string threading time typing"
)

# Descriptors below are the program's; those of the server are moved out of the way.
_OWN_FDS = 10
_MAX_FDS = 256
_INPUTS = b"inputs"

_PIPE_CHUNKS = 64
_NOTHING = memoryview(b"")

_TRIAL = {"cpu_ceiling_s": 5, "memory_mb": 64, "processes": 8, "file_mb": 1, "open_files": 64}

# Answers that follow each other faster are handed on together.
_GATHER_S = 0.0003

# Where nothing tells of a process that ended, how often to ask.
_ASK_S = 0.01


_fork_handlers: list[dict[str, Any]] = []


@dataclass(slots=True, eq=False)
class Child:
    """A program at work, as the server sees it.

    Attributes:
        ended: Readable once its process has ended; -1 where there is no such thing.
        answered: Frames that it wrote.
        given: Frames that it was given, its source among them, where it is called.
        inputs: Where its inputs go; -1 when that is over.
        outputs: Where what it writes comes from, by the mark under which the parent gets it.
        pending: Inputs that it did not take yet.
        status: How its process ended.
        why: The limit for which it was ended.
        passed_at: When something of what it wrote was last handed on.
    """

    order: dict[str, Any]
    pid: int
    ended: int
    inputs: int
    outputs: dict[bytes, int]
    watch: Watch
    answered: wire.Counter = field(default_factory=wire.Counter)
    given: wire.Counter = field(default_factory=wire.Counter)
    pending: memoryview = _NOTHING
    is_fed: bool = False
    is_stopped: bool = False
    status: int | None = None
    cpu_s: float = 0.0
    why: str = ""
    passed_at: float = 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether it has nothing to do before the parent sends more."""
        if self.pending:
            return False
        if self.order["function"]:
            return self.given.whole <= self.answered.whole
        return not self.is_fed


class Server:
    """Serves one program after the other until the parent is gone.

    Args:
        orders: Where the parent's frames come from.
        replies: Where ours go.
        confinement: What each program is put into.
        folder: Where each program gets a folder; None where it has name spaces of its own.
    """

    def __init__(
        self, orders: int, replies: int, confinement: Confinement, folder: Path | None
    ) -> None:
        self._inbox = Inbox(orders)
        self._outbox = Outbox(replies)
        self._confinement = confinement
        self._folder = folder
        self._base = Base.measured(is_isolated=folder is None)

    def try_out(self) -> None:
        """Go once where programs go, so that what is not allowed here is said at the start.

        Raises:
            SystemExit: It is not allowed.
        """
        pid = self._confinement.fork()
        if not pid:
            try:
                self._confinement.leave(_TRIAL, self._base)
            except OSError as error:
                os.write(2, f"{error}\n".encode())
                os._exit(1)
            os._exit(0)
        if os.waitpid(pid, 0)[1]:
            raise SystemExit(1)

    def serve(self) -> NoReturn:
        """Run programs, one at a time.

        Raises:
            SystemExit: The parent is gone.
        """
        self._outbox.say(wire.READY)
        while True:
            mark, body = self._next()
            if mark == wire.BEGIN:
                self._run(json.loads(bytes(body)))
                self._inbox.wipe()
                self._outbox.wipe()

    def _next(self) -> tuple[bytes, memoryview]:
        while not (found := self._inbox.frame()):
            if not self._inbox.receive():
                raise SystemExit
        return found

    def _run(self, order: dict[str, Any]) -> None:
        if order["numpy"]:
            self._prepare_numpy()
        if self._folder:
            self._folder.mkdir()
        child = self._start(order)
        try:
            while self._attend(child):
                pass
        finally:
            self._see_off(child)
        done = {"why": child.why, "status": child.status, "cpu_s": child.cpu_s}
        done["slept_s"] = child.watch.slept_s
        self._outbox.say(wire.DONE, json.dumps(done).encode())
        # What else was sent for a program that is over.
        while not child.is_stopped:
            child.is_stopped = self._next()[0] == wire.STOP

    def _prepare_numpy(self) -> None:
        """Import it on first demand: it takes longer than everything else together."""
        if "numpy" not in sys.modules:
            with suppress(ImportError):
                importlib.import_module("numpy")
            gc.freeze()
            self._base = Base.measured(is_isolated=self._folder is None)

    def _start(self, order: dict[str, Any]) -> Child:
        pipes = {name: os.pipe() for name in (_INPUTS, wire.ANSWERED, wire.PRINTED)}
        pid = self._confinement.fork()
        if not pid:
            self._become_program(order, pipes)
        inputs, answered, printed = pipes.values()
        for fd in (inputs[0], answered[1], printed[1]):
            os.close(fd)
        for fd in (inputs[1], answered[0], printed[0]):
            os.set_blocking(fd, False)
        widen(answered[0])
        return Child(
            order=order,
            pid=pid,
            ended=os.pidfd_open(pid) if sys.platform == "linux" else -1,
            inputs=inputs[1],
            outputs={wire.ANSWERED: answered[0], wire.PRINTED: printed[0]},
            watch=Watch(pid, order, self._base),
        )

    def _become_program(
        self, order: dict[str, Any], pipes: dict[bytes, tuple[int, int]]
    ) -> NoReturn:
        """In the program's process: shut every door but its own, then run it."""
        try:
            os.setsid()
            os.umask(0o022)
            self._confinement.leave(order, self._base)
            os.chdir(self._folder or "/tmp")
            if self._folder:
                os.environ["TMPDIR"] = os.environ["HOME"] = str(self._folder)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _arrange(pipes, is_function=order["function"])
            for handlers in _fork_handlers:
                os.register_at_fork(**handlers)
            gc.enable()
            runner.run(is_function=order["function"])
        finally:
            os._exit(1)

    def _attend(self, child: Child) -> bool:
        """Wait for the next thing to happen and see to it; whether there is more to come."""
        events = self._wait(child)
        if wire.ANSWERED in child.outputs and child.outputs[wire.ANSWERED] in events:
            _gather(child)
        for mark, fd in tuple(child.outputs.items()):
            if fd in events:
                self._pass_on(child, mark)
        if child.inputs in events:
            self._feed(child)
        orders = events.get(self._inbox.fd, 0)
        if orders & select.POLLHUP or (orders and not self._inbox.receive()):
            raise SystemExit
        self._obey(child)
        if not child.why and not child.is_stopped:
            child.why = child.watch.look(is_waiting=child.is_waiting)
            if child.why == "cpu" and self._has_answered(child):
                child.why = ""
            if child.why:
                self._kill(child)
        return (child.ended >= 0 and child.ended not in events) or not self._is_over(child)

    def _wait(self, child: Child) -> dict[int, int]:
        poll = select.poll()
        for fd in (child.ended, *child.outputs.values()):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        if child.pending:
            poll.register(child.inputs, select.POLLOUT)
        # That the parent is gone shows even where nothing is wanted of it.
        is_free = not child.pending and not child.is_stopped
        poll.register(self._inbox.fd, select.POLLIN if is_free else 0)
        wait_s = child.watch.next_s() if child.ended >= 0 else _ASK_S
        return dict(poll.poll(1 + int(wait_s * 1000)))

    def _pass_on(self, child: Child, mark: bytes) -> bool:
        """Hand what the program wrote to the parent; whether it was anything."""
        used = child.watch.used_s() if mark == wire.ANSWERED else 0.0
        began = time.monotonic()
        try:
            part = self._outbox.pass_on(mark, child.outputs[mark], wire.CPU.pack(used))
        except BlockingIOError:
            return False
        child.passed_at = time.monotonic()
        child.watch.excuse(child.passed_at - began)
        if not part:
            os.close(child.outputs.pop(mark))
        elif mark == wire.ANSWERED:
            before = child.answered.whole
            child.answered.pass_by(part)
            if child.answered.whole > before and child.order["per_input"]:
                child.watch.start_anew()
        return bool(part)

    def _has_answered(self, child: Child) -> bool:
        """Whether the time that is over was that of an input before, whose answer lies here."""
        before = child.answered.whole
        if child.order["per_input"] and wire.ANSWERED in child.outputs:
            self._pass_on(child, wire.ANSWERED)
        return child.answered.whole > before

    def _obey(self, child: Child) -> None:
        """Take the parent's frames as far as the program takes what is in them."""
        while not child.pending and not child.is_stopped and (found := self._inbox.frame()):
            mark, child.pending = found
            if mark == wire.STOP:
                child.is_stopped = True
                self._kill(child)
                return
            child.is_fed = mark == wire.END
            if child.order["function"]:
                child.given.pass_by(child.pending)
            self._feed(child)

    def _feed(self, child: Child) -> None:
        """Give the program as much of its input as it takes now."""
        try:
            child.pending = child.pending[os.write(child.inputs, child.pending) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            # It does not want it. That is its affair.
            child.pending = _NOTHING
        if not child.pending and child.is_fed:
            os.close(child.inputs)
            child.inputs = -1

    def _is_over(self, child: Child) -> bool:
        """Whether the process has ended; if so, how."""
        # Gone with the process, thus asked before.
        is_shortened = _has_less_time(child)
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.status, child.cpu_s = status, usage.ru_utime + usage.ru_stime
            if is_shortened and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
                child.why = child.why or "cpu"
        return bool(pid)

    def _kill(self, child: Child) -> None:
        for end in (os.kill,) if self._folder is None else (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                end(child.pid, signal.SIGKILL)

    def _see_off(self, child: Child) -> None:
        """Leave nothing behind: neither processes nor files nor bytes in pipes."""
        if child.status is None or self._folder:
            self._kill(child)
        if child.status is None:
            os.waitpid(child.pid, 0)
        for mark in tuple(child.outputs):
            # As much as a pipe may hold: without name spaces, others may write on and on.
            for _ in range(_PIPE_CHUNKS):
                if not self._pass_on(child, mark):
                    break
        for fd in (child.ended, child.inputs, *child.outputs.values()):
            if fd >= 0:
                os.close(fd)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _has_less_time(child: Child) -> bool:
    """Whether a program lowered the limit at which the kernel ends it, as nobody else can."""
    if sys.platform != "linux":
        return False
    _, own_s = resource.getrlimit(resource.RLIMIT_CPU)
    given_s = child.order["cpu_ceiling_s"]
    with suppress(OSError):
        _, left_s = resource.prlimit(child.pid, resource.RLIMIT_CPU)
        return bool(left_s < (given_s if own_s == resource.RLIM_INFINITY else min(given_s, own_s)))
    return False


def _gather(child: Child) -> None:
    """Let answers in quick succession come together: each hand-over wakes two processes."""
    if time.monotonic() - child.passed_at < 2 * _GATHER_S:
        time.sleep(_GATHER_S)


def _arrange(pipes: dict[bytes, tuple[int, int]], *, is_function: bool) -> None:
    """Leave open what the program is to have, and nothing else."""
    null = os.open(os.devnull, os.O_RDWR)
    inputs, answered, printed = pipes[_INPUTS][0], pipes[wire.ANSWERED][1], pipes[wire.PRINTED][1]
    wanted = [null if is_function else inputs, null if is_function else printed, null, answered]
    if is_function:
        wanted.append(inputs)
    for fd, source in enumerate(wanted):
        os.dup2(source, fd)
    os.closerange(len(wanted), _MAX_FDS)


def main(folder: str) -> NoReturn:
    """Get ready, say so, and serve.

    Args:
        folder: The folder that programs without name spaces of their own work in; "" for
            programs that have them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whoever started us may ignore it, and we could wait for no program.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # The loader has read it: the library's names are looked up, and not in each program's process.
    os.environ.pop("LD_BIND_NOW", None)
    widen(1)
    # While they are pipes, as they will be for programs: a stream remembers whether it can seek.
    runner.open_streams()
    orders, replies = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _OWN_FDS) for fd in (0, 1))
    null = os.open(os.devnull, os.O_RDWR)
    for fd in range(_OWN_FDS):
        if fd not in (2, null):
            os.dup2(null, fd)
    confinement = Confinement(is_isolated=not folder)
    confinement.settle()
    _prepare()
    os.dup2(null, runner.INPUTS)
    server = Server(orders, replies, confinement, Path(folder) if folder else None)
    server.try_out()
    server.serve()


@contextmanager
def _without_fork_handlers() -> Iterator[None]:
    """Put off what modules want to have called in forked processes.

    ``threading`` and ``random`` do. For the programs themselves, which have no other thread and
    the same seed each, that would be a third of what their fork costs; a process that one of them
    forks has it called.
    """
    register = os.register_at_fork
    os.register_at_fork = lambda **handlers: _fork_handlers.append(handlers)
    try:
        yield
    finally:
        os.register_at_fork = register


def _prepare() -> None:
    """Import what programs mostly import, and what ``site`` gives them."""
    with _without_fork_handlers():
        for name in PREPARED.split():
            importlib.import_module(name)
    site.setquit()
    site.sethelper()
    runner.rehearse()
    sys.stderr.flush()
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main(sys.argv[1])
