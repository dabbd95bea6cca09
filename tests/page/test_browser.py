"""The page in a real browser: keyboard, links, addresses, no network."""

import re

import pytest

from boundary.page import LONGEST, AnswerView, Page, ProblemView, SuiteSection, render
from boundary.records import Crossing, CrossingKind
from tests.page import browser
from tests.page import data as pages
from tests.plots import data


@pytest.fixture(scope="module")
def made():
    return data.study(problems=40, n=32)


@pytest.fixture(scope="module")
def study_file(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(pages.page(pages.section("math500", made))), encoding="utf-8")
    return path


@pytest.fixture
def page(driver, study_file):
    return browser.opened(driver, study_file)


def shown(driver):
    return browser.js(
        driver,
        "return [...document.querySelectorAll('.problem:not([hidden]) .id')]"
        ".map(node => node.textContent)",
    )


def status(driver):
    return browser.js(driver, "return document.querySelector('.status').textContent")


def test_it_opens_without_an_error_or_a_request(page):
    assert browser.js(page, "return document.querySelectorAll('.problem').length") == 40
    assert page.get_log("browser") == []
    assert browser.requests(page) == []


def test_the_request_log_would_show_one(driver, tmp_path):
    path = tmp_path / "plain.html"
    path.write_text("<img src='http://127.0.0.1:9/x.png'>", encoding="utf-8")
    assert browser.requests(browser.opened(driver, path)) == ["http://127.0.0.1:9/x.png"]


def test_the_policy_stops_a_script_from_calling_out(page):
    code = """
        const done = arguments[0];
        document.addEventListener("securitypolicyviolation", e => done(e.effectiveDirective));
        fetch("http://127.0.0.1:9/").catch(() => null);
    """
    assert page.execute_async_script(code) == "connect-src"


def test_the_text_filter_works_by_keyboard(page):
    browser.tab_to(page, ".search")
    browser.press(page, "radius")
    expected = [f"algebra/{i}" for i in range(40) if i % 4 == 2]
    assert shown(page) == expected
    assert status(page) == "10 of 40 problems"
    browser.press(page, " 5 ")
    assert shown(page) == ["algebra/2"]


def test_sorting_works_by_keyboard_and_turns(page, made):
    from selenium.webdriver import Keys

    rates = made.counts["base"] / made.n
    browser.tab_to(page, "[data-sort=base]")
    browser.press(page, Keys.ENTER)
    order = [int(name.split("/")[1]) for name in shown(page)]
    assert [rates[i] for i in order] == sorted(rates)
    assert browser.js(page, "return document.activeElement.dataset.sort") == "base"
    browser.press(page, Keys.ENTER)
    order = [int(name.split("/")[1]) for name in shown(page)]
    assert [rates[i] for i in order] == sorted(rates, reverse=True)
    assert browser.js(page, "return document.activeElement.ariaLabel") == "base rate, falling"


def test_sorting_by_difference(page, made):
    from selenium.webdriver import Keys

    browser.tab_to(page, "[data-sort=gap]")
    browser.press(page, Keys.SPACE)
    gaps = made.counts["rl"] - made.counts["base"]
    order = [int(name.split("/")[1]) for name in shown(page)]
    assert [gaps[i] for i in order] == sorted(gaps)


def test_ids_sort_as_numbers(page):
    assert shown(page)[8:12] == [f"algebra/{i}" for i in (8, 9, 10, 11)]


def test_a_chip_filters_by_class_and_keeps_the_focus(page, made):
    from selenium.webdriver import Keys

    browser.tab_to(page, "[data-only=base_only]")
    browser.press(page, Keys.SPACE)
    assert shown(page) == list(made.comparison().overlap.base_only)
    assert "base only" in status(page)
    assert browser.js(page, "return document.activeElement.dataset.only") == "base_only"
    assert browser.js(page, "return document.activeElement.ariaPressed") == "true"


def test_a_problem_opens_by_keyboard_and_shows_all_of_it(page, made):
    from selenium.webdriver import Keys

    browser.tab_to(page, ".problem:nth-child(40) summary")
    browser.press(page, Keys.ENTER)
    browser.wait(page, "document.querySelector('.problem:nth-child(40) .answers') !== null")
    text = browser.js(page, "return document.querySelector('.problem:nth-child(40)').innerText")
    assert "How many positive divisors" in text or "Compute" in text or "circle" in text
    last = 39
    for arm in data.ARMS:
        assert f"{made.counts[arm][last]} of {made.n} correct" in text
    assert str(7 * last + 1) in text
    assert "✓ correct" in text
    assert "string_equal" in text
    assert "checked, holds" in text


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", ["both", "base_only", "other_only", "neither"])
def test_four_way_links_lead_to_the_list(page, made, place, name):
    from selenium.webdriver import Keys

    other = ("rl", "distill")[place]
    link = page.find_element("css selector", f"a[href='#problems-0-{place}-{name}']")
    link.send_keys(Keys.ENTER)
    expected = list(getattr(made.comparison("base", other).overlap, name))
    browser.wait(page, "document.activeElement.matches('.explorer h3')")
    assert shown(page) == expected
    assert link.text == str(len(expected))
    pressed = browser.js(
        page, "return document.querySelector('[data-only][aria-pressed=true]').dataset.only"
    )
    assert pressed == name
    assert browser.js(page, "return document.activeElement.textContent") == "Problems and answers"


def test_the_same_link_again_restores_the_list(page, made):
    from selenium.webdriver import Keys

    link = page.find_element("css selector", "a[href='#problems-0-0-both']")
    link.send_keys(Keys.ENTER)
    browser.wait(page, "document.activeElement.matches('.explorer h3')")
    browser.js(page, "document.querySelector('[data-only=neither]').click()")
    link.send_keys(Keys.ENTER)
    browser.wait(page, "document.activeElement.matches('.explorer h3')")
    assert shown(page) == list(made.comparison().overlap.both)


def test_a_link_into_the_list_works_from_outside(driver, study_file, made):
    browser.opened(driver, study_file, "#problems-0-0-neither")
    assert shown(driver) == list(made.comparison().overlap.neither)


FOLLOW = """
    const done = arguments[0];
    const strays = [];
    const holds = link => {
        if (link.matches(".permalink")) return link.closest(".problem").open;
        if (!link.matches(".count")) return document.getElementById(link.hash.slice(1)) !== null;
        const only = document.querySelector("[data-only][aria-pressed=true]").dataset.only;
        const rows = document.querySelectorAll(".problem:not([hidden])").length;
        return link.hash.endsWith("-" + only) && rows === Number(link.textContent);
    };
    (async () => {
        for (const link of [...document.links]) {
            link.click();
            await new Promise(go => setTimeout(go, 10));
            if (location.hash !== link.hash || !holds(link)) strays.push(link.hash);
        }
        done(strays);
    })();
"""


def test_every_link_of_the_page_leads_somewhere(page):
    """Those of the four-way tables, of the heads and of every problem."""
    browser.unfold(page)
    links = browser.js(page, "return [...document.links].map(link => link.getAttribute('href'))")
    assert len(links) == 8 + 40 + 5
    strays = page.execute_async_script(FOLLOW)
    assert strays == []
    assert page.get_log("browser") == []
    assert browser.requests(page) == []


def test_a_problem_has_an_address(driver, study_file):
    browser.opened(driver, study_file, "#problem-0-algebra%2F23")
    browser.wait(driver, "document.querySelector('.problem[open][data-filled]') !== null")
    assert browser.js(driver, "return document.querySelector('[open] .id').textContent") == (
        "algebra/23"
    )
    assert browser.js(driver, "return document.activeElement.matches('[open] > summary')")
    browser.opened(driver, study_file, "#problem-0-no%2Fsuch%")
    assert browser.js(driver, "return document.querySelector('.problem[open]')") is None
    assert driver.get_log("browser") == []


def test_an_opened_problem_is_a_step_of_the_history(page, made):
    page.find_element("css selector", "a[href='#problems-0-0-both']").click()
    summary = page.find_element("css selector", ".problem:not([hidden]) summary")
    name = summary.find_element("css selector", ".id").text
    summary.click()
    assert browser.js(page, "return decodeURIComponent(location.hash)") == f"#problem-0-{name}"
    page.back()
    browser.wait(page, "document.querySelector('.problem[open]') === null")
    assert browser.js(page, "return location.hash") == "#problems-0-0-both"
    assert browser.js(page, "return document.activeElement.matches('.problem > summary')")
    assert shown(page) == list(made.comparison().overlap.both)
    page.forward()
    browser.wait(page, "document.querySelector('.problem[open]') !== null")
    assert browser.js(page, "return document.querySelector('[open] .id').textContent") == name


def test_an_address_shows_a_problem_that_the_filter_hides(page):
    browser.tab_to(page, ".search")
    browser.press(page, "nothing like it")
    assert shown(page) == []
    browser.js(page, "location.hash = '#problem-0-algebra%2F7'")
    browser.wait(page, "document.querySelector('.problem[open]') !== null")
    assert len(shown(page)) == 40


def test_all_of_it_works_from_the_keyboard(page, made):
    """From the top by keys alone: the findings, a list, a problem, its answers, and back."""
    from selenium.webdriver import Keys

    browser.press(page, Keys.TAB)
    assert browser.js(page, "return document.activeElement.className") == "skip"
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    browser.press(page, Keys.ENTER)
    browser.wait(page, "location.hash === '#findings'")
    browser.tab_to(page, "a[href='#problems-0-0-both']")
    assert browser.js(page, outline) == "solid"
    browser.press(page, Keys.ENTER)
    browser.wait(page, "document.activeElement.matches('.explorer h3')")
    browser.tab_to(page, ".problem > summary")
    assert browser.js(page, outline) == "solid"
    browser.press(page, Keys.SPACE)
    browser.wait(page, "document.querySelector('.problem[open][data-filled]') !== null")
    browser.tab_to(page, ".answer pre")
    assert browser.js(page, outline) == "solid"
    browser.press(page, Keys.ESCAPE)
    browser.wait(page, "document.querySelector('.problem[open]') === null")
    browser.wait(page, "document.activeElement.matches('.problem > summary')")
    assert shown(page) == list(made.comparison().overlap.both)
    assert browser.js(page, "return location.hash") == "#problems-0-0-both"


def test_controls_have_names_and_their_states(page):
    browser.unfold(page)
    nameless = browser.js(
        page,
        "return [...document.querySelectorAll('a, button, input, summary, [tabindex]')].filter("
        "node => !(node.getAttribute('aria-label') || node.innerText.trim())).length",
    )
    assert nameless == 0
    roles = browser.js(
        page,
        "return [...document.querySelectorAll('[role]')].map(node => node.getAttribute('role'))",
    )
    assert set(roles) == {"group", "img", "status"}
    summary = browser.js(page, "return document.querySelector('.problem summary').innerText")
    assert re.search(r"base rate\s+[\d.]+\s+other rate\s+[\d.]+\s+difference", summary)


def test_an_old_browser_is_told_what_it_lacks(page):
    browser.js(page, "delete window.DecompressionStream")
    browser.js(page, "document.querySelector('.problem').open = true")
    browser.wait(page, "document.querySelector('.problem[data-filled]') !== null")
    told = browser.js(page, "return document.querySelector('.problem .body').innerText")
    assert told.startswith("This browser cannot unpack the answers (ReferenceError)")


def test_a_long_answer_shows_both_ends_and_says_so(driver, tmp_path):
    text = "start " + "x" * 30_000 + " end"
    answers = (AnswerView("a", 0, text, "wrong", "mismatch"),)
    problems = (ProblemView("p", "q", "1", None, {"a": (0, 1)}, answers, {"a": "Solve: q"}),)
    section = SuiteSection("s", problems=problems, sampling="Two of each.")
    path = tmp_path / "long.html"
    path.write_text(render(Page("t", "", "", "0", (section,))), encoding="utf-8")
    browser.unfold(browser.opened(driver, path))
    shown = browser.js(driver, "return document.querySelector('.answer pre').textContent")
    assert shown.startswith("start xxx")
    assert shown.endswith("xxx end")
    assert f"{len(text) - LONGEST:,} characters left out" in shown
    note = browser.js(driver, "return document.querySelector('.explorer > .note').textContent")
    assert note.startswith("Two of each. Longer than 12,000 characters")
    assert note.endswith("of the 1 answers here: 1.")
    prompt = browser.js(driver, "return document.querySelector('.prompt').textContent")
    assert "As sent to" in prompt
    assert "Solve: q" in prompt


@pytest.mark.parametrize("width", [390, 320, 768, 1280])
def test_the_page_never_scrolls_sideways(page, width):
    browser.unfold(page)
    browser.resize(page, width)
    found = browser.width(page)
    assert found[0] <= found[1] <= width


def test_dark_and_light_differ_in_page_and_figure(page):
    code = (
        "const text = document.querySelector('.figure svg text');"
        "return [getComputedStyle(document.body).backgroundColor, getComputedStyle(text).fill]"
    )
    light = browser.js(page, code)
    browser.scheme(page, "dark")
    dark = browser.js(page, code)
    assert light[0] == "rgb(255, 255, 255)"
    assert max(map(int, re.findall(r"\d+", dark[0]))) < 48
    assert min(map(int, re.findall(r"\d+", dark[1]))) > 140
    browser.scheme(page, "dark", media="print")
    assert browser.js(page, code)[1] == light[1]


def test_paper_shows_what_the_screen_folds(page):
    seen = "return document.querySelector(arguments[0]).checkVisibility()"
    folded = (".reading dl", ".provenance .facts")
    assert not any(browser.js(page, seen, place) for place in folded)
    browser.scheme(page, "light", media="print")
    assert all(browser.js(page, seen, place) for place in folded)
    assert not browser.js(page, seen, ".search")


def test_without_a_comparison_the_list_still_works(driver, made, tmp_path):
    rates = {"base": (1, 4)}
    problems = (ProblemView("p10", "q", "1", None, rates), ProblemView("p2", "q", "1", None, rates))
    path = tmp_path / "one.html"
    section = SuiteSection("aime24", curves=(made.curves["base"],), problems=problems)
    path.write_text(render(Page("t", "", "", "0", (section,))), encoding="utf-8")
    browser.opened(driver, path)
    assert shown(driver) == ["p2", "p10"]
    assert browser.js(driver, "return document.querySelectorAll('[data-only]').length") == 0
    assert driver.get_log("browser") == []


def test_a_tie_is_told_in_words():
    from boundary.page.view import crossing_words

    tie = Crossing(CrossingKind.TIE, None, None, None, 1.0)
    assert "tie" in crossing_words(tie, 128)
