"""The house style: one look per arm, a quiet frame, labels at the line ends, stable files.

Figures are made with matplotlib's object interface; nothing here touches the state of pyplot.
"""

import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boundary.errors import StoreError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = Literal["solid"] | tuple[float, tuple[float, ...]]

INK = "#1c2128"
MUTED = "#636c76"
RULE = "#8b949e"
GRID = "#e4e7eb"
PAPER = "#ffffff"
# Blue and vermilion first: the pair that every kind of colour vision tells apart.
ARM_COLORS = ("#1f5f99", "#c44e0c", "#00795a", "#9a3f86", "#8a6a00", "#2b8cb5", "#4b5563")
# Plain dashes and dots are kept free: they mean "valid derivations" and "bounds".
ARM_LINES: tuple[Line, ...] = (
    "solid",
    (0.0, (11.0, 2.0, 2.0, 2.0)),
    (0.0, (7.0, 1.5, 1.5, 1.5, 1.5, 1.5)),
    (0.0, (18.0, 2.5)),
)
ARM_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "*")
ARM_HATCHES = ("", "////", "....", "xxxx", "----")
FONTS = ("Inter", "Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans")


@dataclass(frozen=True, slots=True)
class Style:
    """How one arm looks in every figure of a study; hatches are for filled shapes."""

    color: str
    marker: str
    line: Line
    hatch: str


def palette(labels: Sequence[str]) -> dict[str, Style]:
    """One look per label, in the order given; name the base first.

    Looks differ in line and marker as well as in colour, so a figure reads in greyscale: the
    first 36 labels differ in the pair of line and marker, whatever their colours.

    Args:
        labels: The arms of a study; repeated ones keep their first look.

    Returns:
        A style per distinct label.
    """

    def pick(index: int) -> Style:
        return Style(
            color=ARM_COLORS[index % len(ARM_COLORS)],
            marker=ARM_MARKERS[index % len(ARM_MARKERS)],
            line=ARM_LINES[index % len(ARM_LINES)],
            hatch=ARM_HATCHES[index % len(ARM_HATCHES)],
        )

    return {label: pick(index) for index, label in enumerate(dict.fromkeys(labels))}


def resolve(styles: Mapping[str, Style] | None, labels: Sequence[str]) -> dict[str, Style]:
    """The given styles, completed for labels that they leave out."""
    given = dict(styles or {})
    return {**palette([*given, *labels]), **given}


def plain(text: str) -> str:
    """``text`` with control and format characters written as escapes, on one line."""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char) in hidden else char for char in text
    )


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the house style to what is built or saved inside."""
    import matplotlib

    with matplotlib.rc_context(_settings()):
        yield


def _settings() -> dict[Any, Any]:
    """The matplotlib settings behind ``house_style``."""
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return {
        "font.family": [name for name in FONTS if name in installed],
        "font.size": 10.0,
        "text.color": INK,
        "text.parse_math": False,  # a "$" in an arm's name is a dollar sign
        "axes.edgecolor": RULE,
        "axes.labelcolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "hatch.linewidth": 0.6,
        "xtick.color": RULE,
        "ytick.color": RULE,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": MUTED,
        "xtick.major.size": 3.5,
        "ytick.major.size": 0.0,
        "lines.linewidth": 1.8,
        "lines.markersize": 5.0,
        "legend.frameon": False,
        "svg.fonttype": "none",  # words stay words: they can be searched and read aloud
        "svg.hashsalt": "boundary",
    }


def canvas(
    title: str, subtitle: str = "", *, size: tuple[float, float] = (7.4, 4.5)
) -> "tuple[Figure, Axes]":
    """An empty figure with its title, subtitle and one frame; sizes in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, facecolor=PAPER)
    top = 1.0 - 0.14 / size[1]
    left = 0.12 / size[0]
    figure.suptitle(
        plain(title), x=left, y=top, ha="left", va="top", fontsize=12.5, fontweight="bold"
    )
    figure.text(
        left, top - 0.27 / size[1], plain(subtitle), color=MUTED, fontsize=9.5, va="top", ha="left"
    )
    axes = figure.add_axes((0.1, 0.15, 0.8, 0.7))
    axes.set_facecolor("none")
    place(axes, right=0.2)
    return figure, axes


def place(axes: "Axes", *, right: float, left: float = 0.62, bottom: float = 0.6) -> None:
    """Set the frame's margins in inches; the top one leaves room for title and unit."""
    width, height = axes.figure.get_size_inches()  # type: ignore[union-attr]
    top = 0.98
    axes.set_position(
        (
            left / width,
            bottom / height,
            max(0.2, 1.0 - (left + right) / width),
            1.0 - (bottom + top) / height,
        )
    )


def name_axes(axes: "Axes", x: str, y: str) -> None:
    """Name both axes; the upright one is named above its top, where it reads without a tilt."""
    axes.set_xlabel(x, fontsize=9.5, labelpad=6)
    axes.set_ylabel(y, fontsize=9.5, rotation=0, ha="left", va="bottom")
    axes.yaxis.set_label_coords(0.0, 1.025)
    axes.grid(visible=True, axis="y")


def k_axis(axes: "Axes", ks: Sequence[int]) -> None:
    """A log2 axis of draw sizes with the powers of two printed plainly."""
    first, last = int(min(ks)), int(max(ks))
    axes.set_xscale("log", base=2)
    axes.set_xlim(first / 2**0.18, last * 2**0.18)
    powers = [2**e for e in range(last.bit_length()) if first <= 2**e <= last]
    # counted from the largest, the k that is read most
    step = math.ceil(len(powers) / 12)
    ticks = powers[::-step][::-1]
    axes.set_xticks(ticks, [str(k) for k in ticks], minor=False)
    axes.set_xticks([], minor=True)


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
    """A label that stands at the right end of a line."""

    text: str
    y: float
    color: str


def label_ends(axes: "Axes", x: float, labels: Sequence[EndLabel]) -> None:
    """Write labels right of the frame without overlap, and widen the margin to fit them."""
    height = _inches_high(axes)
    low, high = axes.get_ylim()
    unit = (high - low) / height  # data units per inch
    wished = [min(max(label.y, low), high) for label in labels]
    placed = spread(wished, 0.175 * unit, low, high)
    texts = [
        axes.annotate(
            plain(label.text),
            xy=(x, wish),
            xytext=(1.035, y),
            textcoords=axes.get_yaxis_transform(),
            color=label.color,
            fontsize=10,
            fontweight="bold",
            va="center",
            ha="left",
            annotation_clip=False,
            arrowprops=_leader(label.color) if abs(y - wish) > 0.06 * unit else None,
        )
        for label, wish, y in zip(labels, wished, placed, strict=True)
    ]
    place(axes, right=_margin(texts))


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
    """Inches that the widest of some texts needs beside the frame, at most 2.6."""
    from matplotlib.text import Text

    # the plain text's extent: an annotation's own would add its leader
    widths = [Text.get_window_extent(text).width / text.figure.dpi for text in texts]
    return min(2.6, 0.38 + max(widths, default=0.0))


def svg_text(figure: "Figure") -> str:
    """The figure as SVG, the same text for the same figure on the same machine."""
    buffer = BytesIO()
    with house_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue().decode()


def save(figure: "Figure", stem: Path) -> list[Path]:
    """Write a figure as SVG and PNG, with no date and no version inside.

    Args:
        figure: A figure made by one of ``PLOTS``.
        stem: Path without a suffix; its folder is made when missing.

    Returns:
        The two paths written, SVG first.

    Raises:
        StoreError: The place cannot be written to.
    """
    # not with_suffix: a stem such as "qwen2.5" would lose its ".5"
    svg, png = (stem.parent / f"{stem.name}.{kind}" for kind in ("svg", "png"))
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        svg.write_text(svg_text(figure), encoding="utf-8", newline="\n")
        with house_style():
            figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    except OSError as error:
        raise StoreError(
            f"cannot write {stem} ({error.strerror})", remedy="choose another --out directory"
        ) from error
    return [svg, png]
