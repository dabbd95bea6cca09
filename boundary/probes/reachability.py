"""Whether a model could have drawn an answer at all, token by token.

A perplexity averages a decisive token away. Here one token outside the nucleus that a model draws
from is enough: under that decoding the model never writes that answer, however many samples it is
given.
"""

import math
from collections.abc import Sequence
from statistics import mean, median
from typing import TYPE_CHECKING

from boundary import stats
from boundary.engines import Nucleus
from boundary.probes.likelihood import Inspection
from boundary.records import Reach, Reachability

if TYPE_CHECKING:
    import numpy as np


def reach(found: Inspection) -> Reach:
    """What an answer's tokens say of the whole."""
    answer = found.answer
    outside = (found.within == 0).nonzero()[0]
    first = int(outside[0]) if len(outside) else None
    is_open = first is None and bool((found.within < 0).any())
    own = answer.logprob
    return Reach(
        answer.problem_id,
        answer.index,
        answer.outcome,
        len(found.positions),
        None if is_open else first is None,
        None if first is None else int(found.positions[first]),
        None if first is None else int(found.ranks[first]),
        None if first is None else math.exp(float(found.logprobs[first])),
        len(outside),
        math.exp(float(found.logprobs.min())),
        None if own is None else own - float(found.logprobs.sum()),
    )


def summarise(
    cell: tuple[str, str, str],
    nucleus: Nucleus,
    found: Sequence[Reach],
    rng: "np.random.Generator",
    *,
    resamples: int = 2000,
) -> Reachability:
    """The share of answers that a model could have drawn, with its interval over problems.

    Args:
        cell: Whose answers, under which model, and which of them.
        nucleus: The law that was asked about.
        found: At least one answer.
        rng: Source of the resamples.
        resamples: Bootstrap resamples of problems.
    """
    shares: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    for one in found:
        shares.setdefault(one.problem_id, []).append(float(one.within is True))
        if one.ratio is not None:
            ratios.setdefault(one.problem_id, []).append(one.ratio)
    share = stats.mean_over(shares, rng, resamples=resamples, are_rates=True)
    highs: dict[str, list[float]] = {}
    for one in found:
        highs.setdefault(one.problem_id, []).append(float(one.within is not False))
    return Reachability(
        *cell[:2],
        nucleus.temperature,
        nucleus.top_p,
        cell[2],
        share,
        mean(mean(values) for values in highs.values()),
        sum(one.within is None for one in found),
        sum(one.within is True for one in found),
        _median([o.first + 1 for o in found if o.first is not None]),
        _median([o.rank for o in found if o.rank is not None]),
        _median([o.probability for o in found if o.probability is not None]),
        sum(o.outside for o in found) / sum(o.n_tokens for o in found),
        median(o.smallest for o in found),
        stats.mean_over(ratios, rng, resamples=resamples) if ratios else None,
    )


def _median(values: Sequence[float]) -> float | None:
    return float(median(values)) if values else None
