"""One number per sample besides right or wrong, and the audit of a run."""

from boundary.probes.health import Audit, Duplicates, Unjudged, audit, unjudged

__all__ = ["Audit", "Duplicates", "Unjudged", "audit", "unjudged"]
