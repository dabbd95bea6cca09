"""Independent draws: each sample is one request."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boundary.engines import UNWATCHED, Decoding, Engine, Request, Watch
from boundary.records import Sample
from boundary.samplers.base import require_known


class Plain:
    """Draws each sample on its own, from the tempered and nucleus-cut law of the decoding."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        require_known("plain", arguments, ())

    def settings(self, decoding: Decoding) -> Mapping[str, Any]:
        """See Sampler.settings."""
        return {}

    def __call__(
        self,
        engine: Engine,
        requests: Iterable[Request | None],
        decoding: Decoding,
        watch: Watch = UNWATCHED,
    ) -> Iterator[Sample]:
        """See Sampler."""
        yield from engine.generate(requests, decoding, watch)
