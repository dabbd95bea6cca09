"""What fitted laws would give beyond n, drawn apart from what is measured."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from boundary.plots.base import (
    INK,
    MUTED,
    PAPER,
    Style,
    canvas,
    draw_rates,
    header,
    house_style,
    k_axis,
    name_axes,
    named,
    percent_limits,
    resolve,
)
from boundary.plots.labels import EndLabel, widen, write_ends
from boundary.records import Curve

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BEYOND = (0.0, (1.2, 1.2))
GAP = 0.95
"""Inches between two frames, for the axis of the one and the name of the other."""


def plot_extrapolation(
    frame: "pd.DataFrame",
    curves: Sequence[Curve],
    *,
    suite: str,
    styles: Mapping[str, Style] | None = None,
) -> "Figure":
    """Draw each law in a frame of its own: measured on the left, fitted beyond a rule at n.

    Args:
        frame: Rows as :func:`boundary.tables.extrapolations` makes them.
        curves: The measured curves of the same arms.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure, one frame per law.
    """
    looks = resolve(styles, [curve.label for curve in curves])
    laws = list(dict.fromkeys(frame["model"]))
    ks = [int(k) for curve in curves for k in curve.ks] + [int(k) for k in frame["k"]]
    lows = [low for curve in curves for low in curve.low] + list(frame["low"])
    highs = [high for curve in curves for high in curve.high] + list(frame["high"])
    problems = max((len(curve.problem_ids) for curve in curves), default=0)
    with house_style():
        figure, first = canvas(
            f"Beyond the measured k on {suite}",
            f"{problems:,} problems · left of the rule: measured, band: 95 % interval of the mean ·"
            " hatched: fitted law, not measured, band: 95 % over fits to resampled problems",
            size=(7.4, 0.9 + 3.0 * len(laws)),
        )
        height = float(figure.get_size_inches()[1])
        high = (height - header(figure) - 0.6 - GAP * (len(laws) - 1)) / len(laws)
        frames = [first, *(figure.add_axes((0.1, 0.1, 0.8, 0.1)) for _ in laws[1:])]
        bottoms = [0.6 + (len(laws) - 1 - index) * (high + GAP) for index in range(len(laws))]
        margin = 0.0
        for axes, law, bottom in zip(frames, laws, bottoms, strict=True):
            axes.set_facecolor("none")
            axes.set_position((0.1, bottom / height, 0.6, high / height))
            name_axes(axes, "k, samples drawn per problem (log scale)", f"solved, % · law: {law}")
            k_axis(axes, ks)
            axes.set_ylim(*percent_limits(lows, highs))
            rows = frame[frame["model"] == law]
            margin = max(margin, _draw_law(axes, rows, curves, looks, law))
        widen(figure, margin)
        width = float(figure.get_size_inches()[0])
        for axes, bottom in zip(frames, bottoms, strict=True):
            axes.set_position(
                (0.62 / width, bottom / height, 1 - (0.62 + margin) / width, high / height)
            )
    return figure


def _draw_law(
    axes: "Axes",
    rows: "pd.DataFrame",
    curves: Sequence[Curve],
    looks: Mapping[str, Style],
    law: str,
) -> float:
    """Both parts of every arm's curve and the rule between them; the inches that names take."""
    edge = max(float(rows["measured_to"].max()), *(float(curve.ks[-1]) for curve in curves))
    far = axes.get_xlim()[1]
    region = axes.axvspan(edge, far, facecolor="none", edgecolor=MUTED, hatch="..", linewidth=0)
    region.set(alpha=0.25, zorder=0)
    named(region, "beyond", law)
    named(axes.axvline(edge, color=INK, linewidth=0.9, zorder=1), "rule", law)
    labels = []
    for curve in curves:
        look = looks[curve.label]
        draw_rates(
            axes,
            curve.ks,
            (curve.mean, curve.low, curve.high),
            look,
            curve.label,
            law,
            markeredgewidth=0.8,
        )
        beyond = rows[rows["arm"] == curve.label].sort_values("k")
        end = 100 * float(curve.mean[-1])
        if not beyond.empty:
            end = 100 * float(beyond["extrapolated"].iloc[-1])
            _draw_beyond(axes, beyond, look, (curve.label, law))
        told = f"{curve.label}  {end:.1f}{'' if beyond.empty else ' (fit)'}"
        labels.append(
            EndLabel(told, end, look.color, f"{curve.label}, {law}", mark=(look.marker, PAPER))
        )
    return write_ends(axes, max(float(rows["k"].max()), edge), labels)


def _draw_beyond(axes: "Axes", rows: "pd.DataFrame", look: Style, of: tuple[str, str]) -> None:
    """The fitted part: hollow marks, short dashes, its own band."""
    band = axes.fill_between(
        rows["k"], 100 * rows["low"], 100 * rows["high"], color=look.color, alpha=0.1, linewidth=0
    )
    named(band, "fit-band", *of)
    (line,) = axes.plot(
        rows["k"],
        100 * rows["extrapolated"],
        color=look.color,
        linestyle=BEYOND,
        linewidth=1.3,
        marker=look.marker,
        markerfacecolor=PAPER,
        markersize=4.6,
        clip_on=False,
        zorder=3,
    )
    named(line, "fit", *of)
