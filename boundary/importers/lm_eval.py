"""lm-evaluation-harness: ``samples_*.jsonl`` with the ``results_*.json`` beside it.

A document stands there once for every filter, with all its answers each time; the text is taken
the first time and each filter gives a verdict of its own. A filter that keeps the first of several
answers judged that one only.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundary.errors import LogError
from boundary.importers.base import (
    Decoding,
    Entry,
    Log,
    Question,
    Share,
    Told,
    files_in,
    judged,
    number,
    only,
    text_of,
    whole,
)
from boundary.importers.lines import document, first_row, required, rows
from boundary.records import Outcome

_SAMPLES = re.compile(r"samples_(.+)_(\d{4}-\d{2}-\d{2}T[\d.:-]+)\.jsonl(?:\.gz)?")
_QUESTION = ("problem", "question", "input", "query")
_OWN = frozenset({"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter"})
_INVALID = "[invalid]"
_UNFILTERED = "none"
_FORMAT = "an lm-eval sample log"


class LmEval:
    """Sample logs of lm-evaluation-harness (--log_samples), with their results file."""

    name = "lm-eval"
    tested = "0.4."

    def recognises(self, path: Path) -> bool:
        """See :class:`Importer`."""
        row = first_row(path)
        return row is not None and {"doc_id", "resps", "filtered_resps"} <= row.keys()

    def open(self, paths: Sequence[Path], fields: Mapping[str, str]) -> Log:
        """See :class:`Importer`."""
        found = files_in(paths, ".jsonl", ".jsonl.gz")
        if not found:
            raise LogError(
                "there is no samples_*.jsonl among the files of lm-eval",
                remedy="run lm_eval with --log_samples, and name the folder that it writes",
            )
        named = {path: _SAMPLES.fullmatch(path.name) for path in found}
        tasks = [match[1] if match else path.stem for path, match in named.items()]
        task = only(tasks, "tasks", "name the samples file of one task")
        only(
            [path.name for path in found],
            f"runs of {task}",
            "name the samples file of one of them",
        )
        return _log(found[0], task, _results(found[0], named[found[0]], paths))


def _results(samples: Path, match: re.Match[str] | None, paths: Sequence[Path]) -> Path | None:
    """The results of the same run: named alike, or named by the user."""
    given = [p for p in paths if p.is_file() and p.name.endswith(".json")]
    beside = [samples.with_name(f"results_{match[2]}.json")] if match else []
    return next((path for path in [*given, *beside] if path.is_file()), None)


def _log(samples: Path, task: str, results: Path | None) -> Log:
    told = document(results) if results else {}
    config = (told.get("configs") or {}).get(task) or {}
    first = first_row(samples) or {}
    reader = _Reader(samples, _filters(config))
    notes: tuple[str, ...] = ()
    if results is None:
        notes = (
            f"no results_*.json lies beside {samples.name}: the version, the model and the tool's"
            " own figures are not known",
        )
    return Log(
        tool="lm-eval",
        version=told.get("lm_eval_version"),
        task=task,
        model=_model(told),
        files=(samples, *([results] if results else [])),
        entries=reader.entries,
        verifiers=_verifiers(first, config),
        figures=_figures((told.get("results") or {}).get(task) or {}),
        decoding=_decoding(first, config, told),
        notes=notes,
    )


def _model(told: Mapping[str, Any]) -> str | None:
    config = told.get("config") or {}
    arguments = config.get("model_args")
    if isinstance(arguments, str):
        arguments = dict(part.partition("=")[::2] for part in arguments.split(","))
    named = (arguments or {}).get("pretrained") or (arguments or {}).get("model")
    return text_of(named or told.get("model_name") or config.get("model"))


def _filters(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """The functions of each filter, by its name."""
    return {
        one.get("name", ""): [step.get("function", "") for step in one.get("filter", ())]
        for one in config.get("filter_list") or ()
    }


def _verifiers(first: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[str, ...]:
    named = list(_filters(config)) or [str(first.get("filter", _UNFILTERED))]
    return tuple(_grader(metric, key) for key in named for metric in _metrics(first))


def _metrics(row: Mapping[str, Any]) -> list[str]:
    """Names of the scores in a row; older versions do not list them."""
    listed = row.get("metrics")
    if isinstance(listed, list):
        return [str(name) for name in listed]
    return [
        name
        for name, value in row.items()
        if name not in _OWN and isinstance(value, bool | int | float)
    ]


def _grader(metric: str, key: str) -> str:
    return f"lm-eval:{metric}" if key == _UNFILTERED else f"lm-eval:{metric},{key}"


def _figures(told: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    for name, value in told.items():
        metric, comma, key = name.partition(",")
        if comma and not metric.endswith("_stderr") and number(value) is not None:
            found[_grader(metric, key)] = float(value)
    return found


def _decoding(
    first: Mapping[str, Any], config: Mapping[str, Any], told: Mapping[str, Any]
) -> Decoding:
    asked = _asked(first)[1] or config.get("generation_kwargs") or {}
    stops = asked.get("until")
    stops = [stops] if isinstance(stops, str) else stops
    greedy = asked.get("do_sample") is False
    return Decoding(
        temperature=0.0 if greedy else number(asked.get("temperature")),
        top_p=number(asked.get("top_p")),
        max_tokens=whole(asked.get("max_gen_toks")),
        stop_strings=None if stops is None else tuple(map(str, stops)),
        seed=whole(told.get("config", {}).get("torch_seed")),
    )


def _asked(row: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """The prompt, and how it was to be continued; lists of lists in older versions."""
    asked = row.get("arguments")
    if isinstance(asked, dict):
        asked = [[one.get("arg_0"), one.get("arg_1")] for one in asked.values()]
    if not (isinstance(asked, list) and asked and isinstance(asked[0], list) and asked[0]):
        return None, {}
    prompt, *more = asked[0]
    return text_of(prompt), more[0] if more and isinstance(more[0], dict) else {}


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    filters: Mapping[str, list[str]]

    def entries(self) -> Iterator[Entry]:
        """Of each document its answers once, then more verdicts on them."""
        seen: dict[str, str] = {}
        for where, row in rows(self.path):
            number_ = text_of(required(row, "doc_id", where, _FORMAT)) or ""
            key = str(row.get("filter", _UNFILTERED))
            texts = _texts(row, where)
            told, shares = self._said(row, key, texts)
            first = seen.setdefault(number_, key)
            question = _question(number_, row)
            for index, text in enumerate(texts):
                yield Entry(
                    question,
                    where,
                    text if first == key else None,
                    index,
                    told=told if index == 0 else {},
                    shares=shares if index == 0 else {},
                )
                if first != key:
                    break

    def _said(
        self, row: Mapping[str, Any], key: str, texts: Sequence[str]
    ) -> tuple[dict[str, Told], dict[str, Share]]:
        kept = row.get("filtered_resps") or [None]
        answer = kept[0]
        told: dict[str, Told] = {}
        shares: dict[str, Share] = {}
        votes = any("maj" in step for step in (*self.filters.get(key, ()), key))
        for metric in _metrics(row):
            name, value = _grader(metric, key), row.get(metric)
            if len(texts) > 1 and isinstance(answer, list):
                # A filter may have kept some of the answers only, and the score is theirs.
                drawn = min(len(answer), len(texts))
                if metric in ("pass@1", "pass_at_1") and drawn and number(value) is not None:
                    shares[name] = Share(round(float(value or 0) * drawn), drawn)
            elif not (votes and len(texts) > 1):
                told[name] = _judged(value, answer)
        return told, shares


def _judged(value: Any, answer: Any) -> Told:
    extracted = answer if isinstance(answer, str) else None
    found = judged(value, extracted)
    if extracted == _INVALID and found.outcome is Outcome.WRONG:
        return Told(Outcome.WRONG, "no_answer")
    return found


def _texts(row: Mapping[str, Any], where: str) -> list[str]:
    found = required(dict(row), "resps", where, _FORMAT)
    if not (isinstance(found, list) and found and isinstance(found[0], list)):
        raise LogError(f"{where} has no list of answers in 'resps'", remedy="check the file")
    if len(found) > 1 or not all(isinstance(text, str) for text in found[0]):
        raise LogError(
            f"{where} holds likelihoods of given choices, and no answer that the model wrote",
            remedy="import a task whose output_type is generate_until",
        )
    return list(found[0])


def _question(number_: str, row: Mapping[str, Any]) -> Question:
    found = row.get("doc")
    doc: dict[str, Any] = found if isinstance(found, dict) else {}
    asked = next((doc[k] for k in _QUESTION if isinstance(doc.get(k), str)), None)
    prompt = _asked(row)[0]
    return Question(number_, asked or prompt, text_of(row.get("target")), prompt)
