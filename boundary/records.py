"""What passes between the stages: frozen records, one per step of a sample's path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]
    FloatArray = NDArray[np.float64]


Key = tuple[str, int]
"""A sample's problem and index."""


class Finish(StrEnum):
    """Why generation ended."""

    STOP = "stop"
    STOP_STRING = "stop_string"
    LENGTH = "length"
    ABORT = "abort"


class Outcome(StrEnum):
    """What a verifier decided; a grader's own failure is ``UNJUDGED``, never ``WRONG``."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNJUDGED = "unjudged"


class Tier(StrEnum):
    """Which statements count as an answer: the asked-for channel, or any clear final one."""

    STRICT = "strict"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Problem:
    """One question of a suite, with its gold answer.

    ``group`` names problems that are not independent of each other; ``meta`` keeps what only
    the suite's own verifier reads.
    """

    id: str
    question: str
    answer: str
    group: str | None = None
    solution: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draw:
    """One sample that is asked for: the problem, its index in [0, n) and its own seed."""

    problem: Problem
    index: int
    seed: int


@dataclass(frozen=True, slots=True)
class Prefix:
    """The first tokens of an answer that is not finished, and their log-probabilities.

    ``token_ids`` is empty where an engine tells of an answer in flight but not what it holds.
    ``state`` is what a sampler of several requests per answer needs to go on; only it reads it.
    """

    problem_id: str
    index: int
    token_ids: Sequence[int]
    logprob: float | None = None
    draw_logprob: float | None = None
    state: bytes | None = None

    @property
    def is_begun(self) -> bool:
        """Whether anything of the answer is known."""
        return bool(self.token_ids) or self.state is not None


@dataclass(frozen=True, slots=True)
class Trace:
    """What each token that a request drew cost, (T,) natural logs; a given prefix has none.

    ``log_p`` is raw, ``log_q`` under the law drawn from, ``log_z`` the log of the sum of
    p ** exponent over the next tokens. ``tail`` is the largest relative error that a sum over
    part of the vocabulary leaves in that, ``cached`` the tokens before the answer's own whose
    keys and values an engine had from before (``None`` where it has no such cache).
    """

    log_p: Sequence[float]
    log_q: Sequence[float]
    log_z: Sequence[float]
    tail: float = 0.0
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One request of a Markov chain over answers.

    ``block`` counts from 1; ``step`` is 0 for the extension to the block's limit. The answer kept
    its first ``cut`` tokens, had ``before`` in all and would have had ``after``, ``drawn`` of them
    new. ``log_r`` is the log of the acceptance ratio, ``log_r_z`` the same from normalisers alone
    where the proposal is the model at temperature 1/alpha; both are ``None`` for an extension.
    """

    block: int
    step: int
    cut: int
    before: int
    after: int
    drawn: int
    log_r: float | None
    log_r_z: float | None
    accepted: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one answer took where a sampler asked for more than it kept; all in tokens.

    ``requests`` went to the engine and drew ``generated`` tokens: ``extended`` without a choice,
    the others as proposals, ``accepted`` or ``rejected``. A row of a batch passes through the
    model once for each, so ``passes`` equals ``generated``; ``prefilled`` tokens of prompts and
    kept prefixes were read in besides, ``cached`` of them from the engine's prefix cache
    (``None`` without one). ``block_steps`` and ``block_accepted`` count the steps of each block.
    """

    problem_id: str
    index: int
    requests: int
    generated: int
    extended: int
    accepted: int
    rejected: int
    passes: int
    prefilled: int
    cached: int | None
    tail: float
    block_steps: Sequence[int] = ()
    block_accepted: Sequence[int] = ()
    moves: Sequence[Move] = ()


@dataclass(frozen=True, slots=True)
class Design:
    """How an adaptive run stops: at the first look with ``stop_after`` correct, or at the last.

    ``looks`` rise; at look j a problem is judged by its first ``looks[j]`` indices.
    """

    stop_after: int
    looks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer as the engine gave it, or as another tool's log tells it.

    ``logprob`` is the sum of the model's raw log-probabilities (natural log, temperature 1)
    over the drawn tokens, the stop token included; ``draw_logprob`` the same under the law
    drawn from. ``forced`` are the positions that were not drawn. ``trace`` is there where the
    decoding asks for it, ``ledger`` where a sampler drew more than it kept. What a log does not
    tell is ``None``: seed and finish too.
    """

    problem_id: str
    index: int
    seed: int | None
    text: str
    token_ids: Sequence[int] | None
    n_tokens: int | None
    finish: Finish | None
    logprob: float | None = None
    draw_logprob: float | None = None
    forced: Sequence[int] | None = None
    trace: Trace | None = None
    ledger: Ledger | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one verifier says of one sample in one tier.

    ``reason`` names what decided; ``valid`` is whether the derivation itself was checked and
    holds, where the verifier can check derivations.
    """

    problem_id: str
    index: int
    tier: Tier
    outcome: Outcome
    reason: str
    extracted: str | None
    valid: bool | None
    verifier_version: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Per problem: samples finished, judged correct, left unjudged, and validly solved.

    ``n`` counts finished samples, judged or not. ``valid`` is ``None`` where the verifier
    checks no derivations.
    """

    problem_id: str
    n: int
    correct: int
    unjudged: int = 0
    valid: int | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """pass@k of one arm on one suite; rates in [0, 1].

    ``low`` and ``high`` are the 95 % interval of ``mean``; ``method`` names, for each k, how it
    was made (``bootstrap`` over problems or groups, ``augmented`` for fewer than 100 of them,
    ``wilson`` where each problem is 0 or 1, ``fixed_suite`` for new samples of the same problems).
    ``bound_low`` and ``bound_high`` count every unjudged sample as wrong or as right, and are
    ``None`` where all were judged. ``per_problem`` is (P, K), the others (K,). ``n`` is the
    fewest samples of a problem, or with a ``design`` the most, as problems stopped early.
    ``guess`` is (K,), what blind guesses would solve, of a suite with choices.
    """

    label: str
    problem_ids: tuple[str, ...]
    n: int
    ks: "IntArray"
    per_problem: "FloatArray"
    mean: "FloatArray"
    low: "FloatArray"
    high: "FloatArray"
    method: tuple[str, ...]
    bound_low: "FloatArray | None" = None
    bound_high: "FloatArray | None" = None
    design: Design | None = None
    guess: "FloatArray | None" = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Which problems base and tuned solve within their first k samples, as lists of ids.

    ``p_value`` is the two-sided exact McNemar test of ``base_only`` against ``other_only``.
    """

    k: int
    both: tuple[str, ...]
    base_only: tuple[str, ...]
    other_only: tuple[str, ...]
    neither: tuple[str, ...]
    p_value: float


@dataclass(frozen=True, slots=True)
class ExpectedOverlap:
    """The four-way table expected at k < n where only counts are known; no lists, no test."""

    k: int
    both: float
    base_only: float
    other_only: float
    neither: float


class CrossingKind(StrEnum):
    """How two pass@k curves lie to each other from k = 1 to k = n."""

    CROSSES = "crosses"
    NO_CROSSING = "no crossing within n"
    BASE_AHEAD = "base ahead throughout"
    TIE = "tie at n"


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where the base catches up with the tuned model and stays ahead.

    ``k`` is interpolated in log2 k, ``None`` unless ``kind`` is ``CROSSES``; ``low`` and ``high``
    bound it over bootstrap resamples of the problems (``None`` where the bound lies beyond n),
    and ``share_without`` is the share of resamples that do not cross.
    """

    kind: CrossingKind
    k: float | None
    low: float | None
    high: float | None
    share_without: float


@dataclass(frozen=True, slots=True)
class DeltaSE:
    """Sampling-efficiency gap: base pass@k minus tuned pass@1, with both its inputs."""

    value: float
    k: int
    base_at_k: float
    other_at_1: float


@dataclass(frozen=True, slots=True)
class Support:
    """What happened to the solved set, under the names of the literature.

    ``kept`` is P / (P + S), the keep rate or SRR; ``new`` E / (P + E), NDR; ``score`` their
    harmonic mean, SDS; ``net`` (E - S) / (P + E + S), NSCR; ``unlock`` E / (E + O). ``expansion``
    and ``shrinkage`` are E and S. A ratio of nothing to nothing is ``None``. ``epsilon`` is the
    success rate that ``k`` samples miss with chance 5 %, ``-ln(.05) / k``.
    """

    k: int
    kept: float | None
    new: float | None
    score: float | None
    net: float | None
    unlock: float | None
    expansion: float
    shrinkage: float
    epsilon: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How many problems a four-way table's message rests on.

    ``reversal`` is the fewest problems whose outcome would have to change, for one of the two
    models, to put the other one ahead; ``unsettling`` the fewest that would take the exact
    McNemar test to p >= .05, ``None`` where it is there already. Both are ``None`` where one
    model's outcomes cannot do it.
    """

    k: int
    reversal: int | None
    unsettling: int | None


@dataclass(frozen=True, slots=True)
class Floor:
    """The four-way table that mere resampling gives, beside the one of base and tuned.

    ``base`` is one half of the base's samples against the other half, ``other`` half of the base's
    against half of the tuned model's, both expected over all splits into halves of ``base.k``.
    ``second`` is the base against an independent second run of it, at the full k.
    """

    base: ExpectedOverlap
    other: ExpectedOverlap
    second: Overlap | ExpectedOverlap | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two arms on the same problems; every difference is other minus base, rates in [0, 1].

    ``difference``, ``low``, ``high`` and ``p_value`` (paired permutation test, or exact McNemar
    where each problem is 0 or 1) are (K,). The histograms are (12,) counts of problems in the
    bins {0}, (0, .1], ..., (.9, 1), {1}; those of an adaptive arm count its first look.
    ``p_adjusted`` holds over all k together; ``suite_low`` and ``suite_high`` bound the difference
    on these very problems under new samples; ``transition`` is (12, 12) problems by the base's bin
    and the other's. ``caveats`` say what besides the checkpoint sets the two apart.
    """

    base: Curve
    other: Curve
    ks: "IntArray"
    difference: "FloatArray"
    low: "FloatArray"
    high: "FloatArray"
    method: tuple[str, ...]
    p_value: "FloatArray"
    overlap: Overlap | ExpectedOverlap
    crossing: Crossing
    base_histogram: "IntArray"
    other_histogram: "IntArray"
    delta_se: DeltaSE
    notes: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    p_adjusted: "FloatArray | None" = None
    suite_low: "FloatArray | None" = None
    suite_high: "FloatArray | None" = None
    transition: "IntArray | None" = None
    support: Support | None = None
    sensitivity: Sensitivity | None = None
    floor: Floor | None = None

    @property
    def is_settled(self) -> "NDArray[np.bool_]":
        """(K,) whether the interval leaves out 0 and the paired test has p < .05."""
        return ((self.low > 0) | (self.high < 0)) & (self.p_value < 0.05)


@dataclass(frozen=True, slots=True, eq=False)
class PerplexityCell:
    """Perplexity of one arm's answers under one model: one median per problem, then the mean.

    ``per_problem`` is (P,); ``low`` and ``high`` bound ``mean`` (bootstrap over problems).
    ``n_answers`` counts the answers scored. Left out were ``truncated`` and ``empty`` answers of
    the run, and of those drawn to be scored the ``too_long``. ``anew`` says that texts were
    tokenised by the model that scored them: then the number does not compare with others.
    """

    answers_of: str
    under: str
    problem_ids: tuple[str, ...]
    per_problem: "FloatArray"
    mean: float
    low: float
    high: float
    quartiles: tuple[float, float, float]
    n_answers: int
    subset: str = "all"
    truncated: int = 0
    empty: int = 0
    too_long: int = 0
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer's log-probability (nats) over its ``n_tokens`` that count."""

    problem_id: str
    index: int
    outcome: Outcome | None
    is_cut: bool
    nats: float
    n_tokens: int


@dataclass(frozen=True, slots=True)
class Reach:
    """One answer under a model that may not have written it.

    ``within`` is whether every token lies in the nucleus, ``None`` where that is not decided.
    ``first`` is the position (from 0) of the first token outside, ``rank`` and ``probability``
    (raw) that token's under the model; ``outside`` counts all. ``smallest`` is the least raw
    probability of a token, ``ratio`` the log-likelihood (nats) of the answer under the model that
    wrote it less that under this one.
    """

    problem_id: str
    index: int
    outcome: Outcome | None
    n_tokens: int
    within: bool | None
    first: int | None
    rank: int | None
    probability: float | None
    outside: int
    smallest: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class PerplexityGap:
    """Two cells over the problems that both have, other minus one.

    Cells are named by whose answers they are of, under which model, and the subset. ``ratio`` is
    the exponential of the mean difference of logarithms. Limits are over problems, NaN where
    the problems do not differ.
    """

    one: tuple[str, str, str]
    other: tuple[str, str, str]
    difference: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    problems: int


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over problems, each a mean over its answers, with the 95 % interval over problems."""

    value: float
    low: float
    high: float
    problems: int
    answers: int


@dataclass(frozen=True, slots=True)
class Reachability:
    """How much of one arm's answers another model could have drawn at all.

    ``share`` is of answers with every token in the model's nucleus at ``temperature`` and
    ``top_p``; ``share_high`` counts the ``undecided`` ones too. Of the answers outside, the
    medians of the first outside token's place (1 is the first token), rank and raw probability.
    ``outside`` is the share of all tokens. ``smallest`` is the median over answers of the
    smallest token probability, ``ratio`` the mean log-likelihood ratio in nats, the arm's own
    model over this one.
    """

    answers_of: str
    under: str
    temperature: float
    top_p: float
    subset: str
    share: Mean
    share_high: float
    undecided: int
    reachable: int
    first: float | None
    rank: float | None
    probability: float | None
    outside: float
    smallest: float
    ratio: Mean | None


@dataclass(frozen=True, slots=True)
class EntropyProfile:
    """How undecided an arm was while it wrote, in nats per token.

    ``tempered`` is of the law at the arm's temperature before top-p, ``raw`` at temperature 1,
    both means over tokens, answers and problems; where an engine tells bounds they are the least,
    and ``tempered_slack`` and ``raw_slack`` how much more at most. ``along`` are rows of first and
    last position (from 1), tempered and raw mean over the tokens there, and their number.
    """

    arm: str
    temperature: float
    top_p: float
    tempered: Mean
    raw: Mean
    tempered_slack: float
    raw_slack: float
    along: tuple[tuple[int, int, float, float, int], ...]
