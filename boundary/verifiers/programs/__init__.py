"""Programs as answers: found in a text, planned as runs in a sandbox, compared outside it."""

from boundary.verifiers.programs.blocks import lenient, strict
from boundary.verifiers.programs.plan import Plan

__all__ = ["Plan", "lenient", "strict"]
