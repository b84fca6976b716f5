"""Publishes what a run found: a new read-only DuckDB file, swapped in atomically, so that readers never block a run.

Does not compute: every table is copied from the warehouse as it is. Usage events stay in the archive, seen by a view.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pydantic import TypeAdapter

from dagster_project import warehouse
from dagster_project.archive.engine import store_faults
from dagster_project.errors import InputError
from dagster_project.settings import Settings
from dagster_project.sql import column, quoted, scalar
from dagster_project.warehouse import steps

WHOLE_SCHEMAS = ("marts", "config", "quality", "canonical", "seeds")
SINGLE_TABLES = {
    "landed": ("batches", "batch_totals", "quarantine", "replays", "schema_drift", "usage_copies"),
    "matching": ("matches", "searches", "linkage_suggestions"),
    "reconciliation": (),
}
EVENT_VIEWS = """
    select sql from duckdb_views()
    where database_name = current_database() and (
        (schema_name in ('landed', 'staging') and ends_with(view_name, '__product__usage_events'))
        or (schema_name = 'canonical' and view_name = 'usage_event')
    )
    order by list_position(['landed', 'staging', 'canonical'], schema_name), view_name"""
KEPT_SNAPSHOTS = 5
_AT_ONCE = 2
"""Tables that are copied side by side."""

CURRENT = "current.duckdb"
_NAME = re.compile(r"tieout-(\d{6,})\.duckdb")


@dataclass(frozen=True)
class PublishedSnapshot:
    """One published file: its path, size in bytes, and rows per `schema.table`."""

    path: Path
    bytes: int
    tables: dict[str, int]


def publish_once(settings: Settings, again: bool = False) -> PublishedSnapshot:
    """Publishes, unless what is published is of the same books and is what readers see; with `again`, in any case."""
    kept = TypeAdapter(PublishedSnapshot)

    def is_current(made: str) -> bool:
        path = kept.validate_json(made).path
        return path.exists() and (settings.published_path / CURRENT).resolve() == path.resolve()

    def make() -> str:
        return kept.dump_json(_publish(con, settings)).decode()

    with warehouse.connect(settings) as con:
        judged = warehouse.digests(con, settings.archive_path, ("quality",))
        inputs = steps.fingerprint(con, settings.archive_path, more=judged.values())
        made = steps.once(con, "publish", inputs, make, is_current, again)
    return kept.validate_json(made.json)


def publish(settings: Settings) -> PublishedSnapshot:
    """Copies the public tables of the warehouse into a new versioned file and points `current.duckdb` at it.

    Raises StoreError when the disk is full or the warehouse is in use; what was published before then stays.
    """
    with warehouse.connect(settings) as con:
        return _publish(con, settings)


def _publish(con: duckdb.DuckDBPyConnection, settings: Settings) -> PublishedSnapshot:
    folder = settings.published_path
    with store_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"tieout-{_next_number(folder):06d}.duckdb"
        scratch = path.with_suffix(".duckdb.tmp")
        scratch.unlink(missing_ok=True)
        tables = _copy(con, scratch)
        os.replace(scratch, path)
        _point_at(folder, path)
        _drop_old(folder, path)
    return PublishedSnapshot(path, path.stat().st_size, tables)


def current(settings: Settings) -> Path:
    """The newest published file, its link resolved; raises InputError that says which command makes one."""
    link = settings.published_path / CURRENT
    if not link.exists():
        raise InputError(f"nothing is published in {settings.published_path}; run `tieout run` first")
    return link.resolve()


def open_current(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the newest published file."""
    return duckdb.connect(str(current(settings)), read_only=True)


def _copy(con: duckdb.DuckDBPyConnection, scratch: Path) -> dict[str, int]:
    con.execute(f"attach '{quoted(scratch)}' as snapshot")
    try:
        public = _public_tables(con)
        for schema in sorted({schema for schema, _ in public}):
            con.execute(f'create schema if not exists snapshot."{schema}"')
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            copied = dict(pool.map(lambda table: _copy_table(con, *table), public))
        _carry_events(con)
        return {name: copied[name] for name in sorted(copied)}
    finally:
        con.execute("detach snapshot")


def _carry_events(con: duckdb.DuckDBPyConnection) -> None:
    """Usage events as views over the archive, whose files never change: copies of them would be the snapshot's bulk."""
    views = column(con, EVENT_VIEWS)
    if not any(" canonical." in view for view in views):
        return
    warehouse_name = scalar(con, "select current_database()")
    con.execute("use snapshot")
    try:
        for schema in ("landed", "staging", "canonical"):
            con.execute(f"create schema if not exists {schema}")
        for view in views:
            con.execute(view)
    finally:
        con.execute(f'use "{warehouse_name}"')


def _public_tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Base tables of whole schemas and the named few, the largest first."""
    rows = con.execute(
        "select table_schema, tables.table_name, table_type from information_schema.tables as tables"
        " left join (select schema_name, table_name, estimated_size * column_count as size from duckdb_tables()"
        " where database_name = current_database()) as held on table_schema = schema_name"
        " and tables.table_name = held.table_name"
        " where table_catalog = current_database() order by size desc nulls last, table_schema, tables.table_name"
    ).fetchall()
    return [
        (schema, table)
        for schema, table, kind in rows
        if (schema in WHOLE_SCHEMAS and kind == "BASE TABLE") or table in SINGLE_TABLES.get(schema, ())
    ]


def _copy_table(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> tuple[str, int]:
    """The table's name and its rows. Most tables are of one row group, which the engine writes on one core."""
    with con.cursor() as own:
        rows = scalar(own, f'create table snapshot."{schema}"."{table}" as from "{schema}"."{table}"')
    return f"{schema}.{table}", int(rows or 0)


def _next_number(folder: Path) -> int:
    numbers = [int(match[1]) for file in folder.iterdir() if (match := _NAME.fullmatch(file.name))]
    return max(numbers, default=0) + 1


def _point_at(folder: Path, path: Path) -> None:
    link = folder / f".{CURRENT}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    os.replace(link, folder / CURRENT)


def _drop_old(folder: Path, newest: Path) -> None:
    """Readers that still hold a dropped file keep reading it: its name is never used again."""
    snapshots = sorted((file for file in folder.iterdir() if _NAME.fullmatch(file.name)), key=lambda file: file.name)
    for file in snapshots[:-KEPT_SNAPSHOTS]:
        if file != newest:
            file.unlink()
