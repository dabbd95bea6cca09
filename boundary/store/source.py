"""What counts are read from: a run's directory, or the archive of one."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from boundary.records import Problem, Tier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from boundary.store.manifest import Manifest
    from boundary.store.marks import Marks

ARCHIVE = ".boundary.zip"
"""How the name of an archive ends."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A problem without its texts: what tells whether two runs asked the same.

    ``digest`` is over question and answer; ``guess`` the chance of a blind guess, where known.
    """

    id: str
    group: str | None
    digest: str
    guess: float | None

    @classmethod
    def of(cls, problem: Problem) -> "Asked":
        """The problem's own."""
        text = f"{problem.question}\0{problem.answer}"
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        guess = problem.meta.get("guess")
        return cls(problem.id, problem.group, digest, guess if isinstance(guess, float) else None)


class Source(Protocol):
    """What :class:`boundary.store.Run` and :class:`boundary.store.archive.Archive` both tell."""

    @property
    def name(self) -> str:
        """The run's name."""
        ...

    @property
    def manifest(self) -> "Manifest":
        """What the run is."""
        ...

    def asked(self) -> list[Asked]:
        """Its problems, in the suite's order."""
        ...

    def verifiers(self) -> list[str]:
        """Names of the verifiers that judged it, the deciding one first."""
        ...

    def indices(self) -> "dict[str, NDArray[np.int32]]":
        """Per problem, the indices drawn, sorted and without repeats."""
        ...

    def marks(self, verifier: str, tier: Tier) -> "Marks":
        """One tier's verdicts in a byte per sample."""
        ...

    def samples(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Yield tables of the samples, of these columns where they are known."""
        ...
