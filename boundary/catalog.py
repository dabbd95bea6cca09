"""The ``list`` stage: what can be named in a command or a study."""

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from boundary.errors import ConfigError
from boundary.prompts import TEMPLATES

if TYPE_CHECKING:
    from boundary.presets import Preset

Row = tuple[str, str]
"""A name and a phrase on what it is."""


def run(kind: str) -> list[Row]:
    """Names of one kind with a phrase each, third parties' included.

    Raises:
        ConfigError: There is no such kind.
    """
    if kind not in KINDS:
        raise ConfigError(f"cannot list {kind!r}", remedy=f"choose one of {', '.join(KINDS)}")
    ours = list(KINDS[kind]())
    theirs = [
        (point.name, f"from {point.value}") for point in entry_points(group=f"boundary.{kind}")
    ]
    return ours + theirs


def _suites() -> Iterable[Row]:
    from boundary.suites import SUITES, jsonl

    about = {
        "dial": "the embedded suite of the zoo: the next code of a sequence",
        "math500": "500 competition problems of MATH",
        "aime24": "the 30 problems of AIME 2024",
        "aime25": "the 30 problems of AIME 2025",
        "amc23": "40 problems of AMC 12 2023 with whole answers",
        "minerva": "272 quantitative questions of university courses",
        "olympiadbench": "675 olympiad problems in English, sub-questions grouped",
        "gsm8k": "1,319 grade-school word problems",
        "olymmath_en": "200 olympiad problems in English, easy and hard",
        "countdown": "256 targets to reach from three numbers",
        "countdown_3to4": "1,024 targets to reach from three or four numbers",
        "humaneval": "164 Python functions from their docstrings",
        "humanevalplus": "the same functions with 120,000 more tests",
        "mbppplus": "378 short Python functions, many tests each",
        "livecodebench": "279 contest problems; @v6 or @2025-01-01.. for others",
        "cruxeval_o": "800 short functions: what do they return?",
        "cruxeval_i": "800 short functions: what input leads to that?",
        "gpqa_diamond": "198 graduate questions with four choices; read it with its guess curve",
    }
    for name in SUITES:
        yield name, about.get(name, "")
    yield "FILE.jsonl", _phrase(jsonl) or "your own problems"


def _engines() -> Iterable[Row]:
    from boundary.engines import ENGINES

    return ((name, _phrase(engine)) for name, engine in ENGINES.items())


def _samplers() -> Iterable[Row]:
    from boundary.samplers import SAMPLERS

    return ((name, _phrase(sampler)) for name, sampler in SAMPLERS.items())


def _verifiers() -> Iterable[Row]:
    from boundary.verifiers import VERIFIERS

    return ((name, _phrase(verifier)) for name, verifier in VERIFIERS.items())


def _importers() -> Iterable[Row]:
    from boundary.importers import IMPORTERS

    return ((name, _phrase(importer)) for name, importer in IMPORTERS.items())


def _templates() -> Iterable[Row]:
    return (
        (name, f"answer in {template.channel}; {template.source}")
        for name, template in TEMPLATES.items()
    )


def _models() -> Iterable[Row]:
    from boundary.zoo import NAMES

    for name in NAMES:
        yield f"zoo/{name}", "embedded checkpoint"
    yield "fake/p=0.3", "no model: solves any problem with chance 0.3"
    yield "fake/first=2", "no model: gets the first 2 samples of every problem right"
    yield "ORG/NAME", "a checkpoint on the hub"
    yield "FOLDER", "a local checkpoint in the Hugging Face layout"


def _presets() -> Iterable[Row]:
    from boundary.presets import PRESETS

    return ((name, _about_preset(preset)) for name, preset in PRESETS.items())


def _about_preset(preset: "Preset") -> str:
    """What it is, and which parts of that were seen in its source."""
    parts = ("id", "parent", "context", "template")
    seen = [part for part in parts if getattr(preset.verified, part)]
    unseen = [part for part in parts if getattr(preset.verified, part) is False]
    facts = [
        f"{preset.role} of {preset.parent}" if preset.parent else preset.role,
        preset.hf_id + (f" at {preset.revision[:7]}" if preset.revision else ""),
        f"template {preset.template}" if preset.template else _without_template(preset),
        f"context {preset.max_context:,}",
        f"{preset.min_gpu_gb} GB"
        + (f", license {preset.license}" if preset.license else "")
        + (", gated" if preset.gated else ""),
        f"seen {', '.join(seen)} ({preset.source})",
        f"not seen {', '.join(unseen)}" if unseen else "",
        preset.note,
    ]
    return "; ".join(filter(None, facts))


def _without_template(preset: "Preset") -> str:
    return "no template here" if preset.role != "base" else "template of the arm beside it"


def _decodings() -> Iterable[Row]:
    from boundary.presets import DECODINGS

    for name, one in DECODINGS.items():
        facts = [
            f"temperature {one.temperature:g}, top-p {one.top_p:g}, {one.max_tokens:,} tokens"
            + (f", n {one.n:,}" if one.n else ""),
            one.source,
            f"not seen {', '.join(one.unverified)}" if one.unverified else "",
            one.note,
        ]
        yield name, "; ".join(filter(None, facts))


def _references() -> Iterable[Row]:
    from boundary.published import references

    for one in references():
        last, value = one.points[-1]
        yield (
            one.name,
            f"{one.model} on {one.suite}, {one.read}, k = {one.ks[0]} to {last:,}:"
            f" {one.points[0][1]:g} to {value:g} %; {one.about}",
        )


def _reproductions() -> Iterable[Row]:
    from boundary.reproduce import REPRODUCTIONS

    for name, one in REPRODUCTIONS.items():
        yield name, one.about + ("; needs --counts or --data" if one.counts else "")


def _studies() -> Iterable[Row]:
    for path in sorted(Path("configs").glob("*.yaml")):
        yield str(path), _first_comment(path)
    yield "FILE.yaml", "your own suites and arms"


def _first_comment(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    return text.split("\n")[0].lstrip("# ").rstrip(".")


KINDS: dict[str, Callable[[], Iterable[Row]]] = {
    "suites": _suites,
    "engines": _engines,
    "samplers": _samplers,
    "verifiers": _verifiers,
    "importers": _importers,
    "templates": _templates,
    "models": _models,
    "presets": _presets,
    "decodings": _decodings,
    "studies": _studies,
    "references": _references,
    "reproductions": _reproductions,
}


def _phrase(thing: object) -> str:
    """The first sentence of a docstring."""
    return (thing.__doc__ or "").strip().split("\n")[0].rstrip(".")
