"""Study files: YAML, checked once; an unknown key is refused with the nearest right one."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from boundary.errors import ConfigError

MAX_TOKENS = 16_384
TEMPERATURE = 0.6
TOP_P = 0.95
OWN_LAW = frozenset({"power"})
"""Samplers that start from the model's own law: temperature 1 and top-p 1 unless told."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MoreSettings(_Settings):
    """Further draws, in runs apart, on the problems that none of these arms solved."""

    n: Annotated[int, Field(ge=1)]
    unsolved_by: Annotated[tuple[str, ...], Field(min_length=1)]


class SuiteSettings(_Settings):
    """One suite of a study: samples per problem, and how many of its problems.

    With ``stop_after`` a problem ends at the first of ``looks`` at which it has so many right
    answers.
    """

    n: Annotated[int, Field(ge=1)]
    limit: Annotated[int | None, Field(ge=1)] = None
    verifier: str | None = None
    errata: bool = False
    stop_after: Annotated[int | None, Field(ge=1)] = None
    looks: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    more: MoreSettings | None = None

    @model_validator(mode="after")
    def _looks_for_something(self) -> "SuiteSettings":
        if self.looks and self.stop_after is None:
            raise ValueError("looks need a stop_after to look for")
        return self


class ArmSettings(_Settings):
    """One arm: a model, and everything about how it is asked.

    ``parent`` names the arm that this checkpoint was trained from. ``engine_args`` are arguments
    of the library behind the engine, by its own names; ``seeds`` is ``request`` for a seed per
    sample, or ``engine`` for the library's own stream; ``sampler_args`` the sampler's arguments.
    """

    model: str
    revision: str | None = None
    engine: str | None = None
    dtype: str | None = None
    batch_size: Annotated[int | None, Field(ge=1)] = None
    engine_args: dict[str, Any] = {}
    logprobs: bool = True
    seeds: Literal["request", "engine"] = "request"
    template: str | None = None
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = TEMPERATURE
    top_p: Annotated[float, Field(gt=0, le=1)] = TOP_P
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    sampler: str = "plain"
    sampler_args: dict[str, Any] = {}
    parent: str | None = None
    seed: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _own_law(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and raw.get("sampler") in OWN_LAW:
            return {"temperature": 1.0, "top_p": 1.0, **raw}
        return raw


class PerplexitySettings(_Settings):
    """How many answers per problem are scored, drawn by the seed, and what else is asked of them.

    ``truncated`` scores answers that ran out of tokens too. ``solutions`` is a JSONL of worked
    solutions (``id``, ``solution``) in place of the suite's own, its place as seen from the study
    file. ``nucleus`` is a temperature and a top-p: whether a base could have drawn an answer is
    asked of that law, else of the law that the base was sampled from.
    """

    answers: Annotated[int, Field(ge=1)] = 32
    seed: int = 0
    truncated: bool = False
    solutions: str | None = None
    nucleus: (
        tuple[
            Annotated[float, Field(ge=0, allow_inf_nan=False)],
            Annotated[float, Field(gt=0, le=1)],
        ]
        | None
    ) = None


class BreakEvenSettings(_Settings):
    """What training the arm ``trained`` took in FLOPs, and the parameters of each model here."""

    trained: str
    training_flops: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    parameters: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class StudySettings(_Settings):
    """A whole study; arms are complete once loaded (``like`` is resolved)."""

    name: str
    suites: Annotated[dict[str, SuiteSettings], Field(min_length=1)]
    arms: Annotated[dict[str, ArmSettings], Field(min_length=1)]
    compare: tuple[tuple[str, str], ...] = ()
    solved_at: Annotated[int | None, Field(ge=1)] = None
    ks: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    perplexity: PerplexitySettings | None = PerplexitySettings()
    break_even: BreakEvenSettings | None = None
    seed: int = 0
    resamples: Annotated[int, Field(ge=100)] = 2000
    reference: tuple[str, ...] = ()

    @field_validator("reference", mode="before")
    @classmethod
    def _matching(cls, reference: object) -> object:
        """``true`` stands for the published curves that match suite and models."""
        named = {True: ("auto",), False: ()}
        return named[reference] if isinstance(reference, bool) else reference

    @field_validator("ks")
    @classmethod
    def _rising(cls, ks: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return tuple(sorted(set(ks))) if ks else None

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not name or any(c in name for c in "/\\") or name.startswith("."):
            raise ValueError("a study's name becomes a directory: no slash, no leading dot")
        return name


def arm_settings(**values: Any) -> ArmSettings:
    """Settings of one arm given on the command line; ``None`` leaves one to its default.

    Raises:
        ConfigError: A value is out of its range.
    """
    try:
        return ArmSettings(**{key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"{first['loc'][0]} is {first['input']}: {first['msg']}", remedy="correct the value"
        ) from None


def arguments(pairs: Sequence[str], option: str) -> dict[str, Any]:
    """Arguments given to an option as ``key=value``, each value read as YAML reads it.

    Raises:
        ConfigError: One has no ``=``.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, is_pair, value = pair.partition("=")
        if not is_pair or not key:
            raise ConfigError(f"{option} {pair} is no key=value", remedy="write key=value")
        try:
            found[key.replace("-", "_")] = yaml.safe_load(value)
        except yaml.YAMLError:
            found[key.replace("-", "_")] = value
    return found


def load_study(path: Path) -> StudySettings:
    """Read a study file.

    Raises:
        ConfigError: The file is missing, no YAML, or has a wrong key or value; the place is named.
    """
    raw = _read(path)
    raw.setdefault("name", path.stem)
    raw["arms"] = _resolve(raw.get("arms"), path)
    try:
        study = StudySettings.model_validate(raw)
    except ValidationError as error:
        raise _explained(error, path) from None
    _check_names(study, path)
    _check_sizes(study, path)
    return _with_solutions(study, path)


def _with_solutions(study: StudySettings, path: Path) -> StudySettings:
    """The study with the place of its worked solutions as seen from here."""
    if study.perplexity is None or study.perplexity.solutions is None:
        return study
    file = path.parent / study.perplexity.solutions
    if not file.is_file():
        raise ConfigError(
            f"{path}: there is no file of solutions at {file}",
            remedy="give perplexity.solutions as seen from the study file",
        )
    found = study.perplexity.model_copy(update={"solutions": str(file)})
    return study.model_copy(update={"perplexity": found})


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, where YAML would silently keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} stands twice",
                    problem_mark=node.value[place][0].start_mark,
                )
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise ConfigError(
            f"cannot read the study {path} ({error.strerror})", remedy="check its path"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        why = " ".join(str(error).split())
        raise ConfigError(f"{path} is no YAML ({why})", remedy="correct that line") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} holds no settings", remedy="write suites: and arms: into it")
    return raw


def _resolve(arms: Any, path: Path) -> dict[str, Any]:
    """Arms with ``like`` replaced by the settings of the arm it names."""
    if not isinstance(arms, dict) or not all(isinstance(a, dict) for a in arms.values()):
        raise ConfigError(
            f"{path}: arms must map names to settings",
            remedy="write, say, base: {model: zoo/base}",
        )

    def full(name: str, seen: tuple[str, ...]) -> dict[str, Any]:
        own = dict(arms[name])
        like = own.pop("like", None)
        if like is None:
            return own
        if not isinstance(like, str) or like not in arms or like in seen:
            raise ConfigError(
                f"{path}: arm {name!r} is like {like!r}, which is"
                f" {'itself like it' if like in seen else 'no arm'}",
                remedy=f"name another arm of it: {', '.join(map(str, arms))}",
            )
        base = full(like, (*seen, like))
        if own.get("sampler", base.get("sampler")) != base.get("sampler"):
            base = {k: v for k, v in base.items() if k != "sampler_args"}
        if "model" in own:
            # These belong to a checkpoint, so a copy with another model does not inherit them.
            base = {k: v for k, v in base.items() if k not in ("parent", "revision")}
        return {**base, **own}

    return {name: full(name, (name,)) for name in arms}


def _check_sizes(study: StudySettings, path: Path) -> None:
    """Refuse a k that some suite's n cannot answer, before anything is sampled."""
    sizes = [suite.n for suite in study.suites.values()]
    smallest = min(sizes + [suite.more.n for suite in study.suites.values() if suite.more])
    asked = [("ks", k) for k in study.ks or ()]
    asked += [("solved_at", study.solved_at)] if study.solved_at else []
    for place, k in asked:
        if k > smallest:
            raise ConfigError(
                f"{path}: {place} asks for k = {k}, and the smallest n is {smallest}",
                remedy="ask a smaller k, raise that n, or give the suites studies of their own",
            )


def _check_names(study: StudySettings, path: Path) -> None:
    named = [("compare", name) for pair in study.compare for name in pair]
    named += [(f"arms.{n}.parent", a.parent) for n, a in study.arms.items() if a.parent]
    named += [
        (f"suites.{name}.more.unsolved_by", arm)
        for name, suite in study.suites.items()
        for arm in (suite.more.unsolved_by if suite.more else ())
    ]
    named += [("break_even.trained", study.break_even.trained)] if study.break_even else []
    for place, name in named:
        if name not in study.arms:
            raise ConfigError(
                f"{path}: {place} names {name!r}, which is no arm",
                remedy=f"did you mean {nearest(name, study.arms)!r}?",
            )


def nearest(word: str, choices: Any) -> str:
    """The choice most like ``word``."""
    return str(get_close_matches(word, list(choices), 1, 0.0)[0])


def _explained(error: ValidationError, path: Path) -> ConfigError:
    # A misspelt key comes before the required one that is missed for it.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        fields = _fields_at(first["loc"][:-1])
        return ConfigError(
            f"{path}: unknown key {place!r}",
            remedy=f"did you mean {nearest(key, fields)!r}?",
        )
    return ConfigError(f"{path}: {place}: {first['msg']}", remedy="correct the value")


def _fields_at(place: tuple[int | str, ...]) -> list[str]:
    kinds: dict[str, type[_Settings]] = {
        "suites": SuiteSettings,
        "arms": ArmSettings,
        "perplexity": PerplexitySettings,
        "break_even": BreakEvenSettings,
    }
    kind = kinds[str(place[0])] if place else StudySettings
    if place[-1:] == ("more",):
        kind = MoreSettings
    extra = ["like"] if kind is ArmSettings else []
    return [*kind.model_fields, *extra]
