"""What is run, within which limits, and what comes back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
    """

    source: str
    entry: str | None
    inputs: tuple[Any, ...]
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Output:
    """What a program made of one input.

    Attributes:
        value: The returned value as plain data; with standard input, what was printed.
        stdout: What was printed, with standard input as the way in.
        error: None, or one of :data:`ERRORS`.
        detail: What the error was, in words. A program may write here what it likes.
        cpu_s: Processor time, as seen from outside the program.
    """

    value: Any = None
    stdout: str = ""
    error: str | None = None
    detail: str = ""
    cpu_s: float = 0.0

    def emptied(self) -> "Output":
        """How it went, without what came out."""
        return Output(error=self.error, detail=self.detail, cpu_s=self.cpu_s)


# Called in the parent with an input's number and its output; False ends the program there.
Check = Callable[[int, Output], bool]
