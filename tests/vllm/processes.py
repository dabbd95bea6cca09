"""Which processes vLLM started, and whether they are gone."""

import time
from pathlib import Path

LIMIT_S = 30


def family_of(pid: int) -> list[int]:
    """A process with all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family_of(int(child)))]


def is_alive(pid: int) -> bool:
    """Whether it runs; one that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_for_the_end(pids: list[int]) -> None:
    """Until none of them is alive."""
    end = time.monotonic() + LIMIT_S
    while left := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < end, f"{left} were left behind"
        time.sleep(0.1)
