"""Writes rows of plain Python values as one typed table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb


def create(
    con: duckdb.DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    rows: Iterable[Sequence[Any]],
    temporary: bool = False,
) -> None:
    """Replaces `table`; values travel as text and are cast by DuckDB, so that no decimal passes through a float.

    As parameters and not as an Arrow table, for whose making pandas is imported: a quarter of a second.
    """
    columns: list[list[str | None]] = [[] for _ in types]
    for row in rows:
        for values, value in zip(columns, row, strict=True):
            values.append(None if value is None else str(value))
    staged = ", ".join(f"unnest(?::varchar[]) as {name}" for name in types)
    cast = ", ".join(f"{name}::{type_} as {name}" for name, type_ in types.items())
    kind = "temp table" if temporary else "table"
    con.execute(f"create or replace {kind} {table} as select {cast} from (select {staged})", columns)
