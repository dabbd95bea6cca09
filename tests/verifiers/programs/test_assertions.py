"""What an answer to CRUXEval states, however it is written."""

from typing import Any

import pytest

from boundary.records import Problem
from boundary.sandbox import plain, wire
from boundary.verifiers.code import CodeVerifier
from boundary.verifiers.programs import assertions
from tests.verifiers.programs.data import judged, task

RIGHT = ("correct", "passed")
MISMATCH = ("wrong", "mismatch")
NOT_LITERAL = ("wrong", "not_literal")
EXCEPTION = ("wrong", "exception")


def asking(asks: str, output: Any = "8") -> Problem:
    code = "def f(a, b=1):\n    return len(str(a)) * b"
    meta = {"task": asks, "code": code, "cpu_s": 1.0, "output": output}
    return Problem(f"{asks} {output}", "f?", "-", meta=meta)


def forged(value: Any) -> str:
    """Arguments that, as they are computed, answer for themselves."""
    body = plain.encode(value)
    return f"__import__('os').write(3, {wire.frame(wire.VALUE, body)!r})"


FORGED_GLOBALS = "(lambda x=(lambda globals: 1): globals().update(len=lambda _: 8))()"

INPUTS = {
    # What is no plain data, and yet harmless.
    "f(...)": RIGHT,
    "f({...})": MISMATCH,
    "f([...], 2) == 8": MISMATCH,
    # As long as Python itself reads it.
    f"f({'1000000+' * 12}70000000)": RIGHT,
    f"f('a'{'+str()' * 450} + 'bcdefgh')": RIGHT,
    f"f(1{'+1' * 600}, 2)": MISMATCH,
    f"f(1{'+1' * 9_000})": NOT_LITERAL,
    f"f(a{'.b' * 2_000})": NOT_LITERAL,
    f"f({'lambda:' * 500}1)": MISMATCH,
    f"f({'-' * 9_000}1)": NOT_LITERAL,
    f"f({'[' * 195}{']' * 195})": MISMATCH,
    # Numbers with more digits than Python writes.
    f"f(0x{'f' * 9_000}, 1 + 0)": EXCEPTION,
    f"f(0x{'f' * 9_000})": EXCEPTION,
    f"f(1{'0' * 400} + 2j)": EXCEPTION,
    f"f({'1' * 5_000})": NOT_LITERAL,
    "f(9**9**9)": ("wrong", "time_limit"),
    # Text is run as it was checked.
    "f(\n  1234, # )\n  1 + 1\n)": RIGHT,
    "f('''ab\ncd''' * 1 + 'ü\\n\u2028')": RIGHT,
    "f ('ü' * 8) == ('ü')": RIGHT,
    "f('\\d\\d\\d\\d' + '')": RIGHT,
    "f((a := 12345678))": RIGHT,
    "f(*[1234, 2])": RIGHT,
    # None of these is a call.
    "f(*[1234], **{})": NOT_LITERAL,
    "f(a=1, a=2)": NOT_LITERAL,
    "f(yield)": NOT_LITERAL,
    "(f)(12345678)": NOT_LITERAL,
    "\N{FULLWIDTH LATIN SMALL LETTER F}(12345678)": NOT_LITERAL,
    "f(12345678); 8": NOT_LITERAL,
    "f(1)[0]": NOT_LITERAL,
    "f('\ud800')": ("wrong", "syntax"),
    "f('\0')": ("wrong", "syntax"),
    # What is forged is taken for arguments only where it is some.
    f"f({forged(((12345678,), {}))})": RIGHT,
    f"f({forged((1, {}))})": NOT_LITERAL,
    f"f({forged(((1,), {1: 2}))})": NOT_LITERAL,
    f"f({forged(('ab', {}))})": NOT_LITERAL,
    f"f({forged(((1,), 2))})": NOT_LITERAL,
    f"f({FORGED_GLOBALS})": MISMATCH,
}


OUTPUTS = {
    "f(1) == 8": RIGHT,
    "8": RIGHT,
    "8.0": RIGHT,
    "9**9**9": NOT_LITERAL,
    "...": MISMATCH,
    f"1{'0' * 400} + 2j": NOT_LITERAL,
    f"1{'+1' * 9_000}": NOT_LITERAL,
    "[" * 195 + "]" * 195: MISMATCH,
    "[" * 500: NOT_LITERAL,
    "{[]}": NOT_LITERAL,
    "{**{}}": NOT_LITERAL,
    "1" * 5_000: NOT_LITERAL,
    "-" * 9_000 + "1": NOT_LITERAL,
    r"'\d'": MISMATCH,
    f"8{' ' * 30_000}#": NOT_LITERAL,
}


STATED = [
    *(("input", text, found) for text, found in INPUTS.items()),
    *(("output", text, found) for text, found in OUTPUTS.items()),
]


@pytest.mark.parametrize(("kind", "text", "found"), STATED, ids=range(len(STATED)))
def test_every_stated_value_has_a_decision(
    verifier: CodeVerifier, kind: str, text: str, found: tuple[str, str]
) -> None:
    answer = f"[ANSWER]\n{text}\n[/ANSWER]"
    assert judged(verifier, [task(asking(kind), answer, channel="assertion")]) == [found]


@pytest.mark.parametrize("output", ["", "f(", "x", f"1{'0' * 400} + 2j", None])
def test_a_problem_without_an_output_is_to_blame(verifier: CodeVerifier, output: Any) -> None:
    tasks = [
        task(asking("input", output), "f(1)", channel="assertion"),
        task(asking("output", output), "8", channel="assertion"),
    ]
    assert judged(verifier, tasks) == [("unjudged", "bad_test")] * 2


def test_arguments_are_a_tuple_and_names() -> None:
    assert assertions.computed(((1, 2), {"b": 3})) == assertions.Call((1, 2), {"b": 3})
    for value in (None, 1, (), (1, {}), ((), {}, 1), ([1], {}), ((1,), []), ((), {1: 1})):
        assert assertions.computed(value) is None
