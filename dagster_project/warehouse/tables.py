"""Writes rows of plain Python values as one typed table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa


def create(con: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Replaces `table`; values travel as text and are cast by DuckDB, so that no decimal passes through a float."""
    columns: list[list[str | None]] = [[] for _ in types]
    for row in rows:
        for values, value in zip(columns, row, strict=True):
            values.append(None if value is None else str(value))
    staged = pa.table({name: pa.array(values, pa.string()) for name, values in zip(types, columns, strict=True)})
    con.register("staged_rows", staged)
    cast = ", ".join(f"{name}::{kind} as {name}" for name, kind in types.items())
    con.execute(f"create or replace table {table} as select {cast} from staged_rows")
    con.unregister("staged_rows")
