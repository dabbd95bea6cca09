"""vLLM's engine in its own process: started quietly, watched, never left behind.

What vLLM and its processes print goes to a file of its own, from which the cause of a failure is
told; with ``VLLM_LOGGING_LEVEL`` set it stays on the terminal.
"""

import contextlib
import logging
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from multiprocessing import connection, resource_tracker
from typing import IO, Any

from boundary.engines.guard import Guard
from boundary.errors import EngineError, PackageError

_CAUSE = re.compile(r"\b([A-Za-z_]\w*(?:Error|Exception)): (\S.*)")


def import_vllm() -> Any:
    """vLLM, imported without a word on the terminal.

    Raises:
        PackageError: It is not installed, or does not load.
    """
    if "VLLM_LOGGING_LEVEL" not in os.environ:
        # Its processes read this; what they print goes to the log.
        os.environ["VLLM_LOGGING_LEVEL"] = "ERROR"
        os.environ["BOUNDARY_VLLM_QUIET"] = "1"
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    try:
        with tempfile.TemporaryFile() as log, _printing_to(log):
            import vllm
            from vllm import EngineArgs, LLMEngine, SamplingParams  # noqa: F401
    except ImportError as error:
        raise PackageError(
            f"the vllm engine needs vLLM ({error})",
            remedy="pip install vllm, or use --engine transformers",
        ) from error
    if _is_quiet():
        logging.getLogger("vllm").setLevel(logging.CRITICAL)
    return vllm


def _is_quiet() -> bool:
    return "BOUNDARY_VLLM_QUIET" in os.environ


class Core:
    """A loaded model behind vLLM's request queue.

    Args:
        arguments: Of vLLM's ``EngineArgs``, by its names.
        model: What the user calls the model.
        lora: vLLM's name of an adapter that all requests use.
    """

    def __init__(self, arguments: Mapping[str, Any], model: str, lora: Any = None) -> None:
        from vllm import EngineArgs, LLMEngine
        from vllm.exceptions import VLLMError
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.exceptions import EngineDeadError

        self._model = model
        self._lora = lora
        self._numbers = count()
        self._died, self._is_dead = EngineDeadError, False
        self._refused = (VLLMError, ValueError)
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        # Started later, the tracker would be taken for vLLM's, and lift a block of signals; it
        # speaks of vLLM's memory at its end.
        with _printing_to(self._log):
            resource_tracker.ensure_running()
        self._guard = Guard(os.getpid())
        failures = (VLLMError, RuntimeError, ValueError, OSError, ImportError, LookupError)
        with contextlib.ExitStack() as undo:
            undo.callback(self._log.close)
            undo.callback(self._guard.close)
            try:
                with _printing_to(self._log), _deaf_to_interrupts():
                    self.engine = LLMEngine.from_engine_args(
                        EngineArgs(**arguments), usage_context=UsageContext.LLM_CLASS
                    )
            except (*failures, TypeError, AttributeError, AssertionError) as error:
                raise EngineError(
                    f"vLLM cannot load {model} ({self._cause() or _first_line(error)})",
                    remedy="check its folder and the engine's arguments (max_model_len,"
                    " gpu_memory_utilization), or set VLLM_LOGGING_LEVEL=INFO to see all it says",
                ) from error
            undo.pop_all()
        self.config: Any = self.engine.vllm_config
        self._guard.loaded()
        self._sound_when_dead(_processes(self.engine))

    def _sound_when_dead(self, processes: Sequence[Any]) -> None:
        if not processes:
            return
        queue, died = self.engine.engine_core.outputs_queue, self._died

        def sound() -> None:
            # vLLM's own watch leaves a reader of this queue waiting for ever.
            connection.wait([process.sentinel for process in processes])
            queue.put_nowait(died())

        threading.Thread(target=sound, daemon=True, name="vllm-alarm").start()

    def add(self, prompt: Any, params: Any) -> tuple[str, str]:
        """Queue a request; returns the name that its outputs bear, and vLLM's own for it.

        Raises:
            EngineError: vLLM refuses it, or is dead.
        """
        if self._is_dead:
            raise self.ended()
        name = str(next(self._numbers))
        try:
            place: str = self.engine.add_request(name, prompt, params, lora_request=self._lora)
        except self._died as error:
            raise self.ended() from error
        except self._refused as error:
            raise EngineError(
                f"vLLM refuses a request to {self._model} ({_first_line(error)})",
                remedy="correct the decoding or the engine's arguments",
            ) from error
        return name, place

    def render(self, prompt_ids: Sequence[int]) -> Any:
        """A prompt as :meth:`add` takes it; requests may share one."""
        (prompt,) = self.engine.renderer.render_cmpl([{"prompt_token_ids": list(prompt_ids)}])
        return prompt

    def step(self) -> list[Any]:
        """Wait for the next step's outputs.

        Raises:
            EngineError: The engine's process is dead.
        """
        if self._is_dead:
            raise self.ended()
        try:
            outputs: list[Any] = self.engine.step()
        except self._died as error:
            # vLLM may not know it yet, takes requests still, and would be waited for in vain.
            self._is_dead = True
            raise self.ended() from error
        return outputs

    def abort(self, names: Sequence[str]) -> None:
        """Drop requests; a dead engine has none."""
        with contextlib.suppress(self._died):
            self.engine.abort_request(list(names))

    def held(self, place: str) -> tuple[list[int], float | None] | None:
        """Tokens that vLLM holds of an unfinished request, and their log-probability.

        ``None`` where this version of vLLM keeps them elsewhere.
        """
        try:
            state = self.engine.output_processor.request_states[place]
            ids = list(state.detokenizer.output_token_ids)
            return ids, state.logprobs_processor.cumulative_logprob
        except (AttributeError, KeyError):
            return None

    def ended(self) -> EngineError:
        """The error that tells of the engine's death."""
        cause = self._cause()
        return EngineError(
            f"vLLM's engine process ended while it ran {self._model}"
            + (f" ({cause})" if cause else ""),
            remedy="all finished samples are stored: run the command again, with a lower"
            " gpu_memory_utilization or batch size if memory ran out",
        )

    def _cause(self) -> str | None:
        """The first error that vLLM's processes printed."""
        self._log.seek(0)
        text = self._log.read().decode("utf-8", "replace")
        found = _CAUSE.search(text)
        return f"{found[1]}: {found[2].strip()}" if found else None

    def close(self) -> None:
        """End vLLM's processes."""
        with _printing_to(self._log):
            self.engine.engine_core.shutdown()
        self._guard.close()
        self._log.close()


def _processes(engine: Any) -> list[Any]:
    """The processes of vLLM's engine, of which this one is the parent."""
    manager = getattr(getattr(engine.engine_core, "resources", None), "engine_manager", None)
    return list(getattr(manager, "processes", ()))


@contextlib.contextmanager
def _printing_to(log: IO[bytes]) -> Iterator[None]:
    """Send what this process and those it starts print to a file, C libraries' words too."""
    if not _is_quiet():
        yield
        return
    streams = [stream for stream in (sys.stdout, sys.stderr) if stream is not None]
    saved = [os.dup(1), os.dup(2)]
    for stream in streams:
        stream.flush()
    try:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
        yield
    finally:
        for stream in streams:
            stream.flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started inside never hear Ctrl-C, which a terminal sends to all of a group.

    They inherit the blocked signal. A thread that does not block it hears it for this one.
    """
    over = threading.Event()
    threading.Thread(target=over.wait, daemon=True, name="vllm-interrupts").start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        over.set()


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
