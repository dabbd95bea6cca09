"""Independent draws: each sample is one request."""

from collections.abc import Iterable, Iterator

from boundary.engines import UNWATCHED, Decoding, Engine, Request, Watch
from boundary.records import Sample


def draw_plain(
    engine: Engine,
    requests: Iterable[Request | None],
    decoding: Decoding,
    watch: Watch = UNWATCHED,
) -> Iterator[Sample]:
    """Draw each request on its own, from the tempered and nucleus-cut law of the decoding."""
    yield from engine.generate(requests, decoding, watch)
