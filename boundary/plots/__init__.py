"""Figures: pure functions of statistics, one per file, one look per arm in all of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from boundary.plots.base import Style, palette, save, svg_text
from boundary.plots.curve import plot_curve
from boundary.plots.difference import plot_difference
from boundary.plots.histogram import plot_histogram
from boundary.plots.overlap import plot_overlap
from boundary.plots.perplexity import plot_perplexity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLOTS: "dict[str, Callable[..., Figure]]" = {
    "curve": plot_curve,
    "difference": plot_difference,
    "overlap": plot_overlap,
    "histogram": plot_histogram,
    "perplexity": plot_perplexity,
}

__all__ = [
    "PLOTS",
    "Style",
    "palette",
    "plot_curve",
    "plot_difference",
    "plot_histogram",
    "plot_overlap",
    "plot_perplexity",
    "save",
    "svg_text",
]
