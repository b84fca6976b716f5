"""Which delivery did a record come in? Found in the archive by the hash of its content; nothing is stored twice.

Where the archive does not keep that hash, it is computed of the rows that have the record's key.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from dagster_project.archive.parsing.content import content_hash, is_on_demand
from dagster_project.lineage.kinds import KINDS
from dagster_project.lineage.records import Described, Record
from dagster_project.sources.contracts import Contract, load_contracts

_FILES = "read_parquet(?, union_by_name = true)"
_FIND = """
    select content_hash, min(batch_id)
    from {rows}
    where content_hash in (select unnest(?::varchar[]))
    group by content_hash
"""


def batches_of(
    con: duckdb.DuckDBPyConnection, archive: Path, records: Iterable[Described]
) -> dict[Record, tuple[tuple[str, str], ...]]:
    """(batch, SHA-256 of its bytes) of every record that the archive still holds, in order."""
    wanted: dict[tuple[str, str], list[Described]] = {}
    for one in records:
        delivered = KINDS[one.record.kind].delivered
        if delivered and one.content_hashes:
            wanted.setdefault((one.record.instance, delivered), []).append(one)
    hashes = dict(con.execute("select batch_id, min(sha256) from landed.batches group by batch_id").fetchall())
    found: dict[Record, tuple[tuple[str, str], ...]] = {}
    for (instance, delivered), described in wanted.items():
        folder = archive / "parquet" / instance / delivered
        files = sorted(str(file) for file in folder.glob("*.parquet") if file.stem.partition("-")[0] in hashes)
        if not files:
            continue
        contents = sorted({content for one in described for content in one.content_hashes})
        rows, parameters = _rows(delivered, files, described)
        held = dict(con.execute(_FIND.format(rows=rows), [*parameters, contents]).fetchall())
        for one in described:
            batches = sorted({held[content] for content in one.content_hashes if content in held})
            found[one.record] = tuple((batch, hashes[batch]) for batch in batches)
    return found


def _rows(delivered: str, files: list[str], described: list[Described]) -> tuple[str, list[list[str]]]:
    """SQL and parameters: rows of the files with their content hash, at least all that may be those of the records."""
    for contract in load_contracts().values():
        if contract.name == delivered and is_on_demand(contract):
            return _hashed_on_demand(contract), [files, [one.record.id for one in described]]
    return _FILES, [files]


def _hashed_on_demand(contract: Contract) -> str:
    """Of a contract whose key is one column; columns that it gained after a file was written are null there."""
    nothing = ", ".join(f"null::{column.sql_type} as {column.name}" for column in contract.columns)
    rows = f"(select {nothing} where false) union all by name (from {_FILES})"
    (key,) = contract.key
    chosen = f"select * from ({rows}) where {key} in (select unnest(?::varchar[]))"
    return f"(select batch_id, {content_hash(contract)} as content_hash from ({chosen}))"
