"""The page in a real browser: keyboard, links, hostile texts, no network."""

import json
import re

import pytest

from boundary.page import AnswerView, FigureSpec, Page, ProblemView, RunFacts, SuiteSection, render
from boundary.records import Crossing, CrossingKind
from tests.page import browser
from tests.page import data as pages
from tests.plots import data

HOSTILE = (
    "<script>window.ran = 1</script>",
    "</script><script>window.ran = 2</script>",
    "</pre></details></body><script>window.ran = 3</script>",
    "<img src=x onerror='window.ran = 4'>",
    "<svg onload='window.ran = 5'><circle r=9></svg>",
    "<a href='javascript:window.ran=6'>click</a>",
    "javascript:window.ran=7",
    "<!--<script>window.ran = 8</script>",
    "]]><script>window.ran = 9</script><![CDATA[",
    "<iframe srcdoc='<script>parent.ran = 10</script>'></iframe>",
    "<style>* { display: none !important }</style>",
    "\"><input autofocus onfocus='window.ran = 12'>' onmouseover='window.ran = 12'",
    "{{ 7 * 7 }} {% raw %} ${7 * 7} #{7 * 7}",
    "a\x00b\x1b[31mred\x07",
    "access \u202edeined\u202c \u2066x\u2069 \u200f\ufeff",
    "line\u2028one\u2029two \ud800 end",
    "<meta http-equiv='refresh' content='0;url=http://127.0.0.1:9/'>",
    "<base href='http://127.0.0.1:9/'><link rel=stylesheet href='x.css'>",
    "__proto__ constructor </textarea></title></style></noscript>",
    "x" * 60_000 + "<script>window.ran = 20</script>",
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    yield from browser.start(tmp_path_factory.mktemp("profile"))


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
    return opened(driver, study_file)


def opened(driver, path):
    browser.resize(driver, 1280)
    browser.scheme(driver, "light")
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    driver.get("about:blank")  # a mere change of the hash would not load the page again
    driver.get(path.as_uri())
    return driver


def js(driver, code, *args):
    return driver.execute_script(code, *args)


def shown(driver):
    return js(
        driver,
        "return [...document.querySelectorAll('.problem:not([hidden]) .id')]"
        ".map(node => node.textContent)",
    )


def status(driver):
    return js(driver, "return document.querySelector('.status').textContent")


def wait(driver, code, *args):
    """Wait until the code is true: the browser tells of opened details and hashes a bit later."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 10, 0.02).until(lambda d: js(d, f"return {code}", *args))


def press(driver, *keys):
    from selenium.webdriver import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def tab_to(driver, selector, limit=120):
    """Walk with the Tab key alone until the focus is on what the selector names."""
    from selenium.webdriver import Keys

    for _ in range(limit):
        press(driver, Keys.TAB)
        if js(driver, "return document.activeElement.matches(arguments[0])", selector):
            return
    pytest.fail(f"no way by keyboard to {selector}")


def requests(driver):
    """Addresses asked for, the page itself and its data links left out."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    own = driver.current_url.split("#")[0]
    return [u for u in urls if not u.startswith(("data:", "about:")) and u.split("#")[0] != own]


def test_it_opens_without_an_error_or_a_request(page):
    assert js(page, "return document.querySelectorAll('.problem').length") == 40
    assert page.get_log("browser") == []
    assert requests(page) == []


def test_the_request_log_would_show_one(driver, tmp_path):
    path = tmp_path / "plain.html"
    path.write_text("<img src='http://127.0.0.1:9/x.png'>", encoding="utf-8")
    assert requests(opened(driver, path)) == ["http://127.0.0.1:9/x.png"]


def test_the_policy_stops_a_script_from_calling_out(page):
    code = """
        const done = arguments[0];
        document.addEventListener("securitypolicyviolation", e => done(e.effectiveDirective));
        fetch("http://127.0.0.1:9/").catch(() => null);
    """
    assert page.execute_async_script(code) == "connect-src"


def test_the_text_filter_works_by_keyboard(page):
    tab_to(page, ".search")
    press(page, "radius")
    expected = [f"algebra/{i}" for i in range(40) if i % 4 == 2]
    assert shown(page) == expected
    assert status(page) == "10 of 40 problems"
    press(page, " 5 ")
    assert shown(page) == ["algebra/2"]


def test_sorting_works_by_keyboard_and_turns(page, made):
    from selenium.webdriver import Keys

    rates = made.counts["base"] / made.n
    tab_to(page, "[data-sort=base]")
    press(page, Keys.ENTER)
    order = [int(name.split("/")[1]) for name in shown(page)]
    assert [rates[i] for i in order] == sorted(rates)
    assert js(page, "return document.activeElement.dataset.sort") == "base"
    press(page, Keys.ENTER)
    order = [int(name.split("/")[1]) for name in shown(page)]
    assert [rates[i] for i in order] == sorted(rates, reverse=True)
    assert js(page, "return document.activeElement.ariaLabel") == "base rate, falling"


def test_sorting_by_difference(page, made):
    from selenium.webdriver import Keys

    tab_to(page, "[data-sort=gap]")
    press(page, Keys.SPACE)
    gaps = made.counts["rl"] - made.counts["base"]
    order = [int(name.split("/")[1]) for name in shown(page)]
    assert [gaps[i] for i in order] == sorted(gaps)


def test_ids_sort_as_numbers(page):
    assert shown(page)[8:12] == [f"algebra/{i}" for i in (8, 9, 10, 11)]


def test_a_chip_filters_by_class_and_keeps_the_focus(page, made):
    from selenium.webdriver import Keys

    tab_to(page, "[data-only=base_only]")
    press(page, Keys.SPACE)
    assert shown(page) == list(made.comparison().overlap.base_only)
    assert "base only" in status(page)
    assert js(page, "return document.activeElement.dataset.only") == "base_only"
    assert js(page, "return document.activeElement.ariaPressed") == "true"


def test_a_problem_opens_by_keyboard_and_shows_all_of_it(page, made):
    from selenium.webdriver import Keys

    tab_to(page, ".problem:nth-child(40) summary")
    press(page, Keys.ENTER)
    wait(page, "document.querySelector('.problem:nth-child(40) .answers') !== null")
    text = js(page, "return document.querySelector('.problem:nth-child(40)').innerText")
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
    wait(page, "document.activeElement.matches('.explorer h3')")
    assert shown(page) == expected
    assert link.text == str(len(expected))
    pressed = js(
        page, "return document.querySelector('[data-only][aria-pressed=true]').dataset.only"
    )
    assert pressed == name
    assert js(page, "return document.activeElement.textContent") == "Problems and answers"


def test_the_same_link_again_restores_the_list(page, made):
    from selenium.webdriver import Keys

    link = page.find_element("css selector", "a[href='#problems-0-0-both']")
    link.send_keys(Keys.ENTER)
    wait(page, "document.activeElement.matches('.explorer h3')")
    js(page, "document.querySelector('[data-only=neither]').click()")
    link.send_keys(Keys.ENTER)
    wait(page, "document.activeElement.matches('.explorer h3')")
    assert shown(page) == list(made.comparison().overlap.both)


def test_a_link_into_the_list_works_from_outside(driver, study_file, made):
    opened(driver, study_file)
    driver.get("about:blank")
    driver.get(f"{study_file.as_uri()}#problems-0-0-neither")
    assert shown(driver) == list(made.comparison().overlap.neither)


@pytest.mark.parametrize("width", [390, 320, 768, 1280])
def test_the_page_never_scrolls_sideways(page, width):
    js(page, "document.querySelectorAll('details').forEach(d => { d.open = true; })")
    wait(page, "document.querySelectorAll('.answers').length === 40")
    browser.resize(page, width)
    found = js(page, "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]")
    assert found[0] <= found[1] <= width


def test_dark_and_light_differ_in_page_and_figure(page):
    code = (
        "const text = document.querySelector('.figure svg text');"
        "return [getComputedStyle(document.body).backgroundColor, getComputedStyle(text).fill]"
    )
    light = js(page, code)
    browser.scheme(page, "dark")
    dark = js(page, code)
    assert light[0] == "rgb(255, 255, 255)"
    assert max(map(int, re.findall(r"\d+", dark[0]))) < 48
    assert min(map(int, re.findall(r"\d+", dark[1]))) > 140
    browser.scheme(page, "dark", media="print")
    assert js(page, code)[1] == light[1]


def hostile_answers():
    kinds = ("correct", "wrong", "unjudged")
    return tuple(
        AnswerView(text, i, text, kinds[i % 3], text, text, None, text)
        for i, text in enumerate(HOSTILE)
    )


def hostile_page(made):
    bad = HOSTILE[1]
    problems = (
        ProblemView(bad, bad, bad, bad, {bad: (1, 2)}, hostile_answers()),
        *(ProblemView(text, text, text, text) for text in HOSTILE),
    )
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' onload='window.ran = 30'>"
        "<script>window.ran = 31</script><text>ok</text></svg>"
    )
    curve = data.curve_of(bad, made.counts["base"], made.n, made.ids)
    section = SuiteSection(
        suite=bad,
        verdicts=HOSTILE,
        curves=(curve,),
        perplexity_reading=bad,
        figures=(FigureSpec(bad, HOSTILE[3], svg, "curve"),),
        problems=problems,
    )
    facts = RunFacts(bad, bad, tuple((text, text) for text in HOSTILE))
    return Page(bad, bad, bad, bad, (section,), (facts,), bad, ((bad, "#1f5f99"),))


@pytest.fixture(scope="module")
def hostile_file(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    path.write_text(render(hostile_page(made)), encoding="utf-8")
    return path


def test_hostile_texts_are_shown_and_never_run(driver, hostile_file):
    from boundary.page.text import visible

    opened(driver, hostile_file)
    js(driver, "document.querySelectorAll('details').forEach(d => { d.open = true; })")
    wait(driver, f"document.querySelectorAll('.answers').length === {len(HOSTILE) + 1}")
    js(driver, "document.querySelectorAll('.more').forEach(b => b.click())")
    answers = js(
        driver, "return [...document.querySelectorAll('.answer pre')].map(node => node.textContent)"
    )
    assert answers == [visible(text) for text in HOSTILE]
    for place in (".id bdi", ".gold"):
        found = js(
            driver,
            "return [...document.querySelectorAll(arguments[0])].map(node => node.textContent)",
            place,
        )
        assert set(found) == {visible(text) for text in HOSTILE}
    assert js(driver, "return window.ran") is None
    assert js(driver, "return document.title") == visible(HOSTILE[1])
    tags = js(
        driver,
        "return document.querySelectorAll("
        "'iframe, img, base, svg script, input:not(.search), .answer a, [onload]')"
        ".length",
    )
    assert tags == 0
    assert driver.get_log("browser") == []
    assert requests(driver) == []


def test_hidden_marks_are_escapes_on_the_page(driver, hostile_file):
    opened(driver, hostile_file)
    text = js(driver, "return document.body.textContent")
    assert not set(text) & set("\x00\x1b\u202e\u2066\u200f\ufeff\u2028")
    assert "⟨U+202E⟩deined" in text
    assert "a⟨U+0000⟩b⟨U+001B⟩[31mred" in text


@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_texts_do_not_widen_the_page(driver, hostile_file, width):
    opened(driver, hostile_file)
    browser.resize(driver, width)
    js(driver, "document.querySelectorAll('details').forEach(d => { d.open = true; })")
    wait(driver, f"document.querySelectorAll('.answers').length === {len(HOSTILE) + 1}")
    found = js(driver, "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]")
    assert found[0] <= found[1]


def test_without_a_comparison_the_list_still_works(driver, made, tmp_path):
    rates = {"base": (1, 4)}
    problems = (ProblemView("p10", "q", "1", None, rates), ProblemView("p2", "q", "1", None, rates))
    path = tmp_path / "one.html"
    section = SuiteSection("aime24", curves=(made.curves["base"],), problems=problems)
    path.write_text(render(Page("t", "", "", "0", (section,))), encoding="utf-8")
    opened(driver, path)
    assert shown(driver) == ["p2", "p10"]
    assert js(driver, "return document.querySelectorAll('[data-only]').length") == 0
    assert driver.get_log("browser") == []


def test_a_tie_is_told_in_words():
    from boundary.page.view import crossing_words

    tie = Crossing(CrossingKind.TIE, None, None, None, 1.0)
    assert "tie" in crossing_words(tie, 128)
