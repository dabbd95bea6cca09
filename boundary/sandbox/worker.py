"""One sandbox as its pool sees it: started, sent a program, listened to, ended."""

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator

from boundary.sandbox import isolation, wire
from boundary.sandbox.attempt import Attempt, SandboxFailedError, Task

# A cold start on a busy machine takes seconds, not minutes.
START_LIMIT_S = 60.0

# A server that is silent for so many times the limits of its program hangs.
_SILENT_FACTOR, _SILENT_S = 25, 60.0

# A server that was told to end does so at once, unless it cannot.
_END_S = 5.0

# Bytes under way to a server at most: inputs are made as they are needed.
_AHEAD_BYTES = 1 << 16
_READ_BYTES = 1 << 18


class Worker:
    """A server and what it has to do.

    Args:
        folder: Where programs work that have no sandbox; "" for those that have.

    Raises:
        SandboxFailedError: There is no process to be had.
    """

    def __init__(self, folder: str) -> None:
        self.task: Task | None = None
        self.is_ready = False
        self._patience_s = START_LIMIT_S
        self.deadline = time.monotonic() + self._patience_s
        self._is_isolated = not folder
        self._attempt: Attempt | None = None
        self._orders: Iterator[bytes] = iter(())
        self._unsent = bytearray()
        self._received = bytearray()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self.process = subprocess.Popen(
                isolation.command(folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                cwd="/",
                env=isolation.ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            self._errors.close()
            raise SandboxFailedError(str(error)) from error
        assert self.process.stdin
        assert self.process.stdout
        self.orders = self.process.stdin.fileno()
        self.replies = self.process.stdout.fileno()
        os.set_blocking(self.orders, False)
        os.set_blocking(self.replies, False)

    @property
    def wants_to_send(self) -> bool:
        """Whether there are bytes that the server did not take yet."""
        return bool(self._unsent)

    def begin(self, task: Task) -> None:
        """Set the server to a task."""
        self.task = task
        self._begin()

    def _begin(self) -> None:
        assert self.task
        limits = self.task.program.limits
        self._attempt = Attempt(self.task, is_isolated=self._is_isolated)
        self._orders = self._attempt.orders()
        self._patience_s = _SILENT_S + _SILENT_FACTOR * max(limits.wall_s, limits.cpu_s)
        self.deadline = time.monotonic() + self._patience_s
        self.send()

    def send(self) -> None:
        """Send what the server takes now.

        Raises:
            SandboxFailedError: It is gone.
        """
        while len(self._unsent) < _AHEAD_BYTES and (part := next(self._orders, b"")):
            self._unsent += part
        if not self._unsent:
            return
        try:
            del self._unsent[: os.write(self.orders, self._unsent)]
        except BlockingIOError:
            return
        except BrokenPipeError:
            raise SandboxFailedError("the server is gone") from None

    def receive(self) -> Task | None:
        """Take in what the server says; the task that is over with it.

        Raises:
            SandboxFailedError: It is gone, or at fault.
        """
        try:
            part = os.read(self.replies, _READ_BYTES)
        except BlockingIOError:
            return None
        if not part:
            raise SandboxFailedError("the server is gone")
        self.deadline = time.monotonic() + self._patience_s
        self._received += part
        over = None
        for mark, body in wire.split(self._received):
            over = self._heard(mark, body) or over
        return over

    def _heard(self, mark: bytes, body: bytes) -> Task | None:
        if mark == wire.READY:
            self.is_ready = True
            return None
        attempt = self._attempt
        assert attempt
        assert self.task
        self._tell(attempt, mark, body)
        if mark != wire.DONE:
            return None
        if not self.task.is_done:
            self._begin()
            return None
        self._attempt, task, self.task = None, self.task, None
        return task

    def _tell(self, attempt: Attempt, mark: bytes, body: bytes) -> None:
        """Hand on what the server said; tell it to stop where that is all there is to know."""
        if not attempt.is_over and attempt.take(mark, body):
            self._orders = iter((wire.frame(wire.STOP),))
        self.send()

    def end(self) -> str:
        """End the server with all that runs in it; what it complained about.

        It ends by itself when there are no more orders, after everything in it.
        """
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        deadline = time.monotonic() + _END_S
        poll = select.poll()
        poll.register(self.replies, select.POLLIN)
        while poll.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            # It may have been about to say something; what it holds open ends with it.
            if not os.read(self.replies, _READ_BYTES):
                break
        else:
            self.process.kill()
        self.process.stdout.close()
        self.process.wait()
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip()
        self._errors.close()
        return words.splitlines()[-1] if words else ""
