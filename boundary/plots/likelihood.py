"""How likely one model finds the answers of several arms: a line per arm over one axis."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from boundary.plots.base import Style, canvas, house_style, name_axes, named, resolve
from boundary.plots.labels import EndLabel, label_ends

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def plot_likelihood(
    frame: "pd.DataFrame", *, suite: str, under: str, styles: Mapping[str, Style] | None = None
) -> "Figure":
    """Draw a histogram of log-likelihoods per token as steps, one line per arm.

    Args:
        frame: Rows of ``arm``, ``low`` and ``high`` (nats per token) and ``share`` of its answers.
        suite: Name of the suite, for the title.
        under: The model that finds them likely.
        styles: Looks by label; missing ones are filled in.

    Returns:
        The figure.
    """
    arms = list(dict.fromkeys(frame["arm"]))
    looks = resolve(styles, arms)
    with house_style():
        figure, axes = canvas(
            f"How likely {under} finds the answers on {suite}",
            f"log-probability per token of each whole answer under {under}, at temperature 1",
        )
        name_axes(axes, "nats per token (higher is likelier)", "answers of the arm, %")
        labels = []
        for arm in arms:
            rows = frame[frame["arm"] == arm]
            edges = [*rows["low"], rows["high"].iloc[-1]]
            heights = 100 * rows["share"]
            (line,) = axes.step(
                edges,
                [*heights, heights.iloc[-1]],
                where="post",
                color=looks[arm].color,
                linestyle=looks[arm].line,
            )
            named(line, "steps", arm)
            labels.append(EndLabel(arm, float(heights.iloc[-1]), looks[arm].color, of=arm))
        axes.set_ylim(0, 1.08 * 100 * float(frame["share"].max()))
        axes.set_xlim(float(frame["low"].min()), float(frame["high"].max()))
        label_ends(axes, float(frame["high"].max()), labels)
    return figure
