"""Figures: pure functions of statistics, one per file, one look per arm in all of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from boundary.plots.base import Style, palette, save, svg_text
from boundary.plots.budget import plot_budget
from boundary.plots.cost import plot_cost
from boundary.plots.curve import plot_curve
from boundary.plots.difference import plot_difference
from boundary.plots.difficulty import plot_difficulty
from boundary.plots.entropy import plot_entropy
from boundary.plots.extrapolation import plot_extrapolation
from boundary.plots.histogram import plot_histogram
from boundary.plots.likelihood import plot_likelihood
from boundary.plots.overlap import plot_overlap
from boundary.plots.perplexity import plot_perplexity
from boundary.plots.solved import plot_solved
from boundary.plots.transition import plot_transition
from boundary.plots.trend import plot_trend

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLOTS: "dict[str, Callable[..., Figure]]" = {
    "curve": plot_curve,
    "solved": plot_solved,
    "difference": plot_difference,
    "overlap": plot_overlap,
    "histogram": plot_histogram,
    "transition": plot_transition,
    "difficulty": plot_difficulty,
    "budget": plot_budget,
    "cost": plot_cost,
    "extrapolation": plot_extrapolation,
    "trend": plot_trend,
    "perplexity": plot_perplexity,
    "entropy": plot_entropy,
    "likelihood": plot_likelihood,
}

__all__ = [
    "PLOTS",
    "Style",
    "palette",
    "plot_budget",
    "plot_cost",
    "plot_curve",
    "plot_difference",
    "plot_difficulty",
    "plot_entropy",
    "plot_extrapolation",
    "plot_histogram",
    "plot_likelihood",
    "plot_overlap",
    "plot_perplexity",
    "plot_solved",
    "plot_transition",
    "plot_trend",
    "save",
    "svg_text",
]
