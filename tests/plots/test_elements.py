"""Every curve, band, mark and label of every figure is there: by its name, not by pixels."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from boundary.plots import PLOTS, plot_likelihood
from boundary.plots.base import element
from boundary.plots.sheet import Drawn, Sheet, draw
from tests.plots import data

ARMS = data.ARMS
BINS = range(12)


def found(figure: Figure) -> dict[str, list[Artist]]:
    """The named elements that can be seen."""
    named: dict[str, list[Artist]] = {}
    for artist in figure.findobj():
        if artist.get_gid() and can_be_seen(artist):
            named.setdefault(str(artist.get_gid()), []).append(artist)
    return named


def can_be_seen(artist: Artist) -> bool:
    alpha = artist.get_alpha()
    if not artist.get_visible() or alpha == 0:
        return False
    if isinstance(artist, Text):
        return bool(artist.get_text().strip())
    if isinstance(artist, Line2D):
        x, y = (np.asarray(values, dtype=float) for values in artist.get_data())
        drawn = artist.get_linestyle() != "None" or artist.get_marker() != "None"
        return drawn and bool((np.isfinite(x) & np.isfinite(y)).any())
    if isinstance(artist, Collection):
        return bool(len(artist.get_paths()))
    if isinstance(artist, Patch):
        return bool(len(artist.get_path().vertices))
    return True


def pair_of(one: Drawn) -> tuple[str, str]:
    """Base and other of a pair's figure, from its name."""
    _, other, base = one.name.split("-")
    return base, other


def curve(sheet: Sheet, one: Drawn) -> Iterator[str]:
    valid = one.name == "passk-valid"
    for arm in ARMS:
        yield from (element("band", arm), element("curve", arm), element("label", arm))
    yield from (element("bound", side, "base") for side in ("low", "high"))
    yield from (element("guess"), element("label", "blind guesses"))
    if valid:
        yield from (element("valid", "rl"), element("label", "rl, valid"))
    else:
        yield from map(element, ("crossing", "crossing-interval", "crossing-label"))
        name = data.PUBLISHED.name
        yield from (element("reference", name), element("label", name))


def solved(sheet: Sheet, one: Drawn) -> Iterator[str]:
    combinations = set(one.frame["solved_by"])
    if any(name.startswith("set:") for name in found(one.figure)):
        for arm in ARMS:
            yield from (element("set", arm), element("edge", arm), element("name", arm))
        yield from (element("count", name) for name in combinations | {"none"})
        return
    for arm in ARMS:
        yield from (element(part, arm) for part in ("name", "total", "total-count"))
    for name in combinations - {"none"}:
        yield from (element("bar", name), element("count", name))


def difference(sheet: Sheet, one: Drawn) -> Iterator[str]:
    base, other = pair_of(one)
    yield from (element("zero"), element("band", other), element("difference", other))
    yield from (element("side", name) for name in (base, other))
    settled = set(one.frame["settled"])
    yield from (element("points", {True: "settled", False: "not settled"}[is_]) for is_ in settled)


def overlap(sheet: Sheet, one: Drawn) -> Iterator[str]:
    for arm in pair_of(one):
        yield from (element("set", arm), element("edge", arm))
    for cell in ("base_only", "both", "other_only"):
        yield from (element("count", cell), element("name", cell))
    yield element("count", "neither")


def histogram(sheet: Sheet, one: Drawn) -> Iterator[str]:
    yield element("legend")
    for arm in pair_of(one):
        for index in BINS:
            yield from (element("bar", arm, index), element("count", arm, index))


def transition(sheet: Sheet, one: Drawn) -> Iterator[str]:
    yield from (element("same", index) for index in BINS)
    counts = one.frame["problems"].to_numpy().reshape(12, 12)
    for i, j in zip(*np.nonzero(counts), strict=True):
        yield from (element("cell", i, j), element("count", i, j))


def difficulty(sheet: Sheet, one: Drawn) -> Iterator[str]:
    yield from (element("lane", "base"), element("lane", "other"), element("same"))
    sides = np.sign(one.frame["other_rate"] - one.frame["base_rate"])
    names = {1.0: "above", 0.0: "same", -1.0: "below"}
    yield from (element("count", name) for name in names.values())
    yield from (element("problems", names[side]) for side in set(sides))


def budget(sheet: Sheet, one: Drawn) -> Iterator[str]:
    for arm in ARMS:
        for k in (1, 64):
            yield from (element("band", arm, k), element("curve", arm, k))
            yield element("label", f"{arm}, {k}")


def cost(sheet: Sheet, one: Drawn) -> Iterator[str]:
    for arm in ARMS:
        yield from (element("band", arm), element("curve", arm), element("label", arm))


def extrapolation(sheet: Sheet, one: Drawn) -> Iterator[str]:
    for law in set(one.frame["model"]):
        yield from (element("beyond", law), element("rule", law))
        for arm in ARMS:
            yield from (element(part, arm, law) for part in ("band", "curve"))
            yield element("label", f"{arm}, {law}")
        for arm in set(one.frame.loc[one.frame["model"] == law, "arm"]):
            yield from (element(part, arm, law) for part in ("fit-band", "fit"))


def trend(sheet: Sheet, one: Drawn) -> Iterator[str]:
    for k in (1, 64):
        yield from (element("fit", k), element("label", str(k)))
        for arm in ARMS:
            yield from (element("point", arm, k), element("interval", arm, k))


def perplexity(sheet: Sheet, one: Drawn) -> Iterator[str]:
    for cell in sheet.perplexity:
        of = (cell.answers_of, cell.under, cell.subset)
        yield from (element(part, *of) for part in ("box", "median", "mean", "interval"))
        yield from (element("whisker", *of, index) for index in (0, 1))


def likelihood(sheet: Sheet, one: Drawn) -> Iterator[str]:
    for arm in ARMS:
        yield from (element("steps", arm), element("label", arm))


def entropy(sheet: Sheet, one: Drawn) -> Iterator[str]:
    yield from (element("legend"), element("entropy", "base", "raw"))
    yield from (element("entropy", arm, "drawn") for arm in ("base", "rl"))


EXPECTED: dict[str, Callable[[Sheet, Drawn], Iterator[str]]] = {
    "curve": curve,
    "solved": solved,
    "difference": difference,
    "overlap": overlap,
    "histogram": histogram,
    "transition": transition,
    "difficulty": difficulty,
    "budget": budget,
    "cost": cost,
    "extrapolation": extrapolation,
    "trend": trend,
    "perplexity": perplexity,
    "likelihood": likelihood,
    "entropy": entropy,
}
"""What each kind of figure shows; a new figure needs its own line here."""


def missing(sheet: Sheet, one: Drawn) -> set[str]:
    """The elements that a figure should show and does not."""
    return set(EXPECTED[one.kind](sheet, one)) - found(one.figure).keys()


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return data.everything(data.study(problems=60, n=64))


@pytest.fixture(scope="module")
def figures(sheet: Sheet) -> list[Drawn]:
    frame = data.likelihood_frame()  # drawn by a section of the page, not by a sheet
    figure = plot_likelihood(frame, suite="math500", under="base")
    return [*draw(sheet), Drawn("likelihood", "likelihood", "", "", figure, frame)]


def test_every_kind_of_figure_is_looked_at(figures: list[Drawn]) -> None:
    assert {one.kind for one in figures} == EXPECTED.keys() == PLOTS.keys()


@pytest.mark.parametrize("kind", EXPECTED)
def test_every_element_is_drawn_and_no_other_is_named(
    kind: str, sheet: Sheet, figures: list[Drawn]
) -> None:
    for one in figures:
        if one.kind == kind:
            assert set(EXPECTED[kind](sheet, one)) == found(one.figure).keys(), one.name


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_element_that_goes_missing_is_noticed(
    kind: str, sheet: Sheet, figures: list[Drawn]
) -> None:
    for one in figures:
        if one.kind != kind:
            continue
        wanted = set(EXPECTED[kind](sheet, one))
        for name, artists in found(one.figure).items():
            for artist in artists:
                artist.set_visible(False)
            assert wanted - found(one.figure).keys() == {name}
            for artist in artists:
                artist.set_visible(True)
        assert not missing(sheet, one)


def test_what_is_there_but_cannot_be_seen_counts_as_missing(
    sheet: Sheet, figures: list[Drawn]
) -> None:
    one = next(one for one in figures if one.name == "passk")
    drawn = found(one.figure)
    (line,), (band,), (label,) = (drawn[element(part, "rl")] for part in ("curve", "band", "label"))
    assert isinstance(line, Line2D)
    assert isinstance(label, Text)
    x, y = line.get_data()
    line.set_data([], [])
    assert missing(sheet, one) == {element("curve", "rl")}
    line.set_data(x, y)
    band.set_alpha(0.0)
    assert missing(sheet, one) == {element("band", "rl")}
    band.set_alpha(0.14)
    label.set_text("")
    assert missing(sheet, one) == {element("label", "rl")}
    label.set_text("rl")
    assert not missing(sheet, one)


def test_an_element_keeps_its_name_in_the_svg(figures: list[Drawn]) -> None:
    from xml.etree import ElementTree

    from boundary.plots import svg_text

    for one in figures:
        ids = {node.get("id") for node in ElementTree.fromstring(svg_text(one.figure)).iter()}
        assert found(one.figure).keys() <= ids, one.name


def test_a_name_is_safe_whatever_the_label_holds() -> None:
    assert element("band", 'a b"<é', 3) == "band:a%20b%22%3C%C3%A9:3"
    assert element("band", "\ud800").isascii()
