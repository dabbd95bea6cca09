"""Where a program stands in a text.

Strict reads the channel that the template asks for:

- ``code``: the last complete fenced block, of Python or of no stated language;
- ``code_open``: the wording has opened the block, so the text begins inside it and the program ends
  at the first closing fence, or with the text; a text that opens a block of Python again, before
  anything else, begins inside that;
- ``completion``: the text continues the question, up to the line of a stop string;
- ``answer_tag``: the last ``<answer>…</answer>``, in it the last complete block if there is one;
- ``assertion``: what follows the last ``[ANSWER]``, up to ``[/ANSWER]``, in it the last complete
  block if there is one;
- any other channel asks for no program, and is read as ``code``.

Lenient takes the strict reading where that is Python and defines what the problem asks for. Else it
takes the last block, complete or not, that does; else the question and the text as one program, cut
where they stop being Python; else the text itself, cut likewise; else the last block.
"""

import ast
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from boundary.records import Finish, Problem
from boundary.verifiers.base import Task
from boundary.verifiers.programs.source import parsed

_THINK_END = "</think>"
# Possessive: where a fence's line is none after all, there is nothing to try again.
_FENCE = re.compile(
    r"^(?P<margin>[ \t]{0,8}+)(?P<mark>`{3,}+|~{3,}+)[ \t]*+"
    r"(?:\{?\.?(?=[A-Za-z]))?+(?P<language>[^\s`:,{}]*+)(?P<more>[^\n`]*+)$",
    re.MULTILINE,
)
_PYTHON = {"", "python", "py", "python3", "python2", "ipython", "py3"}
_TAG, _TAG_END = "<answer>", "</answer>"
_BRACKET, _BRACKET_END = "[ANSWER]", "[/ANSWER]"

# Characters: of one text, and of all that are tried for an answer. Parsing takes time and memory
# many times the text, for an f-string time by its square; what is asked for is never as long.
_MOST_PARSED = 100_000
_MOST_PARSED_IN_ALL = 500_000
_MOST_CUTS = 40

# What a program can import.
_MODULES = sys.stdlib_module_names | {"numpy"}
_OWN_NAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.comprehension)


class Block(NamedTuple):
    """A fenced block: its stated language, its text, and whether its end is marked."""

    language: str
    text: str
    is_closed: bool

    @property
    def is_python(self) -> bool:
        """Whether it may hold Python."""
        return self.language.lower() in _PYTHON


def strict(task: Task) -> str | None:
    """The program in the asked channel, or ``None``."""
    reader = _READERS.get(task.channel, _code)
    return reader(task)


def lenient(task: Task) -> str | None:
    """The program of :func:`strict`, else any other that the text holds, or ``None``."""
    found, answers = strict(task), Answers(task.problem)
    if found is not None and answers.is_one(found):
        return found
    return next(_others(task, answers), found)


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a text in their order; the last may lack its end."""
    found: list[Block] = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence["mark"].startswith(opening["mark"]) and not _states_more(fence):
            found.append(_block(text, opening, fence.start(), is_closed=True))
            opening = None
        elif _states_more(fence) and fence["mark"][0] == opening["mark"][0]:
            # Another block opens: the one before was left without an end.
            found.append(_block(text, opening, fence.start(), is_closed=False))
            opening = fence
    if opening is not None:
        found.append(_block(text, opening, len(text), is_closed=False))
    return found


def _block(text: str, opening: re.Match[str], end: int, *, is_closed: bool) -> Block:
    lines, margin = text[opening.end() + 1 : end].split("\n"), opening["margin"]
    # A block in a list item is as far in as its fence, which is no part of the program.
    if margin and all(line.startswith(margin) for line in lines if line.strip()):
        lines = [line.removeprefix(margin) for line in lines]
    return Block(opening["language"] or opening["more"].strip(), "\n".join(lines), is_closed)


def _states_more(fence: re.Match[str]) -> bool:
    """Whether a language, or anything, stands beside a fence: it then closes no block."""
    return bool(fence["language"] or fence["more"].strip())


def _code(task: Task) -> str | None:
    return _last_complete(_body(task.sample.text))


def _last_complete(text: str) -> str | None:
    complete = (b.text for b in reversed(blocks(text)) if b.is_closed and b.is_python)
    return next(complete, None)


def _code_open(task: Task) -> str | None:
    text = _inside(task.sample.text)
    closing = next((f for f in _FENCE.finditer(text) if not _states_more(f)), None)
    program = text[: closing.start()] if closing else text
    return program if program.strip() else None


def _inside(text: str) -> str:
    """The text, without the opening fence that it may repeat; a bare one closes the block."""
    opening = _FENCE.match(text.lstrip())
    if opening and opening["language"] and opening["language"].lower() in _PYTHON:
        return opening.string[opening.end() + 1 :]
    return text


def _completion(task: Task) -> str | None:
    text = _without_stop(task)
    return _joined(task.problem, text) if text.strip() else None


def _without_stop(task: Task) -> str:
    """The text without the stop string that ended it, which opens its last line."""
    text = task.sample.text
    if task.sample.finish != Finish.STOP_STRING:
        return text
    return text[: text.rfind("\n") + 1]


def _joined(problem: Problem, text: str) -> str:
    """The question with the text below it."""
    return f"{problem.question}\n{text}"


def _answer_tag(task: Task) -> str | None:
    text = _body(task.sample.text)
    end = text.rfind(_TAG_END)
    start = text.rfind(_TAG, 0, max(end, 0))
    if start < 0:
        return None
    inner = text[start + len(_TAG) : end]
    found = _last_complete(inner)
    if found is None and inner.strip() and not blocks(inner):
        return inner.strip("\n")
    return found


def _assertion(task: Task) -> str | None:
    text = _body(task.sample.text)
    return _bracketed(text).strip() or None


def _bracketed(text: str) -> str:
    """What stands in the last brackets; in a complete block there, if it is in one."""
    inner = text.rpartition(_BRACKET)[2].partition(_BRACKET_END)[0]
    return next((block.text for block in reversed(blocks(inner)) if block.is_closed), inner)


_READERS: Mapping[str, Callable[[Task], str | None]] = {
    "code": _code,
    "code_open": _code_open,
    "completion": _completion,
    "answer_tag": _answer_tag,
    "assertion": _assertion,
}


def _others(task: Task, answers: "Answers") -> Iterator[str]:
    """Programs outside the asked channel, the likeliest first."""
    text = _body(task.sample.text)
    fenced = [b.text for b in reversed(blocks(text)) if b.is_python and b.text.strip()]
    if task.problem.meta.get("task") in ("output", "input"):
        yield from _assertions(text, fenced)
        return
    yield from filter(answers.is_one, fenced)
    for program in (_joined(task.problem, _without_stop(task)), text):
        if cut := answers.cut(program):
            yield cut
    yield from fenced


def _assertions(text: str, fenced: list[str]) -> Iterator[str]:
    if _BRACKET in text:
        yield _bracketed(text).strip()
    yield from (block for block in fenced if "f(" in block)
    lines = (line.strip().strip("`") for line in reversed(text.split("\n")))
    yield from (line for line in lines if line.startswith(("assert f(", "f(")) and "==" in line)


class Answers:
    """What a text must hold to be a program for a problem; parses so much and no more."""

    def __init__(self, problem: Problem) -> None:
        entry = problem.meta.get("entry")
        self._question = problem.question
        self._name = entry.partition(".")[0] if isinstance(entry, str) else None
        self._left = _MOST_PARSED_IN_ALL

    def is_one(self, program: str) -> bool:
        """Whether it is Python, and defines what is asked for or does something."""
        try:
            return self._does(self._tree(program))
        except SyntaxError:
            return False

    def cut(self, text: str) -> str | None:
        """The longest opening of a text that is such a program, found in few steps."""
        for _ in range(_MOST_CUTS):
            if not text.strip() or text.strip() == self._question.strip():
                return None
            try:
                return text if self._does(self._tree(text)) else None
            except SyntaxError as error:
                text = _before(text, error.lineno or 1)
        return None

    def _tree(self, program: str) -> ast.Module:
        if len(program) > min(_MOST_PARSED, self._left):
            raise SyntaxError("too long")
        self._left -= len(program)
        return parsed(program)

    def _does(self, tree: ast.Module) -> bool:
        if self._name is None:
            calls = (ast.Import, ast.ImportFrom, ast.Call)
            return any(isinstance(node, calls) for node in ast.walk(tree))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == self._name:
                return not _is_empty(node)
        return any(self._name in _names(node) for node in _of_the_module(tree))


def _of_the_module(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes but those inside functions and classes, whose names are their own."""
    left: list[ast.AST] = [tree]
    while left:
        for node in ast.iter_child_nodes(left.pop()):
            yield node
            if not isinstance(node, _OWN_NAMES):
                left.append(node)


def _names(node: ast.AST) -> tuple[str, ...]:
    """The names that a node gives to something."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.Name(id=name, ctx=ast.Store()):
            return (name,)
        case ast.ImportFrom(module=str(module), level=0, names=names) if _is_there(module):
            return tuple(one.asname or one.name for one in names)
        case _:
            return ()


def _is_there(module: str) -> bool:
    """Whether a program can import it: examples of use import what is asked for from nowhere."""
    return module.partition(".")[0] in _MODULES


def _is_empty(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """A function with a docstring and nothing else."""
    return all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in node.body)


def _before(text: str, number: int) -> str:
    """The lines before one, from 1, as Python counts them; at least the last one is left out."""
    lines = list(io.StringIO(text, newline=""))
    return "".join(lines[: min(number, len(lines)) - 1])


def _body(text: str) -> str:
    """What follows the reasoning, where its end is marked."""
    return text.rpartition(_THINK_END)[2]
