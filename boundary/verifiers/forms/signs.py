"""What operators, brackets and commands mean: the tables behind the grammar."""

import re

from boundary.verifiers.forms import words

RELATIONS = {
    "=": "=",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "!=": "!=",
    "\\leq": "<=",
    "\\geq": ">=",
    "\\lt": "<",
    "\\gt": ">",
    "\\neq": "!=",
    "\\in": "in",
    "\\equiv": "mod",
    "\\approx": "~",
    "\\simeq": "~",
    "\\approxeq": "~",
    "\\coloneqq": "=",
}
SET_OPERATIONS = {
    "cup": "cup",
    "cap": "cap",
    "setminus": "minus",
    "backslash": "minus",
    "bigcup": "cup",
}
TIMES = frozenset({"*", "\\times", "\\cdot", "\\ast"})
OVER = frozenset({"/", "\\div"})
CONSTANTS = {"pi": "pi", "infty": "oo", "infinity": "oo", "oo": "oo", "inf": "oo"}
SETS = frozenset("RZNQC")
ACCENTS = frozenset(
    words.listed(
        "overline bar vec hat tilde overrightarrow widehat dot ddot angle triangle measuredangle "
        "widetilde boldsymbol overarc"
    )
)
CLOSERS = {"(": (")", "]"), "[": ("]", ")"), "\\{": ("\\}",), "{": ("}",)}
UNKNOWN = frozenset(
    words.listed(
        "sum prod int iint oint lim limsup liminf partial nabla ldots dots cdots vdots "
        "forall exists Rightarrow Leftrightarrow rightarrow to iff implies therefore because "
        "mapsto subset subseteq supset notin perp parallel cong sim"
    )
)

_COMMAND = re.compile(r"\\([A-Za-z]+)")


def is_beyond(*spelled: str) -> bool:
    """Whether an answer holds a construction that this grammar leaves to math-verify."""
    return any(m[1] in UNKNOWN for text in spelled for m in _COMMAND.finditer(text))
