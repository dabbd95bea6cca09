"""Which samples are asked for, and in what order: all that are missing, or as looks decide."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from boundary.records import Design, Key

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING, WRONG, RIGHT = range(3)


class Schedule(Protocol):
    """Yields keys to draw; told of verdicts, it may change its mind about those to come."""

    def next(self, *, is_idle: bool) -> Key | None:
        """The next sample to ask for, ``None`` if that waits for a verdict.

        ``is_idle`` says that the engine has room left.

        Raises:
            StopIteration: There is nothing left to ask for.
        """
        ...

    def may_ask(self, key: Key) -> bool:
        """Whether this sample is among those that it was made to ask for, now or later."""
        ...

    def drawn(self, key: Key) -> None:
        """Learn that a sample came."""
        ...

    def judged(self, problem_id: str, index: int, *, is_right: bool) -> Iterable[Key]:
        """Take a verdict; returns samples that are no longer wanted."""
        ...

    @property
    def settled(self) -> int:
        """Problems that need no more samples."""
        ...

    @property
    def spared(self) -> int:
        """Samples that will not be drawn, of those up to the cap."""
        ...


class Fixed:
    """Every missing sample, problem by problem, so that an engine can share a prompt's pass."""

    def __init__(self, missing: Mapping[str, "NDArray[np.int64]"]) -> None:
        self._missing = missing
        self._keys: Iterator[Key] = (
            (key, int(index)) for key, indices in missing.items() for index in indices
        )
        self._left = {key: len(indices) for key, indices in missing.items()}
        self.settled = 0
        self.spared = 0

    def next(self, *, is_idle: bool) -> Key | None:
        """See Schedule.next."""
        return next(self._keys)

    def may_ask(self, key: Key) -> bool:
        """See Schedule.may_ask."""
        return key[1] in self._missing.get(key[0], ())

    def drawn(self, key: Key) -> None:
        """See Schedule.drawn."""
        self._left[key[0]] -= 1
        self.settled += not self._left[key[0]]

    def judged(self, problem_id: str, index: int, *, is_right: bool) -> Iterable[Key]:
        """See Schedule.judged."""
        return ()


@dataclass(slots=True, eq=False)
class _Course:
    """One problem on its way through the looks; ``hits`` counts right answers at any index."""

    outcome: "NDArray[np.uint8]"
    asked: "NDArray[np.bool_]"
    hits: int
    look: int = 0
    is_over: bool = False

    def successes(self, n: int) -> int:
        return int((self.outcome[:n] == RIGHT).sum())


class Adaptive:
    """Asks each problem up to its next look, and stops those that have enough right answers.

    A verdict takes a while. Rather than leave the engine idle, samples past the look are asked
    for ahead of it, of the problems least likely to stop; where one stops after all, they are
    called back, and any that came are stored but never counted.

    Args:
        design: The stop rule.
        outcomes: Per problem, its stored samples: (m,) codes ``WRONG``, ``RIGHT``, or ``MISSING``
            for a sample that is not there.
    """

    def __init__(self, design: Design, outcomes: Mapping[str, "NDArray[np.uint8]"]) -> None:
        self._design = design
        self._courses = {key: self._course(codes) for key, codes in outcomes.items()}
        self._ready = [key for key, course in self._courses.items() if not course.is_over]

    def _course(self, codes: "NDArray[np.uint8]") -> _Course:
        cap = self._design.looks[-1]
        outcome = np.zeros(cap, np.uint8)
        outcome[: min(cap, len(codes))] = codes[:cap]
        course = _Course(outcome, outcome != MISSING, int((outcome == RIGHT).sum()))
        self._advance(course)
        return course

    def _advance(self, course: _Course) -> bool:
        """Pass every look whose indices have all been judged; returns whether that ends it."""
        looks = self._design.looks
        while (course.outcome[: looks[course.look]] != MISSING).all():
            stops = course.successes(looks[course.look]) >= self._design.stop_after
            course.is_over = stops or course.look == len(looks) - 1
            if course.is_over:
                return True
            course.look += 1
        return False

    @property
    def open(self) -> int:
        """Samples that might still be drawn."""
        going = [course for course in self._courses.values() if not course.is_over]
        return sum(int((~course.asked).sum()) for course in going)

    @property
    def settled(self) -> int:
        """See Schedule.settled."""
        return sum(course.is_over for course in self._courses.values())

    @property
    def spared(self) -> int:
        """See Schedule.spared."""
        over = [course for course in self._courses.values() if course.is_over]
        return sum(int((~course.asked).sum()) for course in over)

    def may_ask(self, key: Key) -> bool:
        """See Schedule.may_ask."""
        course = self._courses.get(key[0])
        if course is None or course.is_over or key[1] >= len(course.outcome):
            return False
        return bool(course.outcome[key[1]] == MISSING)

    def drawn(self, key: Key) -> None:
        """See Schedule.drawn; only verdicts move an adaptive schedule."""

    def next(self, *, is_idle: bool) -> Key | None:
        """See Schedule.next."""
        while self._ready:
            key = self._ready[0]
            index = self._first_unasked(key, ahead=0)
            if index is not None:
                return key, index
            self._ready.pop(0)
        going = [key for key, course in self._courses.items() if not course.is_over]
        ahead = self._ahead(going) if is_idle else None
        if ahead is None and not going:
            raise StopIteration
        return ahead

    def _first_unasked(self, key: str, *, ahead: int) -> int | None:
        course = self._courses[key]
        if course.is_over:
            return None
        look = self._design.looks[min(course.look + ahead, len(self._design.looks) - 1)]
        free = (~course.asked[:look]).nonzero()[0]
        if not len(free):
            return None
        course.asked[free[0]] = True
        return int(free[0])

    def _ahead(self, going: Sequence[str]) -> Key | None:
        """A sample past the look, of a problem with under half the successes that stop it."""
        most = self._design.stop_after / 2
        fits = [key for key in going if self._courses[key].hits < most]
        for key in sorted(fits, key=lambda key: self._courses[key].hits):
            index = self._first_unasked(key, ahead=1)
            if index is not None:
                return key, index
        return None

    def judged(self, problem_id: str, index: int, *, is_right: bool) -> Iterable[Key]:
        """See Schedule.judged."""
        course = self._courses[problem_id]
        if index >= len(course.outcome):
            return ()
        course.outcome[index] = RIGHT if is_right else WRONG
        course.hits += is_right
        before = course.look
        if course.is_over:
            return ()
        if self._advance(course):
            unseen = (course.asked & (course.outcome == MISSING)).nonzero()[0]
            return [(problem_id, int(i)) for i in unseen]
        if course.look > before:
            self._ready.append(problem_id)
        return ()
