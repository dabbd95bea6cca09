"""LiveCodeBench: contest problems by the date of their contest (Jain et al., arXiv 2403.07974).

A release is the set up to some day; a window takes the problems of some dates out of it. The suite
``livecodebench`` is the release v5 from 2024-08-01 to 2025-02-01, the last day left out: 279
problems, the number that the boundary study (arXiv 2504.13837) reports. Others are named by what
follows an ``@``:

- ``livecodebench@v6``: a whole release, v1 to v6;
- ``livecodebench@2024-08-01..2025-02-01``: of the release v5, dates from the first to before the
  second; either may be left out;
- ``livecodebench@v6,2025-01-01..``: both.

Programs read standard input, or are a method of ``class Solution`` where the problem has starter
code. Each test has six seconds of processor time. Local copies are ``livecodebench.jsonl`` or
``livecodebench_public.jsonl``, gzipped or not, or a folder ``livecodebench`` with the hub's
``test.jsonl``, ``test2.jsonl`` and so on. A row that names its ``part`` belongs to that release.
Of rows that name none there may be no more than the release has.

The hub's private tests are pickled, and read by :mod:`boundary.suites.pickled`. The copy named
``_public`` has none: verdicts on it rest on the few tests of the statement, as the source says.
"""

import datetime
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary import cases
from boundary.errors import PackageError, SuiteError
from boundary.records import Problem
from boundary.suites import jsonl, pickled
from boundary.suites.base import Suite, check, digest_of

NAME = "livecodebench"
HUB = "livecodebench/code_generation_lite"

RELEASES = {"v1": 400, "v2": 511, "v3": 612, "v4": 713, "v5": 880, "v6": 1055}
"""Problems up to each release."""

DEFAULT_RELEASE = "v5"
STUDY_WINDOW = ("2024-08-01", "2025-02-01")
STUDY_SIZE = 279

CPU_S = 6.0

NEEDED = (
    "question_content, question_title, question_id, platform, contest_date, difficulty,"
    " starter_code, metadata and public_test_cases"
)
"""What a row must hold, in words."""

_STARTER = (
    "You will use the following starter code to write the solution to the problem and enclose your"
    " code within delimiters."
)
_STDIN = (
    "Read the inputs from stdin solve the problem and write the answer to stdout (do not directly"
    " test on the sample inputs). Enclose your code within delimiters as follows. Ensure that when"
    " the python program runs, it reads the inputs, runs the algorithm and writes output to STDOUT."
)
_PLACE = "# YOUR CODE HERE"
_FILES = (NAME, f"{NAME}_public")
_OPTION = re.compile(r"(v[1-6])?,?(?:(\d{4}-\d\d-\d\d)?\.\.(\d{4}-\d\d-\d\d)?)?", re.ASCII)
_MALFORMED = (KeyError, ValueError, TypeError, AttributeError, IndexError)

Row = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Edition:
    """Some of the problems: a release, and the dates from ``first`` to before ``end``."""

    release: str = DEFAULT_RELEASE
    first: str | None = STUDY_WINDOW[0]
    end: str | None = STUDY_WINDOW[1]

    @classmethod
    def parse(cls, option: str) -> "Edition":
        """What follows the ``@`` of a name; nothing is the study's own window.

        Raises:
            SuiteError: It is no release and no window.
        """
        if not option:
            return cls()
        found = _OPTION.fullmatch(option)
        if not found or not _are_dates(found[2], found[3]):
            raise SuiteError(
                f"{option!r} is no edition of {NAME}",
                remedy=f"write {NAME}@v5, {NAME}@v6,2025-01-01.. or {NAME}@2024-08-01..2025-02-01",
            )
        return cls(found[1] or DEFAULT_RELEASE, found[2], found[3])

    @property
    def name(self) -> str:
        """The suite's name."""
        if self == Edition():
            return NAME
        window = f"{self.first or ''}..{self.end or ''}" if self.first or self.end else ""
        return f"{NAME}@{','.join(filter(None, (self.release, window)))}"

    @property
    def size(self) -> int | None:
        """The number of problems, where it is known."""
        if not (self.first or self.end):
            return RELEASES[self.release]
        return STUDY_SIZE if self == Edition() else None

    @property
    def parts(self) -> tuple[str, ...]:
        """The releases whose new problems belong to it."""
        return tuple(RELEASES)[: tuple(RELEASES).index(self.release) + 1]

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row belongs to the edition; one that names no part may."""
        date = str(row["contest_date"])[:10]
        is_late = self.end is not None and date >= self.end
        is_early = self.first is not None and date < self.first
        return row.get("part", self.release) in self.parts and not (is_early or is_late)

    def load(self, *, data: Path | None) -> Suite:
        """See :class:`boundary.suites.base.SuiteLoader`."""
        local = _find(data) if data else None
        rows = _local(local, self.parts) if local else _hub(self.parts, data)
        total, public, problems = 0, 0, []
        for where, row in rows:
            total += row.get("part", self.release) in self.parts
            if self.holds(row):
                public += "private_test_cases" not in row
                problems.append(_converted(row, where))
        _require_fit(total, self.release, str(local or HUB))
        # A part of a release is a suite too, but no number is known of it.
        is_whole = total == RELEASES[self.release]
        check(self.name, problems, sizes=(self.size,) if self.size and is_whole else ())
        notes = [f"{total} of {RELEASES[self.release]} problems of {self.release}"] * (not is_whole)
        notes += [f"{public} with public tests only"] * bool(public)
        source = str(local or HUB) + (f" ({', '.join(notes)})" if notes else "")
        return Suite(self.name, tuple(problems), NAME, "code", source, digest_of(problems))


def load(*, data: Path | None) -> Suite:
    """The study's window of the release v5."""
    return Edition().load(data=data)


def convert(row: Mapping[str, Any]) -> Problem:
    """A row of the hub as a problem.

    Raises:
        ValueError: Its tests are damaged, or of both kinds.
    """
    starter = row["starter_code"]
    tests = [*_tests(row["public_test_cases"]), *_tests(row.get("private_test_cases") or [])]
    kinds = {test["testtype"] for test in tests}
    if len(kinds) != 1 or not kinds <= {"stdin", "functional"}:
        raise ValueError("no tests, or tests of two kinds")
    is_function = kinds == {"functional"}
    metadata = _parsed(row["metadata"])
    message = f"{_STARTER if starter else _STDIN}\n```python\n{starter.rstrip() or _PLACE}\n```"
    name = f"{row['platform']}-{row['question_id']}"
    return Problem(
        id=f"lcb-{name}",
        question=f"{row['question_content']}\n\n### Format: {message}",
        answer=f"{row['question_title']} passes its {len(tests):,} tests",
        meta={
            "task": "function" if is_function else "stdin",
            "entry": f"Solution.{metadata['func_name']}" if is_function else None,
            "rule": "json" if is_function else "lines",
            "cpu_s": CPU_S,
            "judge_imports": True,
            "cases": _packed(tests, is_function=is_function),
            "platform": row["platform"],
            "difficulty": row["difficulty"],
            "date": str(row["contest_date"])[:10],
            "source_id": row["question_id"],
        },
    )


def _packed(tests: list[Mapping[str, str]], *, is_function: bool) -> dict[str, Any]:
    if not is_function:
        return cases.pack([t["input"] for t in tests], [t["output"] for t in tests])
    inputs = [tuple(json.loads(line) for line in t["input"].split("\n")) for t in tests]
    return cases.pack(inputs, [json.loads(t["output"]) for t in tests])


def _tests(field: Any) -> list[Mapping[str, str]]:
    """A list, its JSON, or its JSON in a compressed pickle."""
    if not isinstance(field, str):
        return list(field)
    text = field if field.lstrip().startswith("[") else pickled.text_of(field)
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("no list of tests")
    return found


def _parsed(field: Any) -> Mapping[str, Any]:
    found = json.loads(field) if isinstance(field, str) else field
    return found if isinstance(found, dict) else {}


def _converted(row: Mapping[str, Any], where: str) -> Problem:
    try:
        return convert(row)
    except _MALFORMED as error:
        raise SuiteError(
            f"{where} is no problem of {NAME!r} ({error!r})",
            remedy=f"replace the copy; each line needs {NEEDED}",
        ) from error


def _require_fit(total: int, release: str, source: str) -> None:
    """Refuse more problems than a release has: which of them are its own is not to be told."""
    if total <= RELEASES[release]:
        return
    larger = next((name for name, size in RELEASES.items() if size >= total), None)
    raise SuiteError(
        f"{source} holds {total:,} problems of {NAME}, and {release} has {RELEASES[release]:,}",
        remedy=(f"name its release as in {NAME}@{larger}, or " if larger else "")
        + 'give each row its own as "part", v1 to v6',
    )


def _find(data: Path) -> Path | None:
    found = (jsonl.find(data, stem) for stem in _FILES)
    first = next((path for path in found if path), None)
    return first or (data / NAME if (data / NAME).is_dir() else None)


def _local(path: Path, parts: Iterable[str]) -> Iterator[Row]:
    if path.is_file():
        yield from jsonl.rows(path)
        return
    for part in parts:
        file = jsonl.find(path, _stem(part))
        if file is None:
            raise SuiteError(
                f"{path} has no {_stem(part)}.jsonl", remedy="fetch it, or name an older release"
            )
        yield from ((where, {**row, "part": part}) for where, row in jsonl.rows(file))


def _stem(part: str) -> str:
    """The name of the hub's file with a release's new problems."""
    number = part.removeprefix("v")
    return "test" if number == "1" else f"test{number}"


def _hub(parts: Iterable[str], data: Path | None) -> Iterator[Row]:
    """The hub's files one by one: the repository's own script is code, and is not run."""
    try:
        import datasets
    except ImportError as error:
        raise PackageError(
            f"suite {NAME!r} is read with the package 'datasets', which is missing",
            remedy="pip install datasets, or give --data FOLDER with a local copy",
        ) from error
    try:
        for part in parts:
            path = f"hf://datasets/{HUB}/{_stem(part)}.jsonl"
            rows = datasets.load_dataset("json", data_files=path, split="train", streaming=True)
            for index, row in enumerate(rows):
                yield f"row {index} of {path}", {**row, "part": part}
    except (OSError, ValueError, LookupError, datasets.exceptions.DatasetsError) as error:
        looked = f"not in {data} and " if data else ""
        raise SuiteError(
            f"suite {NAME!r} is {looked}not to be had from {HUB} ({str(error).splitlines()[0]})",
            remedy=f"give --data FOLDER or set BOUNDARY_DATA to a folder with {_FILES[0]}.jsonl,"
            f" {_FILES[1]}.jsonl or a folder {NAME}",
        ) from error


def _are_dates(*texts: str | None) -> bool:
    try:
        for text in filter(None, texts):
            datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
