"""Figures inside a page: drawing elements only, ids of their own, colours by name."""

from xml.etree import ElementTree

import pytest

from boundary.page.svg import inline

HEAD = '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "x" "y">\n<!-- made -->\n'
OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '


def wrap(inside, more='width="72pt" height="36pt" viewBox="0 0 72 36"'):
    return f"{HEAD}{OPEN}{more}>{inside}</svg>"


def test_head_and_size_go_and_the_name_comes():
    made = inline(wrap("<path d='M 0 0'/>"), "f-", 'rates "of" <all>')
    assert made.startswith("<svg ")
    assert "DOCTYPE" not in made
    assert 'role="img"' in made
    assert 'aria-label="rates &quot;of&quot; &lt;all&gt;"' in made
    assert "width=" not in made
    assert "max-width: 96px" in made
    assert 'viewBox="0 0 72 36"' in made


@pytest.mark.parametrize(
    "inside",
    [
        "<script>run()</script>",
        "<g><script href='x'/></g>",
        "<foreignObject><b>run()</b></foreignObject>",
        "<style>* { background: url(http://run) }</style>",
        "<image href='http://run/x.png'/>",
        "<a href='javascript:run()'><path d=''/></a>",
        "<path d='' onclick='run()' onload='run()'/>",
        "<path d='' style='fill: url(http://run/x)'/>",
        "<use href='http://run/x#y'/>",
        "<image href='data:image/svg+xml;base64,run'/>",
        "<image xlink:href='data:image/png;base64,AA==&quot;' onload='run'/>",
        "<use xlink:href='data:run'/>",
        "<animate attributeName='href' to='javascript:run()'/>",
        "<metadata>run</metadata>",
    ],
)
def test_what_does_more_than_draw_is_dropped(inside):
    made = inline(wrap(inside + "<path d='M 1 2'/>"), "f-", "x")
    assert "run" not in made
    assert 'd="M 1 2"' in made


def test_ids_and_what_points_to_them_get_the_prefix():
    inside = (
        "<defs><clipPath id='c1'><rect/></clipPath><path id='m' d=''/></defs>"
        "<g clip-path='url(#c1)' style='fill: url(#c1)'><use xlink:href='#m'/></g>"
    )
    made = inline(wrap(inside), "f7-", "x")
    assert 'id="f7-c1"' in made
    assert 'clip-path="url(#f7-c1)"' in made
    assert "fill: url(#f7-c1)" in made
    assert '<use href="#f7-m">' in made


def test_colours_are_named_for_a_dark_page():
    made = inline(wrap("<path d='' style='fill: #1C2128; stroke: none'/>"), "f-", "x")
    assert "fill: var(--c-1c2128, #1c2128); stroke: none" in made


def test_a_picture_of_its_own_stays():
    made = inline(
        wrap("<image xlink:href='data:image/png;base64,iVBO\nRw0=' width='9'/>"), "f-", "x"
    )
    assert 'href="data:image/png;base64,iVBO Rw0="' in made


def test_text_stays_text():
    assert "&lt;b&gt; a &amp; b" in inline(wrap("<text>&lt;b&gt; a &amp; b</text>"), "f-", "x")


@pytest.mark.parametrize("declared", ["[<!ENTITY a 'aaaa'>]", ""])
def test_entities_are_refused(declared):
    bomb = f"<!DOCTYPE svg {declared}>{OPEN}><text>&a;</text></svg>"
    with pytest.raises(ElementTree.ParseError, match="entit"):
        inline(bomb, "f-", "x")
