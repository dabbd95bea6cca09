"""A filter of system calls for untrusted programs, as the kernel takes it.

A list of what is refused, not of what is allowed: Python and the C library use different calls
from version to version. Refused is what programs that compute an answer have no use for and what
holes in kernels were found in: other name spaces, mounts, tracing, sockets but local ones, keys,
BPF, io_uring, memory outside the limits. Calls newer than the list do not exist. What becomes of
children is not for a program to say: that call does nothing.

Also runs inside the sandbox, thus imports nothing of the package.
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Sequence
from typing import NamedTuple

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

# Instructions of classic BPF, and where the kernel puts the number, architecture and arguments.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENT_0, _ARGUMENT_1 = 0, 4, 16, 24

# CLONE_NEW* of time, mounts, cgroups, host name, IPC, users, processes, network.
_NEW_NAMESPACES = 0x7E020080
_AF_UNIX = 1
_SIGCHLD = 17
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C


def _step(code: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


# Steps that end with what becomes of a call.
_Verdict = tuple[bytes, ...]
_ERRNO, _KILL = 0x00050000, 0x80000000
_ALLOW: _Verdict = (_step(_RETURN, 0, 0, 0x7FFF0000),)
_REFUSE: _Verdict = (_step(_RETURN, 0, 0, _ERRNO | errno.EPERM),)
_MISSING: _Verdict = (_step(_RETURN, 0, 0, _ERRNO | errno.ENOSYS),)
_PRETEND: _Verdict = (_step(_RETURN, 0, 0, _ERRNO),)


class _Machine(NamedTuple):
    """Numbers of one architecture."""

    audit: int
    sigaction: int
    clone: int
    clone3: int
    socket: int
    ioctl: int
    newest: int
    refused: tuple[int, ...]


# From 424 on, all architectures count alike: pidfd_send_signal, io_uring (3), open_tree,
# move_mount, fsopen, fsconfig, fsmount, fspick, pidfd_getfd, mount_setattr, quotactl_fd,
# memfd_secret, and process_madvise, process_mrelease. The newest known is futex_requeue.
_ALIKE = (424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 440, 442, 443, 447, 448)
_NEWEST = 456

_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        sigaction=13,
        clone=56,
        clone3=435,
        socket=41,
        ioctl=16,
        newest=_NEWEST,
        refused=(
            # shmget shmat shmctl semget semop semctl shmdt msgget msgsnd msgrcv msgctl semtimedop
            29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 220,
            # ptrace syslog personality uselib vhangup modify_ldt pivot_root _sysctl
            101, 103, 135, 134, 153, 154, 155, 156,
            # adjtimex chroot acct settimeofday mount umount2 swapon swapoff reboot
            159, 161, 163, 164, 165, 166, 167, 168, 169,
            # sethostname setdomainname iopl ioperm create_module init_module delete_module
            170, 171, 172, 173, 174, 175, 176,
            # get_kernel_syms query_module quotactl nfsservctl lookup_dcookie clock_settime
            177, 178, 179, 180, 212, 227,
            # mq_open mq_unlink kexec_load add_key request_key keyctl migrate_pages unshare
            240, 241, 246, 248, 249, 250, 256, 272,
            # vmsplice move_pages perf_event_open fanotify_init name_to_handle_at
            278, 279, 298, 300, 303,
            # open_by_handle_at clock_adjtime setns process_vm_readv process_vm_writev kcmp
            304, 305, 308, 310, 311, 312,
            # finit_module memfd_create kexec_file_load bpf userfaultfd
            313, 319, 320, 321, 323, *_ALIKE,
        ),
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        sigaction=134,
        clone=220,
        clone3=435,
        socket=198,
        ioctl=29,
        newest=_NEWEST,
        refused=(
            # lookup_dcookie umount2 mount pivot_root nfsservctl chroot quotactl
            18, 39, 40, 41, 42, 51, 60,
            # vmsplice acct personality unshare kexec_load init_module delete_module
            75, 89, 92, 97, 104, 105, 106,
            # clock_settime syslog ptrace reboot sethostname setdomainname settimeofday adjtimex
            112, 116, 117, 142, 161, 162, 170, 171,
            # mq_open mq_unlink msgget msgctl msgrcv msgsnd semget semctl semtimedop semop
            180, 181, 186, 187, 188, 189, 190, 191, 192, 193,
            # shmget shmctl shmat shmdt add_key request_key keyctl swapon swapoff
            194, 195, 196, 197, 217, 218, 219, 224, 225,
            # migrate_pages move_pages perf_event_open fanotify_init name_to_handle_at
            238, 239, 241, 262, 264,
            # open_by_handle_at clock_adjtime setns process_vm_readv process_vm_writev kcmp
            265, 266, 268, 270, 271, 272,
            # finit_module memfd_create bpf userfaultfd kexec_file_load vhangup
            273, 279, 280, 282, 294, 58, *_ALIKE,
        ),
    ),
}  # fmt: skip


def is_known(machine: str) -> bool:
    """Whether there is a filter for such a machine."""
    return machine in _MACHINES


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Filter:
    """The filter of this machine, ready to be put in place."""

    def __init__(self) -> None:
        """Write it down.

        Raises:
            KeyError: The machine's system calls are not known.
        """
        code = _instructions(_MACHINES[platform.machine()])
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(code) // 8, ctypes.addressof(self._code))

    def enter(self, libc: ctypes.CDLL) -> None:
        """Put it in place for this process and all its children, for good.

        Raises:
            OSError: The kernel refuses.
        """
        if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(self._program), 0, 0):
            raise OSError(ctypes.get_errno(), "seccomp")


def _instructions(machine: _Machine) -> bytes:
    """The filter of a machine: the architecture first, then a search for the call's number.

    A search, because the kernel tries each filter on every number when it is put in place, which
    happens for every program.
    """
    verdicts = dict.fromkeys(machine.refused, _REFUSE) | {machine.clone3: _MISSING}
    for number, argument, test in (
        (machine.clone, _ARGUMENT_0, _step(_ANY_BIT, 0, 1, _NEW_NAMESPACES)),
        (machine.socket, _ARGUMENT_0, _step(_EQUAL, 1, 0, _AF_UNIX)),
        (machine.ioctl, _ARGUMENT_1, _step(_EQUAL, 0, 1, _TIOCSTI)),
        (machine.ioctl, _ARGUMENT_1, _step(_EQUAL, 0, 1, _TIOCLINUX)),
    ):
        loaded = _step(_LOAD, 0, 0, argument)
        verdicts[number] = (loaded, test, _REFUSE[0], *verdicts.get(number, _ALLOW))
    # Of children that nobody has to wait for, nobody learns what they used. Asking what is set,
    # with no action, both halves of whose address are 0 then, is allowed.
    verdicts[machine.sigaction] = (
        *(_step(_LOAD, 0, 0, _ARGUMENT_0), _step(_EQUAL, 0, 5, _SIGCHLD)),
        *(_step(_LOAD, 0, 0, _ARGUMENT_1), _step(_EQUAL, 0, 2, 0)),
        *(_step(_LOAD, 0, 0, _ARGUMENT_1 + 4), _step(_EQUAL, 1, 0, 0)),
        *_PRETEND,
        *_ALLOW,
    )
    found = [verdicts.get(number, _ALLOW) for number in range(machine.newest + 1)]
    # Above are also the numbers of x32, whose 30th bit is set.
    ranges = [(0, found[0])]
    for number, verdict in enumerate([*found, _MISSING]):
        if verdict != ranges[-1][1]:
            ranges.append((number, verdict))
    return b"".join(
        (
            _step(_LOAD, 0, 0, _ARCHITECTURE),
            _step(_EQUAL, 1, 0, machine.audit),
            _step(_RETURN, 0, 0, _KILL),
            _step(_LOAD, 0, 0, _NUMBER),
            *_searched(ranges),
        )
    )


def _searched(ranges: Sequence[tuple[int, _Verdict]]) -> _Verdict:
    """Steps to the verdict on a number: that of the last range that begins at it or below."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _searched(ranges[:middle]), _searched(ranges[middle:])
    return (_step(_AT_LEAST, len(below), 0, ranges[middle][0]), *below, *above)
