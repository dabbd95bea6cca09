"""One Metropolis-Hastings step over whole answers, without a model: sums, a ratio, a choice.

The target is p(x) ** alpha over the answers x that end in a stop token within a limit, or run up
to it. A step keeps the first m tokens, m uniform over the t of the answer, and draws the rest from
q. With s tokens in the proposal, the ratio of going there and coming back is

    log r = alpha [log p(x'_m:) - log p(x_m:)] + log q(x_m:) - log q(x'_m:) + log(t / s)

where every sum runs over the whole suffix, the stop token included, and t / s is the ratio of the
chances of that cut. Karan & Du 2025 (arXiv:2510.14901) give the sampler; their code leaves out
t / s and cuts the longer suffix to the shorter one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """An answer, or a suffix of one, with what each of its T tokens cost (natural logs).

    ``log_p`` is raw, ``log_q`` under the proposal, ``log_z`` the log of the sum of p ** alpha over
    the next tokens at that place. ``is_ended`` says that its last token is a stop token.
    """

    token_ids: tuple[int, ...] = ()
    log_p: tuple[float, ...] = ()
    log_q: tuple[float, ...] = ()
    log_z: tuple[float, ...] = ()
    is_ended: bool = False

    def __len__(self) -> int:
        return len(self.token_ids)

    def spliced(self, cut: int, suffix: "Path") -> "Path":
        """The first ``cut`` tokens, and then the suffix."""
        return Path(
            self.token_ids[:cut] + suffix.token_ids,
            self.log_p[:cut] + suffix.log_p,
            self.log_q[:cut] + suffix.log_q,
            self.log_z[:cut] + suffix.log_z,
            suffix.is_ended,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """Where a step led: ``path`` is the proposal if it was accepted, else the answer before it."""

    path: Path
    proposed: Path
    log_r: float
    is_accepted: bool


def cut_at(u: float, length: int) -> int:
    """The cut that a uniform number in [0, 1) chooses among ``length``: 0 to length - 1."""
    return min(int(u * length), length - 1)


def log_ratio(current: Path, proposed: Path, cut: int, alpha: float) -> float:
    """The log of the acceptance ratio, from the two laws; see the module."""
    gain = _sum(proposed.log_p, cut) - _sum(current.log_p, cut)
    back = _sum(current.log_q, cut) - _sum(proposed.log_q, cut)
    return alpha * gain + back + math.log(len(current) / len(proposed))


def log_ratio_by_normalisers(current: Path, proposed: Path, cut: int) -> float:
    """The same where q is p at temperature 1 / alpha: all but the normalisers cancels.

    Then log q(v | h) = alpha log p(v | h) - log Z(h) with Z(h) the sum of p(v | h) ** alpha.
    """
    gain = _sum(proposed.log_z, cut) - _sum(current.log_z, cut)
    return gain + math.log(len(current) / len(proposed))


def _sum(values: Sequence[float], start: int) -> float:
    return math.fsum(values[start:])


def acceptance(log_r: float) -> float:
    """The chance of accepting: min(1, r)."""
    return 1.0 if log_r >= 0 else math.exp(log_r)


def step(current: Path, cut: int, suffix: Path, u: float, alpha: float) -> Step:
    """Offer the first ``cut`` tokens with another suffix; take it if ``u`` < min(1, r).

    Args:
        current: The answer, of at least ``cut`` + 1 tokens.
        cut: Tokens kept, drawn uniformly from those of the answer.
        suffix: What was drawn after them, of at least one token.
        u: Uniform in [0, 1).
        alpha: The power.
    """
    proposed = current.spliced(cut, suffix)
    log_r = log_ratio(current, proposed, cut, alpha)
    is_accepted = u < acceptance(log_r)
    return Step(proposed if is_accepted else current, proposed, log_r, is_accepted)
