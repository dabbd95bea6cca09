"""What a fake model answers to problems about programs where it is to be wrong.

None of it passes by chance. A solution with an operator flipped often does, so what it returns is
given back only where it is plainly another value than the solution's; where it is not, what is
given back passes under no rule of :mod:`boundary.verifiers.programs.compare`: nothing for what is
true, and true for what is not.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache

from boundary.records import Problem

_SPOILT = """\
def _spoilt(right, changed=None):
    import copy

    inside = []

    def spoilt(*arguments):
        if inside:
            return right(*arguments)
        inside.append(True)
        try:
            found = changed(*copy.deepcopy(arguments)) if changed else None
            stated = right(*arguments)
        finally:
            inside.pop()
        if type(found) is type(stated) in (bool, int, str) and found != stated:
            return found
        return None if stated else True

    return spoilt


"""
_SWAPS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Mod: ("%", "+"),
    ast.Lt: ("<", ">="),
    ast.LtE: ("<=", ">"),
    ast.Gt: (">", "<="),
    ast.GtE: (">=", "<"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}
# By these another number, text or truth value is never right.
_EXACT = {"equal", "evalplus", "json"}


def wrong(problem: Problem, index: int) -> str:
    """A program or an assertion that is wrong; its kind goes round with the index."""
    solution, meta = (problem.solution or "").rstrip(), problem.meta
    entry = meta.get("entry")
    if meta["task"] == "input":
        return _at(index, ("assert f(no=0) == 0", "assert f(no) == 0", "assert f("))
    if meta["task"] == "output":
        called = f"assert f({meta['input']}) =="
        return _at(index, (f"{called} [{meta['output']}]", f"{called} f()", "assert f("))
    if not isinstance(entry, str):
        return _at(index, (f"print('no')\n{solution}", "raise ValueError('no')", "print("))
    dropped = f"{solution}\n\n\n{_SPOILT}{entry} = _spoilt({entry})"
    kinds = (
        _changed(problem, entry, index // 4) or dropped,
        dropped,
        f"{solution}\n\n\nraise ValueError('no')",
        f"def {entry.partition('.')[0]}(",
    )
    return _at(index, kinds)


def _at(index: int, kinds: tuple[str, ...]) -> str:
    return kinds[index % len(kinds)]


def _changed(problem: Problem, entry: str, turn: int) -> str | None:
    """The solution with one operator or number changed, behind a guard; None if it has none."""
    solution = (problem.solution or "").rstrip()
    found = changes(solution, problem.question) if problem.meta.get("rule") in _EXACT else ()
    if not found:
        return None
    guard = f"_changed = {entry}\n\n\n{solution}\n\n\n{_SPOILT}"
    return f"{found[turn % len(found)]}\n\n\n{guard}{entry} = _spoilt({entry}, _changed)"


@lru_cache(maxsize=1024)
def changes(solution: str, question: str) -> tuple[str, ...]:
    """A program with each of its operators flipped and each of its whole numbers raised by one.

    What was asked stays as it is, where the program repeats it. A program with a loop that need
    not end has none: a change might keep it running.
    """
    try:
        tree = ast.parse(solution)
    except SyntaxError:
        return ()
    if any(isinstance(node, ast.While) for node in ast.walk(tree)):
        return ()
    text, asked = solution.encode(), question.strip().encode()
    start = text.find(asked) + len(asked) if asked in text else 0
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for first, last, old, new in _places(tree, starts):
        place = text.find(old.encode(), first, last)
        if place >= start:
            found.append(text[:place] + new.encode() + text[place + len(old) :])
    return tuple(each.decode() for each in found)


def _places(node: ast.AST, starts: list[int]) -> Iterator[tuple[int, int, str, str]]:
    """Where something may be changed: from and to which byte, what, and into what."""

    def first(of: ast.expr) -> int:
        return starts[of.lineno - 1] + of.col_offset

    def last(of: ast.expr) -> int:
        return starts[(of.end_lineno or of.lineno) - 1] + (of.end_col_offset or 0)

    # What lies in a formatted string has no place of its own.
    if isinstance(node, ast.JoinedStr):
        return
    if isinstance(node, ast.BinOp) and type(node.op) in _SWAPS:
        yield last(node.left), first(node.right), *_SWAPS[type(node.op)]
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPS:
        yield last(node.left), first(node.comparators[0]), *_SWAPS[type(node.ops[0])]
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield first(node), last(node), str(node.value), str(node.value + 1)
    for child in ast.iter_child_nodes(node):
        yield from _places(child, starts)
