"""Skips that a run on a full machine may not have, and one thread per test process."""

import os
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest

# The same examples every time: a change is judged by what it changed. BOUNDARY_EXPLORE draws new
# ones, to find what nobody thought of. How slow a shared machine is says nothing of the code.
hypothesis.settings.register_profile(
    "boundary",
    derandomize=not os.environ.get("BOUNDARY_EXPLORE"),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("boundary")

# These run where vLLM is installed: make test-vllm.
collect_ignore = [] if find_spec("vllm") else ["vllm"]

# Two test processes on two cores: torch's own threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Verdicts of other runs would hide what this version of a verifier does.
os.environ.setdefault("BOUNDARY_CACHE", "off")
# The help is as wide and as plain as in a pipe, whatever the terminal is and on GitHub too.
os.environ["COLUMNS"] = "80"
for name in ("TERMINAL_WIDTH", "GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS"):
    os.environ.pop(name, None)

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
