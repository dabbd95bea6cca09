"""Entropy along the answer: one line per arm, positions on a log axis."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from boundary.plots.base import (
    PAPER,
    Style,
    canvas,
    house_style,
    name_axes,
    named,
    place,
    plain,
)
from boundary.plots.base import resolve as resolve_styles
from boundary.records import EntropyProfile

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_entropy(
    profiles: Sequence[EntropyProfile], *, suite: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw the mean entropy of the law drawn from, and the raw one where it is another.

    Args:
        profiles: One per arm.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    looks = resolve_styles(styles, [one.arm for one in profiles])
    with house_style():
        figure, axes = canvas(
            f"Entropy along the answers on {suite}",
            "solid: the law drawn from, before top-p · dotted: raw, at temperature 1",
        )
        name_axes(axes, "token of the answer (log scale)", "entropy, nats per token")
        axes.set_xscale("log", base=2)
        for one in profiles:
            # The middle of a stretch of positions, as the axis has it.
            middles = [(first * last) ** 0.5 for first, last, *_ in one.along]
            look = looks[one.arm]
            color = look.color
            (line,) = axes.plot(
                middles,
                [row[2] for row in one.along],
                color=color,
                marker=look.marker,
                markeredgecolor=PAPER,
                markersize=6,
            )
            line.set_label(f"{plain(one.arm)} at T = {one.temperature:g}")
            named(line, "entropy", one.arm, "drawn")
            if one.temperature != 1:
                (raw,) = axes.plot(
                    middles, [row[3] for row in one.along], color=color, linestyle=":"
                )
                named(raw, "entropy", one.arm, "raw")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        named(axes.legend(), "legend")
        place(axes, right=0.2)
    return figure
