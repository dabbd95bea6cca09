"""The rows that a figure shows, where no table holds just these."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from boundary.plots.overlap import four_way
from boundary.plots.solved import SolvedSets
from boundary.published import Reference
from boundary.records import Comparison, Curve, PerplexityCell

if TYPE_CHECKING:
    import pandas as pd


def with_references(frame: "pd.DataFrame", references: Sequence[Reference]) -> "pd.DataFrame":
    """Rows of curves; where published ones are laid under, these too, with their ``source``."""
    import pandas as pd

    if not references:
        return frame
    below = pd.DataFrame(
        {
            "arm": one.model,
            "k": k,
            "pass_at_k": value / 100,
            "source": one.source,
            "place": one.place,
            "read": one.read,
        }
        for one in references
        for k, value in one.points
    )
    return pd.concat([frame.dropna(axis=1, how="all"), below]).reindex(
        columns=[*frame.columns, "source", "place", "read"]
    )


def with_valid(solved: "pd.DataFrame", valid: "pd.DataFrame") -> "pd.DataFrame":
    """Rows of both kinds of curves, told apart by ``counted``."""
    import pandas as pd

    both = [("right", solved), ("right and valid", valid)]
    frame = pd.concat([part.dropna(axis=1, how="all").assign(counted=name) for name, part in both])
    return frame.reindex(columns=["counted", *solved.columns])


def of_sets(sets: SolvedSets) -> "pd.DataFrame":
    """Rows of combinations: the models that solve these problems and no others do."""
    import pandas as pd

    return pd.DataFrame(
        {
            "solved_at": sets.k,
            "solved_by": sets.name(combination),
            "models": sum(combination),
            "problems": count,
            "share": count / len(sets.members),
        }
        for combination, count in sets.counts.items()
    )


def of_overlap(one: Comparison) -> "pd.DataFrame":
    """The four rows of a four-way table."""
    import pandas as pd

    counts = four_way(one.overlap)
    return pd.DataFrame(
        {
            "base": one.base.label,
            "other": one.other.label,
            "solved_at": one.overlap.k,
            "solved_by": cell,
            "problems": getattr(counts, cell),
            "share": getattr(counts, cell) / counts.total if counts.total else 0.0,
            "mcnemar_p": getattr(one.overlap, "p_value", None),
        }
        for cell in ("both", "base_only", "other_only", "neither")
    )


def of_rates(one: Comparison, found: Counter[tuple[float, float]]) -> "pd.DataFrame":
    """Rows of pairs of rates, and how many problems have them."""
    import pandas as pd

    return pd.DataFrame(
        {
            "base": one.base.label,
            "other": one.other.label,
            "base_rate": base,
            "other_rate": other,
            "problems": count,
        }
        for (base, other), count in sorted(found.items())
    )


def with_whiskers(frame: "pd.DataFrame", cells: Sequence[PerplexityCell]) -> "pd.DataFrame":
    """Rows of boxes with where their whiskers end, the 5th and the 95th percentile."""
    import numpy as np

    finite = [cell.per_problem[np.isfinite(cell.per_problem)] for cell in cells]
    ends = [np.percentile(one, [5, 95]) if len(one) else (np.nan, np.nan) for one in finite]
    return frame.assign(p5=[low for low, _ in ends], p95=[high for _, high in ends])


def of_series(
    trends: "pd.DataFrame", curves: Sequence[Curve], steps: Sequence[float]
) -> "pd.DataFrame":
    """Rows of checkpoint and k, with the slope that all checkpoints of that k share."""
    import pandas as pd

    return pd.DataFrame(
        {
            "arm": curve.label,
            "step": step,
            "k": int(k),
            "pass_at_k": curve.mean[j],
            "low": curve.low[j],
            "high": curve.high[j],
            "slope_per_step": slope,
            "p_value": p_value,
        }
        for k, slope, p_value in zip(
            trends["k"], trends["slope_per_step"], trends["p_value"], strict=True
        )
        for curve, step in zip(curves, steps, strict=True)
        for j in [[int(one) for one in curve.ks].index(int(k))]
    )
