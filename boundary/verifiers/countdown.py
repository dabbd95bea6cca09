r"""The countdown verifier: an expression of the given numbers that equals the target, exactly.

An answer is an expression, or an equation with the target alone on one side. It may use whole
numbers, + - * /, brackets and a minus sign before a term; ``\times``, ``\frac{a}{b}`` and their
like are read as what they mean. Each given number is used exactly once, or at most once where the
problem's ``may_omit`` says so. Nothing is evaluated as code: the expression is parsed, and its
value is an exact fraction, so 1/3 * 3 is 1 and no rounding passes for an answer.

A problem's ``meta`` holds ``nums`` and ``target``; its gold answer is one of many and is not read.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from boundary.records import Outcome, Problem, Tier, Verdict
from boundary.verifiers import extract
from boundary.verifiers.base import Decision, PureVerifier, Task, verdict_of

# Room for every number in brackets of its own, spelt out in LaTeX, and the target.
_CHARS, _CHARS_PER_NUMBER = 80, 60
_DEPTH = 40

_CORRECT = Decision(Outcome.CORRECT, "expression")
_MISMATCH = Decision(Outcome.WRONG, "mismatch")
_NUMBERS = Decision(Outcome.WRONG, "other_numbers")
_MALFORMED = Decision(Outcome.WRONG, "malformed")
_TOO_LONG = Decision(Outcome.WRONG, "too_long")
_NO_PUZZLE = Decision(Outcome.UNJUDGED, "no_gold")

_SPELLINGS = str.maketrans(
    {
        "\u2212": "-",
        "\u2013": "-",
        "\u00d7": "*",
        "\u22c5": "*",
        "\u00b7": "*",
        "\u00f7": "/",
        "\u2215": "/",
        "[": "(",
        "]": ")",
        "$": " ",
    }
)
_COMMANDS = (
    (re.compile(r"\\(?:times|cdot|ast)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])|\\[!,;: ]"), " "),
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_ALLOWED = re.compile(r"[0-9+\-*/() ]+")
_WHOLE = re.compile(r"-?[0-9]{1,12}")

_OPERATIONS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: Fraction.__add__,
    ast.Sub: Fraction.__sub__,
    ast.Mult: Fraction.__mul__,
    ast.Div: Fraction.__truediv__,
}


class Puzzle(NamedTuple):
    """The numbers to use, the value to reach, and whether a number may be left out."""

    nums: tuple[int, ...]
    target: int
    may_omit: bool

    @classmethod
    def of(cls, problem: Problem) -> "Puzzle | None":
        """The puzzle in a problem's ``meta``, or ``None`` where there is none."""
        nums, target = problem.meta.get("nums"), problem.meta.get("target")
        if not nums or not _are_whole(nums) or not _are_whole([target]):
            return None
        return cls(tuple(nums), int(target or 0), problem.meta.get("may_omit") is True)

    def allows(self, used: Counter[int]) -> bool:
        """Whether the numbers of an expression are the given ones."""
        given = Counter(self.nums)
        return used <= given if self.may_omit else used == given


class CountdownVerifier(PureVerifier):
    """Judges expressions that are to reach a target; see the module."""

    name = "countdown"
    version = "1"

    def decide(self, task: Task) -> tuple[Verdict, ...]:
        """See :class:`PureVerifier`."""
        return tuple(self._verdict(task, tier) for tier in Tier)

    def _verdict(self, task: Task, tier: Tier) -> Verdict:
        extracted, decision = extract.read(task, tier)
        puzzle = Puzzle.of(task.problem)
        if puzzle is None:
            decision = _NO_PUZZLE
        elif decision is None:
            decision = judged(extracted or "", puzzle)
        return verdict_of(task, tier, decision, extracted, self.version)


def judged(answer: str, puzzle: Puzzle) -> Decision:
    """Whether an answer solves the puzzle, and what decided it."""
    if len(answer) > _CHARS + _CHARS_PER_NUMBER * len(puzzle.nums):
        return _TOO_LONG
    sides = [_plain(side) for side in answer.split("=")]
    if len(sides) == 2:
        return _of_equation(sides[0], sides[1], puzzle)
    return _of_expression(sides[0], puzzle) if len(sides) == 1 else _MALFORMED


def _of_equation(left: str, right: str, puzzle: Puzzle) -> Decision:
    """An equation states the target on the side that is a bare number."""
    for expression, stated in ((left, right), (right, left)):
        if _WHOLE.fullmatch(stated):
            return _of_expression(expression, puzzle) if int(stated) == puzzle.target else _MISMATCH
    return _MALFORMED


def _of_expression(text: str, puzzle: Puzzle) -> Decision:
    try:
        tree = parsed(text)
        value = _value(tree)
    except ValueError:
        return _MALFORMED
    except ZeroDivisionError:
        return _MISMATCH
    if not puzzle.allows(Counter(_numbers(tree))):
        return _NUMBERS
    return _CORRECT if value == puzzle.target else _MISMATCH


def parsed(text: str) -> ast.expr:
    """The expression in a text of digits, + - * /, brackets and spaces.

    Raises:
        ValueError: The text is no such expression, or it is nested too deep.
    """
    if not _ALLOWED.fullmatch(text) or _nesting(text) > _DEPTH:
        raise ValueError("no arithmetic expression")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    # A SyntaxError is no ValueError.
    except SyntaxError as error:
        raise ValueError("no arithmetic expression") from error
    for node in ast.walk(tree):
        if not _is_arithmetic(node):
            raise ValueError(f"{type(node).__name__} in an arithmetic expression")
    return tree


def _is_arithmetic(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATIONS
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.UAdd)
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    return isinstance(node, ast.operator | ast.unaryop)


def _value(node: ast.expr) -> Fraction:
    """The value of an expression that :func:`parsed` let through."""
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand)
        return -inner if isinstance(node.op, ast.USub) else inner
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int)
    return Fraction(node.value)


def _numbers(tree: ast.expr) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            yield node.value


def _nesting(text: str) -> int:
    """A bound on the depth of the tree: brackets, and signs that may stand in a row."""
    signs = max((len(run) for run in re.findall(r"[+\-\s]+", text)), default=0)
    return text.count("(") + signs


def _plain(text: str) -> str:
    """LaTeX and Unicode as the characters they stand for."""
    text = text.translate(_SPELLINGS)
    for pattern, new in _COMMANDS:
        text = pattern.sub(new, text)
    while (simpler := _FRACTION.sub(r"((\1)/(\2))", text)) != text:
        text = simpler
    return " ".join(text.split())


def _are_whole(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(type(value) is int for value in values)
