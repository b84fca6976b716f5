"""Opens the warehouse for writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dagster_project.archive.engine import limits, store_faults
from dagster_project.settings import Settings


@contextmanager
def connect(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, in UTC; StoreError when it is in use, damaged, read-only or the disk is full."""
    path = settings.warehouse_path
    with store_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        con = _opened(path)
        try:
            con.execute("set TimeZone = 'UTC'")
            yield con
        finally:
            con.close()


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    """The database; a kill in the middle of a block can leave one that is none.

    Everything in it is computed from the archive, so it is set aside as `.damaged` and made again. A log beside it says
    that its writer did not end: then every block is read before anything rests on one.
    """
    log = path.with_name(f"{path.name}.wal")
    was_killed = log.exists()
    try:
        con = duckdb.connect(str(path), config=limits(path.parent / "tmp"))
        try:
            if was_killed:
                _read_whole(con)
        except duckdb.Error:
            con.close()
            raise
        return con
    except duckdb.Error as error:
        if not str(error).startswith("Corrupt database file"):
            raise
    for file in (path, log):
        if file.exists():
            file.replace(file.with_name(f"{file.name}.damaged"))
    return duckdb.connect(str(path), config=limits(path.parent / "tmp"))


def _read_whole(con: duckdb.DuckDBPyConnection) -> None:
    tables = "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
    for schema, table in con.execute(tables).fetchall():
        con.execute(f'select sum(hash(held)) from "{schema}"."{table}" as held')
