"""The figure of entropies draws the numbers of its records."""

import pytest

from boundary.plots import plot_entropy
from boundary.plots.base import element
from boundary.records import EntropyProfile, Mean

ALONG = ((1, 1, 1.0, 1.4, 10), (2, 2, 0.5, 0.8, 10), (3, 4, 0.2, 0.3, 18))


def profile(arm: str, temperature: float) -> EntropyProfile:
    mean = Mean(0.4, 0.3, 0.5, 10, 10)
    return EntropyProfile(arm, temperature, 0.95, mean, mean, 0.0, 0.0, ALONG)


def lines(figure, arm: str, part: str) -> list[list[float]]:
    name = element("entropy", arm, part)
    return [
        list(map(float, line.get_ydata()))
        for line in figure.axes[0].get_lines()
        if line.get_gid() == name
    ]


def test_each_arm_has_a_line_of_its_means() -> None:
    figure = plot_entropy([profile("base", 0.6), profile("rl", 1.0)], suite="dial")
    assert lines(figure, "base", "drawn") == [[1.0, 0.5, 0.2]]
    assert lines(figure, "base", "raw") == [[1.4, 0.8, 0.3]]
    assert lines(figure, "rl", "drawn") == [[1.0, 0.5, 0.2]]
    assert lines(figure, "rl", "raw") == [], "at temperature 1 it is the same law"
    (first,) = (
        line
        for line in figure.axes[0].get_lines()
        if line.get_gid() == element("entropy", "base", "drawn")
    )
    assert list(first.get_xdata()) == pytest.approx([1, 2, 12**0.5])
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "base at T = 0.6",
        "rl at T = 1",
    ]
