"""What a page is made of: frozen records; all text in them is taken as untrusted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from boundary.records import Comparison, Curve

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Health:
    """What can spoil one arm's numbers; rates in [0, 1], ``None`` where not known.

    ``repeats`` counts answers equal to an earlier one of their problem, ``equal_pairs`` the pairs
    of equal answers and ``expected_pairs`` what the answers' probabilities lead to expect;
    ``has_excess`` says that there are more than chance leaves. ``repeated_seeds`` counts samples
    that share a seed with another, ``continued`` those taken up after an interruption and
    ``restarts`` those begun anew after one. ``strict_rate`` and ``lenient_rate`` are the shares of
    answers that are right in the two tiers. ``unjudged_for`` says in words why answers are
    ``unjudged``.
    """

    arm: str
    samples: int
    truncated_rate: float | None
    no_answer_rate: float | None
    unjudged: int
    repeats: int | None
    repeated_seeds: int | None
    restarts: int | None
    mean_tokens: float | None
    empty: int | None = None
    equal_pairs: int | None = None
    expected_pairs: float | None = None
    has_excess: bool = False
    continued: int | None = None
    strict_rate: float | None = None
    lenient_rate: float | None = None
    unjudged_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """One figure as SVG text.

    ``kind`` is a name in ``boundary.plots.PLOTS`` and says beside which table it stands; others
    come last in their section.
    """

    title: str
    caption: str
    svg: str
    kind: str = "other"


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer with what was found in it and why it was judged so.

    Of a long answer ``text`` may be the start, ``end`` the end and ``length`` the number of
    characters in whole; an answer that ran out of tokens has ``finish`` ``length``.
    """

    arm: str
    index: int
    text: str
    outcome: str
    reason: str
    extracted: str | None = None
    valid: bool | None = None
    finish: str = "stop"
    n_tokens: int | None = None
    end: str = ""
    length: int | None = None

    @property
    def whole(self) -> int:
        """Characters of the whole answer."""
        return len(self.text) if self.length is None else self.length


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem with its gold answer, (correct, n) per arm and a few answers.

    ``prompts`` is what each arm was sent, its template filled in.
    """

    id: str
    question: str
    answer: str
    group: str | None = None
    rates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    answers: tuple[AnswerView, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Where one arm's numbers come from: rows of (name, value)."""

    arm: str
    run: str
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a section.

    A whole number is shown with its thousands apart, any other with two decimals, ``None`` as a
    dash and a text as it is, with the arm's colour where it is an arm's label; what is to look
    otherwise is given as text (``boundary.page.text`` has percent, signed, interval, p_text).
    Every row has a cell per head. The first ``words`` columns are set left; the first heads its
    row.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text in pieces, each with whether it is marked."""

    title: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a suite: lines in words, figures, tables, texts, a note in small print.

    ``figures`` are the section's own; ``kinds`` claims those of the suite that have such a kind.
    """

    title: str
    lines: tuple[str, ...] = ()
    figures: tuple[FigureSpec, ...] = ()
    kinds: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    marked: tuple[MarkedText, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SuiteSection:
    """All that the page says of one suite.

    ``answers`` say what was found in a short sentence each, ``verdicts`` the same with all
    numbers; ``more`` stands between the comparisons and the health of the samples; ``sampling``
    says which of the answers the problems hold.
    """

    suite: str
    answers: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    valid_curves: tuple[Curve, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    more: tuple[Section, ...] = ()
    health: tuple[Health, ...] = ()
    figures: tuple[FigureSpec, ...] = ()
    problems: tuple[ProblemView, ...] = ()
    sampling: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A whole page.

    ``generated`` is an ISO time, ``commands`` how to repeat the study, ``colors`` pairs of arm
    and ``#rrggbb``, the same as in the figures.
    """

    title: str
    subtitle: str
    generated: str
    version: str
    sections: tuple[SuiteSection, ...]
    provenance: tuple[RunFacts, ...] = ()
    commands: str = ""
    colors: tuple[tuple[str, str], ...] = ()
