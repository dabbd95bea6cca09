"""The process that math-verify runs in: one JSON line in, one out, until standard input ends.

Run as a file, so that it imports nothing of the package and nothing of the parent's program.
"""

import ctypes
import functools
import importlib
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# Enough for math-verify many times over; an answer that needs more fails, not the machine.
_MEMORY_BYTES = 4 * 2**30

# Decimal places to which floats are compared: rounding errors pass, approximations do not.
_FLOAT_PLACES = 10

_PR_SET_PDEATHSIG = 1


def main(limit_s: float) -> None:
    """Serve requests; each ends the process when it takes longer than the limit."""
    _prepare()
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii") as replies:
        # What a library prints must not pass for a reply.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        equal = _comparison()
        # What the first comparison imports is not counted against an answer's limit.
        equal("3", r"\sum_{k=1}^{2} k")
        _say(replies, {"ready": True})
        for line in sys.stdin.buffer:
            reply = _answer(equal, json.loads(line), limit_s)
            _say(replies, reply)
            if reply.get("error") == "MemoryError":
                return


def _prepare() -> None:
    """Die with the parent, leave interrupts to it, and keep within bounds."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # With the default action the kernel ends the process, even in the midst of C code.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    logging.disable()


class BadGoldError(Exception):
    """math-verify finds nothing in the gold answer."""


def _comparison() -> Callable[[str, str], bool]:
    from math_verify import LatexExtractionConfig, parse, verify

    chance = importlib.import_module("sympy.core.random")
    config = (LatexExtractionConfig(boxed_match_priority=0, try_extract_without_anchor=False),)

    def read(text: str) -> list[Any]:
        # The box keeps the whole answer together; a time limit inside would be taken for "wrong".
        return list(parse(f"\\boxed{{{text}}}", config, parsing_timeout=None, raise_on_error=True))

    read_gold = functools.lru_cache(maxsize=1024)(read)

    def equal(gold: str, answer: str) -> bool:
        # Numerical tests draw points at random: the same pair gets the same verdict.
        chance.seed(0)
        expected = read_gold(gold)
        if not expected:
            raise BadGoldError
        return bool(
            verify(
                expected,
                read(answer),
                float_rounding=_FLOAT_PLACES,
                timeout_seconds=None,
                raise_on_error=True,
            )
        )

    return equal


def _answer(
    equal: Callable[[str, str], bool], request: dict[str, str], limit_s: float
) -> dict[str, Any]:
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        return {"equal": equal(request["gold"], request["answer"])}
    except BadGoldError:
        return {"error": "bad_gold"}
    # Whatever an answer breaks, math-verify's own BaseException included, is the grader's failure.
    except BaseException as error:  # noqa: BLE001
        # The name only: putting a sympy error into words can take forever.
        return {"error": type(error).__name__}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _say(replies: Any, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]))
