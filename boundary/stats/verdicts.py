"""What a comparison says, in words that claim no more than the data settle."""

import math
from collections.abc import Iterator

import numpy as np

from boundary.records import Comparison, Crossing, CrossingKind, Curve, Overlap
from boundary.stats.arrays import TOLERANCE
from boundary.stats.scores import is_binary
from boundary.stats.support import cells
from boundary.wording import p_text


def verdict(comparison: Comparison, suite: str | None = None) -> str:
    """Say in one line what a comparison settles and what it leaves open.

    "Raises", "lowers", "leads" and "ahead" are kept for differences whose interval leaves out
    0 and whose paired test has p < .05; everything else is called not settled. "Base is ahead
    from k" needs both ends settled that way and the crossing's interval to end within n.

    Args:
        comparison: What was computed.
        suite: Name to put in front.

    Returns:
        Clauses for the smallest k, the crossing and the largest k, joined by semicolons.
    """
    line = "; ".join(_clauses(comparison))
    return f"{suite}: {line}" if suite else line


def answer(comparison: Comparison) -> str:
    """Say in one short sentence which arm is right more often, and which solves more problems.

    How often is pass@k at the smallest k, how many at the largest. A side is named only where the
    difference is settled and the unjudged samples could not turn it round.

    Args:
        comparison: What was computed.

    Returns:
        A sentence with its full stop.
    """
    base, other = comparison.base.label, comparison.other.label
    first, last = ("one try" if k == 1 else f"{k:,} tries" for k in comparison.ks[[0, -1]])
    often, many = _side(comparison, 0), _side(comparison, -1)
    rate = f"right {'more' if often > 0 else 'less'} often than {base} in {first}"
    reach = f"solves {'more' if many > 0 else 'fewer'} problems"
    if often and many and first != last:
        link = "and" if often == many else "but"
        return f"{other} is {rate}, {link} {reach} within {last}."
    if often:
        rest = f"; which of the two solves more within {last} is not settled"
        return f"{other} is {rate}{rest if first != last else ''}."
    if many:
        start = f"{other} {reach} than {base} within {last}"
        return f"{start}; which of the two is right more often in {first} is not settled."
    rest = f", nor which solves more problems within {last}" if first != last else ""
    return (
        f"Between {other} and {base} it is not settled which is right more often in {first}{rest}."
    )


def _side(comparison: Comparison, j: int) -> int:
    """1 where the other arm is ahead, -1 where the base is, 0 where that is not settled."""
    if not comparison.is_settled[j] or _could_turn(comparison, j):
        return 0
    return 1 if comparison.difference[j] > 0 else -1


def controls(comparison: Comparison) -> list[str]:
    """Say in sentences how many problems a comparison rests on, and what chance alone would give.

    Args:
        comparison: What was computed.

    Returns:
        Sentences without their full stop; none where nothing is known.
    """
    return [*_rests_on(comparison), *_by_chance(comparison)]


def _rests_on(comparison: Comparison) -> Iterator[str]:
    found = comparison.sensitivity
    if found is None or found.reversal is None:
        return
    other = "" if found.unsettling is None else f"; {_counted(found.unsettling)} would unsettle it"
    yield (
        f"at k = {found.k}, {_counted(found.reversal)} of one model would put the other ahead"
        f"{other}"
    )


def _counted(problems: int) -> str:
    return f"{problems} changed outcome{'' if problems == 1 else 's'}"


def _by_chance(comparison: Comparison) -> Iterator[str]:
    if comparison.floor is None:
        return
    half, other, second = (
        comparison.floor.base,
        comparison.floor.other,
        comparison.floor.second,
    )
    base = comparison.base.label
    yield (
        f"noise floor at k = {half.k}: one half of {base}'s samples solves {half.base_only:.1f} "
        f"problems that its other half does not; against half of {comparison.other.label}'s it is "
        f"{other.base_only:.1f}, and {other.other_only:.1f} the other way"
    )
    if second is not None:
        _, lost, gained, _ = cells(second)
        yield (
            f"noise floor at k = {second.k}: a second run of {base} loses {lost:g} and gains "
            f"{gained:g} problems"
        )


def _clauses(comparison: Comparison) -> Iterator[str]:
    yield _start(comparison)
    if len(comparison.ks) > 1:
        yield _middle(comparison)
        yield _end(comparison)
    shaky = [f"k = {comparison.ks[j]}" for j in _ends(comparison) if _could_turn(comparison, j)]
    if shaky:
        yield f"the unjudged samples could turn this round at {' and '.join(shaky)}"
    if comparison.caveats:
        yield f"beside their checkpoints the two differ in {', '.join(comparison.caveats)}"


def _ends(comparison: Comparison) -> list[int]:
    last = len(comparison.ks) - 1
    return [0, last] if last else [0]


def _start(comparison: Comparison) -> str:
    name = f"pass@{comparison.ks[0]}"
    if not comparison.is_settled[0]:
        return _open(comparison, 0, f"{name}:")
    verb = "raises" if comparison.difference[0] > 0 else "lowers"
    return f"{comparison.other.label} {verb} {name} by {_points(comparison, 0)}"


def _end(comparison: Comparison) -> str:
    last = len(comparison.ks) - 1
    where = f"at k = {comparison.ks[last]}"
    if not comparison.is_settled[last]:
        return _open(comparison, last, where)
    problems, p = _problems(comparison, last), p_text(float(comparison.p_value[last]))
    counted = f", {problems}" if problems else ""
    leader = _leader(comparison, last).label
    return f"{where} {leader} leads by {_points(comparison, last)}{counted} ({p})"


def _open(comparison: Comparison, j: int, where: str) -> str:
    """A difference that is not settled."""
    problems, p = _problems(comparison, j), p_text(float(comparison.p_value[j]))
    evidence = f"{problems}, {p}" if problems else p
    value, span = _points(comparison, j).split(" pt ")
    if abs(comparison.difference[j]) <= TOLERANCE:
        rate = 100 * float(comparison.base.mean[j])
        state = f"both stand at {rate:.1f} %, gap {value} pt {span}"
    else:
        state = f"{_leader(comparison, j).label} stands {value} pt higher {span}"
    return f"{where} {state}, not settled ({evidence})"


def _middle(comparison: Comparison) -> str:
    """How the curves lie to each other between both ends."""
    base, largest = comparison.base.label, comparison.ks[-1]
    match comparison.crossing.kind:
        case CrossingKind.CROSSES:
            return _crosses(comparison)
        case CrossingKind.NO_CROSSING:
            chance = 1 - comparison.crossing.share_without
            doubt = f" (in {100 * chance:.0f} % of resamples {base} gets ahead)"
            return f"no crossing up to k = {largest}{doubt if chance >= 0.025 else ''}"
        case CrossingKind.BASE_AHEAD:
            if bool((comparison.is_settled & (comparison.difference < 0)).all()):
                return f"{base} is ahead at every k up to {largest}, no crossing"
            return f"no crossing: {base} is estimated level or higher at every k up to {largest}"
        case CrossingKind.TIE:
            if bool((np.abs(comparison.difference) <= TOLERANCE).all()):
                return "the two curves coincide"
            return f"the curves meet at k = {largest} without crossing, a tie"


def _crosses(comparison: Comparison) -> str:
    place = _place(comparison.crossing, int(comparison.ks[-1]))
    settled, gaps = comparison.is_settled, comparison.difference
    both_ends = settled[0] and gaps[0] > 0 and settled[-1] and gaps[-1] < 0
    if both_ends and comparison.crossing.high is not None:
        return f"{comparison.base.label} is ahead from {place}"
    return f"the estimated curves cross at {place}, a crossing that is not settled"


def _place(crossing: Crossing, largest: int) -> str:
    """The first whole k at or past the crossing, with its interval.

    Two decimals where whole numbers would make both limits the same.
    """
    k, low, high = crossing.k, crossing.low, crossing.high
    assert k is not None
    assert low is not None
    whole = high is None or _first_whole(low) < _first_whole(high)

    def show(place: float) -> str:
        return str(_first_whole(place)) if whole else f"{place:.2f}"

    return f"k = {show(k)} [{show(low)}, {f'> {largest}' if high is None else show(high)}]"


def _first_whole(place: float) -> int:
    return math.ceil(place - TOLERANCE * place)


def _leader(comparison: Comparison, j: int) -> Curve:
    return comparison.other if comparison.difference[j] > 0 else comparison.base


def _points(comparison: Comparison, j: int) -> str:
    """A gap in percentage points, counted in favour of who is higher."""
    low, high = float(comparison.low[j]), float(comparison.high[j])
    value = float(comparison.difference[j])
    if value < 0:
        value, low, high = -value, -high, -low
    numbers = [100 * x for x in (value, low, high)]
    digits = next((d for d in (1, 2, 3) if _tells(numbers, d)), 4)
    shown = [f"{round(x, digits) + 0.0:.{digits}f}" for x in numbers]
    return f"{shown[0]} pt [{shown[1]}, {shown[2]}]"


def _tells(numbers: list[float], digits: int) -> bool:
    """Whether what is not 0 is not printed as 0, and both limits are printed apart."""
    shown = [round(x, digits) for x in numbers]
    kept = all(r != 0 or abs(x) <= TOLERANCE for x, r in zip(numbers, shown, strict=True))
    return kept and shown[1] < shown[2]


def _problems(comparison: Comparison, j: int) -> str:
    """Problems that only the leader solves to those that only the other does, where known."""
    split = comparison.overlap
    columns = (comparison.base.per_problem[:, j], comparison.other.per_problem[:, j])
    if not isinstance(split, Overlap) or split.k != comparison.ks[j]:
        return ""
    if not all(is_binary(column) for column in columns):
        return ""
    more, less = len(split.other_only), len(split.base_only)
    if comparison.difference[j] <= 0:
        more, less = less, more
    return f"{more} problem{'' if more == 1 else 's'} to {less}"


def _could_turn(comparison: Comparison, j: int) -> bool:
    """Whether a settled sign depends on taking unjudged samples as wrong."""
    if not comparison.is_settled[j]:
        return False
    leader = _leader(comparison, j)
    behind = comparison.base if leader is comparison.other else comparison.other
    worst = leader.mean[j] if leader.bound_low is None else leader.bound_low[j]
    best = behind.mean[j] if behind.bound_high is None else behind.bound_high[j]
    return bool(worst <= best)
