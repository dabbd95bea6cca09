"""Tests that come as Python source, read as data: inputs, expected values, a rule to compare by.

Nothing is run here. Where a test computes its inputs, or takes what it expects from a reference
function, the source of that stays beside the cases, for the verifier to run in a sandbox.

What :func:`of_check` and :func:`of_assertions` return goes into a problem's ``meta``:

- ``rule`` and ``atol``: how an output is compared, see :mod:`boundary.verifiers.programs`;
- ``cases``: what :func:`boundary.cases.pack` makes;
- ``reference``: source and entry of a function that gives the expected values, where none are
  stated;
- ``recorder``: source and entry of a function that gives the cases as (arguments, expected value),
  instead of ``cases``.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from boundary import cases
from boundary.suites.literals import as_json, value_of

_CALL = "candidate"
_LISTS = re.compile(r"^ *(inputs|results) = (.*)\n", re.MULTILINE)
_ASSERTION = re.compile(r"\bassertion\((\w+)\(\*inp\), (exp|ref_func\(\*inp\)), ([0-9.e-]+)\)")
_ROOT = re.compile(r"\bassert _poly\(\*candidate\(\*inp\), inp\) <= ([0-9.e-]+)")
# What a test defines beside its reference function.
_OWN = {"is_floats", "assertion", "check", "_poly"}

_RECORDER = """

def _record():
    import copy
    import random
    random.seed(0)
    calls = []
    def candidate(*arguments):
        kept = copy.deepcopy(arguments)
        value = {entry}(*arguments)
        calls.append((kept, value))
        return value
    check(candidate)
    return calls
"""

Meta = dict[str, Any]


NO_TESTS: Meta = {"rule": "equal", "atol": 0.0}
"""Of a problem without tests: all answers to it are left unjudged."""


class Case(NamedTuple):
    """One assertion: the arguments, the expected value, and the rule that its form implies."""

    arguments: tuple[Any, ...]
    expected: Any
    rule: str
    atol: float = 0.0


def of_check(test: str, entry: str, solution: str) -> Meta:
    """The cases of a ``check(candidate)`` whose assertions state arguments and values.

    An empty test has none. A check that computes some gets a recorder: its inputs are then those
    it gives to the reference solution, and what that returns, which passes the check, is expected
    of a candidate.

    Raises:
        ValueError: There is no ``check``.
    """
    if not test.strip():
        return dict(NO_TESTS)
    try:
        found = list(_cases(_check(test), entry))
    except ValueError:
        found = []
    if not found:
        source = f"{solution}\n{test}\n{_RECORDER.format(entry=entry)}"
        rule = {"rule": "root", "atol": 1e-4} if entry == "find_zero" else {"rule": "equal"}
        return {"atol": 0.0, **rule, "recorder": {"source": source, "entry": "_record"}}
    strictest = min(found, key=lambda case: _RULES.index(case.rule))
    return {
        "rule": strictest.rule,
        "atol": max(case.atol for case in found),
        "cases": cases.pack([c.arguments for c in found], [c.expected for c in found]),
    }


# A check with assertions of several forms is compared by the first of these among them.
_RULES = ("tuple", "close", "truth", "equal")


def _check(test: str) -> ast.FunctionDef:
    try:
        tree = ast.parse(test)
    except SyntaxError as error:
        raise ValueError("the test is no Python") from error
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "check":
            return node
    raise ValueError("the test has no check(candidate)")


def _cases(check: ast.FunctionDef, entry: str) -> Iterator[Case]:
    for statement in check.body:
        if isinstance(statement, ast.Assert):
            if not _says_nothing(statement.test, entry):
                yield _case(statement.test)
        elif not (isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("print")):
            raise ValueError("a test that computes")


def _says_nothing(test: ast.expr, entry: str) -> bool:
    """A test that holds always, or that compares the candidate with itself."""
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return isinstance(test, ast.Constant) or entry in names


def _case(test: ast.expr) -> Case:
    if isinstance(test, ast.Call):
        return Case(_arguments(test), rule="truth", expected=True)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return Case(_arguments(test.operand), rule="truth", expected=False)
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
        raise ValueError("an assertion of another form")
    left, (operator,), (right,) = test.left, test.ops, test.comparators
    if isinstance(operator, ast.Lt):
        return _within(left, value_of(right))
    if not isinstance(operator, ast.Eq):
        raise ValueError("an assertion of another form")
    if _name(left) == "tuple" and isinstance(left, ast.Call) and len(left.args) == 1:
        return Case(_arguments(left.args[0]), value_of(right), "tuple")
    return Case(_arguments(left), value_of(right), "equal")


def _within(left: ast.expr, atol: Any) -> Case:
    """``abs(candidate(…) - value) < atol``."""
    inner = left.args[0] if isinstance(left, ast.Call) and len(left.args) == 1 else None
    is_distance = _name(left) in {"abs", "fabs"} and isinstance(atol, float)
    if is_distance and isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub):
        return Case(_arguments(inner.left), value_of(inner.right), "close", atol)
    raise ValueError("an assertion of another form")


def _arguments(node: ast.expr) -> tuple[Any, ...]:
    if _name(node) != _CALL or not isinstance(node, ast.Call) or node.keywords:
        raise ValueError("an assertion of another form")
    return tuple(map(value_of, node.args))


def _name(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def of_assertions(test: str) -> tuple[Meta, str]:
    """The cases of a test in EvalPlus's own format, and the name of the function under test.

    The inputs are a list; the expected values are another, or a reference function gives them. In
    a ``check`` that function is called ``candidate``.

    Raises:
        ValueError: The test has another form.
    """
    lists = {found[1]: found[2] for found in _LISTS.finditer(test)}
    rest = _LISTS.sub("", test)
    root = _ROOT.search(rest)
    call = _ASSERTION.search(rest)
    if "inputs" not in lists or not (root or call):
        raise ValueError("a test of another form")
    inputs, count = as_json(lists["inputs"])
    if root:
        # The test hands its arguments over the wrong way round, so that nothing passes: the value
        # is judged as a root all the same.
        own = {"rule": "root", "atol": float(root[1])}
        return {**own, "cases": cases.pack_text(inputs, None, count)}, _CALL
    assert call
    entry, expected, atol = call.groups()
    meta: Meta = {"rule": _rule(rest), "atol": float(atol)}
    if expected != "exp":
        meta["reference"] = {"source": _reference(rest), "entry": "ref_func"}
        return {**meta, "cases": cases.pack_text(inputs, None, count)}, entry
    results, stated = as_json(lists.get("results", ""))
    if stated != count:
        raise ValueError(f"{count} inputs and {stated} results")
    return {**meta, "cases": cases.pack_text(inputs, results, count)}, entry


def _rule(rest: str) -> str:
    """What the test's own ``assertion`` compares."""
    if "out = set(out)" in rest:
        return "set"
    if "exp == (out is not None)" in rest:
        return "not_none"
    if "np.allclose" not in rest:
        raise ValueError("a comparison of another form")
    return "evalplus"


def _reference(rest: str) -> str:
    """The reference function, with what it needs of the test's module."""
    kept = []
    for node in ast.parse(rest).body:
        is_own = isinstance(node, ast.FunctionDef) and node.name in _OWN
        numpy = isinstance(node, ast.Import) and node.names[0].name == "numpy"
        if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef) and not (
            is_own or numpy
        ):
            kept.append(ast.unparse(node))
    return "\n".join(kept)
