"""The dial-lock verifier: is the fifth code right, and does the written derivation hold.

A checkpoint writes steps separated by spaces, ``d-c:6804-1976=5938+6804=1732``: the operands by
letter, then the operands copied, then the arithmetic digit by digit modulo 10. The answer is
the four digits after the last ``=``. A right answer is *valid* when every operand is copied
right, every written result is right, and the rule that is applied follows from the four codes.
A bare guess is never valid, and neither is a right answer that wrong steps happened to reach.

The rules are written here a second time, apart from the suite that generates the problems.
"""

import re
from collections.abc import Mapping

from boundary.records import Finish, Outcome, Problem, Sample, Tier, Verdict
from boundary.verifiers.base import PureVerifier, Task

VERSION = "1"

_ANSWER = re.compile(r"=(\d{4})\s*\Z")
_STEP = re.compile(r"([a-d]([+-])[a-d]):(\d{4})[+-](\d{4})=(\d{4})((?:\+\d{4}=\d{4})*)")
_TAIL = re.compile(r"\+(\d{4})=(\d{4})")
_CODE = re.compile(r"([a-d])(\d{4})")

Codes = Mapping[str, str]
"""The four codes of a prompt by their letter, four digits each."""


def extract(text: str) -> str | None:
    """The answer: four digits after the last ``=``, with nothing behind them; else ``None``."""
    found = _ANSWER.search(text)
    return found[1] if found else None


def _codes(question: str) -> dict[str, str]:
    """The prompt's codes by their letter."""
    return dict(_CODE.findall(question))


def _add(left: str, right: str) -> str:
    """Digit by digit sum modulo 10."""
    return "".join(str((int(x) + int(y)) % 10) for x, y in zip(left, right, strict=True))


def _subtract(left: str, right: str) -> str:
    """Digit by digit difference modulo 10."""
    return "".join(str((int(x) - int(y)) % 10) for x, y in zip(left, right, strict=True))


def _rule_of(codes: Codes, step: str) -> str | None:
    """Read one step.

    Returns:
        The rule that the step applies (``d-c``, ``c+d``, ``double``), the empty string for a
        difference that is only noted, or ``None`` when something in the step is wrong.
    """
    found = _STEP.fullmatch(step)
    if found is None:
        return None
    name, sign, left, right, value, rest = found.groups()
    right_value = _add(left, right) if sign == "+" else _subtract(left, right)
    written = f"{name}:{codes[name[0]]}{sign}{codes[name[2]]}={right_value}"
    if not step.startswith(written):
        return None
    tails = _TAIL.findall(rest)
    if sign == "+":
        return None if tails else name
    if not tails:
        return ""
    twice = _add(value, value)
    once = [(codes["d"], _add(value, codes["d"]))]
    doubled = [(value, twice), (codes["d"], _add(twice, codes["d"]))]
    if tails == doubled and name == "d-c":
        return "double"
    return name if tails == once else None


def applied(question: str, text: str) -> str | None:
    """The rule that a faithful derivation applies.

    Args:
        question: The prompt, ``a6048 b5938 c1976 d6804``.
        text: What the checkpoint wrote.

    Returns:
        ``d-c`` and its like for adding that difference to the last code, ``c+d`` for a sum,
        ``double`` for adding twice the last turn; ``None`` when an operand is copied wrong,
        a result is wrong, or no rule is applied at all. Whether the rule is the right one is
        :func:`follows`.
    """
    codes = _codes(question)
    *notes, last = [_rule_of(codes, step) for step in text.strip().split(" ")]
    return last if last and all(note == "" for note in notes) else None


def follows(question: str, rule: str) -> bool:
    """Whether a rule follows from the four codes, so that its fifth code is warranted."""
    codes = _codes(question)
    a, b, c, d = (codes[name] for name in "abcd")
    first, second, third = _subtract(b, a), _subtract(c, b), _subtract(d, c)
    holds = {
        "d-c": first == second == third,
        "b-a": first == second == third,
        "c-b": first == third,
        "d-b": third == _add(first, second),
        "c+d": c == _add(a, b) and d == _add(b, c),
        "double": second == _add(first, first) and third == _add(second, second),
    }
    return holds.get(rule, False)


def valid(question: str, text: str) -> bool:
    """Whether the derivation is faithful and applies a rule that follows from the codes."""
    rule = applied(question, text)
    return rule is not None and follows(question, rule)


def _verdict(problem: Problem, sample: Sample, tier: Tier) -> Verdict:
    """Judge one sample in one tier."""
    found = extract(sample.text)
    right = found == problem.answer
    if tier is Tier.STRICT and sample.finish is Finish.LENGTH:
        right, reason = False, "truncated"
    elif found is None:
        reason = "no_answer"
    else:
        reason = "exact" if right else "mismatch"
    return Verdict(
        problem_id=problem.id,
        index=sample.index,
        tier=tier,
        outcome=Outcome.CORRECT if right else Outcome.WRONG,
        reason=reason,
        extracted=found,
        valid=right and valid(problem.question, sample.text),
        verifier_version=VERSION,
    )


def verdicts(problem: Problem, sample: Sample) -> tuple[Verdict, Verdict]:
    """The strict and the lenient verdict of one sample.

    Strict takes a sample that was cut at the token limit for wrong, whatever it holds; lenient
    reads what is there. ``valid`` is true where the answer is right by a valid derivation.
    """
    return _verdict(problem, sample, Tier.STRICT), _verdict(problem, sample, Tier.LENIENT)


class DialVerifier(PureVerifier):
    """Judges dial-lock answers; the answer channel of the template is of no account here."""

    name = "dial"
    version = VERSION

    def decide(self, task: Task) -> tuple[Verdict, ...]:
        """See :class:`PureVerifier`."""
        return verdicts(task.problem, task.sample)
