"""What an importer is: it turns another tool's files into answers, one after the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from boundary.errors import LogError
from boundary.records import Finish, Outcome

ENDINGS: Mapping[str, Finish] = MappingProxyType(
    {
        "stop": Finish.STOP,
        "eos": Finish.STOP,
        "length": Finish.LENGTH,
        "max_tokens": Finish.LENGTH,
        "model_length": Finish.LENGTH,
    }
)
"""How tools name the end of an answer; any other word tells nothing that we know."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool's own grader said of one answer."""

    outcome: Outcome
    reason: str
    extracted: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a problem's ``n`` answers a tool's grader found right, but not which."""

    correct: int
    n: int


@dataclass(frozen=True, slots=True)
class Question:
    """A problem as a log tells it; ``None`` where it does not.

    ``prompt`` is the text that the model was given, ``question`` the problem in it.
    """

    id: str
    question: str | None = None
    gold: str | None = None
    prompt: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer of a log, or with ``text`` ``None`` more verdicts on one that came before.

    ``where`` is its place, for messages. ``index`` is ``None`` where the log does not number the
    answers to a problem: then they count in the order in which they come. ``told`` and ``shares``
    are by the name of the tool's grader.
    """

    question: Question
    where: str
    text: str | None
    index: int | None = None
    finish: Finish | None = None
    n_tokens: int | None = None
    told: Mapping[str, Told] = field(default_factory=dict)
    shares: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decoding:
    """How the answers were drawn, as far as the log tells."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop_strings: tuple[str, ...] | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """What a set of files is, before its answers are read.

    ``verifiers`` are the tool's graders, the one whose verdicts count first; ``figures`` the
    mean that the tool itself gives for each, in [0, 1]. ``channel`` is where strict verifiers of
    ours look for the answer, where the format decides that. ``entries`` reads the files anew at
    each call.
    """

    tool: str
    version: str | None
    task: str
    model: str | None
    files: tuple[Path, ...]
    entries: Callable[[], Iterator[Entry]]
    verifiers: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    decoding: Decoding = field(default_factory=Decoding)
    channel: str | None = None
    notes: tuple[str, ...] = ()


class Importer(Protocol):
    """Reads the files of one format; knows nothing of runs."""

    name: str
    tested: str
    """The versions whose files it was tried with, as a prefix of a version's text."""

    def recognises(self, path: Path) -> bool:
        """Whether a file looks like one of this format; never raises."""
        ...

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """The log in these files and folders.

        Args:
            paths: As given, each of them there.
            fields: Names of fields by ours, from ``--map``.

        Raises:
            LogError: They are incomplete, damaged, or hold more than one task.
            PackageError: Reading them takes a package that is not installed.
        """
        ...


def files_in(paths: Sequence[Path], *endings: str) -> list[Path]:
    """The files among the paths and in their folders that end so, sorted, without repeats.

    Raises:
        LogError: A path is not there.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise LogError(f"there is no {path}", remedy="check the path")
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found.update(dict.fromkeys(p for p in inside if p.is_file() and p.name.endswith(endings)))
    return list(found)


def judged(value: Any, extracted: str | None = None) -> Told:
    """A tool's score as an outcome: 1 is right, 0 wrong, and anything else neither."""
    if isinstance(value, bool | int | float) and value in (0, 1):
        return Told(Outcome.CORRECT if value else Outcome.WRONG, "told", extracted)
    if value is None or value != value:
        return Told(Outcome.UNJUDGED, "no_score", extracted)
    return Told(Outcome.UNJUDGED, "partial_score", extracted)


def number(value: Any) -> float | None:
    """A finite number, or ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value == value and abs(value) != float("inf") else None


def whole(value: Any) -> int | None:
    """A whole number, or ``None``."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_of(value: Any) -> str | None:
    """Text as it is, another plain value as JSON would write it, ``None`` for none."""
    import json

    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def only(names: Sequence[str], what: str, remedy: str) -> str:
    """The one name among these.

    Raises:
        LogError: They differ: a run holds one set of problems.
    """
    distinct = list(dict.fromkeys(names))
    if len(distinct) > 1:
        raise LogError(
            f"the files hold several {what} ({', '.join(distinct[:6])}), and a run holds one",
            remedy=remedy,
        )
    return distinct[0]
