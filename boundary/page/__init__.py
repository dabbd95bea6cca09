"""One self-contained HTML page of a study: verdicts, figures, tables, and every problem."""

from boundary.page.model import (
    AnswerView,
    FigureSpec,
    Health,
    MarkedText,
    Page,
    ProblemView,
    RunFacts,
    Section,
    SuiteSection,
    Table,
)
from boundary.page.pack import LONGEST, ends
from boundary.page.page import render

__all__ = [
    "LONGEST",
    "AnswerView",
    "FigureSpec",
    "Health",
    "MarkedText",
    "Page",
    "ProblemView",
    "RunFacts",
    "Section",
    "SuiteSection",
    "Table",
    "ends",
    "render",
]
