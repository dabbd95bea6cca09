"""The overlap of solved problems: true areas, every number, every degenerate case."""

import numpy as np
import pytest

from boundary.plots import plot_overlap
from boundary.plots.overlap import FourWay, circles_of
from boundary.records import ExpectedOverlap, Overlap


def lens_area(first, second, distance):
    """What two circles share, in closed form."""
    if distance >= first + second or min(first, second) <= 0:
        return 0.0
    if distance <= abs(first - second):
        return np.pi * min(first, second) ** 2
    foot = (distance**2 + first**2 - second**2) / (2 * distance)
    return sum(
        radius**2 * np.arccos(at / radius) - at * np.sqrt(radius**2 - at**2)
        for radius, at in ((first, foot), (second, distance - foot))
    )


def ids(count, prefix):
    return tuple(f"{prefix}{i}" for i in range(count))


def overlap(both, base, other, neither, p_value=0.0106):
    return Overlap(128, ids(both, "b"), ids(base, "o"), ids(other, "t"), ids(neither, "n"), p_value)


def counted(both, base, other):
    return FourWay(both, base, other, 1, is_expected=False)


def axes_of(record):
    (axes,) = plot_overlap(record, labels=("base", "rl"), suite="math500").axes
    return axes


def words(axes):
    return [text.get_text() for text in axes.texts]


def circle_count(axes):
    return len([patch for patch in axes.patches if patch.get_fill()])


@pytest.mark.parametrize("distance", [0.0, 0.3, 0.9, 1.2, 1.49, 2.0])
def test_lens_area_against_a_fine_grid(distance):
    step = 0.002
    x, y = np.meshgrid(np.arange(-1, 1, step), np.arange(-1, 1, step))
    inside = (x**2 + y**2 < 1) & ((x - distance) ** 2 + y**2 < 0.25)
    assert lens_area(1.0, 0.5, distance) == pytest.approx(inside.sum() * step**2, abs=2e-3)


@pytest.mark.parametrize("counts", [(462, 18, 5), (19, 4, 1), (3, 50, 2), (1, 1, 400)])
def test_areas_stand_in_the_ratio_of_the_counts(counts):
    both, base, other = counts
    made = circles_of(counted(*counts))
    unit = np.pi * made.base_radius**2 / (both + base)
    assert np.pi * made.other_radius**2 == pytest.approx(unit * (both + other))
    shared = lens_area(made.base_radius, made.other_radius, made.other_x - made.base_x)
    assert shared == pytest.approx(unit * both, rel=1e-6)


def test_nested_sets_lie_inside_each_other():
    made = circles_of(counted(19, 4, 0))
    assert made.other_x - made.base_x <= made.base_radius - made.other_radius + 1e-9


def test_disjoint_sets_do_not_touch():
    made = circles_of(counted(0, 4, 3))
    assert made.other_x - made.base_x > made.base_radius + made.other_radius


def test_equal_sets_share_one_centre():
    made = circles_of(counted(7, 0, 0))
    assert made.base_radius == made.other_radius
    assert made.base_x == made.other_x


def test_every_number_and_name_is_written():
    drawn = words(axes_of(overlap(462, 18, 5, 15)))
    assert drawn == [
        "18 (3.6 %)", "base only", "462 (92.4 %)", "both", "5 (1.0 %)", "rl only",
        "solved by neither: 15 (3.0 %)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.0106, "p = .0106"), (0.125, "p = .125"), (0.00151, "p = .0015"), (1e-9, "p < .0001")],
)
def test_the_exact_p_is_written(p_value, text):
    figure = plot_overlap(overlap(4, 3, 2, 1, p_value), labels=("base", "rl"), suite="s")
    assert figure.texts[-1].get_text().endswith(text)


@pytest.mark.parametrize(
    ("counts", "circles", "hairlines"),
    [
        ((5, 3, 2, 1), 2, 3),
        ((5, 3, 0, 1), 2, 2),
        ((0, 3, 2, 1), 2, 2),
        ((0, 3, 0, 1), 1, 1),
        ((0, 0, 2, 1), 1, 1),
        ((5, 0, 0, 0), 2, 1),
        ((0, 0, 0, 9), 0, 0),
    ],
)
def test_degenerate_cases_draw_what_there_is(counts, circles, hairlines):
    axes = axes_of(overlap(*counts))
    assert circle_count(axes) == circles
    assert len([one for one in axes.lines if len(one.get_xdata()) == 2]) == hairlines
    assert len([word for word in words(axes) if word.endswith("%)")]) == 4


@pytest.mark.parametrize("counts", [(5, 3, 2, 1), (40, 3, 2, 1), (0, 9, 1, 1), (0, 9, 0, 1)])
def test_each_hairline_ends_in_its_region(counts):
    axes = axes_of(overlap(*counts))
    made = circles_of(counted(*counts[:3]))
    regions = {-1.5: (True, False), 0.0: (True, True), 1.5: (False, True)}
    for hairline in (one for one in axes.lines if len(one.get_xdata()) == 2):
        start, end = hairline.get_xdata()
        in_base = abs(end - made.base_x) < made.base_radius
        in_other = abs(end - made.other_x) < made.other_radius
        assert (in_base, in_other) == regions[start]


def test_nothing_solved_says_so_in_words():
    assert "no problem is solved by either" in words(axes_of(overlap(0, 0, 0, 9)))


def test_no_problems_at_all_is_no_error():
    assert "0 (0.0 %)" in words(axes_of(overlap(0, 0, 0, 0)))


def test_expected_numbers_have_a_decimal_and_no_test():
    record = ExpectedOverlap(8, 17.25, 2.5, 1.75, 8.5)
    figure = plot_overlap(record, labels=("base", "rl"), suite="s")
    assert "17.2" in words(figure.axes[0])
    assert "p =" not in figure.texts[-1].get_text()
    assert "expected" in figure.texts[-1].get_text()
