"""A run's directory: manifest, append-only parts, resume and lock."""

from boundary.store.counts import CountsTable, count_run, load_counts
from boundary.store.manifest import Manifest, Session
from boundary.store.run import Run, StoredProblem

__all__ = ["CountsTable", "Manifest", "Run", "Session", "StoredProblem", "count_run", "load_counts"]
