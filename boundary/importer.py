"""The ``import`` stage: another tool's log as a run, with that tool's own verdicts.

Answers are streamed into a folder under another name, which is renamed once all is there: an
import that is killed leaves no run.
"""

import contextlib
import csv
import hashlib
import io
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from boundary import prompts
from boundary.errors import LogError, StoreError
from boundary.importers import Log, Question, Share, create, open_log
from boundary.intake import TOLD, Figure, Intake, Place
from boundary.progress import SILENT, Progress
from boundary.records import Problem
from boundary.store import Manifest, Run, Session, StoredProblem
from boundary.store.files import Folder
from boundary.store.manifest import text_digest
from boundary.store.parts import session_name
from boundary.suites import Suite
from boundary.suites.base import digest_of

_DRAFT = ".importing-"
_CHUNK = 1 << 20
_TELL = 100_000
"""Answers between two signs of progress: how many there are is known at the end."""
_CHANNEL = "boxed"
_VERIFIER = "math"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be imported, and what its log does not tell.

    ``suite`` is one of ours that the problems are matched with; ``template`` the wording that
    they were asked with, if it is one of ours; ``fields`` the user's names of fields.
    """

    format: str
    paths: tuple[Path, ...]
    results: Folder
    suite: Suite | None = None
    model: str | None = None
    template: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """The run, how its figures compare with the tool's, and what a reader must know."""

    run: Run
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]


def run(request: Request, *, progress: Progress = SILENT) -> Imported:
    """Read a log and store it as a run; the same log again gives the run that is there.

    Raises:
        LogError: The log is damaged, incomplete, of another format, or holds several problem sets.
        ConfigError: There is no such template.
        PackageError: Reading it takes a package that is not installed.
        StoreError: The results directory cannot be written to.
        KeyboardInterrupt: Interrupted; nothing is left.
    """
    if request.template is not None:
        prompts.get(request.template)
    log = open_log(request.format, request.paths, request.fields)
    # Before a million lines are read.
    _model(request, log)
    folder = request.results / f"{_DRAFT}{session_name()}"
    with contextlib.ExitStack() as stack:
        stack.callback(_remove, folder)
        stack.enter_context(folder.locked())
        _sweep(request.results)
        intake = Intake(folder, log, placing(request.suite), rejudge=_own_verifier(request))
        for count, entry in enumerate(log.entries(), start=1):
            intake.take(entry)
            if count % _TELL == 0:
                progress.notice(f"{count:,} answers of {log.task} are read")
        intake.finish()
        stored = _store(request, log, intake, folder)
    notes = (*log.notes, *_version_notes(log, request.format), *intake.notes(stored.folder))
    return Imported(stored, tuple(intake.figures()), notes)


def _sweep(results: Folder) -> None:
    """Remove what imports that were killed left; one at work holds its folder's lock."""
    if not results.is_local:
        return
    for name in results.folders():
        if name.startswith(_DRAFT):
            with contextlib.suppress(StoreError), (results / name).locked():
                _remove(results / name)


def _remove(folder: Folder) -> None:
    if folder.is_local:
        shutil.rmtree(folder.base, ignore_errors=True)
    elif folder.exists():
        folder.fs.delete_dir(folder.base)


def _store(request: Request, log: Log, intake: Intake, folder: Folder) -> Run:
    """Write what describes the answers, and give the folder its name: now there is a run."""
    manifest = _manifest(request, log, intake)
    final = request.results / manifest.name
    if final.exists("manifest.json"):
        return Run.create(final, manifest, intake.problems)
    for name, shares in intake.counts():
        (folder / TOLD).write(f"{name}.csv", _counts(shares, manifest))
    draft = Run.create(folder, manifest, intake.problems)
    if not final.is_local:
        return _moved(draft, final)
    Path(folder.base).replace(final.base)
    return Run.open(final)


def _moved(draft: Run, final: Folder) -> Run:
    """An object store renames nothing at once: the manifest, which makes it a run, goes last."""
    import pyarrow.fs as pafs

    selector = pafs.FileSelector(draft.folder.base, recursive=True)
    files = [info.path for info in draft.folder.fs.get_file_info(selector) if info.is_file]
    for path in sorted(files, key=lambda path: path.endswith("/manifest.json")):
        name = path[len(draft.folder.base) :].lstrip("/")
        (final / name.rpartition("/")[0] if "/" in name else final).fs.create_dir(
            final.path(name).rpartition("/")[0], recursive=True
        )
        draft.folder.fs.copy_file(path, final.path(name))
    return Run.open(final)


def _counts(shares: Mapping[str, Share], manifest: Manifest) -> bytes:
    """A counts table, as ``passk`` and ``compare`` read it."""
    stream = io.StringIO()
    table = csv.writer(stream)
    table.writerow(["problem_id", "n", "c", "model"])
    label = manifest.name
    table.writerows((key, share.n, share.correct, label) for key, share in shares.items())
    return stream.getvalue().encode("utf-8", "backslashreplace")


def _manifest(request: Request, log: Log, intake: Intake) -> Manifest:
    """Everything that is known of the answers; what the log does not tell is null."""
    suite = request.suite
    problems = intake.problems
    identity = {
        "model_id": _model(request, log),
        "revision": None,
        "model_digest": None,
        "tokenizer_digest": None,
        "engine": None,
        "dtype": None,
        "suite": suite.name if suite else log.task,
        "suite_digest": suite.digest if suite else digest_of(p.problem for p in problems),
        "problems": len(problems),
        "template": request.template,
        "channel": _channel(request, log),
        "prompts_digest": text_digest(p.prompt for p in problems),
        "temperature": log.decoding.temperature,
        "top_p": log.decoding.top_p,
        "max_tokens": log.decoding.max_tokens,
        "stop_strings": log.decoding.stop_strings,
        "sampler": None,
        "seed": log.decoding.seed,
        "imported": {
            "format": request.format,
            "tool": log.tool,
            "version": log.version,
            "task": log.task,
            "files": _file_digests(log.files),
            "fields": dict(request.fields),
            "verifiers": intake.verifiers,
        },
    }
    decides = next(iter(intake.verifiers), _own_verifier(request))
    session = Session.now(" ".join(sys.argv), intake.n)
    return Manifest(json.loads(json.dumps(identity)), decides, sessions=(session,))


def _model(request: Request, log: Log) -> str:
    """The model's name.

    Raises:
        LogError: Neither the log nor the user names it.
    """
    model = request.model or log.model
    if model is None:
        said = next(iter(log.notes), f"files of {request.format} do not tell the model")
        raise LogError(said, remedy="name the model: --model NAME")
    return model


def _own_verifier(request: Request) -> str:
    """Who of ours judges the answers, if asked to."""
    return request.suite.verifier if request.suite else _VERIFIER


def _channel(request: Request, log: Log) -> str:
    """Where our strict verifiers look: as asked for, as the format has it, or in a box."""
    if request.template is not None:
        return prompts.get(request.template).channel
    if log.channel is not None:
        return log.channel
    return prompts.get(request.suite.template).channel if request.suite else _CHANNEL


def _file_digests(paths: Sequence[Path]) -> dict[str, str]:
    """Digests by name; files of one name in several folders keep their folder's.

    Raises:
        LogError: Two files hold the same: its answers would count twice.
    """
    names = Counter(path.name for path in paths)
    found: dict[str, str] = {}
    places: dict[str, Path] = {}
    for path in paths:
        digest = _file_digest(path)
        first = places.setdefault(digest, path)
        if first != path:
            raise LogError(
                f"{path} holds the same as {first}: its answers would count twice",
                remedy="name one of them",
            )
        found[path.name if names[path.name] == 1 else f"{path.parent.name}/{path.name}"] = digest
    return found


def _file_digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _version_notes(log: Log, name: str) -> Iterator[str]:
    """A version that was not tried is read all the same, as long as its fields are there."""
    tested = create(name).tested
    if tested and log.version is None:
        yield f"the log does not tell which version of {log.tool} wrote it"
    elif tested and not str(log.version).startswith(tested):
        yield (
            f"written by {log.tool} {log.version}, and this reader was tried with {tested}x:"
            " see that the figures below agree"
        )


def placing(suite: Suite | None) -> Place:
    """How questions become problems: as they are, or as those of a suite of ours."""
    return _own if suite is None else _Matcher(suite).place


def _own(question: Question, _where: str) -> StoredProblem:
    asked = question.question or question.prompt or ""
    problem = Problem(question.id, asked, question.gold or "", question.group)
    return StoredProblem(problem, question.prompt or asked)


class _Matcher:
    """Finds a suite's problem by its question, or by its id where the log has no question."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._by_text = {_plain(p.question): p for p in suite.problems}
        self._by_id = {p.id: p for p in suite.problems}
        self._by_id.update(
            {str(p.meta["source_id"]): p for p in suite.problems if "source_id" in p.meta}
        )
        self._taken: dict[str, str] = {}

    def place(self, question: Question, where: str) -> StoredProblem:
        """See :data:`Place`.

        Raises:
            LogError: The suite has no such problem, or the log two of one.
        """
        asked = question.question or question.prompt
        found = self._by_text_of(asked) if asked else self._by_id.get(question.id)
        if found is None:
            raise LogError(
                f"{where} asks problem {question.id}, which is none of {self._suite.name}"
                f" ({' '.join((asked or 'no question told').split())[:60]!r})",
                remedy="name the suite that was asked, or import without --suite",
            )
        first = self._taken.setdefault(found.id, question.id)
        if first != question.id:
            raise LogError(
                f"{where} asks {found.id} of {self._suite.name} as problem {question.id}, and it"
                f" was asked as {first} before",
                remedy="import without --suite",
            )
        return StoredProblem(found, question.prompt or question.question or found.question)

    def _by_text_of(self, asked: str) -> Problem | None:
        """Equal but for spaces; else the one question that the text contains."""
        text = _plain(asked)
        if text in self._by_text:
            return self._by_text[text]
        held = [problem for own, problem in self._by_text.items() if own and own in text]
        return held[0] if len(held) == 1 else None


def _plain(text: str) -> str:
    return " ".join(text.split())
