"""Small reads from DuckDB. A result must be read to its end before the connection takes the next statement."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb


def scalar(con: duckdb.DuckDBPyConnection, query: str, parameters: list[Any] | None = None) -> Any:
    """The first column of the first row, None when there is no row."""
    rows = con.execute(query, parameters or []).fetchall()
    return rows[0][0] if rows else None


def column(con: duckdb.DuckDBPyConnection, query: str, parameters: list[Any] | None = None) -> list[Any]:
    """The first column of every row."""
    return [row[0] for row in con.execute(query, parameters or []).fetchall()]


def quoted(value: str | Path) -> str:
    """A text or path as it must stand between single quotes of a statement that takes no parameters."""
    return str(value).replace("'", "''")


def listed(values: Iterable[str]) -> str:
    """Texts as constants of a statement, comma separated."""
    return ", ".join(f"'{quoted(value)}'" for value in values)
