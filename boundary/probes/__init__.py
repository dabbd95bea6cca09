"""One number per sample besides right or wrong, and the audit of a run."""

from boundary.probes.health import Audit, audit

__all__ = ["Audit", "audit"]
