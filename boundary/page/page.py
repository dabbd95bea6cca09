"""The page itself: records in, one HTML text out, which needs nothing else to be read."""

import base64
import hashlib
import re
from importlib.resources import files
from typing import Any

from boundary.page import text, view
from boundary.page.model import (
    AnswerView,
    FigureSpec,
    Health,
    Page,
    ProblemView,
    RunFacts,
    SuiteSection,
)

__all__ = [
    "AnswerView",
    "FigureSpec",
    "Health",
    "Page",
    "ProblemView",
    "RunFacts",
    "SuiteSection",
    "render",
]

COLOR = re.compile(r"#[0-9a-fA-F]{6}")
PLACED = ("curve", "difference", "overlap", "histogram", "perplexity")


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
    script = _resource("page.js")
    return environment.from_string(_resource("template.html.j2")).render(
        page=page,
        policy=_policy(script),
        css=Markup(_resource("page.css")),
        script=Markup(script),
    )


def _resource(name: str) -> str:
    return files("boundary.page").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """A content security policy: this one script, inline styles, nothing from anywhere."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


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

    def data(section: SuiteSection) -> Markup:
        # the one escape that holds inside a script element is the one made here
        return Markup(text.embedded_json(view.explorer(section, colors)))

    def figure(spec: FigureSpec, prefix: str) -> Markup:
        return Markup(view.inline_figure(spec, prefix))

    return {
        "data": data,
        "figure": figure,
        "color_of": dict(colors).get,
        "placed": PLACED,
        "view": view,
        "t": text,
    }
