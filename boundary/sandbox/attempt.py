"""One run of a program in a sandbox: what is sent, what comes back, what that means."""

import json
import math
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from boundary.sandbox import plain, wire
from boundary.sandbox.program import Check, Output, Program, prepare, seal_of

# What a program may report of itself; the limits that are seen from outside it may not.
_REPORTED = ("exception", "syntax", "memory_limit", "output_limit", "not_plain", "exited")

_MAX_DETAIL = 300
_NO_ANSWER = "no answer, but other bytes"
# Bytes of a frame of an error, whatever the program put into it.
_MAX_ERROR_BYTES = 1 << 14


class SandboxFailedError(Exception):
    """The sandbox failed, not the program: it is to be tried again."""


@dataclass(slots=True, eq=False)
class Task:
    """A program, and the outputs that it has so far; they outlast a failed attempt.

    Attributes:
        keep: Whether ``outputs`` have what came out, once it was checked.
        failures: Sandboxes that failed on it.
        slept_s: Seconds that its runs have slept, where each input has a run of its own.
        is_done: Whether ``outputs`` are all there will be.
    """

    program: Program
    check: Check
    keep: bool = True
    outputs: list[Output] = field(default_factory=list)
    failures: int = 0
    slept_s: float = 0.0
    is_done: bool = False

    def add(self, number: int, output: Output) -> bool:
        """Keep the output for an input; whether the program is to go on.

        An output that an earlier attempt has given was checked then.
        """
        if number >= len(self.outputs):
            self.outputs.append(output if self.keep else output.emptied())
            if not self.check(number, output):
                self.is_done = True
        self.is_done = self.is_done or len(self.outputs) == len(self.program.inputs)
        return not self.is_done

    def fail(self, error: str, detail: str) -> None:
        """End it with an error in place of the next output."""
        self.add(len(self.outputs), Output(error=error, detail=detail))
        self.is_done = True


class Attempt:
    """A run of a task on one server: all its calls, or its source with one standard input.

    Args:
        task: What to run.
        is_isolated: Whether the program cannot have killed itself.
    """

    def __init__(self, task: Task, *, is_isolated: bool) -> None:
        self.task = task
        self.is_over = False
        self._is_isolated = is_isolated
        self._is_function = task.program.entry is not None
        # A repeated call may depend on those before it, a repeated run does not.
        self._number = 0 if self._is_function else len(task.outputs)
        self._is_started = False
        self._answers = bytearray()
        self._printed = bytearray()
        self._report: Output | None = None
        self._cpu_s = 0.0
        self._most_cpu_s = 0.0

    def orders(self) -> Iterator[bytes]:
        """Bytes to send, made as they are asked for."""
        yield wire.frame(wire.BEGIN, json.dumps(self._order()).encode())
        yield from wire.chunks(self._data())
        yield wire.frame(wire.END)

    def _data(self) -> Iterator[bytes]:
        """What goes to the program: its source, then all calls, or one standard input."""
        program = self.task.program
        limit = program.limits.output_kb * 1024
        yield wire.frame(wire.VALUE, plain.encode((program.source, program.entry, limit)))
        if not self._is_function:
            yield program.inputs[self._number].encode("utf-8", "surrogatepass")
            return
        if program.prepared is not None:
            yield program.prepared
            return
        for arguments in program.inputs:
            yield prepare((tuple(arguments),))

    def _order(self) -> dict[str, Any]:
        program, limits = self.task.program, self.task.program.limits
        cpu_s = limits.cpu_s
        if not limits.per_input and not self._is_function:
            cpu_s -= sum(output.cpu_s for output in self.task.outputs)
        calls = len(program.inputs) if limits.per_input and self._is_function else 1
        self._most_cpu_s = max(0.0, cpu_s * calls)
        return {
            "function": self._is_function,
            "numpy": "numpy" in program.source,
            "wall_s": max(0.0, limits.wall_s - self.task.slept_s),
            "cpu_s": cpu_s,
            "cpu_ceiling_s": math.ceil(self._most_cpu_s) + 1,
            "memory_mb": limits.memory_mb,
            "processes": limits.processes,
            "file_mb": limits.file_mb,
            "open_files": limits.open_files,
            "per_input": limits.per_input,
        }

    def take(self, mark: bytes, body: bytes) -> bool:
        """Take in what the server says of the program; whether that is all there is to know.

        Raises:
            SandboxFailedError: The server is at fault.
        """
        if mark == wire.DONE:
            done = json.loads(body)
            self.task.slept_s += done["slept_s"]
            self._end(done)
        elif mark == wire.PRINTED and not self.is_over:
            self._print(body[wire.CPU.size :])
        elif mark == wire.ANSWERED and not self.is_over:
            (cpu_s,) = wire.CPU.unpack_from(body)
            self._answers += memoryview(body)[wire.CPU.size :]
            self._read(cpu_s)
        return self.is_over

    def _print(self, part: bytes) -> None:
        limit = self.task.program.limits.output_kb * 1024
        self._printed += part
        if len(self._printed) > limit:
            del self._printed[limit:]
            self._settle(self._failure("output_limit", f"more than {limit} bytes"), is_last=True)

    def _read(self, cpu_s: float) -> None:
        """Take the whole frames off what the program wrote, and nothing on trust."""
        while not self.is_over and len(self._answers) >= wire.HEADER.size:
            mark, size = wire.HEADER.unpack_from(self._answers)
            is_value = mark == wire.VALUE and self._is_function
            limit = self.task.program.limits.output_kb * 1024 if is_value else _MAX_ERROR_BYTES
            if size > limit:
                self._settle(self._failure("output_limit", f"{size} bytes"), is_last=True)
                return
            end = wire.HEADER.size + size
            if len(self._answers) < end:
                return
            body = wire.taken(self._answers, wire.HEADER.size, end)
            self._frame(mark, body, cpu_s)

    def _frame(self, mark: bytes, body: bytes, cpu_s: float) -> None:
        if mark == wire.STARTED and not self._is_started:
            self._is_started = True
            return
        if not self._is_function and (mark == wire.VALUE or self._report):
            # A script says once what went wrong, and never what is right.
            self._settle(self._report or self._failure("not_plain", _NO_ANSWER), is_last=True)
            return
        used_s = max(0.0, cpu_s - self._cpu_s) if self._is_function else 0.0
        seal = seal_of(body) if mark == wire.VALUE else b""
        if seal and seal == self._wanted_seal():
            output = Output(cpu_s=used_s, seal=seal, is_sealed=True)
        else:
            output = _output(mark, body, used_s, seal)
        if not self._is_function:
            # What it printed may still be on the way.
            self._report = output
            return
        self._cpu_s += used_s
        self._settle(output, is_last=mark not in (wire.VALUE, wire.ERROR))

    def _wanted_seal(self) -> bytes | None:
        seals = self.task.program.seals
        return seals[self._number] if self._number < len(seals) else None

    def _settle(self, output: Output, *, is_last: bool) -> None:
        """Keep an output; the program is over with its last one, or if the check says so."""
        self.is_over = not self.task.add(self._number, output) or is_last
        self._number += 1
        if is_last:
            self.task.is_done = self.task.is_done or self._is_function

    def _end(self, done: dict[str, Any]) -> None:
        if self.is_over:
            return
        if done["status"] is None or not self._is_started or done["why"] == "starved":
            raise SandboxFailedError(done["why"] or "no program was started")
        cpu_s = max(0.0, done["cpu_s"] - self._cpu_s)
        output = replace(self._last(done), cpu_s=cpu_s)
        self._settle(output, is_last=True)

    def _last(self, done: dict[str, Any]) -> Output:
        """What the end of the program's process means for the input it was at."""
        status = done["status"]
        if done["why"]:
            return self._passed(done["why"])
        if os.WIFSIGNALED(status):
            return self._killed(os.WTERMSIG(status), done["cpu_s"])
        if self._is_function:
            return self._failure("exited", f"ended with status {os.WEXITSTATUS(status)}")
        report = self._report or Output()
        text = self._printed.decode("utf-8", "replace")
        return replace(report, stdout=text, value=None if report.error else text)

    def _passed(self, limit: str) -> Output:
        limits = self.task.program.limits
        if limit == "memory":
            return self._failure("memory_limit", f"more than {limits.memory_mb} MB")
        if limit == "wall":
            return self._failure("time_limit", f"more than {limits.wall_s:g} s by the clock")
        return self._failure("time_limit", f"more than {limits.cpu_s:g} s of processor time")

    def _killed(self, number: int, cpu_s: float) -> Output:
        if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu_s >= self._most_cpu_s):
            return self._passed("cpu")
        if number == signal.SIGKILL and self._is_isolated:
            # No program can do that to itself there, but by a limit: that one has a name above.
            raise SandboxFailedError("the program was killed from outside")
        return self._failure("exited", f"ended by signal {number}")

    def _failure(self, error: str, detail: str) -> Output:
        text = self._printed.decode("utf-8", "replace")
        return Output(stdout=text, error=error, detail=detail)


def _output(mark: bytes, body: bytes, cpu_s: float, seal: bytes) -> Output:
    """What a program says it made of an input."""
    try:
        found = plain.decode(body)
    except plain.NotPlainError as error:
        return Output(error="not_plain", detail=str(error), cpu_s=cpu_s)
    if mark == wire.VALUE:
        return Output(value=found, cpu_s=cpu_s, seal=seal)
    if mark in (wire.ERROR, wire.FATAL) and type(found) is tuple and len(found) == 2:
        kind, detail = found
        if kind in _REPORTED and type(detail) is str:
            return Output(error=kind, detail=detail[:_MAX_DETAIL], cpu_s=cpu_s)
    return Output(error="not_plain", detail=_NO_ANSWER, cpu_s=cpu_s)
