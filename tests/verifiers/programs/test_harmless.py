"""What may stand beside a function, and what may not."""

import ast

import pytest

from boundary.verifiers.programs.harmless import is_harmless, variables_of

HARMLESS = [
    "'a' * 3 + str(4)",
    "range(100, 120)",
    "lambda x: x < 2",
    "lambda x: x.reverse()",
    "lambda x, y=2: [x, {y: 1}][0] if not x else -y",
    "sorted([3, 1], key=lambda v: -v)",
    "names[1:][::-1]",
    "lambda f: [f, (lambda g: f(g))]",
    "'x'.join(map(str.upper, ['a']))",
    "lambda *a, b, **c: [a, b, c]",
    "+".join(["1"] * 900),
    "lambda: " * 300 + "1",
]
HARMFUL = [
    "f",
    "f(1)",
    "globals()",
    "eval('f')",
    "type('')",
    "getattr(1, 'real')",
    "().__class__",
    "(lambda x: x.__globals__)(1)",
    "(lambda x: x.gi_frame)(1)",
    "(lambda x: x.f_back)(1)",
    "'{0.__class__}'.format(1)",
    "[x for x in y]",
    "(x for x in [1])",
    "(x := 1)",
    "f'{x}'",
    "print(1)",
    "open('/etc/passwd')",
    "__import__('os')",
    "other",
    "lambda x: f.__code__",
    "(lambda globals: 1) and globals().update(sorted=1)",
    "[lambda f: f, f]",
    "lambda x=(lambda y: 1), z=y: 1",
    "[*f]",
    "(yield)",
    "lambda x=(lambda globals: 1): globals().update(sorted=1)",
    "+".join(["1"] * 900) + "+f",
]


def parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless(text: str) -> None:
    assert is_harmless(parsed(text), {"names"})


@pytest.mark.parametrize("text", HARMFUL)
def test_not_harmless(text: str) -> None:
    assert not is_harmless(parsed(text), {"names"})


def test_variables_of_a_module() -> None:
    assert variables_of("a = b = [1]\nc: int = 1\ndef f(): pass\nimport d") == {"a", "b"}
    assert variables_of("def") == frozenset()
