"""Figures made fit to stand inside a page: known elements only, own ids, colours by name."""

import re
from xml.etree import ElementTree

KEPT = frozenset(
    (
        "svg",
        "g",
        "path",
        "defs",
        "use",
        "image",
        "clipPath",
        "mask",
        "pattern",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "linearGradient",
        "radialGradient",
        "stop",
        "marker",
        "symbol",
        "title",
        "desc",
    )
)
COLOR = re.compile(r"#([0-9a-fA-F]{6})\b")
TARGET = re.compile(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)")
FOREIGN = re.compile(r"url\(\s*['\"]?(?!#)|@import|expression\(", re.IGNORECASE)
PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")
PROLOGUE = re.compile(r"^\s*(?:<\?xml.*?\?>|<!DOCTYPE[^>\[]*>|<!--.*?-->|\s)*", re.DOTALL)


def inline(svg: str, prefix: str, label: str) -> str:
    """The figure as an element for an HTML page.

    Only drawing elements are kept; ids and what points to them get ``prefix``; a colour such
    as ``#1c2128`` becomes ``var(--c-1c2128, #1c2128)``, so that a dark page can lighten it.

    Args:
        svg: A whole SVG document.
        prefix: Unlike that of any other figure on the page.
        label: What a screen reader says in place of the picture.

    Returns:
        One ``<svg>`` element without size attributes.

    Raises:
        xml.etree.ElementTree.ParseError: The document is not well-formed, or declares entities.
    """
    body = PROLOGUE.sub("", svg)
    if "<!" in body:  # a document type with declarations of its own; figures have none
        raise ElementTree.ParseError("a figure must not declare entities")
    root = ElementTree.fromstring(body)
    _clean(root, prefix)
    width = root.attrib.pop("width", "")
    root.attrib.pop("height", None)
    root.attrib.update({"role": "img", "aria-label": label, "focusable": "false"})
    if natural := _pixels(width):
        root.set("style", f"max-width: {natural:.0f}px")
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _clean(element: ElementTree.Element, prefix: str) -> None:
    """Drop what does not draw, below and on one element."""
    element.tag = _bare(element.tag)
    kept = {}
    for key, value in element.attrib.items():
        if element.tag == "image" and _bare(key) == "href":
            if PICTURE.fullmatch(value):
                kept["href"] = value
        elif (pair := _attribute(_bare(key), value, prefix)) is not None:
            kept[pair[0]] = pair[1]
    element.attrib.clear()
    element.attrib.update(kept)
    for child in list(element):
        if isinstance(child.tag, str) and _bare(child.tag) in KEPT:
            _clean(child, prefix)
        else:
            element.remove(child)


def _bare(name: str) -> str:
    """A name without its namespace; HTML knows the ones that figures use by itself."""
    return name.rpartition("}")[2]


def _attribute(key: str, value: str, prefix: str) -> tuple[str, str] | None:
    """One attribute as the page keeps it, or ``None`` when it may do more than draw."""
    if key.lower().startswith("on") or FOREIGN.search(value):
        return None
    if key == "href":
        return (key, f"#{prefix}{value[1:]}") if value.startswith("#") else None
    if key == "id":
        return key, prefix + value
    value = TARGET.sub(rf"url(#{prefix}\1)", value)
    if key == "style":
        value = COLOR.sub(lambda m: f"var(--c-{m[1].lower()}, {m[0].lower()})", value)
    return key, value


def _pixels(width: str) -> float | None:
    """A width in points, as CSS pixels."""
    match = re.fullmatch(r"([0-9.]+)(pt|px|)", width)
    if match is None:
        return None
    return float(match[1]) * (4 / 3 if match[2] == "pt" else 1.0)
