"""Frames on a pipe: a mark of one byte, a length, a body.

Also runs inside the sandbox, thus imports nothing of the package.
"""

import os
import struct
from collections.abc import Iterable, Iterator

HEADER = struct.Struct(">cI")

# From the parent to the server of a sandbox: a program's limits; data for it; that there is no
# more; that the program is over.
BEGIN, DATA, END, STOP = b"B", b"D", b"E", b"S"

# From the server to the parent: itself, what the program printed, what it answered, its end.
READY, PRINTED, ANSWERED, DONE = b"R", b"P", b"A", b"X"

# From the program to the parent, within what it answered: that its source runs, a value, what
# went wrong with one input, and with all of them.
STARTED, VALUE, ERROR, FATAL = b"S", b"V", b"E", b"F"

# What the program has used comes before what it wrote.
CPU = struct.Struct("=d")

# A frame of data, and a read, are no longer than this.
CHUNK = 32768


def frame(mark: bytes, body: bytes = b"") -> bytes:
    """A frame as bytes."""
    return HEADER.pack(mark, len(body)) + body


def chunks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """What goes to a program as frames of bounded length, small parts together."""
    held = bytearray()
    for part in parts:
        rest = memoryview(part)
        while len(held) + len(rest) >= CHUNK:
            missing = CHUNK - len(held)
            held += rest[:missing]
            rest = rest[missing:]
            yield frame(DATA, bytes(held))
            held.clear()
        held += rest
    if held:
        yield frame(DATA, bytes(held))


def read_exactly(fd: int, size: int) -> bytes:
    """Bytes from a pipe; fewer only when it ends."""
    parts = []
    while size and (part := os.read(fd, min(size, 1 << 20))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Bytes to a pipe, all of them."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def split(received: bytearray) -> Iterator[tuple[bytes, bytes]]:
    """Take the whole frames off the front of what was received."""
    while len(received) >= HEADER.size:
        mark, size = HEADER.unpack_from(received)
        end = HEADER.size + size
        if len(received) < end:
            return
        yield mark, taken(received, HEADER.size, end)


def taken(received: bytearray, start: int, end: int) -> bytes:
    """Take the bytes up to ``end`` off the front; those from ``start`` on, copied once."""
    with memoryview(received) as view:
        body = bytes(view[start:end])
    del received[:end]
    return body


class Counter:
    """Counts frames that pass by in pieces, without keeping any."""

    def __init__(self) -> None:
        self.whole = 0
        self._header = b""
        self._left = 0

    def pass_by(self, part: memoryview) -> None:
        """Count on."""
        while part:
            if not self._left:
                missing = HEADER.size - len(self._header)
                self._header += bytes(part[:missing])
                part = part[missing:]
                if len(self._header) < HEADER.size:
                    return
                self._left = HEADER.unpack(self._header)[1]
                self._header = b""
            taken = min(self._left, len(part))
            self._left -= taken
            part = part[taken:]
            self.whole += not self._left
