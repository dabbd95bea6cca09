"""What a page is made of: frozen records; all text in them is taken as untrusted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from boundary.records import Comparison, Curve, PerplexityCell


@dataclass(frozen=True, slots=True)
class Health:
    """What can spoil one arm's numbers; rates in [0, 1], ``None`` where not known.

    ``repeats`` counts answers equal to an earlier one of their problem, ``equal_pairs`` the pairs
    of equal answers and ``expected_pairs`` what the answers' probabilities lead to expect;
    ``has_excess`` says that there are more than chance leaves. ``repeated_seeds`` counts samples
    that share a seed with another, ``continued`` those taken up after an interruption and
    ``restarts`` those begun anew after one. ``format_only_rate`` is the share of answers that are
    right in the lenient tier alone.
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
    format_only_rate: float | None = None


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

    ``is_excerpt`` says that ``text`` was cut for the page; an answer that ran out of tokens has
    ``finish`` ``length``.
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
    is_excerpt: bool = False


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem with its gold answer, (correct, n) per arm and a few answers."""

    id: str
    question: str
    answer: str
    group: str | None = None
    rates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    answers: tuple[AnswerView, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Where one arm's numbers come from: rows of (name, value)."""

    arm: str
    run: str
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SuiteSection:
    """All that the page says of one suite; ``verdicts`` are lines in words."""

    suite: str
    verdicts: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    valid_curves: tuple[Curve, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    perplexity: tuple[PerplexityCell, ...] = ()
    perplexity_reading: str = ""
    health: tuple[Health, ...] = ()
    figures: tuple[FigureSpec, ...] = ()
    problems: tuple[ProblemView, ...] = ()


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
