"""The command line called in this process: quick, with both streams and the exit code kept."""

import contextlib
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from boundary import cli


class Ended(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as strict JSON: no NaN, nothing around it."""
        assert self.code == 0, self.err
        return json.loads(self.out, parse_constant=lambda name: _refuse(name))


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def boundary(*arguments: object, where: Path) -> Ended:
    """Call ``boundary`` with ``where`` as the working directory."""
    out, err = io.StringIO(), io.StringIO()
    handler = signal.getsignal(signal.SIGTERM)
    argv = ["boundary", *map(str, arguments)]
    with (
        contextlib.chdir(where),
        mock.patch.object(sys, "argv", argv),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
        finally:
            signal.signal(signal.SIGTERM, handler)
    return Ended(code if isinstance(code, int) else 1, out.getvalue(), err.getvalue())


def done(*arguments: object, where: Path) -> str:
    """Call a command that must succeed; its standard output."""
    ended = boundary(*arguments, where=where)
    assert ended.code == 0, ended.err
    return ended.out


def refused(*arguments: object, where: Path) -> str:
    """Call a command that must report a failure: one paragraph, and nothing on standard output."""
    ended = boundary(*arguments, where=where)
    assert ended.code == 1, (ended.code, ended.err)
    assert ended.out == ""
    assert "Traceback" not in ended.err
    problem, remedy = ended.err.strip().splitlines()[-2:]
    assert problem.startswith("error: ")
    assert problem.endswith(".")
    assert not problem.endswith("..")
    assert remedy
    return f"{problem}\n{remedy}"


def expanded(line: str, where: Path) -> list[str]:
    """The words of a command line as bash hands them over, globs expanded."""
    words = subprocess.run(
        ["bash", "-c", f"shopt -s failglob; printf '%s\\0' {line}"],
        cwd=where,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return words.stdout.split("\0")[:-1]
