"""The ``sample`` stage: draws what a run still lacks, and has it judged as it goes."""

import contextlib
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary import engines, prompts, samplers, stats, verifiers, verify
from boundary.config import MAX_TOKENS, ArmSettings
from boundary.drawing import Drawing
from boundary.engines import (
    Decoding,
    Engine,
    Request,
)
from boundary.engines.checkpoint import Checkpoint, files_digest, prompt_lengths
from boundary.errors import ConfigError
from boundary.extension import Source
from boundary.progress import SILENT, Progress
from boundary.prompts import Template
from boundary.records import Design, Draw, Key, Prefix, Problem, Tier
from boundary.schedule import MISSING, RIGHT, WRONG, Adaptive, Fixed, Schedule
from boundary.store import Manifest, Run, Session, StoredProblem
from boundary.store.files import WHOLE, Folder, Shard
from boundary.store.manifest import text_digest
from boundary.suites import Suite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WITHOUT_ARGUMENTS = ("fake", "transformers")
_DTYPES = (None, "auto", "float32", "bfloat16", "float16", "half", "float")
# Arguments of a library that decide where and how fast a model runs, not what it answers.
_RESOURCES = frozenset(
    {
        "tensor_parallel_size",
        "pipeline_parallel_size",
        "data_parallel_size",
        "gpu_memory_utilization",
        "max_num_seqs",
        "max_num_batched_tokens",
        "swap_space",
        "cpu_offload_gb",
        "enforce_eager",
        "enable_prefix_caching",
        "download_dir",
        "distributed_executor_backend",
    }
)


@dataclass(frozen=True, slots=True)
class Crew:
    """Who draws: so many engine processes, and which shard of the work this command is."""

    replicas: int | str = 1
    shard: Shard = WHOLE


ALONE = Crew()


@dataclass(frozen=True, slots=True)
class Job:
    """One arm on one suite: ``n`` samples for each of the suite's first ``limit`` problems.

    ``stop_after`` samples adaptively: a problem ends at the first of ``looks`` at which it has so
    many right answers. ``only`` names chosen problems: their draws make a run of their own, with
    seeds of their own, so that what chose them does not bias what is found.
    """

    arm: ArmSettings
    suite: Suite
    n: int
    results: Folder
    limit: int | None = None
    seed: int = 0
    max_tokens: int | None = None
    stop_after: int | None = None
    looks: tuple[int, ...] | None = None
    only: tuple[str, ...] | None = None
    crew: Crew = ALONE

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems asked."""
        asked = self.suite.problems[: self.limit]
        return asked if self.only is None else tuple(p for p in asked if p.id in self.only)

    @property
    def design(self) -> Design | None:
        """The stop rule of an adaptive job."""
        if self.stop_after is None:
            return None
        return Design(self.stop_after, stats.looks_for(self.stop_after, self.n, self.looks))

    @property
    def template(self) -> Template:
        """The template, the suite's own unless the arm names one."""
        return prompts.get(self.arm.template or self.suite.template)

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self.arm.engine or engines.default_engine(self.arm.model)

    def rendered(self) -> list[str]:
        """The prompts, in the order of the problems."""
        return [prompts.render(self.template, p.question) for p in self.problems]


def seed_of(run_seed: int, model_id: str, problem_id: str, index: int) -> int:
    """The seed of one sample: blake2b of all four, below 2 ** 63.

    No two requests share one, whatever the order, the batch or the number of machines.
    """
    key = f"{run_seed}\0{model_id}\0{problem_id}\0{index}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1


def run(job: Job, *, source: Source | None = None, progress: Progress = SILENT) -> Run:
    """Draw every sample of the job that is not on disk yet, and judge it.

    Args:
        job: What is asked.
        source: A run of the same answers under a smaller budget, see :func:`extend`.
        progress: Told how far it is.

    Returns:
        The run, complete.

    Raises:
        ConfigError: The settings do not fit the model.
        EngineError: The model does not load, or stops; all that was drawn is kept.
        StoreError: The run's directory cannot be used, or holds other settings.
        KeyboardInterrupt: Interrupted; all that was drawn is kept.
    """
    check(job)
    stored, manifest = describe(job)
    folder = job.results / manifest.name
    with folder.locked(job.crew.shard):
        found = Run.create(folder, manifest, stored)
        _mend(found, job, progress, deep=False)
        source = _source(job, found, source)
        if source and (kept := source.copy_finished(found, missing_indices(job, found))):
            progress.notice(f"{kept:,} answers of {source.run.name} ended by themselves: kept")
        _draw(job, found, source, progress)
        # The bytes of old answers are read at the end: a run of a million starts at once.
        if _mend(found, job, progress, deep=True):
            _draw(job, found, source, progress)
        verify.run(found, progress=progress)
    return found


def _source(job: Job, found: Run, given: Source | None) -> Source | None:
    """What the run continues: as given, or as an earlier session recorded."""
    if given is not None:
        if found.manifest.extends is None:
            found.extend_from(given.run.name)
        return given
    name = found.manifest.extends
    return Source(Run.open(job.results / name)) if name else None


def extend(job: Job, budget: int, *, progress: Progress = SILENT) -> Run:
    """Give the answers of a run more tokens, in a run of their own; only cut ones are drawn on.

    Args:
        job: What the run there was drawn by.
        budget: New tokens allowed to each answer, in all.
        progress: Told how far it is.

    Returns:
        The run under the larger budget, complete.

    Raises:
        StoreError: There is no run of that job.
        ConfigError: The budget is not larger, or does not fit the model's context.
        BoundaryError: As :func:`run`.
    """
    if job.arm.sampler != "plain":
        raise ConfigError(
            f"answers of the sampler {job.arm.sampler} cannot be extended: under a larger budget"
            " other ones would have been chosen",
            remedy="draw them anew with --max-tokens",
        )
    _, manifest = describe(job)
    before = int(manifest.identity["max_tokens"])
    if budget <= before:
        raise ConfigError(
            f"{budget} tokens are no extension of {before}",
            remedy=f"give --extend more than {before}",
        )
    folder = job.results / manifest.name
    if not folder.exists("manifest.json"):
        raise ConfigError(
            f"there is no run of {before} tokens per answer at {folder} to extend",
            remedy="draw it first, by the same command without --extend",
        )
    source = Source(Run.open(folder))
    longer = replace(job, arm=job.arm.model_copy(update={"max_tokens": budget}))
    return run(longer, source=source, progress=progress)


def _mend(found: Run, job: Job, progress: Progress, *, deep: bool) -> bool:
    aside = found.mend(deep=deep, shard=job.crew.shard)
    for name in aside:
        progress.notice(f"a damaged part of {found.name} was set aside as {name}")
    return bool(aside)


def check(job: Job) -> None:
    """Refuse a job whose names mean nothing, before anything is written.

    Raises:
        ConfigError: No template or sampler is named so, or its arguments make no sense, or the
            engine does not run the model, or there is no problem to draw, or no way to look.
        EngineError: No engine is named so.
        VerifierError: No verifier is named so.
    """
    if not job.problems:
        raise ConfigError(
            f"no problem of {job.suite.name} is left to draw", remedy="choose others, or no --limit"
        )
    if job.stop_after is not None:
        stats.looks_for(job.stop_after, job.n, job.looks)
    if job.arm.dtype not in _DTYPES:
        raise ConfigError(f"no dtype {job.arm.dtype!r}", remedy="give float32, bfloat16 or float16")
    if job.arm.engine_args and job.engine in _WITHOUT_ARGUMENTS:
        raise ConfigError(
            f"the engine {job.engine} takes no argument {next(iter(job.arm.engine_args))!r}",
            remedy="leave out engine arguments, or use --engine vllm",
        )
    prompts.get(job.arm.template or job.suite.template)
    _check_sampler(job)
    verifiers.create(job.suite.verifier).close()
    engines.require(job.engine)
    own = engines.default_engine(job.arm.model)
    if "fake" in (job.engine, own) and job.engine != own:
        raise ConfigError(
            f"the engine {job.engine!r} does not run {job.arm.model}",
            remedy=f"use --engine {own} for it, or none",
        )


def _check_sampler(job: Job) -> None:
    """Refuse a sampler that is not there, takes no such argument, or lacks what it weighs by."""
    samplers.create(job.arm.sampler, job.arm.sampler_args)
    if job.arm.sampler not in samplers.WEIGHING:
        return
    if not job.arm.logprobs:
        raise ConfigError(
            f"the sampler {job.arm.sampler} weighs answers by their log-probabilities",
            remedy="leave out --no-logprobs",
        )
    if job.arm.seeds != "request":
        raise ConfigError(
            f"the sampler {job.arm.sampler} makes an answer of several draws, and one that is"
            " lost must come out the same again",
            remedy="leave out --seeds engine",
        )


def describe(job: Job) -> tuple[list[StoredProblem], Manifest]:
    """The problems as they are asked, and everything that decides the answers."""
    checkpoint = engines.identify(job.arm.model, job.arm.revision)
    texts = job.rendered()
    room = _room(job)
    budget = job.arm.max_tokens or job.max_tokens or min(MAX_TOKENS, room)
    stored = [StoredProblem(p, text) for p, text in zip(job.problems, texts, strict=True)]
    identity: dict[str, Any] = {
        "model_id": checkpoint.model_id,
        "revision": checkpoint.revision,
        "model_digest": checkpoint.digest,
        "tokenizer_digest": checkpoint.tokenizer_digest,
        "engine": job.engine,
        "dtype": job.arm.dtype,
        "suite": job.suite.name,
        "suite_digest": job.suite.digest,
        "problems": len(stored),
        "template": job.template.name,
        "prompts_digest": text_digest(texts),
        "temperature": job.arm.temperature,
        "top_p": job.arm.top_p,
        "max_tokens": budget,
        "stop_strings": list(job.template.stop_strings),
        "stop_tokens": list(job.template.stop_tokens),
        "sampler": job.arm.sampler,
        "seed": job.seed,
        **_unusual(job, budget),
    }
    return stored, Manifest(identity, job.suite.verifier)


def _unusual(job: Job, budget: int) -> dict[str, Any]:
    """What decides the answers of some runs only."""
    own: dict[str, Any] = {}
    law = Decoding(job.arm.temperature, job.arm.top_p, budget, job.template.stop_strings)
    chosen = samplers.create(job.arm.sampler, job.arm.sampler_args).settings(law)
    if chosen:
        own["sampler_args"] = dict(chosen)
    arguments = {k: v for k, v in sorted(job.arm.engine_args.items()) if k not in _RESOURCES}
    if arguments:
        own["engine_args"] = arguments
    if "lora_path" in arguments:
        own["lora_digest"] = _adapter_digest(Path(arguments["lora_path"]).expanduser())
    if job.arm.seeds != "request":
        own["seeds"] = job.arm.seeds
    if job.stop_after is not None:
        own["stop_after"] = job.stop_after
        own["looks"] = list(job.looks) if job.looks else None
        own["decided_by"] = job.suite.verifier
    if job.only is not None:
        own["targeted"] = text_digest(sorted(job.only))
    return own


def _adapter_digest(folder: Path) -> str:
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", remedy="check lora_path")
    return files_digest(folder, ("adapter_*",))


def token_budget(jobs: Sequence[Job]) -> int:
    """New tokens allowed to all of the jobs alike when none is asked for explicitly.

    It is 16,384, or the smallest room that a context leaves after its longest prompt.

    Raises:
        ConfigError: An explicit budget does not fit a context, or a prompt leaves no room.
    """
    return min(MAX_TOKENS, *(_room(job) for job in jobs))


def _longest(job: Job) -> int:
    """Tokens of the longest prompt."""
    checkpoint = engines.identify(job.arm.model, job.arm.revision)
    return _longest_of(checkpoint, tuple(job.rendered()))


@lru_cache(maxsize=64)
def _longest_of(checkpoint: Checkpoint, texts: tuple[str, ...]) -> int:
    # Asked for when a budget is chosen, when the run is described and when its engine is loaded.
    return max(prompt_lengths(checkpoint, texts))


def _room(job: Job) -> int:
    """Tokens that the context leaves after the longest prompt."""
    checkpoint = engines.identify(job.arm.model, job.arm.revision)
    if checkpoint.context is None:
        return sys.maxsize
    longest = _longest(job)
    room = checkpoint.context - longest
    asked = job.arm.max_tokens
    if room < (asked or 1):
        raise ConfigError(
            f"{job.arm.model} has a context of {checkpoint.context} tokens, and the longest prompt"
            f" of {job.suite.name} takes {longest}: {asked or 'no'} new tokens do not fit",
            remedy=f"give --max-tokens {room} or less" if room > 0 else "take another model",
        )
    return room


def missing_indices(job: Job, found: Run) -> dict[str, "NDArray[np.int64]"]:
    """Per problem, the indices below n that are not on disk and that this shard is to draw."""
    import numpy as np

    have = found.indices()
    asked = np.arange(job.n)
    # Whole problems of an adaptive job, for they stop.
    turn = asked if job.stop_after is None else 0 * asked
    missing = {}
    for place, problem in enumerate(job.problems):
        mine = asked[(place + turn) % job.crew.shard.count == job.crew.shard.number - 1]
        missing[problem.id] = np.setdiff1d(
            mine, have.get(problem.id, asked[:0]), assume_unique=True
        )
    return {key: indices for key, indices in missing.items() if len(indices)}


def _schedule(job: Job, found: Run) -> tuple[Schedule, int]:
    """What is left to draw, and how much of it there is at most."""
    design = job.design
    if design is None:
        missing = missing_indices(job, found)
        return Fixed(missing), sum(map(len, missing.values()))
    found.plan_looks(design)
    # Every look is decided from verdicts, so those that are missing come first.
    verify.run(found)
    looks = tuple(look for look in (found.design or design).looks if look <= job.n)
    adaptive = Adaptive(Design(design.stop_after, looks or (job.n,)), _outcomes(job, found))
    return adaptive, adaptive.open


def _outcomes(job: Job, found: Run) -> dict[str, "NDArray[np.uint8]"]:
    """Codes of the stored samples of this shard's problems; whole problems, for they stop."""
    import numpy as np

    from boundary.store.marks import CORRECT, NONE

    marks = found.marks(found.manifest.verifier, Tier.STRICT)
    mine = [p.id for place, p in enumerate(job.problems) if job.crew.shard.owns(place)]
    codes = {key: marks.of(key) for key in mine}
    return {
        key: np.select([code == NONE, code == CORRECT], [MISSING, RIGHT], WRONG).astype(np.uint8)
        for key, code in codes.items()
    }


def _draw(job: Job, found: Run, source: Source | None, progress: Progress) -> None:
    schedule, left = _schedule(job, found)
    if not left:
        return
    budget = int(found.manifest.identity["max_tokens"])
    if not job.arm.max_tokens and budget < MAX_TOKENS:
        progress.notice(f"{found.name}: {budget} new tokens per answer, the context's room")
    aloft = {
        key: p
        for key, p in found.in_flight().items()
        if p.state is not None or len(p.token_ids) < budget
    }
    session = Session.now(
        " ".join(sys.argv),
        job.n,
        shard=job.crew.shard.tag,
        continued=sum(p.is_begun for key, p in aloft.items() if schedule.may_ask(key)),
        restarted=sum(not p.is_begun for key, p in aloft.items() if schedule.may_ask(key)),
        stream=seed_of(job.seed, found.name, job.crew.shard.tag, len(found.manifest.sessions)),
    )
    is_told = engines.identify(job.arm.model, job.arm.revision).context is not None
    engine = engines.load(
        job.arm,
        stream=session.stream,
        replicas=job.crew.replicas,
        context=_longest(job) + budget if is_told else None,
    )
    with contextlib.closing(engine):
        for change in found.begin(session, engine.dtype):
            progress.notice(f"{found.name} continues with another version of {change}")
        label, total = f"sample {found.name}", job.n * len(job.problems)
        with progress.task(label, total=total, done=total - left) as advance:
            drawing = Drawing(
                run=found,
                problems=len(job.problems),
                schedule=schedule,
                request=_requests(job, engine, source),
                judge=_companion(job, found),
                capacity=engine.capacity,
                prefixes={key: p for key, p in aloft.items() if p.is_begun},
                is_alone=job.crew.shard == WHOLE,
                advance=advance,
            )
            draw = samplers.create(job.arm.sampler, job.arm.sampler_args)
            with drawing:
                decoding = _decoding(job, engine, budget)
                for sample in draw(engine, drawing.requests(), decoding, drawing):
                    drawing.take(sample)


def _companion(job: Job, found: Run) -> verify.Companion:
    name = found.manifest.verifier
    return verify.Companion(found, job.problems, verifier=name, tells=job.design is not None)


def _decoding(job: Job, engine: Engine, budget: int) -> Decoding:
    ids = (engine.token_id(text) for text in job.template.stop_tokens)
    return Decoding(
        job.arm.temperature,
        job.arm.top_p,
        budget,
        job.template.stop_strings,
        tuple(i for i in ids if i is not None),
    )


def _requests(
    job: Job, engine: Engine, source: Source | None
) -> Callable[[Key, Prefix | None], Request]:
    """A maker of requests, which renders each prompt once."""
    problems = {p.id: p for p in job.problems}
    texts = dict(zip(problems, job.rendered(), strict=True))
    channel = job.template.channel
    salt = engine.checkpoint.model_id
    if job.only is not None:
        # Chosen by what other seeds gave: the usual ones, or those of an earlier choice.
        salt += f"\0targeted\0{text_digest(sorted(job.only))}"

    @cache
    def prompt(problem_id: str) -> tuple[int, ...]:
        return tuple(engine.encode(texts[problem_id]))

    def make(key: Key, prefix: Prefix | None) -> Request:
        problem_id, index = key
        seed = seed_of(job.seed, salt, problem_id, index)
        draw = Draw(problems[problem_id], index, seed)
        if prefix is None and source is not None:
            prefix = source.prefix(key)
        return Request(draw, prompt(problem_id), channel, prefix)

    return make
