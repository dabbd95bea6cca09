"""The application: its own options, its commands, and what an error looks like."""

import signal
import sys
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from boundary.cli import doors, draw, likelihood, look, measure, reproduce
from boundary.errors import BoundaryError

app = typer.Typer(
    name="boundary",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Did reinforcement learning move the boundary of what a checkpoint can solve?",
)
for part in (draw, measure, likelihood, look, reproduce, doors):
    app.add_typer(part.commands)

_INTERRUPTED = 130
_debug = False


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Options that stand before the command."""
    global _debug
    _debug = debug
    if version:
        from boundary import __version__

        typer.echo(f"boundary {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; an error a user can cause is one paragraph and exit code 1."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code: Any = app(standalone_mode=False)
    except BoundaryError as error:
        if _debug:
            raise
        # What another library said may hold line ends of its own.
        problem, remedy = (" ".join(text.split()) for text in (error.problem, error.remedy))
        sys.stderr.write(f"error: {problem}.\n{remedy}\n")
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        sys.exit(1)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except Exception as error:
        if not hasattr(error, "show") or not hasattr(error, "exit_code"):
            raise
        error.show()
        sys.exit(error.exit_code)
    # Typer itself turns most interruptions into this code, without a word.
    if code == _INTERRUPTED:
        sys.stderr.write("interrupted: what was finished is stored; run it again\n")
    sys.exit(code if isinstance(code, int) else 0)
