"""How the programs for one problem are run and judged: read from its ``meta``, see the suites.

A plan may need a run of its own before any candidate: a reference function gives the expected
values, or a recorder gives inputs and values both. It has a sandbox to itself, as has the run of
the reference solution that tells how long a test may take.
"""

import contextlib
import marshal
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from boundary import cases
from boundary.records import Problem
from boundary.sandbox import Limits, NotPlainError, Output, Program, prepare, seal
from boundary.verifiers.programs.compare import Rule

TIME_FACTOR = 4.0
"""A test may take so many times what it takes the reference solution."""

TOTAL_S = 60.0
"""All tests of a program together, unless the reference solution takes longer; without one, as long
as each test alone may take."""

_OUTPUT_KB = 1 << 14
_LARGE = 1 << 14
_TOO_LARGE = ("memory_limit", "output_limit")


class Stated(NamedTuple):
    """What a ``setup`` run gave for an input: the expected value, and its seal if that is right."""

    value: Any
    seal: bytes | None = None


LEFT_OUT = Stated(None)
"""Stands for the value of a test whose reference is too large: one of Mbpp/255 has a gigabyte."""

_SETUP_CPU_S, _MEASURE_CPU_S = 120.0, 60.0
# A program waits for its turn, and sleeping is no crime.
_WALL_FACTOR, _WALL_MORE_S = 3.0, 10.0

JUDGE_IMPORTS = """\
from string import *
from re import *
from datetime import *
from collections import *
from heapq import *
from bisect import *
from copy import *
from math import *
from random import *
from statistics import *
from itertools import *
from functools import *
from operator import *
from io import *
from sys import *
from json import *
from builtins import *
from typing import *
import string, re, datetime, collections, heapq, bisect, copy, math, random
import statistics, itertools, functools, operator, io, sys, json
sys.setrecursionlimit(50000)
"""
"""What LiveCodeBench puts before every program."""

_FUTURE = re.compile(r"^from __future__", re.MULTILINE)
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, zlib.error)


class BadTestError(Exception):
    """A problem whose tests cannot be used: no program is to blame."""


class NoTestsError(BadTestError):
    """A problem without tests."""


@dataclass(slots=True)
class Plan:
    """How to run and to judge programs for one problem.

    ``inputs`` or ``expected`` are ``None`` until a ``setup`` run gave them. ``cpu_s`` is what one
    test may take; it is raised once, when ``measure`` has told how long the ``solution`` takes.
    ``seals`` are those of right outputs, one for a test: the same bytes are right again, and most
    programs that are right return the same.
    """

    entry: str | None
    before: str
    rule: Rule
    cpu_s: float
    inputs: tuple[Any, ...] | None
    expected: tuple[Any, ...] | None
    setup: Program | None = None
    is_recorder: bool = False
    solution: str | None = None
    total_s: float = TOTAL_S
    is_measured: bool = False
    seals: list[bytes | None] = field(default_factory=list)
    _calls: bytes | None = None

    @classmethod
    def of(cls, problem: Problem) -> "Plan":
        """The plan in a problem's ``meta``.

        Raises:
            BadTestError: There is none.
            StoreError: Its cases are not where they were kept.
        """
        meta = problem.meta
        if not (meta.get("cases") or meta.get("recorder")):
            raise NoTestsError(problem.id)
        try:
            plan = cls._read(meta, problem.solution)
        except _MALFORMED as error:
            raise BadTestError(f"{problem.id}: {error!r}") from error
        if not plan.rule.is_known or (plan.inputs is not None and not plan.inputs):
            raise BadTestError(problem.id)
        return plan

    @classmethod
    def _read(cls, meta: Mapping[str, Any], solution: str | None) -> "Plan":
        found = cases.unpack(meta["cases"]) if meta.get("cases") else None
        entry = meta["entry"]
        own = cls(
            entry=entry,
            before=meta.get("head", "") + (JUDGE_IMPORTS if meta.get("judge_imports") else ""),
            rule=Rule(meta["rule"], float(meta.get("atol", 0.0)), meta.get("oracle")),
            cpu_s=float(meta["cpu_s"]),
            inputs=None,
            expected=found.expected if found else None,
            solution=solution,
        )
        if found:
            own._take(_inputs(entry, found.inputs))
        own._seal_expected()
        own._find_setup(meta)
        return own

    def _take(self, inputs: tuple[Any, ...]) -> None:
        """Set the inputs, and write them out once for all that is called with them."""
        self.inputs = inputs
        self.seals = [None] * len(inputs)
        self._calls = None if self.entry is None else prepare(inputs)
        if self.solution is None:
            self.total_s = max(self.total_s, self.cpu_s * len(inputs))

    def _seal_expected(self) -> None:
        """Seal the outputs that most right programs will give."""
        if self.entry is not None and self.expected is not None:
            self.seals = [self._seal(value) for value in self.expected]

    def _seal(self, value: Any) -> bytes | None:
        if self.rule.accepts_itself(value):
            # What is nested too deeply comes out of no sandbox.
            with contextlib.suppress(NotPlainError):
                return seal(value)
        return None

    def _find_setup(self, meta: Mapping[str, Any]) -> None:
        """The run that gives what is not stated."""
        limits = _limits(_SETUP_CPU_S, per_input=False)
        if self.inputs is None:
            recorder = meta["recorder"]
            self.setup = Program(recorder["source"], recorder["entry"], ((),), limits)
            self.is_recorder = True
        elif self.expected is None and self.rule.name == "root":
            self.expected = (None,) * len(self.inputs)
        elif self.expected is None:
            reference = meta["reference"]
            self.setup = Program(
                reference["source"], reference["entry"], self.inputs, limits, self._calls
            )

    def accepts(self, error: str | None) -> bool:
        """Whether an output with that error may still be right."""
        return error is None or (error == "not_plain" and self.rule.name == "not_none")

    @property
    def size(self) -> int:
        """Bytes of its inputs as programs get them."""
        if self._calls is not None:
            return len(self._calls)
        return sum(map(len, self.inputs or ()))

    @property
    def allowed(self) -> tuple[float, float]:
        """Seconds of processor time for one test, and for all of them."""
        return self.cpu_s, self.total_s

    @property
    def is_ready(self) -> bool:
        """Whether candidates can be judged."""
        return self.inputs is not None and self.expected is not None

    def learn(self, values: Sequence[Stated]) -> None:
        """Take in what the ``setup`` run gave.

        Raises:
            BadTestError: It is not what such a run gives.
        """
        assert self.setup is not None
        if len(values) < len(self.setup.inputs):
            raise BadTestError("the reference fails")
        if not self.is_recorder:
            self._keep(values)
            return
        calls = opened(values[0].value)
        if not isinstance(calls, list) or not calls:
            raise BadTestError("the tests call nothing")
        self._take(tuple(tuple(arguments) for arguments, _ in calls))
        self.expected = tuple(value for _, value in calls)
        self._seal_expected()

    def _keep(self, values: Sequence[Stated]) -> None:
        """Leave out the tests that are too large for the reference itself."""
        assert self.inputs is not None
        kept = [place for place, stated in enumerate(values) if stated is not LEFT_OUT]
        if not kept:
            raise BadTestError("the reference is too large")
        if len(kept) < len(values):
            self._take(tuple(self.inputs[place] for place in kept))
        self.expected = tuple(values[place].value for place in kept)
        self.seals = [values[place].seal for place in kept]

    def program(self, code: str, start: int = 0) -> Program:
        """A candidate and the inputs to try it on, from one of them on."""
        assert self.inputs is not None
        return Program(
            self._whole(code),
            self.entry,
            self.inputs[start:],
            _limits(self.cpu_s),
            prepared=None if start else self._calls,
            seals=self.seals[start:] if start else self.seals,
        )

    def measure(self) -> Program | None:
        """The run that tells how long the solution takes, where that is not known."""
        if self.is_measured or self.solution is None or self.inputs is None:
            return None
        self.is_measured = True
        limits = _limits(_MEASURE_CPU_S)
        return Program(self.solution, self.entry, self.inputs, limits, self._calls)

    def allow(self, outputs: Sequence[Output]) -> None:
        """Give each test the time that the solution needs, several times over."""
        taken = [output.cpu_s for output in outputs]
        self.cpu_s = max(self.cpu_s, TIME_FACTOR * max(taken, default=0.0))
        self.total_s = max(self.total_s, TIME_FACTOR * sum(taken))

    def passes(self, index: int, output: Output) -> bool:
        """Whether the output for an input is right; one in the error ``not_plain`` is something."""
        if output.is_sealed:
            return True
        assert self.inputs is not None
        assert self.expected is not None
        arguments = self.inputs[index]
        value = output.stdout if self.entry is None else output.value
        # Where anything will do, a match object does.
        value = output if output.error else value
        is_right = self.rule.passes(value, opened(self.expected[index]), arguments)
        if is_right and output.seal and not self.seals[index]:
            self.seals[index] = output.seal
        return is_right

    def _whole(self, code: str) -> str:
        # Such an import must come first.
        return code if _FUTURE.search(code) else f"{self.before}{code}"


def _inputs(entry: str | None, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """As the sandbox takes them: text for standard input, tuples of arguments."""
    if entry is None:
        if not all(isinstance(each, str) for each in inputs):
            raise ValueError("an input that is no text")
        return inputs
    return tuple(map(tuple, inputs))


def _limits(cpu_s: float, *, per_input: bool = True) -> Limits:
    return Limits(
        wall_s=_WALL_FACTOR * cpu_s + _WALL_MORE_S,
        cpu_s=cpu_s,
        output_kb=_OUTPUT_KB,
        per_input=per_input,
    )


def collect(rule: Rule, values: list[Stated], _: int, output: Output) -> bool:
    """The check of a ``setup`` run: keeps its values, and goes on as long as there are any."""
    if output.error in _TOO_LARGE:
        values.append(LEFT_OUT)
    elif output.error is None:
        seal = output.seal if rule.accepts_itself(output.value) else None
        values.append(Stated(squeezed(output.value), seal))
    return output.error is None or output.error in _TOO_LARGE


class Squeezed(NamedTuple):
    """A large value, compressed: of some tests the expected values take megabytes each."""

    data: bytes


def squeezed(value: Any) -> Any:
    """The value, compressed where it is large text or a list."""
    if isinstance(value, str) and len(value) < _LARGE:
        return value
    if not isinstance(value, str | list | tuple) or not value:
        return value
    data = marshal.dumps(value)
    return Squeezed(zlib.compress(data, 1)) if len(data) > _LARGE else value


def opened(value: Any) -> Any:
    """The value that :func:`squeezed` was given."""
    if isinstance(value, Squeezed):
        return marshal.loads(zlib.decompress(value.data))
    return value
