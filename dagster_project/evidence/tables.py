"""Writes one query as Parquet (the record) and CSV (a working copy that a spreadsheet cannot take for formulas)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.sql import quoted, scalar

_FORMULA = r"^[=+\-@\t\r]"


@dataclass
class TableWriter:
    """Writes into one pack and remembers rows per file and how many CSV cells were neutralised."""

    con: duckdb.DuckDBPyConnection
    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    neutralised_cells: int = 0

    def write(self, name: str, query: str, parameters: list[object] | None = None) -> int:
        """Writes `<name>.parquet` and `<name>.csv` of the query, rows in the order of all columns; returns the rows."""
        self.con.execute(f"create or replace temp table packed as {query}", parameters or [])
        rows = int(scalar(self.con, "select count(*) from packed"))
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        self._copy(
            "select * from packed order by all",
            target.with_name(target.name + ".parquet"),
            "format parquet, compression zstd",
        )
        self._copy(
            f"select {self._spreadsheet_safe()} from packed order by all",
            target.with_name(target.name + ".csv"),
            "header",
        )
        self.rows[f"{name}.parquet"] = self.rows[f"{name}.csv"] = rows
        return rows

    def _copy(self, query: str, target: Path, options: str) -> None:
        self.con.execute(f"copy ({query}) to '{quoted(target)}' ({options})")

    def _spreadsheet_safe(self) -> str:
        columns = self.con.execute(
            "select column_name, data_type from duckdb_columns() where table_name = 'packed' and database_name = 'temp'"
            " order by column_index"
        ).fetchall()
        texts = [name for name, kind in columns if kind == "VARCHAR"]
        if texts:
            count = " + ".join(f"count(*) filter (regexp_matches(\"{name}\", '{_FORMULA}'))" for name in texts)
            self.neutralised_cells += int(scalar(self.con, f"select {count} from packed"))
        return ", ".join(_safe(f'"{name}"') if kind == "VARCHAR" else f'"{name}"' for name, kind in columns)


def _safe(name: str) -> str:
    """A text column with a leading apostrophe where a spreadsheet would calculate it."""
    return f"case when regexp_matches({name}, '{_FORMULA}') then '''' || {name} else {name} end as {name}"
