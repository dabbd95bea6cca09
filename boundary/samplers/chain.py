"""One Markov chain over the answers to one prompt: its blocks, its steps, its ledger.

Block k targets p ** alpha over the answers that end within L_k = min(k B, L) tokens, or run up to
L_k. A chain without a stop token is first extended to L_k; then come N steps. Every seed and every
uniform number follows from the sample's seed, the block and the step, so a step that was lost is
the same step again.
"""

import json
import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from boundary.engines import Request
from boundary.errors import EngineError
from boundary.records import Draw, Finish, Key, Ledger, Move, Prefix, Sample
from boundary.samplers.metropolis import Path, Step, cut_at, log_ratio_by_normalisers, step
from boundary.samplers.seeds import seed_of_part, uniform_of_part

# Many times as fast as astuple, which copies deeply: every cut on disk packs all moves.
_packed = attrgetter(*(field.name for field in fields(Move)))
_AGREES = 1e-6
"""Two ways to the acceptance ratio; further apart, the log-probabilities are not what they say."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What every chain of a run does.

    ``block`` is B, ``steps`` N, ``max_tokens`` L. ``temperature`` is the proposal's. With
    ``stops_early`` a chain ends after the first block that leaves it with a stop token.
    """

    alpha: float
    block: int
    steps: int
    temperature: float
    max_tokens: int
    stops_early: bool
    tail: float = math.inf

    @property
    def blocks(self) -> int:
        """How many there are."""
        return -(-self.max_tokens // self.block)

    def limit(self, block: int) -> int:
        """Tokens allowed in a block, which counts from 1."""
        return min(block * self.block, self.max_tokens)

    @property
    def is_tempered(self) -> bool:
        """Whether the proposal is the model at temperature 1 / alpha."""
        return math.isclose(self.alpha * self.temperature, 1.0)


class Chain:
    """One answer on its way; a :class:`boundary.samplers.crowd.Course`.

    Args:
        request: The sample asked for; its prefix may hold the state that an earlier session left.
        schedule: What to do.
    """

    def __init__(self, request: Request, schedule: Schedule) -> None:
        self._request = request
        self._schedule = schedule
        self._path = Path()
        self._text = ""
        self._block, self._step = 1, 0
        self._moves: list[Move] = []
        self._prefilled = 0
        self._cached: int | None = None
        self._tail = 0.0
        self._is_asking = False
        self._cut = 0
        if request.prefix and request.prefix.state is not None:
            self._recall(request.prefix)
        self._rest()

    @property
    def path(self) -> Path:
        """The answer as it stands."""
        return self._path

    @property
    def place(self) -> tuple[int, int]:
        """The block and the step to come; step 0 is the extension."""
        return self._block, self._step

    def ask(self) -> Sequence[Request]:
        """See Course.ask."""
        if self._is_asking:
            return ()
        self._is_asking = True
        draw, cut = self._request.draw, self._next_cut()
        self._cut = cut
        seed = seed_of_part(draw.seed, *self.place, "draw")
        request = Request(
            Draw(draw.problem, draw.index, seed),
            self._request.prompt_ids,
            self._request.channel,
            Prefix(*self._request.key, self._path.token_ids[:cut]) if cut else None,
            self._schedule.limit(self._block),
        )
        return (request,)

    def _next_cut(self) -> int:
        if not self._step:
            return len(self._path)
        return cut_at(uniform_of_part(self._request.draw.seed, *self.place, "cut"), len(self._path))

    def learn(self, sample: Sample) -> Sample | None:
        """See Course.learn."""
        self._is_asking = False
        cut = self._cut
        suffix = _suffix(sample, cut)
        if suffix is None:
            # A replica that died gave a part of it: the same step is asked for again.
            return None
        self._count(sample, cut)
        found = self._settle(suffix, cut)
        before, (block, at) = len(self._path), self.place
        by_z = self._checked(found, cut) if found else None
        self._moves.append(
            Move(
                block=block,
                step=at,
                cut=cut,
                before=before,
                after=cut + len(suffix),
                drawn=len(suffix),
                log_r=found.log_r if found else None,
                log_r_z=by_z,
                accepted=found.is_accepted if found else True,
            )
        )
        if found is None or found.is_accepted:
            self._path = found.path if found else self._path.spliced(cut, suffix)
            self._text = sample.text
        self._step += 1
        return None if self._rest() else self._answer()

    def _settle(self, suffix: Path, cut: int) -> Step | None:
        if not self._step:
            return None
        u = uniform_of_part(self._request.draw.seed, *self.place, "accept")
        return step(self._path, cut, suffix, u, self._schedule.alpha)

    def _checked(self, found: Step, cut: int) -> float | None:
        """The ratio from normalisers alone, where there is one."""
        if not self._schedule.is_tempered:
            return None
        by_z = log_ratio_by_normalisers(self._path, found.proposed, cut)
        if not abs(by_z - found.log_r) < _AGREES:
            raise EngineError(
                f"two ways to the acceptance ratio give {found.log_r:.9g} and {by_z:.9g}"
                f" ({self._request.draw.problem.id}, {self._request.draw.index})",
                remedy="the engine's log-probabilities are not those of the law it draws from:"
                " use another engine",
            )
        return by_z

    def _count(self, sample: Sample, cut: int) -> None:
        assert sample.trace
        self._prefilled += len(self._request.prompt_ids) + cut
        if sample.trace.cached is not None:
            self._cached = (self._cached or 0) + sample.trace.cached
        self._tail = max(self._tail, sample.trace.tail)
        if self._tail > self._schedule.tail:
            raise EngineError(
                f"the likeliest tokens that the engine tells leave a share of {self._tail:.1e} of"
                f" a normaliser open ({self._request.draw.problem.id})",
                remedy="raise the sampler's top (and --engine-arg max_logprobs), or its tail",
            )

    def _rest(self) -> bool:
        """Pass what needs no request; returns whether anything is left to do."""
        plan = self._schedule
        while True:
            if self._step > plan.steps:
                if self._block == plan.blocks or (plan.stops_early and self._path.is_ended):
                    return False
                self._block, self._step = self._block + 1, 0
            elif self._step or not self._path.is_ended:
                return True
            else:
                self._step = 1

    def _answer(self) -> Sample:
        draw = self._request.draw
        return Sample(
            problem_id=draw.problem.id,
            index=draw.index,
            seed=draw.seed,
            text=self._text,
            token_ids=list(self._path.token_ids),
            n_tokens=len(self._path),
            finish=Finish.STOP if self._path.is_ended else Finish.LENGTH,
            logprob=math.fsum(self._path.log_p),
            ledger=self._ledger(),
        )

    def _ledger(self) -> Ledger:
        steps = [move for move in self._moves if move.step]
        blocks = range(1, self._block + 1)
        taken = sum(move.drawn for move in steps if move.accepted)
        proposed = sum(move.drawn for move in steps)
        generated = sum(move.drawn for move in self._moves)
        return Ledger(
            *self._request.key,
            requests=len(self._moves),
            generated=generated,
            extended=generated - proposed,
            accepted=taken,
            rejected=proposed - taken,
            passes=generated,
            prefilled=self._prefilled,
            cached=self._cached,
            tail=self._tail,
            block_steps=[sum(m.block == b for m in steps) for b in blocks],
            block_accepted=[sum(m.block == b and m.accepted for m in steps) for b in blocks],
            moves=tuple(self._moves),
        )

    def state(self, held: Callable[[], Mapping[Key, Prefix]]) -> Prefix | None:
        """See Course.state: the answer as it stands; a proposal on its way is drawn again."""
        if not self._moves:
            return None
        head = {
            "place": self.place,
            "is_ended": self._path.is_ended,
            "text": self._text,
            "prefilled": self._prefilled,
            "cached": self._cached,
            "tail": self._tail,
            "moves": list(map(_packed, self._moves)),
        }
        costs = array("d", [*self._path.log_p, *self._path.log_q, *self._path.log_z])
        state = json.dumps(head).encode() + b"\n" + costs.tobytes()
        logprob = math.fsum(self._path.log_p)
        return Prefix(*self._request.key, self._path.token_ids, logprob, state=state)

    def _recall(self, prefix: Prefix) -> None:
        assert prefix.state is not None
        head, _, costs = prefix.state.partition(b"\n")
        known = json.loads(head)
        numbers = array("d")
        numbers.frombytes(costs)
        count = len(prefix.token_ids)
        p, q, z = (tuple(numbers[i * count : (i + 1) * count]) for i in range(3))
        self._path = Path(tuple(prefix.token_ids), p, q, z, known["is_ended"])
        self._text = known["text"]
        self._block, self._step = known["place"]
        self._prefilled, self._cached = known["prefilled"], known["cached"]
        self._tail = known["tail"]
        self._moves = [Move(*move) for move in known["moves"]]


def _suffix(sample: Sample, cut: int) -> Path | None:
    """What a request drew after the ``cut`` tokens that it was given."""
    if sample.trace is None or sample.token_ids is None:
        raise EngineError(
            "the engine does not tell what each token of an answer cost",
            remedy="use --engine transformers or --engine vllm for this sampler",
        )
    drawn = tuple(sample.token_ids[cut:])
    costs = sample.trace
    if len(costs.log_p) != len(drawn):
        return None
    is_ended = sample.finish is Finish.STOP
    return Path(drawn, tuple(costs.log_p), tuple(costs.log_q), tuple(costs.log_z), is_ended)
