"""pass@k against the budget of tokens at which answers are cut."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boundary.plots.base import (
    PAPER,
    Style,
    canvas,
    draw_rates,
    house_style,
    log2_axis,
    name_axes,
    percent_limits,
    resolve,
)
from boundary.plots.labels import EndLabel, label_ends

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_budget(
    frame: "pd.DataFrame", *, suite: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw pass@k at the smallest and at the largest k against the budget of tokens.

    Args:
        frame: Rows as :func:`boundary.tables.budgets` makes them.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    arms = list(dict.fromkeys(frame["arm"]))
    looks = resolve(styles, arms)
    ks = sorted({int(frame["k"].min()), int(frame["k"].max())})
    budgets = sorted(int(one) for one in set(frame["budget"]))
    shown = frame[frame["k"].isin(ks)]
    with house_style():
        figure, axes = canvas(
            f"pass@k at smaller budgets on {suite}",
            f"the same answers, cut at fewer tokens · full marks: k = {ks[-1]:,}"
            + (f", hollow: k = {ks[0]:,}" if len(ks) > 1 else "")
            + " · band: 95 % interval of the mean",
        )
        name_axes(axes, "tokens allowed per answer (log scale)", "problems solved, %")
        log2_axis(axes, budgets)
        axes.set_ylim(*percent_limits(shown["low"], shown["high"]))
        labels = []
        for arm in arms:
            for k in ks:
                rows = shown[(shown["arm"] == arm) & (shown["k"] == k)].sort_values("budget")
                if rows.empty:
                    continue
                _draw_line(axes, rows, looks[arm], (arm, k), is_full=k == ks[-1])
                labels.append(_label(rows, looks[arm], (arm, k), is_full=k == ks[-1]))
        label_ends(axes, max(budgets), labels)
    return figure


def _label(rows: "pd.DataFrame", look: Style, of: tuple[str, int], *, is_full: bool) -> EndLabel:
    last = 100 * float(rows["pass_at_k"].iloc[-1])
    return EndLabel(
        f"{of[0]}, k = {of[1]}  {last:.1f}",
        last,
        look.color,
        of=f"{of[0]}, {of[1]}",
        mark=(look.marker, look.color if is_full else PAPER),
    )


def _draw_line(
    axes: "Axes", rows: "pd.DataFrame", style: Style, of: tuple[Any, ...], *, is_full: bool
) -> None:
    """Band and line of one arm at one k."""
    draw_rates(
        axes,
        rows["budget"],
        (rows["pass_at_k"], rows["low"], rows["high"]),
        style,
        *of,
        markerfacecolor=style.color if is_full else PAPER,
        markeredgecolor=PAPER if is_full else style.color,
        markersize=6.2,
        clip_on=False,
    )
