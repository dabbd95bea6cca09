"""What all tables share: their shape, and how they are written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary.errors import StoreError
from boundary.records import Curve, Design

if TYPE_CHECKING:
    import pandas as pd

_OF_DESIGN = ("stop_after", "reached_n", "reached_c", "reached_unjudged")


@dataclass(frozen=True, slots=True, eq=False)
class Extra:
    """A table besides the usual ones: its file's name without ending, its title, and its rows."""

    name: str
    title: str
    frame: "pd.DataFrame"


def write(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table as CSV, at full precision.

    Raises:
        StoreError: The place cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False)
    except OSError as error:
        raise StoreError(
            f"cannot write {path} ({error.strerror})", remedy="choose another --out directory"
        ) from error


def frame_of(rows: Iterable[dict[str, Any]]) -> "pd.DataFrame":
    """Rows as a table, with whole numbers kept whole."""
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    # Runs of a fixed n have none of these, and a gap would make fractions of the others.
    return frame.astype({name: "Int64" for name in _OF_DESIGN if name in frame})


def design_columns(design: Design | None) -> dict[str, Any]:
    """Columns of an adaptive run's stop rule; none for a run of a fixed n."""
    if design is None:
        return {}
    return {"stop_after": design.stop_after, "looks": " ".join(map(str, design.looks))}


def points(curve: Curve, name: str) -> Iterator[dict[str, Any]]:
    """k, value and interval of each point of a curve."""
    return (
        {
            "k": int(k),
            name: curve.mean[j],
            "low": curve.low[j],
            "high": curve.high[j],
            "method": curve.method[j],
        }
        for j, k in enumerate(curve.ks)
    )
