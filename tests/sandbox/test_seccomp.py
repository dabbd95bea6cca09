"""The filter, run step by step as the kernel does it, on every call of both machines."""

import errno
import signal
import struct
from collections.abc import Callable

import pytest

from boundary.sandbox import seccomp

ALLOWED, KILLED = "allowed", "killed"
X32 = 1 << 30
NEW_USER, NEW_PROCESSES, THREAD = 0x10000000, 0x20000000, 0x3D0F00


def judged(machine: str, number: int, *arguments: int, audit: int | None = None) -> str | int:
    """What becomes of a call: an error's number, or a word."""
    known = seccomp._MACHINES[machine]
    filled = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    call = struct.pack("=IIQ6Q", number, audit or known.audit, 0, *filled)
    steps = list(struct.iter_unpack("=HBBI", seccomp._instructions(known)))
    at = held = 0
    tests: dict[int, Callable[[int, int], bool]] = {
        0x15: lambda left, right: left == right,
        0x35: lambda left, right: left >= right,
        0x45: lambda left, right: bool(left & right),
    }
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == 0x06:
            break
        if code == 0x20:
            (held,) = struct.unpack_from("=I", call, value)
        else:
            at += yes if tests[code](held, value) else no
    if value == 0x7FFF0000:
        return ALLOWED
    return KILLED if value == 0x80000000 else value & 0xFFFF


@pytest.mark.parametrize("machine", seccomp._MACHINES)
def test_each_call_has_the_verdict_of_the_list(machine: str) -> None:
    known = seccomp._MACHINES[machine]
    # With arguments that harm nobody: a local socket, a thread.
    for number in range(known.newest + 100):
        wanted: str | int = errno.EPERM if number in known.refused else ALLOWED
        if number == known.clone3 or number > known.newest:
            wanted = errno.ENOSYS
        arguments = (1,) if number == known.socket else (THREAD, 0)
        assert judged(machine, number, *arguments) == wanted, number


@pytest.mark.parametrize("machine", seccomp._MACHINES)
def test_arguments_that_are_refused(machine: str) -> None:
    known = seccomp._MACHINES[machine]
    for flags in (NEW_USER, NEW_PROCESSES, THREAD | NEW_USER):
        assert judged(machine, known.clone, flags) == errno.EPERM
    for family in (0, 2, 10, 16, 17, 40):
        assert judged(machine, known.socket, family) == errno.EPERM
    for request in (0x5412, 0x541C):
        assert judged(machine, known.ioctl, 0, request) == errno.EPERM
    assert judged(machine, known.ioctl, 0, 0x5401) == ALLOWED


@pytest.mark.parametrize("machine", seccomp._MACHINES)
def test_what_becomes_of_children_cannot_be_changed(machine: str) -> None:
    known = seccomp._MACHINES[machine]
    for action in (1, 1 << 32, (1 << 40) + 1):
        verdicts = {n: judged(machine, known.sigaction, n, action) for n in range(1, 65)}
        # It returns 0, and has done nothing.
        assert verdicts.pop(signal.SIGCHLD) == 0
        assert set(verdicts.values()) == {ALLOWED}
    # What is set may be asked.
    assert judged(machine, known.sigaction, signal.SIGCHLD, 0) == ALLOWED


def test_other_ways_to_call_are_closed() -> None:
    known = seccomp._MACHINES["x86_64"]
    assert judged("x86_64", X32 | known.socket, 1) == errno.ENOSYS
    assert judged("x86_64", 2**32 - 1) == errno.ENOSYS
    assert judged("x86_64", 0, audit=0x40000003) == KILLED


def test_the_search_is_short() -> None:
    """The kernel takes the filter through all its numbers for every program."""
    for known in seccomp._MACHINES.values():
        assert len(seccomp._instructions(known)) // 8 < 200
