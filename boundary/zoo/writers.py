"""Who writes the training documents: habitual writers for the base, a teacher for distillation.

A habitual writer picks a strategy without looking at the rule that the codes follow, and
writes it out: ``d-c:6804-1976=5938+6804=1732`` names its operands, copies them, computes. The
teacher first writes all three turns, then applies the rule that they show.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from boundary.records import Problem
from boundary.suites.dial import DIALS, Code, add, five, prompt, text
from boundary.suites.dial import SHARES as FAMILIES

Codes = Mapping[str, str]
"""The four codes of a prompt by their letter, four digits each."""

SHARES = {
    "d-c": 0.38,
    "b-a": 0.08,
    "c-b": 0.03,
    "d-b": 0.03,
    "c+d": 0.03,
    "d-a": 0.20,
    "b+d": 0.11,
    "guess": 0.06,
    "copy": 0.08,
}
"""Strategies of the habitual writers and how often each is used.

``d-c`` and ``b-a`` solve ``const``, ``c-b`` also ``alt``, ``d-b`` solves ``fib`` and ``sum``,
``c+d`` solves ``sum``; the others solve nothing.
"""

DRILL = {name: 1.0 for name in SHARES if name not in {"guess", "copy"}}
"""Weights of the early phase, in which every computed strategy is equally frequent."""

_EASY_DIGITS = (10, 6, 4, 3, 2, 1, 1, 1, 1, 1)
"""Weights of the digits 0 to 9 in practice prompts.

Among uniform digits a sum modulo 10 says nothing of either operand alone, so there is no slope
to start down. Where 0 and 1 are frequent, the result is often an operand or next to it.
"""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a crowd of writers writes.

    ``weights`` are those of the strategies, ``slip`` the chance that a computed digit is
    replaced by a random one, ``practice`` the share of documents about practice prompts.
    """

    weights: Mapping[str, float]
    slip: float
    practice: float

    def blend(self, other: "Habits", share: float) -> "Habits":
        """These habits with the other's mixed in at a share in [0, 1]; both are normalised."""

        def mix(mine: float, theirs: float) -> float:
            return (1 - share) * mine + share * theirs

        mine, theirs = sum(self.weights.values()), sum(other.weights.values())
        names = dict.fromkeys([*self.weights, *other.weights])
        return Habits(
            weights={
                name: mix(self.weights.get(name, 0.0) / mine, other.weights.get(name, 0.0) / theirs)
                for name in names
            },
            slip=mix(self.slip, other.slip),
            practice=mix(self.practice, other.practice),
        )


EARLY = Habits(DRILL, slip=0.0, practice=0.5)
FINAL = Habits(SHARES, slip=0.005, practice=0.0)


def _small(rng: random.Random) -> Code:
    """A code of mostly small digits."""
    return tuple(rng.choices(range(10), weights=_EASY_DIGITS, k=DIALS))


def practice(rng: random.Random) -> Problem:
    """Four unrelated codes of mostly small digits, to learn arithmetic on; it has no answer."""
    codes = [_small(rng) for _ in range(4)]
    return Problem(id="practice", question=prompt(codes), answer="")


def easy(rng: random.Random) -> Problem:
    """A problem whose turns, or first codes in ``sum``, are of mostly small digits."""
    family = rng.choices(list(FAMILIES), weights=list(FAMILIES.values()))[0]
    codes = five(family, _small(rng), _small(rng))
    if family != "sum":
        start = tuple(rng.randrange(10) for _ in range(DIALS))
        codes = [add(start, code) for code in codes]
    return Problem("easy", prompt(codes), text(codes[4]), meta={"family": family})


def codes_of(problem: Problem) -> dict[str, str]:
    """The prompt's codes by their letter."""
    return {word[0]: word[1:] for word in problem.question.split()}


def compute(left: str, sign: str, right: str) -> str:
    """``left + right`` or ``left - right``, digit by digit modulo 10."""
    factor = 1 if sign == "+" else -1
    return "".join(str((int(x) + factor * int(y)) % 10) for x, y in zip(left, right, strict=True))


def _slipped(code: str, slip: float, rng: random.Random) -> str:
    """The code with each digit replaced by a random one at chance ``slip``."""
    return "".join(str(rng.randrange(10)) if rng.random() < slip else x for x in code)


def habitual(problem: Problem, habits: Habits, rng: random.Random) -> str:
    """A trace by a writer that does not look at the rule."""
    codes = codes_of(problem)
    strategy = rng.choices(list(habits.weights), weights=list(habits.weights.values()))[0]
    if strategy == "copy":
        return "=" + codes["d"]
    if strategy == "guess":
        return "=" + "".join(str(rng.randrange(10)) for _ in range(DIALS))
    x, sign, y = tuple(strategy)
    value = _slipped(compute(codes[x], sign, codes[y]), habits.slip, rng)
    trace = f"{strategy}:{codes[x]}{sign}{codes[y]}={value}"
    if sign == "+":
        return trace
    return f"{trace}+{codes['d']}={_slipped(compute(value, '+', codes['d']), habits.slip, rng)}"


def _difference(codes: Codes, name: str) -> str:
    """A difference written out, ``d-c:6804-1976=5938``."""
    x, y = codes[name[0]], codes[name[2]]
    return f"{name}:{x}-{y}={compute(x, '-', y)}"


def _conclusion(codes: Codes, family: str) -> str:
    """The strategy that a family calls for, written out to the answer."""
    if family == "sum":
        return f"c+d:{codes['c']}+{codes['d']}={compute(codes['c'], '+', codes['d'])}"
    name = {"const": "d-c", "double": "d-c", "alt": "c-b", "fib": "d-b"}[family]
    trace = _difference(codes, name)
    turn = trace[-DIALS:]
    if family == "double":
        twice = compute(turn, "+", turn)
        trace, turn = f"{trace}+{turn}={twice}", twice
    return f"{trace}+{codes['d']}={compute(turn, '+', codes['d'])}"


def teacher(problem: Problem) -> str:
    """A trace that writes all three turns and then applies the rule that they show."""
    codes = codes_of(problem)
    turns = [_difference(codes, name) for name in ("b-a", "c-b", "d-c")]
    return " ".join([*turns, _conclusion(codes, problem.meta["family"])])
