"""What sampling instead of training takes, and from when on training would be cheaper."""

import math

from boundary.errors import ConfigError


def tokens_of_chain(length: int, block: int, steps: int) -> float:
    """Tokens drawn for an answer that always runs to its limit.

    The k-th block extends by ``block`` tokens, and each of its ``steps`` cuts L = k * block at a
    uniform place and draws (L + 1) / 2 tokens on average:
    T + N [T^2 / (4 B) + T / 4 + T / (2 B)].

    Args:
        length: T, a multiple of ``block``.
        block: B, tokens.
        steps: N, per block.

    Raises:
        ConfigError: ``length`` is no multiple of ``block``.
    """
    if length % block:
        raise ConfigError(
            f"{length} tokens are no whole number of blocks of {block}",
            remedy="give a multiple of the block",
        )
    return length + steps * (length**2 / (4 * block) + length / 4 + length / (2 * block))


def flops_per_token(parameters: float) -> float:
    """Two for each parameter and token passed forward (Kaplan et al. 2020, arXiv:2001.08361)."""
    return 2.0 * parameters


def break_even(training_flops: float, extra_flops: float) -> float:
    """Answers from which on training would have been cheaper.

    Args:
        training_flops: What training took, once.
        extra_flops: What the sampler takes more for each answer than the trained model does.

    Returns:
        ``training_flops / extra_flops``; infinity where the sampler takes no more.
    """
    return training_flops / extra_flops if extra_flops > 0 else math.inf
