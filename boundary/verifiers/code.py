"""The code verifier: programs are run in a sandbox, and what they give back is compared outside.

A program's process is told its inputs and nothing else. It cannot pass by ending early, by printing
something, or by what it does to equality or to its own process: whether an output is right is
decided here, on plain data. The tests of a program stop at the first that it fails, unless all are
asked for. A program that was judged before, letter for letter for the same problem, is not run
again.

Wrong answers have one of these reasons: ``no_code``, ``truncated``, ``mismatch`` (also what is no
plain data), ``exception``, ``syntax``, ``time_limit``, ``memory_limit``, ``output_limit``; for an
assertion ``not_literal``. What the sandbox failed on is unjudged: ``sandbox_error``. So are the
answers to a problem whose tests are missing or broken: ``no_tests``, ``bad_test``; and what the
judging itself fails on: ``grader_error``.

Where no sandbox starts nothing is run, unless the environment has BOUNDARY_UNSAFE_EXECUTION=1.
"""

import os
from collections.abc import Iterable, Iterator

from boundary import sandbox
from boundary.records import Verdict
from boundary.verifiers.base import Task, closed
from boundary.verifiers.programs.known import Known
from boundary.verifiers.programs.rounds import OnTest, Round

UNSAFE_VARIABLE = "BOUNDARY_UNSAFE_EXECUTION"


class CodeVerifier:
    """Judges programs by the tests of their problem, in sandboxes.

    Args:
        unsafe: Run programs without a sandbox where none starts; told by the environment when
            not given.
        workers: Sandboxes at a time; as many as there are cores when not given.
        on_test: Told of each test of each program that is run; then every test is run, also of a
            program that has failed one.

    Raises:
        PackageError: Programs cannot be isolated here.
    """

    name = "code"
    version = "4"

    def __init__(
        self,
        *,
        unsafe: bool | None = None,
        workers: int | None = None,
        on_test: OnTest | None = None,
    ) -> None:
        is_allowed = os.environ.get(UNSAFE_VARIABLE) == "1" if unsafe is None else unsafe
        self._unsafe = is_allowed and not sandbox.starts()
        sandbox.require(unsafe=self._unsafe)
        self.confinement = sandbox.level(unsafe=self._unsafe)
        self._workers = workers
        self._on_test = on_test
        self._pool: sandbox.Pool | None = None
        self._is_closed = False
        self._known = Known()

    def judge(self, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, ...]]:
        """See :meth:`Verifier.judge`.

        Raises:
            VerifierError: The verifier is closed.
            StoreError: The tests of a problem are not where they were kept.
        """
        if self._is_closed:
            raise closed(self.name)
        if self._pool is None:
            self._pool = sandbox.Pool(self._workers, unsafe=self._unsafe)
        made = Round(self._known, iter(tasks), self._pool, self._on_test)
        return made.verdicts(self.version)

    def close(self) -> None:
        """See :meth:`Verifier.close`."""
        self._is_closed = True
        if self._pool is not None:
            self._pool.close()
            self._pool = None
