"""Bytes on their way through the server, which must not stay there.

A program is forked from the server and sees its memory: what earlier programs were given, and what
they answered, has to be gone by then. So it is only ever held in buffers that are wiped.

Also runs inside the sandbox, thus imports nothing of the package but its fellows there.
"""

import fcntl
import os
from contextlib import suppress

from boundary.sandbox import wire

# What a program wrote is handed on in pieces of so many bytes, through pipes that hold as many.
_PASSED_BYTES = 1 << 18


def widen(fd: int) -> None:
    """Let a pipe hold more, where that is allowed."""
    with suppress(OSError, AttributeError):
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PASSED_BYTES)


class Inbox:
    """Frames from the parent, looked at where they lie.

    Args:
        fd: Where they come from.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._buffer = bytearray(2 * (wire.HEADER.size + wire.CHUNK))
        self._view = memoryview(self._buffer)
        self._low = 0
        self._high = 0

    def receive(self) -> bool:
        """Take in more bytes; False when the parent is gone."""
        rest = self._high - self._low
        self._view[:rest] = self._view[self._low : self._high]
        self._low, self._high = 0, rest
        size = os.readv(self.fd, [self._view[rest:]])
        self._high += size
        return size > 0

    def frame(self) -> tuple[bytes, memoryview] | None:
        """The next frame, if it is here; its body is to be used before more is taken in."""
        start = self._low + wire.HEADER.size
        if start > self._high:
            return None
        mark, size = wire.HEADER.unpack_from(self._buffer, self._low)
        if start + size > self._high:
            return None
        self._low = start + size
        return mark, self._view[start : self._low]

    def wipe(self) -> None:
        """Forget what has been looked at."""
        for used in (self._view[: self._low], self._view[self._high :]):
            used[:] = bytes(len(used))


class Outbox:
    """What a program wrote, on to the parent.

    Args:
        fd: Where it goes.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._view = memoryview(bytearray(_PASSED_BYTES))
        self._used = 0

    def say(self, mark: bytes, body: bytes = b"") -> None:
        """Send words of the server's own."""
        wire.write_all(self.fd, wire.frame(mark, body))

    def pass_on(self, mark: bytes, source: int, head: bytes) -> memoryview:
        """Send what there is to read now, after a head of our own; what it was.

        Raises:
            BlockingIOError: There is nothing now.
        """
        start = wire.HEADER.size + len(head)
        size = os.readv(source, [self._view[start:]])
        if size:
            self._view[:start] = wire.HEADER.pack(mark, len(head) + size) + head
            self._used = max(self._used, start + size)
            wire.write_all(self.fd, self._view[: start + size])
        return self._view[start : start + size]

    def wipe(self) -> None:
        """Forget what was sent."""
        self._view[: self._used] = bytes(self._used)
        self._used = 0
