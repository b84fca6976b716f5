"""Lets Great Expectations 1.24 work on DuckDB: it fetches a result after it has closed the connection.

For SQLite and a few others it keeps the connection open; DuckDB is added to them. A test fails when GX does so itself.
"""

from __future__ import annotations


class _Dialect(str):
    """Stands where GX expects a member of its enum of dialects, which DuckDB is not in."""

    @property
    def value(self) -> str:
        return str(self)


DUCKDB = _Dialect("duckdb")


def keep_duckdb_connections_open() -> None:
    """Adds DuckDB to the dialects whose connection GX keeps; does nothing when it is there."""
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    if DUCKDB not in engine._PERSISTED_CONNECTION_DIALECTS:
        engine._PERSISTED_CONNECTION_DIALECTS += (DUCKDB,)  # type: ignore[assignment]
