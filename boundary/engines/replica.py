"""One worker process as its caller sees it: started, told, listened to, ended, started again."""

import hashlib
import os
import signal
import subprocess
import sys
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from boundary.engines.base import (
    EngineConfig,
    Request,
)
from boundary.engines.worker import Ask, Order, Start, Word
from boundary.records import Key, Prefix

_CODE = "import sys; from boundary.engines.worker import main; main(sys.argv[1:])"


@dataclass(slots=True, eq=False)
class Held:
    """A request that was taken, and what is known of its answer."""

    request: Request
    tokens: "array[int]"
    logprob: float | None
    draw_logprob: float | None

    @classmethod
    def of(cls, request: Request) -> "Held":
        """What is known of a request just taken."""
        prefix = request.prefix or Prefix(*request.key, ())
        return cls(request, array("i", prefix.token_ids), prefix.logprob, prefix.draw_logprob)

    def prefix(self) -> Prefix:
        """What to continue from."""
        return Prefix(*self.request.key, self.tokens.tolist(), self.logprob, self.draw_logprob)

    def continued(self) -> Request:
        """The request, continuing from there."""
        return replace(self.request, prefix=self.prefix()) if self.tokens else self.request


@dataclass(slots=True, eq=False)
class Replica:
    """One worker process and what it has to do; started again, it stays the same replica.

    ``recent`` counts the samples of the last report.
    """

    number: int
    environment: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    connection: Connection | None = None
    capacity: int = 0
    recent: int = 0
    is_ready: bool = False
    starts: int = 0
    deaths: int = 0
    start_at: float = 0.0
    failure: str = ""
    held: dict[Key, Held] = field(default_factory=dict)
    asked: dict[int, Ask] = field(default_factory=dict)

    @property
    def target(self) -> int:
        """Requests to have at once: enough of them wait to last until after the next report."""
        return self.capacity + max(self.capacity // 4 + 4, 2 * self.recent)

    @property
    def room(self) -> int:
        """Requests it should be given; few at a time would tear problems apart."""
        free = self.target - len(self.held) if self.is_ready else 0
        return free if free * 16 >= self.target else 0

    def start(self, engine: str, config: EngineConfig) -> None:
        """Start a process; it says hello once its model is loaded."""
        ours, theirs = Pipe()
        # It finds the packages that we find; "" stands for the working directory.
        path = os.pathsep.join(entry or str(os.curdir) for entry in sys.path)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            # What an engine prints is no result.
            stdout=2,
            env={**os.environ, "PYTHONPATH": path, **self.environment},
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()
        self.connection = ours
        stream = _stream(config.stream, self.number, self.starts)
        self.starts += 1
        self.recent, self.failure = 0, ""
        self.send(Start(engine, replace(config, stream=stream)))

    def send(self, message: Order) -> None:
        """Tell the worker; one that is gone is noticed when it is listened to."""
        if self.connection:
            with suppress(OSError):
                self.connection.send(message)

    def hear(self) -> Iterator[Word]:
        """What the worker has said.

        Raises:
            EOFError: It is gone.
        """
        assert self.connection
        assert self.process
        # Asked first: what it said before it ended is there by then.
        is_gone = self.process.poll() is not None
        try:
            while self.connection and self.connection.poll():
                yield self.connection.recv()
        except OSError as error:
            raise EOFError from error
        if is_gone:
            raise EOFError

    def end(self) -> int:
        """End the process and all that it started; its status, negative for a signal."""
        self.is_ready = False
        if self.connection:
            self.connection.close()
            self.connection = None
        if not self.process:
            return 0
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        self.process = None
        return status


def _stream(stream: int, number: int, starts: int) -> int:
    """A stream for each process that ever works; below 2 ** 31, which all libraries take."""
    key = f"{stream}\0{number}\0{starts}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=4).digest(), "big") >> 1


def told(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
