"""pass@k over the checkpoints of one training run, at the smallest and the largest k."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from boundary.plots.base import (
    INK,
    MUTED,
    PAPER,
    Line,
    Style,
    canvas,
    house_style,
    name_axes,
    named,
    percent_limits,
    resolve,
)
from boundary.plots.labels import EndLabel, label_ends
from boundary.records import Curve
from boundary.wording import p_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES: tuple[tuple[str, Line], ...] = ((INK, "solid"), (MUTED, (0.0, (5.0, 2.5))))


def plot_trend(
    frame: "pd.DataFrame",
    curves: Sequence[Curve],
    steps: Sequence[float],
    *,
    suite: str,
    styles: Mapping[str, Style] | None = None,
) -> "Figure":
    """Draw each checkpoint's pass@k over its step, and the straight line through them.

    Args:
        frame: Rows as :func:`boundary.tables.trends` makes them.
        curves: The checkpoints' curves on the same problems.
        steps: Their training steps.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    looks = resolve(styles, [curve.label for curve in curves])
    ks = [int(k) for k in frame["k"]]
    problems = len(curves[0].problem_ids)
    with house_style():
        figure, axes = canvas(
            f"pass@k over training on {suite}",
            f"{problems:,} problems, paired · bars: 95 % interval of a checkpoint's mean · lines:"
            f" least squares, points per 1,000 steps: {_slopes(frame)}",
        )
        name_axes(axes, "training step", "problems solved, %")
        spare = 0.04 * (max(steps) - min(steps))
        axes.set_xlim(min(steps) - spare, max(steps) + spare)
        at = {k: [_at(curve, k) for curve in curves] for k in ks}
        every = [value for points in at.values() for value in points]
        axes.set_ylim(*percent_limits([p[1] for p in every], [p[2] for p in every]))
        labels = []
        for k, (color, line) in zip(ks, LINES, strict=False):
            row = frame[frame["k"] == k].iloc[0]
            labels.append(_draw_fit(axes, steps, at[k], row, (color, line)))
            for step, curve, point in zip(steps, curves, at[k], strict=True):
                _draw_point(axes, step, point, looks[curve.label], (curve.label, k))
        label_ends(axes, max(steps), labels)
    return figure


def _at(curve: Curve, k: int) -> tuple[float, float, float]:
    j = [int(one) for one in curve.ks].index(k)
    return float(curve.mean[j]), float(curve.low[j]), float(curve.high[j])


def _draw_fit(
    axes: "Axes",
    steps: Sequence[float],
    points: Sequence[tuple[float, float, float]],
    row: "pd.Series[float]",
    look: tuple[str, Line],
) -> EndLabel:
    """The line with the row's slope through the points' mean, and what stands at its end."""
    middle = sum(steps) / len(steps)
    mean = sum(point[0] for point in points) / len(points)
    slope = float(row["slope_per_step"])
    ends = [min(steps), max(steps)]
    heights = [100 * (mean + slope * (step - middle)) for step in ends]
    (line,) = axes.plot(ends, heights, color=look[0], linestyle=look[1], linewidth=1.2, zorder=2)
    k = int(row["k"])
    named(line, "fit", k)
    return EndLabel(f"k = {k}: {_points(slope)} / 1,000 steps", heights[1], look[0], of=f"{k}")


def _slopes(frame: "pd.DataFrame") -> str:
    """Each slope with its interval, where there is one, and its p."""
    told = []
    for row in frame.to_dict("records"):
        low, high = float(row["low"]), float(row["high"])
        interval = f" [{_points(low)}, {_points(high)}]" if low == low else ""
        slope = _points(float(row["slope_per_step"]))
        told.append(f"k = {row['k']}: {slope}{interval}, {p_text(float(row['p_value']))}")
    return "; ".join(told)


def _points(slope: float) -> str:
    """A slope per step as points per thousand steps."""
    return f"{100_000 * slope:+.3g}"


def _draw_point(
    axes: "Axes",
    step: float,
    point: tuple[float, float, float],
    look: Style,
    of: tuple[str, int],
) -> None:
    mean, low, high = (100 * value for value in point)
    bars = axes.errorbar(
        [step],
        [mean],
        yerr=[[max(0.0, mean - low)], [max(0.0, high - mean)]],
        fmt=look.marker,
        color=look.color,
        markeredgecolor=PAPER,
        markersize=7.0,
        elinewidth=1.4,
        clip_on=False,
        zorder=4,
    )
    named(bars.lines[0], "point", *of)
    named(bars.lines[2][0], "interval", *of)
