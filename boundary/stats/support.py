"""What a four-way table of solved problems says, and how much of it noise alone would give."""

import math
from itertools import count

from boundary.errors import ConfigError
from boundary.records import ExpectedOverlap, Floor, Overlap, Sensitivity, Support
from boundary.stats.arrays import FloatArray
from boundary.stats.contrasts import expected_overlap, mcnemar_exact

SETTLED = 0.05
_MISSED = 0.05


def cells(split: Overlap | ExpectedOverlap) -> tuple[float, float, float, float]:
    """Both, base only, other only and neither, as numbers of problems."""
    if isinstance(split, ExpectedOverlap):
        return split.both, split.base_only, split.other_only, split.neither
    both, base, other, neither = (
        float(len(ids)) for ids in (split.both, split.base_only, split.other_only, split.neither)
    )
    return both, base, other, neither


def support(split: Overlap | ExpectedOverlap) -> Support:
    """Measure how the solved set kept, gained and lost problems.

    With P both, S base only, E other only and O neither: SRR = P/(P+S), NDR = E/(P+E),
    SDS = 2PE/(P² + 2PE + ES), NSCR = (E-S)/(P+E+S), zero-set unlock = E/(E+O).

    Args:
        split: The four-way table, listed or expected.

    Returns:
        The measures; ``None`` for a ratio of nothing to nothing, SDS 0 where E = 0.

    Source: Wu et al. 2025, arXiv:2507.14843 (SRR, NDR, SDS, NSCR, detectability).
    """
    both, lost, gained, neither = cells(split)
    score = _ratio(2 * both * gained, both**2 + 2 * both * gained + gained * lost)
    return Support(
        k=split.k,
        kept=_ratio(both, both + lost),
        new=_ratio(gained, both + gained),
        score=score if both else None,
        net=_ratio(gained - lost, both + gained + lost),
        unlock=_ratio(gained, gained + neither),
        expansion=gained,
        shrinkage=lost,
        epsilon=detectability(split.k),
    )


def detectability(k: int, missed: float = _MISSED) -> float:
    """Success rate whose solutions k samples all miss with the given chance: -ln(missed) / k.

    Never above 1, where the formula for many samples ends.

    Raises:
        ConfigError: There is no sample, or the chance is none.

    Source: Wu et al. 2025, arXiv:2507.14843.
    """
    if k < 1 or not 0 < missed < 1:
        raise ConfigError(
            f"chance {missed} at k = {k}", remedy="give k >= 1 and a chance in (0, 1)"
        )
    return min(1.0, -math.log(missed) / k)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def sensitivity(split: Overlap) -> Sensitivity:
    """Count the problems that a four-way table's message rests on.

    One changed outcome of one model moves ``base_only - other_only`` by one. The second number is
    the fragility index: the fewest changes that lift the exact McNemar test to p >= .05.

    Args:
        split: Lists of solved problems.

    Returns:
        Both numbers of problems.

    Source: Walsh et al. 2014, Journal of Clinical Epidemiology 67 (fragility index).
    """
    both, lost, gained, neither = (int(cell) for cell in cells(split))
    more, less = max(lost, gained), min(lost, gained)
    # The one behind may gain what it has not solved, the one ahead may lose what it has.
    room = more + max(neither, both)
    needed = more - less + 1
    return Sensitivity(
        k=split.k,
        reversal=needed if needed <= room else None,
        unsettling=_unsettling(more, less, max(neither, both)),
    )


def _unsettling(more: int, less: int, spare: int) -> int | None:
    """Fewest changes: problems taken from the leader's own, or added to the other's own."""
    if mcnemar_exact(more, less) >= SETTLED:
        return None
    for changes in count(1):
        options = range(max(0, changes - spare), min(changes, more) + 1)
        if any(mcnemar_exact(more - i, less + changes - i) >= SETTLED for i in options):
            return changes
    return None


def floor(
    base: FloatArray,
    other: FloatArray,
    *,
    k: int,
    second: Overlap | ExpectedOverlap | None = None,
) -> Floor:
    """Four-way tables at half the samples: base against itself, and base against other.

    A split of a problem's samples into two halves of k finds it in the first only with chance
    ``miss(k) - miss(2k)``, which estimates q^k (1 - q^k) without bias.

    Args:
        base: (P, 2) pass@k and pass@2k of the base.
        other: (P,) pass@k of the other arm.
        k: Half of the samples.
        second: The base against an independent second run of it, if there is one.

    Returns:
        Expected tables; ``base.base_only`` problems seem gained, and as many lost, by chance.
    """
    half, whole = base[:, 0], base[:, 1]
    one_only = float((whole - half).sum())
    halves = ExpectedOverlap(
        k=k,
        both=float((2 * half - whole).sum()),
        base_only=one_only,
        other_only=one_only,
        neither=float((1 - whole).sum()),
    )
    return Floor(halves, expected_overlap(half, other, k=k), second)
