"""Texts that try to run, to load, to hide or to break: shown as text, and nothing happens."""

import jinja2
import pytest

from boundary.page import (
    LONGEST,
    AnswerView,
    FigureSpec,
    MarkedText,
    Page,
    ProblemView,
    RunFacts,
    Section,
    SuiteSection,
    Table,
    ends,
    render,
)
from boundary.page import page as page_module
from boundary.page.text import visible
from tests.page import browser
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
    "<object data='data:text/html,<script>parent.ran=21</script>'></object>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cucmFuPTIyPC9zY3JpcHQ+",
    "<form action='http://127.0.0.1:9/'><button autofocus formaction='javascript:ran=23'>go",
    "{{ constructor.constructor('window.ran=24')() }} {{ ''.__class__.__mro__ }} {% include 'x' %}",
    "</style><style>body { background: url(http://127.0.0.1:9/x) } @import 'http://127.0.0.1:9/y';",
    "red; background: url(http://127.0.0.1:9/z); width: expression(window.ran=26)",
    "<math><mtext><table><mglyph><style><img src=x onerror='window.ran = 27'>",
    "<noscript><p title=\"</noscript><img src=x onerror='window.ran = 28'>\">",
    "<details open ontoggle='window.ran = 29'><video><source onerror='window.ran = 29'></video>",
    '"}]};window.ran=30;//\\u003cscript\\u003e\\"',
    "&lt;script&gt;window.ran = 31&lt;/script&gt; %3Cscript%3E \\x3cscript\\x3e",
    "<scr\x00ipt>window.ran = 32</scr\x00ipt> java\tscript:window.ran=32",
    r"\def\a{\a\a}\a $\href{javascript:window.ran=33}{x}$ \[" + r"\frac{1}{" * 400,
    r"$\require{html}\style{background:url(http://127.0.0.1:9/t)}{\unicode{x3C}script}$ \input{/x}",
    "e" + "\u0301" * 300 + " \u05d0\u05d1 \u0627\u0644 \U000e0041",
    "`${window.ran = 36}` ';window.ran=36;' <%= 7 * 7 %> <?php echo 7 ?>",
    "\n" * 500 + "end\r\nof\rlines" + "\t" * 200,
    "<template><slot></template><x-y is=script>window.ran = 38</x-y><plaintext>",
)

SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' onload='window.ran = 30'>"
    "<script>window.ran = 31</script><text>ok</text></svg>"
)


def hostile_answers(texts):
    kinds = ("correct", "wrong", "unjudged")
    return tuple(
        AnswerView(text, i, text, kinds[i % 3], text, text, None, text)
        for i, text in enumerate(texts)
    )


def hostile_section(texts):
    bad = HOSTILE[1]
    table = Table(bad, (bad, bad), tuple((text, text) for text in texts), words=2)
    return Section(
        bad,
        lines=texts,
        figures=(FigureSpec(bad, bad, SVG),),
        kinds=(bad,),
        tables=(table,),
        marked=tuple(MarkedText(text, ((text, True), (text, False))) for text in texts),
        note=bad,
    )


def hostile_page(made, texts=HOSTILE):
    bad = HOSTILE[1]
    problems = (
        ProblemView(bad, bad, bad, bad, {bad: (1, 2)}, hostile_answers(texts)),
        *(ProblemView(text, text, text, text) for text in texts),
    )
    curve = data.curve_of(bad, made.counts["base"], made.n, made.ids)
    section = SuiteSection(
        suite=bad,
        answers=texts,
        verdicts=texts,
        sampling=bad,
        curves=(curve,),
        more=(hostile_section(texts),),
        figures=(FigureSpec(bad, bad, SVG, "curve"),),
        problems=problems,
    )
    facts = RunFacts(bad, bad, tuple((text, text) for text in texts))
    return Page(bad, bad, bad, bad, (section,), (facts,), bad, ((bad, "#1f5f99"),))


@pytest.fixture(scope="module")
def made():
    return data.study(problems=4, n=4)


@pytest.fixture(scope="module")
def hostile_file(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    path.write_text(render(hostile_page(made)), encoding="utf-8")
    return path


def harm(driver):
    """All that a text has done beyond being shown."""
    foreign = (
        "img, iframe, object, form, base, template, math, video, noscript p, plaintext, x-y,"
        "input:not(.search), .answer a, svg script, [onload], [onerror], [ontoggle]"
    )
    found = browser.js(
        driver,
        "return {ran: window.ran, title: document.title,"
        "tags: [...document.querySelectorAll(arguments[0])].map(node => node.tagName),"
        "scripts: document.scripts.length, styles: document.styleSheets.length,"
        "hidden: getComputedStyle(document.body).display}",
        foreign,
    )
    usual = {
        "ran": None, "title": visible(HOSTILE[1]), "tags": [], "scripts": 2, "styles": 1,
        "hidden": "block",
    }  # fmt: skip
    done = [f"{key}: {found[key]}" for key, value in usual.items() if found[key] != value]
    return [*done, *map(str, driver.get_log("browser")), *browser.requests(driver)]


def test_there_are_enough_of_them():
    assert len(set(HOSTILE)) >= 30


def test_hostile_texts_are_shown_and_never_run(driver, hostile_file):
    browser.unfold(browser.opened(driver, hostile_file))
    answers = texts_of(driver, ".answer pre")
    assert answers == [as_shown(text) for text in HOSTILE]
    for place in (".id bdi", ".gold", ".marked mark"):
        expected = visible if place == ".id bdi" else as_shown
        assert set(texts_of(driver, place)) >= {expected(text) for text in HOSTILE[:19]}
    assert harm(driver) == []


def texts_of(driver, place):
    code = "return [...document.querySelectorAll(arguments[0])].map(node => node.textContent)"
    return browser.js(driver, code, place)


def as_shown(text):
    """What the page shows of an answer: all, or both ends of a long one."""
    start, end = ends(text, LONGEST)
    left = len(text) - len(start) - len(end)
    return visible(start) + (f"{left:,} characters left out" if left else "") + visible(end)


UNESCAPED = ("template", "script", "packed")


@pytest.mark.parametrize("where", UNESCAPED)
@pytest.mark.parametrize("has_policy", [True, False])
def test_the_look_at_harm_sees_a_missing_escape(
    driver, made, tmp_path, monkeypatch, where, has_policy
):
    """With one escape taken out, and with the policy taken out as well, harm is found."""
    unescape(monkeypatch, where)
    if not has_policy:
        monkeypatch.setattr(page_module, "_policy", lambda *texts: "img-src data:")
    path = tmp_path / "bad.html"
    path.write_text(render(hostile_page(made, HOSTILE[3:4])), encoding="utf-8")
    browser.opened(driver, path)
    browser.js(driver, "document.querySelectorAll('details').forEach(d => { d.open = true; })")
    browser.wait(driver, "document.querySelector('img') !== null")
    found = harm(driver)
    assert any(told.startswith("tags: ['IMG'") for told in found)
    if has_policy:
        assert not any(told.startswith("ran") for told in found)
        assert any("Content Security Policy" in told for told in found)
    else:
        # Which of the texts ran last is a matter of timing.
        browser.wait(driver, "window.ran !== undefined")


def unescape(monkeypatch, where):
    """Take one of the page's escapes out."""
    if where == "template":
        real = jinja2.Environment
        monkeypatch.setattr(
            jinja2, "Environment", lambda **options: real(**{**options, "autoescape": False})
        )
        return
    own, other = {
        "script": ("node.textContent = text", "node.innerHTML = text"),
        "packed": ("node.append(start)", "node.innerHTML = start"),
    }[where]
    script = page_module._resource("page.js")
    assert own in script
    read = page_module._resource
    monkeypatch.setattr(page_module, "_resource", lambda name: read(name).replace(own, other))


def test_hidden_marks_are_escapes_on_the_page(driver, hostile_file):
    browser.unfold(browser.opened(driver, hostile_file))
    text = browser.js(driver, "return document.body.textContent")
    assert not set(text) & set("\x00\x1b\u202e\u2066\u200f\ufeff\u2028")
    assert "⟨U+202E⟩deined" in text
    assert "a⟨U+0000⟩b⟨U+001B⟩[31mred" in text


@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_texts_do_not_widen_the_page(driver, hostile_file, width):
    browser.unfold(browser.opened(driver, hostile_file))
    browser.resize(driver, width)
    wanted, there = browser.width(driver)
    assert wanted <= there
