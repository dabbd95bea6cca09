"""A figure with all that stands beside it, and the files that hold them."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary import tables
from boundary.errors import StoreError
from boundary.plots.base import save

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A figure and its rows.

    ``kind`` is its name in ``PLOTS``, ``name`` a file's, without its ending; ``frame`` holds what
    is drawn, as docs/figures.md says.
    """

    kind: str
    name: str
    title: str
    caption: str
    figure: "Figure"
    frame: "pd.DataFrame"


def write(drawn: Drawn, folder: Path) -> list[Path]:
    """Save a figure as SVG and PNG, and beside it its rows as CSV and JSON.

    Returns:
        The four paths, in this order.

    Raises:
        StoreError: The place cannot be written to.
    """
    stem = "".join(c if c.isalnum() or c in "-._" else "-" for c in drawn.name)
    images = save(drawn.figure, folder / stem)
    csv, document = (folder / f"{stem}.{kind}" for kind in ("csv", "json"))
    tables.write(drawn.frame, csv)
    try:
        document.write_text(_json(drawn), encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoreError(
            f"cannot write {document} ({error.strerror})", remedy="choose another --out directory"
        ) from error
    return [*images, csv, document]


def _json(drawn: Drawn) -> str:
    """The rows with what the figure is; what is not a number is null."""
    rows = [
        {name: _value(value) for name, value in row.items()}
        for row in drawn.frame.to_dict(orient="records")
    ]
    told = {"kind": drawn.kind, "title": drawn.title, "caption": drawn.caption, "rows": rows}
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _value(value: Any) -> Any:
    """A cell as JSON knows it, at full precision."""
    import pandas as pd

    if pd.isna(value) or value in (math.inf, -math.inf):
        return None
    return value.item() if hasattr(value, "item") else value
