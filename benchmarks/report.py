"""The report of 500 problems, three arms and n = 128: how long, how much memory, how large.

The runs are drawn by the fake engine, answers of about 2 to 7 kB, all distinct, and kept with
``--folder``. Building is measured as the command itself, with the kernel's own figure of its peak
memory, beside pyarrow alone reading the same texts; opening is the load event of headless Chromium
beside that of a page of as many bytes that holds nothing but text.

    python benchmarks/report.py [--problems 500] [--folder DIR]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
N, TURNS = 128, 3
ARMS = {"base": 0.1, "rl": 0.3, "distill": 0.35}
LAW = "tokens=900,words=5000"
MOST_S, MOST_MB, MOST_BYTES, MOST_LOAD_S = 60.0, 1000.0, 15e6, 2.0
READ = """
import sys, time
from pathlib import Path
import pyarrow.parquet as pq
for part in sorted(Path(sys.argv[1]).glob("*/samples/*.parquet")):
    pq.read_table(part, columns=["problem_id", "index", "text"])
"""


def main() -> int:
    """Print the figures; exit 1 where a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--folder", type=Path, help="Where the runs go; kept if given.")
    options = parser.parse_args()
    where = options.folder or Path(tempfile.mkdtemp(prefix="boundary-report-"))
    where.mkdir(parents=True, exist_ok=True)
    try:
        return 0 if measure(where.resolve(), options.problems) else 1
    finally:
        if not options.folder:
            shutil.rmtree(where)


def measure(where: Path, problems: int) -> bool:
    """Draw what is missing, build and open in turns; whether all limits hold."""
    print(f"load average before: {os.getloadavg()[0]:.1f}")
    draw(where, problems)
    runs = sorted(str(path.parent) for path in (where / "runs").glob("*/manifest.json"))
    built, read = [], []
    for _ in range(TURNS):
        built.append(child(where, ["-m", "boundary", "report", *runs, "--out", "page"]))
        read.append(child(where, ["-c", READ, "runs"]))
    page = where / "page" / "report.html"
    size = page.stat().st_size
    plain = where / "plain.html"
    plain.write_text("<!doctype html><pre>" + ("x" * 99 + "\n") * (size // 100))
    seconds, own, peak = (statistics.median(column) for column in zip(*built, strict=True))
    alone = statistics.median(row[0] for row in read)
    print(
        f"{problems} problems, {len(ARMS)} arms, n = {N}\n"
        f"build: {seconds:.1f} s ({', '.join(f'{row[0]:.1f}' for row in built)} s), of the"
        f" processor {own:.1f} s; {peak:.0f} MB; pyarrow alone reading the texts {alone:.1f} s\n"
        f"size: {size / 1e6:.1f} MB"
    )
    loads, plains, opens = opened(page, plain)
    load = statistics.median(loads)
    print(
        f"load event: {load:.2f} s ({', '.join(f'{s:.2f}' for s in loads)} s);"
        f" a page of as many bytes of text {statistics.median(plains):.2f} s\n"
        f"a problem opened: {statistics.median(opens):.3f} s\n"
        f"load average after: {os.getloadavg()[0]:.1f}"
    )
    return seconds <= MOST_S and peak <= MOST_MB and size <= MOST_BYTES and load <= MOST_LOAD_S


def draw(where: Path, problems: int) -> None:
    """The suite and its runs, continued where they stopped."""
    ask = "A number is drawn, and one is added to it before it is told to you. "
    rows = (
        {"id": f"p{i:03}", "problem": f"{ask * 3}What is {i} + 1?", "answer": str(i + 1)}
        for i in range(problems)
    )
    (where / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    own = ["--suite", "sums.jsonl", "--verifier", "exact", "--template", "qwen-boxed"]
    for p in ARMS.values():
        start = ["-m", "boundary", "sample", f"fake/p={p},{LAW}", *own, "-n", str(N)]
        child(where, [*start, "--results", "runs"])


def child(where: Path, command: list[str]) -> tuple[float, float, float]:
    """Seconds by the clock and of the processor, and peak memory in MB, of a Python process.

    Raises:
        SystemExit: It failed; its own words are the message.
    """
    began = time.perf_counter()
    started = subprocess.Popen(
        [sys.executable, *command],
        cwd=where,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr is not None
    told = started.stderr.read()
    _, status, usage = os.wait4(started.pid, 0)
    if status:
        raise SystemExit(told)
    own = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - began, own, usage.ru_maxrss * 1024 / 1e6


def opened(page: Path, plain: Path) -> tuple[list[float], list[float], list[float]]:
    """Seconds to the load event of both pages, and until a problem shows its answers."""
    loads, plains, opens = [], [], []
    with chromium() as driver:
        load(driver, plain)  # the first page of a new browser pays for its start
        for turn in range(TURNS):
            loads.append(load(driver, page))
            began = time.perf_counter()
            row = f"document.querySelectorAll('.problem')[{turn}]"
            driver.execute_script(f"{row}.open = true")
            while not driver.execute_script(f"return {row}.matches('[data-filled]')"):
                time.sleep(0.002)
            opens.append(time.perf_counter() - began)
            plains.append(load(driver, plain))
    return loads, plains, opens


def load(driver: Any, page: Path) -> float:
    """Seconds from asking for a page to the end of its load event."""
    driver.get("about:blank")
    driver.get(page.as_uri())
    timing = "return performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"
    while not (seconds := driver.execute_script(timing)):
        time.sleep(0.01)
    return float(seconds)


@contextmanager
def chromium() -> Iterator[Any]:
    """The headless browser of the tests."""
    sys.path.insert(0, str(ROOT))
    from tests.page import browser

    with tempfile.TemporaryDirectory() as profile:
        yield from browser.start(Path(profile))


if __name__ == "__main__":
    raise SystemExit(main())
