"""How a stage tells what it is doing; the command line shows it, a library caller need not."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

Advance = Callable[[int, str], None]
"""Called with the units just done and a short line on their state."""


class Progress(Protocol):
    """Receives notices and the advance of long tasks."""

    def notice(self, text: str) -> None:
        """Tell something that the user should know."""
        ...

    def task(
        self, label: str, *, total: int, done: int = 0
    ) -> contextlib.AbstractContextManager[Advance]:
        """Open a task of ``total`` units, ``done`` of which were done before."""
        ...


class Silent:
    """Tells nobody."""

    def notice(self, text: str) -> None:
        """See Progress.notice."""

    @contextlib.contextmanager
    def task(self, label: str, *, total: int, done: int = 0) -> Iterator[Advance]:
        """See Progress.task."""
        yield lambda units, state: None


SILENT = Silent()
