"""What runs in the program's own process: its source, called with each input.

It hands out what the program made of the inputs and knows no more than the program may: whatever
a program does to this code, it only changes its own outputs.

Also runs inside the sandbox, thus imports nothing of the package but its fellows there.
"""

import atexit
import os
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NoReturn

from boundary.sandbox import plain, wire

# Where a program that answers calls finds its inputs, and leaves its outputs.
ANSWERS, INPUTS = 3, 4

_DETAIL_CHARACTERS = 300
_READ_BYTES = 1 << 16
# Calls after which the interpreter has specialised what it runs. Their inputs fit into any pipe.
_REHEARSED = 32
_NAME = "program"


def open_streams() -> None:
    """Make the standard streams of programs, over whatever is open under their numbers by then.

    Whether one can seek is settled by what is open there now.
    """
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        stream = open(fd, mode, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def rehearse() -> None:
    """Do once, for a program of our own, what is done for each.

    What is forked from here then finds its code specialised and its memory in place. Answers go
    to whatever is open there; what lies under the number of the inputs is closed.
    """
    source = "def f(x):\n    return x\n"
    said = [(source, "f", 1 << 20), *[((number, "x", 1.5),) for number in range(_REHEARSED)]]
    inputs, into = os.pipe()
    for body in said:
        wire.write_all(into, wire.frame(wire.VALUE, plain.encode(body)))
    os.close(into)
    os.dup2(inputs, INPUTS)
    os.close(inputs)
    _run_function()
    del sys.modules[_NAME]


def run(*, is_function: bool) -> NoReturn:
    """Run the program that comes on the way in, and end the process.

    No handler of a called program runs at its end: that is over when it has answered.
    """
    end = os._exit
    if is_function:
        _run_function()
    else:
        _run_main()
    end(0)


def _run_main() -> None:
    """Run a source as ``__main__``; what follows it on standard input is its input."""
    size = wire.HEADER.unpack(wire.read_exactly(0, wire.HEADER.size))[1]
    source, _, _ = plain.decode(wire.read_exactly(0, size))
    if _executed(source, _module("__main__"), ends=(SystemExit,)):
        _finish()


def _run_function() -> None:
    """Run a source as a module, then call its function for each input until they end."""
    inputs = _inputs()
    source, entry, limit = plain.decode(next(inputs))
    namespace = _module(_NAME)
    if not _executed(source, namespace, ends=()):
        return
    if entry.partition(".")[0] not in namespace:
        _say(wire.FATAL, "exception", f"the source has no {entry}")
        return
    for body in inputs:
        _answer(namespace, entry, plain.decode(body, is_ours=True), limit)


def _executed(
    source: str, namespace: dict[str, Any], ends: tuple[type[BaseException], ...]
) -> bool:
    """Whether the source ran to its end, or to one of the exceptions that count as one."""
    wire.write_all(ANSWERS, wire.frame(wire.STARTED))
    try:
        code = compile(source, "program.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError) as error:
        _say(wire.FATAL, "syntax", _words(error))
        return False
    # Whatever a program raises is its answer.
    except BaseException as error:  # noqa: BLE001
        _report(wire.FATAL, error)
        return False
    try:
        exec(code, namespace)  # noqa: S102
    except ends:
        pass
    except BaseException as error:  # noqa: BLE001
        _report(wire.FATAL, error)
        return False
    return True


def _module(name: str) -> dict[str, Any]:
    """The namespace of a new module, found under its name as a program expects."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    sys.argv = ["program.py"]
    # Not imported above: the server does that where it can put its fork handler off.
    sys.modules["random"].seed(0)
    return module.__dict__


def _answer(namespace: dict[str, Any], entry: str, arguments: Any, limit: int) -> None:
    try:
        value = _function(namespace, entry)(*arguments)
    except BaseException as error:  # noqa: BLE001
        _report(wire.ERROR, error)
        return
    try:
        body = plain.encode(value, limit)
    except plain.TooLargeError as error:
        _say(wire.ERROR, "output_limit", _words(error))
    except MemoryError as error:
        _report(wire.ERROR, error)
    except BaseException as error:  # noqa: BLE001
        _say(wire.ERROR, "not_plain", _words(error))
    else:
        wire.write_all(ANSWERS, wire.frame(wire.VALUE, body))


def _function(namespace: dict[str, Any], entry: str) -> Callable[..., Any]:
    name, _, method = entry.partition(".")
    found = namespace[name]
    return getattr(found(), method) if method else found  # type: ignore[no-any-return]


def _report(mark: bytes, error: BaseException) -> None:
    kind = "exception"
    if isinstance(error, MemoryError):
        kind = "memory_limit"
    elif isinstance(error, SystemExit):
        kind = "exited"
    _say(mark, kind, _words(error))


def _words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:_DETAIL_CHARACTERS]
    # An exception's words are the program's code too.
    except BaseException:  # noqa: BLE001
        return type(error).__name__[:_DETAIL_CHARACTERS]


def _say(mark: bytes, kind: str, detail: str) -> None:
    wire.write_all(ANSWERS, wire.frame(mark, plain.encode((kind, detail))))


def _finish() -> None:
    """End a script as Python does: its threads, what it left to be done last, what it printed."""
    try:
        # Not imported above either.
        threading = sys.modules["threading"]
        if threading.active_count() > 1:
            threading._shutdown()
        atexit._run_exitfuncs()
        # Files that it left open are written out.
        with suppress(KeyError):
            vars(sys.modules["__main__"]).clear()
        for name in ("stdout", "__stdout__"):
            # One that is closed, detached or gone has nothing left: Python passes over it too.
            with suppress(AttributeError, ValueError):
                getattr(sys, name).flush()
    except BaseException as error:  # noqa: BLE001
        _report(wire.ERROR, error)


def _inputs() -> Iterator[bytes]:
    """The bodies of all frames for a program that is called."""
    received = bytearray()
    while part := os.read(INPUTS, _READ_BYTES):
        received += part
        for _, body in wire.split(received):
            yield body
