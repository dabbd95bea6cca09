"""What a process leaves behind when it is killed: nothing that its guard knew of."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PARENT = """
import os, subprocess, sys, time
from boundary.engines.guard import Guard
def sleeper():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
before = sleeper()
guard = Guard(os.getpid())
during = sleeper()
time.sleep(1 * (sys.argv[1] == "loaded"))
if sys.argv[1] == "loaded":
    guard.loaded()
after = sleeper()
time.sleep(1)
print(before.pid, during.pid, after.pid, guard._process.pid, flush=True)
if sys.argv[1] == "closed":
    guard.close()
    print("closed", flush=True)
time.sleep(100)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def left_of(kind: str) -> list[bool]:
    """Which of the children live on when their parent is killed: before, during, after, guard."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, kind], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        if kind == "closed":
            assert parent.stdout.readline() == "closed\n"
        parent.kill()
        parent.wait()
    end = time.monotonic() + 5
    while is_alive(pids[-1]) and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.1)
    alive = [is_alive(pid) for pid in pids]
    for pid, lives in zip(pids, alive, strict=True):
        if lives:
            os.kill(pid, signal.SIGKILL)
    return alive


def test_processes_of_a_load_end_with_their_parent() -> None:
    assert left_of("loading") == [True, False, False, False]


def test_later_ones_are_not_its_concern() -> None:
    assert left_of("loaded") == [True, False, True, False]


def test_a_closed_guard_lets_go_of_all() -> None:
    assert left_of("closed") == [True, True, True, False]
