"""What is known of programs and problems: decisions that were made, and plans that are in use."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from boundary import cases
from boundary.records import Problem
from boundary.verifiers.base import Decision
from boundary.verifiers.programs import assertions
from boundary.verifiers.programs.plan import Plan

# Verdicts that are remembered.
_KNOWN = 1 << 16
# Bytes of tests that are kept ready, packed and as programs get them: those of HumanEval+ are
# 11 million. In memory they are several times as many.
_PLANS_BYTES = 64_000_000


@dataclass(slots=True, eq=False)
class Slot:
    """A program on its way to a decision; the same program asked again waits for the same slot."""

    problem: Problem
    code: str
    decision: Decision | None = None
    call: assertions.Call | None = None


class Known:
    """Programs that were judged or are about to be, letter for letter, and plans of problems."""

    def __init__(self) -> None:
        self._slots: OrderedDict[bytes, Slot] = OrderedDict()
        self._plans: OrderedDict[str, tuple[Problem, Plan, int]] = OrderedDict()
        self._bytes = 0

    def slot(self, problem: Problem, code: str) -> tuple[Slot, bool]:
        """Where the decision on a program is, or will be; and whether it is new."""
        # Python's own blanks: with any other at its end, a program is none.
        text = code.replace("\r\n", "\n").rstrip(" \t\n\r\f")
        # Two suites may have problems of one id, with other tests.
        tests = (problem.meta.get("cases") or {}).get("digest", "")
        framed = f"{problem.id}\0{tests}\0{text}".encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(framed, digest_size=16).digest()
        found = self._slots.get(key)
        if found is not None:
            self._slots.move_to_end(key)
            return found, False
        made = self._slots[key] = Slot(problem, text + "\n")
        while len(self._slots) > _KNOWN:
            self._slots.popitem(last=False)
        return made, True

    def plan(self, problem: Problem) -> Plan:
        """The plan of a problem, kept while it is in use.

        Raises:
            BadTestError: It has no usable tests.
            StoreError: They are not where they were kept.
        """
        found = self._plans.get(problem.id)
        # An id says which problem it is within one suite only.
        if found and (found[0] is problem or found[0].meta == problem.meta):
            self._plans.move_to_end(problem.id)
            return found[1]
        plan = Plan.of(problem)
        size = cases.size_of(problem.meta.get("cases") or {}) + plan.size
        self._bytes += size - (found[2] if found else 0)
        self._plans[problem.id] = (problem, plan, size)
        self._plans.move_to_end(problem.id)
        while self._bytes > _PLANS_BYTES and len(self._plans) > 1:
            self._bytes -= self._plans.popitem(last=False)[1][2]
        return plan

    def forget(self) -> None:
        """Drop the programs that were not judged, for nobody is waiting for them any more."""
        for key in [key for key, slot in self._slots.items() if slot.decision is None]:
            del self._slots[key]
