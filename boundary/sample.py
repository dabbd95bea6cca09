"""The ``sample`` stage: draws what a run still lacks, and has it judged as it goes."""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boundary import engines, prompts, samplers, verifiers, verify
from boundary.config import MAX_TOKENS, ArmSettings
from boundary.engines import Decoding, Engine, Request
from boundary.engines.checkpoint import prompt_lengths
from boundary.errors import ConfigError
from boundary.progress import SILENT, Progress
from boundary.prompts import Template
from boundary.records import Draw, Finish, Problem, Sample
from boundary.store import Manifest, Run, Session, StoredProblem
from boundary.store.files import Folder
from boundary.suites import Suite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FLUSH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """One arm on one suite: ``n`` samples for each of the suite's first ``limit`` problems."""

    arm: ArmSettings
    suite: Suite
    n: int
    results: Folder
    limit: int | None = None
    seed: int = 0
    max_tokens: int | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems asked."""
        return self.suite.problems[: self.limit]

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


def run(job: Job, *, progress: Progress = SILENT) -> Run:
    """Draw every sample of the job that is not on disk yet, and judge it.

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
    with folder.locked():
        found = Run.create(folder, manifest, stored)
        for name in found.mend():
            progress.notice(f"a damaged part of {found.name} was set aside as {name}")
        missing = missing_indices(job, found)
        if missing:
            _draw(job, found, missing, progress)
        verify.run(found, progress=progress)
    return found


def check(job: Job) -> None:
    """Refuse a job whose names mean nothing, before anything is written.

    Raises:
        ConfigError: No template or sampler is named so, or the engine does not run the model.
        EngineError: No engine is named so.
        VerifierError: No verifier is named so.
    """
    prompts.get(job.arm.template or job.suite.template)
    samplers.get(job.arm.sampler)
    verifiers.create(job.suite.verifier).close()
    engines.require(job.engine)
    own = engines.default_engine(job.arm.model)
    if "fake" in (job.engine, own) and job.engine != own:
        raise ConfigError(
            f"the engine {job.engine!r} does not run {job.arm.model}",
            remedy=f"use --engine {own} for it, or none",
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
    }
    return stored, Manifest(identity, job.suite.verifier)


def text_digest(texts: Iterable[str]) -> str:
    """Hash of texts in order, each framed by its length."""
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def token_budget(jobs: Sequence[Job]) -> int:
    """New tokens allowed to all of the jobs alike when none is asked for explicitly.

    It is 16,384, or the smallest room that a context leaves after its longest prompt.

    Raises:
        ConfigError: An explicit budget does not fit a context, or a prompt leaves no room.
    """
    return min(MAX_TOKENS, *(_room(job) for job in jobs))


def _room(job: Job) -> int:
    """Tokens that the context leaves after the longest prompt."""
    checkpoint = engines.identify(job.arm.model, job.arm.revision)
    if checkpoint.context is None:
        return sys.maxsize
    longest = max(prompt_lengths(checkpoint, job.rendered()))
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
    """Per problem, the indices below n that are not on disk."""
    import numpy as np

    have = found.indices()
    asked = np.arange(job.n)
    missing = {
        p.id: np.setdiff1d(asked, have.get(p.id, asked[:0]), assume_unique=True)
        for p in job.problems
    }
    return {key: indices for key, indices in missing.items() if len(indices)}


def _draw(
    job: Job, found: Run, missing: Mapping[str, "NDArray[np.int64]"], progress: Progress
) -> None:
    budget = int(found.manifest.identity["max_tokens"])
    if not job.arm.max_tokens and budget < MAX_TOKENS:
        progress.notice(f"{found.name}: {budget} new tokens per answer, the context's room")
    engine = engines.load(job.arm)
    for change in found.begin(Session.now(" ".join(sys.argv), job.n), engine.dtype):
        progress.notice(f"{found.name} continues with another version of {change}")
    decoding = _decoding(job, engine, budget)
    requests = _requests(job, engine, missing)
    samples = samplers.get(job.arm.sampler)(engine, requests, decoding)
    _store(job, found, samples, sum(map(len, missing.values())), progress)
    engine.close()


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
    job: Job, engine: Engine, missing: Mapping[str, "NDArray[np.int64]"]
) -> Iterator[Request]:
    """Requests problem by problem, so that an engine can share the pass over a prompt."""
    model_id = engine.checkpoint.model_id
    for problem, text in zip(job.problems, job.rendered(), strict=True):
        if problem.id not in missing:
            continue
        ids = tuple(engine.encode(text))
        for index in missing[problem.id].tolist():
            seed = seed_of(job.seed, model_id, problem.id, index)
            yield Request(Draw(problem, index, seed), ids, job.template.channel)


def _store(job: Job, found: Run, samples: Iterator[Sample], total: int, progress: Progress) -> None:
    """Write samples as they come, and have what is on disk judged beside."""
    asked = job.n * len(job.problems)
    writer = found.sample_writer(max_seconds=_FLUSH_SECONDS)
    judge = verify.Companion(found, job.problems, verifier=found.manifest.verifier)
    tally = _Tally()
    done = False
    try:
        label = f"sample {found.name}"
        with progress.task(label, total=asked, done=asked - total) as advance:
            for sample in samples:
                tally.add(sample)
                judge.take(writer.add(sample))
                advance(1, tally.line(judge))
        done = True
    finally:
        try:
            judge.take(writer.flush())
        finally:
            judge.finish(drain=done)


@dataclass(slots=True)
class _Tally:
    """What the progress line tells."""

    samples: int = 0
    tokens: int = 0
    truncated: int = 0

    def add(self, sample: Sample) -> None:
        self.samples += 1
        self.tokens += sample.n_tokens or 0
        self.truncated += sample.finish is Finish.LENGTH

    def line(self, judge: verify.Companion) -> str:
        solved = f", {judge.correct / judge.judged:.1%} right" if judge.judged else ""
        return f"{self.tokens:,} tokens, {self.truncated / self.samples:.1%} cut{solved}"
