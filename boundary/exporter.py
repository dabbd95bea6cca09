"""The ``export`` stage: runs as small files, to compare them where they were not drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from boundary import tables
from boundary.errors import ConfigError
from boundary.prompt_cost import prompt_tokens
from boundary.store import CountsTable, Run, archive
from boundary.store.files import Folder
from boundary.store.source import ARCHIVE


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written: of which run, where, and how large it is."""

    run: str
    path: str
    bytes: int


def run(runs: Sequence[Run], out: Folder) -> list[Exported]:
    """Write each run as an archive that ``passk`` and ``compare`` read as the run itself.

    It holds which samples were right, in both tiers and by every verifier, how long they are and
    how they ended, the stop rule and the manifest; no question, no answer.

    Args:
        runs: What to export.
        out: Where ``<run>.boundary.zip`` is written.

    Raises:
        ConfigError: Two runs have one name.
        StoreError: A run cannot be read, or the place cannot be written to.
    """
    _require_own_names([one.name for one in runs])
    return [_write(out, one.name, ARCHIVE, archive.pack(one, prompt_tokens(one))) for one in runs]


def counts(found: Sequence[CountsTable], out: Folder) -> list[Exported]:
    """Write plain tables of counts: ``problem_id``, ``model``, ``n``, ``c``, and ``group`` if any.

    Args:
        found: Counts of runs.
        out: Where ``<run>.counts.csv`` is written.

    Raises:
        ConfigError: A run is adaptive, so that its plain counts would give biased numbers, or two
            have one name.
        StoreError: The place cannot be written to.
    """
    for table in found:
        if table.design is not None:
            raise ConfigError(
                f"{table.label} stopped early, and its n and c alone give biased numbers",
                remedy="export it without --counts: the archive holds its stop rule",
            )
    _require_own_names([table.label for table in found])
    return [_write(out, table.label, ".counts.csv", _plain(table)) for table in found]


def _plain(table: CountsTable) -> bytes:
    frame = tables.counts([(table.label, table)])
    kept = ["problem_id", "model", "n", "c"]
    if any(count.group is not None for count in table.counts):
        kept.append("group")
    return frame[kept].to_csv(index=False).encode()


def _require_own_names(names: Sequence[str]) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigError(
            f"two runs are named {twice[0]}, and would be one file",
            remedy="export them into different --out directories",
        )


def _write(out: Folder, name: str, suffix: str, data: bytes) -> Exported:
    out.write(name + suffix, data)
    return Exported(name, out.path(name + suffix), len(data))
