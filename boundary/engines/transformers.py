"""The transformers engine: batched sampling with a key-value cache, on CPU or GPU."""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from boundary.engines.base import UNWATCHED, Decoding, EngineConfig, Request, Watch
from boundary.engines.checkpoint import Checkpoint, locate
from boundary.engines.score import Scorer
from boundary.engines.scored import Inspected, Nucleus
from boundary.engines.slots import Batch, Drawn, drive
from boundary.engines.tokenizer import Tokenizer
from boundary.errors import EngineError, PackageError
from boundary.prompts import find_stop
from boundary.records import Finish, Sample

if TYPE_CHECKING:
    import torch

_BATCH_CPU, _BATCH_GPU = 1024, 128
"""Live rows at most unless told: a small model on a CPU is bound by overhead per step."""
_PROMPT_ROOM = 1024
"""Positions kept for a prompt when rows are counted; a longer one makes the cache grow."""
_CACHE_SHARE = 0.8
"""Share of a GPU's free memory given to the cache; the rest is for activations."""
_CPU_SHARE = 0.25
"""The same of a machine's memory, which others use too."""
_TAIL_TOKENS = 24
"""Tokens decoded again at each step to find a stop string that spans several."""


class TransformersEngine:
    """Samples from a transformers causal language model.

    Rows of one problem share the pass over its prompt; a finished row's place is taken by the
    next request (:mod:`boundary.engines.slots`).
    """

    name = "transformers"

    def __init__(self, config: EngineConfig) -> None:
        self.checkpoint: Checkpoint = locate(config.model, config.revision)
        torch, transformers = _import()
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        default = "auto" if self._device == "cuda" else "float32"
        self.dtype = config.dtype or default
        _require_dtype(torch, self.dtype)
        self._rows = config.batch_size
        self.capacity = self._rows or (_BATCH_GPU if self._device == "cuda" else _BATCH_CPU)
        self._tokenizer, self._model = self._load(transformers, config)
        self.dtype = str(self._model.dtype).removeprefix("torch.")
        self._end_ids = set(self.checkpoint.eos_token_ids)
        if self._tokenizer.end_id is not None:
            self._end_ids.add(self._tokenizer.end_id)

    def _load(self, transformers: Any, config: EngineConfig) -> tuple[Tokenizer, Any]:
        where = str(self.checkpoint.path) if not self.checkpoint.revision else config.model
        options: dict[str, Any] = {"revision": self.checkpoint.revision}
        from safetensors import SafetensorError

        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(where, **options)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                where, dtype=self.dtype, attn_implementation="sdpa", **options
            )
        # Weights of another shape than the configuration says end in a RuntimeError.
        except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
            raise EngineError(
                f"transformers cannot load {config.model} ({_first_line(error)})",
                remedy="check that the folder holds a causal language model and its tokenizer",
            ) from error
        _require_full_attention(config.model, model.config.get_text_config())
        return Tokenizer(tokenizer), model.to(self._device).eval()

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        """See Engine.encode."""
        return self._tokenizer.encode(text, start=start)

    def token_id(self, text: str) -> int | None:
        """See Engine.token_id."""
        return self._tokenizer.token_id(text)

    def generate(
        self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch = UNWATCHED
    ) -> Iterator[Sample]:
        """See Engine.generate."""
        stop_ids = self._end_ids | set(decoding.stop_token_ids)
        if not stop_ids:
            raise EngineError(
                f"{self.checkpoint.model_id} names no end token",
                remedy="set eos_token_id in its config.json",
            )
        rows, columns = self._room(decoding)
        batch = Batch(self._model, decoding, stop_ids, rows, columns)
        ends = self._stop_strings(decoding) if decoding.stop_strings else None
        try:
            for drawn in drive(batch, requests, ends, watch):
                yield self._sample(drawn, decoding, stop_ids)
        except self._torch.OutOfMemoryError as error:
            raise EngineError(
                f"{self.checkpoint.model_id} ran out of memory with {rows} rows in a batch",
                remedy=f"give a batch size of {max(1, rows // 2)} or less, or fewer new tokens;"
                " all finished samples are stored",
            ) from error

    def _room(self, decoding: Decoding) -> tuple[int, int]:
        """Live rows, and positions per row to take at once (0: grow as needed).

        Every row must have room for the longest answer allowed: a batch that runs out of memory
        hours later would lose what is in flight.
        """
        columns = decoding.max_tokens + _PROMPT_ROOM
        if self._device == "cuda":
            free, most = _CACHE_SHARE * self._torch.cuda.mem_get_info()[0], _BATCH_GPU
        else:
            free, most = _CPU_SHARE * _free_bytes(), _BATCH_CPU
        fitting = int(free) // (columns * self._bytes_per_token())
        rows = self._rows or max(1, min(most, fitting))
        return rows, columns if self._device == "cuda" else 0

    def _bytes_per_token(self) -> int:
        """Bytes of keys and values that one position takes in all layers."""
        config = self._model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return int(2 * config.num_hidden_layers * heads * size * self._model.dtype.itemsize)

    def _stop_strings(self, decoding: Decoding) -> Any:
        def ends(batch: Batch) -> "torch.Tensor":
            tails = [batch.tail(row, _TAIL_TOKENS) for row in range(batch.live)]
            texts = self._tokenizer.decode_raw(tails)
            # The tail may begin in mid-line: a match there is confirmed on the whole text.
            hits = [
                _may_hold(text, decoding.stop_strings)
                and find_stop(self._text(batch.tokens(row)), decoding.stop_strings) is not None
                for row, text in enumerate(texts)
            ]
            mask: torch.Tensor = self._torch.tensor(hits, device=self._device)
            return mask

        return ends

    def _text(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(ids)

    def _sample(self, drawn: Drawn, decoding: Decoding, stop_ids: set[int]) -> Sample:
        text = self._text(drawn.token_ids)
        finish = Finish.STOP if drawn.stopped else Finish.LENGTH
        if not drawn.stopped and decoding.stop_strings:
            end = find_stop(text, decoding.stop_strings)
            if end is not None:
                text, finish = text[:end], Finish.STOP_STRING
        draw = drawn.request.draw
        return Sample(
            problem_id=draw.problem.id,
            index=draw.index,
            seed=draw.seed,
            text=text,
            token_ids=drawn.token_ids,
            n_tokens=len(drawn.token_ids),
            finish=finish,
            logprob=_told(drawn.logprob),
            draw_logprob=_told(drawn.draw_logprob),
            trace=drawn.trace,
        )

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> Iterator[list[float]]:
        """See Engine.score; neighbours share a pass, so sort by length before calling."""
        yield from self._scorer.logprobs(zip(prompts, answers, strict=True))

    def inspect(
        self,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
        nucleus: Nucleus,
    ) -> Iterator[Inspected]:
        """See Engine.inspect; neighbours share a pass, so sort by length before calling."""
        yield from self._scorer.inspect(zip(prompts, answers, strict=True), nucleus)

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self._model)

    def close(self) -> None:
        """See Engine.close."""
        self.__dict__.pop("_scorer", None)
        del self._model


def _import() -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise PackageError(
            "the transformers engine needs torch and transformers",
            remedy="pip install torch transformers",
        ) from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return torch, transformers


def _require_dtype(torch: Any, name: str) -> None:
    if name != "auto" and not isinstance(getattr(torch, name, None), torch.dtype):
        raise EngineError(f"no dtype {name!r}", remedy="give float32, bfloat16 or float16")


def _free_bytes() -> int:
    """Memory that the machine has free."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def _require_full_attention(model: str, config: Any) -> None:
    """Refuse a model whose layers look back only so far: the cache shows them everything."""
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    window = getattr(config, "sliding_window", None) if "layer_types" not in config else None
    if kinds != {"full_attention"} or window:
        found = f"a sliding window of {window}" if window else ", ".join(sorted(kinds))
        raise EngineError(
            f"{model} has layers other than full attention ({found})",
            remedy="use --engine vllm, which keeps each layer's window",
        )


def _told(logprob: float) -> float | None:
    """``None`` where a prefix came without its log-probability."""
    return None if math.isnan(logprob) else logprob


def _may_hold(tail: str, stops: Sequence[str]) -> bool:
    return any(stop.strip() in tail for stop in stops)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
