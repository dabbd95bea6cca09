"""The ``list`` stage: what can be named in a command or a study."""

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points

from boundary.errors import ConfigError
from boundary.prompts import TEMPLATES

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
        "gsm8k": "1,319 grade-school word problems",
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


KINDS: dict[str, Callable[[], Iterable[Row]]] = {
    "suites": _suites,
    "engines": _engines,
    "samplers": _samplers,
    "verifiers": _verifiers,
    "templates": _templates,
    "models": _models,
}


def _phrase(thing: object) -> str:
    """The first sentence of a docstring."""
    return (thing.__doc__ or "").strip().split("\n")[0].rstrip(".")
