"""A model small enough to write all of its answers down, and an engine that draws from it.

Nothing here is a test.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

from boundary.engines import UNWATCHED, Decoding, Feed, Request, Watch
from boundary.records import Draw, Finish, Problem, Sample, Trace
from boundary.samplers.metropolis import Path, acceptance, cut_at, step

A, B, STOP = range(3)
LETTERS = "ab$"
ONE = ((0.6, 0.3, 0.1), (0.1, 0.8, 0.1), (0.45, 0.05, 0.5))
"""First-order laws of a, b and stop: at the start, after a, after b."""
TWO = ((0.45, 0.45, 0.10), (0.30, 0.40, 0.30), (0.35, 0.25, 0.40))

Matrix = NDArray[np.float64]
Ratio = Callable[[Path, Path, int, float], float]


@dataclass(frozen=True)
class Toy:
    """Answers of at most ``limit`` letters under a table, and the law raised to ``alpha``.

    ``temperature`` is the proposal's, 1 / alpha unless told.
    """

    table: tuple[tuple[float, float, float], ...]
    alpha: float
    limit: int = 4
    temperature: float | None = None

    letters = 3
    """How many there are, the stop among them as the last."""

    @property
    def heat(self) -> float:
        """The proposal's temperature."""
        return self.temperature or 1 / self.alpha

    def costs(self, history: Sequence[int]) -> tuple[Matrix, Matrix, float]:
        """Logs of p and q of the next letter, and of the sum of p ** alpha."""
        p = np.log(self.table[history[-1] + 1 if history else 0])
        heated = p / self.heat
        return p, heated - math.log(np.exp(heated).sum()), math.log(np.exp(self.alpha * p).sum())

    def path(self, letters: Sequence[int], start: int = 0) -> Path:
        """An answer, or what follows its first letters, with its costs."""
        laws = [self.costs(letters[:i]) for i in range(start, len(letters))]
        kept = letters[start:]
        return Path(
            tuple(kept),
            tuple(float(p[v]) for (p, _, _), v in zip(laws, kept, strict=True)),
            tuple(float(q[v]) for (_, q, _), v in zip(laws, kept, strict=True)),
            tuple(z for _, _, z in laws),
            bool(letters) and letters[-1] == self.letters - 1,
        )

    def endings(self, begun: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Every answer that begins so."""
        if len(begun) == self.limit or begun[-1:] == (self.letters - 1,):
            yield begun
            return
        for letter in range(self.letters):
            yield from self.endings((*begun, letter))

    @cached_property
    def answers(self) -> list[tuple[int, ...]]:
        """Every answer."""
        return list(self.endings(()))

    @cached_property
    def target(self) -> Matrix:
        """Chance of each answer under p ** alpha."""
        weights = np.array(
            [math.exp(self.alpha * math.fsum(self.path(x).log_p)) for x in self.answers]
        )
        return weights / weights.sum()

    @cached_property
    def proposal(self) -> Matrix:
        """Chance of each answer under q."""
        return np.array([math.exp(math.fsum(self.path(x).log_q)) for x in self.answers])

    def kernel(self, ratio: Ratio | None = None) -> Matrix:
        """(S, S) chances of one step from each answer to each.

        Cut, splice, ratio and chance of acceptance are the sampler's own; ``ratio`` puts another
        one in its place.
        """
        where = {x: i for i, x in enumerate(self.answers)}
        matrix = np.zeros((len(where), len(where)))
        for x, row in where.items():
            current = self.path(x)
            for place in range(len(x)):
                cut = cut_at((place + 0.5) / len(x), len(x))
                for y in self.endings(x[:cut]):
                    found = step(current, cut, self.path(y, cut), 0.0, self.alpha)
                    assert found.path is found.proposed
                    log_r = found.log_r
                    if ratio:
                        log_r = ratio(current, found.proposed, cut, self.alpha)
                    offered = math.exp(math.fsum(self.path(y, cut).log_q)) / len(x)
                    matrix[row, where[y]] += offered * acceptance(log_r)
        matrix[np.diag_indices_from(matrix)] += 1 - matrix.sum(axis=1)
        return matrix


def after(toy: Toy, steps: int) -> Matrix:
    """The law of a chain that begins with a proposal, after so many steps."""
    return toy.proposal @ np.linalg.matrix_power(toy.kernel(), steps)


def stationary(kernel: Matrix) -> Matrix:
    """The law that a kernel leaves alone."""
    size = len(kernel)
    equations = np.vstack([kernel.T - np.eye(size), np.ones(size)])
    found, *_ = np.linalg.lstsq(equations, np.append(np.zeros(size), 1.0))
    return np.asarray(found)


def distance(one: Matrix, other: Matrix) -> float:
    """Total variation."""
    return float(np.abs(one - other).sum() / 2)


def letters(text: str) -> tuple[int, ...]:
    """Ids of a text such as ``ab$``."""
    return tuple(LETTERS.index(c) for c in text)


class ToyEngine:
    """Draws from a toy by each request's own seed, one request after another.

    ``raw`` false tells tempered log-probabilities as if they were the model's; ``tells`` false
    tells none. ``asked`` counts requests, ``drawn`` their tokens.
    """

    name, dtype, checkpoint = "toy", "float64", None

    def __init__(
        self, toy: Toy, *, raw: bool = True, tells: bool = True, capacity: int = 64
    ) -> None:
        self.toy = toy
        self.capacity = capacity
        self._raw, self._tells = raw, tells
        self.asked = self.drawn = 0
        self.seeds: list[int] = []
        self._laws: dict[tuple[int, float, float | None], tuple[list[float], ...]] = {}

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        return [0]

    def token_id(self, text: str) -> int | None:
        return None

    def close(self) -> None:
        pass

    def _law(self, last: int, decoding: Decoding) -> tuple[list[float], ...]:
        key = last, decoding.temperature, decoding.exponent
        if key not in self._laws:
            p = np.log(self.toy.table[last + 1])
            q = p / decoding.temperature
            q = q - math.log(np.exp(q).sum())
            z = math.log(np.exp((decoding.exponent or 1) * p).sum())
            bounds = np.cumsum(np.exp(q))
            told = p if self._raw else q
            self._laws[key] = told.tolist(), q.tolist(), [z], bounds.tolist()
        return self._laws[key]

    def generate(
        self, requests: Iterable[Request | None], decoding: Decoding, watch: Watch = UNWATCHED
    ) -> Iterator[Sample]:
        feed = Feed(requests)
        while not feed.is_empty:
            gone = set(watch.cancelled())
            for request in feed.take(1):
                if request.key not in gone:
                    yield self._sample(request, decoding)
            watch.beat(list)

    def _sample(self, request: Request, decoding: Decoding) -> Sample:
        ids = list(request.prefix_ids)
        costs: tuple[list[float], ...] = ([], [], [])
        state = request.draw.seed
        self.seeds.append(state)
        most = request.max_tokens or decoding.max_tokens
        while len(ids) < most and ids[-1:] != [STOP]:
            p, q, z, bounds = self._law(ids[-1] if ids else -1, decoding)
            state = (state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
            u = ((state >> 33) ^ (state >> 11) & 0x7FFFFFFF) / 2**31
            letter = 0 if u < bounds[0] else 1 if u < bounds[1] else 2
            ids.append(letter)
            for column, value in zip(costs, (p[letter], q[letter], z[0]), strict=True):
                column.append(value)
        self.asked += 1
        self.drawn += len(costs[0])
        return Sample(
            problem_id=request.draw.problem.id,
            index=request.draw.index,
            seed=request.draw.seed,
            text="".join(LETTERS[i] for i in ids),
            token_ids=ids,
            n_tokens=len(ids),
            finish=Finish.STOP if ids[-1] == STOP else Finish.LENGTH,
            logprob=math.fsum(costs[0]) + (request.prefix.logprob or 0 if request.prefix else 0),
            trace=Trace(*costs) if self._tells and decoding.exponent is not None else None,
        )

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> Iterator[list[float]]:
        for answer in answers:
            yield list(self.toy.path(answer).log_p)


PROBLEM = Problem("p", "?", "a")


def requests(many: int | None, *, seed: int = 0) -> Iterator[Request]:
    """Requests for so many samples of one problem, without end if ``None``."""
    for index in count() if many is None else range(many):
        yield Request(Draw(PROBLEM, index, _mixed(seed, index)), (0,))


def _mixed(seed: int, index: int) -> int:
    rng = np.random.default_rng([seed, index])
    return int(rng.integers(0, 2**63))


def decoding(toy: Toy) -> Decoding:
    """The model's own law, with room for the toy's longest answer."""
    return Decoding(1.0, 1.0, toy.limit)


def frequencies(toy: Toy, found: Iterable[Sample]) -> Matrix:
    """Shares of each answer among samples."""
    where = {x: i for i, x in enumerate(toy.answers)}
    counts = np.zeros(len(where))
    for sample in found:
        counts[where[tuple(sample.token_ids or ())]] += 1
    return counts / counts.sum()
