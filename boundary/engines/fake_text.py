"""What fake answers are made of: words, and the statements that end them."""

from functools import lru_cache
from itertools import islice, product

from boundary.engines import fake_code
from boundary.errors import EngineError
from boundary.records import Problem

_STATEMENTS = {
    "boxed": "The final answer is \\boxed{{{}}}.",
    "answer_line": "Answer: {}",
    "answer_tag": "<answer> {} </answer>",
    "hashes": "#### {}",
    "dial": "={}",
}
_TASKS = {"function", "stdin", "output", "input"}
_PROGRAMS = {
    "code": "```python\n{}\n```",
    "code_open": "{}\n```",
    "completion": "{}",
    "answer_tag": "<answer>\n{}\n</answer>",
    "assertion": "[ANSWER]\n{}\n[/ANSWER]",
}
_BEGUN = {"code_open", "completion"}
_WORDS = ("so", "we", "take", "the", "sum", "and", "then", "see", "that", "it", "holds", "here")
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwxyz", "aeiou"
_SHAPES = ("cv", "cvc", "cvcv", "cvcvc")

FEW = len(_WORDS)
"""Words of a fake model unless it is given more."""
MOST = 200_000


@lru_cache(maxsize=4)
def vocabulary(count: int) -> tuple[str, ...]:
    """``count`` distinct words: ``_WORDS``, or for any other number made-up ones."""
    if count == FEW:
        return _WORDS
    letters = {"c": _CONSONANTS, "v": _VOWELS}
    made = ("".join(w) for s in _SHAPES for w in product(*(letters[kind] for kind in s)))
    return tuple(islice(made, count))


def talk(words: str, channel: str) -> str:
    """Words before a statement: a comment where the wording has begun a program."""
    return f"# {words}" if words and channel in _BEGUN else words


def right(problem: Problem, channel: str) -> str:
    """The stored solution where it states the answer as asked, else a bare statement.

    Raises:
        EngineError: A program is asked for, and none is stored.
    """
    if problem.meta.get("task") in _TASKS:
        if not problem.solution:
            raise EngineError(
                f"a fake model cannot solve {problem.id}: its suite has no solution to answer with",
                remedy="take humanevalplus, mbppplus or cruxeval_o, or let it solve none: fake/p=0",
            )
        return _program(problem, channel, problem.solution)
    if channel == "boxed" and problem.solution and "\\boxed" in problem.solution:
        return problem.solution
    return _say(channel, problem.answer)


def wrong(problem: Problem, channel: str, index: int) -> str:
    """A statement of a damaged answer; programs are damaged in other ways at other indices."""
    if problem.meta.get("task") in _TASKS:
        return _program(problem, channel, fake_code.wrong(problem, index))
    return _say(channel, _damage(problem.answer))


def _program(problem: Problem, channel: str, program: str) -> str:
    """A program or an assertion, as the channel asks for it."""
    if channel == "completion":
        program = program.strip().removeprefix(problem.question).strip("\n")
    return _PROGRAMS.get(channel, _PROGRAMS["code"]).format(program.rstrip())


def _say(channel: str, answer: str) -> str:
    return _STATEMENTS.get(channel, "{}").format(answer)


def _damage(answer: str) -> str:
    """A wrong answer of the same look: its first digit moved on, or a sign put before it."""
    for place, char in enumerate(answer):
        if char.isdigit():
            return f"{answer[:place]}{(int(char) + 1) % 10}{answer[place + 1 :]}"
    return f"not {answer}"
