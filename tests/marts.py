"""Compares published snapshots by what they say, not by their bytes."""

from __future__ import annotations

from pathlib import Path

import duckdb


def mart_hashes(published: Path) -> dict[str, tuple[int, int]]:
    """Rows and an order-free hash of every public mart; columns named `run_*` tell of one run and are left out."""
    with duckdb.connect(str(published), read_only=True) as con:
        tables = con.execute(
            "select table_name, list(column_name order by ordinal_position) from information_schema.columns"
            " where table_schema = 'marts' and not starts_with(column_name, 'run_') group by table_name order by table_name"
        ).fetchall()
        return {table: _hash(con, table, columns) for table, columns in tables}


def _hash(con: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> tuple[int, int]:
    listed = ", ".join(f'"{column}"' for column in columns)
    row = con.execute(f"select count(*), coalesce(sum(hash(row({listed}))::hugeint), 0) from marts.{table}").fetchall()[
        0
    ]
    return int(row[0]), int(row[1])
