"""Published numbers: pass@k curves and four-way tables, each with where it was read.

The rows are package data (``data/published.csv``). A number printed in its source is told apart
from one read off a drawing, which is good to about 0.1 of a point.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from boundary.errors import ConfigError

DIGITISED = 0.1
"""Points by which a number read off a drawing may be wrong."""
CELLS = ("both", "base_only", "rl_only", "neither")
_SUITES = {"olympiad": "olympiadbench"}
"""Published suites whose name is not that of the suite here; case and signs do not count."""
_MODELS = {
    "SimpleRL-Zoo-7B": "Qwen-2.5-7B-SimpleRL-Zoo",
    "SimpleRL-Zoo-14B": "Qwen-2.5-14B-SimpleRL-Zoo",
    "SimpleRL-Zoo-32B": "Qwen-2.5-32B-SimpleRL-Zoo",
    "SimpleRL-Zoo-Llama-8B": "Llama-3.1-8B-SimpleRL-Zoo",
    "CodeR1-Zero-Qwen2.5-7B": "CodeR1-Zero-Qwen2.5-7B-12k-832",
}
"""Published models whose name is not that of their checkpoint."""


@dataclass(frozen=True, slots=True)
class Row:
    """One published number as it stands in the file; ``k`` is ``None`` where it has none."""

    source: str
    place: str
    suite: str
    model: str
    k: int | None
    metric: str
    text: str
    read: Literal["printed", "digitised"]
    note: str

    @property
    def value(self) -> float:
        """The number; pass@k and gaps in percent."""
        return float(self.text)

    @property
    def rounding(self) -> float:
        """How far the number may be from the true one: half of its last place, if printed."""
        if self.read == "digitised":
            return DIGITISED
        places = len(self.text.partition(".")[2])
        return float(0.5 * 10.0**-places) if places else 0.0


@dataclass(frozen=True, slots=True)
class Reference:
    """One published pass@k curve; ``points`` are (k, percent), k rising."""

    name: str
    source: str
    place: str
    suite: str
    model: str
    read: Literal["printed", "digitised"]
    points: tuple[tuple[int, float], ...]

    @property
    def ks(self) -> tuple[int, ...]:
        """The k of its points."""
        return tuple(k for k, _ in self.points)

    @property
    def label(self) -> str:
        """What stands at its end in a figure."""
        return f"{self.model}, {self.read}"

    @property
    def about(self) -> str:
        """Where it was read, in a phrase."""
        return f"{self.source}, {self.place}"


@cache
def rows() -> tuple[Row, ...]:
    """All rows, in the order of the file; counts are whole, a cell with a dot is in percent."""
    text = resources.files("boundary").joinpath("data/published.csv").read_text(encoding="utf-8")
    return tuple(
        Row(
            source=one["source"],
            place=one["figure_or_table"],
            suite=one["suite"],
            model=one["model"],
            k=int(one["k"]) if one["k"] else None,
            metric=one["metric"],
            text=one["value"],
            read="printed" if one["printed_or_digitised"] == "printed" else "digitised",
            note=one["note"],
        )
        for one in csv.DictReader(text.splitlines())
    )


@cache
def references() -> tuple[Reference, ...]:
    """All published curves: at least two k of one model, suite and place.

    Where a place has several curves of one model (temperatures, seeds), what sets them apart is
    part of the name.
    """
    found: dict[tuple[str, str, str, str, str], list[Row]] = {}
    for row in rows():
        if row.metric == "pass@k" and row.k is not None:
            key = (row.source, row.place, row.suite, row.model, _variant(row.note))
            found.setdefault(key, []).append(row)
    return tuple(
        _reference(*key, found[key]) for key in found if len({row.k for row in found[key]}) > 1
    )


def _variant(note: str) -> str:
    """What a note says of a whole curve: a temperature or a seed."""
    told = re.match(r"T=[\d.]+(?=;|$)|seed \d+", note)
    return told[0] if told else ""


def _reference(
    source: str, place: str, suite: str, model: str, variant: str, found: Sequence[Row]
) -> Reference:
    short = source.rpartition(":")[2].rpartition("/")[2]
    parts = (short, place, suite, f"{model} {variant}".strip())
    points = tuple(sorted((row.k or 0, row.value) for row in found))
    shown = f"{model} ({variant})" if variant else model
    return Reference(
        "/".join(map(_slug, parts)), source, place, suite, shown, found[0].read, points
    )


def _slug(text: str) -> str:
    bare = re.sub(r"\.(?=\s|$)", "", text.lower())
    return re.sub(r"[^a-z0-9.+]+", "-", bare).strip("-")


def matching(suite: str, models: Iterable[str]) -> tuple[Reference, ...]:
    """Published curves of these models on this suite: one per model and source.

    Args:
        suite: A suite's name.
        models: Checkpoints, as on the hub or as a folder's name.

    Returns:
        For each model the first curve of each source, in the order of the models.
    """
    found: dict[tuple[str, str], Reference] = {}
    for model in models:
        for one in references():
            if _same(one.suite, suite, _SUITES) and is_model(one.model, model):
                paper = re.sub(r"v\d+\+?$", "", one.source)
                found.setdefault((_plain(one.model), paper), one)
    return tuple(found.values())


def chosen(names: Sequence[str], suite: str, models: Sequence[str]) -> tuple[Reference, ...]:
    """The curves asked for.

    Args:
        names: ``auto`` for those that match suite and models, or names of curves; a name's
            beginning up to a slash stands for all curves that begin so.
        suite: The suite drawn.
        models: The models drawn.

    Raises:
        ConfigError: No curve has such a name.
    """
    found: dict[str, Reference] = {}
    for name in names:
        picked = matching(suite, models) if name == "auto" else _by_name(name)
        found.update({one.name: one for one in picked})
    return tuple(found.values())


def _by_name(name: str) -> tuple[Reference, ...]:
    wanted = name.rstrip("/")
    found = tuple(
        one for one in references() if one.name == wanted or one.name.startswith(f"{wanted}/")
    )
    if not found:
        raise ConfigError(
            f"no published curve {name!r}", remedy="see boundary list references, or give auto"
        )
    return found


def is_model(published: str, ours: str) -> bool:
    """Whether a published name and a checkpoint's, on the hub or in a folder, are one model's."""
    return _same(published, _last(ours), _MODELS)


def _same(published: str, ours: str, aliases: dict[str, str]) -> bool:
    known = {_plain(key): _plain(value) for key, value in aliases.items()}
    theirs = _plain(published)
    return _plain(ours) in (theirs, known.get(theirs))


def _plain(name: str) -> str:
    """Letters and digits alone, with ``+`` in words."""
    return re.sub(r"[^a-z0-9]", "", name.lower().replace("+", "plus"))


def _last(model: str) -> str:
    """A model's name without its organisation or folder."""
    return model.rstrip("/").rpartition("/")[2]
