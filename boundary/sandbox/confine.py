"""What a process gives up before an untrusted program runs in it.

Also runs inside the sandbox, thus imports nothing of the package but its fellows there.
"""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

from boundary.sandbox.seccomp import Filter
from boundary.sandbox.watch import Base

# Nobody: who the server and its programs are, whoever starts them.
NOBODY = 65534

_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVILEGES = 1, 4, 38
_NEW_MOUNTS, _NEW_IPC, _NEW_USERS, _NEW_PROCESSES = 0x20000, 0x8000000, 0x10000000, 0x20000000
_NO_SUID, _NO_DEVICES, _READ_ONLY = 2, 4, 1
_CAPABILITIES_VERSION = 0x20080522
_STACK_BYTES = 64 * 2**20
_FILES = 1024
# Looked up once, and not in each program's process.
_CALLED = ("unshare", "setns", "mount", "prctl", "capset")


class Confinement:
    """The calls of the C library, ready before any program runs.

    Args:
        is_isolated: Whether each program gets name spaces of its own, and its calls are filtered.
    """

    def __init__(self, *, is_isolated: bool) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._is_isolated = is_isolated
        self._filter = None
        self._own_processes = -1
        if is_isolated:
            for name in _CALLED:
                getattr(self._libc, name)
            with suppress(KeyError):
                self._filter = Filter()

    def settle(self) -> None:
        """Move the server where it may make name spaces, whoever it was, and out of sight.

        Root becomes nobody first: the limit on processes does not hold for root, under whatever
        number a name space knows it. This process only waits for the one that goes on.
        """
        self.die_with_parent()
        if not self._is_isolated:
            return
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        self._enter(_NEW_USERS | _NEW_PROCESSES)
        if pid := os.fork():
            os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF)
        self.die_with_parent()
        self._libc.prctl(_DUMPABLE, 0, 0, 0, 0)
        self._own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def fork(self) -> int:
        """Fork; the child is the first process of a name space of its own.

        When it ends, the kernel ends all the others there.
        """
        if not self._is_isolated:
            return os.fork()
        self._call("unshare", _NEW_PROCESSES)
        if pid := os.fork():
            self._call("setns", self._own_processes, _NEW_PROCESSES)
            return pid
        return 0

    def leave(self, order: dict[str, Any], base: Base) -> None:
        """In the child: leave this world for one with empty folders, few rights and limits."""
        if self._is_isolated:
            self._enter(_NEW_USERS | _NEW_MOUNTS | _NEW_IPC)
            # When memory runs out, the kernel is to take a program, not the sandbox.
            _put("/proc/self/oom_score_adj", "1000")
            self._empty_folders(order["file_mb"])
        _set_limits(order, base)
        self.die_with_parent()
        if self._is_isolated:
            self._give_up_rights()

    def die_with_parent(self) -> None:
        """Have the kernel end this process with its parent."""
        if sys.platform == "linux":
            self._libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    def _enter(self, namespaces: int) -> None:
        user, group = os.geteuid(), os.getegid()
        self._call("unshare", namespaces)
        # Files of /proc are root's where a process may not be looked into.
        self._libc.prctl(_DUMPABLE, 1, 0, 0, 0)
        _put("/proc/self/setgroups", "deny")
        _put("/proc/self/uid_map", f"{NOBODY} {user} 1")
        _put("/proc/self/gid_map", f"{NOBODY} {group} 1")

    def _empty_folders(self, file_mb: int) -> None:
        options = f"size={file_mb}m,nr_inodes={_FILES},mode=1777".encode()
        flags = _NO_SUID | _NO_DEVICES
        self._call("mount", b"tmpfs", b"/tmp", b"tmpfs", flags, options)
        self._call("mount", b"tmpfs", b"/dev/shm", b"tmpfs", flags, options)
        # No processes to look up, no memory to read, no settings of the kernel.
        options = b"size=4k,nr_inodes=1,mode=555"
        self._call("mount", b"tmpfs", b"/proc", b"tmpfs", flags | _READ_ONLY, options)

    def _give_up_rights(self) -> None:
        """Every capability, the chance of one by starting a program, and calls of the system."""
        header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
        self._call("capset", header, (ctypes.c_uint32 * 6)())
        self._call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        if self._filter:
            self._filter.enter(self._libc)

    def _call(self, name: str, *arguments: object) -> None:
        if getattr(self._libc, name)(*arguments):
            number = ctypes.get_errno()
            raise OSError(number, f"{name}: {os.strerror(number)}")


def _set_limits(order: dict[str, Any], base: Base) -> None:
    """Have the kernel hold this process and its children to the limits."""
    wanted = {
        resource.RLIMIT_CPU: order["cpu_ceiling_s"],
        resource.RLIMIT_AS: base.address_bytes + order["memory_mb"] * 2**20,
        resource.RLIMIT_STACK: _STACK_BYTES,
        resource.RLIMIT_FSIZE: order["file_mb"] * 2**20,
        resource.RLIMIT_NOFILE: order["open_files"],
        resource.RLIMIT_NPROC: base.processes + order["processes"],
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        # Scripts ask for all the stack there may be; what it takes counts as memory.
        resource.setrlimit(kind, (value, most if kind == resource.RLIMIT_STACK else value))


def _put(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
