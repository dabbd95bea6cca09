"""Independent draws: each sample is one request."""

from collections.abc import Iterable, Iterator

from boundary.engines import Decoding, Engine, Request
from boundary.records import Sample


def draw_plain(engine: Engine, requests: Iterable[Request], decoding: Decoding) -> Iterator[Sample]:
    """Draw each request on its own, from the tempered and nucleus-cut law of the decoding."""
    yield from engine.generate(requests, decoding)
