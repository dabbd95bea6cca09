"""Inspect: ``.eval`` and ``.json`` logs, read by the inspect_ai package, sample by sample."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import LogError, PackageError
from boundary.importers.base import (
    ENDINGS,
    Decoding,
    Entry,
    Log,
    Question,
    Told,
    files_in,
    judged,
    number,
    text_of,
    whole,
)
from boundary.records import Finish, Outcome

_GRADES = {
    "C": Told(Outcome.CORRECT, "told"),
    "I": Told(Outcome.WRONG, "told"),
    "N": Told(Outcome.WRONG, "no_answer"),
    "P": Told(Outcome.UNJUDGED, "partial_score"),
}
_DONE = "success"


class Inspect:
    """Logs of Inspect (.eval), read by its own package: pip install 'boundary[inspect]'."""

    name = "inspect"
    tested = "0.3."

    def recognises(self, path: Path) -> bool:
        """See :class:`Importer`."""
        try:
            with zipfile.ZipFile(path) as archive:
                return bool({"header.json", "_journal/start.json"} & set(archive.namelist()))
        except (OSError, zipfile.BadZipFile):
            return False

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """See :class:`Importer`."""
        found = files_in(paths, ".eval")
        if len(found) != 1:
            raise LogError(
                f"{len(found)} .eval files were named, and each is a run of its own",
                remedy="name one log; import the others one by one",
            )
        header = _read(found[0])
        return _log(found[0], header)


def _package() -> Any:
    try:
        import inspect_ai.log
    except ImportError as error:
        raise PackageError(
            "logs of Inspect are read by the package inspect_ai, which is not installed",
            remedy="pip install 'boundary[inspect]'",
        ) from error
    return inspect_ai.log


def _read(path: Path) -> Any:
    log = _package()
    try:
        return log.read_eval_log(str(path), header_only=True)
    # Whatever a damaged or newer log makes the package raise, the log cannot be read.
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> LogError:
    return LogError(
        f"{path} cannot be read by inspect_ai ({type(error).__name__}: {error})",
        remedy="copy it again, or update the package: pip install --upgrade inspect_ai",
    )


def _log(path: Path, header: Any) -> Log:
    notes: tuple[str, ...] = ()
    if header.status != _DONE:
        notes = (
            f"Inspect says that this run ended with status {header.status}: samples may be"
            " missing, and those that take long are missed more often",
        )
    settings = {**_told(header.plan.config), **_told(header.eval.model_generate_config)}
    return Log(
        tool="inspect",
        version=header.eval.packages.get("inspect_ai"),
        task=header.eval.task,
        model=header.eval.model,
        files=(path,),
        entries=_Reader(path).entries,
        verifiers=tuple(f"inspect:{score.name}" for score in _scores(header)),
        figures=_figures(header),
        decoding=Decoding(
            temperature=number(settings.get("temperature")),
            top_p=number(settings.get("top_p")),
            max_tokens=whole(settings.get("max_tokens")),
            stop_strings=tuple(settings["stop_seqs"]) if settings.get("stop_seqs") else None,
            seed=whole(settings.get("seed")),
        ),
        notes=notes,
    )


def _told(config: Any) -> dict[str, Any]:
    return dict(config.model_dump(exclude_none=True))


def _scores(header: Any) -> list[Any]:
    return list(header.results.scores) if header.results else []


def _figures(header: Any) -> dict[str, float]:
    """Means over epochs and samples; other reducers answer another question."""
    found = {}
    for score in _scores(header):
        metric = score.metrics.get("accuracy") or score.metrics.get("mean")
        if metric is not None and score.reducer in (None, "mean"):
            found[f"inspect:{score.name}"] = float(metric.value)
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path

    def entries(self) -> Iterator[Entry]:
        """One sample at a time; an epoch's number less one is the index."""
        log = _package()
        samples = log.read_eval_log_samples(str(self.path), all_samples_required=False)
        while True:
            try:
                sample = next(samples)
            except StopIteration:
                return
            # As above: the package decides what it raises.
            except Exception as error:
                raise _unreadable(self.path, error) from error
            yield _entry(sample, f"{self.path}, sample {sample.id}, epoch {sample.epoch}")


def _entry(sample: Any, where: str) -> Entry:
    output = sample.output
    usage = output.usage.output_tokens if output.usage else None
    told = {
        name: verdict
        for scorer, score in (sample.scores or {}).items()
        for name, verdict in _verdicts(scorer, score)
    }
    if sample.error is not None:
        told = {name: Told(Outcome.UNJUDGED, "tool_error") for name in told}
    return Entry(
        Question(str(sample.id), _asked(sample), text_of(sample.target)),
        where,
        output.completion or "",
        sample.epoch - 1,
        finish=_finish(sample),
        n_tokens=usage,
        told=told,
    )


def _finish(sample: Any) -> Finish | None:
    if sample.error is not None:
        return Finish.ABORT
    reason = sample.output.choices[0].stop_reason if sample.output.choices else None
    return ENDINGS.get(reason or "")


def _asked(sample: Any) -> str:
    if isinstance(sample.input, str):
        return sample.input
    return "\n\n".join(message.text for message in sample.input if message.role == "user")


def _verdicts(scorer: str, score: Any) -> Iterator[tuple[str, Told]]:
    """A score with several parts is a grader for each of them."""
    if isinstance(score.value, dict):
        for part, value in score.value.items():
            yield f"inspect:{scorer}.{part}", _verdict(value, score.answer)
    else:
        yield f"inspect:{scorer}", _verdict(score.value, score.answer)


def _verdict(value: Any, answer: str | None) -> Told:
    if isinstance(value, str) and value in _GRADES:
        found = _GRADES[value]
        return Told(found.outcome, found.reason, answer)
    return judged(value, answer)
