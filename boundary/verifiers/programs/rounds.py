"""One round of judging: which runs are made for which programs, and what follows from each.

A plan may need a run of its own first; a program that is too slow waits for the time that the
solution takes; the same program asked again waits for the first. What fails on one program is
that program's affair: it is unjudged, and the others go on.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from boundary import sandbox
from boundary.errors import BoundaryError
from boundary.records import Finish, Outcome, Tier, Verdict
from boundary.sandbox import Check, Output, Program
from boundary.verifiers.base import Decision, Task, verdict_of
from boundary.verifiers.programs import assertions, blocks
from boundary.verifiers.programs.known import Known, Slot
from boundary.verifiers.programs.plan import BadTestError, NoTestsError, Plan, Stated, collect

_PASSED = Decision(Outcome.CORRECT, "passed")
_NO_CODE = Decision(Outcome.WRONG, "no_code")
_TRUNCATED = Decision(Outcome.WRONG, "truncated")
_SYNTAX = Decision(Outcome.WRONG, "syntax")
_ABORTED = Decision(Outcome.UNJUDGED, "aborted")
_BAD_TEST = Decision(Outcome.UNJUDGED, "bad_test")
_NO_TESTS = Decision(Outcome.UNJUDGED, "no_tests")
_SANDBOX = Decision(Outcome.UNJUDGED, "sandbox_error")
_ERROR = Decision(Outcome.UNJUDGED, "grader_error")

# What ends the judging: whatever is missing, or full, would be for the next program too.
_ENDS = (BoundaryError, OSError)

_UNJUDGED = {found.reason: found for found in (_SANDBOX, _ERROR)}
_REASONS = {"not_plain": "mismatch", "exited": "exception"}

# Tasks that may wait for one that is still being judged.
_WAITING = 4096
# Of a longer answer the opening is stored beside the verdict.
_SHOWN = 20_000


OnTest = Callable[[str, int, str], None]
"""Told of a test: the program, the test's number, and ``passed`` or why it failed."""


@dataclass(slots=True, eq=False)
class Trial:
    """A candidate on the tests of its problem: judged output by output, as they come.

    Attributes:
        allowed: Seconds for one test, and for all.
        on_test: Told of each test; then a failure does not end the trial.
        start: The first test of this run: those before were judged in an earlier one.
        seen: Tests that have an output.
        failure: Why the first test failed that did.
    """

    plan: Plan
    slot: Slot
    allowed: tuple[float, float]
    on_test: OnTest | None = None
    start: int = 0
    seen: int = 0
    spent_s: float = 0.0
    failure: str | None = None

    @property
    def program(self) -> Program:
        """What to run next."""
        return self.plan.program(self.slot.code, self.start)

    @property
    def is_cut_short(self) -> bool:
        """Whether the program ended before the tests did, and the others are wanted too."""
        is_left = self.start < self.seen < len(self.plan.inputs or ())
        return self.on_test is not None and is_left and self.spent_s <= self.allowed[1]

    @property
    def has_more_time(self) -> bool:
        """Whether the plan now allows more than when this run began."""
        return self.plan.allowed > self.allowed

    def check(self, index: int, output: Output) -> bool:
        """See :data:`boundary.sandbox.Check`."""
        number = self.start + index
        self.seen += 1
        self.spent_s += output.cpu_s
        try:
            reason = self._failure(number, output)
        # Also what a program returns may break any code.
        except Exception:  # noqa: BLE001
            reason = _ERROR.reason
        if self.on_test:
            self.on_test(self.slot.code, number, _decision(reason).reason)
        self.failure = self.failure or reason
        return reason is None or self.on_test is not None

    def _failure(self, index: int, output: Output) -> str | None:
        if not self.plan.accepts(output.error):
            return output.error
        if not self.plan.passes(index, output):
            return "mismatch"
        return "time_limit" if self.spent_s > self.allowed[1] else None


@dataclass(slots=True, eq=False)
class _Waiting:
    """A task whose verdicts are not all known yet; later ones wait behind it."""

    task: Task
    readings: tuple[tuple[Tier, str | None, Decision | Slot], ...]

    @property
    def is_done(self) -> bool:
        return all(not isinstance(d, Slot) or d.decision for _, _, d in self.readings)


Done = Callable[[list[Output]], None]
"""What is done with the outputs of one run."""


class Round:
    """What is to be run for some tasks, and who waits for it.

    Args:
        known: Decisions that were made, and plans; those of this round are added.
        tasks: What to judge, read as sandboxes get free.
        pool: Where programs run.
        on_test: Told of each test; then every test is run, also of a program that failed one.
    """

    def __init__(
        self, known: Known, tasks: Iterator[Task], pool: sandbox.Pool, on_test: OnTest | None
    ) -> None:
        self._known = known
        self._tasks = tasks
        self._pool = pool
        self._on_test = on_test
        self._waiting: deque[_Waiting] = deque()
        self._fresh: deque[Slot] = deque()
        self._first: deque[tuple[Program, Check, Done]] = deque()
        # Who waits for what: by the plan's identity.
        self._parked: dict[int, list[Slot]] = {}
        self._slow: dict[int, list[Trial]] = {}
        self._running: deque[Done] = deque()
        self._is_over = False

    def verdicts(self, version: str) -> Iterator[tuple[Verdict, ...]]:
        """The verdicts of each task, in the order of the tasks, by a verifier of that version."""
        try:
            while not self._is_over or self._waiting:
                for outputs in self._pool.run(self._jobs(), keep=False):
                    self._running.popleft()(outputs)
                    yield from self._finished(version)
                yield from self._finished(version)
        finally:
            if self._waiting:
                self._known.forget()

    def _finished(self, version: str) -> Iterator[tuple[Verdict, ...]]:
        while self._waiting and self._waiting[0].is_done:
            done = self._waiting.popleft()
            yield tuple(
                _verdict(done.task, tier, code, found, version)
                for tier, code, found in done.readings
            )
            for _, _, found in done.readings:
                if isinstance(found, Slot):
                    found.code = ""

    def _jobs(self) -> Iterator[tuple[Program, Check]]:
        """Runs to make: of programs that wait for nothing, while there are tasks and room."""
        while True:
            while self._first:
                program, check, done = self._first.popleft()
                self._running.append(done)
                yield program, check
            while self._fresh:
                if job := self._guarded_job(self._fresh.popleft()):
                    yield job
            if len(self._waiting) >= _WAITING or not self._take():
                return

    def _take(self) -> bool:
        """Read the next task; what is new of it is ready to run."""
        task = next(self._tasks, None)
        if task is None:
            self._is_over = True
            return False
        readings = tuple(self._guarded_reading(task, tier) for tier in Tier)
        self._waiting.append(_Waiting(task, readings))
        return True

    def _guarded_reading(self, task: Task, tier: Tier) -> tuple[Tier, str | None, Decision | Slot]:
        try:
            return self._reading(task, tier)
        except _ENDS:
            raise
        # What a model wrote may break any code; that says nothing of the answer.
        except Exception:  # noqa: BLE001
            return tier, None, _ERROR

    def _reading(self, task: Task, tier: Tier) -> tuple[Tier, str | None, Decision | Slot]:
        if task.sample.finish == Finish.ABORT:
            return tier, None, _ABORTED
        code = (blocks.strict if tier is Tier.STRICT else blocks.lenient)(task)
        if tier is Tier.STRICT and task.sample.finish == Finish.LENGTH:
            return tier, code, _TRUNCATED
        if code is None:
            return tier, None, _NO_CODE
        slot, is_new = self._known.slot(task.problem, code)
        if is_new:
            self._fresh.append(slot)
        return tier, code, slot

    def _guarded_job(self, slot: Slot) -> tuple[Program, Check] | None:
        try:
            return self._job(slot)
        except _ENDS:
            raise
        except Exception:  # noqa: BLE001
            slot.decision = _ERROR
            return None

    def _job(self, slot: Slot) -> tuple[Program, Check] | None:
        """The run that a program needs next, if it is its own turn and not decided at once."""
        if not _is_text(slot.code):
            slot.decision = _SYNTAX
            return None
        if slot.problem.meta.get("task") in ("output", "input"):
            return self._assertion(slot)
        try:
            plan = self._known.plan(slot.problem)
        except NoTestsError:
            slot.decision = _NO_TESTS
            return None
        except BadTestError:
            slot.decision = _BAD_TEST
            return None
        if plan.is_ready:
            return self._candidate(plan, slot)
        return self._after_setup(plan, slot)

    def _candidate(self, plan: Plan, slot: Slot) -> tuple[Program, Check]:
        trial = Trial(plan, slot, plan.allowed, self._on_test)
        # First what may fail: each run that is waited for is one that is made.
        program = trial.program
        self._running.append(partial(self._judged, trial))
        return program, trial.check

    def _judged(self, trial: Trial, outputs: list[Output]) -> None:
        if trial.is_cut_short:
            trial.start = trial.seen
            self._first.append((trial.program, trial.check, partial(self._judged, trial)))
            return
        reason = trial.failure
        if reason is None and trial.seen < len(trial.plan.inputs or ()):
            reason = outputs[-1].error if outputs and outputs[-1].error else "sandbox_error"
        if reason == "time_limit":
            self._too_slow(trial)
        else:
            trial.slot.decision = _decision(reason)

    def _after_setup(self, plan: Plan, slot: Slot) -> tuple[Program, Check] | None:
        """Let a program wait for the run that its plan needs first; the first one starts it."""
        if plan.setup is None:
            slot.decision = _BAD_TEST
            return None
        if id(plan) in self._parked:
            self._parked[id(plan)].append(slot)
            return None
        self._parked[id(plan)] = [slot]
        values: list[Stated] = []
        self._running.append(partial(self._set_up, plan, values))
        return plan.setup, partial(collect, plan.rule, values)

    def _set_up(self, plan: Plan, values: list[Stated], outputs: list[Output]) -> None:
        parked = self._parked.pop(id(plan))
        decision = _SANDBOX
        if not any(output.error == "sandbox_error" for output in outputs):
            decision = _BAD_TEST
            with contextlib.suppress(BadTestError):
                plan.learn(values)
            plan.setup = None
        if plan.is_ready:
            self._fresh.extend(parked)
            return
        for slot in parked:
            slot.decision = decision

    def _too_slow(self, trial: Trial) -> None:
        """Ask how long the solution takes before a program is called too slow."""
        plan = trial.plan
        if run := plan.measure():
            self._slow[id(plan)] = []
            self._first.append((run, _go_on, partial(self._measured, plan)))
        if id(plan) in self._slow:
            self._slow[id(plan)].append(trial)
        else:
            self._again(trial)

    def _measured(self, plan: Plan, outputs: list[Output]) -> None:
        plan.allow(outputs)
        for trial in self._slow.pop(id(plan)):
            self._again(trial)

    def _again(self, trial: Trial) -> None:
        """Run a program again if it may now take longer than it might have."""
        if trial.has_more_time:
            self._fresh.append(trial.slot)
        else:
            trial.slot.decision = _decision("time_limit")

    def _assertion(self, slot: Slot) -> tuple[Program, Check] | None:
        if slot.problem.meta["task"] == "output":
            slot.decision = assertions.output_decision(slot.problem, slot.code)
            return None
        try:
            stated = assertions.stated_call(slot.code)
        except ValueError:
            slot.decision = assertions.NOT_LITERAL
            return None
        call = slot.call or assertions.literal_call(stated)
        if call is None:
            program = assertions.harmless_program(slot.problem, stated)
        else:
            program = assertions.input_program(slot.problem, call)
        values: list[Any] = []
        if program is None:
            program = assertions.argument_program(slot.problem, stated)
            self._running.append(partial(self._computed, slot, values))
        else:
            self._running.append(partial(_asserted, slot, values))
        return program, partial(_kept, values)

    def _computed(self, slot: Slot, values: list[Any], outputs: list[Output]) -> None:
        """Go on with arguments that had to be computed."""
        slot.call = assertions.computed(values[-1]) if values else None
        if not outputs or outputs[-1].error == "sandbox_error":
            slot.decision = _SANDBOX
        elif slot.call is None:
            slot.decision = assertions.NOT_LITERAL
        else:
            self._fresh.append(slot)


def _asserted(slot: Slot, values: list[Any], outputs: list[Output]) -> None:
    error = outputs[-1].error if outputs else "sandbox_error"
    slot.decision = (
        _decision(error) if error else assertions.input_decision(slot.problem, values[-1])
    )


def _verdict(
    task: Task, tier: Tier, code: str | None, found: Decision | Slot, version: str
) -> Verdict:
    decision = found.decision if isinstance(found, Slot) else found
    assert decision is not None
    shown = code[:_SHOWN] if code is not None else None
    return verdict_of(task, tier, decision, shown, version)


def _go_on(index: int, output: Output) -> bool:
    """The check of a run that is not judged."""
    return output.error is None


def _kept(values: list[Any], index: int, output: Output) -> bool:
    """The check of a run whose value is looked at when it is over."""
    if output.error is None:
        values.append(output.value)
    return output.error is None


def _decision(reason: str | None) -> Decision:
    if reason is None:
        return _PASSED
    if reason in _UNJUDGED:
        return _UNJUDGED[reason]
    return Decision(Outcome.WRONG, _REASONS.get(reason, reason))


def _is_text(code: str) -> bool:
    """Whether Python could read it: no null byte, no half of a surrogate pair."""
    try:
        code.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in code
