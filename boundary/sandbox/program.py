"""What is run, within which limits, and what comes back."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from boundary.sandbox import plain, wire

ERRORS = (
    "exception",
    "syntax",
    "time_limit",
    "memory_limit",
    "output_limit",
    "not_plain",
    "exited",
    "sandbox_error",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    Args:
        wall_s: Seconds asleep, of the whole program: those spent waiting for a core, for the disk
            or for its parent are not counted.
        cpu_s: Seconds of processor time of all its processes and threads.
        memory_mb: Memory of all its processes, beyond what an idle interpreter takes.
        processes: Processes and threads at any moment.
        file_mb: Size of a file, and of all its files together.
        output_kb: Size of the output for one input.
        open_files: Open files of a process.
        per_input: Whether each input has ``cpu_s`` to itself.
    """

    wall_s: float = 30
    cpu_s: float = 10
    memory_mb: int = 1024
    processes: int = 32
    file_mb: int = 16
    output_kb: int = 1024
    open_files: int = 64
    per_input: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A source and the inputs to try it on.

    Args:
        source: Python source.
        entry: None: the source is run as ``__main__`` for every input, anew each time, with the
            input, a string, as its standard input. A name (``f``, or ``Class.method`` of an object
            made without arguments for each call): the source is run once as a module, and the
            function called for every input, a tuple of positional arguments.
        inputs: Strings, or tuples of plain data.
        limits: Limits of the whole program, or of each input.
        prepared: The inputs of a function from :func:`prepare`, where several programs are called
            with them; else they are written for this one.
        seals: Seals of outputs for the inputs, by place, None where there is none. An output with
            that seal is not read: its ``value`` is missing, and ``is_sealed`` says so.
    """

    source: str
    entry: str | None
    inputs: tuple[Any, ...]
    limits: Limits = Limits()
    prepared: bytes | None = None
    seals: Sequence[bytes | None] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """What a program made of one input.

    Attributes:
        value: The returned value as plain data; with standard input, what was printed.
        stdout: What was printed, with standard input as the way in.
        error: None, or one of :data:`ERRORS`.
        detail: What the error was, in words. A program may write here what it likes.
        cpu_s: Processor time, as seen from outside the program.
        seal: Stands for the returned value: equal seals mean values of equal bytes. Empty with an
            error, and with standard input.
        is_sealed: Whether ``seal`` is the one that the program had for this input.
    """

    value: Any = None
    stdout: str = ""
    error: str | None = None
    detail: str = ""
    cpu_s: float = 0.0
    seal: bytes = b""
    is_sealed: bool = False

    def emptied(self) -> "Output":
        """How it went, without what came out."""
        return Output(error=self.error, detail=self.detail, cpu_s=self.cpu_s)


# Called in the parent with an input's number and its output; False ends the program there.
Check = Callable[[int, Output], bool]


# Fewer bytes than a digest has are their own seal.
_SEAL_BYTES = 64


def prepare(inputs: Iterable[tuple[Any, ...]]) -> bytes:
    """The inputs of a function as they cross the border of a sandbox.

    Raises:
        NotPlainError: One is no plain data.
    """
    return b"".join(wire.frame(wire.VALUE, plain.encode(arguments)) for arguments in inputs)


def seal(value: Any) -> bytes:
    """The seal of an output that is that value, and made as plain data mostly are.

    Raises:
        NotPlainError: It is no plain data.
    """
    return seal_of(plain.encode(value))


def seal_of(body: bytes) -> bytes:
    """The seal of a value's bytes: themselves, or their BLAKE2b digest if that is shorter."""
    if len(body) < _SEAL_BYTES:
        return body
    return hashlib.blake2b(body, digest_size=_SEAL_BYTES).digest()
