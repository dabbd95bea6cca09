"""pass@k against k, one line per arm, with its interval."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from boundary.plots.base import (
    INK,
    MUTED,
    PAPER,
    RULE,
    Style,
    canvas,
    draw_rates,
    house_style,
    k_axis,
    name_axes,
    named,
    percent_limits,
    resolve,
)
from boundary.plots.labels import EndLabel, label_ends
from boundary.published import Reference
from boundary.records import Crossing, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHED = (0.0, (3.5, 2.0))
# A printed number is a full mark, one read from a drawing a hollow one.
MARKS = {"printed": (RULE, 3.6), "digitised": (PAPER, 3.6)}


def plot_curve(
    curves: Sequence[Curve],
    *,
    suite: str,
    styles: Mapping[str, Style] | None = None,
    valid: Sequence[Curve] = (),
    crossing: Crossing | None = None,
    references: Sequence[Reference] = (),
) -> "Figure":
    """Draw pass@k in percent on a log2 axis of k.

    Args:
        curves: One per arm; the band is ``low`` to ``high``, thin dots are the bounds that
            unjudged samples leave open.
        suite: Name of the suite, for the title.
        styles: Looks by label; missing ones are filled in.
        valid: Curves of the samples whose derivation was checked and holds, drawn dashed in
            the look of the arm with the same label.
        crossing: Marked with a hairline when it has a ``k``.
        references: Published curves, laid under in grey as far as the measured ones go.

    Returns:
        The figure.
    """
    looks = resolve(styles, [curve.label for curve in (*curves, *valid)])
    ks = [int(k) for curve in curves for k in curve.ks]
    references = [one for one in references if one.ks[1] <= max(ks)]  # two points make a line
    with house_style():
        figure, axes = canvas(f"pass@k on {suite}", _subtitle(curves, valid, references))
        name_axes(axes, "k, samples drawn per problem (log scale)", "problems solved, %")
        k_axis(axes, ks)
        axes.set_ylim(*_limits([*curves, *valid], references, max(ks)))
        for curve in curves:
            _draw_arm(axes, curve, looks[curve.label])
        for curve in valid:
            _draw_valid(axes, curve, looks[curve.label])
        _draw_guess(axes, curves)
        for reference in references:
            _draw_reference(axes, reference, max(ks))
        labels = [*_labels(curves, valid, looks), *_guess_label(curves)]
        label_ends(axes, max(ks), [*labels, *_named_under(references, max(ks))])
        if crossing is not None:
            _mark_crossing(axes, crossing, max(ks))
    return figure


def _subtitle(
    curves: Sequence[Curve], valid: Sequence[Curve], references: Sequence[Reference]
) -> str:
    problems = max((len(curve.problem_ids) for curve in curves), default=0)
    sizes = sorted({(curve.n, curve.design is not None) for curve in curves})
    told = [f"{'up to ' * stops_early}{n:,}" for n, stops_early in sizes]
    parts = [f"{problems:,} problems", f"n = {' or '.join(told)}"]
    parts.append("band: 95 % interval of the mean")
    parts += ["dashed: derivation valid"] * bool(valid)
    has_bounds = any(curve.bound_low is not None for curve in curves)
    parts += ["dotted: unjudged all wrong / all right"] * has_bounds
    parts += ["grey dots: blind guesses"] * any(curve.guess is not None for curve in curves)
    parts += ["thin grey: published, printed (full) or digitised (hollow)"] * bool(references)
    return " · ".join(parts)


def _limits(
    curves: Sequence[Curve], references: Sequence[Reference], last: int
) -> tuple[float, float]:
    """Limits that hold bands, bounds, guesses and published values."""
    lows = [curve.bound_low for curve in curves if curve.bound_low is not None]
    highs = [curve.bound_high for curve in curves if curve.bound_high is not None]
    lows += [curve.low for curve in curves]
    highs += [curve.high for curve in curves]
    guesses = [curve.guess for curve in curves if curve.guess is not None]
    shown = [v / 100 for r in references for k, v in r.points if k <= last]
    return percent_limits(
        [*(float(values.min()) for values in (*lows, *guesses)), *shown],
        [*(float(values.max()) for values in (*highs, *guesses)), *shown],
    )


def _draw_arm(axes: "Axes", curve: Curve, style: Style) -> None:
    """Band, bounds and line of one arm."""
    for side, bound in (("low", curve.bound_low), ("high", curve.bound_high)):
        if bound is not None:
            (dots,) = axes.plot(
                curve.ks, 100 * bound, color=style.color, linestyle=":", linewidth=1.0
            )
            named(dots, "bound", side, curve.label)
    draw_rates(
        axes,
        curve.ks,
        (curve.mean, curve.low, curve.high),
        style,
        curve.label,
        label=curve.label,
        markeredgewidth=0.8,
        markersize=6.2,
        clip_on=False,
    )


def _draw_valid(axes: "Axes", curve: Curve, style: Style) -> None:
    """The dashed line of valid derivations."""
    (line,) = axes.plot(
        curve.ks,
        100 * curve.mean,
        color=style.color,
        linestyle=DASHED,
        linewidth=1.3,
        marker=style.marker,
        markerfacecolor=PAPER,
        markeredgewidth=1.0,
        markersize=4.2,
        label=f"{curve.label}, valid",
        clip_on=False,
        zorder=2.5,
    )
    named(line, "valid", curve.label)


def _draw_guess(axes: "Axes", curves: Sequence[Curve]) -> None:
    """What blind guesses solve, the same for all arms of a suite."""
    told = [(curve.ks, curve.guess) for curve in curves if curve.guess is not None]
    for ks, guess in told[:1]:
        (line,) = axes.plot(
            ks,
            100 * guess,
            color=MUTED,
            linestyle=(0.0, (1.0, 2.0)),
            linewidth=1.3,
            label="blind guesses",
            zorder=2,
        )
        named(line, "guess")


def _draw_reference(axes: "Axes", reference: Reference, last: int) -> None:
    """One published curve, thin and grey, within the measured k."""
    points = [point for point in reference.points if point[0] <= last]
    face, size = MARKS[reference.read]
    (line,) = axes.plot(
        [k for k, _ in points],
        [value for _, value in points],
        color=RULE,
        linewidth=0.9,
        marker="o",
        markersize=size,
        markerfacecolor=face,
        markeredgecolor=RULE,
        markeredgewidth=0.9,
        clip_on=False,
        zorder=1.5,
    )
    named(line, "reference", reference.name)


def _named_under(references: Sequence[Reference], last: int) -> list[EndLabel]:
    """Where each published curve ends; one that ends before the others is named all the same."""
    ends = [[v for k, v in one.points if k <= last][-1] for one in references]
    return [
        EndLabel(
            f"{one.label}  {end:.1f}",
            end,
            MUTED,
            of=one.name,
            is_quiet=True,
            mark=("o", MARKS[one.read][0]),
        )
        for one, end in zip(references, ends, strict=True)
    ]


def _labels(
    curves: Sequence[Curve], valid: Sequence[Curve], looks: Mapping[str, Style]
) -> list[EndLabel]:
    """Name and last value of every line."""
    plain = [(curve, curve.label, looks[curve.label].color) for curve in curves]
    hollow = [(curve, f"{curve.label}, valid", PAPER) for curve in valid]
    return [
        EndLabel(
            f"{name}  {100 * curve.mean[-1]:.1f}",
            100 * curve.mean[-1],
            looks[curve.label].color,
            of=name,
            mark=(looks[curve.label].marker, face),
        )
        for curve, name, face in (*plain, *hollow)
    ]


def _guess_label(curves: Sequence[Curve]) -> list[EndLabel]:
    """What blind guesses reach, where they are drawn."""
    ends = [100 * float(curve.guess[-1]) for curve in curves if curve.guess is not None]
    return [
        EndLabel(f"blind guesses  {end:.1f}", end, MUTED, of="blind guesses", is_quiet=True)
        for end in ends[:1]
    ]


def crossing_text(crossing: Crossing, last: int) -> str:
    """``k = 15 [9, 31]``; a bound that lies beyond the data reads ``> n``."""
    low, high = (f"> {last}" if b is None else _short(b) for b in (crossing.low, crossing.high))
    return f"k = {_short(crossing.k or 0.0)} [{low}, {high}]"


def _short(k: float) -> str:
    """Whole numbers from 10 on, one decimal below."""
    return f"{k:.0f}" if k >= 9.95 else f"{k:.1f}".removesuffix(".0")


def _mark_crossing(axes: "Axes", crossing: Crossing, last: int) -> None:
    """Hairline, interval and label of the crossing; nothing when there is none."""
    if crossing.k is None:
        return
    if crossing.low is not None:
        end = last if crossing.high is None else crossing.high
        span = axes.axvspan(crossing.low, end, color=MUTED, alpha=0.09, linewidth=0, zorder=0)
        named(span, "crossing-interval")
    named(axes.axvline(crossing.k, color=INK, linewidth=0.8, zorder=1), "crossing")
    left, right = axes.get_xlim()
    is_late = crossing.k > (left * right) ** 0.5
    text = axes.annotate(
        crossing_text(crossing, last),
        xy=(crossing.k, 0.035),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-5 if is_late else 5, 0),
        textcoords="offset points",
        ha="right" if is_late else "left",
        fontsize=9.5,
        color=INK,
    )
    named(text, "crossing-label")
