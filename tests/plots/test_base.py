"""The house style: looks, spread labels, stable files, cheap import."""

import subprocess
import sys
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundary.plots import PLOTS, Style, palette, plot_curve, save, svg_text
from boundary.plots.base import plain, resolve
from boundary.plots.labels import spread
from boundary.plots.solved import solved_sets
from tests.plots import data


@pytest.fixture(scope="module")
def made():
    return data.study(problems=30, n=16)


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_plots_loads_no_matplotlib():
    assert run("import sys, boundary.plots; print('matplotlib' in sys.modules)") == "False"


def test_drawing_never_loads_pyplot():
    code = (
        "import sys\n"
        "from tests.plots import data\n"
        "from boundary import plots\n"
        "made = data.study(problems=8, n=4)\n"
        "plots.svg_text(plots.plot_curve([made.curves['base']], suite='s'))\n"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    assert run(code) == "True False"


def test_drawing_leaves_the_settings_as_they_were(made):
    before = dict(mpl.rcParams)
    svg_text(plot_curve([made.curves["base"]], suite="s"))
    assert dict(mpl.rcParams) == before


def test_palette_is_stable_and_reads_without_colour():
    labels = [f"arm {i}" for i in range(36)]
    looks = palette(labels)
    assert list(looks) == labels
    assert looks["arm 0"] == palette(["arm 0"])["arm 0"]
    assert len({(look.line, look.marker) for look in looks.values()}) == 36
    assert len({look.color for look in list(looks.values())[:7]}) == 7


def test_palette_keeps_the_first_look_of_a_repeated_label():
    assert palette(["a", "b", "a"]) == palette(["a", "b"])


def test_dashes_and_dots_stay_free_for_valid_and_bounds():
    lines = {look.line for look in palette(list("abcdefgh")).values()}
    assert not lines & {"--", ":", "dashed", "dotted"}


def luminance(color: str) -> float:
    from matplotlib.colors import to_rgb

    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot(parts, [0.2126, 0.7152, 0.0722]))


def test_arm_colours_are_readable_as_text_on_paper():
    for look in palette(list("abcdefg")).values():
        assert 1.05 / (luminance(look.color) + 0.05) >= 3.5


def test_resolve_keeps_given_looks_and_fills_in_the_rest():
    given_look = Style("#000000", "o", "solid", "")
    looks = resolve({"b": given_look}, ["a", "b"])
    assert looks["b"] == given_look
    assert looks["a"].marker != "o"


def test_plain_shows_what_cannot_be_seen():
    assert plain("a\x00b\u202ec\nd") == "a\\u0000b\\u202ec\\u000ad"
    assert plain("Qwen \u2013 数学") == "Qwen \u2013 数学"


values = st.lists(st.floats(0, 100), min_size=1, max_size=12)


@given(values, st.floats(0.1, 20))
def test_spread_keeps_gap_order_and_range(wished, gap):
    placed = spread(wished, gap, 0.0, 100.0)
    real = min(gap, 100.0 / max(1, len(wished) - 1))
    ordered = sorted(placed)
    assert all(b - a >= real - 1e-6 for a, b in pairwise(ordered))
    assert ordered[0] >= -1e-6
    assert ordered[-1] <= 100 + 1e-6
    for i, j in np.ndindex(len(wished), len(wished)):
        assert not (wished[i] < wished[j] and placed[i] > placed[j])


@given(values)
def test_spread_moves_nothing_that_has_room(wished):
    wide = sorted(set(round(v) for v in wished))
    assert spread([10.0 * v for v in wide], 5.0, 0, 1000) == pytest.approx([10 * v for v in wide])


def test_spread_shares_the_move_of_two_close_values():
    assert spread([50.0, 50.0], 4.0, 0, 100) == pytest.approx([52.0, 48.0])


def test_save_writes_both_kinds_and_keeps_dots_in_the_name(made, tmp_path):
    figure = plot_curve([made.curves["base"]], suite="s")
    paths = save(figure, tmp_path / "new" / "qwen2.5")
    assert [path.name for path in paths] == ["qwen2.5.svg", "qwen2.5.png"]
    assert paths[1].read_bytes().startswith(b"\x89PNG")


def test_files_are_the_same_each_time_and_hold_no_date(made, tmp_path):
    first, second = (
        [path.read_bytes() for path in save(figure, tmp_path / name)]
        for name, figure in (
            (name, plot_curve(list(made.curves.values()), suite="s")) for name in ("a", "b")
        )
    )
    assert first == second
    assert b"dc:date" not in first[0]
    assert b"Software" not in first[1]


def test_svg_holds_words_not_outlines(made):
    assert ">pass@k on minerva</text>" in svg_text(
        plot_curve([made.curves["base"]], suite="minerva")
    )


def test_names_are_drawn_as_they_are(made):
    curve = data.curve_of("a$b_{$\x00", made.counts["base"], made.n, made.ids)
    assert "a$b_{$\\u0000" in svg_text(plot_curve([curve], suite="$x^"))


def drawn(made):
    pair = made.comparison()
    curves = list(made.curves.values())
    sets = solved_sets([pair, made.comparison(other="distill")])
    beyond, trend = (one(made).frame for one in (data.extrapolation_table, data.trend_table))
    return {
        "curve": ([made.curves["base"]], {}),
        "solved": (sets, {}),
        "transition": (pair, {}),
        "difficulty": (pair, {}),
        "budget": (data.budget_table(made).frame, {}),
        "cost": (data.cost_table(made).frame, {}),
        "extrapolation": (beyond, {"curves": curves}),
        "likelihood": (data.likelihood_frame(), {"under": "base"}),
        "trend": (trend, {"curves": curves, "steps": data.STEPS}),
        "difference": (pair, {}),
        "overlap": (pair.overlap, {"labels": ("base", "rl")}),
        "histogram": (pair, {}),
        "perplexity": (data.perplexities(made), {}),
        "entropy": (data.entropies(), {}),
    }


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_is_a_titled_figure_that_names_its_suite(name, made):
    first, more = drawn(made)[name]
    figure = PLOTS[name](first, suite="olympiad", **more)
    assert type(figure).__module__ == "matplotlib.figure"
    assert figure.get_suptitle().endswith("on olympiad")


def test_every_file_of_the_package_is_registered():
    from pathlib import Path

    import boundary.plots

    files = {path.stem for path in Path(boundary.plots.__file__).parent.glob("*.py")}
    assert files - {"__init__", "base", "files", "labels", "rows", "sheet"} == set(PLOTS)
