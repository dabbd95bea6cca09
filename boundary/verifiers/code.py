"""The code verifier: programs are run in a sandbox, and what they give back is compared outside.

A program's process is told its inputs and nothing else. It cannot pass by ending early, by printing
something, or by what it does to equality or to its own process: whether an output is right is
decided here, on plain data. The tests of a program stop at the first that it fails. A program that
was judged before, letter for letter for the same problem, is not run again.

Wrong answers have one of these reasons: ``no_code``, ``truncated``, ``mismatch`` (also what is no
plain data), ``exception``, ``syntax``, ``time_limit``, ``memory_limit``, ``output_limit``; for an
assertion ``not_literal``. What the sandbox failed on is unjudged: ``sandbox_error``. So are the
answers to a problem whose tests are missing or broken: ``no_tests``, ``bad_test``.

Without bubblewrap nothing is run, unless the environment has BOUNDARY_UNSAFE_EXECUTION=1.
"""

import contextlib
import hashlib
import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from boundary import cases, sandbox
from boundary.records import Finish, Outcome, Problem, Tier, Verdict
from boundary.sandbox import Check, Output, Program
from boundary.verifiers.base import Decision, Task, closed, verdict_of
from boundary.verifiers.programs import assertions, blocks
from boundary.verifiers.programs.plan import (
    BadTestError,
    NoTestsError,
    Plan,
    collect,
    let_go,
)

UNSAFE_VARIABLE = "BOUNDARY_UNSAFE_EXECUTION"

_PASSED = Decision(Outcome.CORRECT, "passed")
_NO_CODE = Decision(Outcome.WRONG, "no_code")
_TRUNCATED = Decision(Outcome.WRONG, "truncated")
_SYNTAX = Decision(Outcome.WRONG, "syntax")
_ABORTED = Decision(Outcome.UNJUDGED, "aborted")
_BAD_TEST = Decision(Outcome.UNJUDGED, "bad_test")
_NO_TESTS = Decision(Outcome.UNJUDGED, "no_tests")
_SANDBOX = Decision(Outcome.UNJUDGED, "sandbox_error")

_REASONS = {"not_plain": "mismatch", "exited": "exception"}

# Verdicts that are remembered, and tasks that may wait for one that is still being judged.
_KNOWN, _WAITING = 1 << 16, 4096
# Characters of tests that are kept ready; those of HumanEval+ are 2 million, packed.
_PLANS_CHARS = 4_000_000
# Of a longer answer the opening is stored beside the verdict.
_SHOWN = 20_000


@dataclass(slots=True, eq=False)
class Slot:
    """A program on its way to a decision; the same program asked again waits for the same slot."""

    problem: Problem
    code: str
    decision: Decision | None = None
    is_quick: bool = True
    call: assertions.Call | None = None


@dataclass(slots=True, eq=False)
class Trial:
    """One run of a candidate: judged output by output, as they come."""

    plan: Plan
    slot: Slot
    all_tests: bool
    allowed: tuple[float, float]
    is_quick: bool
    spent_s: float = 0.0
    failure: str | None = None
    seen: int = 0

    @property
    def has_more_time(self) -> bool:
        """Whether the plan now allows more than when this run began."""
        return self.plan.allowed > self.allowed

    def check(self, index: int, output: Output) -> bool:
        """See :data:`boundary.sandbox.Check`."""
        self.seen += 1
        self.spent_s += output.cpu_s
        if self.failure is None:
            self.failure = self._failure(index, output)
        let_go(output)
        return self.failure is None or self.all_tests

    def _failure(self, index: int, output: Output) -> str | None:
        if not self.plan.accepts(output.error):
            return output.error
        if not self.plan.passes(index, output):
            return "mismatch"
        is_late = not self.is_quick and self.spent_s > self.allowed[1]
        return "time_limit" if is_late else None


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


class CodeVerifier:
    """Judges programs by the tests of their problem, in sandboxes.

    Args:
        unsafe: Run programs without isolation where there is none; told by the environment when
            not given.
        workers: Sandboxes at a time; as many as there are cores when not given.
        all_tests: Run every test of a program that has failed one.

    Raises:
        PackageError: Programs cannot be isolated here.
    """

    name = "code"
    version = "1"

    def __init__(
        self, *, unsafe: bool | None = None, workers: int | None = None, all_tests: bool = False
    ) -> None:
        self._unsafe = os.environ.get(UNSAFE_VARIABLE) == "1" if unsafe is None else unsafe
        sandbox.require(unsafe=self._unsafe)
        self.confinement = sandbox.level(unsafe=self._unsafe)
        self._workers = workers
        self._all_tests = all_tests
        self._pool: sandbox.Pool | None = None
        self._is_closed = False
        self._known: OrderedDict[bytes, Slot] = OrderedDict()
        self._plans = _Plans()

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
        return _Round(self, iter(tasks), self._pool).verdicts()

    def close(self) -> None:
        """See :meth:`Verifier.close`."""
        self._is_closed = True
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def slot(self, problem: Problem, code: str) -> tuple[Slot, bool]:
        """Where the decision on a program is, or will be; and whether it is new."""
        text = code.replace("\r\n", "\n").rstrip()
        # Two suites may have problems of one id, with other tests.
        tests = (problem.meta.get("cases") or {}).get("digest", "")
        framed = f"{problem.id}\0{tests}\0{text}".encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(framed, digest_size=16).digest()
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
            return found, False
        made = self._known[key] = Slot(problem, text + "\n")
        while len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return made, True

    def plan(self, problem: Problem) -> Plan:
        """The plan of a problem, kept while it is in use."""
        return self._plans.of(problem)

    def trial(self, plan: Plan, slot: Slot) -> Trial:
        """A run of a candidate."""
        is_quick = slot.is_quick and plan.entry is not None and not plan.is_heavy
        return Trial(plan, slot, self._all_tests, plan.allowed, is_quick)

    def forget(self) -> None:
        """Drop the programs that were not judged, for nobody is waiting for them any more."""
        for key in [key for key, slot in self._known.items() if slot.decision is None]:
            del self._known[key]


class _Plans:
    """Plans of the problems that were met last."""

    def __init__(self) -> None:
        self._plans: OrderedDict[str, tuple[Problem, Plan, int]] = OrderedDict()
        self._chars = 0

    def of(self, problem: Problem) -> Plan:
        found = self._plans.get(problem.id)
        # An id says which problem it is within one suite only.
        if found and (found[0] is problem or found[0].meta == problem.meta):
            self._plans.move_to_end(problem.id)
            return found[1]
        plan = Plan.of(problem)
        size = cases.size_of(problem.meta.get("cases") or {})
        self._chars += size - (found[2] if found else 0)
        self._plans[problem.id] = (problem, plan, size)
        self._plans.move_to_end(problem.id)
        while self._chars > _PLANS_CHARS and len(self._plans) > 1:
            self._chars -= self._plans.popitem(last=False)[1][2]
        return plan


class _Round:
    """One call of ``judge``: what is to be run, and who waits for it."""

    def __init__(self, verifier: CodeVerifier, tasks: Iterator[Task], pool: sandbox.Pool) -> None:
        self._verifier = verifier
        self._tasks = tasks
        self._pool = pool
        self._waiting: deque[_Waiting] = deque()
        self._fresh: deque[Slot] = deque()
        # Runs of solutions, and who waits for what: by the plan's identity.
        self._first: deque[tuple[Program, Done]] = deque()
        self._parked: dict[int, list[Slot]] = {}
        self._slow: dict[int, list[Trial]] = {}
        self._running: deque[Done] = deque()
        self._is_over = False

    def verdicts(self) -> Iterator[tuple[Verdict, ...]]:
        """The verdicts of each task, in the order of the tasks."""
        try:
            while not self._is_over or self._waiting:
                for outputs in self._pool.run(self._jobs()):
                    self._running.popleft()(outputs)
                    yield from self._finished()
                yield from self._finished()
        finally:
            if self._waiting:
                self._verifier.forget()

    def _finished(self) -> Iterator[tuple[Verdict, ...]]:
        while self._waiting and self._waiting[0].is_done:
            done = self._waiting.popleft()
            yield tuple(
                self._verdict(done.task, tier, code, found) for tier, code, found in done.readings
            )
            for _, _, found in done.readings:
                if isinstance(found, Slot):
                    found.code = ""

    def _verdict(self, task: Task, tier: Tier, code: str | None, found: Decision | Slot) -> Verdict:
        decision = found.decision if isinstance(found, Slot) else found
        assert decision is not None
        shown = code[:_SHOWN] if code is not None else None
        return verdict_of(task, tier, decision, shown, self._verifier.version)

    def _jobs(self) -> Iterator[tuple[Program, Check]]:
        """Runs to make: of programs that wait for nothing, while there are tasks and room."""
        while True:
            while self._first:
                run, done = self._first.popleft()
                self._running.append(done)
                yield run, _go_on
            while self._fresh:
                if job := self._job(self._fresh.popleft()):
                    yield job
            if len(self._waiting) >= _WAITING or not self._take():
                return

    def _take(self) -> bool:
        """Read the next task; what is new of it is ready to run."""
        task = next(self._tasks, None)
        if task is None:
            self._is_over = True
            return False
        self._waiting.append(_Waiting(task, tuple(self._reading(task, tier) for tier in Tier)))
        return True

    def _reading(self, task: Task, tier: Tier) -> tuple[Tier, str | None, Decision | Slot]:
        if task.sample.finish == Finish.ABORT:
            return tier, None, _ABORTED
        code = (blocks.strict if tier is Tier.STRICT else blocks.lenient)(task)
        if tier is Tier.STRICT and task.sample.finish == Finish.LENGTH:
            return tier, code, _TRUNCATED
        if code is None:
            return tier, None, _NO_CODE
        slot, is_new = self._verifier.slot(task.problem, code)
        if is_new:
            self._fresh.append(slot)
        return tier, code, slot

    def _job(self, slot: Slot) -> tuple[Program, Check] | None:
        """The run that a program needs next, if it is its own turn and not decided at once."""
        if not _is_text(slot.code):
            slot.decision = _SYNTAX
            return None
        if slot.problem.meta.get("task") in ("output", "input"):
            return self._assertion(slot)
        try:
            plan = self._verifier.plan(slot.problem)
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
        trial = self._verifier.trial(plan, slot)
        self._running.append(partial(self._judged, trial))
        return plan.program(slot.code, is_quick=trial.is_quick), trial.check

    def _judged(self, trial: Trial, outputs: list[Output]) -> None:
        reason = trial.failure
        if reason is None and trial.seen < len(trial.plan.inputs or ()):
            reason = outputs[-1].error if outputs and outputs[-1].error else "sandbox_error"
        if reason == "time_limit" and trial.is_quick:
            trial.slot.is_quick = False
            self._fresh.append(trial.slot)
        elif reason == "time_limit":
            self._too_slow(trial)
        else:
            # Whoever answers right but not quickly spares the others the quick try.
            trial.plan.is_heavy |= reason is None and not trial.is_quick
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
        values: list[Any] = []
        self._running.append(partial(self._set_up, plan, values))
        return plan.setup, partial(collect, values)

    def _set_up(self, plan: Plan, values: list[Any], outputs: list[Output]) -> None:
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
            self._first.append((run, partial(self._measured, plan)))
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
            program = assertions.argument_program(slot.problem, stated)
            self._running.append(partial(self._computed, slot))
        else:
            program = assertions.input_program(slot.problem, call)
            self._running.append(partial(_asserted, slot))
        return program, lambda _, output: output.error is None

    def _computed(self, slot: Slot, outputs: list[Output]) -> None:
        """Go on with arguments that had to be computed."""
        last = outputs[-1] if outputs else Output(error="sandbox_error")
        slot.call = assertions.computed(last.value)
        if last.error == "sandbox_error":
            slot.decision = _SANDBOX
        elif slot.call is None:
            slot.decision = assertions.NOT_LITERAL
        else:
            self._fresh.append(slot)


def _asserted(slot: Slot, outputs: list[Output]) -> None:
    error = outputs[-1].error if outputs else "sandbox_error"
    slot.decision = (
        _decision(error) if error else assertions.input_decision(slot.problem, outputs[-1])
    )


def _go_on(index: int, output: Output) -> bool:
    """The check of a run that is not judged."""
    if output.error is None:
        let_go(output)
    return output.error is None


def _decision(reason: str | None) -> Decision:
    if reason is None:
        return _PASSED
    if reason == "sandbox_error":
        return _SANDBOX
    return Decision(Outcome.WRONG, _REASONS.get(reason, reason))


def _is_text(code: str) -> bool:
    """Whether Python could read it: no null byte, no half of a surrogate pair."""
    try:
        code.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in code
