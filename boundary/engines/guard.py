"""Ends an engine's processes when this one dies without a chance to: they would stay, unasked.

A small process of its own notes which children this one starts while an engine loads, and waits.
"""

import contextlib
import subprocess
import sys
from typing import IO

_SCRIPT = """
import os, select, signal, sys
parent = int(sys.argv[1])
def children():
    found = set()
    try:
        for task in os.listdir(f"/proc/{parent}/task"):
            with open(f"/proc/{parent}/task/{task}/children") as file:
                found.update(map(int, file.read().split()))
    except OSError:
        pass
    return found
end, poll = os.pidfd_open(parent), select.poll()
poll.register(end, select.POLLIN)
poll.register(0, select.POLLIN)
before, held, is_loading = children(), {}, True
os.write(1, b"x")
while True:
    found = [fd for fd, _ in poll.poll(100 if is_loading else None)]
    if end in found:
        break
    if is_loading:
        for pid in children() - before - held.keys():
            try:
                held[pid] = os.pidfd_open(pid)
            except OSError:
                pass
    if 0 in found:
        is_loading = False
        poll.unregister(0)
        try:
            os.write(1, b"x")
        except OSError:  # The parent has just died: its end is told next.
            pass
for fd in held.values():
    try:
        signal.pidfd_send_signal(fd, signal.SIGKILL)
    except OSError:
        pass
"""


class Guard:
    """Watches over the processes that are started until :meth:`loaded` is called."""

    def __init__(self, pid: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _SCRIPT, str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A terminal's signals are not for it.
            start_new_session=True,
        )
        self._await_answer()

    def _await_answer(self) -> None:
        """Until it has looked; where a system has no pidfds it has ended, which is an answer."""
        self._pipe(self._process.stdout).read(1)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe

    def loaded(self) -> None:
        """Take up no more processes."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe(self._process.stdin).close()
        self._await_answer()

    def close(self) -> None:
        """Let go of all."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            self._pipe(pipe).close()
