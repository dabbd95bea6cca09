"""Assertions ``assert f(input) == output`` as answers.

Literals are read, never run. Arguments that are none, but harmless (``"a" * 3``, ``range(9)``,
``lambda x: x < 2``), are written where the function is called. All others are computed in a sandbox
of their own: only their plain values meet the function, so that nothing in them can change it.
"""

import ast
from typing import Any, NamedTuple

from boundary.records import Outcome, Problem
from boundary.sandbox import Limits, Program
from boundary.verifiers.base import Decision
from boundary.verifiers.programs.harmless import is_harmless, variables_of

_CHARS = 20_000

CORRECT = Decision(Outcome.CORRECT, "passed")
MISMATCH = Decision(Outcome.WRONG, "mismatch")
NOT_LITERAL = Decision(Outcome.WRONG, "not_literal")
BAD_TEST = Decision(Outcome.UNJUDGED, "bad_test")

_CALLER = "\n\ndef _call(arguments, named):\n    return f(*arguments, **named)\n"


_PACKER = """
def _packed(*arguments, **named):
    return arguments, named

def _arguments():
    return _packed({})
"""


class Call(NamedTuple):
    """The arguments in ``f(…)``."""

    arguments: tuple[Any, ...]
    named: dict[str, Any]


def output_decision(problem: Problem, answer: str) -> Decision:
    """Whether the output that an answer states is the problem's own."""
    try:
        expected = ast.literal_eval(problem.meta["output"])
    except (ValueError, SyntaxError, KeyError, TypeError):
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
    expression = _expression(answer)
    if isinstance(expression, ast.Compare) and _is_equation(expression):
        expression = expression.comparators[0]
    return _literal(expression)


def input_program(problem: Problem, call: Call) -> Program:
    """The problem's function, on the input that an answer states."""
    inputs = ((call.arguments, call.named),)
    return Program(problem.meta["code"] + _CALLER, "_call", inputs, _limits(problem))


def harmless_program(problem: Problem, call: ast.Call) -> Program | None:
    """The problem's function, called as the answer has it; None if that might change it."""
    code = problem.meta["code"]
    variables = variables_of(code)
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not all(is_harmless(value, variables) for value in values):
        return None
    source = f"{code}\n\ndef _call():\n    return {ast.unparse(call)}\n"
    return Program(source, "_call", ((),), _limits(problem))


def argument_program(problem: Problem, call: ast.Call) -> Program:
    """What computes the arguments of a call, away from the function."""
    source = ast.unparse(ast.Call(ast.Name("f"), call.args, call.keywords))
    return Program(_PACKER.format(source[2:-1]), "_arguments", ((),), _limits(problem))


def computed(value: Any) -> Call | None:
    """The arguments that such a program gave."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], dict):
        return Call(tuple(value[0]), value[1])
    return None


def literal_call(call: ast.Call) -> Call | None:
    """The arguments of a call, if all are literals."""
    try:
        named = {str(k.arg): _literal(k.value) for k in call.keywords}
        return Call(tuple(map(_literal, call.args)), named)
    except ValueError:
        return None


def stated_call(answer: str) -> ast.Call:
    """The call of ``f`` on the left of ``==``, or that is the answer itself.

    Raises:
        ValueError: There is no such call.
    """
    expression = _expression(answer)
    if isinstance(expression, ast.Compare) and _is_equation(expression):
        expression = expression.left
    if not (isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name)):
        raise ValueError("no call")
    if expression.func.id != "f" or any(keyword.arg is None for keyword in expression.keywords):
        raise ValueError("no call of f")
    return expression


def input_decision(problem: Problem, value: Any) -> Decision:
    """Whether the stated input led to the problem's output."""
    try:
        expected = ast.literal_eval(problem.meta["output"])
    except (ValueError, SyntaxError, KeyError, TypeError):
        return BAD_TEST
    return CORRECT if value == expected else MISMATCH


def _expression(answer: str) -> ast.expr:
    """The last assertion of a text, or the expression that it is."""
    if len(answer) > _CHARS:
        raise ValueError("too long")
    try:
        tree = ast.parse(answer.strip())
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError("no Python") from error
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Assert):
        return last.test
    if isinstance(last, ast.Expr):
        return last.value
    raise ValueError("no assertion")


def _limits(problem: Problem) -> Limits:
    cpu_s = float(problem.meta["cpu_s"])
    return Limits(cpu_s=cpu_s, wall_s=3 * cpu_s + 5)


def _is_equation(node: ast.Compare) -> bool:
    return len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq)


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError("no literal") from error
