"""The published snapshot that a page reads: found through the settings, opened read-only, never the working file.

Belongs here: paths, connections, caches. SQL belongs in queries.py, widgets in components.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import streamlit as st

from dagster_project import settings as configuration
from dagster_project.errors import InputError
from dagster_project.publish import current
from dagster_project.settings import Settings

Row = dict[str, Any]
QUERY_LIMIT = 5_000
"""No page fetches more rows than this; whoever needs more pages, filters or downloads."""
DOWNLOAD_LIMIT = 200_000
"""No file holds more rows than this; the database sorts and reads no more either."""


@dataclass(frozen=True)
class Snapshot:
    """One published file. Its path is part of every cache key, so figures of two closes never mix."""

    path: str

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Row]:
        """All rows of a limited query as dictionaries; money stays int or Decimal."""
        return _rows(self.path, sql, parameters)

    def row(self, sql: str, parameters: tuple[Any, ...] = ()) -> Row:
        """The first row, or an empty dictionary."""
        return next(iter(self.rows(sql, parameters)), {})

    def stream(self, sql: str, parameters: tuple[Any, ...] = (), size: int = 10_000) -> Iterator[Row]:
        """Rows of a large query, a batch in memory at a time; for downloads."""
        cursor = _connection(self.path).cursor()
        cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        while batch := cursor.fetchmany(size):
            for values in batch:
                yield dict(zip(names, values, strict=True))

    def columns(self, table: str) -> tuple[str, ...]:
        """Column names of `schema.table` in order; empty when the snapshot does not hold it."""
        schema, name = table.split(".")
        found = self.rows(
            "select column_name from information_schema.columns where table_schema = ? and table_name = ?"
            " order by ordinal_position",
            (schema, name),
        )
        return tuple(row["column_name"] for row in found)

    def has(self, *tables: str) -> bool:
        """True when every `schema.table` is in the snapshot."""
        return all(self.columns(table) for table in tables)


@st.cache_resource(max_entries=3, show_spinner=False)
def _connection(path: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, read_only=True)


@st.cache_data(max_entries=512, show_spinner=False)
def _rows(path: str, sql: str, parameters: tuple[Any, ...]) -> list[Row]:
    cursor = _connection(path).cursor()
    cursor.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchmany(QUERY_LIMIT)]


def load_settings(arguments: list[str] | None = None) -> Settings:
    """Settings of `--config` (after `--`), else of $TIEOUT_CONFIG, else of ./tieout.yml; raises ConfigurationError."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--config", type=Path)
    known, _ = parser.parse_known_args(sys.argv[1:] if arguments is None else arguments)
    return configuration.load(known.config)


def newest(settings: Settings) -> Path | None:
    """The newest published file, its link resolved; None when nothing is published yet."""
    try:
        return current(settings)
    except InputError:
        return None


def opened(settings: Settings) -> Snapshot | None:
    """The file this session reads: it stays the same until the reader asks for the newer one, or it is gone."""
    kept = st.session_state.get("snapshot")
    path = kept if kept and Path(kept).is_file() and Path(kept).parent == settings.published_path else newest(settings)
    if path is None:
        return None
    st.session_state["snapshot"] = str(path)
    return Snapshot(str(path))
