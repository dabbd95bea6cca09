"""pass@k against the tokens that k answers to a problem take."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from boundary.plots.base import (
    Style,
    canvas,
    draw_rates,
    house_style,
    name_axes,
    percent_limits,
    resolve,
    token_axis,
)
from boundary.plots.labels import EndLabel, label_ends

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_cost(
    frame: "pd.DataFrame", *, suite: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw coverage against tokens on a log axis: a short answer buys more draws.

    Args:
        frame: Rows as :func:`boundary.tables.costs` makes them.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    arms = list(dict.fromkeys(frame["arm"]))
    looks = resolve(styles, arms)
    known = frame[frame["tokens"].notna() & (frame["tokens"] > 0)]
    with house_style():
        figure, axes = canvas(
            f"What coverage costs on {suite}",
            f"k = {int(frame['k'].min()):,} to {int(frame['k'].max()):,} answers times the mean"
            " length of an answer, prompts left out · band: 95 % interval of the mean",
        )
        name_axes(axes, "tokens drawn per problem (log scale)", "problems solved, %")
        if known.empty:
            axes.set_axis_off()
            axes.text(0.5, 0.5, "no answer's length is known", transform=axes.transAxes)
            return figure
        token_axis(axes, known["tokens"])
        axes.set_ylim(*percent_limits(known["low"], known["high"]))
        labels = [
            _draw_arm(axes, known[known["arm"] == arm].sort_values("k"), looks[arm], arm)
            for arm in arms
            if (known["arm"] == arm).any()
        ]
        label_ends(axes, float(known["tokens"].max()), labels)
    return figure


def _draw_arm(axes: "Axes", rows: "pd.DataFrame", style: Style, arm: str) -> EndLabel:
    """Band and line of one arm, and what stands at its end."""
    draw_rates(
        axes,
        rows["tokens"],
        (rows["pass_at_k"], rows["low"], rows["high"]),
        style,
        arm,
        markeredgewidth=0.8,
        markersize=6.2,
        clip_on=False,
    )
    last = 100 * float(rows["pass_at_k"].iloc[-1])
    return EndLabel(
        f"{arm}  {last:.1f}", last, style.color, of=arm, mark=(style.marker, style.color)
    )
