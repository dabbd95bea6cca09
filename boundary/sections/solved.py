"""What happened to the set of solved problems: kept, lost, gained, and from where to where."""

from boundary.page import Section, Table
from boundary.page.text import MISSING, percent
from boundary.records import Comparison, Support
from boundary.sections.base import Findings

_HEADS = (
    "base",
    "other",
    "k",
    "kept, %",
    "lost",
    "gained",
    "new among solved, %",
    "unlocked, %",
    "net, %",
    "seen from a rate of, %",
)
_NOTE = (
    "Kept (SRR): of the base's solved problems, those still solved. New (NDR): of the other's"
    " solved problems, those that the base does not solve. Unlocked: of the problems that the"
    " base does not solve, those that the other does. Net (NSCR): gained less lost, of all solved"
    " by either. Samples of number k miss a problem with this success rate in 5 % of cases; a rate"
    " below it may stay unseen."
)


def section(found: Findings) -> Section | None:
    """The measures of the literature on each pair's four-way table."""
    rows = tuple(_row(one, one.support) for one in found.comparisons if one.support)
    if not rows:
        return None
    return Section(
        title="What the solved set kept, lost and gained",
        kinds=("transition",),
        tables=(Table("Solved sets of base and other", _HEADS, rows, words=2),),
        note=_NOTE,
    )


def _row(pair: Comparison, found: Support) -> tuple[str | int, ...]:
    return (
        pair.base.label,
        pair.other.label,
        found.k,
        percent(found.kept),
        _problems(found.shrinkage),
        _problems(found.expansion),
        percent(found.new),
        percent(found.unlock),
        MISSING if found.net is None else percent(found.net),
        percent(found.epsilon),
    )


def _problems(count: float) -> str:
    """Whole where problems were listed, with a decimal where expected from counts."""
    return f"{count:,.0f}" if float(count).is_integer() else f"{count:,.1f}"
