"""Labels at the line ends, moved apart as little as need be, and room for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boundary.plots.base import named, place, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Transform

WIDEST = 2.6
"""Inches beside the frame that labels get before the figure grows."""


def spread(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move values apart to at least ``gap``, as little as possible in squares, inside a range.

    Args:
        values: (N,) wished positions.
        gap: Smallest distance between neighbours; shrinks when the range is too short for N.
        low: Lowest position allowed.
        high: Highest position allowed.

    Returns:
        (N,) positions, in the order of ``values``.
    """
    count = len(values)
    gap = min(gap, (high - low) / max(1, count - 1))
    order = sorted(range(count), key=lambda i: (values[i], -i))  # of equals, the first on top
    blocks: list[tuple[float, int]] = []  # pooled (mean, size) of gap-free positions
    for rank, index in enumerate(order):
        mean, size = values[index] - gap * rank, 1
        while blocks and blocks[-1][0] > mean:
            other, weight = blocks.pop()
            mean, size = (mean * size + other * weight) / (size + weight), size + weight
        blocks.append((mean, size))
    flat = [mean for mean, size in blocks for _ in range(size)]
    ceiling = high - gap * max(0, count - 1)
    placed = [min(max(value, low), ceiling) + gap * rank for rank, value in enumerate(flat)]
    return [placed[order.index(index)] for index in range(count)]


@dataclass(frozen=True, slots=True)
class EndLabel:
    """A label that stands at the right end of a line; a quiet one is small and light.

    ``of`` is what the label names, where that is not all of ``text``; ``mark`` the line's marker
    and what fills it, which stands before the text.
    """

    text: str
    y: float
    color: str
    of: str = ""
    is_quiet: bool = False
    mark: tuple[str, str] | None = None


def label_ends(axes: "Axes", x: float, labels: Sequence[EndLabel]) -> None:
    """Write labels right of the frame without overlap, and widen the margin to fit them."""
    margin = write_ends(axes, x, labels)
    widen(axes.figure, margin)  # type: ignore[arg-type]
    place(axes, right=margin)


def write_ends(axes: "Axes", x: float, labels: Sequence[EndLabel]) -> float:
    """Write labels right of the frame without overlap; returns the inches that they take."""
    height = _inches_high(axes)
    low, high = axes.get_ylim()
    unit = (high - low) / height  # data units per inch
    wished = [min(max(label.y, low), high) for label in labels]
    placed = spread(wished, 0.175 * unit, low, high)
    texts = [
        named(
            axes.annotate(
                plain(label.text),
                xy=(x, wish),
                xytext=(1.035, y),
                textcoords=_beside(axes, 0.13 if label.mark else 0.0),
                color=label.color,
                fontsize=8.5 if label.is_quiet else 10,
                fontweight="normal" if label.is_quiet else "bold",
                va="center",
                ha="left",
                annotation_clip=False,
                arrowprops=_leader(label.color) if abs(y - wish) > 0.06 * unit else None,
            ),
            "label",
            label.of or label.text,
        )
        for label, wish, y in zip(labels, wished, placed, strict=True)
    ]
    for label, y in zip(labels, placed, strict=True):
        if label.mark:
            axes.plot(
                [1.035],
                [y],
                transform=_beside(axes, 0.04),
                marker=label.mark[0],
                markerfacecolor=label.mark[1],
                markeredgecolor=label.color,
                markersize=3.6 if label.is_quiet else 5.2,
                linestyle="none",
                clip_on=False,
            )
    return _margin(texts) + 0.13 * any(label.mark for label in labels)


def _beside(axes: "Axes", inches: float) -> "Transform":
    """Right of the frame in its width's share plus inches, upright in data."""
    from matplotlib.transforms import ScaledTranslation

    figure = axes.figure
    shift = ScaledTranslation(inches, 0.0, figure.dpi_scale_trans)
    return axes.get_yaxis_transform() + shift


def widen(figure: "Figure", margin: float) -> None:
    """Let the figure grow to the right for labels so wide that little would be left of it."""
    width, height = (float(side) for side in figure.get_size_inches())
    grown = width + max(0.0, margin - WIDEST)
    figure.set_size_inches(grown, height)
    for text in figure.texts:  # title and subtitle stay where they are
        text.set_x(text.get_position()[0] * width / grown)


def fitted(text: "Text", inches: float) -> "Text":
    """A text made smaller where it is wider than that."""
    from matplotlib.text import Text

    figure = text.figure
    assert figure is not None
    wide = Text.get_window_extent(text).width / figure.dpi
    if wide > inches:
        text.set_fontsize(float(text.get_fontsize()) * inches / wide)
    return text


def _leader(color: str) -> dict[str, Any]:
    """A hairline from a moved label back to its line."""
    return {
        "arrowstyle": "-",
        "color": color,
        "lw": 0.7,
        "shrinkA": 0,
        "shrinkB": 3,
        "relpos": (0, 0.5),
    }


def _inches_high(axes: "Axes") -> float:
    height = axes.figure.get_size_inches()[1]  # type: ignore[union-attr]
    return float(axes.get_position().height * height)


def _margin(texts: Sequence[Any]) -> float:
    """Inches that the widest of some texts needs beside the frame."""
    from matplotlib.text import Text

    # the plain text's extent: an annotation's own would add its leader
    widths = [Text.get_window_extent(text).width / text.figure.dpi for text in texts]
    return 0.38 + max(widths, default=0.0)
