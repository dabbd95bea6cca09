"""One run on disk: what was asked, what was answered, what was judged."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from boundary.errors import StoreError
from boundary.records import Problem, Sample, Tier
from boundary.store import schema
from boundary.store.files import WHOLE, Folder, Shard
from boundary.store.flight import FlightLog, read_flight
from boundary.store.manifest import Manifest, Session, differing
from boundary.store.parts import (
    PartWriter,
    discard,
    mend,
    read_part,
    read_parts,
    read_whole,
    session_name,
    write_table,
)
from boundary.store.source import ARCHIVE, Asked

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from boundary.records import Design, Prefix
    from boundary.store.marks import Marks

_MANIFEST = "manifest.json"
_PROBLEMS = "problems.parquet"


@dataclass(frozen=True, slots=True)
class StoredProblem:
    """A problem as it was asked, its prompt rendered."""

    problem: Problem
    prompt: str


class Run:
    """A run's directory; see DESIGN: manifest, problems, samples, verdicts, scores."""

    def __init__(self, folder: Folder, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def open(cls, folder: Folder) -> "Run":
        """A run that is there.

        Raises:
            StoreError: No run is there, or its manifest cannot be read.
        """
        if not folder.exists(_MANIFEST):
            archived = "; an archive serves passk and compare only"
            remedy = "give the directory that holds its manifest.json"
            raise StoreError(
                f"no run at {folder}",
                remedy=remedy + archived * folder.base.endswith(ARCHIVE),
            )
        return cls(folder, Manifest.from_json(folder.read(_MANIFEST), str(folder)))

    @classmethod
    def create(cls, folder: Folder, manifest: Manifest, problems: Sequence[StoredProblem]) -> "Run":
        """The run of that identity and verifier, new or continued.

        Raises:
            StoreError: Another run is there; the differing fields are named.
        """
        with folder.gate():
            if folder.exists(_MANIFEST):
                run = cls.open(folder)
                run._require_same(manifest.identity)
                run._decide_by(manifest.verifier)
                run._keep_problems(problems)
                return run
            write_table(folder, _PROBLEMS, _problem_table(problems))
            run = cls(folder, manifest)
            run._save()
            return run

    def _keep_problems(self, problems: Sequence[StoredProblem]) -> None:
        """Write the problems again where their file was lost or damaged; nothing else changes."""
        try:
            self.problems()
        except StoreError:
            write_table(self.folder, _PROBLEMS, _problem_table(problems))

    def _decide_by(self, verifier: str) -> None:
        if verifier != self.manifest.verifier:
            self.manifest = replace(self.manifest, verifier=verifier)
            self._save()

    def _require_same(self, identity: Mapping[str, Any]) -> None:
        # JSON has no tuples: compare what would be stored.
        changed = differing(self.manifest.identity, json.loads(json.dumps(dict(identity))))
        if changed:
            raise StoreError(
                f"the run at {self.folder} has other settings ({'; '.join(changed)})",
                remedy="repeat the old settings, or choose another --results directory",
            )

    def _save(self) -> None:
        self.folder.write(_MANIFEST, self.manifest.to_json())

    def begin(self, session: Session, dtype: str) -> list[str]:
        """Record a working session; returns the packages whose version changed since the last.

        Raises:
            StoreError: The samples on disk were drawn in another dtype.
        """
        with self.folder.gate():
            # Another shard may have begun since this one read the manifest.
            self.manifest = Run.open(self.folder).manifest
            known = self.manifest.dtype
            if known not in (None, dtype):
                raise StoreError(
                    f"the run at {self.folder} was drawn in {known}, and the engine now uses"
                    f" {dtype}",
                    remedy="continue it on a machine of the first kind, or choose another"
                    " --results directory",
                )
            before = self.manifest.sessions
            self.manifest = replace(self.manifest, dtype=dtype, sessions=(*before, session))
            self._save()
        return differing(before[-1].versions if before else session.versions, session.versions)

    def plan_looks(self, design: "Design") -> None:
        """Record the looks of an adaptive run; those of an earlier, smaller n stay looks.

        Raises:
            StoreError: A new look lies below the old cap, where the rule has already decided.
        """
        with self.folder.gate():
            self.manifest = Run.open(self.folder).manifest
            self.manifest = replace(self.manifest, looks=_extended(self.manifest.looks, design))
            self._save()

    def extend_from(self, name: str) -> None:
        """Record whose answers this run continues, so that every later session does so too."""
        with self.folder.gate():
            self.manifest = replace(Run.open(self.folder).manifest, extends=name)
            self._save()

    def note_confinement(self, verifier: str, level: str, *, over: Collection[str] = ()) -> None:
        """Record in what a verifier ran the programs that it judged, besides what is recorded.

        Args:
            verifier: Its name.
            level: How programs were kept apart.
            over: Levels none of whose verdicts counts any more.
        """
        told = self.manifest.confinements.get(verifier, ())
        if level in told and not set(told) & (set(over) - {level}):
            return
        with self.folder.gate():
            manifest = Run.open(self.folder).manifest
            told = (*manifest.confinements.get(verifier, ()), level)
            levels = tuple(dict.fromkeys(one for one in told if one == level or one not in over))
            self.manifest = replace(
                manifest, confinements={**manifest.confinements, verifier: levels}
            )
            self._save()

    @property
    def design(self) -> "Design | None":
        """The stop rule of an adaptive run."""
        return self.manifest.design

    @property
    def suite_label(self) -> str:
        """The suite's name, and that problems of it were chosen where that is so."""
        return self.manifest.suite_label

    @property
    def name(self) -> str:
        """The run's name, that of its directory."""
        return self.folder.base.rstrip("/").rsplit("/", 1)[-1]

    def sample_writer(self, **limits: Any) -> PartWriter:
        """Writer of samples; see :class:`PartWriter`."""
        return PartWriter(self.folder / "samples", schema.samples(), **limits)

    def ledger_writer(self, **limits: Any) -> PartWriter:
        """Writer of what samples took; see :class:`PartWriter`."""
        return PartWriter(self.folder / "ledger", schema.ledger(), **limits)

    def verdict_writer(self, verifier: str, **limits: Any) -> PartWriter:
        """Writer of one verifier's verdicts; see :class:`PartWriter`."""
        return PartWriter(self.folder / "verdicts" / verifier, schema.verdicts(), **limits)

    def score_folder(self, digest: str) -> Folder:
        """Where the scores under the model of that digest lie."""
        return self.folder / "scores" / digest

    def mend(self, *, deep: bool, shard: Shard = WHOLE) -> list[str]:
        """Set damaged parts aside: samples, verdicts and scores; returns their new names.

        Where samples are lost, what was said of this run's samples goes too: an answer drawn
        anew may differ from the one that was judged.

        Args:
            deep: Read every byte; otherwise, of the samples, only which ones there are.
            shard: Who asks; what died while writing is swept up by a writer of the whole run.
        """
        keys = None if deep else ["problem_id", "index"]
        aside = mend(self.folder / "samples", schema.samples(), columns=keys)
        are_lost = bool(aside)
        aside += mend(self.folder / "ledger", schema.ledger())
        folders = [self.folder / name for name in ("samples", "inflight", "ledger")]
        for kind, columns in (("verdicts", schema.verdicts()), ("scores", schema.scores())):
            for name in (self.folder / kind).folders():
                folder = self.folder / kind / name
                folders.append(folder)
                aside += discard(folder) if are_lost else mend(folder, columns)
        if shard == WHOLE:
            for folder in folders:
                folder.sweep()
        return aside

    def flight_log(self) -> FlightLog:
        """Writer of this session's snapshots of what is in flight."""
        return FlightLog(self.folder / "inflight")

    def in_flight(self) -> "Mapping[tuple[str, int], Prefix]":
        """What was unfinished when the last writers ended, by problem and index."""
        found = read_flight(self.folder / "inflight", self.sample_parts())
        have = self.indices() if found else {}
        return {key: p for key, p in found.items() if key[1] not in have.get(key[0], ())}

    def verifiers(self) -> list[str]:
        """Names of the verifiers that judged this run, the deciding one first."""
        found = (self.folder / "verdicts").folders()
        decides = self.manifest.verifier
        return sorted(found, key=lambda name: (name != decides, name))

    def problems(self) -> list[StoredProblem]:
        """What was asked, in the suite's order.

        Raises:
            StoreError: Their file is missing or damaged.
        """
        rows = read_whole(self.folder, _PROBLEMS, schema.problems()).to_pylist()
        return [_stored_problem(row) for row in rows]

    def asked(self) -> list[Asked]:
        """What was asked, without its texts."""
        return [Asked.of(stored.problem) for stored in self.problems()]

    def indices(self) -> dict[str, "NDArray[np.int32]"]:
        """Per problem, the indices on disk, sorted and without repeats."""
        import numpy as np

        parts: dict[str, list[NDArray[np.int32]]] = {}
        for table in read_parts(self.folder / "samples", ["problem_id", "index"]):
            for key, rows in _by_problem(table).items():
                parts.setdefault(key, []).append(rows)
        return {key: np.unique(np.concatenate(rows)) for key, rows in parts.items()}

    def samples(self, columns: Sequence[str] | None = None, filters: Any = None) -> Iterator[Any]:
        """Yield the stored samples part by part, as pyarrow tables."""
        yield from read_parts(self.folder / "samples", columns, filters)

    def sample_parts(self) -> list[str]:
        """Names of the parts that hold samples, in the order of writing."""
        return (self.folder / "samples").names(".parquet")

    def sample_part(
        self, name: str, columns: Sequence[str] | None = None, filters: Any = None
    ) -> Any:
        """One part, as a pyarrow table."""
        return read_part(self.folder / "samples", name, columns, filters)

    def add_part(self, table: Any) -> None:
        """Store a table of samples as a part of its own."""
        write_table(self.folder / "samples", f"{session_name()}-00001.parquet", table)

    def sample_records(
        self, skip: "Marks | None" = None, *, with_tokens: bool = True
    ) -> Iterator[Sample]:
        """Yield the stored samples, but for those that ``skip`` has a verdict of.

        Without tokens, which few readers need, it takes a fraction of the time.
        """
        read = schema.sample_of()
        columns = None if with_tokens else schema.without_tokens()
        for table in self.samples(columns):
            fresh = table.filter(~skip.known(table)) if skip else table
            for batch in fresh.to_batches(max_chunksize=256):
                for row in batch.to_pylist():
                    yield read(row)

    def verdict_parts(
        self, verifier: str, tier: Tier, columns: Sequence[str], where: Any = None
    ) -> Iterator[Any]:
        """Yield one tier's stored verdicts part by part, superseded ones too."""
        import pyarrow.compute as pc

        wanted = pc.field("tier") == tier.value
        if where is not None:
            wanted &= where
        yield from read_parts(self.folder / "verdicts" / verifier, columns, filters=wanted)

    def marks(self, verifier: str, tier: Tier, version: str | None = None) -> "Marks":
        """One tier's verdicts in a byte per sample; of one version of the verifier, if named."""
        import pyarrow.compute as pc

        from boundary.store.marks import Marks

        own = None if version is None else pc.field("verifier_version") == version
        names = ["problem_id", "index", "outcome", "valid"]
        tables = self.verdict_parts(verifier, tier, names, own)
        return Marks.read([p.problem.id for p in self.problems()], tables)

    def verdicts(self, verifier: str, tier: Tier, columns: Iterable[str] = ()) -> "pd.DataFrame":
        """One tier's verdicts, the latest of each (problem, index), as a data frame.

        Columns are problem_id, index, outcome, reason, valid, verifier_version and those asked.
        """
        import pandas as pd
        import pyarrow.compute as pc

        names = ["problem_id", "index", "outcome", "reason", "valid", "verifier_version"]
        parts = read_parts(
            self.folder / "verdicts" / verifier,
            [*names, *columns],
            filters=pc.field("tier") == tier.value,
        )
        frames = [table.to_pandas() for table in parts]
        if not frames:
            return pd.DataFrame(columns=[*names, *columns])
        frame: pd.DataFrame = pd.concat(frames, ignore_index=True)
        return frame.drop_duplicates(["problem_id", "index"], keep="last", ignore_index=True)


def _extended(looks: tuple[int, ...], design: "Design") -> tuple[int, ...]:
    if not looks or looks == design.looks:
        return design.looks
    cap = looks[-1]
    if design.looks[-1] <= cap:
        return looks
    between = [look for look in design.looks if look < cap and look not in looks]
    if between:
        raise StoreError(
            f"the run has looked at {', '.join(map(str, looks))}, and not at {between[0]}",
            remedy="give the same --looks, or only ones above the old n",
        )
    return (*looks, *(look for look in design.looks if look > cap))


def _by_problem(table: Any) -> dict[str, "NDArray[np.int32]"]:
    import numpy as np

    ids = table.column("problem_id").combine_chunks().dictionary_encode()
    codes = np.asarray(ids.indices)
    index = table.column("index").to_numpy()
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(ids.dictionary) + 1))
    names = ids.dictionary.to_pylist()
    return {
        name: index[order[start:end]]
        for name, start, end in zip(names, bounds, bounds[1:], strict=False)
    }


def _problem_table(problems: Sequence[StoredProblem]) -> Any:
    import pyarrow as pa

    told = (
        {
            "id": p.problem.id,
            "question": p.problem.question,
            "prompt": p.prompt,
            "answer": p.problem.answer,
            "group": p.problem.group,
            "solution": p.problem.solution,
            "meta": json.dumps(dict(p.problem.meta), sort_keys=True),
        }
        for p in problems
    )
    rows = [{name: schema.clean(value) for name, value in row.items()} for row in told]
    return pa.Table.from_pylist(rows, schema=schema.problems())


def _stored_problem(row: dict[str, Any]) -> StoredProblem:
    meta = json.loads(row.pop("meta"))
    prompt = row.pop("prompt")
    return StoredProblem(Problem(**row, meta=meta), prompt)
