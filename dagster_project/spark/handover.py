"""What Spark reads: the relations that landing and the boundary wrote, as Parquet that lies there or is written now.

A view over the archive is handed over as the names of its files: a hundred million events are not copied. Small tables
are written beside.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.sql import quoted

_FILE = re.compile(r"'((?:[^']|'')*\.parquet)'")
_BATCHES = "landed.batches"
_COLUMNS = """
select column_name, data_type
from information_schema.columns
where table_catalog = current_database() and table_schema = ? and table_name = ?
order by ordinal_position"""
_VIEW = "select sql from duckdb_views() where database_name = current_database() and schema_name = ? and view_name = ?"


@dataclass(frozen=True)
class Part:
    """Parquet files that have the same columns."""

    files: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """One relation as Spark must show it: DuckDB's type per column, and the files that hold its rows.

    With `is_restated`, `extracted_at` is that of `landed.batches`: unchanged bytes were extracted again.
    """

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    is_restated: bool


def hand_over(con: duckdb.DuckDBPyConnection, names: Iterable[tuple[str, str]], folder: Path) -> list[Relation]:
    """Every relation of `names` (schema, name); tables are written below `folder`, which is replaced whole."""
    shutil.rmtree(folder, ignore_errors=True)
    return [_relation(con, schema, name, folder) for schema, name in names]


def _relation(con: duckdb.DuckDBPyConnection, schema: str, name: str, folder: Path) -> Relation:
    columns = tuple((column, kind) for column, kind in con.execute(_COLUMNS, [schema, name]).fetchall())
    view = con.execute(_VIEW, [schema, name]).fetchall()
    if view:
        files = [path.replace("''", "'") for path in _FILE.findall(view[0][0])]
        return Relation(schema, name, columns, tuple(_parts(con, files)), _BATCHES in view[0][0])
    file = folder / schema / f"{name}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f'copy "{schema}"."{name}" to \'{quoted(file)}\' (format parquet)')
    part = Part((str(file),), tuple(column for column, _ in columns))
    return Relation(schema, name, columns, (part,), is_restated=False)


def _parts(con: duckdb.DuckDBPyConnection, files: list[str]) -> list[Part]:
    """Files by their columns: those of an older contract lack some, which Spark would refuse by name."""
    if not files:
        return []
    held: dict[str, list[str]] = {}
    query = "select file_name, name from parquet_schema(?) where num_children is null or num_children = 0"
    for file, column in con.execute(query, [files]).fetchall():
        held.setdefault(file, []).append(column)
    alike: dict[tuple[str, ...], list[str]] = {}
    for file, columns in held.items():
        alike.setdefault(tuple(columns), []).append(file)
    return [Part(tuple(sorted(group)), columns) for columns, group in alike.items()]
