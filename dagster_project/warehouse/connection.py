"""Opens the warehouse for writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from dagster_project.archive.engine import limits, store_faults
from dagster_project.settings import Settings


@contextmanager
def connect(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, in UTC; StoreError when it is in use, damaged, read-only or the disk is full."""
    path = settings.warehouse_path
    with store_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        con = duckdb.connect(str(path), config=limits(path.parent / "tmp"))
        try:
            con.execute("set TimeZone = 'UTC'")
            yield con
        finally:
            con.close()
