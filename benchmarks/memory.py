"""Memory and time of a run of a million samples: drawn, judged, counted, compared, continued.

Every command runs as a child of its own, the two that draw side by side, at a tenth of the size
and in full, and its peak memory is the kernel's own figure. The answers come from the fake engine:
500 tokens, about 2,000 characters of words drawn from 5,000, all distinct.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from boundary.engines import Decoding, EngineConfig, Request, create
from boundary.records import Draw, Problem, Sample
from boundary.store import schema
from boundary.store.files import Folder
from boundary.store.parts import PartWriter, read_parts

_PROBLEMS = 1000
_LAW = "tokens=500,words=5000,spread=0"
_LIMIT_MB, _FLAT, _WRITE, _RESUME_S = 700, 1.2, 3.0, 5.0
_FIRST_REQUEST = """
import sys, time
from boundary.engines.fake import FakeEngine
began = time.time()
own = FakeEngine.generate
def generate(self, requests, *rest):
    def told():
        for request in requests:
            sys.stderr.write(f"first request after {time.time() - began:.2f} s\\n")
            yield request
            break
        yield from requests
    return own(self, told(), *rest)
FakeEngine.generate = generate
from boundary.cli import main
main()
"""


def main() -> int:
    """Print the table; exit 1 where a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="Where the runs go; kept if given.")
    options = parser.parse_args()
    where = options.folder or Path(tempfile.mkdtemp(prefix="boundary-memory-"))
    where.mkdir(parents=True, exist_ok=True)
    try:
        return _report(where, options.samples)
    finally:
        if not options.folder:
            shutil.rmtree(where)


def _report(where: Path, samples: int) -> int:
    _write_suite(where)
    peaks = {size: _commands(where, size) for size in (samples // 10, samples)}
    fine = True
    small, large = peaks.values()
    print(f"\npeak memory in MB and seconds, {samples // 10:,} and {samples:,} samples")
    for name in large:
        ratio = large[name][0] / small[name][0]
        fine &= large[name][0] <= _LIMIT_MB and ratio <= _FLAT
        print(
            f"  {name:14} {small[name][0]:5.0f} MB {small[name][1]:7.1f} s"
            f"   {large[name][0]:5.0f} MB {large[name][1]:7.1f} s   ratio {ratio:.2f}"
        )
    resumed = _resume(where, samples)
    fine &= resumed <= _RESUME_S
    print(f"first new request of a run with {samples:,} samples on disk: {resumed:.1f} s")
    ratio = _writing(where, samples)
    fine &= ratio <= _WRITE
    return 0 if fine else 1


def _write_suite(where: Path) -> None:
    rows = ({"id": f"p{i}", "problem": f"{i} + 1?", "answer": str(i + 1)} for i in range(_PROBLEMS))
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (where / "sums.jsonl").write_text(text)


def _sample(model: str, n: int) -> list[str]:
    own = ["--suite", "sums.jsonl", "--verifier", "exact", "--template", "qwen-boxed"]
    return ["sample", model, *own, "-n", str(n)]


def _commands(where: Path, samples: int) -> dict[str, tuple[float, float]]:
    """Peak memory (MB) and seconds of each command."""
    n, results = samples // _PROBLEMS, f"runs-{samples}"
    models = (f"fake/p=0.2,{_LAW}", f"fake/p=0.4,{_LAW}")
    commands = [[*_sample(model, n), "--results", results] for model in models]
    with ThreadPoolExecutor(len(commands)) as side_by_side:
        drawn = list(side_by_side.map(partial(_child, where), commands))
    found = {"sample": max(drawn)}
    runs = [str(p.parent) for p in sorted((where / results).glob("*/manifest.json"))]
    shutil.rmtree(Path(runs[0]) / "verdicts")
    found["verify"] = _child(where, ["verify", runs[0]])
    found["passk"] = _child(where, ["passk", runs[0], "--json"])
    found["compare"] = _child(where, ["compare", *runs, "--json"])
    found["show"] = _child(where, ["show", runs[0], "--json"])
    return found


def _child(where: Path, command: list[str], code: str = "") -> tuple[float, float]:
    start = ["-c", code] if code else ["-m", "boundary"]
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *start, *command],
        cwd=where,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    told = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(told)
    if code:
        seconds = float(told.partition("first request after ")[2].split()[0])
    print(f"  {command[0]:8} {usage.ru_maxrss / 1024:6.0f} MB {seconds:7.1f} s", flush=True)
    return usage.ru_maxrss / 1024, seconds


def _resume(where: Path, samples: int) -> float:
    """Seconds from the start of the command's code to the first new request; median of three."""
    n, results = samples // _PROBLEMS, f"runs-{samples}"
    times = []
    for more in (1, 2, 3):
        command = [*_sample(f"fake/p=0.2,{_LAW}", n + more), "--results", results]
        times.append(_child(where, command, _FIRST_REQUEST)[1])
    return sorted(times)[1]


def _writing(where: Path, samples: int) -> float:
    """Records to parts, against pyarrow alone writing the same columns; median of three pairs."""
    count = min(samples, 100_000)
    ratios = []
    for turn in range(3):
        ours, alone = _ours(where / f"ours-{turn}", count), 0.0
        (where / "alone.parquet").unlink(missing_ok=True)
        for table in read_parts(Folder.at(where / f"ours-{turn}")):
            alone += _alone(where / "alone.parquet", table)
        ratios.append(ours / alone)
        print(f"  {count:,} samples: {ours:.1f} s from records, {alone:.1f} s pyarrow alone")
        shutil.rmtree(where / f"ours-{turn}")
    ratio = sorted(ratios)[1]
    print(f"writing takes {ratio:.2f} x the time of pyarrow alone")
    return ratio


def _ours(folder: Path, count: int) -> float:
    writer = PartWriter(Folder.at(folder), schema.samples(), max_seconds=1e9)
    spent = 0.0
    samples = _samples(count)
    while chunk := list(islice(samples, 4096)):
        began = time.perf_counter()
        for sample in chunk:
            writer.add(sample)
        writer.flush()
        spent += time.perf_counter() - began
    return spent


def _alone(path: Path, table: Any) -> float:
    copied = pa.Table.from_batches(table.to_batches())
    began = time.perf_counter()
    with path.open("wb") as stream:
        pq.write_table(copied, stream, compression="zstd", write_page_checksum=True)
        stream.flush()
        os.fsync(stream.fileno())
    return time.perf_counter() - began


def _samples(count: int) -> Iterator[Sample]:
    engine = create("fake", EngineConfig(f"fake/p=0.2,{_LAW}"))
    problem = Problem("p", "?", "1")
    requests = (Request(Draw(problem, i, i), ()) for i in range(count))
    return engine.generate(requests, Decoding(1.0, 1.0, 4096))


if __name__ == "__main__":
    raise SystemExit(main())
