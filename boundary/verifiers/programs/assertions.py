"""Assertions ``assert f(input) == output`` as answers.

Literals are read, never run. Arguments that are none, but harmless (``"a" * 3``, ``range(9)``,
``lambda x: x < 2``), are written where the function is called. All others are computed in a sandbox
of their own: only their plain values meet the function, so that nothing in them can change it.

What is written in an answer is read here, in the parent: whatever it is, it has a decision.
"""

import ast
from typing import Any, NamedTuple

from boundary.records import Outcome, Problem
from boundary.sandbox import Limits, Program, prepare
from boundary.verifiers.base import Decision
from boundary.verifiers.programs.harmless import is_harmless, variables_of
from boundary.verifiers.programs.source import parsed

_CHARS = 20_000
# What reading a literal may raise: it nests too deeply, hashes a list, adds 1j to 10**400.
_NO_LITERAL = (ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError)

CORRECT = Decision(Outcome.CORRECT, "passed")
MISMATCH = Decision(Outcome.WRONG, "mismatch")
NOT_LITERAL = Decision(Outcome.WRONG, "not_literal")
BAD_TEST = Decision(Outcome.UNJUDGED, "bad_test")

_CALLER = "\n\ndef _call(arguments, named):\n    return f(*arguments, **named)\n"


_PACKER = """
def _packed(*arguments, **named):
    return arguments, named

def _arguments():
    return _packed{}
"""


class Call(NamedTuple):
    """The arguments in ``f(…)``."""

    arguments: tuple[Any, ...]
    named: dict[str, Any]


class StatedCall(NamedTuple):
    """``f(…)`` as an answer has it, and that text's own syntax tree: what is checked is run."""

    text: str
    tree: ast.Call

    @property
    def values(self) -> list[ast.expr]:
        """What the function is called with."""
        return [*self.tree.args, *(keyword.value for keyword in self.tree.keywords)]


def output_decision(problem: Problem, answer: str) -> Decision:
    """Whether the output that an answer states is the problem's own."""
    try:
        expected = _expected(problem)
    except ValueError:
        return BAD_TEST
    try:
        stated = stated_output(answer)
    except ValueError:
        return NOT_LITERAL
    return CORRECT if stated == expected else MISMATCH


def stated_output(answer: str) -> Any:
    """The literal on the right of the last ``==``, or the answer itself.

    Raises:
        ValueError: It is no literal.
    """
    expression = _expression(answer.strip())
    if isinstance(expression, ast.Compare) and _is_equation(expression):
        expression = expression.comparators[0]
    return _literal(expression)


def input_program(problem: Problem, call: Call) -> Program:
    """The problem's function, on the input that an answer states."""
    return Program(problem.meta["code"] + _CALLER, "_call", (tuple(call),), _limits(problem))


def harmless_program(problem: Problem, stated: StatedCall) -> Program | None:
    """The problem's function, called as the answer has it; None if that might change it."""
    code = problem.meta["code"]
    variables = variables_of(code)
    if not all(is_harmless(value, variables) for value in stated.values):
        return None
    source = f"{code}\n\ndef _call():\n    return (\n{stated.text}\n)\n"
    return Program(source, "_call", ((),), _limits(problem))


def argument_program(problem: Problem, stated: StatedCall) -> Program:
    """What computes the arguments of a call, away from the function."""
    source = _PACKER.format(stated.text.removeprefix("f"))
    return Program(source, "_arguments", ((),), _limits(problem))


def computed(value: Any) -> Call | None:
    """The arguments that such a program gave; it may have written anything in their place."""
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    arguments, named = value
    if not isinstance(arguments, tuple) or not isinstance(named, dict):
        return None
    return Call(arguments, named) if all(isinstance(name, str) for name in named) else None


def literal_call(stated: StatedCall) -> Call | None:
    """The arguments of a call, if all are literals and can be handed to a sandbox."""
    try:
        named = {str(k.arg): _literal(k.value) for k in stated.tree.keywords}
        call = Call(tuple(map(_literal, stated.tree.args)), named)
        prepare((tuple(call),))
    except ValueError:
        return None
    return call


def stated_call(answer: str) -> StatedCall:
    """The call of ``f`` on the left of ``==``, or that is the answer itself.

    Raises:
        ValueError: There is no such call.
    """
    text = answer.strip()
    expression = _expression(text)
    if isinstance(expression, ast.Compare) and _is_equation(expression):
        expression = expression.left
    call = ast.get_source_segment(text, expression) or ""
    match _statements(call):
        case [ast.Expr(ast.Call(ast.Name("f")) as tree)] if call.startswith("f"):
            names = {keyword.arg for keyword in tree.keywords}
            if None in names or len(names) < len(tree.keywords):
                raise ValueError("names that are not stated, or stated twice")
            return StatedCall(call, tree)
        case _:
            raise ValueError("no call of f")


def input_decision(problem: Problem, value: Any) -> Decision:
    """Whether the stated input led to the problem's output."""
    try:
        expected = _expected(problem)
    except ValueError:
        return BAD_TEST
    return CORRECT if value == expected else MISMATCH


def _expected(problem: Problem) -> Any:
    try:
        return ast.literal_eval(problem.meta["output"])
    except (KeyError, *_NO_LITERAL) as error:
        raise ValueError("no literal is expected") from error


def _expression(text: str) -> ast.expr:
    """The last assertion of a text, or the expression that it is."""
    match _statements(text):
        case [*_, ast.Assert(expression) | ast.Expr(expression)]:
            return expression
        case _:
            raise ValueError("no assertion")


def _statements(text: str) -> list[ast.stmt]:
    if len(text) > _CHARS:
        raise ValueError("too long")
    try:
        return parsed(text).body
    except SyntaxError as error:
        raise ValueError("no Python") from error


def _limits(problem: Problem) -> Limits:
    cpu_s = float(problem.meta["cpu_s"])
    return Limits(cpu_s=cpu_s, wall_s=3 * cpu_s + 5)


def _is_equation(node: ast.Compare) -> bool:
    return len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq)


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except _NO_LITERAL as error:
        raise ValueError("no literal") from error
