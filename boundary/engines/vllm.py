"""The vllm engine: vLLM's own request queue, kept full, each sample leaving as it finishes.

Not ``LLM.generate``: that returns when the slowest answer of all is done, and keeps every answer
until then.

With ``seeds="engine"`` the samples come from vLLM's own stream of random numbers. Which of its
numbers a sample used depends on all that was drawn beside it, so a sample's ``seed`` is then the
stream's own, the same for the whole session, and cannot draw it again.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from boundary.engines.base import UNWATCHED, Decoding, EngineConfig, Feed, Request, Watch
from boundary.engines.checkpoint import Checkpoint, locate
from boundary.engines.core import Core, import_vllm
from boundary.engines.flight import Flight, Law
from boundary.engines.score import margin
from boundary.engines.scored import Inspected, Nucleus
from boundary.engines.tokenizer import Tokenizer
from boundary.engines.topn import Top
from boundary.errors import ConfigError, EngineError
from boundary.records import Sample

_WAITING_SHARE = 0.25
"""Requests that wait in vLLM's queue beyond those that it works on, as a share of these."""
_SEED_BITS = 32
"""numpy, which vLLM seeds with the engine's seed, takes no more."""
_COOLEST = 0.01
"""vLLM raises lower temperatures to this one, except 0."""
_LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
_CPU_CACHE_BYTES = 2 << 30
_CPU_BATCH_TOKENS = 16_384
_CPU_SEQUENCES = 256
_LEAST_PREFILL, _PREFILL_LOGITS = 512, 1 << 28
"""Tokens that vLLM prefills at once when it scores, at the least; logits, about, at the most."""
_RESERVED = {
    "model": "name the model itself",
    "tokenizer": "put the tokenizer into the model's folder",
    "revision": "give the arm's revision",
    "dtype": "give the arm's dtype",
    "seed": "give the run's seed",
    "generation_config": "give temperature and top_p: nothing else is taken from a model",
    "logprobs_mode": "log-probabilities are raw",
    "skip_tokenizer_init": "leave it out",
}
"""Arguments of vLLM that the run decides, with the way to say the same."""


class VllmEngine:
    """Samples through vLLM, on a GPU or with its build for CPUs.

    ``options`` are vLLM's ``EngineArgs``, and ``lora_path``, a folder with an adapter.
    """

    name = "vllm"

    def __init__(self, config: EngineConfig) -> None:
        self.checkpoint: Checkpoint = locate(config.model, config.revision)
        vllm = import_vllm()
        self._params = vllm.SamplingParams
        self._config = config
        arguments = _arguments(vllm, config, self.checkpoint)
        self._tokenizer = self._load_tokenizer(arguments)
        adapter = config.options.get("lora_path")
        self._core = Core(arguments, config.model, _lora_request(adapter) if adapter else None)
        self.dtype = str(self._core.config.model_config.dtype).removeprefix("torch.")
        self.capacity = int(self._core.config.scheduler_config.max_num_seqs)
        self._context = int(self._core.config.model_config.max_model_len)
        self._end_ids = set(self.checkpoint.eos_token_ids)
        if self._tokenizer.end_id is not None:
            self._end_ids.add(self._tokenizer.end_id)

    def _load_tokenizer(self, arguments: dict[str, Any]) -> Tokenizer:
        import transformers

        trusted = bool(arguments.get("trust_remote_code"))
        try:
            return Tokenizer(
                transformers.AutoTokenizer.from_pretrained(
                    arguments["model"], revision=arguments["revision"], trust_remote_code=trusted
                )
            )
        except (OSError, ValueError, ImportError, KeyError) as error:
            raise EngineError(
                f"the tokenizer of {self.checkpoint.model_id} cannot be read ({error})",
                remedy="copy tokenizer.json and tokenizer_config.json anew",
            ) from error

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
        flight = self._flight(decoding)
        feed = Feed(requests)
        room = self.capacity + max(1, int(_WAITING_SHARE * self.capacity))
        try:
            while flight.live or not feed.is_empty:
                flight.drop(watch.cancelled())
                for request in feed.take(room - flight.live):
                    flight.add(request)
                yield from flight.step()
                watch.beat(flight.in_flight)
        except EngineError:
            # If all were told to end, this one too, its caller still learns what was in flight.
            watch.beat(flight.in_flight)
            raise
        finally:
            flight.end()

    def _flight(self, decoding: Decoding) -> Flight:
        vocabulary = self._core.config.model_config.get_vocab_size()
        # vLLM refuses an id that the model cannot draw.
        stop_ids = {i for i in self._end_ids.union(decoding.stop_token_ids) if i < vocabulary}
        if not stop_ids:
            raise EngineError(
                f"{self.checkpoint.model_id} names no end token",
                remedy="set eos_token_id in its config.json",
            )
        if not (decoding.temperature == 0 or _COOLEST <= decoding.temperature <= 2):
            raise ConfigError(
                f"vLLM does not draw at a temperature of {decoding.temperature}",
                remedy=f"give 0, or {_COOLEST} to 2, or use --engine transformers",
            )
        stream = None if self._config.seeds == "request" else self._config.stream
        law = Law(decoding, self._sampling(decoding, stop_ids), stream, self._config.logprobs)
        return Flight(self._core, law, self._tokenizer, self._context)

    def _sampling(self, decoding: Decoding, stop_ids: Collection[int]) -> Any:
        """The parameters that all requests share; every one that shapes the law is given."""
        from vllm.sampling_params import RequestOutputKind

        streams = bool(decoding.stop_strings)
        return self._params(
            n=1,
            temperature=decoding.temperature,
            top_p=decoding.top_p,
            top_k=0,
            min_p=0.0,
            presence_penalty=0.0,
            frequency_penalty=0.0,
            repetition_penalty=1.0,
            max_tokens=decoding.max_tokens,
            stop_token_ids=sorted(stop_ids),
            logprobs=self._told(decoding),
            flat_logprobs=True,
            # Text is decoded once, at the end, unless stop strings are looked for on the way.
            detokenize=streams,
            output_kind=RequestOutputKind.DELTA if streams else RequestOutputKind.FINAL_ONLY,
            # Every request gets a copy of its own.
            skip_clone=True,
        )

    def _told(self, decoding: Decoding) -> int | None:
        """Log-probabilities told at every position besides the drawn token's own."""
        if decoding.exponent is None:
            return 0 if self._config.logprobs else None
        config = self._core.config.model_config
        vocabulary = int(config.get_vocab_size())
        most = vocabulary if config.max_logprobs < 0 else int(config.max_logprobs)
        return min(decoding.most_likely or vocabulary, vocabulary, most)

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> Iterator[list[float]]:
        """See Engine.score."""
        yield from self._read(prompts, answers, self._ask, _scores)

    def inspect(
        self,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
        nucleus: Nucleus,
    ) -> Iterator[Inspected]:
        """See Engine.inspect; from the likeliest tokens, so entropies are bounds.

        An answer that fills the context does not fit: vLLM wants room for one more token.
        """
        vocabulary = self._core.config.model_config.get_vocab_size()
        most = self._core.config.model_config.max_logprobs
        told = vocabulary if most < 0 else min(most, vocabulary)

        def ask(prompt: Sequence[int], answer: Sequence[int]) -> str:
            return self._ask_whole([*prompt, *answer], told)

        def read(output: Any, answer: Sequence[int]) -> Inspected:
            laws = output.prompt_logprobs[len(output.prompt_token_ids) - len(answer) :]
            own = [law[token] for law, token in zip(laws, answer, strict=True)]
            # A token that is none of the likeliest stands beside them.
            tops = [
                Top(sorted((x.logprob for x in law.values()), reverse=True)[:told], vocabulary)
                for law in laws
            ]
            return _inspected(own, tops, nucleus, margin(self.dtype))

        yield from self._read(prompts, answers, ask, read)

    def _read(
        self,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
        ask: Callable[[Sequence[int], Sequence[int]], str],
        read: Callable[[Any, Sequence[int]], Any],
    ) -> Iterator[Any]:
        """Yield, in order, what is read from vLLM's outputs; as many as it has room for wait."""
        left = enumerate(zip(prompts, answers, strict=True))
        asked: dict[str, tuple[int, Sequence[int]]] = {}
        done: dict[int, Any] = {}
        try:
            for following in range(len(answers)):
                while following not in done:
                    for place, (prompt, answer) in islice(left, self.capacity - len(asked)):
                        asked[ask(prompt, answer)] = place, answer
                    for output in self._core.step():
                        place, answer = asked.pop(output.request_id)
                        done[place] = read(output, answer)
                yield done.pop(following)
        finally:
            self._core.abort(list(asked))

    def _ask_whole(self, ids: Sequence[int], told: int) -> str:
        """Queue a whole text, of each token of which so many of the likeliest are told."""
        if len(ids) >= self._context:
            raise EngineError(
                f"a prompt and answer of {len(ids)} tokens do not fit the {self._context} tokens"
                f" of {self.checkpoint.model_id}, with one more that vLLM wants room for",
                remedy="raise max_model_len, or leave that answer out",
            )
        params = self._params(temperature=0.0, max_tokens=1, prompt_logprobs=told, detokenize=False)
        name, _ = self._core.add(self._core.render(ids), params)
        return name

    def _ask(self, prompt: Sequence[int], answer: Sequence[int]) -> str:
        """Queue one answer to be scored; its last token is asked for as the one to come.

        So an answer that fills the context fits, although vLLM wants room for one more token.
        """
        seen = [*prompt, *answer[:-1]]
        if len(seen) >= self._context:
            raise EngineError(
                f"an answer of {len(answer)} tokens after a prompt of {len(prompt)} does not fit"
                f" the {self._context} tokens of {self.checkpoint.model_id}",
                remedy="raise max_model_len, or score with another model",
            )
        params = self._params(
            temperature=0.0,
            max_tokens=1,
            prompt_logprobs=0,
            logprob_token_ids=list(answer[-1:]),
            detokenize=False,
        )
        name, _ = self._core.add(self._core.render(seen), params)
        return name

    def close(self) -> None:
        """See Engine.close."""
        self._core.close()


def _scores(output: Any, answer: Sequence[int]) -> list[float]:
    """Log-probabilities of an answer: its last token's is that of the one to come."""
    (last,) = output.outputs
    before = output.prompt_logprobs[len(output.prompt_token_ids) - len(answer) + 1 :]
    found = [*before, *last.logprobs] if answer else []
    return [at[token].logprob for at, token in zip(found, answer, strict=True)]


def _inspected(
    own: Sequence[Any], tops: Sequence[Top], nucleus: Nucleus, slack: float
) -> Inspected:
    """What is told of tokens by their own log-probabilities and ranks, and the likeliest."""
    raw = [top.entropy() for top in tops]
    tempered = [top.entropy(nucleus.temperature) for top in tops]
    return Inspected(
        [x.logprob for x in own],
        [x.rank for x in own],
        [top.within(x.logprob, nucleus, slack) for top, x in zip(tops, own, strict=True)],
        [low for low, _ in raw],
        [low for low, _ in tempered],
        [high - low for low, high in raw],
        [high - low for low, high in tempered],
    )


def _arguments(vllm: Any, config: EngineConfig, checkpoint: Checkpoint) -> dict[str, Any]:
    """Arguments for vLLM: the user's options over our defaults."""
    from vllm.platforms import current_platform

    options = {k: v for k, v in config.options.items() if k != "lora_path"}
    _require_known(options, [f.name for f in fields(vllm.EngineArgs)])
    is_cpu = current_platform.is_cpu()
    where = config.model if checkpoint.revision else str(checkpoint.path)
    fixed = {
        "model": where,
        "revision": checkpoint.revision,
        "tokenizer": where,
        "tokenizer_revision": checkpoint.revision,
        "dtype": config.dtype or ("float32" if is_cpu else "auto"),
        "seed": config.stream % 2**_SEED_BITS if config.seeds == "engine" else 0,
        # A model's own settings add nothing: no top-k, no penalty, no limit.
        "generation_config": "vllm",
        "logprobs_mode": "raw_logprobs",
    }
    defaults: dict[str, Any] = {
        "enable_prefix_caching": True,
        # A limit: how many are told is decided by each request.
        "max_logprobs": 128,
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
    }
    if config.context is not None:
        # A window of a million tokens would be taken memory for.
        defaults["max_model_len"] = config.context
    if is_cpu:
        context = options.get("max_model_len") or config.context or checkpoint.context or 0
        defaults |= {
            "enforce_eager": True,
            # A prompt split in two makes vLLM's seeds per request crash on a CPU.
            "enable_chunked_prefill": False,
            "max_num_batched_tokens": max(_CPU_BATCH_TOKENS, int(context)),
            "max_num_seqs": _CPU_SEQUENCES,
            "kv_cache_memory_bytes": _CPU_CACHE_BYTES,
            # The fewest that its kernels like: a prompt is shared in whole blocks.
            "block_size": 32,
        }
    if config.scores:
        # Nothing is drawn, so no seed can crash; vLLM makes logits of as much as it prefills.
        vocabulary = checkpoint.vocabulary or 1
        room = max(_LEAST_PREFILL, _PREFILL_LOGITS // vocabulary)
        defaults |= {
            "enable_chunked_prefill": True,
            "max_num_batched_tokens": min(_CPU_BATCH_TOKENS, room),
            "max_num_seqs": min(_CPU_SEQUENCES, room),
        }
    if config.batch_size is not None:
        defaults["max_num_seqs"] = config.batch_size
    if config.options.get("lora_path"):
        defaults |= {"enable_lora": True, "max_lora_rank": _lora_rank(config.options["lora_path"])}
    return defaults | options | fixed


def _require_known(options: Iterable[str], known: Sequence[str]) -> None:
    for name in options:
        if name in _RESERVED:
            raise ConfigError(
                f"vLLM's argument {name!r} is decided by the run", remedy=_RESERVED[name]
            )
        if name not in known:
            near = get_close_matches(name, [*known, "lora_path"], 1, 0.0)[0]
            raise ConfigError(f"vLLM has no argument {name!r}", remedy=f"did you mean {near!r}?")


def _lora_request(path: str) -> Any:
    from vllm.lora.request import LoRARequest

    return LoRARequest("adapter", 1, str(Path(path).expanduser()))


def _lora_rank(path: str) -> int:
    """The least of the ranks that vLLM knows which holds the adapter's."""
    file = Path(path).expanduser() / "adapter_config.json"
    try:
        rank = int(json.loads(file.read_text(encoding="utf-8"))["r"])
        return next(known for known in _LORA_RANKS if known >= rank)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise EngineError(
            f"{path} is no LoRA adapter that vLLM takes ({error})",
            remedy="give a folder with adapter_config.json and adapter_model.safetensors",
        ) from error
