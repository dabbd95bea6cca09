"""The page itself: records in, one HTML text out, which needs nothing else to be read."""

import base64
import hashlib
import re
from importlib.resources import files
from typing import Any

from boundary.page import text, view
from boundary.page.model import FigureSpec, Page, SuiteSection

ANSWERS = 10e6
"""Characters of a page for prompts and answers, so that it stays below 15 MB with its figures."""
COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def render(page: Page) -> str:
    """Render a page.

    Every text that is not part of this package is escaped, and its control and bidirectional
    marks are shown; the page's own policy forbids it to load or send anything.

    Args:
        page: What to show.

    Returns:
        A whole HTML document.

    Raises:
        xml.etree.ElementTree.ParseError: A figure is not well-formed SVG.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.globals.update(_helpers(page))
    script, css = _resource("page.js"), _resource("page.css")
    return environment.from_string(_resource("template.html.j2")).render(
        page=page,
        policy=_policy(script, css),
        css=Markup(css),
        script=Markup(script),
    )


def _resource(name: str) -> str:
    return files("boundary.page").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str, css: str) -> str:
    """A content security policy: this one script and style sheet, nothing from anywhere.

    Attributes may hold styles, as figures do; with no address to load from they can only draw.
    """
    return (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(css)}; "
        "style-src-attr 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _finalize(value: Any) -> Any:
    """Show hidden characters in whatever the template prints, markup of our own excepted."""
    from markupsafe import Markup

    if isinstance(value, str) and not isinstance(value, Markup):
        return text.visible(value)
    return value


def _helpers(page: Page) -> dict[str, Any]:
    """What the template may call."""
    from markupsafe import Markup

    colors = tuple((arm, color) for arm, color in page.colors if COLOR.fullmatch(color))

    problems = sum(len(section.problems) for section in page.sections)

    def data(section: SuiteSection) -> Markup:
        # the one escape that holds inside a script element is the one made here
        share = len(section.problems) / max(1, problems)
        return Markup(text.embedded_json(view.explorer(section, colors, ANSWERS * share)))

    def figure(spec: FigureSpec, prefix: str) -> Markup:
        return Markup(view.inline_figure(spec, prefix))

    return {
        "data": data,
        "figure": figure,
        "color_of": dict(colors).get,
        "view": view,
        "t": text,
    }
