"""What a sandbox costs: time per program, programs per second, memory.

Three numbers, each beside what it is to be measured against: the time that a trivial program takes
from hand-over to answer, over its bare ``exec`` in this process (at most 8 ms); the programs per
second of two workers, over an interpreter started for each (at least 4 times); the memory of all
processes together, shared pages counted once (at most 1 GB). The processor time of all that is
done for a program is printed as well: on a machine with other work it says more than the clock.

    python benchmarks/sandbox.py [--programs 300] [--workers 2] [--unsafe]
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from boundary.sandbox import Limits, Output, Pool, Program

MOST_OVERHEAD_S, LEAST_RATIO, MOST_MEMORY_MB = 0.008, 4.0, 1000.0
SOURCE = "def f(x):\n    return x + 1\n"
LIMITS = Limits(wall_s=60)


def go_on(number: int, output: Output) -> bool:
    """Whatever the output."""
    return True


def jobs(count: int, inputs: int = 1) -> Iterator[tuple[Program, object]]:
    """Trivial programs, no two alike."""
    calls = tuple((n,) for n in range(inputs))
    for number in range(count):
        yield Program(f"{SOURCE}# {number}", "f", calls, LIMITS), go_on


def seconds(pool: Pool, count: int, inputs: int = 1) -> float:
    """Seconds per program, all answers seen to be right."""
    start = time.perf_counter()
    done = sum(
        outputs[-1].value == inputs
        for outputs in pool.run(jobs(count, inputs))  # type: ignore[arg-type]
    )
    assert done == count
    return (time.perf_counter() - start) / count


def bare(count: int) -> float:
    """Seconds per program without any protection."""
    start = time.perf_counter()
    for number in range(count):
        scope: dict[str, object] = {}
        exec(compile(f"{SOURCE}# {number}", "program.py", "exec"), scope)  # noqa: S102
        assert scope["f"](0) == 1  # type: ignore[operator]
    return (time.perf_counter() - start) / count


def fresh(count: int) -> float:
    """Seconds per program with an interpreter for each, as many at once as there are workers."""
    start = time.perf_counter()
    for _ in range(0, count, 2):
        pair = [subprocess.Popen([sys.executable, "-c", f"{SOURCE}\nf(0)"]) for _ in range(2)]
        assert not any(process.wait() for process in pair)
    return (time.perf_counter() - start) / count


def processes(pids: tuple[int, ...]) -> set[int]:
    """Processes that descend from some, these included."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def memory_mb(pids: tuple[int, ...]) -> float:
    """Memory of the sandboxes, pages that several share divided among them."""
    total = 0
    for pid in processes(pids):
        # A program that just ended may still be seen off.
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                total += int(line.split()[1]) if line.startswith("Pss:") else 0
    return total / 1024


def worked_s(pids: tuple[int, ...]) -> float:
    """Processor time of the sandboxes and of all programs so far, and of this process."""
    ticks = 0
    for pid in processes(pids):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def main() -> None:
    """Measure, print, and say whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--unsafe", action="store_true")
    options = parser.parse_args()
    count = options.programs
    alone = bare(count)
    with Pool(1, unsafe=options.unsafe) as pool:
        print(f"level: {pool.level}")
        seconds(pool, 10)
        cpu = worked_s(pool.pids)
        one = seconds(pool, count)
        cpu = (worked_s(pool.pids) - cpu) / count
    with Pool(options.workers, unsafe=options.unsafe) as pool:
        seconds(pool, 10 * options.workers)
        many = seconds(pool, 2 * count)
        thousand = seconds(pool, max(4, count // 20), inputs=1000)
        memory = memory_mb(pool.pids)
    started = fresh(count // 3)
    print(f"bare exec: {alone * 1e3:.2f} ms")
    print(f"one sandbox: {one * 1e3:.2f} ms per program, {cpu * 1e3:.2f} ms of work")
    print(f"overhead: {(one - alone) * 1e3:.2f} ms (target {MOST_OVERHEAD_S * 1e3:.0f})")
    print(f"{options.workers} sandboxes: {1 / many:.0f} programs/s, {many * 1e3:.2f} ms each")
    print(f"an interpreter each: {1 / started:.0f} programs/s, {started * 1e3:.2f} ms each")
    print(f"ratio: {started / many:.1f} (target {LEAST_RATIO:.0f})")
    print(f"a program with 1,000 inputs: {thousand * 1e3:.1f} ms")
    print(f"memory: {memory:.0f} MB (target {MOST_MEMORY_MB:.0f})")
    met = (
        one - alone <= MOST_OVERHEAD_S
        and started / many >= LEAST_RATIO
        and memory <= MOST_MEMORY_MB
    )
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
