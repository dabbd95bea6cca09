"""One self-contained HTML page of a study: verdicts, figures, tables, and every problem."""

from boundary.page.page import (
    AnswerView,
    FigureSpec,
    Health,
    Page,
    ProblemView,
    RunFacts,
    SuiteSection,
    render,
)

__all__ = [
    "AnswerView",
    "FigureSpec",
    "Health",
    "Page",
    "ProblemView",
    "RunFacts",
    "SuiteSection",
    "render",
]
