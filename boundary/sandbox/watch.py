"""What a program uses, as seen from outside it.

Time limits are judged by processor time. The clock on the wall ends only what sleeps: time that a
program is ready to run, or waits for the disk or for its parent, is not counted, so that a busy
machine turns no right answer wrong. To wait for another of its own threads or processes is sleep,
in whatever state it does so.

Also runs inside the sandbox, thus imports nothing of the package.
"""

import os
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

# Between two looks: short at first, when little is lost, later so that looking costs nothing.
_TICK_S, _SHORT_TICK_S, _MIN_TICK_S = 0.1, 0.02, 0.002

# A program that got nowhere for so many times its limits was not tried at all.
_STARVED_FACTOR = 20

# States of threads that have ended.
_GONE = "ZX"

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Base:
    """What is there without any program.

    Attributes:
        address_bytes: Address space of an idle interpreter.
        memory_bytes: Memory that it holds, most of it shared.
        processes: Processes of the same user that a limit on their number counts as well.
        others: Processes in sight that belong to no program; None where there are many.
    """

    address_bytes: int
    memory_bytes: int
    processes: int
    others: frozenset[int] | None

    @classmethod
    def measured(cls, *, is_isolated: bool) -> "Base":
        """As it is for this process now, while there is no program."""
        address, memory = 0, 0
        with suppress(OSError):
            address, memory = map(int, (_PROC / "self/statm").read_text().split()[:2])
        others = frozenset(_processes()) if is_isolated else None
        processes = 0 if is_isolated else _tasks_of(os.getuid())
        return cls(address * _PAGE, memory * _PAGE, processes, others)


class Use(NamedTuple):
    """What a program used so far, and whether all its threads sleep just now."""

    cpu_s: float
    memory_bytes: int
    is_asleep: bool


class Kin(NamedTuple):
    """A thread of a program: its process, the parent of that, and its state."""

    pid: int
    parent: int
    state: str


def is_asleep(kin: Collection[Kin], server: int) -> bool:
    """Whether none of a program's threads is ready to run, or would be but for the disk.

    One that waits for another to end (``vfork``, or ``clone`` with its flag) looks like one that
    waits for the disk. It is none where there may be such another: a thread of the same process,
    a child, or, as ``clone`` can make them too, a sister.

    Args:
        kin: Threads that have not ended.
        server: The parent of the first process, whose other children are not the program's.
    """
    threads = Counter(one.pid for one in kin)
    children = Counter(parent for _, parent in {one[:2] for one in kin})
    for pid, parent, state in kin:
        others = threads[pid] - 1 + children[pid]
        others += children[parent] - 1 if parent != server else 0
        if state == "R" or (state == "D" and not others):
            return False
    return True


class Watch:
    """Keeps an eye on one program.

    Args:
        pid: Its first process.
        order: Its limits: ``cpu_s``, ``wall_s``, ``memory_mb``.
        base: What is there without it.

    Attributes:
        slept_s: Seconds that all of it slept, for no reason but its own.
    """

    def __init__(self, pid: int, order: dict[str, Any], base: Base) -> None:
        self.pid = pid
        self._order = order
        self._base = base
        self._server = _own_number()
        self._born = time.monotonic()
        self._last = self._others_s = 0.0
        self._seen: dict[int, float] = {}
        self._looked_at = self._born
        self.slept_s = 0.0
        self._look_at = self._born + _SHORT_TICK_S
        self.start_anew()
        # There is no input before the first.
        self._is_anew = False

    def start_anew(self) -> None:
        """Count processor time from here on, as for a new input."""
        self._cpu_since = self.used_s()
        self._is_anew = True
        self._lasted_s = 0.0

    def excuse(self, seconds: float) -> None:
        """Leave out time that the program had to wait for others."""
        self._looked_at += seconds

    def next_s(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._look_at - time.monotonic())

    def used_s(self) -> float:
        """Processor time so far: of its first process by now, of the others by the last look."""
        return self._own_s() + self._others_s

    def _own_s(self) -> float:
        """Processor time of its first process so far, all threads together."""
        with suppress(OSError):
            # The clock of another process, as clock_getcpuclockid makes it.
            self._last = time.clock_gettime((~self.pid << 3) | 2)
        return self._last

    def look(self, *, is_waiting: bool) -> str:
        """The limit that is passed: ``cpu``, ``wall``, ``memory``, ``starved``; or nothing.

        Args:
            is_waiting: Whether there is nothing for the program to do.
        """
        now = time.monotonic()
        if now < self._look_at:
            return ""
        known_s = self._others_s
        use = self._use()
        if self._is_anew:
            # What its children used since the look before may have been for the input before.
            self._cpu_since += self._others_s - known_s
            self._is_anew = False
        # Who looks may have slept too.
        since = max(0.0, min(now - self._looked_at, 2 * _TICK_S)) if not is_waiting else 0.0
        self._looked_at = now
        self._lasted_s += since
        self.slept_s += since if use.is_asleep else 0.0
        left = self._order["cpu_s"] - (use.cpu_s - self._cpu_since)
        tick = _SHORT_TICK_S if now < self._born + _TICK_S else _TICK_S
        self._look_at = now + max(_MIN_TICK_S, min(tick, left))
        return self._passed(left, use.memory_bytes)

    def _passed(self, left_s: float, memory_bytes: int) -> str:
        wall_s = self._order["wall_s"]
        if left_s <= 0:
            return "cpu"
        if memory_bytes > self._order["memory_mb"] * 2**20:
            return "memory"
        if self.slept_s > wall_s:
            return "wall"
        return "starved" if self._lasted_s > _STARVED_FACTOR * (wall_s + left_s) else ""

    def _use(self) -> Use:
        """Of all its processes."""
        children_s, memory = 0.0, 0
        kin: list[Kin] = []
        # Parents mostly first: a child that they have waited for in between is not counted twice.
        for pid in sorted(self._pids()):
            with suppress(OSError, ValueError, IndexError):
                fields = _stat(_PROC / str(pid))
                threads = [thread for thread in _threads(pid, fields) if thread[0] not in _GONE]
                own, reaped = _seconds(fields[11:13]), _seconds(fields[13:15])
                # The first process, the server's child, has a finer clock.
                if int(fields[1]) != self._server:
                    self._seen[pid] = own
                    children_s += own
                children_s += reaped
                # They share it, but for the first one, which has none once it has ended.
                held = max((int(thread[21]) for thread in threads), default=0)
                memory += max(0, held * _PAGE - self._base.memory_bytes)
                kin += [Kin(pid, int(fields[1]), thread[0]) for thread in threads]
        if self._base.others is None:
            kin += [Kin(child, self.pid, "S") for child in _children(self.pid)]
        # Children that nobody waits for count as far as they were seen.
        self._others_s = max(self._others_s, children_s, sum(self._seen.values()))
        return Use(self.used_s(), memory, is_asleep(kin, self._server))

    def _pids(self) -> Iterator[int]:
        """Its processes, as /proc numbers them."""
        if self._base.others is None:
            yield self.pid
        else:
            yield from _processes() - self._base.others


def _processes() -> set[int]:
    with suppress(OSError):
        return {int(name) for name in os.listdir(_PROC) if name.isdigit()}  # noqa: PTH208
    return set()


def _seconds(ticks: list[str]) -> float:
    return sum(map(int, ticks)) / _TICKS_PER_S


def _threads(pid: int, fields: list[str]) -> Iterator[list[str]]:
    """The fields of each thread of a process, whose own are those of its first."""
    if int(fields[17]) == 1:
        yield fields
        return
    for task in (_PROC / str(pid) / "task").iterdir():
        with suppress(OSError):
            yield _stat(task)


def _children(pid: int) -> list[int]:
    """Children of a process, as far as the kernel tells."""
    with suppress(OSError):
        files = (_PROC / str(pid)).glob("task/*/children")
        return [int(child) for file in files for child in file.read_text().split()]
    return []


def _stat(folder: Path) -> list[str]:
    """Fields of a process from its state on: what comes before may hold any character."""
    return (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()


def _tasks_of(user: int) -> int:
    """Threads of all a user's processes."""
    count = 0
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError):
            if folder.stat().st_uid == user:
                count += len(list((folder / "task").iterdir()))
    return count


def _own_number() -> int:
    """This process as /proc numbers it, which may be from outside its name space."""
    try:
        return int(os.readlink(_PROC / "self"))  # noqa: PTH115
    except OSError:
        return os.getpid()
