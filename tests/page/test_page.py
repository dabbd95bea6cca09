"""The page as text: order, numbers, tables, and what it may load."""

import base64
import hashlib
import math
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from boundary import plots
from boundary.page import Health, Page, Section, SuiteSection, Table, render
from boundary.records import Design
from tests.page import data as pages
from tests.plots import data

DASH = "\u2013"


@pytest.fixture(scope="module")
def section():
    return pages.section("math500", data.study(problems=40, n=32))


@pytest.fixture(scope="module")
def html(section):
    return render(pages.page(section))


def words(html):
    """The text of a page without its markup, one space between words."""
    bare = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", bare)).replace("&nbsp;", " ")


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def named(self, tag):
        return [attrs for name, attrs in self.seen if name == tag]


def test_importing_the_page_loads_no_template_engine():
    code = "import sys, boundary.page; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_same_page_renders_to_the_same_text(section, html):
    assert render(pages.page(section)) == html


def test_verdicts_come_first_and_the_rest_in_order(html, section):
    marks = (
        section.verdicts[0], "How to read this</summary>", "Solved within k samples",
        "passk-table-0", "Paired differences", "Which problems are solved",
        "How often each problem is solved",
        "ΔSE", "How surprising it is", "Health of the samples", "Problems and answers",
        "Provenance</h2>",
    )  # fmt: skip
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)


@pytest.mark.parametrize("arm", [0, 1, 2])
def test_every_mean_and_interval_of_the_curves_is_printed(html, section, arm):
    curve = section.curves[arm]
    text = words(html)
    for mean, low, high in zip(curve.mean, curve.low, curve.high, strict=True):
        assert f"{100 * mean:.1f} [{100 * low:.1f}, {100 * high:.1f}]" in text


def test_an_adaptive_arm_has_an_n_at_most(section):
    early = replace(section.curves[0], design=Design(4, (16, 32)))
    made = render(pages.page(replace(section, curves=(early, *section.curves[1:]))))
    shown = words(made)
    assert shown.count("n ≤ 32") == 1
    assert shown.count("n = 32") >= len(section.curves) - 1


def test_the_answer_comes_before_the_numbers(section):
    said = "rl is right more often than base in one try."
    made = render(pages.page(replace(section, answers=(said,))))
    places = [made.index(mark) for mark in ("<h1>", said, section.verdicts[0], "<svg")]
    assert places == sorted(places)


def test_bounds_stand_beside_the_interval(html, section):
    curve = section.curves[0]
    assert f"{100 * curve.bound_low[0]:.1f} to {100 * curve.bound_high[0]:.1f}" in words(html)


def test_differences_carry_sign_p_and_a_settled_mark(html, section):
    text, pair = words(html), section.comparisons[0]
    assert f"+{100 * pair.difference[0]:.1f}" in text
    assert html.count("</span> settled</td>") == sum(
        int(pair.is_settled.sum()) for pair in section.comparisons
    )
    assert html.count("</span> not settled</td>") == sum(
        int((~pair.is_settled).sum()) for pair in section.comparisons
    )


def test_delta_se_stands_with_both_inputs(html, section):
    gap = section.comparisons[0].delta_se
    expected = f"{100 * gap.base_at_k:.1f} k = {gap.k} {100 * gap.other_at_1:.1f}"
    assert f"{expected} +{100 * gap.value:.1f}" in words(html)


def test_four_way_cells_link_to_their_problems(html, section):
    overlap = section.comparisons[0].overlap
    for name in ("both", "base_only", "other_only", "neither"):
        count = len(getattr(overlap, name))
        assert f'<a class="count" href="#problems-0-0-{name}">{count}</a>' in html


def test_a_section_of_its_own_has_lines_figures_tables_and_a_note(html, section):
    part = html[html.index("How surprising it is</bdi></h3>") :]
    places = [
        part.index(mark) for mark in ("not proof of", "<svg", "Perplexity</caption>", "In nats")
    ]
    assert places == sorted(places)
    first = section.more[0].tables[0].rows[0]
    assert f"{first[0]} {first[1]} {first[2]:.2f} {first[3]:,}" in words(part)
    assert len(re.findall("<svg", part)) == 1


@pytest.mark.parametrize(("rows", "is_folded"), [(12, False), (13, True)])
def test_a_long_table_of_a_section_is_folded(section, rows, is_folded):
    table = Table("many", ("arm", "n"), tuple((f"a{i}", i) for i in range(rows)))
    made = render(pages.page(replace(section, more=(Section("own", tables=(table,)),))))
    folds = [attrs for attrs in Tags(made).named("details") if attrs.get("class") == "long"]
    assert len(folds) == is_folded
    assert (f"many : {rows} rows" in words(made)) == is_folded
    assert f"a{rows - 1}" in words(made)


def test_a_figure_that_no_section_claims_comes_last(section):
    made = render(pages.page(replace(section, more=())))
    assert made.count("<svg") == len(section.figures)
    assert made.index("Perplexity of the arms") > made.index("Health of the samples")


def test_cells_of_a_table_are_shown_by_their_kind(section):
    row = ("base", "a<b", 12345, 0.5, None, math.nan)
    table = Table("t", ("arm", "text", "count", "number", "none", "nan"), (row,), words=2)
    made = render(pages.page(replace(section, more=(Section("own", tables=(table,)),))))
    found = re.search(r"<caption>t</caption>.*?</table>", made, re.DOTALL)[0]
    assert words(found).endswith(f"base a&lt;b 12,345 0.50 {DASH} {DASH} ")
    assert found.count('class="swatch"') == 1


def test_expected_numbers_have_no_links_and_no_test(section):
    pair = replace(section.comparisons[0], overlap=pages.expected(section.comparisons[0]))
    made = render(pages.page(replace(section, comparisons=(pair,), figures=())))
    assert 'class="count"' not in made
    assert f"{pair.overlap.both:.1f}</td>" in made
    assert "no test" in made


def test_unknown_health_is_a_dash_and_faults_stand_out(section):
    row = Health("rl", 10, None, 0.5, 2, None, 0, None, None, strict_rate=0.25)
    made = render(pages.page(replace(section, health=(row,))))
    found = re.search(r">10</td>.*?</tr>", made, re.DOTALL)
    expected = ["25.0", DASH, DASH, "50.0", "2", *4 * [DASH], "0", *3 * [DASH]]
    assert words(found[0]).split()[1:] == expected
    assert 'class="warn">2<' in found[0]


def test_headers_say_what_they_head(html):
    tags = Tags(html)
    assert tags.named("th")
    assert all(attrs.get("scope") in ("row", "col") for attrs in tags.named("th"))
    assert len(tags.named("caption")) >= len(tags.named("table")) - len(data.ARMS)


def test_figures_are_named_pictures(html, section):
    pictures = Tags(html).named("svg")
    assert len(pictures) == len(section.figures)
    assert all(p["role"] == "img" and p["aria-label"] for p in pictures)


def test_ids_are_unique_and_every_inner_link_has_a_target(html):
    tags = Tags(html)
    ids = [attrs["id"] for _, attrs in tags.seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"][1:] for name, attrs in tags.seen if name in ("a", "use")}
    assert {link for link in links if not link.startswith("problems-")} <= set(ids)


def test_the_policy_forbids_all_but_this_script(html):
    policy = next(m["content"] for m in Tags(html).named("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 1
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    for kind, text in (("script", scripts[0]), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert "http:" not in policy
    assert "https:" not in policy


def test_nothing_points_outside(html):
    tags = Tags(html)
    outside = [
        value
        for _, attrs in tags.seen
        for key, value in attrs.items()
        if key in ("src", "href", "action", "data", "poster", "srcset")
        and not (value or "").startswith(("#", "data:,"))
    ]
    assert not outside
    assert "@import" not in html
    assert not re.search(r"url\(\s*['\"]?(?!#)", html)


def test_a_dark_page_knows_every_colour_of_the_figures(html):
    css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    body = html.replace(css, "")
    used = set(re.findall(r"var\(--c-([0-9a-f]{6})", body))
    known = set(re.findall(r"--c-([0-9a-f]{6}):", css))
    every_arm = {look.color[1:] for look in plots.palette(list("abcdefg")).values()}
    assert used | every_arm <= known


def test_a_colour_that_is_none_is_left_out(section):
    bad = (("base", "red; background: url(http://x)"), ("rl", "#c44e0c"))
    made = render(replace(pages.page(section), colors=bad))
    assert "url(http" not in made
    assert "--c-c44e0c, #c44e0c" in made


def test_an_empty_page_is_a_page():
    made = render(Page("t", "", "", "0", ()))
    assert "<h1><bdi>t</bdi></h1>" in made


def test_a_section_without_comparison_says_so():
    made = render(Page("t", "", "", "0", (SuiteSection("aime24"),)))
    assert "no two arms were compared" in words(made)


def test_two_suites_do_not_mix(section):
    other = pages.section("aime24", data.study(problems=12, n=8))
    made = render(pages.page(section, other))
    ids = [attrs["id"] for _, attrs in Tags(made).seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert "#problems-1-0-both" in made


@pytest.mark.parametrize("field", ["title", "subtitle", "version", "generated", "commands"])
def test_every_text_is_escaped(section, field):
    hostile = '"><script>alert(1)</script>\u202e\x00'
    made = render(replace(pages.page(section), **{field: hostile}))
    assert "<script>alert(1)" not in made
    assert "&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩⟨U+0000⟩" in made
