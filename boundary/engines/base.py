"""What an engine is."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from boundary.engines.checkpoint import Checkpoint
from boundary.engines.scored import Inspected, Nucleus
from boundary.records import Draw, Key, Prefix, Sample


@dataclass(frozen=True, slots=True)
class Decoding:
    """How tokens are drawn; ``max_tokens`` counts new tokens, the stop token included.

    With an ``exponent`` every sample bears a trace, whose ``log_z`` is for that exponent; an
    engine that knows only part of a next-token law reads its ``most_likely`` tokens for it.
    """

    temperature: float
    top_p: float
    max_tokens: int
    stop_strings: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    exponent: float | None = None
    most_likely: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A draw with its prompt already rendered to token ids.

    ``prefix`` is what an earlier session drew of this answer: the sample continues from it and
    holds it, in its tokens and in its log-probabilities. ``channel`` is where the template asks
    for the answer; only an engine that makes its answers up reads it. ``max_tokens`` ends this
    answer earlier than the decoding does; it counts the prefix, too.
    """

    draw: Draw
    prompt_ids: tuple[int, ...]
    channel: str = "boxed"
    prefix: Prefix | None = None
    max_tokens: int | None = None

    @property
    def key(self) -> Key:
        """The sample's problem and index."""
        return self.draw.problem.id, self.draw.index

    @property
    def prefix_ids(self) -> tuple[int, ...]:
        """The tokens drawn before, mostly none."""
        return tuple(self.prefix.token_ids) if self.prefix else ()


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What an engine is made from; ``None`` leaves a choice to the engine.

    ``options`` are arguments of the library behind the engine, by its own names. ``seeds`` is
    ``request`` for a seed per sample or ``engine`` for the library's own stream, begun at
    ``stream``. ``context`` is the length of the longest prompt and answer together, where known.
    ``scores`` says that it is loaded to score answers and not to draw any.
    """

    model: str
    revision: str | None = None
    dtype: str | None = None
    batch_size: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    logprobs: bool = True
    seeds: str = "request"
    stream: int = 0
    context: int | None = None
    scores: bool = False


class Watch(Protocol):
    """The caller's side of a generation, which an engine calls between two steps."""

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        """Called when every finished sample has been taken; may raise to end the generation.

        ``in_flight`` tells what the unfinished answers hold by now.
        """
        ...

    def cancelled(self) -> Collection[Key]:
        """Samples no longer wanted, told once; the engine drops those it works on."""
        ...


class _Unwatched:
    """Lets an engine work undisturbed."""

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        """See Watch.beat."""

    def cancelled(self) -> Collection[Key]:
        """See Watch.cancelled."""
        return ()


UNWATCHED = _Unwatched()


class Feed:
    """Takes requests as an engine has room; ``None`` among them means: none at present."""

    def __init__(self, requests: Iterable[Request | None]) -> None:
        self._waiting = iter(requests)
        self.is_empty = False

    def take(self, most: int) -> list[Request]:
        """Up to ``most`` requests; ``is_empty`` is set once there will be no more."""
        taken: list[Request] = []
        while len(taken) < most and not self.is_empty:
            try:
                request = next(self._waiting)
            except StopIteration:
                self.is_empty = True
                break
            if request is None:
                break
            taken.append(request)
        return taken


class Engine(Protocol):
    """Turns requests into samples; knows nothing of files, and of right answers only if fake.

    ``capacity`` is the number of requests it works on at once.
    """

    name: str
    dtype: str
    checkpoint: Checkpoint
    capacity: int

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        """Token ids of a rendered prompt, special tokens as the template wrote them.

        Where the tokenizer opens a text with a token of its own, it does so if ``start``.
        """
        ...

    def token_id(self, text: str) -> int | None:
        """The id of a single special token, or ``None`` where the vocabulary lacks it."""
        ...

    def generate(
        self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch = UNWATCHED
    ) -> Iterator[Sample]:
        """Yield one sample per request as it finishes, in any order.

        Requests are taken lazily, so a caller may stop at any moment; ``None`` among them means
        that there is none at present. After an :class:`EngineError` those yielded stand.
        """
        ...

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> Iterator[list[float]]:
        """Yield, in order, the raw log-probability (nats) of each token of each answer."""
        ...

    def inspect(
        self,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
        nucleus: Nucleus,
    ) -> Iterator[Inspected]:
        """Yield, in order, what else the model says of each answer's tokens."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...
