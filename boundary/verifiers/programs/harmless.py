"""Expressions that may stand beside a function without being able to change it.

Arithmetic, comparisons, methods of plain data, and functions of one expression of that: there is no
way from there to another object's attributes, to a frame, a module or a name that is not listed.
"""

import ast
from collections.abc import Set

from boundary.verifiers.programs.source import parsed

_BUILTINS = frozenset(
    {
        *("abs", "all", "any", "bool", "chr", "dict", "enumerate", "filter", "float", "int", "len"),
        *("list", "map", "max", "min", "ord", "range", "reversed", "round", "set", "sorted", "str"),
        *("sum", "tuple", "zip"),
    }
)
_METHODS = frozenset(
    name
    for kind in (bool, bytes, dict, float, frozenset, int, list, set, str, tuple)
    for name in dir(kind)
    if not name.startswith("_")
) - {"format", "format_map"}  # These read attributes by name.
_NODES = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Subscript, ast.Slice, ast.Load),
    *(ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.keyword),
    *(ast.Lambda, ast.arguments, ast.arg, ast.Name, ast.Attribute),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)


def is_harmless(expression: ast.expr, variables: Set[str] = frozenset()) -> bool:
    """Whether it is such an expression, over the given variables."""
    # Without recursion: a sum of a thousand terms is a thousand levels deep.
    pending: list[tuple[ast.AST, Set[str]]] = [(expression, _BUILTINS | variables)]
    while pending:
        node, names = pending.pop()
        if not _is_known(node, names):
            return False
        if isinstance(node, ast.Lambda):
            # Its parameters are names in its body, and nowhere else.
            pending += [(node.args, names), (node.body, names | _parameters(node.args))]
        else:
            pending += [(child, names) for child in ast.iter_child_nodes(node)]
    return True


def _is_known(node: ast.AST, names: Set[str]) -> bool:
    """Whether a node may stand there, whatever is below it."""
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Attribute):
        return node.attr in _METHODS
    return isinstance(node, _NODES)


def _parameters(node: ast.arguments) -> frozenset[str]:
    """The names of a function's own parameters, not those of functions in their defaults."""
    own = [*node.posonlyargs, *node.args, *node.kwonlyargs, node.vararg, node.kwarg]
    return frozenset(each.arg for each in own if each)


def variables_of(source: str) -> frozenset[str]:
    """Names that a module sets to a value; none of a source that is no Python."""
    try:
        body = parsed(source).body
    except SyntaxError:
        return frozenset()
    targets = (target for node in body if isinstance(node, ast.Assign) for target in node.targets)
    return frozenset(target.id for target in targets if isinstance(target, ast.Name))
