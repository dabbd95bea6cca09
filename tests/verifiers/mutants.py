"""Golds and answers with characters, brackets and pieces changed at random."""

import random
from collections.abc import Iterator

SEEDS = (
    "5",
    "-3.25",
    r"\frac{3}{4}",
    r"1\frac{4}{5}",
    r"\sqrt{2}+\sqrt[3]{5}",
    r"2\sin x\cos x",
    "x^2+2x+1",
    r"(3,\frac{\pi}{2})",
    r"[0,1)\cup(2,\infty)",
    r"\{1\pm\sqrt{5},-2\}",
    r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}",
    "x<3",
    r"-2\le x\le 7",
    "y = 2x+3",
    "f(x)=x^2, g(x)=|x|",
    r"15\text{ cm}^2",
    "60%",
    "3:2",
    "8:34 pm",
    "2516_8",
    r"\text{odd } n",
    "E == m*c**2",
    r"\binom{10}{3}+7!",
    r"\lfloor x\rfloor",
    r"90^\circ",
)
PIECES = (
    *"0123456789+-*/^_=<>()[]{}|,;:.!'%$ \\&xyzei",
    "\\frac",
    "\\sqrt",
    "\\text{",
    "\\pm",
    "\\cup",
    "\\infty",
    "\\begin{pmatrix}",
    "\\end{pmatrix}",
    "^{",
    "**",
    "10^{9}",
    "999999999",
    " and ",
    "\x00",
    "\ud800",
    "\u221a",
    "\u00b2",
    "\u4e3a",
)


def mutant(text: str, chance: random.Random) -> str:
    """The text with one to six changes."""
    for _ in range(chance.randrange(1, 7)):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.choice((0, 0, 1, 1, 3)))
        piece = chance.choice(PIECES) * chance.choice((1, 1, 1, 1, 2, 30))
        text = text[:at] + chance.choice(("", piece, text[at:end] * 2)) + text[end:]
    return text


def mutants(count: int, *, seed: int) -> Iterator[tuple[str, str]]:
    """Golds beside boxed mutants of them; some golds are mutants too."""
    chance = random.Random(seed)
    for _ in range(count):
        gold = chance.choice(SEEDS)
        answer = mutant(gold, chance)
        if chance.random() < 0.2:
            gold = mutant(gold, chance)
        yield gold, f"\\boxed{{{answer}}}"
