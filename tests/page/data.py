"""A made-up page: three arms on two suites, with figures of boundary.plots."""

import numpy as np

from boundary import plots
from boundary.page import (
    AnswerView,
    FigureSpec,
    Health,
    Page,
    ProblemView,
    RunFacts,
    Section,
    SuiteSection,
    Table,
)
from boundary.records import Comparison, ExpectedOverlap
from tests.plots import data

QUESTIONS = (
    "Let $x$ and $y$ be real numbers with $x + y = {}$ and $xy = 4$. Find $x^2 + y^2$.",
    "How many positive divisors does ${}!$ have?",
    "A circle of radius {} is inscribed in a right triangle with legs 8 and 15. What is the area "
    "of the region inside the triangle and outside the circle?",
    "Compute $\\sum_{{k=1}}^{{{}}} \\frac{{1}}{{k(k+1)}}$ as a common fraction.",
)
STYLES = plots.palette(data.ARMS)
COLORS = tuple((arm, style.color) for arm, style in STYLES.items())


def answers(gold: str, rates: dict[str, tuple[int, int]]) -> tuple[AnswerView, ...]:
    """One right and one wrong answer per arm, where its counts allow."""
    made = []
    for arm, (correct, n) in rates.items():
        if correct:
            text = f"We have two cases.\n\nHence the answer is \\boxed{{{gold}}}."
            made.append(
                AnswerView(arm, 3, text, "correct", "string_equal", gold, valid=True, n_tokens=212)
            )
        if correct < n:
            text = "Let us try small values first. " * 12
            made.append(AnswerView(arm, 8, text, "wrong", "truncated", None, None, "length", 16384))
    return tuple(made)


def problems(made: data.Study) -> tuple[ProblemView, ...]:
    views = []
    for index, name in enumerate(made.ids):
        rates = {arm: (int(made.counts[arm][index]), made.n) for arm in data.ARMS}
        question = QUESTIONS[index % len(QUESTIONS)].format(index + 3)
        gold = str(7 * index + 1)
        views.append(ProblemView(name, question, gold, None, rates, answers(gold, rates)))
    return tuple(views)


def expected(comparison: Comparison, k: int = 16) -> ExpectedOverlap:
    at = int(np.flatnonzero(comparison.ks == k)[0])
    base, other = comparison.base.per_problem[:, at], comparison.other.per_problem[:, at]
    return ExpectedOverlap(
        k,
        float((base * other).sum()),
        float((base * (1 - other)).sum()),
        float(((1 - base) * other).sum()),
        float(((1 - base) * (1 - other)).sum()),
    )


def figures(suite: str, made: data.Study, pairs: tuple[Comparison, ...]) -> tuple[FigureSpec, ...]:
    first = pairs[0]
    labels = (first.base.label, first.other.label)
    valid = (data.valid_of(made.curves["rl"]),)
    drawn = (
        (
            "curve",
            "pass@k",
            plots.plot_curve(
                list(made.curves.values()),
                suite=suite,
                styles=STYLES,
                valid=valid,
                crossing=first.crossing,
            ),
        ),
        ("difference", "Difference", plots.plot_difference(first, suite=suite, styles=STYLES)),
        (
            "overlap",
            "Overlap",
            plots.plot_overlap(first.overlap, labels=labels, suite=suite, styles=STYLES),
        ),
        ("histogram", "Histogram", plots.plot_histogram(first, suite=suite, styles=STYLES)),
        (
            "perplexity",
            "Perplexity",
            plots.plot_perplexity(data.perplexities(made), suite=suite, styles=STYLES),
        ),
    )
    return tuple(
        FigureSpec(title, f"{title} of the arms on {suite}.", plots.svg_text(figure), kind)
        for kind, title, figure in drawn
    )


def more(made: data.Study) -> Section:
    rows = tuple((c.answers_of, c.under, c.mean, c.n_answers) for c in data.perplexities(made))
    table = Table("Perplexity", ("answers of", "under", "mean", "answers"), rows, words=2)
    return Section(
        "How surprising it is",
        lines=("Consistent with, not proof of.",),
        kinds=("perplexity",),
        tables=(table,),
        note="In nats.",
    )


def section(suite: str, made: data.Study) -> SuiteSection:
    pairs = (made.comparison("base", "rl"), made.comparison("base", "distill"))
    curves = list(made.curves.values())
    curves[0] = data.with_bounds(curves[0])
    return SuiteSection(
        suite=suite,
        verdicts=(
            f"On {suite}, rl is ahead of base up to k = 8 and behind it from k = 16 on; the curves "
            "cross at k = 13 [8, 28].",
            "rl solves no problem that base does not solve within 128 samples, and leaves 16 of "
            "base's unsolved (p = 0.0015).",
            "distill is ahead of base at every k.",
        ),
        curves=tuple(curves),
        valid_curves=(data.valid_of(made.curves["rl"]),),
        comparisons=pairs,
        more=(more(made),),
        health=tuple(
            Health(arm, made.n * len(made.ids), 0.013 * i, 0.004 * i, 3 * i, 12, 0, i, 812.4)
            for i, arm in enumerate(data.ARMS)
        ),
        figures=figures(suite, made, pairs),
        problems=problems(made),
    )


def page(*sections: SuiteSection) -> Page:
    return Page(
        title="Did RL move the boundary?",
        subtitle="A base model, its RL-tuned and its distilled descendant; temperature 0.6, "
        "top-p 0.95, the same prompt for all",
        generated="2026-01-02T03:04:05Z",
        version="0.1.0",
        sections=sections,
        provenance=tuple(
            RunFacts(
                arm,
                f"{arm}-math500-3fa9c1",
                (
                    ("model", f"org/{arm}-1.5B"),
                    ("weights", "sha256:" + "9f" * 32),
                    ("suite digest", "4f0c1be2"),
                    ("n", "128"),
                    ("run seed", "0"),
                    ("engine", "vllm, bfloat16"),
                ),
            )
            for arm in data.ARMS
        ),
        commands="boundary study configs/math500.yaml\nboundary report results/math500/runs/*",
        colors=COLORS,
    )
