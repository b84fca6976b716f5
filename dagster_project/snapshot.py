"""A DuckDB file of what the warehouse makes public: every table as it is, nothing computed.

Tables that hold what they held in the former file are taken over with its bytes, if those are still the bytes that
were written then; the others are copied. Usage events stay in the archive, seen by a view.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project import warehouse
from dagster_project.archive.files import sha256_of
from dagster_project.sql import column, quoted, scalar
from dagster_project.version import code_version

WHOLE_SCHEMAS = ("marts", "config", "quality", "canonical", "seeds")
SINGLE_TABLES = {
    "landed": ("batches", "batch_totals", "not_read", "quarantine", "replays", "schema_drift", "usage_copies"),
    "matching": ("matches", "searches", "linkage_suggestions"),
    "reconciliation": ("unbilled_usage",),
}
EVENT_VIEWS = """
    select sql from duckdb_views()
    where database_name = current_database() and (
        (schema_name in ('landed', 'staging') and ends_with(view_name, '__product__usage_events'))
        or (schema_name = 'canonical' and view_name = 'usage_event')
    )
    order by list_position(['landed', 'staging', 'canonical'], schema_name), view_name"""
_DIGESTED = ("landed", "config", "quality")
_MODELS = f"""
    select schema_name || '.' || table_name, content from state.nodes
    inner join duckdb_tables() on table_name = split_part(unique_id, '.', 3)
    where database_name = current_database() and not starts_with(unique_id, 'test.')
    and schema_name not in ('state', {", ".join(f"'{schema}'" for schema in _DIGESTED)})"""
_AT_ONCE = 2
"""Tables that are copied side by side."""
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Held:
    """What a file holds: rows and content per `schema.table`, the program that wrote it, and the SHA-256 of its bytes.

    Equal contents of one program, equal rows in equal columns; a table without one is copied whatever it holds.
    """

    tables: dict[str, int]
    contents: dict[str, str] = field(default_factory=dict)
    program: str = ""
    sha256: str = ""


def write(con: duckdb.DuckDBPyConnection, archive: Path, file: Path, former: tuple[Path, Held] | None = None) -> Held:
    """Writes the warehouse's public tables to the new `file`, upon the bytes of the `former` one where they help."""
    public, contents = _public_tables(con), _contents(con, archive)
    program = f"{code_version()} duckdb {duckdb.__version__}"
    held: dict[str, int] = {}
    if former and former[1].program == program and _taken_over(former[0], former[1].sha256, file):
        known = former[1].contents
        held = {name: rows for name, rows in former[1].tables.items() if contents.get(name, "") == known.get(name)}
    con.execute(f"attach '{quoted(file)}' as snapshot")
    try:
        _clear(con, keep=held)
        for schema in sorted({schema for schema, _ in public}):
            con.execute(f'create schema if not exists snapshot."{schema}"')
        wanted = [table for table in public if ".".join(table) not in held]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            held |= dict(pool.map(lambda table: _copy_table(con, *table), wanted))
        _carry_events(con)
    finally:
        con.execute("detach snapshot")
    tables = {name: held[name] for name in sorted(held)}
    return Held(tables, {name: contents[name] for name in tables if name in contents}, program, sha256_of(file))


def _contents(con: duckdb.DuckDBPyConnection, archive: Path) -> dict[str, str]:
    """{`schema.table`: what it holds}: of models as their last success left them, of others by a digest of the rows."""
    found = warehouse.digests(con, archive, _DIGESTED)
    is_built = scalar(con, "select count(*) from duckdb_tables() where schema_name = 'state' and table_name = 'nodes'")
    return found | dict(con.execute(_MODELS).fetchall() if is_built else [])


def _taken_over(former: Path, sha256: str, file: Path) -> bool:
    """Copies `former` to `file`; where its bytes are not those of `sha256`, leaves no file and returns False."""
    if not former.is_file():
        return False
    digest = hashlib.sha256()
    with former.open("rb") as read, file.open("wb") as written:
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            written.write(chunk)
    if digest.hexdigest() == sha256:
        return True
    file.unlink()
    return False


def _clear(con: duckdb.DuckDBPyConnection, keep: Mapping[str, int]) -> None:
    """Drops what was taken over and is to be written anew; its room in the file is used again."""
    relations = con.execute(
        "select table_schema, table_name, table_type from information_schema.tables where table_catalog = 'snapshot'"
    ).fetchall()
    for schema, name, kind in relations:
        if f"{schema}.{name}" not in keep:
            con.execute(f'drop {"view" if kind == "VIEW" else "table"} snapshot."{schema}"."{name}"')
    if relations:
        con.execute("checkpoint snapshot")


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
