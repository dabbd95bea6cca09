"""pass@k against k, one line per arm, with its interval."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from boundary.plots.base import (
    INK,
    MUTED,
    PAPER,
    EndLabel,
    Style,
    canvas,
    house_style,
    k_axis,
    label_ends,
    name_axes,
    resolve,
)
from boundary.records import Crossing, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHED = (0.0, (3.5, 2.0))


def plot_curve(
    curves: Sequence[Curve],
    *,
    suite: str,
    styles: Mapping[str, Style] | None = None,
    valid: Sequence[Curve] = (),
    crossing: Crossing | None = None,
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

    Returns:
        The figure.
    """
    looks = resolve(styles, [curve.label for curve in (*curves, *valid)])
    ks = [int(k) for curve in curves for k in curve.ks]
    with house_style():
        figure, axes = canvas(f"pass@k on {suite}", _subtitle(curves, valid))
        name_axes(axes, "k, samples drawn per problem (log scale)", "problems solved, %")
        k_axis(axes, ks)
        axes.set_ylim(*_limits([*curves, *valid]))
        for curve in curves:
            _draw_arm(axes, curve, looks[curve.label])
        for curve in valid:
            _draw_valid(axes, curve, looks[curve.label])
        _draw_guess(axes, curves)
        label_ends(axes, max(ks), _labels(curves, valid, looks))
        if crossing is not None:
            _mark_crossing(axes, crossing, max(ks))
    return figure


def _subtitle(curves: Sequence[Curve], valid: Sequence[Curve]) -> str:
    problems = max((len(curve.problem_ids) for curve in curves), default=0)
    sizes = sorted({(curve.n, curve.design is not None) for curve in curves})
    told = [f"{'up to ' * stops_early}{n:,}" for n, stops_early in sizes]
    parts = [f"{problems:,} problems", f"n = {' or '.join(told)}"]
    parts.append("band: 95 % interval of the mean")
    parts += ["dashed: derivation valid"] * bool(valid)
    has_bounds = any(curve.bound_low is not None for curve in curves)
    parts += ["dotted: unjudged all wrong / all right"] * has_bounds
    parts += ["grey dots: blind guesses"] * any(curve.guess is not None for curve in curves)
    return " · ".join(parts)


def _limits(curves: Sequence[Curve]) -> tuple[float, float]:
    """Percent limits on tens: from 0 unless all is well above it, never past 100."""
    lows = [curve.bound_low for curve in curves if curve.bound_low is not None]
    highs = [curve.bound_high for curve in curves if curve.bound_high is not None]
    lows += [curve.low for curve in curves]
    highs += [curve.high for curve in curves]
    guesses = [curve.guess for curve in curves if curve.guess is not None]
    lows, highs = lows + guesses, highs + guesses
    lowest = 100 * min(float(values.min()) for values in lows)
    highest = 100 * max(float(values.max()) for values in highs)
    bottom = 0.0 if lowest < 35 else 10.0 * ((lowest - 3) // 10)
    return bottom, min(100.0, 10.0 * ((highest + 3) // 10 + 1))


def _draw_arm(axes: "Axes", curve: Curve, style: Style) -> None:
    """Band, bounds and line of one arm."""
    axes.fill_between(
        curve.ks, 100 * curve.low, 100 * curve.high, color=style.color, alpha=0.14, linewidth=0
    )
    for bound in (curve.bound_low, curve.bound_high):
        if bound is not None:
            axes.plot(curve.ks, 100 * bound, color=style.color, linestyle=":", linewidth=1.0)
    axes.plot(
        curve.ks,
        100 * curve.mean,
        color=style.color,
        linestyle=style.line,
        marker=style.marker,
        markeredgecolor=PAPER,
        markeredgewidth=0.8,
        markersize=6.2,
        label=curve.label,
        clip_on=False,
        zorder=3,
    )


def _draw_valid(axes: "Axes", curve: Curve, style: Style) -> None:
    """The dashed line of valid derivations."""
    axes.plot(
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


def _draw_guess(axes: "Axes", curves: Sequence[Curve]) -> None:
    """What blind guesses solve, the same for all arms of a suite."""
    told = [(curve.ks, curve.guess) for curve in curves if curve.guess is not None]
    for ks, guess in told[:1]:
        axes.plot(
            ks,
            100 * guess,
            color=MUTED,
            linestyle=(0.0, (1.0, 2.0)),
            linewidth=1.3,
            label="blind guesses",
            zorder=2,
        )


def _labels(
    curves: Sequence[Curve], valid: Sequence[Curve], looks: Mapping[str, Style]
) -> list[EndLabel]:
    """Name and last value of every line."""
    named = [(curve, curve.label) for curve in curves]
    named += [(curve, f"{curve.label}, valid") for curve in valid]
    return [
        EndLabel(
            f"{name}  {100 * curve.mean[-1]:.1f}", 100 * curve.mean[-1], looks[curve.label].color
        )
        for curve, name in named
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
        axes.axvspan(crossing.low, end, color=MUTED, alpha=0.09, linewidth=0, zorder=0)
    axes.axvline(crossing.k, color=INK, linewidth=0.8, zorder=1)
    left, right = axes.get_xlim()
    is_late = crossing.k > (left * right) ** 0.5
    axes.annotate(
        crossing_text(crossing, last),
        xy=(crossing.k, 0.035),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-5 if is_late else 5, 0),
        textcoords="offset points",
        ha="right" if is_late else "left",
        fontsize=9.5,
        color=INK,
    )
