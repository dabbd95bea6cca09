"""A key-value cache of independent rows, and the loop that keeps every row busy.

A row belongs to one request and writes at its own position, so rows of different lengths share
a batch without padding. A finished row is filled by the last one, so the batch holds live rows
only; free rows are given to waiting requests, whose prompts are prefilled once per distinct
prompt.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boundary.engines.base import (
    UNWATCHED,
    Decoding,
    Feed,
    Request,
    Watch,
)
from boundary.engines.draw import draw_tokens
from boundary.records import Key, Prefix, Trace

if TYPE_CHECKING:
    import torch

_PREFILL_TOKENS = 16_384
"""Prompt tokens in one prefill pass: bounds its activations."""
_REFILL_SHARE = 8
"""Waiting requests enter when at least 1/8 of the rows are free: one prefill pass for many."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The tokens of one finished row, the stop token included, and their log-probabilities."""

    request: Request
    token_ids: list[int]
    logprob: float
    draw_logprob: float
    stopped: bool
    trace: Trace | None = None


class SlotCache:
    """Keys and values of up to ``rows`` sequences, each written at its own position.

    It stands in for a transformers cache while one token per row is decoded: a layer's
    ``update`` writes the new column of every live row and returns a view of the first
    ``window`` columns. Room for ``columns`` positions is taken at once, more when it is needed.
    """

    def __init__(self, rows: int, columns: int = 0) -> None:
        self.rows = rows
        self.columns = columns
        self.keys: dict[int, torch.Tensor] = {}
        self.values: dict[int, torch.Tensor] = {}
        self.positions: torch.Tensor | None = None
        self.row_ids: torch.Tensor | None = None
        self.window = 0

    is_compileable = False
    is_sliding = (False,)

    def update(
        self, keys: "torch.Tensor", values: "torch.Tensor", layer: int, *_: Any, **__: Any
    ) -> tuple["torch.Tensor", "torch.Tensor"]:
        """Write one token of every live row; return the (rows, heads, window, size) views."""
        all_keys, all_values = self.keys[layer], self.values[layer]
        all_keys[self.row_ids, :, self.positions] = keys[:, :, 0]
        all_values[self.row_ids, :, self.positions] = values[:, :, 0]
        live = keys.shape[0]
        return all_keys[:live, :, : self.window], all_values[:live, :, : self.window]

    def get_seq_length(self, layer: int = 0) -> int:
        """Columns in use, the new token's not counted."""
        return self.window - 1

    def reserve(self, layer: int, like: "torch.Tensor", columns: int) -> None:
        """Make room for ``columns`` positions in a layer; ``like`` is (_, heads, _, size)."""
        for store in (self.keys, self.values):
            old = store.get(layer)
            if old is not None and old.shape[2] >= columns:
                continue
            # Doubling keeps the copies' total cost in proportion to the longest answer.
            least = self.columns if old is None else 2 * old.shape[2]
            room = max(columns, least)
            new = like.new_zeros((self.rows, like.shape[1], room, like.shape[3]))
            if old is not None:
                new[:, :, : old.shape[2]] = old
            store[layer] = new

    def fill(
        self, layer: int, rows: "torch.Tensor", keys: "torch.Tensor", values: "torch.Tensor"
    ) -> None:
        """Store prompts: ``keys`` and ``values`` are (len(rows), heads, prompt, size)."""
        self.reserve(layer, keys, keys.shape[2])
        for store, new in ((self.keys, keys), (self.values, values)):
            store[layer][rows, :, : new.shape[2]] = new
        # A row may be moved before the next step, with all of its prompt.
        self.window = max(self.window, keys.shape[2])

    def grow(self, columns: int) -> None:
        """Make room for ``columns`` positions in every layer."""
        for layer, keys in self.keys.items():
            self.reserve(layer, keys, columns)

    def move(self, source: "torch.Tensor", target: "torch.Tensor") -> None:
        """Copy whole rows, over the columns in use."""
        for store in (self.keys, self.values):
            for tensor in store.values():
                tensor[target, :, : self.window] = tensor[source, :, : self.window]


class Batch:
    """Live rows of one model, decoded in step.

    Args:
        model: A transformers causal language model with full attention in every layer.
        decoding: How tokens are drawn.
        stop_ids: Token ids that end an answer.
        rows: Largest number of live rows.
        columns: Positions to take room for at once, where memory is counted in advance.
    """

    def __init__(
        self,
        model: Any,
        decoding: Decoding,
        stop_ids: Iterable[int],
        rows: int,
        columns: int = 0,
    ) -> None:
        import torch

        self._torch = torch
        self._model = model
        self._decoding = decoding
        self._device = model.device
        self._stop_ids = torch.tensor(sorted(stop_ids), device=self._device, dtype=torch.long)
        self._cache = SlotCache(rows, columns)
        self._requests: list[Request] = []
        self._tokens = torch.zeros((rows, 64), dtype=torch.long, device=self._device)
        self._lengths = self._zeros(rows)
        self._drawn = self._zeros(rows)
        self._seeds = self._zeros(rows)
        self._sums = torch.zeros((rows, 2), dtype=torch.float64, device=self._device)
        self._limits = self._zeros(rows)
        # Position by position: raw, under the law drawn from, normaliser of the exponent.
        deep = 64 if decoding.exponent is not None else 0
        self._traces = torch.zeros((rows, deep, 3), dtype=torch.float64, device=self._device)

    def _zeros(self, rows: int) -> "torch.Tensor":
        return self._torch.zeros(rows, dtype=self._torch.long, device=self._device)

    @property
    def live(self) -> int:
        """Rows that are still being drawn."""
        return len(self._requests)

    @property
    def free(self) -> int:
        """Rows that could take a request."""
        return self._cache.rows - self.live

    def add(self, requests: list[Request]) -> None:
        """Prefill the requests' prompts and draw their first tokens."""
        for chunk in _prefill_chunks(requests):
            self._prefill(chunk)

    def _prefill(self, requests: list[Request]) -> None:
        torch = self._torch
        contexts = [r.prompt_ids + r.prefix_ids for r in requests]
        prompts = list(dict.fromkeys(contexts))
        longest = max(map(len, prompts))
        ids = torch.zeros((len(prompts), longest), dtype=torch.long, device=self._device)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt)] = torch.tensor(prompt)
        # Padding stands on the right, where a causal mask hides it from every real token.
        out = self._model(input_ids=ids, use_cache=True)
        where = {prompt: row for row, prompt in enumerate(prompts)}
        source = torch.tensor([where[context] for context in contexts], device=self._device)
        lengths = torch.tensor([len(context) for context in contexts], device=self._device)
        rows = torch.arange(self.live, self.live + len(requests), device=self._device)
        for layer, kv in enumerate(out.past_key_values.layers):
            self._cache.fill(layer, rows, kv.keys[source], kv.values[source])
        self._enter(requests, rows, lengths)
        self._take(rows, out.logits[source, lengths - 1])

    def _enter(
        self, requests: list[Request], rows: "torch.Tensor", lengths: "torch.Tensor"
    ) -> None:
        self._requests.extend(requests)
        self._lengths[rows] = lengths
        self._drawn[rows] = 0
        self._sums[rows] = 0.0
        seeds = [r.draw.seed for r in requests]
        self._seeds[rows] = self._torch.tensor(seeds, device=self._device)
        limits = [r.max_tokens or self._decoding.max_tokens for r in requests]
        self._limits[rows] = self._torch.tensor(limits, device=self._device)
        for row, request in zip(rows.tolist(), requests, strict=True):
            if request.prefix:
                self._recall(row, request.prefix)

    def _recall(self, row: int, prefix: Prefix) -> None:
        """Put a row where an earlier session left its answer."""
        count = len(prefix.token_ids)
        self._widen(count)
        self._tokens[row, :count] = self._torch.tensor(list(prefix.token_ids))
        self._drawn[row] = count
        unknown = float("nan")
        self._sums[row, 0] = unknown if prefix.logprob is None else prefix.logprob
        self._sums[row, 1] = unknown if prefix.draw_logprob is None else prefix.draw_logprob

    def _widen(self, count: int) -> None:
        """Make room for one token after ``count`` of them."""
        while count >= self._tokens.shape[1]:
            self._tokens = self._doubled(self._tokens)
            self._traces = self._doubled(self._traces)

    def _doubled(self, columns: "torch.Tensor") -> "torch.Tensor":
        return self._torch.cat([columns, self._torch.zeros_like(columns)], 1)

    def _take(self, rows: "torch.Tensor", logits: "torch.Tensor") -> None:
        """Draw one token for each of ``rows`` from its (len(rows), vocabulary) logits."""
        drawn = self._drawn[rows]
        tokens, logprobs = draw_tokens(logits, self._seeds[rows], drawn, self._decoding)
        self._widen(int(drawn.max()))
        self._tokens[rows, drawn] = tokens
        if self._decoding.exponent is not None:
            self._traces[rows, drawn] = logprobs
        self._sums[rows] += logprobs[:, :2]
        self._drawn[rows] += 1

    def step(self) -> None:
        """Draw the next token of every live row."""
        torch, live = self._torch, self.live
        rows = torch.arange(live, device=self._device)
        last = self._tokens[rows, self._drawn[:live] - 1]
        positions = self._lengths[:live].clone()
        window = int(positions.max()) + 1
        cache = self._cache
        cache.grow(window)
        cache.row_ids, cache.positions, cache.window = rows, positions, window
        mask = torch.arange(window, device=self._device) <= positions[:, None]
        out = self._model(
            input_ids=last[:, None],
            attention_mask=mask[:, None, None, :],
            position_ids=positions[:, None],
            past_key_values=cache,
            use_cache=True,
        )
        self._lengths[:live] += 1
        self._take(rows, out.logits[:, -1])

    def finished(self) -> "torch.Tensor":
        """(live,) bool: rows whose last token is a stop token or the last one allowed."""
        live = self.live
        rows = self._torch.arange(live, device=self._device)
        last = self._tokens[rows, self._drawn[:live] - 1]
        stopped = self._torch.isin(last, self._stop_ids)
        return stopped | (self._drawn[:live] >= self._limits[:live])

    def tail(self, row: int, count: int) -> list[int]:
        """The last ``count`` drawn tokens of a row."""
        drawn = int(self._drawn[row])
        tokens: list[int] = self._tokens[row, max(0, drawn - count) : drawn].tolist()
        return tokens

    def tokens(self, row: int) -> list[int]:
        """All drawn tokens of a row."""
        return self.tail(row, int(self._drawn[row]))

    def remove(self, done: "torch.Tensor") -> list[Drawn]:
        """Take the rows of the (live,) bool mask out and close the gaps they leave."""
        out = self._collect(done.nonzero()[:, 0].tolist())
        keep = self.live - len(out)
        holes = done[:keep].nonzero()[:, 0]
        movers = (~done[keep:]).nonzero()[:, 0] + keep
        if len(holes):
            self._cache.move(movers, holes)
            for tensor in self._columns():
                tensor[holes] = tensor[movers]
            for hole, mover in zip(holes.tolist(), movers.tolist(), strict=True):
                self._requests[hole] = self._requests[mover]
        del self._requests[keep:]
        return out

    def _columns(self) -> tuple["torch.Tensor", ...]:
        """What is known of each row."""
        return (
            *(self._tokens, self._lengths, self._drawn, self._seeds, self._sums),
            *(self._limits, self._traces),
        )

    def drop(self, keys: Collection[Key]) -> None:
        """Leave off the answers of these keys."""
        if keys and self._requests:
            doomed = [request.key in keys for request in self._requests]
            if any(doomed):
                self.remove(self._torch.tensor(doomed, device=self._device))

    def in_flight(self) -> list[Prefix]:
        """What every live row holds by now."""
        return [
            Prefix(*d.request.key, d.token_ids, d.logprob, d.draw_logprob)
            for d in self._collect(list(range(self.live)))
        ]

    def _collect(self, rows: list[int]) -> list[Drawn]:
        index = self._torch.tensor(rows, device=self._device, dtype=self._torch.long)
        counts = self._drawn[index].tolist()
        tokens = self._tokens[index, : max(counts, default=0)].tolist()
        sums = self._sums[index].tolist()
        stops = set(self._stop_ids.tolist())
        return [
            Drawn(
                self._requests[row],
                ids[:count],
                raw,
                own,
                stopped=ids[count - 1] in stops,
                trace=self._trace(row, count),
            )
            for row, ids, count, (raw, own) in zip(rows, tokens, counts, sums, strict=True)
        ]

    def _trace(self, row: int, count: int) -> Trace | None:
        if self._decoding.exponent is None:
            return None
        start = len(self._requests[row].prefix_ids)
        return Trace(*self._traces[row, start:count].T.tolist())


def _prefill_chunks(requests: list[Request]) -> Iterator[list[Request]]:
    """Split requests so that the distinct prompts of each chunk fit one prefill pass."""
    chunk: list[Request] = []
    prompts: set[tuple[int, ...]] = set()
    longest = 0
    for request in requests:
        context = request.prompt_ids + request.prefix_ids
        length = max(longest, len(context))
        if chunk and length * len(prompts | {context}) > _PREFILL_TOKENS:
            yield chunk
            chunk, prompts, length = [], set(), len(context)
        chunk.append(request)
        prompts.add(context)
        longest = length
    if chunk:
        yield chunk


def drive(
    batch: Batch,
    requests: Iterable[Request | None],
    ends: Any = None,
    watch: Watch = UNWATCHED,
) -> Iterator[Drawn]:
    """Yield every request's tokens as its row finishes.

    Args:
        batch: An empty batch.
        requests: Taken lazily, as rows become free.
        ends: Called with the batch after each step; returns a further (live,) bool mask of
            rows to end, or ``None``.
        watch: Called after each step.
    """
    import torch

    feed = Feed(requests)
    while batch.live or not feed.is_empty:
        # The mode must not reach the caller while this generator is suspended.
        with torch.inference_mode():
            batch.drop(watch.cancelled())
            done = _advance(batch, feed, ends)
        yield from done
        watch.beat(batch.in_flight)


def _advance(batch: Batch, feed: Feed, ends: Any) -> list[Drawn]:
    """Let waiting requests in, or draw one token for every row."""
    if batch.free * _REFILL_SHARE >= batch.free + batch.live:
        entering = feed.take(batch.free)
        if entering:
            batch.add(entering)
            return _leave(batch, ends)
    if not batch.live:
        return []
    batch.step()
    return _leave(batch, ends)


def _leave(batch: Batch, ends: Any) -> list[Drawn]:
    done = batch.finished()
    if ends is not None:
        done = done | ends(batch)
    return batch.remove(done) if bool(done.any()) else []
