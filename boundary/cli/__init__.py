"""The command line: each command parses, calls one stage and prints what it found."""

from boundary.cli.app import app, main

__all__ = ["app", "main"]
