"""Skips that a run on a full machine may not have, and one thread per test process."""

import os
from pathlib import Path

import pytest

# Two test processes on two cores: torch's own threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

DATA = Path(__file__).parents[2] / "shared" / "data"


def can_be_met(reason: str) -> bool:
    """Whether a skip's need is one that this machine could meet."""
    if "GPU" in reason:
        return False
    return DATA.is_dir() or "shared/data" not in reason


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if (
        report.skipped
        and os.environ.get("BOUNDARY_FAIL_ON_SKIP")
        and not hasattr(report, "wasxfail")
    ):
        reason = str(report.longrepr[2])
        if can_be_met(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped: {reason}"
    return report


@pytest.fixture(scope="session")
def table() -> Path:
    """The published counts that ``passk`` and ``compare`` are held against."""
    found = DATA / "pass_counts_sample.csv"
    if not found.exists():
        pytest.skip("no table of published counts in shared/data beside this checkout")
    return found
