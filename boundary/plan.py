"""The ``plan`` stage: what a study would cost, and what it could find, from a short calibration."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boundary import stats, study
from boundary.calibration import Calibration, Measured, measure
from boundary.config import StudySettings
from boundary.errors import ConfigError
from boundary.progress import SILENT, Progress
from boundary.records import Design
from boundary.sample import Job
from boundary.store import Session
from boundary.store.files import Folder

if TYPE_CHECKING:
    import numpy as np

    from boundary.records import FloatArray, IntArray

STOP_AFTER = 16
"""Right answers that would end a problem where the study names no stop rule of its own."""
MOST_SAMPLES = 4096
"""Per problem: no plan asks for more."""
_RANGE = (0.1, 0.9)
_DETECT = re.compile(r"(\d+(?:\.\d+)?)pt@(\d+)")


@dataclass(frozen=True, slots=True)
class Detect:
    """A gap in pass@k that a study is to find; ``gap`` is a rate in (0, 1)."""

    gap: float
    k: int

    @classmethod
    def parse(cls, text: str) -> "Detect":
        """Read ``3pt@128``: three points at pass@128.

        Raises:
            ConfigError: It is written otherwise, or no such gap can be.
        """
        found = _DETECT.fullmatch(text)
        points, k = (float(found[1]), int(found[2])) if found else (0.0, 0)
        if not 0 < points < 100 or not 1 <= k <= MOST_SAMPLES:
            raise ConfigError(
                f"--detect {text} names no gap",
                remedy=f"write 3pt@128: points between 0 and 100, k from 1 to {MOST_SAMPLES}",
            )
        return cls(points / 100, k)

    def __str__(self) -> str:
        return f"{100 * self.gap:g} points at pass@{self.k}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one arm on one suite would take, on one engine of the kind that was calibrated.

    ``samples``, ``tokens``, ``hours`` and ``bytes`` are of the study as its file has it, so with
    its own stop rule where ``is_adaptive``. ``cap`` is n for every problem; ``stopped`` is what
    is expected where a problem ends after ``stop_after`` right answers, with an 80 % range, and
    ``stopped_hours`` the time of that. Tokens and hours are ``None`` where no engine told them.
    """

    suite: str
    arm: str
    problems: int
    n: int
    samples: float
    tokens: float | None
    hours: float | None
    bytes: float
    tokens_per_answer: float | None
    tokens_per_second: float | None
    right: float
    is_adaptive: bool
    stop_after: int
    cap: int
    stopped: float
    stopped_low: float
    stopped_high: float
    stopped_hours: float | None


@dataclass(frozen=True, slots=True)
class Power:
    """Whether a suite can show a gap between two arms with 80 % power.

    ``problems`` and ``n`` are the study's. ``power`` is theirs, and ``needed_problems``, with an
    80 % range, how many it takes, both with max(n, k) samples of each. ``needed_n`` is the least
    power of two with which the suite's own problems do, ``None`` where no n does.
    """

    suite: str
    base: str
    other: str
    gap: float
    k: int
    problems: int
    n: int
    power: float
    needed_problems: int
    needed_low: int
    needed_high: int
    needed_n: int | None
    correlation: float

    @property
    def line(self) -> str:
        """The answer in words."""
        what = f"{Detect(self.gap, self.k)} between {self.base} and {self.other}"
        if self.needed_n is not None:
            more = f"; the study has n = {self.n}" if self.n < self.needed_n else ""
            return (
                f"{self.suite} can find {what}: {self.problems} problems with n = {self.needed_n},"
                f" {self.needed_n * self.problems:,} samples of each arm{more}"
            )
        n = max(self.n, self.k)
        return (
            f"{self.suite} cannot find {what}: {self.problems} problems,"
            f" {self.needed_problems:,} needed [{self.needed_low:,}, {self.needed_high:,}]"
            f" with n = {n}, {self.needed_problems * n:,} samples of each arm"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Costs of every arm on every suite, power of every pair, and what to know beside them."""

    costs: tuple[Cost, ...]
    powers: tuple[Power, ...]
    notes: tuple[str, ...]


def run(
    settings: StudySettings,
    results: Path,
    *,
    data: Path | None = None,
    calibration: Calibration | None = None,
    detect: Detect | None = None,
    progress: Progress = SILENT,
) -> Plan:
    """Calibrate every arm on every suite, and say what the study would take.

    The calibration is drawn on chosen problems, so that it shares no sample with the study, and
    kept under ``<results>/<study>/plan``: planned again, it is continued, not drawn again.

    Args:
        settings: The study.
        results: Directory under which the study gets its own.
        data: Folder of local copies of suites.
        calibration: How much is drawn.
        detect: A gap that the study is to find.
        progress: Told how far it is.

    Returns:
        The plan.

    Raises:
        BoundaryError: The study cannot run, see :func:`boundary.study.plan`.
    """
    import numpy as np

    calibration = calibration or Calibration()
    jobs = study.plan(settings, Folder.at(results / settings.name / "plan"), data=data)
    found = {(job.suite.name, arm): measure(job, calibration, progress) for arm, job in jobs}
    rng = np.random.default_rng(calibration.seed)
    fitted = {
        key: _Fitted(one, stats.fit_rates(one.correct, one.n, rng)) for key, one in found.items()
    }
    return Plan(
        tuple(_cost(suite, arm, one, rng) for (suite, arm), one in fitted.items()),
        tuple(_powers(settings, fitted, detect, rng)) if detect else (),
        tuple(_notes(settings, fitted)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    measured: Measured
    rates: stats.Rates

    def padded(self) -> "tuple[IntArray, IntArray]":
        """Counts of every problem that the study asks; 0 of 0 where none was calibrated."""
        import numpy as np

        more = (0, len(self.measured.job.problems) - len(self.measured.n))
        return np.pad(self.measured.correct, more), np.pad(self.measured.n, more)


def _cost(suite: str, arm: str, fitted: _Fitted, rng: "np.random.Generator") -> Cost:
    import numpy as np

    one = fitted.measured
    job = one.job
    design = job.design or Design(STOP_AFTER, stats.looks_for(STOP_AFTER, job.n))
    counts = fitted.padded()
    expected = stats.expected_samples(design, fitted.rates, *counts)
    low, high = np.quantile(
        stats.simulated_samples(design, fitted.rates, *counts, rng), _RANGE
    ).tolist()
    cap, stopped = len(job.problems) * job.n, float(expected.sum())
    tokens = _known(one.tokens.mean())
    # The problems that go on are the hard ones, whose answers are longer.
    weight = expected[: len(one.tokens)]
    longer = float(one.tokens @ weight / weight.sum() / tokens) if tokens else 1.0
    is_adaptive = job.design is not None
    samples, size = (stopped, longer) if is_adaptive else (cap, 1.0)
    seconds = one.seconds_per_sample
    return Cost(
        suite=suite,
        arm=arm,
        problems=len(job.problems),
        n=job.n,
        samples=samples,
        tokens=None if tokens is None else samples * size * tokens,
        hours=None if seconds is None else samples * size * seconds / 3600,
        bytes=samples * size * one.bytes_per_sample,
        tokens_per_answer=tokens,
        tokens_per_second=tokens / seconds if tokens and seconds else None,
        right=float(one.correct.sum() / one.n.sum()),
        is_adaptive=is_adaptive,
        stop_after=design.stop_after,
        cap=cap,
        stopped=stopped,
        stopped_low=low,
        stopped_high=high,
        stopped_hours=None if seconds is None else stopped * longer * seconds / 3600,
    )


def _known(value: float) -> float | None:
    return float(value) if value == value else None


def _powers(
    settings: StudySettings,
    fitted: Mapping[tuple[str, str], _Fitted],
    detect: Detect,
    rng: "np.random.Generator",
) -> Iterator[Power]:
    for suite in dict.fromkeys(suite for suite, _ in fitted):
        for base, other in _pairs(settings):
            yield _power((base, other), fitted[suite, base], fitted[suite, other], detect, rng)


def _pairs(settings: StudySettings) -> Sequence[tuple[str, str]]:
    """The compared pairs; of a single arm, the arm and one like it."""
    first = next(iter(settings.arms))
    return study.pairs(settings) or [(first, first)]


def _power(
    names: tuple[str, str],
    base: _Fitted,
    other: _Fitted,
    detect: Detect,
    rng: "np.random.Generator",
) -> Power:
    import numpy as np

    one, two = base.measured, other.measured
    # An arm and one like it: nothing says that both would find the same problems hard.
    observed = None if base is other else (one.correct / one.n, two.correct / two.n)
    pair = stats.pair_rates(base.rates, other.rates, detect.k, observed, rng)
    problems = len(one.job.problems)

    def variance(n: int) -> "FloatArray":
        designs = (_design(one.job, n), _design(two.job, n))
        return stats.difference_variance(pair, designs, detect.gap)

    def needed(value: float) -> int:
        return stats.problems_needed(detect.gap, value)

    asked = variance(max(one.job.n, detect.k))
    low, high = np.quantile(asked, _RANGE).tolist()
    return Power(
        suite=one.job.suite.name,
        base=names[0],
        other=names[1] if base is not other else "another arm like it",
        gap=detect.gap,
        k=detect.k,
        problems=problems,
        n=one.job.n,
        power=stats.paired_power(detect.gap, float(asked.mean()), problems),
        needed_problems=needed(float(asked.mean())),
        needed_low=needed(low),
        needed_high=needed(high),
        needed_n=_needed_n(detect, problems, variance),
        correlation=float(pair.correlation.mean()),
    )


def _needed_n(detect: Detect, problems: int, variance: "Callable[[int], FloatArray]") -> int | None:
    n = 1 << (detect.k - 1).bit_length()
    while n <= MOST_SAMPLES:
        if stats.paired_power(detect.gap, float(variance(n).mean()), problems) >= stats.POWER:
            return n
        n *= 2
    return None


def _design(job: Job, n: int) -> Design:
    """How the job would be drawn with n samples at most."""
    if job.stop_after is None:
        return Design(1, (n,))
    looks = tuple(look for look in job.looks or () if look <= n)
    return Design(job.stop_after, stats.looks_for(job.stop_after, n, looks or None))


def _notes(settings: StudySettings, fitted: Mapping[tuple[str, str], _Fitted]) -> Iterator[str]:
    here = Session.now("", 1).hardware
    total = max(int(one.measured.n.sum()) for one in fitted.values())
    yield (
        f"speeds are of one engine that draws a batch of {total} answers to its end; a longer run"
        " keeps its batch full and is no slower"
    )
    for (suite, arm), one in fitted.items():
        tries, hits = int(one.measured.n.sum()), int(one.measured.correct.sum())
        if hits in (0, tries):
            said = "none" if hits == 0 else "every one"
            yield (
                f"{arm} on {suite}: {said} of {tries} answers is right, so the calibration is too"
                " small to say how its problems differ; give it more problems or samples"
            )
        if one.measured.hardware is None:
            yield f"{arm} on {suite}: its calibration was not timed; raise --samples to time it"
        elif one.measured.hardware != here:
            yield f"{arm} on {suite} was timed on other hardware: {one.measured.hardware}"
    more = [name for name, suite in settings.suites.items() if suite.more]
    if more:
        yield f"further draws on unsolved problems are not counted: {', '.join(more)}"
