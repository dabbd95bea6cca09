from dataclasses import replace

from boundary.plots import PLOTS, palette
from boundary.plots.sheet import Sheet, draw, write
from tests.plots.data import study


def comparison():
    return study(problems=30, n=16).comparison()


def test_every_figure_of_a_pair_is_drawn_once_under_its_own_name(tmp_path):
    one = comparison()
    drawn = list(draw(Sheet("math500", curves=(one.base, one.other), comparisons=(one,))))
    pair = ["difference", "overlap", "histogram", "transition", "difficulty"]
    assert [d.kind for d in drawn] == ["curve", *pair]
    assert {d.kind for d in drawn} <= set(PLOTS)
    assert len({d.name for d in drawn}) == len(drawn)
    for one_drawn in drawn:
        assert all(path.stat().st_size for path in write(one_drawn, tmp_path))


def test_arms_keep_their_colours_without_curves():
    one = comparison()
    looks = palette([one.base.label, one.other.label])
    difference, _, histogram, *_ = draw(Sheet("math500", comparisons=(one,)))
    expected = looks[one.other.label].color
    colours = {patch.get_facecolor() for axes in histogram.figure.axes for patch in axes.patches}
    from matplotlib.colors import to_rgb

    assert any(colour[:3] == to_rgb(expected) for colour in colours)
    assert difference.figure.axes


def test_an_unsafe_label_makes_a_safe_file_name(tmp_path):
    one = comparison()
    for drawn in draw(Sheet("a/b", comparisons=(one,))):
        drawn = replace(drawn, name="../x/y")
        for path in write(drawn, tmp_path):
            assert path.parent == tmp_path
