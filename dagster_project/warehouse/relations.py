"""The `landed.<vendor>__<domain>__<object>` views: typed, always present, over the Parquet of the loaded batches."""

from __future__ import annotations

import duckdb

from dagster_project.archive.batches import Batch
from dagster_project.archive.parsing.content import content_hash, is_on_demand
from dagster_project.archive.store import parquet_path
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract

LINEAGE_TYPES = {
    "source_instance": "VARCHAR",
    "batch_id": "VARCHAR",
    "row_number": "BIGINT",
    "content_hash": "VARCHAR",
    "extracted_at": "TIMESTAMP",
}


def name_of(vendor: str, contract: Contract) -> str:
    """The relation of one vendor's object."""
    return f"landed.{vendor}__{contract.domain}__{contract.name}"


def types_of(contract: Contract) -> dict[str, str]:
    """DuckDB's type of every column of a landed relation of the object."""
    return {column.name: column.sql_type for column in contract.columns} | LINEAGE_TYPES


def create(
    con: duckdb.DuckDBPyConnection, settings: Settings, vendor: str, contract: Contract, loaded: list[Batch]
) -> None:
    """(Re)creates one view over the batches given; it is typed and empty where there are none.

    A hash that the archive does not keep is computed for the rows of which it is asked.
    """
    types = types_of(contract)
    nothing = ", ".join(f"null::{kind} as {name}" for name, kind in types.items())
    body = f"select {nothing} where false"
    if any(batch.with_rows for batch in loaded):
        # The typed empty side supplies columns that a contract gained after the oldest batch was parsed.
        body = f"({body}) union all by name (select {_picked(loaded)} from read_parquet({_files(settings, loaded)}"
        body += ", union_by_name = true) as batch" + _restated(loaded) + ")"
    computed = {"content_hash": content_hash(contract)} if is_on_demand(contract) else {}
    listed = ", ".join(f"{name}::{kind} as {name}" for name, kind in types.items() if name not in computed)
    rows = f"select {listed} from ({body})"
    if computed:
        rows = f"select {', '.join(f'{computed.get(name, name)} as {name}' for name in types)} from ({rows})"
    con.execute(f"create or replace view {name_of(vendor, contract)} as {rows}")


def _picked(loaded: list[Batch]) -> str:
    if not any(batch.has_newer_sidecar for batch in loaded):
        return "*"
    return "batch.* exclude (extracted_at), batches.extracted_at"


def _restated(loaded: list[Batch]) -> str:
    """Unchanged bytes that were extracted again are as fresh as their newest extraction."""
    if not any(batch.has_newer_sidecar for batch in loaded):
        return ""
    return " left join landed.batches as batches using (source_instance, batch_id)"


def _files(settings: Settings, loaded: list[Batch]) -> str:
    paths = sorted(str(parquet_path(settings, link)) for batch in loaded for link in batch.with_rows)
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"
