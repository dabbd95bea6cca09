"""A short run that measures an arm on a suite: how fast, how long, how large, how often right."""

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from boundary import sample
from boundary.progress import Advance, Progress
from boundary.sample import Job
from boundary.store import Run, Session, count_run

if TYPE_CHECKING:
    from boundary.records import FloatArray, IntArray

_SPEED = "speed.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """So many samples of so many problems of each suite, spread evenly over it."""

    problems: int = 16
    samples: int = 4
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A finished calibration of ``job``: (P,) counts and mean tokens of its problems, and averages.

    ``seconds_per_sample`` and the ``hardware`` they were taken on are ``None`` where the drawing
    was not timed; ``tokens`` are NaN where the engine does not tell them.
    """

    job: Job
    correct: "IntArray"
    n: "IntArray"
    tokens: "FloatArray"
    bytes_per_sample: float
    seconds_per_sample: float | None
    hardware: str | None


def measure(job: Job, calibration: Calibration, progress: Progress) -> Measured:
    """Draw the calibration of a job, or what is missing of it, in a run apart.

    Raises:
        BoundaryError: As :func:`boundary.sample.run`.
    """
    import numpy as np

    asked = job.problems
    count = min(calibration.problems, len(asked))
    only = tuple(asked[i * len(asked) // count].id for i in range(count))
    short = replace(job, n=calibration.samples, only=only, stop_after=None, looks=None)
    watch = _Watch(progress)
    try:
        found = sample.run(short, progress=watch)
    finally:
        speed = _keep_speed(short, watch)
    counts = count_run(found).counts
    return Measured(
        job=job,
        correct=np.array([c.correct for c in counts]),
        n=np.array([c.n for c in counts]),
        tokens=_mean_tokens(found, [c.problem_id for c in counts]),
        bytes_per_sample=_size(found) / sum(c.n for c in counts),
        seconds_per_sample=speed.seconds / speed.samples if speed else None,
        hardware=speed.hardware if speed else None,
    )


class _Watch:
    """Passes progress on, and takes the time of drawing: no loading, no judging at the end."""

    def __init__(self, inner: Progress) -> None:
        self._inner = inner
        self.notice = inner.notice
        self.samples = 0
        self.seconds = 0.0

    @contextlib.contextmanager
    def task(self, label: str, *, total: int, done: int = 0) -> Iterator[Advance]:
        """See Progress.task."""
        with self._inner.task(label, total=total, done=done) as advance:
            yield self._timed(advance) if label.startswith("sample ") else advance

    def _timed(self, advance: Advance) -> Advance:
        last = time.monotonic()

        def timed(units: int, state: str) -> None:
            nonlocal last
            now = time.monotonic()
            self.seconds, last = self.seconds + now - last, now
            self.samples += units
            advance(units, state)

        return timed


@dataclass(frozen=True, slots=True)
class _Speed:
    """Samples drawn in so many seconds, on some machine."""

    samples: int
    seconds: float
    hardware: str


def _keep_speed(job: Job, watch: _Watch) -> _Speed | None:
    """Add what was just timed to what is known of this machine, beside the samples."""
    _, manifest = sample.describe(job)
    folder = job.results / manifest.name
    known = _Speed(**json.loads(folder.read(_SPEED))) if folder.exists(_SPEED) else None
    if not watch.samples:
        return known
    here = Session.now("", job.n).hardware
    before = known if known and known.hardware == here else _Speed(0, 0.0, here)
    now = _Speed(before.samples + watch.samples, before.seconds + watch.seconds, here)
    folder.write(_SPEED, json.dumps(asdict(now)).encode())
    return now


def _mean_tokens(found: Run, ids: Sequence[str]) -> "FloatArray":
    """Tokens of an answer, problem by problem; NaN where the engine does not tell."""
    import numpy as np
    import pandas as pd

    frames = [table.to_pandas() for table in found.samples(["problem_id", "n_tokens"])]
    means = pd.concat(frames).groupby("problem_id")["n_tokens"].mean()
    return np.asarray(means.reindex(ids), dtype=np.float64)


def _size(found: Run) -> int:
    """Bytes of samples and verdicts on disk."""
    import pyarrow.fs as pafs

    select = [
        pafs.FileSelector((found.folder / kind).base, recursive=True, allow_not_found=True)
        for kind in ("samples", "verdicts")
    ]
    return sum(info.size or 0 for one in select for info in found.folder.fs.get_file_info(one))
