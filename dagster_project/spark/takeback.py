"""Puts the tables that Spark built into the warehouse, from which checks, publishing and evidence read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.errors import StoreError
from dagster_project.sql import quoted

_PARTITION_STATES = """
select table_name from duckdb_tables() where schema_name = 'state' and ends_with(table_name, '__partitions')"""
_PARQUET_TYPES = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMP"}


def is_table(node: Mapping[str, Any]) -> bool:
    """Whether dbt makes a table of a node of the manifest."""
    kind = node["resource_type"]
    return kind == "seed" or (kind == "model" and node["config"]["materialized"] != "view")


def take_back(con: duckdb.DuckDBPyConnection, nodes: Iterable[Mapping[str, Any]], built: Path) -> None:
    """Replaces each table by what lies in `built/<schema>.db/<table>`, in the types that its contract states.

    Tables of `state` keep Spark's: they hold the hashes of the engine that made them, and are nobody's figures.

    All or nothing, in one transaction. What DuckDB kept of partitions that it computed itself is forgotten. Raises
    StoreError where a table is not there.
    """
    con.execute("begin transaction")
    for node in nodes:
        schema, table = node["schema"], node["alias"]
        folder = built / f"{schema}.db" / table
        if not any(folder.glob("*.parquet")):
            raise StoreError(f"{folder}: Spark left no table there; expected the Parquet of {schema}.{table}")
        files = f"read_parquet('{quoted(folder)}/*.parquet')"
        con.execute(f'create schema if not exists "{schema}"')
        con.execute(f'create or replace table "{schema}"."{table}" as select {_typed(con, node, files)} from {files}')
    for (state,) in con.execute(_PARTITION_STATES).fetchall():
        con.execute(f'drop table state."{state}"')
    con.execute("commit")


def _typed(con: duckdb.DuckDBPyConnection, node: Mapping[str, Any], files: str) -> str:
    columns = {} if node["schema"] == "state" else node["columns"]
    stated = {name.lower(): column.get("data_type") for name, column in columns.items()}
    held = con.execute(f"describe select * from {files}").fetchall()
    kinds = {name: stated.get(name.lower()) or _PARQUET_TYPES.get(kind, kind) for name, kind, *_ in held}
    return ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in kinds.items())
