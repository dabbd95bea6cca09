"""The house style: one look per arm, a quiet frame, labels at the line ends, stable files.

Figures are made with matplotlib's object interface; nothing here touches the state of pyplot.
"""

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote

from boundary.errors import StoreError

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = Literal["solid"] | tuple[float, tuple[float, ...]]
Drawing = TypeVar("Drawing", bound="Artist")

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
_MANY = 300.0  # ratio of tokens from which on ticks are few
LINE = 0.21  # inches of a further line of title or subtitle
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


def element(part: str, *of: object) -> str:
    """The name of a drawn element, such as ``band:rl``; safe as an id whatever the labels hold."""
    return ":".join([part, *(quote(str(one), safe="", errors="backslashreplace") for one in of)])


def named(artist: Drawing, part: str, *of: object) -> Drawing:
    """Give a drawn element its name, under which SVG and tests find it."""
    artist.set_gid(element(part, *of))
    return artist


def draw_rates(
    axes: "Axes",
    x: Any,
    rates: tuple[Any, Any, Any],
    style: Style,
    *of: object,
    **line: Any,
) -> None:
    """Draw an arm's rates in percent: the band of their interval, and a marked line over it.

    Args:
        axes: Where.
        x: Where the points stand, (K,).
        rates: Mean, low and high in [0, 1], (K,) each.
        style: The arm's look.
        of: What the elements ``band`` and ``curve`` are of.
        line: What the line has besides, or otherwise.
    """
    mean, low, high = (100 * each for each in rates)
    band = axes.fill_between(x, low, high, color=style.color, alpha=0.14, linewidth=0)
    named(band, "band", *of)
    usual = {
        "color": style.color,
        "linestyle": style.line,
        "marker": style.marker,
        "markeredgecolor": PAPER,
        "zorder": 3,
    }
    (drawn,) = axes.plot(x, mean, **(usual | line))
    named(drawn, "curve", *of)


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
    head = _wrapped(figure, plain(title), fontsize=12.5, fontweight="bold")
    under = _wrapped(figure, plain(subtitle), fontsize=9.5)
    height = size[1] + LINE * (head.count("\n") + under.count("\n"))
    figure.set_size_inches(size[0], height)
    top, left = 1.0 - 0.14 / height, 0.12 / size[0]
    figure.suptitle(head, x=left, y=top, ha="left", va="top", fontsize=12.5, fontweight="bold")
    below = top - (0.27 + 0.21 * head.count("\n")) / height
    figure.text(left, below, under, color=MUTED, fontsize=9.5, va="top", ha="left")
    axes = figure.add_axes((0.1, 0.15, 0.8, 0.7))
    axes.set_facecolor("none")
    place(axes, right=0.2)
    return figure, axes


def _wrapped(figure: "Figure", text: str, **font: Any) -> str:
    """Words on as many lines as the figure's width needs."""
    if not text:
        return text
    width = float(figure.get_size_inches()[0]) - 0.24
    probe = figure.text(0, 0, "", **font)
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        probe.set_text(longer)
        if lines[-1] and probe.get_window_extent().width / figure.dpi > width:
            lines.append(word)
        else:
            lines[-1] = longer
    probe.remove()
    return "\n".join(lines)


def header(figure: "Figure") -> float:
    """Inches that title and subtitle take."""
    return 0.98 + LINE * sum(text.get_text().count("\n") for text in figure.texts)


def place(
    axes: "Axes", *, right: float, left: float = 0.62, bottom: float = 0.6, top: float = 0.0
) -> None:
    """Set the frame's margins in inches; ``top`` is added to the room for title and unit."""
    width, height = axes.figure.get_size_inches()  # type: ignore[union-attr]
    top += header(axes.figure)  # type: ignore[arg-type]
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


def whole_ticks(axes: "Axes") -> None:
    """Ticks at whole numbers only, for counts."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))


def log2_axis(axes: "Axes", values: Sequence[int]) -> None:
    """A log2 axis with the given values as ticks, every other one where they stand close."""
    first, last = min(values), max(values)
    axes.set_xscale("log", base=2)
    axes.set_xlim(first / 2**0.18, last * 2**0.18)
    step = math.ceil(len(values) / 10)
    ticks = sorted(values)[::-step][::-1]
    axes.set_xticks(ticks, [f"{value:,}" for value in ticks], minor=False)
    axes.set_xticks([], minor=True)


def token_axis(axes: "Axes", tokens: Iterable[float]) -> None:
    """A log axis with round numbers of tokens, printed plainly."""
    values = [float(value) for value in tokens]
    first, last = min(values), max(values)
    axes.set_xscale("log")
    axes.set_xlim(first / 2**0.18, last * 2**0.18)
    decades = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
    parts = (1.0, 3.0) if last / first > _MANY else (1.0, 2.0, 5.0)
    ticks = [part * 10.0**e for e in decades for part in parts]
    ticks = [tick for tick in ticks if first / 1.1 <= tick <= last * 1.1] or [first, last]
    axes.set_xticks(ticks, [f"{tick:,.0f}" if tick >= 1 else f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)


def percent_limits(lows: Iterable[float], highs: Iterable[float]) -> tuple[float, float]:
    """Percent limits on tens for rates: from 0 unless all is well above it, never past 100."""
    lowest = 100 * min((float(low) for low in lows if low == low), default=0.0)
    highest = 100 * max((float(high) for high in highs if high == high), default=1.0)
    bottom = 0.0 if lowest < 35 else 10.0 * ((lowest - 3) // 10)
    return bottom, min(100.0, 10.0 * ((highest + 3) // 10 + 1))


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
