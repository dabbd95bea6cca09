"""Perplexity, reachability and entropy as tables."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from boundary.records import (
    EntropyProfile,
    Mean,
    PerplexityCell,
    PerplexityGap,
    Reach,
    Reachability,
    Scored,
)
from boundary.tables.base import frame_of

if TYPE_CHECKING:
    import pandas as pd


def perplexities(found: Iterable[PerplexityCell]) -> "pd.DataFrame":
    """Rows of (answers of, under, subset): the mean of the problems' medians, and quartiles."""
    return frame_of(
        {
            "answers_of": cell.answers_of,
            "under": cell.under,
            "subset": cell.subset,
            "mean": cell.mean,
            "low": cell.low,
            "high": cell.high,
            "q1": cell.quartiles[0],
            "median": cell.quartiles[1],
            "q3": cell.quartiles[2],
            "problems": len(cell.problem_ids),
            "answers": cell.n_answers,
            "truncated_left_out": cell.truncated,
            "empty_left_out": cell.empty,
            "too_long_left_out": cell.too_long,
            "tokenised_anew": cell.anew,
        }
        for cell in found
    )


def gaps(found: Iterable[PerplexityGap]) -> "pd.DataFrame":
    """Rows of two cells: other minus one and other over one, paired over problems."""
    return frame_of(
        {
            "answers_of": gap.other[0],
            "under": gap.other[1],
            "subset": gap.other[2],
            "less_answers_of": gap.one[0],
            "less_under": gap.one[1],
            "less_subset": gap.one[2],
            "difference": gap.difference,
            "low": gap.low,
            "high": gap.high,
            "ratio": gap.ratio,
            "ratio_low": gap.ratio_low,
            "ratio_high": gap.ratio_high,
            "problems": gap.problems,
        }
        for gap in found
    )


def scored(found: Iterable[tuple[str, str, Scored]]) -> "pd.DataFrame":
    """Rows of (answers of, under, answer): its log-probability in nats and its perplexity."""
    return frame_of(
        {
            "answers_of": label,
            "under": under,
            "problem_id": one.problem_id,
            "index": one.index,
            "outcome": one.outcome.value if one.outcome else None,
            "truncated": one.is_cut,
            "n_tokens": one.n_tokens,
            "logprob": one.nats,
            "perplexity": math.exp(-one.nats / one.n_tokens),
        }
        for label, under, one in found
    )


def reach(found: Iterable[Reachability]) -> "pd.DataFrame":
    """Rows of (answers of, under, subset): the share that could have been drawn at all."""
    return frame_of(
        {
            "answers_of": one.answers_of,
            "under": one.under,
            "temperature": one.temperature,
            "top_p": one.top_p,
            "subset": one.subset,
            **_mean("share", one.share),
            "share_with_undecided": one.share_high,
            "problems": one.share.problems,
            "answers": one.share.answers,
            "reachable": one.reachable,
            "undecided": one.undecided,
            "first_outside": one.first,
            "its_rank": one.rank,
            "its_probability": one.probability,
            "tokens_outside": one.outside,
            "smallest_probability": one.smallest,
            **_mean("log_ratio", one.ratio),
        }
        for one in found
    )


def reached(found: Iterable[tuple[str, str, Reach]]) -> "pd.DataFrame":
    """Rows of (answers of, under, answer): whether it could have been drawn, and where it fails."""
    return frame_of(
        {
            "answers_of": label,
            "under": under,
            "problem_id": one.problem_id,
            "index": one.index,
            "outcome": one.outcome.value if one.outcome else None,
            "n_tokens": one.n_tokens,
            "within": one.within,
            "first_outside": None if one.first is None else one.first + 1,
            "its_rank": one.rank,
            "its_probability": one.probability,
            "tokens_outside": one.outside,
            "smallest_probability": one.smallest,
            "log_ratio": one.ratio,
        }
        for label, under, one in found
    )


def entropies(found: Iterable[EntropyProfile]) -> "pd.DataFrame":
    """One row per arm: entropy in nats per token, of the law drawn from and of the raw one."""
    return frame_of(
        {
            "arm": one.arm,
            "temperature": one.temperature,
            "top_p": one.top_p,
            **_mean("tempered", one.tempered),
            "tempered_slack": one.tempered_slack,
            **_mean("raw", one.raw),
            "raw_slack": one.raw_slack,
            "problems": one.tempered.problems,
            "answers": one.tempered.answers,
        }
        for one in found
    )


def entropy_along(found: Iterable[EntropyProfile]) -> "pd.DataFrame":
    """Rows of arm and stretch of positions, counted from 1: mean entropies over its tokens."""
    return frame_of(
        {
            "arm": one.arm,
            "first": first,
            "last": last,
            "tempered": tempered,
            "raw": raw,
            "tokens": tokens,
        }
        for one in found
        for first, last, tempered, raw, tokens in one.along
    )


def _mean(name: str, found: Mean | None) -> dict[str, Any]:
    """A mean and its limits; a number that does not exist leaves its columns empty."""
    values = (found.value, found.low, found.high) if found else (None, None, None)
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
