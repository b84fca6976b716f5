"""What the relations of a schema hold, as digests: equal digests, equal rows, whatever wrote them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import duckdb

from dagster_project.sql import quoted

ROW = "tieout__row"  # no column's name: `hash` of a column that has it would be that of the column
ROWS = f"count(*), sum(hash({ROW})::hugeint)"
"""Of a relation with the alias `ROW`, in SQL: the same two values, the same rows, in whatever order."""

_FILE = re.compile(r"'((?:[^']|'')*\.parquet)'")
_BATCHES = "landed.batches"
_OURS = "database_name = current_database() and schema_name in (select unnest(?)) order by all"
_TABLES = f"select schema_name, table_name from duckdb_tables() where {_OURS}"
_VIEWS = f"select schema_name, view_name, sql from duckdb_views() where {_OURS}"


def digests(
    con: duckdb.DuckDBPyConnection, archive: Path, schemas: tuple[str, ...] = ("landed", "config")
) -> dict[str, str]:
    """{`schema.relation`: digest} of every table and view of the schemas, wherever the `archive` lies.

    A table is digested row by row, in any order. A view over Parquet is digested by its text and by the name, size and
    time of each file: reading a hundred million events to learn that none is new would cost more than they do.
    """
    found = {
        f"{schema}.{name}": _rows(con, schema, name) for schema, name in con.execute(_TABLES, [schemas]).fetchall()
    }
    for schema, name, sql in con.execute(_VIEWS, [schemas]).fetchall():
        restated = found.get(_BATCHES, "") if _BATCHES in sql else ""
        files = [_file(path.replace("''", "'")) for path in _FILE.findall(sql)]
        found[f"{schema}.{name}"] = _digest(sql.replace(quoted(archive), ""), restated, *files)
    return found


def _rows(con: duckdb.DuckDBPyConnection, schema: str, name: str) -> str:
    found = con.execute(f'select {ROWS} from "{schema}"."{name}" as {ROW}').fetchone()
    return _digest(*map(str, found or ()))


def _file(path: str) -> str:
    status = Path(path).stat()
    return f"{status.st_size}|{status.st_mtime_ns}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
