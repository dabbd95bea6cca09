"""What an engine is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from boundary.engines.checkpoint import Checkpoint
from boundary.records import Draw, Sample


@dataclass(frozen=True, slots=True)
class Decoding:
    """How tokens are drawn; ``max_tokens`` counts new tokens, the stop token included."""

    temperature: float
    top_p: float
    max_tokens: int
    stop_strings: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A draw with its prompt already rendered to token ids.

    ``channel`` is where the template asks for the answer; only an engine that makes its answers
    up reads it.
    """

    draw: Draw
    prompt_ids: tuple[int, ...]
    channel: str = "boxed"


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What an engine is made from; ``None`` leaves a choice to the engine."""

    model: str
    revision: str | None = None
    dtype: str | None = None
    batch_size: int | None = None


class Engine(Protocol):
    """Turns requests into samples; knows nothing of files, and of right answers only if fake."""

    name: str
    dtype: str
    checkpoint: Checkpoint

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        """Token ids of a rendered prompt, special tokens as the template wrote them.

        Where the tokenizer opens a text with a token of its own, it does so if ``start``.
        """
        ...

    def token_id(self, text: str) -> int | None:
        """The id of a single special token, or ``None`` where the vocabulary lacks it."""
        ...

    def generate(self, requests: Iterable[Request], decoding: Decoding) -> Iterator[Sample]:
        """Yield one sample per request as it finishes, in any order.

        Requests are taken lazily, so a caller may stop at any moment; after an
        :class:`EngineError` those yielded stand.
        """
        ...

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> Iterator[list[float]]:
        """Yield, in order, the raw log-probability (nats) of each token of each answer."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...
