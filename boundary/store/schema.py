"""Columns of the parts, and records to and from them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from boundary.records import Ledger, Move, Prefix, Sample, Verdict


@cache
def samples() -> Any:
    """Schema of ``samples/*.parquet``."""
    import pyarrow as pa

    return pa.schema(
        [
            ("problem_id", pa.string()),
            ("index", pa.int32()),
            ("text", pa.string()),
            ("token_ids", pa.list_(pa.int32())),
            ("n_tokens", pa.int32()),
            ("finish", pa.string()),
            ("logprob", pa.float64()),
            ("draw_logprob", pa.float64()),
            ("forced", pa.list_(pa.int32())),
            ("seed", pa.int64()),
        ]
    )


@cache
def verdicts() -> Any:
    """Schema of ``verdicts/<verifier>/*.parquet``."""
    import pyarrow as pa

    return pa.schema(
        [
            ("problem_id", pa.string()),
            ("index", pa.int32()),
            ("tier", pa.string()),
            ("outcome", pa.string()),
            ("reason", pa.string()),
            ("extracted", pa.string()),
            ("valid", pa.bool_()),
            ("verifier_version", pa.string()),
        ]
    )


@cache
def scores() -> Any:
    """Schema of ``scores/<model digest>/*.parquet``."""
    import pyarrow as pa

    return pa.schema(
        [
            ("problem_id", pa.string()),
            ("index", pa.int32()),
            ("n_tokens", pa.int32()),
            ("logprob", pa.float64()),
        ]
    )


@cache
def inspections() -> Any:
    """Schema of ``scores/<model digest>-T<temperature>-p<top-p>/*.parquet``: token by token."""
    import pyarrow as pa

    columns = [
        ("token_logprobs", pa.list_(pa.float64())),
        ("ranks", pa.list_(pa.int32())),
        ("within", pa.list_(pa.int8())),
        ("raw", pa.list_(pa.float32())),
        ("tempered", pa.list_(pa.float32())),
        ("raw_slack", pa.float64()),
        ("tempered_slack", pa.float64()),
    ]
    return pa.schema([*scores(), *(pa.field(*column) for column in columns)])


@cache
def ledger() -> Any:
    """Schema of ``ledger/*.parquet``: what the answers of some samplers took."""
    import pyarrow as pa

    counts = ("requests", "generated", "extended", "accepted", "rejected", "passes", "prefilled")
    move = pa.struct(
        [
            ("block", pa.int32()),
            ("step", pa.int32()),
            ("cut", pa.int32()),
            ("before", pa.int32()),
            ("after", pa.int32()),
            ("drawn", pa.int32()),
            ("log_r", pa.float64()),
            ("log_r_z", pa.float64()),
            ("accepted", pa.bool_()),
        ]
    )
    return pa.schema(
        [
            ("problem_id", pa.string()),
            ("index", pa.int32()),
            *((name, pa.int64()) for name in counts),
            ("cached", pa.int64()),
            ("tail", pa.float64()),
            ("block_steps", pa.list_(pa.int32())),
            ("block_accepted", pa.list_(pa.int32())),
            ("moves", pa.list_(move)),
        ]
    )


@cache
def prefixes() -> Any:
    """Schema of ``inflight/*.parquet``: answers that were not finished."""
    import pyarrow as pa

    return pa.schema(
        [
            ("problem_id", pa.string()),
            ("index", pa.int32()),
            ("token_ids", pa.list_(pa.int32())),
            ("logprob", pa.float64()),
            ("draw_logprob", pa.float64()),
            ("state", pa.binary()),
        ]
    )


@cache
def stateless_prefixes() -> Any:
    """What every snapshot has, and where no sampler keeps a state no more than that."""
    import pyarrow as pa

    return pa.schema([field for field in prefixes() if field.name != "state"])


@cache
def problems() -> Any:
    """Schema of ``problems.parquet``: what was asked, so that a run explains itself."""
    import pyarrow as pa

    names = ("id", "question", "prompt", "answer", "group", "solution", "meta")
    return pa.schema([(name, pa.string()) for name in names])


def without_tokens() -> list[str]:
    """Columns of a sample but for its lists of tokens."""
    return [name for name in samples().names if name not in ("token_ids", "forced")]


def table_of(records: Sequence[Sample | Verdict | Prefix | Ledger], schema: Any) -> Any:
    """Records as a table with the schema's columns."""
    import pyarrow as pa

    columns = {
        name: pa.array([clean(getattr(r, name)) for r in records], schema.field(name).type)
        for name in schema.names
    }
    return pa.table(columns, schema=schema)


def clean(value: Any) -> Any:
    """A value as it can be stored: half a surrogate pair is no UTF-8, and is escaped visibly."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, tuple) and value and isinstance(value[0], Move):
        return [asdict(move) for move in value]
    return value


def sample_of() -> Callable[[dict[str, Any]], Sample]:
    """A reader of rows, given as dicts that hold at least a sample's required columns."""
    from boundary.records import Finish

    names = [f.name for f in fields(Sample)]

    def read(row: dict[str, Any]) -> Sample:
        known: dict[str, Any] = {name: row.get(name) for name in names}
        known["finish"] = Finish(row["finish"]) if row["finish"] else None
        return Sample(**known)

    return read
